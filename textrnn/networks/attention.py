"""Attention: each step of a decoder looks at every place of the source, at some more than at others.

The output h of a step is compared with each output e of the encoder. The scores, made into weights that sum to 1 by
softmax, say how much of each e is in the context of the step. How the two are compared is a choice of its own:

    additive    v . tanh(W h + U e)     Bahdanau et al. (2015)
    dot         h . e                   Luong et al. (2015)
    general     h . (W e)               Luong et al. (2015)
    scaled      h . e / sqrt(size)      Vaswani et al. (2017)

What does not depend on h, the keys, is computed once for each source.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.architecture import AttentionName
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.products import linear
from textrnn.networks.readouts import FAR_BELOW


@dataclass(frozen=True)
class Memory:
    """What attention reads of the sources. keys: (batch, source, key size). values: (batch, source, value size).

    mask: (batch, source), 1 at each symbol and 0 at padding.
    """

    keys: Tensor
    values: Tensor
    mask: Tensor


@dataclass(frozen=True)
class MemoryInGraph:
    """The same as symbols of a graph."""

    keys: Symbol
    values: Symbol
    mask: Symbol


class Attention(nn.Module):
    """One way to compare; weights uniform in ± 1/sqrt(size of what they multiply). The keys are the values as they are.

    queries, values: the sizes of h and of e.
    """

    def __init__(self, queries: int, values: int) -> None:
        super().__init__()
        self.queries, self.values = queries, values

    @property
    def key_size(self) -> int:
        return self.values

    def keys(self, values: Tensor) -> Tensor:
        """What is kept of values (batch, source, size) to compare with."""
        return values

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """How well queries (batch, steps, size) and keys fit: (batch, steps, source)."""
        return queries @ keys.transpose(1, 2)

    def forward(self, queries: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """The context of each query (batch, steps, value size), and its weights (batch, steps, source)."""
        scores = self.scores(queries, memory.keys).float() + ((1 - memory.mask) * FAR_BELOW)[:, None]
        weights = scores.softmax(-1)
        return weights.to(memory.values.dtype) @ memory.values, weights

    def keys_to_graph(self, graph: Graph, values: Symbol, *, site: str) -> Symbol:
        """The keys of values (batch, source, size). site: the name of the values among the bounds."""
        return values

    def scores_to_graph(self, graph: Graph, queries: Symbol, keys: Symbol, *, site: str) -> Symbol:
        """The scores of queries (batch, steps, size). site: the name of the queries among the bounds."""
        return graph.node("MatMul", queries, graph.node("Transpose", keys, perm=[0, 2, 1]))

    def to_graph(self, graph: Graph, queries: Symbol, memory: MemoryInGraph, *, site: str) -> tuple[Symbol, Symbol]:
        """Context and weights, as `forward`."""
        below = graph.node("Unsqueeze", (1.0 - memory.mask) * FAR_BELOW, graph.numbers(1))
        scores = self.scores_to_graph(graph, queries, memory.keys, site=site) + below
        weights = graph.node("Softmax", scores, axis=-1)
        return graph.node("MatMul", weights, memory.values), weights


class Dot(Attention):
    """h . e, which are of one size."""


class Scaled(Attention):
    """h . e / sqrt(size)."""

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        return super().scores(queries, keys) / math.sqrt(self.values)

    def scores_to_graph(self, graph: Graph, queries: Symbol, keys: Symbol, *, site: str) -> Symbol:
        return super().scores_to_graph(graph, queries, keys, site=site) * (1 / math.sqrt(self.values))


class General(Attention):
    """h . (W e)."""

    def __init__(self, queries: int, values: int) -> None:
        super().__init__(queries, values)
        self.weight_key = uniform(queries, values)

    @property
    def key_size(self) -> int:
        return self.queries

    def keys(self, values: Tensor) -> Tensor:
        return linear(values, self.weight_key, self.weight_key.new_zeros(self.queries))

    def keys_to_graph(self, graph: Graph, values: Symbol, *, site: str) -> Symbol:
        return graph.linear(values, "attention.key", self.weight_key.detach().cpu().numpy(), None, site=site)


class Additive(Attention):
    """v . tanh(W h + U e), where W h and U e are of the size of h."""

    def __init__(self, queries: int, values: int) -> None:
        super().__init__(queries, values)
        self.weight_query, self.weight_key = uniform(queries, queries), uniform(queries, values)
        self.bias_key = nn.Parameter(torch.zeros(queries))
        self.weight_score = uniform(1, queries)

    @property
    def key_size(self) -> int:
        return self.queries

    def keys(self, values: Tensor) -> Tensor:
        return linear(values, self.weight_key, self.bias_key)

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        queries = linear(queries, self.weight_query, self.bias_key.new_zeros(self.queries))
        return (queries[:, :, None] + keys[:, None]).tanh() @ self.weight_score[0].to(keys.dtype)

    def keys_to_graph(self, graph: Graph, values: Symbol, *, site: str) -> Symbol:
        weight, bias = (value.detach().cpu().numpy() for value in (self.weight_key, self.bias_key))
        return graph.linear(values, "attention.key", weight, bias, site=site)

    def scores_to_graph(self, graph: Graph, queries: Symbol, keys: Symbol, *, site: str) -> Symbol:
        weight = self.weight_query.detach().cpu().numpy()
        queries = graph.linear(queries, "attention.query", weight, None, site=site)
        both = graph.node("Unsqueeze", queries, graph.numbers(2)) + graph.node("Unsqueeze", keys, graph.numbers(1))
        score = graph.weight("attention.score", self.weight_score.detach().cpu().numpy().T)
        return graph.node("Squeeze", graph.node("MatMul", graph.tanh(both), score), graph.numbers(-1))


ATTENTIONS: dict[AttentionName, type[Attention]] = {
    "additive": Additive,
    "dot": Dot,
    "general": General,
    "scaled": Scaled,
}


def uniform(rows: int, columns: int) -> nn.Parameter:
    """Weights as they begin."""
    return nn.Parameter(torch.empty(rows, columns).uniform_(-(columns**-0.5), columns**-0.5))
