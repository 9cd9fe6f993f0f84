"""How symbols enter a network: what makes of them what the first layer reads."""

import numpy as np
import torch
from onnx import TensorProto
from torch import Tensor, nn

from textrnn.architecture import Input, Learned, OneHot, Pretrained
from textrnn.engines.engine import Floats
from textrnn.networks.dropout import mask
from textrnn.networks.graph import LARGEST_INTEGER, Graph, Symbol
from textrnn.networks.read import Lookup, OneHotLookup, Read

TIED_DEVIATION = 0.1
TABLE_ENTRIES = 2**20  # the largest table of a first layer's products that is put into a graph


class LearnedInput(nn.Module):
    """A vector for each symbol, learnt with the network unless it is frozen; starts as N(0, deviation²).

    deviation: 0 is that of nn.Embedding, 1, and of vectors that are tied to the output 0.1.
    """

    def __init__(self, spec: Learned | Pretrained, *, deviation: float = 0.0) -> None:
        super().__init__()
        self.size, self._deviation = spec.size, deviation
        is_frozen = isinstance(spec, Pretrained) and spec.frozen
        start = (deviation or 1.0) * torch.randn(spec.symbols, spec.size)
        self.table = nn.Parameter(start, requires_grad=not is_frozen)

    def share(self, table: nn.Parameter) -> None:
        """Let the vectors be those of another input, whose parameter they stay."""
        del self.table
        self.__dict__["table"] = table

    def start_tied(self) -> None:
        """Let the vectors begin as the output's weights too: with N(0, 1) the first logits would be far apart."""
        nn.init.normal_(self.table, std=self._deviation or TIED_DEVIATION)

    def start_from(self, vectors: Floats) -> None:
        """Let the symbols' vectors be these."""
        with torch.no_grad():
            self.table.copy_(torch.from_numpy(vectors))

    def forward(self, ids: Tensor, *, dropped: float = 0.0) -> Read:
        """dropped: share of the symbols dropped in training, each everywhere."""
        if not dropped:
            return Lookup(ids, self.table)
        return Lookup(ids, self.table * mask((len(self.table), 1), dropped, device=ids.device))

    def to_graph(self, graph: Graph, ids: Symbol) -> Symbol:
        """The vectors of ids, in float32."""
        return graph.node("Gather", graph.weight("input.table.weight", self._array()), ids)

    def shares_to_graph(self, graph: Graph, ids: Symbol, name: str, weight: Floats, bias: Floats) -> Symbol:
        """W x + b of ids.

        In int8 a vector is its integers, which lie in [-1, 1] when divided by the largest, times a scale of its own.
        """
        if graph.precision == "float32":
            return graph.linear(self.to_graph(graph, ids), name, weight, bias)
        integers, scale = graph.integers("input.table", self._array())
        rows = graph.node("Cast", graph.node("Gather", integers, ids), to=TensorProto.FLOAT)
        unit = rows * graph.weight("input.unit", np.float32(1 / LARGEST_INTEGER))
        largest = graph.node("Gather", scale, ids) * graph.weight("input.largest", np.float32(LARGEST_INTEGER))
        product = graph.linear(unit, name, weight, None)
        return product * graph.node("Unsqueeze", largest, graph.numbers(-1)) + graph.weight(f"{name}.bias", bias)

    def product_table(self, graph: Graph, weight: Floats, bias: Floats) -> Floats | None:
        """W x + b for every symbol, in int8, where it is small: (symbols, out). Exact, and nothing to multiply."""
        table = self._array()
        is_small = len(table) * len(weight) <= TABLE_ENTRIES
        return table @ weight.T + bias if graph.precision == "int8" and is_small else None

    def _array(self) -> Floats:
        return np.asarray(self.table.detach().cpu().numpy())


class OneHotInput(nn.Module):
    """A unit vector for each symbol."""

    def __init__(self, spec: OneHot) -> None:
        super().__init__()
        self.size = spec.symbols

    def forward(self, ids: Tensor, *, dropped: float = 0.0) -> Read:
        """dropped: share of the symbols dropped in training, each everywhere."""
        entries = torch.ones(self.size, device=ids.device)
        return OneHotLookup(ids, mask((self.size,), dropped, device=ids.device) if dropped else entries)

    def to_graph(self, graph: Graph, ids: Symbol) -> None:
        """Nothing: unit vectors are never made, so no kernel that asks for them can be used."""

    def shares_to_graph(self, graph: Graph, ids: Symbol, name: str, weight: Floats, bias: Floats) -> Symbol:
        """W x + b of ids: always by the table below."""
        raise AssertionError("unit vectors are never made")

    def product_table(self, graph: Graph, weight: Floats, bias: Floats) -> Floats:
        """W x + b for every symbol: a column of W each, plus b."""
        return weight.T + bias


def build_input(spec: Input, *, deviation: float = 0.0) -> LearnedInput | OneHotInput:
    """The module of an input spec. deviation: see LearnedInput."""
    return OneHotInput(spec) if isinstance(spec, OneHot) else LearnedInput(spec, deviation=deviation)
