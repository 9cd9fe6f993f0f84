"""How many parameters a layer has, as the sum that textbooks write: with numbers in it, or with letters."""

from dataclasses import dataclass
from math import prod

from textrnn.cells.cell import Cell

Size = int | str
Product = tuple[Size, ...]


@dataclass(frozen=True)
class Term:
    """A sum of products, so many times over."""

    products: tuple[Product, ...]
    times: int = 1

    def __str__(self) -> str:
        summed = " + ".join(" × ".join(map(str, product)) for product in self.products)
        if self.times == 1:
            return summed
        return f"{self.times} × {summed}" if len(self.products) == 1 else f"{self.times} × ({summed})"


@dataclass(frozen=True)
class Formula:
    """A sum of terms, such as 4 × (16 × 14 + 16 × 16 + 16) + 3 × 16."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return " + ".join(map(str, self.terms))

    @property
    def value(self) -> int:
        """What it comes to; of numbers alone."""
        return sum(term.times * sum(prod(map(int, product)) for product in term.products) for term in self.terms)


def sum_of(*products: Product) -> Formula:
    """A plain sum of products."""
    return Formula((Term(products),))


def cell_formula(cell: Cell, *, inputs: Size, units: Size, projection: Size | None = None) -> Formula:
    """The parameters of a layer of this cell: for each gate W, U and b, and what the cell has besides.

    A bias that is only ever added to another is no parameter of its own.
    """
    hidden, bias = projection or units, (units,)
    reading = len(cell.recurrent_gates)
    terms = [
        Term(((units, inputs), (units, hidden), bias), times=reading),
        Term(((units, inputs), bias), times=len(cell.gates) - reading),
        Term((bias,), times=len(cell.second_biases)),
        Term((bias,), times=len(cell.peepholes)),
        Term(((hidden, units),), times=projection is not None),
    ]
    return Formula(tuple(term for term in terms if term.times))
