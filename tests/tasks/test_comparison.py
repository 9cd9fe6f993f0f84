"""Two models side by side: what compares, what does not, and which finds a line likelier."""

import math
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import fake_language_model
from textrnn.config import Unit
from textrnn.metrics.metric import Metric
from textrnn.tasks.comparison import compare, line_odds, side_by_side, why_not_per_symbol
from textrnn.tasks.language_model import LanguageModel

ONE = fake_language_model("line")  # <unk> 1, <eos> 2, a 3, b 4 tenths
OTHER = fake_language_model("line", tenths=(0, 1, 0, 4, 2, 3))
TURNED = fake_language_model("line", characters="ba", tenths=(0, 1, 0, 4, 3, 2))  # the same with other ids
LARGER = fake_language_model("line", characters="abc", tenths=(0, 1, 0, 4, 2, 2, 1))
RUNNING = fake_language_model("text", characters="ab\n", tenths=(0, 1, 0, 0, 2, 2, 5))
TEXT = "ab\nb\n"
PERPLEXITIES = ["perplexity", "perplexity_without_oov", "perplexity_without_eos", "perplexity_without_oov_without_eos"]
RATES = ["nats_per_character", "bits_per_character", "bits_per_byte"]


def by_name(a: LanguageModel, b: LanguageModel, text: str = TEXT) -> dict[str, dict[str, float]]:
    return {row.metric: asdict(row) for row in compare(a, b, text)}


@pytest.mark.parametrize("other", [OTHER, TURNED])
def test_models_of_the_same_symbols_are_compared_in_every_figure(other: LanguageModel) -> None:
    rows = by_name(ONE, other)
    assert list(rows) == PERPLEXITIES + RATES
    nats = -math.log(0.3 * 0.4 * 0.2 * 0.4 * 0.2)
    others = -math.log(0.2 * 0.3 * 0.4 * 0.3 * 0.4)
    row = rows["perplexity"]
    assert (row["a"], row["b"]) == (pytest.approx(math.exp(nats / 5)), pytest.approx(math.exp(others / 5)))
    row = rows["nats_per_character"]  # a line's end is a character of the text
    assert (row["a"], row["b"]) == (pytest.approx(nats / 5), pytest.approx(others / 5))
    for row in rows.values():
        assert row["difference"] == row["b"] - row["a"]
        assert row["ratio"] == row["b"] / row["a"]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (LARGER, "the vocabularies differ: a has 6 symbols (char) and b 7 symbols (char)"),
        (RUNNING, "the vocabularies differ: a has 6 symbols (char) and b 7 symbols (char)"),
        (fake_language_model("text"), "a predicts the end of each line, b newlines"),
    ],
)
def test_models_of_other_symbols_are_compared_by_the_text_alone(other: LanguageModel, why: str) -> None:
    assert why_not_per_symbol(ONE, other) == why
    assert list(by_name(ONE, other)) == list(by_name(other, ONE)) == RATES


def test_a_line_end_is_a_newline_to_one_and_an_end_to_the_other() -> None:
    row = by_name(ONE, RUNNING)["bits_per_byte"]
    assert row["a"] == pytest.approx(-math.log2(0.3 * 0.4 * 0.2 * 0.4 * 0.2) / 5)
    assert row["b"] == pytest.approx(-math.log2(0.2 * 0.2 * 0.5 * 0.2 * 0.5) / 5)
    assert row["protocol"].startswith("a: with <eos>; each line from <start>")
    assert "; b: without <eos>; one pass from <start>" in row["protocol"]


def test_what_one_model_cannot_give_is_null_with_the_reason() -> None:
    row = by_name(ONE, LARGER, "abc\n")["bits_per_character"]
    assert (row["a"], row["difference"], row["ratio"]) == (None, None, None)
    assert row["b"] == pytest.approx(-math.log2(0.2 * 0.2 * 0.1 * 0.4) / 4)
    assert row["protocol"].startswith("a: not given: 1 symbols are <unk>")


def test_infinite_and_zero_figures_have_no_ratio() -> None:
    assert side_by_side(Metric("x", math.inf, ""), Metric("x", math.inf, "")).difference is None
    row = side_by_side(Metric("x", 0.0, "so"), Metric("x", 1.0, "so"))
    assert (row.difference, row.ratio, row.protocol) == (1.0, None, "so")


def test_the_log_odds_of_a_line_are_those_of_the_line_and_its_end() -> None:
    rows = list(line_odds(ONE, RUNNING, ["ab", "", "abc", "aaa"]))
    assert [row.text for row in rows] == ["ab", "", "abc", "aaa"]
    assert rows[0].a_logprob == pytest.approx(math.log(0.3 * 0.4 * 0.2))
    assert rows[0].b_logprob == pytest.approx(math.log(0.2 * 0.2 * 0.5))
    odds = [math.log(1.2), math.log(0.4), None, math.log(1.35)]
    assert [row.log_odds for row in rows] == [None if value is None else pytest.approx(value) for value in odds]
    assert [row.likelier for row in rows] == ["a", "b", None, "a"]


@pytest.mark.parametrize("unit", ["line", "text"])
def test_unknown_symbols_are_the_same_event_where_the_vocabulary_is_the_same(unit: Unit) -> None:
    one, other = fake_language_model(unit), fake_language_model(unit, tenths=(0, 2, 0, 2, 3, 3))
    (row,) = line_odds(one, other, ["é"])
    ends = {"line": 1.0, "text": 0.5}[unit]  # <eos> is as likely, the newline of a text another unknown symbol
    assert row.log_odds == pytest.approx(math.log(0.5 * ends))
    (row,) = line_odds(one, one, ["é"])
    assert (row.log_odds, row.likelier) == (0.0, None)


@given(lines=st.lists(st.text("abc\r", max_size=5), max_size=20))
def test_as_many_lines_come_out_as_go_in(lines: list[str]) -> None:
    rows = list(line_odds(ONE, LARGER, iter(lines)))
    assert [row.text for row in rows] == lines
    known = [not set(line) - set("ab") for line in lines]
    assert [row.log_odds is not None for row in rows] == known
