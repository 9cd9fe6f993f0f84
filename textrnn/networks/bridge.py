"""From a vector to the state that a stack of layers begins with: of a sequence that was read, or of anything else."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.architecture import Core
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.recurrent import Symbols, array
from textrnn.networks.stack import State


class Bridge(nn.Module):
    """tanh(W v + b) for each part of the state, as of the first hidden vector in Bahdanau et al. (2015), appendix A."""

    def __init__(self, vectors: int, core: Core) -> None:
        super().__init__()
        self.sizes = core.state_sizes()
        bound = vectors**-0.5
        self.weight = nn.Parameter(torch.empty(sum(self.sizes.values()), vectors).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(sum(self.sizes.values())))

    def forward(self, vectors: Tensor) -> State:
        """The state for vectors (batch, size), a row of it for each."""
        values = functional.linear(vectors, self.weight, self.bias).tanh().float()
        return dict(zip(self.sizes, torch.split(values, list(self.sizes.values()), -1), strict=True))

    def to_graph(self, graph: Graph, vectors: Symbol, *, site: str) -> Symbols:
        """The same. site: the name of the vectors among the bounds."""
        ends = np.cumsum(list(self.sizes.values()))[:-1]
        weights, biases = (np.split(array(values), ends) for values in (self.weight, self.bias))
        return {
            name: graph.tanh(graph.linear(vectors, f"bridge.{name}", weight, bias, site=site))
            for name, weight, bias in zip(self.sizes, weights, biases, strict=True)
        }
