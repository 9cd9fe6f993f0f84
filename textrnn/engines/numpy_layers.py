"""The recurrent layers of a model in NumPy, by the equations of their cell: every gate and state of every step.

What runs a model is ONNX Runtime; this explains what it does. The arithmetic is in float32. An int8 model's weights are
those it has, rounded, but what they are multiplied by is not: the values are close to those that it computes itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from textrnn.architecture import Architecture, Core, LayerShape
from textrnn.batch import Ids
from textrnn.cells import CELLS
from textrnn.cells.equations import Node
from textrnn.config import FORMAT_VERSION
from textrnn.engines.engine import Floats, State
from textrnn.engines.graph_weights import VECTORS, Weights, graph_weights, input_part
from textrnn.errors import ModelError
from textrnn.model_folder import ModelFolder
from textrnn.weight_shapes import size_of

FIRST_FORMAT = 1  # of model folders: there the gates stand in the order of the ONNX operator
AT_ONCE = 512  # steps: bounds the memory of the values that nobody keeps


@dataclass(frozen=True)
class LayerValues:
    """What a layer computes at each step. gates: as they act, (time, units) each; state: after it, (time, size)."""

    gates: Mapping[str, Floats]
    state: Mapping[str, Floats]


Values = Mapping[str, LayerValues]  # of each layer, by its name: "0", "0_reverse", …


@dataclass(frozen=True)
class Linear:
    """W v + b. weight: (out, in)."""

    weight: Floats
    bias: Floats

    def __call__(self, vectors: Floats) -> Floats:
        """Of a vector (in,), or of several (time, in)."""
        return np.asarray(vectors @ self.weight.T + self.bias)


class NumpyOps:
    """The functions of an equation in NumPy."""

    def sigmoid(self, a: Floats) -> Floats:
        return np.asarray(0.5 * np.tanh(0.5 * a) + 0.5)

    def tanh(self, a: Floats) -> Floats:
        return np.tanh(a)

    def relu(self, a: Floats) -> Floats:
        return np.maximum(a, 0)


class NumpyLayers:
    """The layers that read the symbols of a text: those of a language model, a classifier, or a translator's source."""

    def __init__(
        self,
        architecture: Architecture,
        graph: bytes,
        *,
        name: str = "model.onnx",
        format_version: int = FORMAT_VERSION,
    ) -> None:
        """graph: the file that has their weights; name: of the file, for errors. format_version: of its folder."""
        self.core = architecture.core
        cell = CELLS[self.core.cell]
        order = cell.fused.onnx_gates if cell.fused and format_version == FIRST_FORMAT else cell.gates
        order = tuple(dict.fromkeys(order))  # the operator may take the weights of one gate in two places
        self.levels = self.core.levels(size_of(architecture.input))
        arrays = Arrays(graph_weights(graph, name=name), name)
        symbols, lowest = architecture.input.symbols, {shape.name for shape in self.levels[0]}
        looked_up = lowest if all(table_of(name) in arrays.weights for name in lowest) else ()
        self._layers = {
            shape.name: NumpyLayer(
                self.core, shape, arrays, symbols=symbols if shape.name in looked_up else None, order=order
            )
            for shape in self.shapes.values()
        }
        self._vectors = None if looked_up else arrays.of(VECTORS, symbols, self.levels[0][0].inputs)

    @classmethod
    def of(cls, folder: ModelFolder) -> "NumpyLayers":
        """Those of a model folder."""
        part, config = input_part(folder), folder.config
        return cls(config.architecture, folder.read(part), name=part, format_version=config.format_version)

    @property
    def shapes(self) -> dict[str, LayerShape]:
        """The layers, by their names."""
        return {shape.name: shape for level in self.levels for shape in level}

    def run(self, ids: Ids, state: State | None = None) -> Iterator[Values]:
        """The values at each of the ids (time,), a stretch of them after another; all at once where layers read back.

        Of no ids one stretch without a step. state: before the first, "hidden.0" and the like → (size,); None: zeros.
        """
        before = {name: np.zeros(size, np.float32) for name, size in self.core.state_sizes().items()} | (state or {})
        step = max(1, len(ids)) if self.core.bidirectional else AT_ONCE
        for begin, end in pairwise([0, *range(step, len(ids), step), len(ids)]):
            values: dict[str, LayerValues] = {}
            below: Floats | None = None
            for index, level in enumerate(self.levels):
                values |= {shape.name: self._layer(shape, ids[begin:end], below, before) for shape in level}
                output = np.concatenate([values[shape.name].state[self._output] for shape in level], axis=1)
                below = output if below is None or not self.core.is_residual(index, level) else output + below
            yield values
            if end < len(ids):
                before = last_state(values)

    @property
    def _output(self) -> str:
        return CELLS[self.core.cell].state[0]

    def _layer(self, shape: LayerShape, ids: Ids, below: Floats | None, before: State) -> LayerValues:
        """One layer over all steps in its direction; below: the outputs of the level below, of the lowest None."""
        layer = self._layers[shape.name]
        order = slice(None, None, -1 if shape.is_backward else 1)
        vectors = self._vectors[ids] if below is None and self._vectors is not None else below
        shares = layer.table[ids] if vectors is None and layer.table is not None else layer.shares(vectors)
        with np.errstate(over="ignore", invalid="ignore"):
            found = layer.run(shares[order], {part: before[f"{part}.{shape.name}"] for part in layer.cell.state})
        if not all(np.isfinite(rows).all() for rows in found.state.values()):
            raise ModelError("the states grow beyond all bounds as the network reads on: train it at a lower --rate")
        return LayerValues(*({name: rows[order] for name, rows in kind.items()} for kind in (found.gates, found.state)))


