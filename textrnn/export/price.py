"""What a model's change costs or gains: two models side by side on a sample of what they are for."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from textrnn.config import ModelConfig
from textrnn.metrics.metric import Metric
from textrnn.metrics.translation import bleu_metric, chrf_metric, corpus_bleu
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.conditions import Given
from textrnn.tasks.label_evaluation import LabelEvaluation, evaluate_labels
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.translator import Translator
from textrnn.text.labelled import Labelled
from textrnn.text.pairs import Pair

MOST_CHARACTERS = 500_000  # of the text that the price is measured on
MOST_RECORDS = 20_000
MOST_PAIRS = 1_000
MAIN = ("accuracy", "macro_f1", "nats")  # of a classifier's figures


@dataclass(frozen=True)
class Price:
    """One line of what quantising costs or gains."""

    figure: str
    float32: float | None
    int8: float | None
    change: str


class Sample(Protocol):
    """What models of one task are measured on."""

    def metrics(self, model: Any) -> list[Metric]:
        """A model's figures, whose protocol names the sample."""

    def prices(self, old: Any, new: Any) -> list[Price]:
        """A float32 model beside an int8 one: speed and figures."""


@dataclass(frozen=True)
class TextSample:
    """A text, for language models."""

    text: str
    name: str

    def metrics(self, model: LanguageModel) -> list[Metric]:
        read = beginning(self.text, model.config)
        whole = len(read) == len(self.text)
        on = self.name if whole else f"the first {len(read):,} characters of {self.name}"
        return [Metric(**{**asdict(row), "protocol": f"{row.protocol}; on {on}"}) for row in model.evaluate(read)]

    def prices(self, old: LanguageModel, new: LanguageModel) -> list[Price]:
        texts = in_parts(beginning(self.text, old.config), old.config)
        return token_prices(measure(old, texts), measure(new, texts))


@dataclass(frozen=True)
class BegunSample:
    """Texts and what each begins with, for language models that were trained so; at most MOST_RECORDS are read."""

    texts: Sequence[str]
    conditions: Sequence[Given]
    name: str

    def metrics(self, model: LanguageModel) -> list[Metric]:
        read = self.texts[:MOST_RECORDS]
        on = self.name if len(read) == len(self.texts) else f"the first {len(read):,} records of {self.name}"
        found = model.evaluate(read, condition=iter(self.conditions))
        return [Metric(**{**asdict(row), "protocol": f"{row.protocol}; on {on}"}) for row in found]

    def prices(self, old: LanguageModel, new: LanguageModel) -> list[Price]:
        before, after = (measure(model, self.texts[:MOST_RECORDS], self.conditions) for model in (old, new))
        return token_prices(before, after)


@dataclass(frozen=True)
class LabelledSample:
    """Labelled records, for classifiers; at most MOST_RECORDS are read."""

    records: Sequence[Labelled]
    name: str

    def metrics(self, model: Classifier) -> list[Metric]:
        return [row for row in self._evaluation(model).metrics() if "[" not in row.metric]

    def prices(self, old: Classifier, new: Classifier) -> list[Price]:
        (before, before_seconds), (after, after_seconds) = (self._timed(model) for model in (old, new))
        figures = [{row.metric: row.value for row in found.metrics()} for found in (before, after)]
        largest = np.nanmax(np.abs(np.exp(before.logprobs) - np.exp(after.logprobs)), initial=0.0)
        others = int((before.predicted != after.predicted).sum())
        return [
            price("texts a second", len(before.gold) / before_seconds, len(after.gold) / after_seconds),
            *(price(name, figures[0][name] or 0.0, figures[1][name] or 0.0) for name in MAIN),
            Price("largest change of one label's probability", None, None, f"{largest:.4f}"),
            Price("texts with another label", None, None, f"{others:,} of {len(before.gold):,}"),
        ]

    def _evaluation(self, model: Classifier) -> LabelEvaluation:
        records = self.records[:MOST_RECORDS]
        whole = len(records) == len(self.records)
        return evaluate_labels(
            model, records, on=self.name if whole else f"the first {len(records):,} records of {self.name}"
        )

    def _timed(self, model: Classifier) -> tuple[LabelEvaluation, float]:
        model.logprobs([record.text for record in self.records[:1]])
        begin = time.perf_counter()
        return self._evaluation(model), time.perf_counter() - begin


