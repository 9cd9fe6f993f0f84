"""ONNX Runtime over a network that makes one sequence of another: what runs a translator."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State
from textrnn.engines.labeller import Padded
from textrnn.engines.onnx_graph import FLOATS, INTEGERS, OnnxGraph
from textrnn.engines.translating import Best, Encoded, Read
from textrnn.errors import ModelError

SOURCE_INPUTS = {"ids": INTEGERS, "lengths": INTEGERS, "ends": FLOATS}  # and the parts of the encoder's state
TARGET_INPUTS = {"ids": INTEGERS, "count": INTEGERS}  # and the parts of the decoder's state
TARGET_OUTPUTS = {"logprobs": FLOATS, "best_logprobs": FLOATS, "best": INTEGERS}
MEMORY = ("keys", "values")
MASK, ATTENTION, BEGIN = "mask", "attention", ".begin"
FEW = 16  # hypotheses of a call that has all threads


class OnnxTranslator:
    """Two graphs as networks/translation_graph.py writes them."""

    parts: ClassVar = ("encoder.onnx", "decoder.onnx")

    def __init__(self, encoder: bytes, decoder: bytes, *, threads: int = 0) -> None:
        """threads: to use at most; 0 is one for each core."""
        self._encoder, self._decoder = (
            OnnxGraph(graph, threads=threads, name=name)
            for graph, name in zip((encoder, decoder), self.parts, strict=True)
        )
        self.workers = self._decoder.workers
        self.classes = self._decoder.last_size("logprobs")
        memory = {name: FLOATS for name in MEMORY if name in self._decoder.input_types}
        own = {**TARGET_INPUTS, **memory, MASK: FLOATS}
        self.units = {
            name: self._encoder.last_size(name) for name in self._encoder.input_types if name not in SOURCE_INPUTS
        }
        self.target_units = {
            name: self._decoder.last_size(name) for name in self._decoder.input_types if name not in own
        }
        self.has_attention = bool(memory)
        self._memory = {name: self._decoder.last_size(name) for name in memory}
        begun = [name.removesuffix(BEGIN) for name in self._encoder.output_types if name.endswith(BEGIN)]
        self._zeros = [name for name in self.target_units if name not in begun]  # that the encoder says nothing of
        has_attention = {MASK: FLOATS, **memory} if memory else {}
        after = {f"{name}.after": FLOATS for name in self.target_units}
        self._decoder.expect(
            TARGET_INPUTS | has_attention | dict.fromkeys(self.target_units, FLOATS),
            TARGET_OUTPUTS | after | ({ATTENTION: FLOATS} if memory else {}),
        )
        self._encoder.expect(
            SOURCE_INPUTS | dict.fromkeys(self.units, FLOATS),
            {f"{name}{BEGIN}": FLOATS for name in self.target_units if name in begun} | memory,
        )

    def encode(self, batch: Padded) -> Encoded:
        count, steps = len(batch.lengths), len(batch.ids)
        step = np.arange(steps)[:, None]
        feeds = {
            "ids": batch.ids,
            "lengths": batch.lengths,
            "ends": (step == batch.lengths - 1).astype(np.float32),
            **{name: np.zeros((count, units), np.float32) for name, units in self.units.items()},
        }
        wanted: dict[str, Sequence[int]] = {
            f"{name}{BEGIN}": (count, units) for name, units in self.target_units.items() if name not in self._zeros
        }
        wanted |= {name: (count, steps, size) for name, size in self._memory.items()}
        found = dict(zip(wanted, self._encoder.run(wanted, feeds, one_thread=count >= FEW), strict=True))
        state = {name: np.zeros((count, self.target_units[name]), np.float32) for name in self._zeros}
        state |= {name.removesuffix(BEGIN): value for name, value in found.items() if name.endswith(BEGIN)}
        memory = {name: found[name] for name in self._memory}
        if memory:
            memory[MASK] = np.ascontiguousarray((step < batch.lengths).T.astype(np.float32))
        return Encoded(memory, state)

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        (logprobs,), after, attention = self._step(
            {"logprobs": (*ids.shape, self.classes)}, ids, state, memory, count=1
        )
        return Read(logprobs, after, attention)

    def best(self, ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int) -> Best:
        shape = (*ids.shape, min(count, self.classes))
        wanted = {"best": shape, "best_logprobs": shape}
        (best, logprobs), after, attention = self._step(wanted, ids, state, memory, count=shape[-1])
        if not ((best >= 0) & (best < self.classes)).all():
            raise ModelError("decoder.onnx chooses a symbol that there is not")
        return Best(best, logprobs, after, attention)

    def _step(
        self, wanted: Mapping[str, Sequence[int]], ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int
    ) -> tuple[list[Any], State, Floats | None]:
        """The outputs that are wanted, the state after, and the weights of attention."""
        feeds: dict[str, NDArray[Any]] = {"ids": ids, "count": np.array([count], np.int64), **state, **memory}
        shapes = {**wanted, **{f"{name}.after": (*ids.shape, units) for name, units in self.target_units.items()}}
        shapes |= {ATTENTION: (*ids.shape, memory[MASK].shape[1])} if memory else {}
        found = self._decoder.run(shapes, feeds, one_thread=ids.size >= FEW)
        attention = found.pop() if memory else None
        return found[: len(wanted)], dict(zip(self.target_units, found[len(wanted) :], strict=True)), attention
