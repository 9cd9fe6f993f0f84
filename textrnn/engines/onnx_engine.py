"""ONNX Runtime over a network that labels every step: what runs a language model."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.engines.engine import MANY, Floats, State
from textrnn.engines.onnx_graph import FLOATS, INTEGERS, OnnxGraph
from textrnn.errors import ModelError

CONDITION, VECTORS = "condition.onnx", "vectors"  # the part that reads what texts begin with, and its input
INPUTS = {"ids": INTEGERS, "targets": INTEGERS, "perturbation": FLOATS}  # and the parts of the state
OUTPUTS = {"logprobs": FLOATS, "target_logprobs": FLOATS, "choices": INTEGERS, "chosen_logprobs": FLOATS}


class OnnxEngine:
    """A graph as networks/step_graph.py writes it; few sequences are computed with all threads, many with one."""

    parts: ClassVar = ("model.onnx",)

    def __init__(self, model: bytes, condition: bytes | None = None, *, threads: int = 0) -> None:
        """condition: the graph of what texts begin with. threads: to use at most; 0 is one for each core."""
        self._graph = OnnxGraph(model, threads=threads)
        self.workers = self._graph.workers
        self.classes = self._graph.last_size("perturbation")
        self.units = {name: self._graph.last_size(name) for name in self._graph.input_types if name not in INPUTS}
        after = {f"{name}.after": FLOATS for name in self.units}
        self._graph.expect(INPUTS | dict.fromkeys(self.units, FLOATS), OUTPUTS | after)
        self._condition = None if condition is None else OnnxGraph(condition, threads=1)
        self.condition_size = self._condition.last_size(VECTORS) if self._condition else 0
        if self._condition:
            self._condition.expect({VECTORS: FLOATS}, dict.fromkeys(self.units, FLOATS))

    def initial_state(self, batch: int, vectors: Floats | None = None) -> State:
        if self._condition is None:
            return {name: np.zeros((batch, units), np.float32) for name, units in self.units.items()}
        assert vectors is not None, "every text of this network begins with a vector"
        wanted = {name: (batch, units) for name, units in self.units.items()}
        return dict(zip(wanted, self._condition.run(wanted, {VECTORS: vectors}), strict=True))

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        return self._read("logprobs", ids, ids, state)

    def score(self, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
        return self._read("target_logprobs", ids, targets, state)

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        wanted = {"choices": perturbation.shape[:2], "chosen_logprobs": perturbation.shape}
        (choices, logprobs), after = self._run(wanted, ids, ids, perturbation, state, one_thread=False)
        if not ((choices >= 0) & (choices < self.classes)).all():
            raise ModelError("model.onnx chooses a symbol that there is not")
        return choices, logprobs, after

    def _read(self, wanted: str, ids: Ids, targets: Ids, state: State | None) -> tuple[Floats, State]:
        greedy = np.zeros((1, ids.shape[1], self.classes), np.float32)
        shape = ids.shape if wanted == "target_logprobs" else (*ids.shape, self.classes)
        (result,), after = self._run({wanted: shape}, ids, targets, greedy, state, one_thread=ids.shape[1] >= MANY)
        return result, after

    def _run(
        self,
        wanted: Mapping[str, Sequence[int]],
        ids: Ids,
        targets: Ids,
        perturbation: Floats,
        state: State | None,
        *,
        one_thread: bool,
    ) -> tuple[list[np.ndarray], State]:
        """The outputs that are wanted, and the state after."""
        batch = ids.shape[1]
        before = state if state is not None else self.initial_state(batch)
        feeds: dict[str, NDArray[Any]] = {"ids": ids, "targets": targets, "perturbation": perturbation, **before}
        after = {f"{name}.after": (batch, units) for name, units in self.units.items()}
        outputs = self._graph.run({**wanted, **after}, feeds, one_thread=one_thread)
        return outputs[: len(wanted)], dict(zip(self.units, outputs[len(wanted) :], strict=True))
