"""What a classifier is worth on labelled texts: its figures, and beside another on the same texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import DataError, UsageError
from textrnn.metrics.calibration import Classes
from textrnn.metrics.labels import Confusion, confusion_of, label_metrics, predictions
from textrnn.metrics.metric import Metric
from textrnn.metrics.resampling import FIGURES, interval_metrics, mcnemar, measure_of, paired_difference
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.grouping import in_groups
from textrnn.text.labelled import Labelled

TEXTS_AT_ONCE = 8192
SHOWN = 20  # labels named in an error
SEED = 0  # of the draws of the bootstrap


@dataclass(frozen=True, eq=False)
class LabelEvaluation:
    """Labelled texts and what a classifier said of them.

    texts: themselves, where they were to be kept. gold: (texts,). logprobs: (texts, labels), natural, NaN where there
    is no prediction. names: of the labels, in order. on: what the texts are called. conditions: of the figures, in
    words.
    """

    texts: list[str]
    gold: Classes
    logprobs: NDArray[np.float64]
    names: tuple[str, ...]
    is_ordinal: bool
    on: str
    conditions: str

    @property
    def predicted(self) -> Classes:
        """The likeliest label of each text."""
        return predictions(self.logprobs)

    @property
    def confusion(self) -> Confusion:
        """How often each label was taken for each."""
        return confusion_of(self.gold, self.predicted, classes=len(self.names))

    def metrics(self) -> list[Metric]:
        """Its figures, with intervals of the main ones."""
        found = label_metrics(
            self.gold, self.logprobs, self.names, is_ordinal=self.is_ordinal, conditions=self.conditions
        )
        first = [row for row in found if "[" not in row.metric]
        intervals = interval_metrics(
            self.gold, self.predicted, classes=len(self.names), seed=SEED, conditions=self.conditions
        )
        return [*first, *intervals, *found[len(first) :]]

    def against(self, other: "LabelEvaluation") -> list[Metric]:
        """Whether this classifier is better than another on the same texts: differences, and McNemar's test."""
        check_same_labels(self.names, other.names)
        if not np.array_equal(self.gold, other.gold):
            raise UsageError("the two models have read other texts: they cannot be held against each other")
        rows = []
        conditions = f"this model minus the other on the same {len(self.gold):,} texts"
        for name, figure in FIGURES.items():
            mine, others = (
                measure_of(figure, self.gold, each.predicted, classes=len(self.names)) for each in (self, other)
            )
            found = paired_difference(others, mine, len(self.gold), seed=SEED)
            interval = f"{found.interval.level:.0%} interval {found.interval.low:+.4f} to {found.interval.high:+.4f}"
            rows.append(
                Metric(f"{name}_difference", found.value, f"{conditions}; paired bootstrap, {interval}, seed {SEED}")
            )
        test = mcnemar(self.gold, other.predicted, self.predicted)
        says = f"exact McNemar test: {test.only_b:,} texts right here alone, {test.only_a:,} in the other alone"
        return [*rows, Metric("p_value", test.p, says)]


def check_same_labels(names: Sequence[str], others: Sequence[str]) -> None:
    """Raise UsageError where two models cannot be held against each other: they have the same labels in one order."""
    if tuple(names) != tuple(others):
        told = (", ".join(each[:SHOWN]) + (", …" if len(each) > SHOWN else "") for each in (names, others))
        raise UsageError(
            "models that are held against each other have the same labels in one order, not {} and {}".format(*told)
        )


def evaluate_labels(
    model: Classifier, records: Iterable[Labelled], *, on: str, keeps_texts: bool = False
) -> LabelEvaluation:
    """What a classifier says of labelled records. on: what these are called. keeps_texts: for `texts`.

    Raises DataError for a label that the model does not have.
    """
    places = {name: place for place, name in enumerate(model.labels.names)}
    texts: list[str] = []
    gold: list[int] = []
    found: list[NDArray[np.float64]] = []
    for group in in_groups(records, TEXTS_AT_ONCE):
        for record in group:
            if record.label not in places:
                known = ", ".join(model.labels.names[:SHOWN])
                raise DataError(f"{record.place}: the label {record.label!r} is none of the model's: {known}")
            gold.append(places[record.label])
        found.append(model.logprobs([record.text for record in group]))
        texts += [record.text for record in group] if keeps_texts else []
    if not gold:
        raise DataError(f"{on} is empty")
    temperature = f"temperature {model.labels.temperature:.3f}"
    return LabelEvaluation(
        texts,
        np.array(gold, np.int64),
        np.concatenate(found),
        model.labels.names,
        model.labels.is_ordinal,
        on,
        f"{on}; {temperature}; {model.config.precision}",
    )
