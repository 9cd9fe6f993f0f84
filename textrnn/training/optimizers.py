"""The optimizer and the learning rate of each step."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from textrnn.networks.sequence import SequenceNetwork
from textrnn.training.defaults import ChosenSettings

DEPTH = "depth"  # of a group's parameters, from the head: 0, the top layer: 1, and so on down to the symbols' vectors


def adamw(network: SequenceNetwork, settings: ChosenSettings) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter, 2019), a group for each depth; biases do not decay."""
    members: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        members.setdefault((depth_of(name, network.architecture.core.layers), parameter.ndim > 1), []).append(parameter)
    groups = [
        {"params": parameters, "weight_decay": settings.weight_decay if decays else 0.0, DEPTH: depth}
        for (depth, decays), parameters in sorted(members.items(), key=lambda group: (not group[0][1], group[0][0]))
    ]
    return torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, settings.beta2), fused=True)


@dataclass(frozen=True)
class Schedule:
    """A linear rise to the peak, then half a cosine down to the final rate (Loshchilov and Hutter, 2017).

    The rise does not depend on the length of the run, which may be measured while it lasts.
    """

    peak: float
    final: float  # share of the peak
    warmup: int  # steps
    total: int  # steps

    def rate(self, step: int) -> float:
        """The learning rate of update `step`, counted from 0."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        done = min(1.0, (step - self.warmup) / max(1, self.total - self.warmup))
        return self.peak * (self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * done)))


def depth_of(name: str, layers: int) -> int:
    """How far a parameter is below the head."""
    part, _, rest = name.partition(".")
    if part == "layers":
        return layers - int(rest.partition(".")[0].removesuffix("_reverse"))
    return layers + 1 if part == "input" else 0


def share_of_rate(depth: int, settings: ChosenSettings, *, epoch: float) -> float:
    """The rate at a depth as a share of that of the head: lower below, and 0 until that depth is learnt too.

    Discriminative rates and gradual unfreezing (Howard and Ruder, 2018).
    """
    return settings.layer_rate**depth if epoch >= depth * settings.unfreeze else 0.0
