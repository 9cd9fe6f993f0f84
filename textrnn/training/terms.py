"""Back-propagation through time as the sum that it is: a term for each loss and each step before it."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional
from torch.nn.utils import get_total_norm

from textrnn.batch import Ids
from textrnn.errors import TrainingError
from textrnn.networks.heads import LabelHead
from textrnn.networks.sequence import SequenceNetwork

DECADES = 4  # powers of ten from black to white


@dataclass(frozen=True)
class Terms:
    """The gradient of a sum of losses by the weights of the recurrent layers (both biases of each), taken apart.

    norms: (losses, steps), of the term of the loss at t and the use of the weights at step k; 0 where k is after t.
    kept: of the same shape, the terms that truncation keeps. whole, truncated: the norms of the sums of all terms, and
    of these. cosine: of the angle between the two sums; None where one of them is 0.
    """

    norms: NDArray[np.float64]
    kept: NDArray[np.bool_]
    whole: float
    truncated: float
    cosine: float | None

    @property
    def shades(self) -> NDArray[np.float64]:
        """The norms from 1, the largest, to 0, below a ten-thousandth of it, on a logarithmic scale."""
        norms = self.norms / (self.norms.max() or 1.0)
        return np.clip(1 + np.log10(norms, where=norms > 0, out=np.full_like(norms, -DECADES)) / DECADES, 0, 1)

    def share(self, back: int) -> float:
        """The share of the terms `back` steps before their loss in the sum of all norms."""
        total = self.norms.sum()
        return float(np.trace(self.norms, -back) / total) if total else 0.0


def gradient_terms(network: SequenceNetwork, ids: Ids, targets: Ids, *, window: int) -> Terms:
    """The terms for one sequence. ids, targets: (time,), each target is predicted when its id has been read.

    dL/dW = sum over t of sum over k up to t of dL_t/dW_k, where W_k are the weights as step k uses them (Werbos, 1990).
    They are found as the equation says, by the weights of each step. Truncated back-propagation (Williams and Peng,
    1990) keeps the terms whose loss and step are in one window of so many steps.
    For a network that reads forward and labels every step; it is turned into float64, and nothing in it is dropped.
    """
    losses, weights = unrolled(network.double().eval(), ids, targets)
    steps = len(losses)
    squares = np.zeros((steps, steps))
    kept = np.tri(steps, dtype=bool) & np.equal.outer(np.arange(steps) // window, np.arange(steps) // window)
    whole, truncated = ([torch.zeros_like(array) for array in weights[0]] for _ in range(2))

    def add(array: Tensor, *, step: int, place: int) -> None:
        """Add what the term has for one array, and forget it: all terms of a loss would fill the memory."""
        assert array.grad is not None
        squares[time, step] += array.grad.square().sum().item()
        whole[place] += array.grad
        if kept[time, step]:
            truncated[place] += array.grad
        array.grad = None

    for step, own in enumerate(weights):
        for place, array in enumerate(own):
            hook = partial(add, step=step, place=place)
            array.register_post_accumulate_grad_hook(hook)  # type: ignore[no-untyped-call]
    for time, loss in enumerate(losses):
        used = [array for own in weights[: time + 1] for array in own]
        loss.backward(retain_graph=True, inputs=used)  # type: ignore[no-untyped-call]
    norms = np.sqrt(squares)
    sizes = float(get_total_norm(whole)), float(get_total_norm(truncated))
    if not np.isfinite([*sizes, *norms.flat]).all():
        raise TrainingError("a term is larger than a number of 64 bits can be: take fewer steps or smaller weights")
    along = sum((one * other).sum().item() for one, other in zip(whole, truncated, strict=True))
    product = sizes[0] * sizes[1]
    return Terms(norms, kept, *sizes, cosine=along / product if product else None)


def unrolled(network: SequenceNetwork, ids: Ids, targets: Ids) -> tuple[list[Tensor], list[list[Tensor]]]:
    """The loss of every step, in nats, and the weights of the recurrent layers as each step uses them.

    They are the same numbers in the same memory, and each step has a gradient of its own.
    """
    assert isinstance(network.head, LabelHead)
    state = {name: value.double() for name, value in network.initial_state(1).items()}
    losses, weights = list[Tensor](), list[list[Tensor]]()
    for symbol, target in zip(ids, targets, strict=True):
        own = {name: weight.detach().requires_grad_() for name, weight in network.layers.named_parameters()}
        output, state = functional_call(network.layers, own, (network.input(torch.tensor([[symbol]])), state))
        logits = functional.linear(output[0], network.head.weight, network.head.bias)  # the head's own are float32
        losses.append(functional.cross_entropy(logits, torch.tensor([target])))
        weights.append(list(own.values()))
    return losses, weights
