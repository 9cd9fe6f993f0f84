"""The optimizer and the learning rate of each step."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from textrnn.training.defaults import ChosenSettings


def adamw(network: nn.Module, settings: ChosenSettings) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter, 2019); biases do not decay."""
    decays = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [
        {"params": decays, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
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
