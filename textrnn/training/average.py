"""A moving average of the weights while they are learnt: less noisy than where the last steps left them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

EARLY = 10  # steps after which an average of all so far gives way to a moving one, about


class Average:
    """The exponential moving average of what a network learns (Polyak and Juditsky, 1992).

    decay: the share that the average keeps at each step; at first less, so that it does not remember the beginning.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self._learnt = {name: value for name, value in network.named_parameters() if value.requires_grad}
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

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network with the averages for its weights, which come back."""
        before = {name: value.detach().clone() for name, value in self._learnt.items()}
        self._put(self.values)
        try:
            yield
        finally:
            self._put(before)

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        for name, value in self._learnt.items():
            value.copy_(values[name])
