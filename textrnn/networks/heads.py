"""What comes out of a network, and what it costs: each head owns its loss."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.batch import IGNORE
from textrnn.config import Head, LabelPerStep, Spec
from textrnn.networks.cross_entropy import cross_entropy
from textrnn.networks.graph import Graph, Symbol


class StepLabel(nn.Module):
    """A distribution over labels after every step; weights uniform in ± 1/sqrt(size), or the input's; bias 0."""

    def __init__(self, spec: LabelPerStep, size: int, table: nn.Parameter | None) -> None:
        super().__init__()
        self.is_tied = table is not None
        if table is None:
            bound = size**-0.5
            self.weight = nn.Parameter(torch.empty(spec.classes, size).uniform_(-bound, bound))
        else:
            self.__dict__["weight"] = table  # not registered here: it is the input's parameter
        self.bias = nn.Parameter(torch.zeros(spec.classes))

    def forward(self, hidden: Tensor) -> Tensor:
        """Logits (…, classes), float32."""
        return functional.linear(hidden, self.weight.to(hidden.dtype), self.bias.to(hidden.dtype)).float()

    def loss(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, int]:
        """Negative log-probability of the targets that count, summed in nats, and how many they are."""
        counts = targets != IGNORE
        nats = cross_entropy(hidden.flatten(0, -2), self.weight, self.bias, targets.flatten())
        return nats, int(counts.sum())

    def to_graph(self, graph: Graph, hidden: Symbol, *, site: str) -> Symbol:
        """Logits. site: the name of the hidden vectors among the bounds."""
        weight, bias = self.weight.detach().cpu().numpy(), self.bias.detach().cpu().numpy()
        return graph.linear(hidden, "input.table" if self.is_tied else "head", weight, bias, site=site)


HEADS: dict[type[Spec], type[StepLabel]] = {LabelPerStep: StepLabel}


def build_head(spec: Head, size: int, table: nn.Parameter | None = None) -> StepLabel:
    """The module of a head spec, over hidden vectors of `size`; table: the input's vectors, where they are tied."""
    return HEADS[type(spec)](spec, size, table)
