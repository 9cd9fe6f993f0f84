"""Two language models on one text: which figures may stand side by side, and which of the two finds a line likelier."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import tee
from typing import Literal

from textrnn.metrics.metric import Metric
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.scoring import Score

PER_SYMBOL, PER_TEXT = ("perplexity",), ("_per_character", "_per_byte")  # how names of metrics begin, and how end


@dataclass(frozen=True)
class Comparison:
    """One figure of both models; lower is better."""

    metric: str
    a: float | None
    b: float | None
    difference: float | None  # b - a
    ratio: float | None  # b / a
    protocol: str


@dataclass(frozen=True)
class LineOdds:
    """A line as both models see it, each with its end."""

    text: str
    a_logprob: float  # natural
    b_logprob: float
    log_odds: float | None  # a_logprob - b_logprob; None where the two are not of the same event
    likelier: Literal["a", "b"] | None


def compare(
    a: LanguageModel, b: LanguageModel, text: str | Sequence[str], *, running_text: bool = False
) -> list[Comparison]:
    """The figures of a text, or of several, that compare: perplexities only where both models predict the same symbols.

    running_text: as in LanguageModel.evaluate.
    """
    names = PER_TEXT if why_not_per_symbol(a, b) else PER_SYMBOL + PER_TEXT
    found = {metric.metric: metric for metric in b.evaluate(text, running_text=running_text)}
    rows = []
    for one in a.evaluate(text, running_text=running_text):
        if one.metric.startswith(names) or one.metric.endswith(names):
            other = found[one.metric]
            rows.append(side_by_side(one, other))
    return rows


def side_by_side(a: Metric, b: Metric) -> Comparison:
    """One figure of both models in a row."""
    difference = ratio = None
    if a.value is not None and b.value is not None and math.isfinite(a.value):
        difference = b.value - a.value
        ratio = b.value / a.value if a.value else None
    protocol = a.protocol if a.protocol == b.protocol else f"a: {a.protocol}; b: {b.protocol}"
    return Comparison(a.metric, a.value, b.value, difference, ratio, protocol)


def why_not_per_symbol(a: LanguageModel, b: LanguageModel) -> str | None:
    """Why perplexities of these models do not compare; None where they do."""
    if not a.tokenizer.segments_like(b.tokenizer):
        sizes = (f"{len(model.tokenizer):,} symbols ({model.config.text.level})" for model in (a, b))
        return f"the vocabularies differ: a has {' and b '.join(sizes)}"
    if a.predicts_end != b.predicts_end:
        line, text = ("a", "b") if a.predicts_end else ("b", "a")
        return f"{line} predicts the end of each line, {text} newlines"
    return None


def line_odds(a: LanguageModel, b: LanguageModel, lines: Iterable[str]) -> Iterator[LineOdds]:
    """For each line its probability under both, in order; memory does not grow with their number.

    A line counts with its end: <eos> where a model's unit is the line, a newline where it is the text. Models of
    different vocabularies give the probability of the same event only where their symbols give the line back.
    """
    is_same = why_not_per_symbol(a, b) is None
    first, second, texts = tee(lines, 3)
    for text, one, other in zip(texts, with_ends(a, first), with_ends(b, second), strict=True):
        odds = None
        if is_same or (gives_back(a, one) and gives_back(b, other)):
            odds = (one.logprob or 0.0) - (other.logprob or 0.0)
        yield LineOdds(text, one.logprob or 0.0, other.logprob or 0.0, odds, likelier(odds))


def with_ends(model: LanguageModel, lines: Iterable[str]) -> Iterator[Score]:
    """The scores of lines with their ends."""
    if model.predicts_end:
        return model.score(lines, eos=True)
    return model.score((line + "\n" for line in lines), eos=False)


def gives_back(model: LanguageModel, score: Score) -> bool:
    """Whether the symbols of a scored text are the text again."""
    return model.tokenizer.gives_back(score.text, model.tokenizer.ids(score.tokens))


def likelier(log_odds: float | None) -> Literal["a", "b"] | None:
    """Which model finds a line likelier."""
    return None if not log_odds else "a" if log_odds > 0 else "b"
