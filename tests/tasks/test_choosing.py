"""Which wording is likelier: the lines, and the ranking by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import fake_language_model
from textrnn.errors import DataError
from textrnn.tasks.choosing import MOST_WORDINGS, ranked, wordings
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.scoring import Score
from textrnn.text.tokenizer import OutOfVocabulary


@pytest.mark.parametrize(
    ("line", "choices", "texts"),
    [
        ("on a {plain|plane}.", ["plain", "plane"], ["on a plain.", "on a plane."]),
        ("{a|b}{c|d}", ["a, c", "a, d", "b, c", "b, d"], ["ac", "ad", "bc", "bd"]),
        ("{a|b} x {c|d|} y", ["a, c", "a, d", "a, ", "b, c", "b, d", "b, "], None),
        ("very{ very|} good", [" very", ""], ["very very good", "very good"]),
        ("{|a}", ["", "a"], ["", "a"]),
        ("{a} {b|c}", ["a, b", "a, c"], ["a b", "a c"]),
        ("a | b {c|d}", ["c", "d"], ["a | b c", "a | b d"]),
        (r"\{ {a\|b|c\}} \\", ["a|b", "c}"], ["{ a|b \\", "{ c} \\"]),
        (r"C:\new {a|b}", ["a", "b"], [r"C:\new a", r"C:\new b"]),
        ("{a|a}", ["a", "a"], ["a", "a"]),
    ],
)
def test_every_way_to_read_a_line(line: str, choices: list[str], texts: list[str] | None) -> None:
    found = wordings(line)
    assert [wording.choice for wording in found] == choices
    if texts is not None:
        assert [wording.text for wording in found] == texts


@given(
    alternatives=st.lists(st.lists(st.text("ab{}|\\ ", max_size=3), min_size=2, max_size=3), min_size=1, max_size=3),
    fixed=st.text("ab{}|\\ ", max_size=3),
)
def test_any_character_can_be_written(alternatives: list[list[str]], fixed: str) -> None:
    def escaped(text: str) -> str:
        return "".join("\\" + mark if mark in "{}|\\" else mark for mark in text)

    line = escaped(fixed) + "".join("{" + "|".join(map(escaped, slot)) + "}" for slot in alternatives)
    texts = [fixed]
    for slot in alternatives:
        texts = [text + alternative for text in texts for alternative in slot]
    assert [wording.text for wording in wordings(line)] == texts


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "nothing to choose from"),
        ("a b", "nothing to choose from"),
        ("a | b", "nothing to choose from"),
        ("{a} {b}", "nothing to choose from"),
        ("{}", "nothing to choose from"),
        (r"\{a|b\}", "nothing to choose from"),
        ("{a|b", "a { without its partner"),
        ("a|b}", "a } without its partner"),
        ("{a|{b|c}}", "a { without its partner"),
        ("{a|b}}", "a } without its partner"),
        ("}{", "a } without its partner"),
        ("{a|b\\}", "a { without its partner"),
        ("{a|b|c|d|e|f|g|h|i|j}" * 5, "more than 10,000 wordings"),
        ("{a|b}" * 10_000, "more than 10,000 wordings"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        wordings(line, place="a.csv, line 7")
    assert str(caught.value).startswith("a.csv, line 7")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_as_many_wordings_as_are_allowed() -> None:
    assert len(wordings("{0|1|2|3|4|5|6|7|8|9}" * 4)) == MOST_WORDINGS


def test_probability_and_odds_by_hand() -> None:
    """a has 3/10, b 4/10 and what is unknown 1/10: b a, a a, ? a stand as 4 to 3 to 1."""
    (rows,) = fake_language_model().choose(["{a|?|b}a"])
    assert [(row.line, row.rank, row.choice, row.text) for row in rows] == [
        (1, 1, "b", "ba"),
        (1, 2, "a", "aa"),
        (1, 3, "?", "?a"),
    ]
    assert [row.probability for row in rows] == pytest.approx([4 / 8, 3 / 8, 1 / 8], rel=1e-6)
    assert [row.odds for row in rows] == pytest.approx([4 / 4, 3 / 5, 1 / 7], rel=1e-6)
    expected = [math.log(each * 3 / 100) for each in (4, 3, 1)]
    assert [row.logprob for row in rows] == pytest.approx(expected, rel=1e-6)


def test_wordings_of_different_lengths_count_all_their_symbols_and_the_end_of_a_line() -> None:
    for unit, end in (("line", 0.2), ("text", 1.0)):
        (rows,) = fake_language_model(unit).choose(["a{|b|bb}"])  # type: ignore[arg-type]
        assert [row.choice for row in rows] == ["", "b", "bb"]
        expected = [math.log(0.3 * 0.4**count * end) for count in range(3)]
        assert [row.logprob for row in rows] == pytest.approx(expected, rel=1e-6)
        assert rows[0].odds == pytest.approx(1 / (0.4 + 0.16), rel=1e-6)


def test_equal_wordings_stay_in_order_and_share_the_probability() -> None:
    rows = next(fake_language_model().choose(["{ab|ba|ab}"]))
    assert [row.choice for row in rows] == ["ab", "ba", "ab"]
    assert [row.rank for row in rows] == [1, 2, 3]
    assert [row.probability for row in rows] == pytest.approx([1 / 3] * 3)
    assert [row.odds for row in rows] == pytest.approx([1 / 2] * 3)


def test_what_is_out_of_reach_has_no_probability_left() -> None:
    found = ranked(1, wordings("{a|b}"), [Score("a", -2000.0, ["a"], []), Score("b", -1.0, ["b"], [])])
    assert [(row.choice, row.probability) for row in found] == [("b", 1.0), ("a", 0.0)]
    assert [row.odds for row in found] == [math.inf, 0.0]


def test_lines_keep_their_order_and_equal_their_scores(exact: LanguageModel, near: LanguageModel) -> None:
    lines = ["To {be|bee}, or {not|knot}", "{a|b}" * 6, r"\{{x|y|z}", "long " * 40 + "{one|two}"]
    for model, tolerance in ((exact, 0), (near, 1e-4)):
        chosen = list(model.choose(line for line in lines))
        assert [rows[0].line for rows in chosen] == [1, 2, 3, 4]
        for line, rows in zip(lines, chosen, strict=True):
            texts = [wording.text for wording in wordings(line)]
            assert sorted(row.text for row in rows) == sorted(texts)
            scored = {score.text: score.logprob for score in model.score(texts)}
            assert [row.logprob for row in rows] == pytest.approx([scored[row.text] for row in rows], abs=tolerance)
            assert [row.logprob for row in rows] == sorted((row.logprob for row in rows), reverse=True)
            assert math.fsum(row.probability for row in rows) == pytest.approx(1)
            for row in rows:
                assert row.odds == pytest.approx(row.probability / (1 - row.probability), rel=1e-6)


def test_a_wording_lists_what_the_vocabulary_lacks_of_it_alone() -> None:
    (rows,) = fake_language_model().choose(["?a{b|c?}"])
    lacking = {row.choice: row.oov for row in rows}
    assert lacking == {
        "b": [OutOfVocabulary("?", 0)],
        "c?": [OutOfVocabulary("?", 0), OutOfVocabulary("c", 2), OutOfVocabulary("?", 3)],
    }
    assert [row.oov for row in next(fake_language_model().choose(["a{a|b}"]))] == [[], []]


def test_a_line_alone_is_one_line_and_not_its_characters() -> None:
    model = fake_language_model()
    assert list(model.choose("{a|b}b")) == list(model.choose(["{a|b}b"]))


def test_no_lines_are_no_choices() -> None:
    assert list(fake_language_model().choose([])) == []
