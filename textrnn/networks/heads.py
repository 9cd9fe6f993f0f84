"""What comes out of a network, and what it costs: each head owns its loss."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from textrnn.architecture import Head
from textrnn.batch import IGNORE
from textrnn.networks.cross_entropy import cross_entropy
from textrnn.networks.graph import Graph, Symbol


class LabelHead(nn.Module):
    """A distribution over labels for each vector; weights uniform in ± 1/sqrt(size), or the input's; bias 0.

    smoothing: the share of a target's weight that all labels have in training (Szegedy et al., 2016).
    class_weights: (classes,), how much a target counts in training, by its label; None: all the same.
    """

    def __init__(self, spec: Head, size: int, table: nn.Parameter | None) -> None:
        super().__init__()
        self.smoothing = 0.0
        self.class_weights: Tensor | None = None
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

    def loss(self, hidden: Tensor, targets: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, int]:
        """Negative log-probability of the targets that count, summed in nats, and how many they are.

        lengths: what a decoder must know, and a label need not.
        """
        counts = targets != IGNORE
        rows, flat = hidden.flatten(0, -2), targets.flatten()
        smoothing = self.smoothing if self.training else 0.0
        if self.training and self.class_weights is not None:
            nats = functional.cross_entropy(
                self(rows), flat, self.class_weights, ignore_index=IGNORE, reduction="sum", label_smoothing=smoothing
            )
        else:
            nats = cross_entropy(rows, self.weight, self.bias, flat, smoothing=smoothing)
        return nats, int(counts.sum())

    def to_graph(self, graph: Graph, hidden: Symbol, *, site: str) -> Symbol:
        """Logits. site: the name of the hidden vectors among the bounds."""
        weight, bias = self.weight.detach().cpu().numpy(), self.bias.detach().cpu().numpy()
        return graph.linear(hidden, "input.table" if self.is_tied else "head", weight, bias, site=site)
