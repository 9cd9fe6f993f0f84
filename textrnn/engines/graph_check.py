"""What a graph file may hold: what networks/graph.py writes and nothing else, looked at before ONNX Runtime sees it.

The file is Protocol Buffers: a message is a row of fields, each a number and a value. The tables below are the part of
the ONNX format that this program writes. What they leave out is refused: data in other files, operators of other
domains, functions of the model's own, tensors within attributes, loops that need not end. What the operators compute is
not judged: it is arithmetic, which can be wrong or large, but touches nothing outside.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.architecture import MOST_UNITS
from textrnn.errors import ModelError

ARITHMETIC = (
    "Add",
    "Mul",
    "Sub",
    "MatMul",
    "Sigmoid",
    "Tanh",
    "LogSoftmax",
    "Relu",
    "Clip",
    "RNN",
    "GRU",
    "LSTM",
    "QuantizeLinear",
    "Cast",
    "ArgMax",
    "Reciprocal",  # and not Div: of whole numbers by 0 it ends the process
    "Max",
    "ReduceSum",
    "Softmax",
    "TopK",
)
MOVES = (
    *("Concat", "Gather", "GatherElements", "Identity", "ReverseSequence", "Shape", "Split", "Squeeze", "Transpose"),
    "Unsqueeze",
)
LOOPS = ("Loop", "Scan")
OPERATORS = {
    "": frozenset((*ARITHMETIC, *MOVES, *LOOPS)),
    "com.microsoft": frozenset(("MatMulIntegerToFloat",)),
}
TYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 2: np.dtype("u1"), 3: np.dtype("i1"), 7: np.dtype("<i8")}

NUMBER, BYTES = 0, 2  # how a value is stored: the wire types of Protocol Buffers that are used
# Message → number of a field → its name and content: a number, bytes or a message; * where there may be several.
MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    "Model": {1: ("ir_version", "number"), 2: ("producer", "bytes"), 7: ("graph", "Graph"), 8: ("opset", "Opset*")},
    "Opset": {1: ("domain", "bytes"), 2: ("version", "number")},
    "Graph": {
        1: ("node", "Node*"),
        2: ("name", "bytes"),
        5: ("weight", "Tensor*"),
        11: ("input", "Value*"),
        12: ("output", "Value*"),
    },
    "Node": {
        1: ("input", "bytes*"),
        2: ("output", "bytes*"),
        4: ("operator", "bytes"),
        5: ("attribute", "Attribute*"),
        7: ("domain", "bytes"),
    },
    "Attribute": {
        1: ("name", "bytes"),
        3: ("number", "number"),
        4: ("word", "bytes"),
        6: ("graph", "Graph"),
        8: ("numbers", "number*"),
        9: ("words", "bytes*"),
        20: ("type", "number"),
    },
    "Tensor": {1: ("size", "number*"), 2: ("type", "number"), 8: ("name", "bytes"), 9: ("content", "bytes")},
    "Value": {1: ("name", "bytes"), 2: ("type", "Type")},
    "Type": {1: ("tensor", "TensorType")},
    "TensorType": {1: ("type", "number"), 2: ("shape", "Shape")},
    "Shape": {1: ("size", "Size*")},
    "Size": {1: ("number", "number"), 2: ("name", "bytes")},
}
TRIPS = (b"Sub", b"Gather", b"Shape")  # how often a loop is run: what it reads first, what that reads first, …
LARGEST_PLACE = 8  # of the whole numbers in a graph, all of them axes, places and differences of one
MOST_FIELDS = 200_000  # some 1,000 for each layer: bounds the memory that a file of tiny fields takes
MOST_GRAPHS = 2  # one within the other: the body of a loop is the second

Content = dict[str, list[Any]]  # the values of each field: numbers, memory views or contents of messages


def check_graph(model: bytes, *, name: str = "model.onnx") -> Content:
    """What is in a graph; ModelError for one, of this name, that this program cannot have written."""
    try:
        [graph] = GraphCheck().message(memoryview(model), "Model", graphs=0)["graph"]
        check_nodes(graph)
        found: Content = graph
        return found
    except ValueError as error:
        raise ModelError(f"{name} is not a graph of this program: {error}") from None


class GraphCheck:
    """Walks one file."""

    def __init__(self) -> None:
        self.fields = 0

    def message(self, content: memoryview, name: str, *, graphs: int) -> Content:
        """The fields of a message, each checked; ValueError says what is wrong."""
        found: Content = {}
        graphs += name == "Graph"
        if graphs > MOST_GRAPHS:
            raise ValueError("its graphs are nested too deep")
        for number, value in split_fields(content):
            self.fields += 1
            if self.fields > MOST_FIELDS:
                raise ValueError(f"it has over {MOST_FIELDS:,} fields")
            if number not in MESSAGES[name]:
                raise ValueError(f"field {number} of a {name} is never written")
            field, kind = MESSAGES[name][number]
            if isinstance(value, int) != kind.startswith("number"):
                raise ValueError(f"{field} of a {name} is stored in another way")
            if field in found and not kind.endswith("*"):
                raise ValueError(f"{field} of a {name} is given twice")
            inner = kind.removesuffix("*")
            if inner in MESSAGES:
                assert isinstance(value, memoryview)
                found.setdefault(field, []).append(self.message(value, inner, graphs=graphs))
            else:
                found.setdefault(field, []).append(value)
        if check := CHECKS.get(name):
            check(found)
        return found


def split_fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message in turn: number and value."""
    place = 0
    while place < len(content):
        key, place = read_number(content, place)
        value, place = read_number(content, place)
        if key & 7 == NUMBER:
            yield key >> 3, value
        elif key & 7 == BYTES and value <= len(content) - place:
            yield key >> 3, content[place : place + value]
            place += value
        else:
            raise ValueError("it is cut off, or no Protocol Buffers")


