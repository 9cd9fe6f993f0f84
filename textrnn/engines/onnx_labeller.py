"""ONNX Runtime over a network that labels whole sequences: what runs a classifier."""

from typing import ClassVar

import numpy as np

from textrnn.engines.labeller import Labelled, Padded
from textrnn.engines.onnx_graph import FLOATS, INTEGERS, OnnxGraph

INPUTS = {"ids": INTEGERS, "lengths": INTEGERS, "mask": FLOATS, "ends": FLOATS}  # and the parts of the state
LOGPROBS, ATTENTION = "logprobs", "attention"
FEW = 4  # sequences of a call that has all threads


class OnnxLabeller:
    """A graph as networks/sequence_graph.py writes it."""

    parts: ClassVar = ("model.onnx",)

    def __init__(self, model: bytes, *, threads: int = 0) -> None:
        """threads: to use at most; 0 is one for each core."""
        self._graph = OnnxGraph(model, threads=threads)
        self.workers = self._graph.workers
        self.classes = self._graph.last_size(LOGPROBS)
        self.units = {name: self._graph.last_size(name) for name in self._graph.input_types if name not in INPUTS}
        self._has_attention = ATTENTION in self._graph.output_types
        outputs = {LOGPROBS: FLOATS} | ({ATTENTION: FLOATS} if self._has_attention else {})
        self._graph.expect(INPUTS | dict.fromkeys(self.units, FLOATS), outputs)

    def run(self, batch: Padded) -> Labelled:
        count = len(batch.lengths)
        step = np.arange(len(batch.ids))[:, None]
        feeds = {
            "ids": batch.ids,
            "lengths": batch.lengths,
            "mask": (step < batch.lengths).astype(np.float32),
            "ends": (step == batch.lengths - 1).astype(np.float32),
            **{name: np.zeros((count, units), np.float32) for name, units in self.units.items()},
        }
        wanted = {LOGPROBS: (count, self.classes)} | ({ATTENTION: batch.ids.shape} if self._has_attention else {})
        logprobs, *attention = self._graph.run(wanted, feeds, one_thread=count > FEW)
        return Labelled(logprobs, attention[0] if attention else None)
