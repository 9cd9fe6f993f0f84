"""ONNX Runtime: what runs a model folder."""

import os
from functools import cached_property

import numpy as np
import onnxruntime

from textrnn.batch import Ids
from textrnn.engines.engine import MANY, Floats, State
from textrnn.errors import ModelError

SILENT = 4  # ONNX Runtime's severity for fatal messages alone; errors arrive as exceptions
INPUTS = {"ids", "targets", "perturbation"}  # and the parts of the state
OUTPUTS = {"logprobs", "target_logprobs", "choices", "chosen_logprobs"}


class OnnxEngine:
    """A graph as networks/sequence.py writes it.

    Few sequences are computed with all threads on one product. Many are computed with one thread for a call, so that
    several calls side by side use the processor better than one after another would.
    """

    def __init__(self, model: bytes, *, threads: int = 0) -> None:
        """threads: to use at most; 0 is one for each core."""
        self.workers = threads or os.cpu_count() or 1
        self._model = model
        self._all_threads = self._session(self.workers)
        inputs = {value.name: value.shape for value in self._all_threads.get_inputs()}
        outputs = {value.name for value in self._all_threads.get_outputs()}
        try:
            self.classes = int(inputs["perturbation"][-1])
            self._units = {name: int(shape[-1]) for name, shape in inputs.items() if "." in name}
        except (KeyError, ValueError, IndexError, TypeError):
            raise ModelError("model.onnx is not a graph of this program") from None
        if not (inputs.keys() >= INPUTS and outputs >= OUTPUTS):
            raise ModelError("model.onnx is a graph of another version of this program")
        self._after = [f"{name}.after" for name in self._units]

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = SILENT
        options.add_session_config_entry("session.force_spinning_stop", "1")  # between calls; it would burn a core
        try:
            return onnxruntime.InferenceSession(self._model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library's exceptions have no common base but this
            reason = str(error).splitlines()[0]
            raise ModelError(f"model.onnx cannot be run: {reason}") from None

    @cached_property
    def _one_thread(self) -> onnxruntime.InferenceSession:
        return self._all_threads if self.workers == 1 else self._session(1)

    def initial_state(self, batch: int) -> State:
        return {name: np.zeros((batch, units), np.float32) for name, units in self._units.items()}

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        return self._read("logprobs", ids, ids, state)

    def score(self, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
        return self._read("target_logprobs", ids, targets, state)

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        outputs = ["choices", "chosen_logprobs", *self._after]
        choices, logprobs, *after = self._all_threads.run(outputs, self._feeds(ids, ids, perturbation, state))
        return choices, logprobs, dict(zip(self._units, after, strict=True))

    def _read(self, wanted: str, ids: Ids, targets: Ids, state: State | None) -> tuple[Floats, State]:
        session = self._one_thread if ids.shape[1] >= MANY else self._all_threads
        greedy = np.zeros((1, ids.shape[1], self.classes), np.float32)
        result, *after = session.run([wanted, *self._after], self._feeds(ids, targets, greedy, state))
        return result, dict(zip(self._units, after, strict=True))

    def _feeds(self, ids: Ids, targets: Ids, perturbation: Floats, state: State | None) -> dict[str, np.ndarray]:
        before = state if state is not None else self.initial_state(ids.shape[1])
        return {"ids": ids, "targets": targets, "perturbation": perturbation, **before}
