"""What comes out of a network, and what it costs: each head owns its loss."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.batch import IGNORE
from textrnn.config import Head, LabelPerStep, Spec
from textrnn.networks.graph import Graph, Symbol


class StepLabel(nn.Module):
    """A distribution over labels after every step; weights uniform in ± 1/sqrt(size), bias 0."""

    def __init__(self, spec: LabelPerStep, size: int) -> None:
        super().__init__()
        bound = size**-0.5
        self.weight = nn.Parameter(torch.empty(spec.classes, size).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(spec.classes))

    def forward(self, hidden: Tensor) -> Tensor:
        """Logits (…, classes), float32."""
        return functional.linear(hidden, self.weight.to(hidden.dtype), self.bias.to(hidden.dtype)).float()

    def loss(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, int]:
        """Negative log-probability of the targets that count, summed in nats, and how many they are."""
        logits = self(hidden).flatten(0, -2)
        nats = functional.cross_entropy(logits, targets.flatten(), ignore_index=IGNORE, reduction="sum")
        return nats, int((targets != IGNORE).sum())

    def to_graph(self, graph: Graph, hidden: Symbol) -> Symbol:
        """Logits."""
        weight, bias = self.weight.detach().cpu().numpy(), self.bias.detach().cpu().numpy()
        return graph.linear(hidden, "head", weight, bias, bound=1.0)


HEADS: dict[type[Spec], type[StepLabel]] = {LabelPerStep: StepLabel}


def build_head(spec: Head, size: int) -> StepLabel:
    """The module of a head spec, over hidden vectors of `size`."""
    return HEADS[type(spec)](spec, size)
