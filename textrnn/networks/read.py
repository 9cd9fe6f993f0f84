"""What a layer reads, in torch: vectors, or symbols that stand for them.

A look-up is never multiplied out when it need not be: a layer's product with a one-hot vector is a column of its
weights, and its product with each row of a small embedding is computed once for each symbol, not for each step.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from textrnn.networks.dropout import Dropouts, mask
from textrnn.networks.products import linear


class Read(Protocol):
    """What a layer reads, in the two forms that its kernels ask for."""

    @property
    def steps(self) -> int:
        """Its length in time."""

    def project(self, weight: Tensor, bias: Tensor) -> Tensor:
        """x W^T + b: (time, batch, out)."""

    def vectors(self) -> Tensor:
        """x itself: (time, batch, size)."""

    def reversed(self, lengths: Tensor | None) -> "Read":
        """The first `lengths` steps of each sequence in reverse order, its padding as it is; None: all steps."""

    def dropped(self, dropouts: Dropouts) -> "Read":
        """The same with a share of the entries of x dropped."""


@dataclass(frozen=True)
class Vectors:
    """Vectors as they come, such as the layer below makes them."""

    values: Tensor  # (time, batch, size)

    @property
    def steps(self) -> int:
        return len(self.values)

    def project(self, weight: Tensor, bias: Tensor) -> Tensor:
        return linear(self.values, weight, bias)

    def vectors(self) -> Tensor:
        return self.values

    def reversed(self, lengths: Tensor | None) -> "Vectors":
        return Vectors(reverse(self.values, lengths))

    def dropped(self, dropouts: Dropouts) -> "Vectors":
        return Vectors(dropouts.drop(self.values, dropouts.input))


@dataclass(frozen=True)
class Lookup:
    """Rows of a table, by id."""

    ids: Tensor  # (time, batch)
    table: Tensor  # (symbols, size)

    @property
    def steps(self) -> int:
        return len(self.ids)

    def project(self, weight: Tensor, bias: Tensor) -> Tensor:
        if len(self.table) < self.ids.numel():
            return functional.embedding(self.ids, linear(self.table, weight, bias))
        return linear(self.vectors(), weight, bias)

    def vectors(self) -> Tensor:
        return functional.embedding(self.ids, self.table)

    def reversed(self, lengths: Tensor | None) -> "Lookup":
        return Lookup(reverse(self.ids, lengths), self.table)

    def dropped(self, dropouts: Dropouts) -> "Lookup | Vectors":
        return Vectors(self.vectors()).dropped(dropouts) if dropouts.input else self


@dataclass(frozen=True)
class OneHotLookup:
    """Unit vectors, by id. They have one entry to drop: a symbol, everywhere or where it is read."""

    ids: Tensor  # (time, batch)
    kept: Tensor  # (symbols,): the entry that is not 0, 1 but where symbols are dropped
    factor: Tensor | None = None  # (time, batch): what that entry is multiplied by

    @property
    def steps(self) -> int:
        return len(self.ids)

    def project(self, weight: Tensor, bias: Tensor) -> Tensor:
        columns = weight.T * self.kept[:, None]
        if self.factor is None:
            return functional.embedding(self.ids, columns + bias)
        return functional.embedding(self.ids, columns) * self.factor[..., None] + bias

    def vectors(self) -> Tensor:
        vectors = functional.embedding(self.ids, torch.diag(self.kept))
        return vectors if self.factor is None else vectors * self.factor[..., None]

    def reversed(self, lengths: Tensor | None) -> "OneHotLookup":
        factor = None if self.factor is None else reverse(self.factor, lengths)
        return OneHotLookup(reverse(self.ids, lengths), self.kept, factor)

    def dropped(self, dropouts: Dropouts) -> "OneHotLookup":
        if not dropouts.input:
            return self
        if not dropouts.per_sequence:
            return OneHotLookup(self.ids, self.kept, mask(self.ids.shape, dropouts.input, device=self.ids.device))
        shape = (self.ids.shape[1], len(self.kept))  # of each sequence, which symbols
        entries = mask(shape, dropouts.input, device=self.ids.device)
        return OneHotLookup(self.ids, self.kept, entries.gather(1, self.ids.T).T)


def reverse(values: Tensor, lengths: Tensor | None) -> Tensor:
    """The first `lengths` (batch,) steps of each sequence in reverse order, its padding as it is: (time, batch, …)."""
    if lengths is None:
        return values.flip(0)
    step = torch.arange(len(values), device=values.device)[:, None]
    place = torch.where(step < lengths, lengths - 1 - step, step)  # (time, batch)
    return values.gather(0, place.view(*place.shape, *(1,) * (values.ndim - 2)).expand_as(values))
