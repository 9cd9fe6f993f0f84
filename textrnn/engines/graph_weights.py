"""The weights of a network, read back from the graphs that run it: without torch, in float32 and in int8."""

from collections.abc import Mapping

import numpy as np

from textrnn.architecture import Decoder, OneHot
from textrnn.engines.engine import Floats
from textrnn.engines.graph_check import array_of, check_graph
from textrnn.errors import ModelError
from textrnn.model_folder import ModelFolder

Weights = Mapping[str, Floats]
VECTORS = "input.table.weight"


def graph_weights(graph: bytes, *, name: str = "model.onnx") -> Weights:
    """The arrays of a graph file by their names in float32: "layers.0.hh.weight" (out, in), "layers.0.hh.bias", …

    Of an int8 graph, what its integers are worth. A first layer that looks its products up has "layers.0.ih.table"
    (symbols, out), W x + b of each symbol, in place of weights. name: of the file, for errors.
    """
    tensors = check_graph(graph, name=name).get("weight", [])
    arrays = {str(tensor["name"][0], "utf-8"): array_of(tensor) for tensor in tensors}
    found: dict[str, Floats] = {}
    for key, values in arrays.items():
        stem, _, kind = key.rpartition(".")
        if kind == "int8":
            scale = arrays.get(f"{stem}.scale")
            if scale is None or values.ndim != 2 or scale.shape != values.shape[:1]:
                raise ModelError(f"{name} does not say what the integers of {stem} are worth")
            found[f"{stem}.weight"] = values.astype(np.float32) * scale[:, None]
        elif values.dtype == np.float32 and values.ndim and kind != "scale":
            found[key] = values.astype(np.float32)
    return found


def input_part(folder: ModelFolder) -> str:
    """The name of the graph that reads symbols."""
    return "encoder.onnx" if isinstance(folder.config.architecture.head, Decoder) else "model.onnx"


def input_vectors(folder: ModelFolder) -> Floats | None:
    """The vector of each symbol as the network reads it, (symbols, size); None where its symbols have none, one-hot.

    ModelError where the vectors are not in the folder: a small int8 model keeps only what its first layer makes of
    them.
    """
    entry, part = folder.config.architecture.input, input_part(folder)
    if isinstance(entry, OneHot):
        return None
    found = graph_weights(folder.read(part), name=part).get(VECTORS)
    if found is None:
        raise ModelError(
            f"{folder.path} keeps no vectors, only what its first layer makes of them: use the float32 model that it "
            "was quantized from"
        )
    if found.shape != (entry.symbols, entry.size):
        raise ModelError(f"{part} does not fit config.json: {VECTORS} is of shape {list(found.shape)}")
    return found
