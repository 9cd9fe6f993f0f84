"""What is counted at each character, drawn under the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.text.properties import PROPERTIES

DRAWN = {
    "line-position": ("ab\nc\n\nd", "1231211"),
    "word-position": ("ab, c\nd", "1230101"),
    "sentence-position": ("Hi! A b.\n\nC", "12312345121"),
    "in-quotes": ('a "b" c “d” «e» f', "00110000110011000"),
    "in-brackets": ("a (b [c]) )d(", "0011122100001"),
    "capital": ("aB Éé1", "010100"),
    "digit": ("a1٢ 3", "01101"),
    "space": ("a b\tc\n", "010101"),
    "word-end": ("ab, c\nd", "0010101"),
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_each_character_has_its_number(name: str) -> None:
    text, numbers = DRAWN[name]
    assert "".join(map(str, PROPERTIES[name].numbers(text))) == numbers


def test_an_empty_line_ends_a_quotation_that_nobody_closed() -> None:
    assert list(PROPERTIES["in-quotes"].numbers('"a\n\nb "c"')) == [1, 1, 1, 0, 0, 0, 1, 1, 0]


@given(st.text(alphabet=' \n\t"“”()[]aB1.!é'), st.sampled_from(list(PROPERTIES)))
def test_there_are_as_many_numbers_as_characters(text: str, name: str) -> None:
    numbers = list(PROPERTIES[name].numbers(text))
    assert len(numbers) == len(text)
    assert min(numbers, default=0) >= 0