def read_number(content: memoryview, place: int) -> tuple[int, int]:
    """A number, seven bits a byte and the lowest first, and the place after it."""
    number = 0
    for index, byte in enumerate(content[place : place + 10]):
        number |= (byte & 127) << 7 * index
        if byte < 128:
            return number, place + index + 1
    raise ValueError("it is cut off, or no Protocol Buffers")


def check_model(model: Content) -> None:
    """There is a graph."""
    if "graph" not in model:
        raise ValueError("it has none")


def check_nodes(graph: Content, *around: dict[bytes, Content]) -> None:
    """A node reads what stands before it, in its graph or around it; ONNX Runtime can abort where it does not."""
    known = {bytes(entry["name"][0]): entry for field in ("weight", "input") for entry in graph.get(field, [])}
    inputs = {bytes(entry["name"][0]) for entry in graph.get("input", [])}
    scopes = (known, *around)
    for node in graph.get("node", []):
        for name in map(bytes, node.get("input", [])):
            if name and not any(name in scope for scope in scopes):
                raise ValueError("a node reads what is not computed before it")
        if bytes(node["operator"][0]) == b"Loop":
            check_loop(node, known, inputs)
        for attribute in node.get("attribute", []):
            for body in attribute.get("graph", []):
                check_nodes(body, *scopes)
        for name in map(bytes, node.get("output", [])):
            if any(name in scope for scope in scopes):
                raise ValueError("a name is given twice")
            known[name] = node


def check_loop(node: Content, known: Mapping[bytes, Content], inputs: Collection[bytes]) -> None:
    """It is run for each step of an input but one, not as often as a number of the file says."""
    for operator in TRIPS:
        node = known.get(first_input(node), {})
        if node.get("operator", [b""])[0] != operator:
            raise ValueError("a loop is not run once for each step")
    if first_input(node) not in inputs:
        raise ValueError("a loop is not run once for each step of an input")


def first_input(node: Content) -> bytes:
    """The name of what a node reads first."""
    return bytes(node.get("input", [b""])[0])


def check_node(node: Content) -> None:
    """Its operator is one that this program uses."""
    domain, operator = (bytes(node.get(field, [b""])[0]).decode(errors="replace") for field in ("domain", "operator"))
    if operator not in OPERATORS.get(domain, ()):
        raise ValueError(f"operator {operator[:40]!r} of domain {domain[:40]!r} is never used")


def check_attribute(attribute: Content) -> None:
    """Its whole numbers are axes, counts of inputs or units: by a larger one ONNX Runtime would take memory."""
    for number in (*attribute.get("number", []), *attribute.get("numbers", [])):
        signed = number - 2**64 if number >= 2**63 else number
        if not -LARGEST_PLACE <= signed <= MOST_UNITS:
            raise ValueError("a number of an operator is beyond all that are used")


def check_tensor(tensor: Content) -> None:
    """Its numbers are in the file, as many as it says, at least one, and finite."""
    check_name(tensor)
    if 0 in tensor.get("size", []):  # beside it another could be beyond all bounds, and a loop would run over it
        raise ValueError("an array is empty")
    values = array_of(tensor)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("a weight is not finite")
    if values.dtype.itemsize == 8 and not ((values >= -LARGEST_PLACE) & (values <= LARGEST_PLACE)).all():
        raise ValueError("a place is beyond all that are used")


def array_of(tensor: Content) -> NDArray[Any]:
    """The numbers of a tensor, where they lie in the file."""
    dtype, size = TYPES.get(tensor.get("type", [0])[0]), tensor.get("size", [])
    content = tensor.get("content", [b""])[0]
    if dtype is None or len(content) != math.prod(size) * dtype.itemsize:
        raise ValueError("an array is not of the size that it states")
    return np.frombuffer(content, dtype).reshape(size)


def check_name(entry: Content) -> None:
    """There is one, and it is text."""
    if not any(entry.get("name", ())):
        raise ValueError("a name is missing")
    check_text(entry)


def check_text(entry: Content) -> None:
    """Its name, if it has one, is UTF-8: ONNX Runtime takes it for that."""
    for name in entry.get("name", []):
        try:
            str(name, "utf-8")
        except UnicodeDecodeError:
            raise ValueError("a name is not UTF-8") from None


CHECKS = {
    "Model": check_model,
    "Node": check_node,
    "Attribute": check_attribute,
    "Tensor": check_tensor,
    "Value": check_name,
    "Size": check_text,
}