def last_state(values: Values) -> State:
    """The state after the last step, as `run` is given it."""
    return {f"{part}.{name}": rows[-1] for name, found in values.items() for part, rows in found.state.items()}


def table_of(layer: str) -> str:
    """The name of W x + b of each symbol, which the lowest layers may have in place of weights."""
    return f"layers.{layer}.ih.table"


class NumpyLayer:
    """One layer. symbols: of its table, where it has that in place of weights. order: of the gates in its arrays."""

    def __init__(
        self, core: Core, shape: LayerShape, arrays: "Arrays", *, symbols: int | None, order: Sequence[str]
    ) -> None:
        self.cell, self.units, name = CELLS[core.cell], shape.units, f"layers.{shape.name}"
        self._gates, self._shared = order, [gate for gate in order if gate in self.cell.shared]
        width = len(self.cell.gates) * shape.units
        self.table = None if symbols is None else arrays.of(table_of(shape.name), symbols, width)
        self._from_input = arrays.linear(f"{name}.ih", width, shape.inputs) if symbols is None else None
        shared = len(self._shared) * shape.units
        self._from_hidden = arrays.linear(f"{name}.hh", shared, shape.outputs) if shared else None
        self._apart = {
            gate: arrays.linear(f"{name}.hh.{gate}", shape.units, shape.outputs)
            for gate in self.cell.equations.products
        }
        self._peephole = {gate: arrays.of(f"{name}.peephole.{gate}", shape.units) for gate in self.cell.peepholes}
        projects = core.projection is not None
        self._projection = arrays.of(f"{name}.hr.weight", shape.outputs, shape.units) if projects else None

    def shares(self, vectors: Floats | None) -> Floats:
        """W x + b of vectors (time, inputs): (time, gates x units)."""
        assert self._from_input is not None
        assert vectors is not None
        return self._from_input(vectors)

    def run(self, shares: Floats, before: State) -> LayerValues:
        """The values of each step, from W x + b (time, gates x units) and the state before."""
        cell, activations = self.cell, self.cell.equations.activations
        gates = {gate: np.empty((len(shares), self.units), np.float32) for gate in cell.gates if gate in activations}
        state = {part: np.empty((len(shares), len(before[part])), np.float32) for part in cell.state}
        for step, share in enumerate(shares):
            values = self._step(share, before)
            before = {part: values[node] for part, node in cell.equations.after.items()}
            if self._projection is not None:
                before[cell.state[0]] = self._projection @ before[cell.state[0]]
            for gate, rows in gates.items():
                rows[step] = values[activations[gate]]
            for part, rows in state.items():
                rows[step] = before[part]
        return LayerValues(gates, state)

    def _step(self, share: Floats, before: State) -> dict[Node, Floats]:
        """The value of each node of the cell's equations."""
        cell = self.cell
        x = dict(zip(self._gates, share.reshape(-1, self.units), strict=True))
        u = {}
        if self._from_hidden is not None:
            product = self._from_hidden(before[cell.state[0]])
            u = dict(zip(self._shared, product.reshape(-1, self.units), strict=True))
        leaves = {"x": x, "u": u, "before": before, "peephole": self._peephole}

        def leaf(node: Node) -> Floats:
            return x[node.name] + u[node.name] if node.source == "sum" else leaves[str(node.source)][node.name]

        return cell.equations.values(leaf, lambda gate, vector: self._apart[gate](vector), NumpyOps())


@dataclass(frozen=True)
class Arrays:
    """The weights of a graph file, each of the shape that it must have."""

    weights: Weights
    name: str

    def of(self, key: str, *shape: int) -> Floats:
        """One of them; ModelError where it is another's."""
        found = self.weights.get(key)
        if found is None or found.shape != shape:
            raise ModelError(f"{self.name} does not fit config.json: {key} is not of shape {list(shape)}")
        return found

    def linear(self, name: str, rows: int, columns: int) -> Linear:
        """W and b of these."""
        return Linear(self.of(f"{name}.weight", rows, columns), self.of(f"{name}.bias", rows))
