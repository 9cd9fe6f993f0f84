"""The optimizer and the learning rate of each step."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from textrnn.config import TrainingSettings


def adamw(network: nn.Module, settings: TrainingSettings) -> torch.optim.AdamW:
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
    """A linear rise to the peak under half a cosine that falls over the whole run (Loshchilov and Hutter, 2017).

    The rise does not depend on the length of the run, which may be measured while it lasts.
    """

    peak: float
    final: float  # share of the peak
    warmup: int  # steps
    total: int  # steps

    def rate(self, step: int) -> float:
        """The learning rate of update `step`, counted from 0."""
        rise = (step + 1) / self.warmup if self.warmup else 1.0
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.total)))
        return self.peak * min(rise, self.final + (1 - self.final) * fall)
