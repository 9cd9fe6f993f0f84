"""The figures of words from those of the symbols that spell them."""

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from textrnn.metrics.tokens import TokenLogprob

WORD = re.compile(r"\S+")


def by_words(text: str, ends: Sequence[int], symbols: Iterable[TokenLogprob]) -> list[TokenLogprob]:
    """One row for each word, what stands between white space; the sum over the rows is the sum over the symbols.

    ends: for each symbol of the text the character behind its last. White space counts with the word after it (at the
    end of the text with the last word), for there the symbols of words have it. Symbols beyond those of the text, such
    as <eos>, keep a row of their own.
    """
    rows = list(symbols)
    words = [(match.end(), match[0]) for match in WORD.finditer(text)]
    if ends and not words:
        words = [(len(text), text)]
    behind = [end for end, _ in words]
    sums: list[list[float]] = [[] for _ in words]
    for end, row in zip(ends, rows, strict=False):
        sums[min(bisect_left(behind, end), len(words) - 1)].append(row.logprob)
    table = [word_row(word, math.fsum(parts)) for (_, word), parts in zip(words, sums, strict=True)]
    return table + rows[len(ends) :]


def word_row(word: str, logprob: float) -> TokenLogprob:
    """A word has no rank: it is not one of the symbols that it could be compared with."""
    return TokenLogprob(word, logprob, 0.0 - logprob / math.log(2), None)
