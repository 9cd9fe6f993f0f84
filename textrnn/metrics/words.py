"""The figures of words from those of the symbols that spell them."""

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textrnn.metrics.tokens import TokenLogprob

WORD = re.compile(r"\S+")


class Word(NamedTuple):
    """A word of a text, and the characters that it is."""

    text: str
    begin: int
    end: int


def words_of(text: str, ends: Sequence[int]) -> tuple[list[Word], list[int]]:
    """The words of a text, what stands between white space; and for each symbol the number of its word.

    ends: for each symbol of the text the character behind its last. White space counts with the word after it (at the
    end of the text with the last word), for there the symbols of words have it. A text of white space alone is a word
    if it has symbols.
    """
    words = [Word(match[0], *match.span()) for match in WORD.finditer(text)]
    if ends and not words:
        words = [Word(text, 0, len(text))]
    behind = [word.end for word in words]
    return words, [min(bisect_left(behind, end), len(words) - 1) for end in ends]


def by_words(text: str, ends: Sequence[int], symbols: Iterable[TokenLogprob]) -> list[TokenLogprob]:
    """One row for each word, see `words_of`; the sum over the rows is the sum over the symbols.

    Symbols beyond those of the text, such as <eos>, keep a row of their own.
    """
    rows = list(symbols)
    words, owners = words_of(text, ends)
    sums: list[list[float]] = [[] for _ in words]
    for owner, row in zip(owners, rows, strict=False):
        sums[owner].append(row.logprob)
    table = [word_row(word.text, math.fsum(parts)) for word, parts in zip(words, sums, strict=True)]
    return table + rows[len(ends) :]


def word_row(word: str, logprob: float) -> TokenLogprob:
    """A word has no rank: it is not one of the symbols that it could be compared with."""
    return TokenLogprob(word, logprob, 0.0 - logprob / math.log(2), None)
