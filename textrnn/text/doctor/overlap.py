"""Records that occur again, within a file or in another: compared by their hashes of 64 bits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.text.doctor.measures import BLANK, Measures, as_array


@dataclass(frozen=True)
class Repeated:
    """A record that occurs more than once: the index of the first, and how often."""

    first: int
    count: int


@dataclass(frozen=True)
class Shared:
    """Records of a file that another has too. pairs: the first lines, here and there."""

    records: int
    distinct: int
    pairs: list[tuple[int, int]]


def repeated(measures: Measures, *, exactly: bool) -> list[Repeated]:
    """The records that occur more than once, blank ones apart; the most frequent first, then by their place."""
    hashes, indices = hashes_of(measures, exactly=exactly)
    _, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    again = counts > 1
    found = [Repeated(int(indices[at]), int(count)) for at, count in zip(first[again], counts[again], strict=True)]
    return sorted(found, key=lambda row: (-row.count, row.first))


def shared(measures: Measures, other: Measures, *, exactly: bool, most: int) -> Shared:
    """What a file has in common with another, blank records apart."""
    here, indices = hashes_of(measures, exactly=exactly)
    there, indices_there = hashes_of(other, exactly=exactly)
    common, first, first_there = np.intersect1d(here, there, return_indices=True)
    order = np.argsort(first)[:most]
    pairs = [
        (measures.lines[indices[first[at]]], other.lines[indices_there[first_there[at]]]) for at in map(int, order)
    ]
    return Shared(int(np.isin(here, common).sum()), len(common), pairs)


def hashes_of(measures: Measures, *, exactly: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The hashes of the records that are not blank, and their indices."""
    folded = as_array(measures.folded)
    indices = np.flatnonzero(folded != BLANK)
    return (as_array(measures.hashes) if exactly else folded)[indices], indices
