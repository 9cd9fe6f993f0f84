"""Softmax over many classes and its loss, a few rows at a time: the whole array of logits never exists."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from textrnn.batch import IGNORE

FEW_CLASSES = 1024  # for which the plain way is as fast
ENTRIES_AT_ONCE = 2**22  # logits of one block


class BlockwiseCrossEntropy(torch.autograd.Function):
    """Sum over rows of -log softmax(hidden W^T + b)[target]. The gradient is made with the loss, block by block."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float, learns: bool
    ) -> Tensor:
        """hidden: (rows, size). weight: (classes, size). bias: (classes,). targets: (rows,), some of them IGNORE."""
        kept = targets != IGNORE
        if not kept.all():
            rows = kept.nonzero().squeeze(1)
            hidden_kept, targets_kept = hidden[rows], targets[rows]
        else:
            rows, hidden_kept, targets_kept = None, hidden, targets
        wanted = learns and any(ctx.needs_input_grad)
        matrix = weight.to(hidden.dtype)
        shift = bias.float()
        nats = torch.zeros((), device=hidden.device)
        if wanted:
            d_hidden = torch.empty_like(hidden_kept)
            d_weight, d_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        size = max(1, ENTRIES_AT_ONCE // len(weight))
        for begin in range(0, len(hidden_kept), size):
            block, target = hidden_kept[begin : begin + size], targets_kept[begin : begin + size, None]
            logits = torch.mm(block, matrix.T).float().add_(shift)
            logprobs = torch.log_softmax(logits, -1)
            nats -= (1 - smoothing) * logprobs.gather(1, target).sum()
            if smoothing:
                nats -= smoothing * logprobs.mean(1).sum()
            if not wanted:
                continue
            of_target = logprobs.new_full(target.shape, smoothing - 1)
            d_logits = torch.exp(logprobs, out=logprobs).scatter_add_(1, target, of_target)
            if smoothing:
                d_logits -= smoothing / len(weight)
            d_bias += d_logits.sum(0)
            rounded = d_logits.to(hidden.dtype)
            torch.mm(rounded, matrix, out=d_hidden[begin : begin + size])
            d_weight += torch.mm(rounded.T, block)
        if wanted:
            if rows is not None:
                d_hidden = torch.zeros_like(hidden).index_copy_(0, rows, d_hidden)
            ctx.save_for_backward(d_hidden, d_weight, d_bias)
        return nats

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        d_hidden, d_weight, d_bias = ctx.saved_tensors
        return d_hidden * scale, d_weight * scale, d_bias * scale, None, None, None


def cross_entropy(hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """-log softmax(hidden W^T + b)[target], summed over the rows (rows, size) whose target counts.

    smoothing: the share of a target's weight that all classes have (Szegedy et al., 2016).
    """
    if len(weight) <= FEW_CLASSES:
        logits = functional.linear(hidden, weight.to(hidden.dtype), bias.to(hidden.dtype)).float()
        return functional.cross_entropy(
            logits, targets, ignore_index=IGNORE, reduction="sum", label_smoothing=smoothing
        )
    learns = torch.is_grad_enabled()  # `forward` cannot see it
    nats: Tensor = BlockwiseCrossEntropy.apply(hidden, weight, bias, targets, smoothing, learns)  # type: ignore[no-untyped-call]
    return nats