@dataclass(frozen=True)
class PairSample:
    """Texts with a translation each, for translators; at most MOST_PAIRS are read."""

    pairs: Sequence[Pair]
    name: str

    def metrics(self, model: Translator) -> list[Metric]:
        read, on = self._read()
        made, references = self._translated(model), [pair.target for pair in read]
        conditions = f"beam 5; {model.config.precision}; on {on}"
        return [metric(made, references, conditions=conditions) for metric in (bleu_metric, chrf_metric)]

    def prices(self, old: Translator, new: Translator) -> list[Price]:
        read, _ = self._read()
        references = [pair.target for pair in read]
        (before, before_seconds), (after, after_seconds) = (self._timed(model) for model in (old, new))
        changes = [abs(a - b) for a, b in zip(self._logprobs(old), self._logprobs(new), strict=True)]
        others = sum(a != b for a, b in zip(before, after, strict=True))
        return [
            price("texts a second, beam 5", len(read) / before_seconds, len(read) / after_seconds),
            price("bleu", corpus_bleu(before, references), corpus_bleu(after, references)),
            Price("largest change of one token's log-probability", None, None, f"{max(changes, default=0.0):.4f}"),
            Price("other translations", None, None, f"{others:,} of {len(read):,}"),
        ]

    def _read(self) -> tuple[Sequence[Pair], str]:
        """The pairs that are read, and what they are called."""
        read = self.pairs[:MOST_PAIRS]
        whole = len(read) == len(self.pairs)
        return read, self.name if whole else f"the first {len(read):,} pairs of {self.name}"

    def _translated(self, model: Translator) -> list[str]:
        return [found.translation for found in model.translate(pair.source for pair in self._read()[0])]

    def _logprobs(self, model: Translator) -> list[float]:
        """Of each token of the references, given the sources."""
        scores = model.score(((pair.source, pair.target) for pair in self._read()[0]), per_token=True)
        return [row.logprob for score in scores for row in score.token_logprobs]

    def _timed(self, model: Translator) -> tuple[list[str], float]:
        list(model.translate(self.pairs[0].source))
        begin = time.perf_counter()
        return self._translated(model), time.perf_counter() - begin


def price(figure: str, old: float, new: float) -> Price:
    """A row with its ratio."""
    return Price(figure, old, new, f"x {new / old:.4f}" if old else "")


def beginning(text: str, config: ModelConfig) -> str:
    """As much of a text as is measured; of lines whole ones."""
    if len(text) <= MOST_CHARACTERS:
        return text
    end = text.rfind("\n", 0, MOST_CHARACTERS) + 1 if config.text.unit == "line" else 0
    return text[: end or MOST_CHARACTERS]


def in_parts(text: str, config: ModelConfig) -> list[str]:
    """Each line of a text, or 64 pieces of like length."""
    length = -(-len(text) // 64)
    is_lines = config.text.unit == "line"
    return (
        text.removesuffix("\n").split("\n") if is_lines else [text[i : i + length] for i in range(0, len(text), length)]
    )


def measure(model: LanguageModel, texts: Sequence[str], given: Sequence[Given] = ()) -> tuple[np.ndarray, float]:
    """Every token's log-probability, texts side by side, and the seconds it took. given: what each begins with."""
    list(model.score(texts[:1], condition=iter(given) if given else None))
    begin = time.perf_counter()
    scores = list(model.score(texts, per_token=True, condition=iter(given) if given else None))
    seconds = time.perf_counter() - begin
    return np.array([row.logprob for score in scores for row in score.token_logprobs]), seconds


def token_prices(old: tuple[np.ndarray, float], new: tuple[np.ndarray, float]) -> list[Price]:
    """What two models say of the same tokens."""
    (before, before_seconds), (after, after_seconds) = old, new
    return [
        price("tokens a second, texts side by side", len(before) / before_seconds, len(after) / after_seconds),
        price("perplexity", math.exp(-before.mean()), math.exp(-after.mean())),
        Price("largest change of one token's log-probability", None, None, f"{np.abs(before - after).max():.4f}"),
    ]
