"""What a level reads, in a graph: vectors of the level below, or symbols that an input makes into vectors."""

from dataclasses import dataclass
from typing import Protocol

from onnx import TensorProto

from textrnn.engines.engine import Floats
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.inputs import LearnedInput, OneHotInput


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

    input: LearnedInput | OneHotInput
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
