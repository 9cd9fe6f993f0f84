"""Products with one matrix at every step of a scan, whose layout is prepared once.

On a processor PyTorch hands a product in float32 to a library that reads the matrix as it lies. oneDNN, which is part
of PyTorch too, lays it out first; where the products are many and small that makes them faster, on some processors more
than twice. It is asked by operators that torch.compile uses, and where they are not there torch.mm does.
"""

import torch
from torch import Tensor

FEWEST = 8  # products for which the layout pays
TYPES = (torch.float32, torch.bfloat16)


def has_onednn() -> bool:
    """Whether PyTorch offers oneDNN's products with a prepared matrix."""
    operators = ("_reorder_linear_weight", "_linear_pointwise")
    is_there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return is_there and all(hasattr(torch.ops.mkldnn, name) for name in operators)


class Prepared:
    """A matrix W (out, in) for `count` products x W^T with x of `rows` rows."""

    def __init__(self, weight: Tensor, *, rows: int, count: int) -> None:
        self._transposed, self._laid_out = weight.T, None
        suits = weight.device.type == "cpu" and weight.dtype in TYPES and weight.numel() > 0
        if suits and count >= FEWEST and has_onednn():
            self._laid_out = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), rows)

    def times(self, x: Tensor) -> Tensor:
        """x W^T: (rows, out)."""
        if self._laid_out is None:
            return torch.mm(x, self._transposed)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._laid_out, None, "none", [], "")
        return product

    def plus(self, addend: Tensor, x: Tensor) -> Tensor:
        """addend + x W^T, rounded once: (rows, out)."""
        if self._laid_out is None:
            return torch.addmm(addend, x, self._transposed)
        total: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, addend, self._laid_out, None, "add")
        return total
