"""The weights that several evaluations found, and their mean: where they err apart, it errs less than each of them."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Literal

import torch
from torch import Tensor, nn

from textrnn.training.average import learnt_by, replaced

Which = Literal["last", "best"]


class Checkpoints:
    """The weights of the last evaluations of a network, or of the best, and their mean (Sennrich et al., 2016).

    count: how many are kept at most. costs: of the evaluations that are kept, by step, the earliest first.
    """

    def __init__(self, network: nn.Module, count: int, which: Which) -> None:
        self.count, self.which = count, which
        self.costs: dict[int, float] = {}
        self._learnt = learnt_by(network)
        self._weights: dict[int, dict[str, Tensor]] = {}

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps whose weights the mean is of; none where it would be nothing but the weights of one."""
        return tuple(self.costs) if len(self.costs) > 1 else ()

    def take(self, step: int, cost: float) -> None:
        """Keep the network's weights as they are, which cost so much, if they belong to the last or the best."""
        if self.count:
            self.costs[step] = cost
            self._weights[step] = {name: value.detach().to("cpu", copy=True) for name, value in self._learnt.items()}
        self._let_go()

    def _let_go(self) -> None:
        """Keep no more than are wanted."""
        while len(self.costs) > self.count:
            dearest = max(self.costs, key=self.costs.__getitem__)  # of several the earliest
            step = dearest if self.which == "best" else min(self.costs)
            del self.costs[step], self._weights[step]

    def tensors(self) -> dict[str, Tensor]:
        """The weights, to be saved: "120.head.bias" is that of step 120."""
        return {f"{step}.{name}": value for step, weights in self._weights.items() for name, value in weights.items()}

    def restore(self, costs: Mapping[int, float], tensors: Mapping[str, Tensor]) -> None:
        """Go on with what was saved, as far as it is still wanted."""
        self.costs = dict(costs)
        self._weights = {step: {name: tensors[f"{step}.{name}"] for name in self._learnt} for step in costs}
        self._let_go()

    def mean(self) -> dict[str, Tensor]:
        """The mean of the weights that are kept; nothing where none are."""
        kept = list(self._weights.values())
        return {name: torch.stack([weights[name] for weights in kept]).mean(0) for name in self._learnt if kept}

    def in_place(self) -> AbstractContextManager[None]:
        """The network with the mean for its weights, which come back."""
        return replaced(self._learnt, self.mean())
