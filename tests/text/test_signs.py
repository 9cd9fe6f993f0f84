"""What people are shown of symbols can be seen, and tells them apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.text.signs import printable, visible


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [("a b\n", "a␣b↵"), ("\t", "⇥"), ("\x1b[1m", r"\x1b[1m"), ("\u200b", r"\u200b"), ("\U000e0001", r"\U000e0001")],
)
def test_what_would_not_be_seen_has_a_sign_or_its_escape(symbol: str, expected: str) -> None:
    assert visible(symbol) == expected


@given(st.text())
def test_whatever_is_shown_can_be_seen(text: str) -> None:
    assert visible(text).isprintable()
    assert " " not in visible(text)
    assert printable(text).replace(" ", "").isprintable()
    assert printable(text, keep=text) == text
