"""What a classifier says of a text, from the log-probabilities of its labels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import UsageError
from textrnn.text.tokenizer import OutOfVocabulary


@dataclass(frozen=True)
class LabelProbability:
    """A label and how likely it is."""

    label: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The label of a text.

    label, probability: the likeliest; both None where the text has no symbol at all, and label alone where the
    classifier abstains. probabilities: of every label; labels: the likeliest, the likeliest first; both None unless
    they were asked for, and where the text has no symbol. oov: what the vocabulary lacks of the text.
    """

    text: str
    label: str | None
    probability: float | None
    probabilities: dict[str, float] | None
    labels: list[LabelProbability] | None
    oov: list[OutOfVocabulary]


@dataclass(frozen=True)
class Wanted:
    """What a prediction is to say. labels: how many to rank, None for no ranking. See `Classifier.classify`."""

    labels: int | None = None
    probs: bool = False
    abstain_below: float = 0.0

    def check(self, names: Sequence[str]) -> None:
        """Raise UsageError where a classifier of these labels cannot say it."""
        if self.labels is not None and not 1 <= self.labels <= len(names):
            raise UsageError(f"labels must be from 1 to {len(names)}, not {self.labels}")
        if not 0 <= self.abstain_below <= 1:
            raise UsageError(f"abstain-below is a probability, from 0 to 1, not {self.abstain_below}")

    def predictions(
        self,
        texts: Sequence[str],
        logprobs: NDArray[np.float64],
        oov: Iterable[list[OutOfVocabulary]],
        names: Sequence[str],
    ) -> Iterable[Prediction]:
        """One for each text. logprobs: (texts, labels), a row of NaN for a text without symbols."""
        probabilities = np.exp(logprobs)
        places = logprobs.argmax(1)
        likeliest: list[float | None] = np.take_along_axis(probabilities, places[:, None], 1)[:, 0].tolist()
        answers: list[str | None] = [names[place] for place in places.tolist()]
        for index in np.flatnonzero(~(probabilities.max(1) >= self.abstain_below)).tolist():
            answers[index] = None
        empty = np.isnan(logprobs[:, 0])
        for index in np.flatnonzero(empty).tolist():
            likeliest[index] = answers[index] = None
        every: Iterable[dict[str, float] | None] = repeat(None)
        if self.probs:
            rows = zip(probabilities.tolist(), empty.tolist(), strict=True)
            every = (None if is_empty else dict(zip(names, row, strict=True)) for row, is_empty in rows)
        ranked: Iterable[list[LabelProbability] | None] = repeat(None)
        if self.labels is not None:
            order = np.argsort(-logprobs, axis=1, kind="stable")[:, : self.labels]
            values = np.take_along_axis(probabilities, order, 1)
            ranked = (
                None if is_empty else [LabelProbability(names[place], value) for place, value in zip(*row, strict=True)]
                for *row, is_empty in zip(order.tolist(), values.tolist(), empty.tolist(), strict=True)
            )
        return map(Prediction, texts, answers, likeliest, every, ranked, oov)
