"""A small builder of ONNX graphs: symbols with arithmetic, weights kept once, products in float32 or int8.

The int8 product has constant scales, so that no value depends on what else is in the batch. An activation of known
bound b becomes the integer round(63 x / b) + 64 in 1 .. 127: seven bits, so that no processor saturates when it adds
pairs of products. A weight column has its own scale, its largest entry / 127.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from textrnn.config import Precision
from textrnn.errors import ModelError

OPSET = 17
IR_VERSION = 9
CONTRIB = "com.microsoft"  # ONNX Runtime's own operators, part of every build of it
LARGEST_INTEGER = 127  # of a weight
ACTIVATION_STEPS = 63
ACTIVATION_ZERO = 64


class Symbol:
    """A value to be computed when the graph runs."""

    def __init__(self, graph: "Graph", name: str) -> None:
        self.graph, self.name = graph, name

    def __add__(self, other: "Symbol | float") -> "Symbol":
        return self.graph.node("Add", self, self.graph.value(other))

    def __sub__(self, other: "Symbol | float") -> "Symbol":
        return self.graph.node("Sub", self, self.graph.value(other))

    def __mul__(self, other: "Symbol | float") -> "Symbol":
        return self.graph.node("Mul", self, self.graph.value(other))

    def __radd__(self, other: float) -> "Symbol":
        return self.graph.node("Add", self.graph.value(other), self)

    def __rsub__(self, other: float) -> "Symbol":
        return self.graph.node("Sub", self.graph.value(other), self)

    def __rmul__(self, other: float) -> "Symbol":
        return self.graph.node("Mul", self.graph.value(other), self)


class Graph:
    """Nodes in the order they are made. A child (the body of a Scan or a branch) shares its parent's weights.

    bounds: what is known of the vectors whose entries are not all in [-1, 1], by name: how large an entry is at most.
    """

    def __init__(
        self,
        precision: Precision = "float32",
        *,
        bounds: Mapping[str, float] = MappingProxyType({}),
        parent: "Graph | None" = None,
    ) -> None:
        self.root: Graph = parent.root if parent else self
        self.precision, self.bounds = precision, bounds
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}
        self.preparations: dict[str, list[Symbol]] = {}
        self.names = 0

    def child(self) -> "Graph":
        return Graph(self.precision, bounds=self.bounds, parent=self)

    def fresh_name(self) -> str:
        self.root.names += 1
        return f"v{self.root.names}"

    def input(self, name: str | None = None, *, shape: Sequence[int | str], dtype: int = TensorProto.FLOAT) -> Symbol:
        name = name or self.fresh_name()
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return Symbol(self, name)

    def output(
        self,
        value: Symbol,
        name: str | None = None,
        *,
        shape: Sequence[int | str] | None = None,
        dtype: int = TensorProto.FLOAT,
    ) -> None:
        """Declare an output, copied under `name` if it must have one; the model's own outputs state their shape."""
        if name is not None:
            self.nodes.append(helper.make_node("Identity", [value.name], [name]))
        self.outputs.append(helper.make_tensor_value_info(name or value.name, dtype, shape))

    def weight(self, name: str, array: NDArray[Any] | np.generic) -> Symbol:
        """A constant of the whole model, kept once under its name."""
        if name not in self.root.weights:
            self.root.weights[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return Symbol(self, name)

    def number(self, value: int) -> Symbol:
        return self.weight(f"number.{value}", np.array(value, np.int64))

    def numbers(self, *values: int) -> Symbol:
        return self.weight(f"numbers.{'.'.join(map(str, values))}", np.array(values, np.int64))

    def node(self, op: str, *inputs: Symbol | None, domain: str = "", **attributes: Any) -> Symbol:
        """One operation with one output; None is an optional input left out."""
        return self.nodes_out(op, *inputs, count=1, domain=domain, **attributes)[0]

    def nodes_out(
        self, op: str, *inputs: Symbol | None, count: int, domain: str = "", **attributes: Any
    ) -> list[Symbol]:
        """One operation with `count` outputs."""
        names = [self.fresh_name() for _ in range(count)]
        sources = [symbol.name if symbol else "" for symbol in inputs]
        self.nodes.append(helper.make_node(op, sources, names, domain=domain, **attributes))
        return [Symbol(self, name) for name in names]

    def value(self, value: Symbol | float) -> Symbol:
        """A symbol; of a number, a constant."""
        return value if isinstance(value, Symbol) else self.weight(f"value.{value:.9g}", np.float32(value))

    def sigmoid(self, a: Symbol) -> Symbol:
        return self.node("Sigmoid", a)

    def tanh(self, a: Symbol) -> Symbol:
        return self.node("Tanh", a)

    def relu(self, a: Symbol) -> Symbol:
        return self.node("Relu", a)

    def reversed(self, value: Symbol, lengths: Symbol) -> Symbol:
        """The first `lengths` steps of each sequence in reverse order, its padding as it is: (time, batch, …)."""
        return self.node("ReverseSequence", value, lengths, time_axis=0, batch_axis=1)

    def split(self, value: Symbol, *, parts: int) -> list[Symbol]:
        """Equal parts along the last axis."""
        return self.nodes_out("Split", value, count=parts, axis=-1)

    def linear(
        self,
        x: Symbol,
        name: str,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32] | None,
        *,
        site: str = "",
    ) -> Symbol:
        """x W^T (+ b) in the graph's precision. weight: (out, in). site: the name of x among the bounds.

        Where there is no bound, every entry of x lies in [-1, 1]; where there is one, int8 cuts off what is beyond.
        """
        if self.precision == "int8":
            return self._integer_linear(x, name, weight, bias, bound=self.bounds.get(site))
        product = self.node("MatMul", x, self.prepared("Transpose", self.weight(f"{name}.weight", weight)))
        return product if bias is None else product + self.weight(f"{name}.bias", bias)

    def prepared(self, op: str, *inputs: Symbol, **attributes: Any) -> Symbol:
        """A weight in another form: computed once, when the model is loaded."""
        return self._prepared(op, *inputs, count=1, **attributes)[0]

    def joined(self, weights: Sequence[Symbol]) -> Symbol:
        """Weights one below the other."""
        return weights[0] if len(weights) == 1 else self.prepared("Concat", *weights, axis=0)

    def prepared_parts(self, weight: Symbol, *, parts: int) -> list[Symbol]:
        """The rows of a weight in equal parts."""
        return [weight] if parts == 1 else self._prepared("Split", weight, count=parts, axis=0)

    def _prepared(self, op: str, *inputs: Symbol, count: int, **attributes: Any) -> list[Symbol]:
        key = f"{op} {' '.join(symbol.name for symbol in inputs)} {attributes}"
        if key not in self.root.preparations:
            self.root.preparations[key] = self.root.nodes_out(op, *inputs, count=count, **attributes)
        return self.root.preparations[key]

    def _integer_linear(
        self,
        x: Symbol,
        name: str,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32] | None,
        *,
        bound: float | None,
    ) -> Symbol:
        integers, scale = self.integers(name, weight)
        if bound is not None:
            x = self.node("Clip", x, self.value(-bound), self.value(bound))
        step = self.weight(f"activation_step.{bound or 1:.9g}", np.float32((bound or 1) / ACTIVATION_STEPS))
        zero = self.weight("activation_zero", np.uint8(ACTIVATION_ZERO))
        return self.node(
            "MatMulIntegerToFloat",
            self.node("QuantizeLinear", x, step, zero),
            self.prepared("Transpose", integers),
            step,
            scale,
            zero,
            None,  # the weights' zero point: 0
            None if bias is None else self.weight(f"{name}.bias", bias),
            domain=CONTRIB,
        )

    def integers(self, name: str, weight: NDArray[np.float32]) -> tuple[Symbol, Symbol]:
        """Rows (out, in) as integers from -127 to 127, and what one of them is worth in each row: (out,)."""
        scale = np.maximum(np.abs(weight).max(1), np.float32(1e-12)) / LARGEST_INTEGER
        rows = np.rint(weight / scale[:, None]).astype(np.int8)
        return self.weight(f"{name}.int8", rows), self.weight(f"{name}.scale", scale.astype(np.float32))

    def scan(self, body: "Graph", carried: Sequence[Symbol], scanned: Sequence[Symbol]) -> list[Symbol]:
        """Run `body` along the first axis of `scanned`: the carried values after it, then its other outputs."""
        return self.nodes_out(
            "Scan",
            *carried,
            *scanned,
            count=len(body.outputs),
            body=body.to_onnx("body"),
            num_scan_inputs=len(scanned),
        )

    def loop(self, body: "Graph", trips: Symbol, carried: Sequence[Symbol]) -> list[Symbol]:
        """Run `body` a number of times (0 too): the carried values after it, then its other outputs, stacked."""
        return self.nodes_out("Loop", trips, None, *carried, count=len(body.outputs) - 1, body=body.to_onnx("body"))

    def to_onnx(self, name: str) -> onnx.GraphProto:
        return helper.make_graph(self.nodes, name, self.inputs, self.outputs, list(self.weights.values()))

    def to_bytes(self, name: str) -> bytes:
        """The whole model as a file, checked against the ONNX standard."""
        model = helper.make_model(
            self.to_onnx(name),
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)],
            producer_name="textrnn",
        )
        model.ir_version = IR_VERSION
        content = model.SerializeToString()
        if len(content) >= 2**31:
            raise ModelError("the model is over 2 GB, the most an ONNX file can hold")
        return bytes(content)
