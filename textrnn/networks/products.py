"""Matrix products by oneDNN, where PyTorch has it and would ask another library.

On a processor PyTorch hands products in float32 to a library that on some processors is less than half as fast as
oneDNN, which is part of PyTorch too. And where one matrix is multiplied at every step, oneDNN lays it out once. It is
asked by the operators that torch.compile uses; where they are not there, torch.mm does.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

FEWEST = 8  # products for which a layout pays
TYPES = (torch.float32, torch.bfloat16)


@cache
def has_onednn() -> bool:
    """Whether PyTorch offers oneDNN's products with a prepared matrix."""
    operators = ("_reorder_linear_weight", "_linear_pointwise")
    is_there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return is_there and all(hasattr(torch.ops.mkldnn, name) for name in operators)


def by_onednn(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b for x (rows, in) and W (out, in), as it lies or laid out."""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return product


class Prepared:
    """A matrix W (out, in) for `count` products x W^T with x of `rows` rows."""

    def __init__(self, weight: Tensor, *, rows: int, count: int) -> None:
        self._transposed, self._laid_out = weight.T, None
        suits = weight.device.type == "cpu" and weight.dtype in TYPES and weight.numel() > 0
        if suits and count >= FEWEST and has_onednn():
            self._laid_out = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), rows)

    def times(self, x: Tensor) -> Tensor:
        """x W^T: (rows, out)."""
        return torch.mm(x, self._transposed) if self._laid_out is None else by_onednn(x, self._laid_out)

    def plus(self, addend: Tensor, x: Tensor) -> Tensor:
        """addend + x W^T, rounded once: (rows, out)."""
        if self._laid_out is None:
            return torch.addmm(addend, x, self._transposed)
        total: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, addend, self._laid_out, None, "add")
        return total


class Linear(torch.autograd.Function):
    """x W^T + b in float32 on a processor, x (rows, in)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return by_onednn(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        d = d.contiguous()
        from_x = by_onednn(d, weight.T.contiguous()) if ctx.needs_input_grad[0] else None
        return from_x, d.T @ x, d.sum(0)


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x W^T + b: (…, out)."""
    is_float32 = x.dtype == weight.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
    if not (is_float32 and weight.device.type == "cpu" and has_onednn()):
        return functional.linear(x, weight, bias)
    product: Tensor = Linear.apply(x.reshape(-1, x.shape[-1]), weight, bias)  # type: ignore[no-untyped-call]
    return product.view(*x.shape[:-1], len(weight))
