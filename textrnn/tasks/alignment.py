"""Which words of a source a translator looked at for each word of a translation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.engines.engine import Floats
from textrnn.errors import ModelError
from textrnn.metrics.words import words_of


@dataclass(frozen=True)
class Alignment:
    """The words of a source and of its translation, what stands between white space.

    weights: for each word of the translation that of each word of the source; they sum to 1.
    """

    source: list[str]
    target: list[str]
    weights: list[list[float]]

    def links(self) -> list[tuple[int, int]]:
        """For each word of the translation the word of the source with the most weight: (source, target), from 0."""
        return [(int(np.argmax(row)), place) for place, row in enumerate(self.weights)]

    def pharaoh(self) -> str:
        """The links as Pharaoh and its heirs write them: 0-0 2-1 1-2."""
        return " ".join(f"{source}-{target}" for source, target in self.links())


def align(
    source: str, source_ends: Sequence[int], target: str, target_ends: Sequence[int], attention: Floats
) -> Alignment:
    """The alignment of words from the attention (symbols of the target, symbols of the source).

    source_ends, target_ends: for each symbol of a text the character behind its last; rows beyond those of the target,
    such as that of <eos>, do not count. A word of several symbols has the mean of their rows, and the sum of their
    columns. Of several words that are one symbol each has its row, and the last its column. Raises ModelError where a
    row does not sum to 1, as a changed graph may have it.
    """
    if not np.allclose(attention.sum(1), 1, atol=1e-3):
        raise ModelError("the weights of attention do not sum to 1: the model is damaged")
    words, owners = words_of(source, source_ends)
    made, makers = words_of(target, target_ends)
    rows = sum_by(attention[: len(target_ends)].astype(np.float64).T, owners, len(words)).T  # (symbols, words)
    weights = sum_by(rows, makers, len(made))
    within = ~np.isin(np.arange(len(made)), makers)  # words that end within a symbol
    behind = np.array([word.end for word in made], np.intp)
    weights[within] = rows[np.searchsorted(target_ends, behind[within])]
    weights /= weights.sum(1, keepdims=True)
    return Alignment([word.text for word in words], [word.text for word in made], weights.tolist())


def sum_by(rows: NDArray[np.float64], owners: Sequence[int], count: int) -> NDArray[np.float64]:
    """The sum of the rows that each of `count` owners has."""
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, np.array(owners, np.intp), rows)
    return sums
