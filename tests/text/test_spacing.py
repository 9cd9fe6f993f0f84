"""Where a space stands between words, decided from the past alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.text.spacing import Spacing

MARKS = st.sampled_from(
    [*"\"'`.,;:!?%)]}([{$“”‘’…\n", "a", "B", "'s", "n't", "''", "``", "--", "@-@", "@,@", "3", "<unk>"]
)


@given(before=st.lists(MARKS, max_size=12), after=st.lists(MARKS, max_size=12))
def test_two_calls_join_as_one_does(before: list[str], after: list[str]) -> None:
    spacing = Spacing()
    assert spacing.join(before) + spacing.join(after) == Spacing().join([*before, *after])


@given(words=st.lists(MARKS, max_size=12))
def test_nothing_but_glue_and_spaces_changes(words: list[str]) -> None:
    spelt = "".join(word.strip("@") if word.startswith("@") else word for word in words)
    assert Spacing().join(words).replace(" ", "") == spelt


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("it 's n't we 'll I 'm", "it'sn't we'll I'm"),
        ("he said , `` yes '' .", "he said, ``yes''."),
        ('" a " b " c "', '"a" b "c"'),
        ("( a ) [ b ] { c }", "(a) [b] {c}"),
        ("“ a ” ‘ b ’ « c »", "“a” ‘b’ «c»"),
        ("a @-@ b 1 @,@ 000 3 @.@ 5", "a-b 1,000 3.5"),
        ("$ 5 £ 6 7 % # 8", "$5 £6 7% #8"),
        ("a -- b … c ...", "a -- b… c..."),
        (". a", ". a"),
        ("@-@ a", "-a"),
    ],
)
def test_a_space_stands_where_a_reader_expects_one(words: str, text: str) -> None:
    assert Spacing().join(words.split()) == text


def test_a_line_begins_anew() -> None:
    assert Spacing().join(["(", '"', "a", "\n", "b", '"', "c", '"', "\n", "\n", "."]) == '("a\nb "c"\n\n.'
