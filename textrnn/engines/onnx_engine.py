"""ONNX Runtime: what runs a model folder."""

import numpy as np
import onnxruntime

from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State
from textrnn.errors import ModelError

SILENT = 4  # ONNX Runtime's severity for fatal messages alone; errors arrive as exceptions


class OnnxEngine:
    """A graph as networks/sequence.py writes it."""

    def __init__(self, model: bytes, *, threads: int = 0) -> None:
        """threads: for one product; 0 lets the library choose (one for each core)."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = SILENT
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library's exceptions have no common base but this
            reason = str(error).splitlines()[0]
            raise ModelError(f"model.onnx cannot be run: {reason}") from None
        inputs = {value.name: value.shape for value in self._session.get_inputs()}
        try:
            self.classes = int(inputs["perturbation"][-1])
            self._units = {name: int(shape[-1]) for name, shape in inputs.items() if "." in name}
        except (KeyError, ValueError, IndexError, TypeError):
            raise ModelError("model.onnx is not a graph of this program") from None
        self._after = [f"{name}.after" for name in self._units]

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        greedy = np.zeros((1, ids.shape[1], self.classes), np.float32)
        logits, *after = self._session.run(["logits", *self._after], self._feeds(ids, greedy, state))
        return logits, dict(zip(self._units, after, strict=True))

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        outputs = ["choices", "chosen_logits", *self._after]
        choices, logits, *after = self._session.run(outputs, self._feeds(ids, perturbation, state))
        return choices, logits, dict(zip(self._units, after, strict=True))

    def _feeds(self, ids: Ids, perturbation: Floats, state: State | None) -> dict[str, np.ndarray]:
        if state is None:
            state = {name: np.zeros((ids.shape[1], units), np.float32) for name, units in self._units.items()}
        return {"ids": ids, "perturbation": perturbation, **state}
