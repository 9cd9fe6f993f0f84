"""ONNX Runtime with one of the program's graphs: what every engine over it shares."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from textrnn.engines.graph_check import check_graph
from textrnn.errors import ModelError

SILENT = 4  # ONNX Runtime's severity for fatal messages alone; errors arrive as exceptions
INTEGERS, FLOATS = "tensor(int64)", "tensor(float)"

Arrays = Mapping[str, NDArray[Any]]
Types = Mapping[str, str]  # of inputs or outputs, by their names


class OnnxGraph:
    """A graph of a model folder, ready to run.

    A call has all threads for its products, or one, so that several calls side by side use the processor better than
    one after another would.
    """

    def __init__(self, model: bytes, *, threads: int = 0, name: str = "model.onnx") -> None:
        """threads: to use at most; 0 is one for each core. name: of the file, for errors."""
        check_graph(model, name=name)
        self.name = name
        self.workers = threads or os.cpu_count() or 1
        self._model = model
        self._all_threads = self._session(self.workers)
        inputs, outputs = self._all_threads.get_inputs(), self._all_threads.get_outputs()
        self.input_types, self.output_types = (
            {value.name: value.type for value in values} for values in (inputs, outputs)
        )
        self.shapes: dict[str, list[Any]] = {value.name: value.shape for value in (*inputs, *outputs)}

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = SILENT
        options.add_session_config_entry("session.force_spinning_stop", "1")  # between calls; it would burn a core
        try:
            return onnxruntime.InferenceSession(self._model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library's exceptions have no common base but this
            raise self._cannot_be_run(error) from None

    @cached_property
    def _one_thread(self) -> onnxruntime.InferenceSession:
        return self._all_threads if self.workers == 1 else self._session(1)

    def last_size(self, name: str) -> int:
        """The last size of an input or output, where the graph states it."""
        try:
            return int(self.shapes[name][-1])
        except (KeyError, ValueError, IndexError, TypeError):
            raise ModelError(f"{self.name} is not a graph of this program") from None

    def expect(self, inputs: Types, outputs: Types) -> None:
        """Raise ModelError unless these are its inputs and outputs."""
        if (self.input_types, self.output_types) != (inputs, outputs):
            raise ModelError(f"{self.name} is a graph of another version of this program")

    def run(
        self, wanted: Mapping[str, Sequence[int]], feeds: Arrays, *, one_thread: bool = False
    ) -> list[NDArray[Any]]:
        """The outputs that are wanted, by their names, of the shapes that they must have."""
        session = self._one_thread if one_thread else self._all_threads
        try:
            outputs = session.run(list(wanted), feeds)
        except Exception as error:  # the library's exceptions have no common base but this
            raise self._cannot_be_run(error) from None
        if [output.shape for output in outputs] != list(wanted.values()) or any(map(has_nan, outputs)):
            raise ModelError(
                f"{self.name} computes what is no probability: it is not a graph of this program, or a network whose "
                "numbers grow beyond all bounds as it reads on (train it at a lower --rate)"
            )
        return list(outputs)

    def _cannot_be_run(self, error: Exception) -> ModelError:
        """What ONNX Runtime says, in one line."""
        return ModelError(f"{self.name} cannot be run: {' '.join(str(error).split())[:300]}")


def has_nan(values: NDArray[Any]) -> bool:
    """Whether one of the values is NaN, as which the largest is then given."""
    return bool(values.size) and bool(np.isnan(values.max()))
