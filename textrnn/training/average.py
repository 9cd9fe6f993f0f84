"""A moving average of the weights while they are learnt: less noisy than where the last steps left them."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor, nn

EARLY = 10  # steps after which an average of all so far gives way to a moving one, about


class Average:
    """The exponential moving average of what a network learns (Polyak and Juditsky, 1992).

    decay: the share that the average keeps at each step; at first less, so that it does not remember the beginning.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self._learnt = learnt_by(network)
        self.values = {name: value.detach().clone() for name, value in self._learnt.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after so many steps."""
        decay = min(self.decay, (1 + step) / (EARLY + step))
        torch._foreach_lerp_(list(self.values.values()), list(self._learnt.values()), 1 - decay)

    def restore(self, values: Mapping[str, Tensor]) -> None:
        """Go on from the values that were saved."""
        for name, value in values.items():
            self.values[name].copy_(value)

    def in_place(self) -> AbstractContextManager[None]:
        """The network with the averages for its weights, which come back."""
        return replaced(self._learnt, self.values)


def learnt_by(network: nn.Module) -> dict[str, nn.Parameter]:
    """What a network learns, by name."""
    return {name: value for name, value in network.named_parameters() if value.requires_grad}


@contextmanager
def replaced(weights: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> Iterator[None]:
    """Weights with these values, those that are given one; afterwards they are what they were."""
    before = {name: weights[name].detach().clone() for name in values}
    put(weights, values)
    try:
        yield
    finally:
        put(weights, before)


@torch.no_grad()
def put(weights: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> None:
    """Copy values into weights."""
    for name, value in values.items():
        weights[name].copy_(value)
