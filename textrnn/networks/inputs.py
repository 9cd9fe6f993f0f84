"""How symbols enter a network: what the first layer reads.

A look-up is never multiplied out when it need not be: the first layer's product with a one-hot vector is a column of
its weights, and its product with each row of a small embedding is computed once for each symbol, not for each step.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from onnx import TensorProto
from torch import Tensor, nn
from torch.nn import functional

from textrnn.architecture import Input, Learned, OneHot, Pretrained
from textrnn.engines.engine import Floats
from textrnn.networks.dropout import Dropouts, mask
from textrnn.networks.graph import LARGEST_INTEGER, Graph, Symbol
from textrnn.networks.products import linear

TIED_DEVIATION = 0.1
TABLE_ENTRIES = 2**20  # the largest table of a first layer's products that is put into a graph


class Read(Protocol):
    """What a layer reads, in the two forms that its kernels ask for."""

    @property
    def steps(self) -> int:
        """Its length in time."""

    def project(self, weight: Tensor, bias: Tensor) -> Tensor:
        """x W^T + b: (time, batch, out)."""

    def vectors(self) -> Tensor:
        """x itself: (time, batch, size)."""

    def reversed(self, lengths: Tensor | None) -> "Read":
        """The first `lengths` steps of each sequence in reverse order, its padding as it is; None: all steps."""

    def dropped(self, dropouts: Dropouts) -> "Read":
        """The same with a share of the entries of x dropped."""


@dataclass(frozen=True)
class Vectors:
    """Vectors as they come, such as the layer below makes them."""

    values: Tensor  # (time, batch, size)

    @property
    def steps(self) -> int:
        return len(self.values)

    def project(self, weight: Tensor, bias: Tensor) -> Tensor:
        return linear(self.values, weight, bias)

    def vectors(self) -> Tensor:
        return self.values

    def reversed(self, lengths: Tensor | None) -> "Vectors":
        return Vectors(reverse(self.values, lengths))

    def dropped(self, dropouts: Dropouts) -> "Vectors":
        return Vectors(dropouts.drop(self.values, dropouts.input))


@dataclass(frozen=True)
class Lookup:
    """Rows of a table, by id."""

    ids: Tensor  # (time, batch)
    table: Tensor  # (symbols, size)

    @property
    def steps(self) -> int:
        return len(self.ids)

    def project(self, weight: Tensor, bias: Tensor) -> Tensor:
        if len(self.table) < self.ids.numel():
            return functional.embedding(self.ids, linear(self.table, weight, bias))
        return linear(self.vectors(), weight, bias)

    def vectors(self) -> Tensor:
        return functional.embedding(self.ids, self.table)

    def reversed(self, lengths: Tensor | None) -> "Lookup":
        return Lookup(reverse(self.ids, lengths), self.table)

    def dropped(self, dropouts: Dropouts) -> "Lookup | Vectors":
        return Vectors(self.vectors()).dropped(dropouts) if dropouts.input else self


@dataclass(frozen=True)
class OneHotLookup:
    """Unit vectors, by id. They have one entry to drop: a symbol, everywhere or where it is read."""

    ids: Tensor  # (time, batch)
    kept: Tensor  # (symbols,): the entry that is not 0, 1 but where symbols are dropped
    factor: Tensor | None = None  # (time, batch): what that entry is multiplied by

    @property
    def steps(self) -> int:
        return len(self.ids)

    def project(self, weight: Tensor, bias: Tensor) -> Tensor:
        columns = weight.T * self.kept[:, None]
        if self.factor is None:
            return functional.embedding(self.ids, columns + bias)
        return functional.embedding(self.ids, columns) * self.factor[..., None] + bias

    def vectors(self) -> Tensor:
        vectors = functional.embedding(self.ids, torch.diag(self.kept))
        return vectors if self.factor is None else vectors * self.factor[..., None]

    def reversed(self, lengths: Tensor | None) -> "OneHotLookup":
        factor = None if self.factor is None else reverse(self.factor, lengths)
        return OneHotLookup(reverse(self.ids, lengths), self.kept, factor)

    def dropped(self, dropouts: Dropouts) -> "OneHotLookup":
        if not dropouts.input:
            return self
        if not dropouts.per_sequence:
            return OneHotLookup(self.ids, self.kept, mask(self.ids.shape, dropouts.input, device=self.ids.device))
        shape = (self.ids.shape[1], len(self.kept))  # of each sequence, which symbols
        entries = mask(shape, dropouts.input, device=self.ids.device)
        return OneHotLookup(self.ids, self.kept, entries.gather(1, self.ids.T).T)


def reverse(values: Tensor, lengths: Tensor | None) -> Tensor:
    """The first `lengths` (batch,) steps of each sequence in reverse order, its padding as it is: (time, batch, …)."""
    if lengths is None:
        return values.flip(0)
    step = torch.arange(len(values), device=values.device)[:, None]
    place = torch.where(step < lengths, lengths - 1 - step, step)  # (time, batch)
    return values.gather(0, place.view(*place.shape, *(1,) * (values.ndim - 2)).expand_as(values))


@dataclass(frozen=True)
class Shares:
    """W x + b of every step, for a Scan: what is scanned, and what its body makes of one step of it."""

    scanned: Symbol
    table: Symbol | None = None  # rows to look up, where ids are scanned: the look-ups stay in the cache

    def of_step(self, body: Graph) -> Symbol:
        """The share of one step: (batch, gates x units)."""
        if self.table is None:
            return body.input(shape=("batch", "shares"))
        return body.node("Gather", self.table, body.input(shape=("batch",), dtype=TensorProto.INT64))


class Source(Protocol):
    """What a level reads in a graph, at one step or at all, in the forms that its layers ask for."""

    def vectors(self, graph: Graph) -> Symbol | None:
        """x itself, in float32; None where it is never made."""

    def shares(self, graph: Graph, name: str, weight: Floats, bias: Floats) -> Symbol:
        """W x + b."""

    def scanned(self, graph: Graph, name: str, weight: Floats, bias: Floats) -> Shares:
        """The same for a Scan."""

    def reversed(self, graph: Graph, lengths: Symbol) -> "Source":
        """The first `lengths` steps of each sequence in reverse order, its padding as it is."""


@dataclass(frozen=True)
class VectorSource:
    """Vectors as the level below makes them. site: their name among the bounds."""

    values: Symbol
    site: str

    def vectors(self, graph: Graph) -> Symbol:
        return self.values

    def shares(self, graph: Graph, name: str, weight: Floats, bias: Floats) -> Symbol:
        return graph.linear(self.values, name, weight, bias, site=self.site)

    def scanned(self, graph: Graph, name: str, weight: Floats, bias: Floats) -> Shares:
        return Shares(self.shares(graph, name, weight, bias))

    def reversed(self, graph: Graph, lengths: Symbol) -> "VectorSource":
        return VectorSource(graph.reversed(self.values, lengths), self.site)


@dataclass(frozen=True)
class SymbolSource:
    """Symbols by their ids, which an input makes into vectors."""

    input: "LearnedInput | OneHotInput"
    ids: Symbol

    def vectors(self, graph: Graph) -> Symbol | None:
        return self.input.to_graph(graph, self.ids)

    def shares(self, graph: Graph, name: str, weight: Floats, bias: Floats) -> Symbol:
        shares = self.scanned(graph, name, weight, bias)
        return shares.scanned if shares.table is None else graph.node("Gather", shares.table, self.ids)

    def scanned(self, graph: Graph, name: str, weight: Floats, bias: Floats) -> Shares:
        table = self.input.product_table(graph, weight, bias)
        if table is not None:
            return Shares(self.ids, graph.weight(f"{name}.table", table))
        return Shares(self.input.shares_to_graph(graph, self.ids, name, weight, bias))

    def reversed(self, graph: Graph, lengths: Symbol) -> "SymbolSource":
        return SymbolSource(self.input, graph.reversed(self.ids, lengths))


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
