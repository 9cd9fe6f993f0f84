"""Whole-sequence kernels with a written-out backward pass, for processors; held to the cell's equations by a test.

PyTorch's own recurrent kernels are fast on a GPU. On a processor their backward pass is not, least of all in bfloat16,
and they cannot read a look-up without multiplying it out.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

MINUS_ONE = torch.tensor(-1.0)
through_tanh = torch.ops.aten.tanh_backward.grad_input  # d (1 - t²), for t = tanh a
through_sigmoid = torch.ops.aten.sigmoid_backward.grad_input  # d s (1 - s), for s = sigmoid a

Kernel = Callable[[Tensor, Tensor, tuple[Tensor, ...]], tuple[Tensor, tuple[Tensor, ...]]]


def stretch(x: Tensor) -> Tensor:
    """2 x - 1 in place: turns sigmoid(2 a) into tanh a; the library's sigmoid is five times as fast as its tanh."""
    return torch.add(MINUS_ONE, x, alpha=2, out=x)


class LongShortTermMemory(torch.autograd.Function):
    """The LSTM of cells/lstm.py over a sequence. Products in the type of `shares`, all else in float32."""

    @staticmethod
    def forward(
        ctx: Any, shares: Tensor, weight: Tensor, hidden: Tensor, memory: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """shares: (time, batch, 4 x units), input, forget, candidate, output. weight: (4 x units, units)."""
        time, batch, width = shares.shape
        units = width // 4
        weight = weight.to(shares.dtype)
        hiddens = shares.new_empty(time + 1, batch, units)
        memories = torch.empty(time + 1, batch, units)
        shown = torch.empty(time, batch, units)  # tanh of the memory
        gates = torch.empty(time, batch, width)
        hiddens[0], memories[0] = hidden, memory
        product = torch.empty(batch, units)
        for step in range(time):
            now = gates[step]
            now.copy_(torch.addmm(shares[step], hiddens[step], weight.T))
            admit, keep, candidate, emit = now.chunk(4, dim=1)
            candidate.mul_(2)
            now.sigmoid_()  # of all four gates in one call
            stretch(candidate)
            after = torch.mul(keep, memories[step], out=memories[step + 1]).addcmul_(admit, candidate)
            stretch(torch.mul(after, 2, out=shown[step]).sigmoid_())
            hiddens[step + 1].copy_(torch.mul(emit, shown[step], out=product))
        ctx.save_for_backward(gates, hiddens, memories, shown, weight)
        return hiddens[1:], hiddens[time].float(), memories[time].clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, from_hiddens: Tensor, from_hidden: Tensor, from_memory: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        gates, hiddens, memories, shown, weight = ctx.saved_tensors
        time, batch, width = gates.shape
        units = width // 4
        d_shares = torch.empty(time, batch, width, dtype=hiddens.dtype)
        d_outputs = from_hiddens.float()  # all at once: an operation on two types converts one of them each time
        d_hidden, d_memory = from_hidden.clone(), from_memory.clone()
        d_gates, product = torch.empty(batch, width), torch.empty(batch, units)
        d_admit, d_keep, d_candidate, d_emit = d_gates.chunk(4, dim=1)
        for step in reversed(range(time)):
            now, tanh = gates[step], shown[step]
            admit, keep, candidate, emit = now.chunk(4, dim=1)
            d_hidden.add_(d_outputs[step])
            torch.mul(d_hidden, tanh, out=d_emit)
            d_memory.add_(through_tanh(d_hidden.mul_(emit), tanh, grad_input=product))
            torch.mul(d_memory, candidate, out=d_admit)
            torch.mul(d_memory, memories[step], out=d_keep)
            torch.mul(d_memory, admit, out=product)
            through_sigmoid(d_gates, now, grad_input=d_gates)  # of all four gates in one call
            through_tanh(product, candidate, grad_input=d_candidate)
            d_shares[step].copy_(d_gates)
            d_memory.mul_(keep)
            d_hidden.copy_(torch.mm(d_shares[step], weight))
        d_weight = d_shares.view(-1, width).T @ hiddens[:-1].view(-1, units)
        return d_shares, d_weight.float(), d_hidden, d_memory


def lstm(shares: Tensor, weight: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Outputs (time, batch, units) and the state after: hidden, memory."""
    outputs, hidden, memory = LongShortTermMemory.apply(shares, weight, *state)  # type: ignore[no-untyped-call]
    return outputs, (hidden, memory)


KERNELS: dict[str, Kernel] = {"lstm": lstm}
