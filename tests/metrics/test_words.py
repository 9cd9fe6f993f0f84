"""Rows of words from rows of symbols, by hand."""

import math

import pytest

from textrnn.metrics.tokens import TokenLogprob
from textrnn.metrics.words import by_words


def symbols(*values: float) -> list[TokenLogprob]:
    return [TokenLogprob("?", value, -value / math.log(2), 1) for value in values]


@pytest.mark.parametrize(
    ("text", "ends", "rows"),
    [
        ("ab c", [1, 2, 3, 4], [("ab", 1 + 2), ("c", 4 + 8)]),  # the space counts with the word behind it
        ("  ab", [1, 2, 3, 4], [("ab", 1 + 2 + 4 + 8)]),
        ("a b  ", [1, 2, 3, 4, 5], [("a", 1), ("b", 2 + 4 + 8 + 16)]),  # at the end with the last word
        ("a\tb\n", [1, 3, 4], [("a", 1), ("b", 2 + 4)]),
        ("cats' (hat)", [4, 5, 7, 10, 11], [("cats'", 1 + 2), ("(hat)", 4 + 8 + 16)]),
        ("", [], []),
        ("  ", [1, 2], [("  ", 1 + 2)]),
        ("é é", [1, 1, 3, 3], [("é", 1 + 2), ("é", 4 + 8)]),  # two bytes each
    ],
)
def test_a_word_is_the_sum_of_what_spells_it(text: str, ends: list[int], rows: list[tuple[str, int]]) -> None:
    values = [-float(2**index) for index in range(len(ends))]
    found = by_words(text, ends, symbols(*values))
    assert [(row.token, -row.logprob) for row in found] == rows
    assert all(row.rank is None and row.surprisal_bits == -row.logprob / math.log(2) for row in found)


def test_the_end_has_a_row_of_its_own() -> None:
    (end,) = symbols(-8)
    assert by_words("ab", [1, 2], [*symbols(-1, -2), end])[1:] == [end]
    assert by_words("", [], [end]) == [end]


def test_a_word_that_ends_within_a_symbol_has_a_row_too() -> None:
    found = by_words("a b cd", [3, 6], symbols(-1, -2))
    assert [row.token for row in found] == ["a", "b", "cd"]
    assert math.fsum(row.logprob for row in found) == -3
