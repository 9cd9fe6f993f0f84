"""What predicted labels are worth: how often each class was taken for each, and the figures that follow from it.

A text without a prediction, such as an empty one, counts as wrong: in accuracy, in the recall of its class and in
within-one accuracy. It speaks for no class, so no precision suffers from it, and it has neither a distance nor a
probability, so the mean absolute error and the nats are of the other texts; each protocol says of how many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrnn.metrics.calibration import BINS, Classes, Logprobs, expected_calibration_error
from textrnn.metrics.metric import Metric

NO_PREDICTION = -1
NOTHING = "not given: there are no texts"
UNANSWERED = "not given: no text has a prediction"


def predictions(logprobs: Logprobs) -> Classes:
    """The likeliest class of each row, of equals the first; NO_PREDICTION for a row of NaN."""
    return np.where(np.isnan(logprobs).any(1), NO_PREDICTION, logprobs.argmax(1)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Confusion:
    """How many texts of each gold class were taken for each class.

    counts: (classes, classes + 1); a row is a gold class, a column a predicted one, the last stands for no prediction.
    """

    counts: Classes

    @property
    def support(self) -> Classes:
        """How many texts have each gold class."""
        return np.asarray(self.counts.sum(1))

    @property
    def predicted(self) -> Classes:
        """How many texts were taken for each class."""
        return np.asarray(self.counts[:, :-1].sum(0))

    @property
    def right(self) -> Classes:
        """How many texts of each gold class were taken for it."""
        return self.counts.diagonal()

    @property
    def texts(self) -> int:
        """How many texts there are."""
        return int(self.counts.sum())

    @property
    def unanswered(self) -> int:
        """How many of them have no prediction."""
        return int(self.counts[:, -1].sum())

    @property
    def accuracy(self) -> float | None:
        """The share of texts taken for their gold class."""
        return share(self.right.sum(), self.texts)

    @property
    def macro_f1(self) -> float | None:
        """The mean F1 of the classes that occur, as a gold class or as a predicted one: scikit-learn's default."""
        occurrences = self.support + self.predicted
        occurs = occurrences > 0
        return float((2 * self.right[occurs] / occurrences[occurs]).mean()) if occurs.any() else None

    @property
    def majority_share(self) -> float | None:
        """The share of the commonest gold class: the accuracy of always naming it."""
        return share(self.support.max(), self.texts)

    @property
    def mean_absolute_error(self) -> float | None:
        """How many classes a prediction is from its gold class, on average; of classes in order."""
        answered = self.counts[:, :-1]
        return share((answered * distances(len(answered))).sum(), answered.sum())

    @property
    def within_one_accuracy(self) -> float | None:
        """The share of texts taken for their gold class or one beside it; of classes in order."""
        near = distances(len(self.counts)) <= 1
        return share(self.counts[:, :-1][near].sum(), self.texts)


def confusion_of(gold: Classes, predicted: Classes, *, classes: int) -> Confusion:
    """The confusion of gold classes (texts,) and predicted ones (texts,), where NO_PREDICTION may stand."""
    columns = np.where(predicted == NO_PREDICTION, classes, predicted)
    cells = np.bincount(gold * (classes + 1) + columns, minlength=classes * (classes + 1))
    return Confusion(cells.reshape(classes, classes + 1).astype(np.int64, copy=False))


def distances(classes: int) -> Classes:
    """How far each class is from each, where their order is a scale."""
    places = np.arange(classes)
    return np.asarray(np.abs(places[:, None] - places))


def share(part: Any, whole: Any) -> float | None:
    """part / whole; None where there is nothing."""
    return float(part / whole) if whole else None


@dataclass(frozen=True)
class ClassFigures:
    """One class; None where a figure would be of nothing."""

    label: str
    precision: float | None  # of the texts taken for it
    recall: float | None  # of the texts that are it
    f1: float | None  # harmonic mean of both
    support: int  # texts that are it


def class_figures(confusion: Confusion, names: Sequence[str]) -> list[ClassFigures]:
    """A row for each class, in their order."""
    columns = zip(names, confusion.right, confusion.predicted, confusion.support, strict=True)
    return [
        ClassFigures(
            name,
            precision=share(right, predicted),
            recall=share(right, support),
            f1=share(2 * right, predicted + support),
            support=int(support),
        )
        for name, right, predicted, support in columns
    ]


