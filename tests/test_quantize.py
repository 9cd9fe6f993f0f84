"""What the price of int8 is measured on, and how."""

import json
from pathlib import Path

import pytest

from tests.small_models import TEXT, save_small_model, small_model
from textrnn.export import price as module
from textrnn.export.price import TextSample, beginning, in_parts, measure
from textrnn.export.quantize import prices, quantize
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.levels import LEVELS


@pytest.fixture(scope="module", params=[(level, unit) for level in LEVELS for unit in ("line", "text")], ids="-".join)
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return small_model(*request.param)


@pytest.mark.parametrize("text", [TEXT, TEXT.removesuffix("\n"), TEXT[:100], "one\n\ntwo\n", "a", "\n"])
def test_every_symbol_is_measured_once(model: LanguageModel, text: str) -> None:
    found, seconds = measure(model, in_parts(text, model.config))
    if model.predicts_end:
        texts = text.removesuffix("\n").split("\n")
    else:
        length = -(-len(text) // 64)
        texts = [text[begin : begin + length] for begin in range(0, len(text), length)]
        assert len(texts) <= 64
        assert "".join(texts) == text
    rows = [row.logprob for score in model.score(texts, per_token=True) for row in score.token_logprobs]
    assert found.tolist() == pytest.approx(rows, abs=1e-6)
    assert seconds > 0


def test_lines_are_measured_as_lines(model: LanguageModel) -> None:
    found, _ = measure(model, in_parts(TEXT, model.config))
    if model.predicts_end:
        figures = {row.metric: row.value for row in model.evaluate(TEXT)}
        assert len(found) == (figures["token_count"] or 0) + TEXT.count("\n")
        assert module.math.exp(-found.mean()) == pytest.approx(figures["perplexity"], rel=1e-5)


def test_a_long_text_is_cut_and_lines_at_their_end(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    is_lines = model.predicts_end
    for text, most, kept in (
        ("ab\ncd\nef\n", 7, "ab\ncd\n" if is_lines else "ab\ncd\ne"),
        ("ab\ncd\nef\n", 6, "ab\ncd\n"),
        ("ab\ncd\nef\n", 5, "ab\n" if is_lines else "ab\ncd"),
        ("ab\ncd\nef\n", 9, "ab\ncd\nef\n"),
        ("abcdef\ng", 4, "abcd"),
    ):
        monkeypatch.setattr(module, "MOST_CHARACTERS", most)
        assert beginning(text, model.config) == kept


@pytest.mark.parametrize("level", ["char", "word"])
def test_the_card_and_the_price_are_of_the_same_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.setattr(module, "MOST_CHARACTERS", 70)
    save_small_model(tmp_path / "small", level)
    full, out = tmp_path / "small-float32", tmp_path / "new"
    sample = TextSample(TEXT, "text.txt")
    quantize(full, out, sample)
    rows = {row.figure: row for row in prices(full, out, sample)}
    card = {row["metric"]: row for row in json.loads((out / "config.json").read_text())["training"]["metrics"]}
    name = "perplexity" if level == "word" else "perplexity_without_eos"
    assert card[name]["protocol"].endswith(" characters of text.txt")
    assert card["token_count"]["value"] == (70 if level == "char" else len([*"abcdefg", "The", "."]))
    if level == "word":  # a text is read in one pass for the card, and in pieces for the price
        assert rows["perplexity"].int8 == pytest.approx(card[name]["value"], rel=1e-5)
    assert "tokens a second, texts side by side" in rows
