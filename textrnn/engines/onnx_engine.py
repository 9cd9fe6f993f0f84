"""ONNX Runtime: what runs a model folder."""

import os
from functools import cached_property

import numpy as np
import onnxruntime

from textrnn.batch import Ids
from textrnn.engines.engine import MANY, Floats, State
from textrnn.engines.graph_check import check_graph
from textrnn.errors import ModelError

SILENT = 4  # ONNX Runtime's severity for fatal messages alone; errors arrive as exceptions
INTEGERS, FLOATS = "tensor(int64)", "tensor(float)"
INPUTS = {"ids": INTEGERS, "targets": INTEGERS, "perturbation": FLOATS}  # and the parts of the state
OUTPUTS = {"logprobs": FLOATS, "target_logprobs": FLOATS, "choices": INTEGERS, "chosen_logprobs": FLOATS}


class OnnxEngine:
    """A graph as networks/sequence.py writes it.

    Few sequences are computed with all threads on one product. Many are computed with one thread for a call, so that
    several calls side by side use the processor better than one after another would.
    """

    def __init__(self, model: bytes, *, threads: int = 0) -> None:
        """threads: to use at most; 0 is one for each core."""
        check_graph(model)
        self.workers = threads or os.cpu_count() or 1
        self._model = model
        self._all_threads = self._session(self.workers)
        inputs, outputs = self._all_threads.get_inputs(), self._all_threads.get_outputs()
        shapes = {value.name: value.shape for value in inputs}
        try:
            self.classes = int(shapes["perturbation"][-1])
            self.units = {name: int(shape[-1]) for name, shape in shapes.items() if name not in INPUTS}
        except (KeyError, ValueError, IndexError, TypeError):
            raise ModelError("model.onnx is not a graph of this program") from None
        self._after = [f"{name}.after" for name in self.units]
        expected = (INPUTS | dict.fromkeys(self.units, FLOATS), OUTPUTS | dict.fromkeys(self._after, FLOATS))
        if tuple({value.name: value.type for value in values} for values in (inputs, outputs)) != expected:
            raise ModelError("model.onnx is a graph of another version of this program")

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = SILENT
        options.add_session_config_entry("session.force_spinning_stop", "1")  # between calls; it would burn a core
        try:
            return onnxruntime.InferenceSession(self._model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library's exceptions have no common base but this
            raise cannot_be_run(error) from None

    @cached_property
    def _one_thread(self) -> onnxruntime.InferenceSession:
        return self._all_threads if self.workers == 1 else self._session(1)

    def initial_state(self, batch: int) -> State:
        return {name: np.zeros((batch, units), np.float32) for name, units in self.units.items()}

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        return self._read("logprobs", ids, ids, state)

    def score(self, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
        return self._read("target_logprobs", ids, targets, state)

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        wanted = ["choices", "chosen_logprobs"]
        shapes = [perturbation.shape[:2], perturbation.shape]
        (choices, logprobs), after = self._run(
            self._all_threads, wanted, shapes, self._feeds(ids, ids, perturbation, state)
        )
        if not ((choices >= 0) & (choices < self.classes)).all():
            raise ModelError("model.onnx chooses a symbol that there is not")
        return choices, logprobs, after

    def _read(self, wanted: str, ids: Ids, targets: Ids, state: State | None) -> tuple[Floats, State]:
        session = self._one_thread if ids.shape[1] >= MANY else self._all_threads
        greedy = np.zeros((1, ids.shape[1], self.classes), np.float32)
        shape = ids.shape if wanted == "target_logprobs" else (*ids.shape, self.classes)
        (result,), after = self._run(session, [wanted], [shape], self._feeds(ids, targets, greedy, state))
        return result, after

    def _run(
        self,
        session: onnxruntime.InferenceSession,
        wanted: list[str],
        shapes: list[tuple[int, ...]],
        feeds: dict[str, np.ndarray],
    ) -> tuple[list[np.ndarray], State]:
        """The outputs that are wanted, of the shapes that they must have, and the state after."""
        try:
            outputs = session.run([*wanted, *self._after], feeds)
        except Exception as error:  # the library's exceptions have no common base but this
            raise cannot_be_run(error) from None
        batch = feeds["ids"].shape[1]
        shapes = [*shapes, *((batch, units) for units in self.units.values())]
        if [output.shape for output in outputs] != shapes or any(has_nan(output) for output in outputs):
            raise ModelError(
                "model.onnx computes what is no probability: it is not a graph of this program, or a network whose "
                "numbers grow beyond all bounds as it reads on (train it at a lower --rate)"
            )
        return outputs[: len(wanted)], dict(zip(self.units, outputs[len(wanted) :], strict=True))

    def _feeds(self, ids: Ids, targets: Ids, perturbation: Floats, state: State | None) -> dict[str, np.ndarray]:
        before = state if state is not None else self.initial_state(ids.shape[1])
        return {"ids": ids, "targets": targets, "perturbation": perturbation, **before}


def has_nan(values: np.ndarray) -> bool:
    """Whether one of the values is NaN, as which the largest is then given."""
    return bool(values.size) and bool(np.isnan(values.max()))


def cannot_be_run(error: Exception) -> ModelError:
    """What ONNX Runtime says, in one line."""
    return ModelError(f"model.onnx cannot be run: {' '.join(str(error).split())[:300]}")
