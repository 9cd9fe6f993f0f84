"""What model.safetensors may hold: the arrays of an architecture in float32, looked at before any is allocated."""

import math

import numpy as np

from textrnn.architecture import Architecture
from textrnn.errors import ModelError
from textrnn.strict_json import parse_json
from textrnn.weight_shapes import weight_shapes

METADATA = "__metadata__"


def check_weights(content: bytes, architecture: Architecture) -> None:
    """Raise ModelError unless the file holds the weights of this architecture, each once and finite.

    The file: eight bytes for the length of a header; the header, JSON, with type, shape and place of each array; data.
    """
    length = int.from_bytes(content[:8], "little")
    if length > len(content) - 8:
        raise ModelError("model.safetensors is not a safetensors file: its header is longer than the file")
    try:
        header = parse_json(content[8 : 8 + length])
    except ValueError as error:
        raise ModelError(f"model.safetensors is not a safetensors file: {error}") from None
    expected = {name: [rows, columns] for name, rows, columns in weight_shapes(architecture)}
    arrays = header if isinstance(header, dict) else {}
    strangers = sorted((arrays.keys() ^ expected.keys()) - {METADATA})
    for name in strangers[:1]:
        raise ModelError(f"model.safetensors does not fit config.json: {name[:60]!r} is in one of them alone")
    place = 0
    for name, entry in sorted(arrays.items(), key=lambda item: offsets(item[1])):
        if name == METADATA:
            continue
        shape = [size for size in expected[name] if not (name.rpartition(".")[2].startswith("bias") and size == 1)]
        end = place + 4 * math.prod(shape)
        if entry != {"dtype": "F32", "shape": shape, "data_offsets": [place, end]}:
            raise ModelError(
                f"model.safetensors does not fit config.json: {name} is not F32 of shape {shape}, in place"
            )
        place = end
    data = memoryview(content)[8 + length :]
    if len(data) != place:
        raise ModelError("model.safetensors is longer or shorter than its header says")
    if not np.isfinite(np.frombuffer(data, "<f4")).all():
        raise ModelError("model.safetensors has a weight that is not finite")


def offsets(entry: object) -> int:
    """Where an array begins; anywhere for what is no array's entry."""
    places = entry.get("data_offsets") if isinstance(entry, dict) else None
    return places[0] if isinstance(places, list) and places and type(places[0]) is int else -1