def confusion_table(confusion: Confusion, names: Sequence[str]) -> list[dict[str, str | int]]:
    """A row for each gold class with how many of its texts were taken for each, for people."""
    columns = column_names(confusion, names)
    return [
        {"gold \\ predicted": name} | dict(zip(columns, row.tolist(), strict=False))
        for name, row in zip(names, confusion.counts, strict=True)
    ]


def column_names(confusion: Confusion, names: Sequence[str]) -> list[str]:
    """What was predicted: the labels, and that nothing was, where this occurs."""
    return [*names, "(no prediction)"] if confusion.unanswered else [*names]


def label_metrics(
    gold: Classes, logprobs: Logprobs, names: Sequence[str], *, is_ordinal: bool = False, conditions: str
) -> list[Metric]:
    """Every figure of a classifier, from gold classes (texts,) and natural log-probabilities (texts, classes).

    is_ordinal: the classes run from lowest to highest. conditions: split, temperature and so on, in words.
    """
    confusion = confusion_of(gold, predictions(logprobs), classes=len(names))
    return [
        *confusion_metrics(confusion, is_ordinal=is_ordinal, conditions=conditions),
        *probability_metrics(gold, logprobs, conditions=conditions),
        *class_metrics(confusion, names, conditions=conditions),
    ]


def confusion_metrics(confusion: Confusion, *, is_ordinal: bool = False, conditions: str) -> list[Metric]:
    """The figures of all classes together."""
    missing = f"; {confusion.unanswered:,} without a prediction count as wrong" if confusion.unanswered else ""
    texts = f"of {confusion.texts:,} texts"
    rows = [
        ("accuracy", confusion.accuracy, f"share {texts} whose predicted label is the gold one{missing}"),
        ("macro_f1", confusion.macro_f1, f"mean F1 of the labels that occur, gold or predicted, {texts}{missing}"),
        ("majority_share", confusion.majority_share, f"share {texts} that have the commonest gold label"),
    ]
    if is_ordinal:
        answered = f"of {confusion.texts - confusion.unanswered:,} texts with a prediction"
        rows += [
            ("mean_absolute_error", confusion.mean_absolute_error, f"mean distance in labels, {answered}"),
            ("within_one_accuracy", confusion.within_one_accuracy, f"share {texts} at most one label off{missing}"),
        ]
    why = UNANSWERED if confusion.texts else NOTHING
    return [given(name, value, f"{says}; {conditions}", otherwise=why) for name, value, says in rows]


def probability_metrics(gold: Classes, logprobs: Logprobs, *, conditions: str) -> list[Metric]:
    """What the probabilities are worth, of the texts that have some."""
    answered = ~np.isnan(logprobs).any(1)
    gold, logprobs = gold[answered], logprobs[answered]
    nats = float(-of_gold(logprobs, gold).mean()) if len(gold) else None
    error = expected_calibration_error(gold, logprobs)
    texts = f"{len(gold):,} texts with a prediction"
    rows = [
        ("nats", nats, f"mean negative log-probability of the gold label, natural log, of {texts}"),
        ("expected_calibration_error", error, f"{BINS} bins of equal width, of {texts}"),
    ]
    return [given(name, value, f"{says}; {conditions}", otherwise=UNANSWERED) for name, value, says in rows]


def of_gold(logprobs: Logprobs, gold: Classes) -> NDArray[np.float64]:
    """The log-probability of each text's gold class."""
    return np.take_along_axis(logprobs, gold[:, None], 1)[:, 0]


def class_metrics(confusion: Confusion, names: Sequence[str], *, conditions: str) -> list[Metric]:
    """The figures of each class, as precision[label] and so on."""
    metrics = []
    for row in class_figures(confusion, names):
        for figure, value, says, which in (
            ("precision", row.precision, "share of the texts with this predicted label that are it", "predicted"),
            ("recall", row.recall, "share of the texts with this gold label that were found", "gold"),
            ("f1", row.f1, "harmonic mean of precision and recall", "gold or predicted"),
            ("support", row.support, "texts with this gold label", "gold"),
        ):
            why = f"not given: no text has this {which} label"
            metrics.append(given(f"{figure}[{row.label}]", value, f"{says}; {conditions}", otherwise=why))
    return metrics


def given(name: str, value: float | None, protocol: str, *, otherwise: str) -> Metric:
    """The metric; where it has no value, with the reason for a protocol."""
    return Metric(name, value, otherwise if value is None else protocol)
