"""How far a figure can be trusted: bootstrap intervals, and whether one of two models is better on the same texts.

The bootstrap (Efron, 1979) measures again on as many texts drawn from those at hand, with replacement, many times. For
two models each draw is measured on both (Koehn, 2004), which takes out what they share: that some texts are hard.
McNemar's test looks at nothing but the texts that one of them labels rightly and the other does not.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.metrics.calibration import Classes
from textrnn.metrics.labels import NOTHING, Confusion, confusion_of
from textrnn.metrics.metric import Metric

RESAMPLES = 1_000
LEVEL = 0.95
FIGURES: dict[str, Callable[[Confusion], float | None]] = {
    "accuracy": lambda confusion: confusion.accuracy,
    "macro_f1": lambda confusion: confusion.macro_f1,
}

Texts = NDArray[np.int64]  # which texts, each as often as it was drawn
Measure = Callable[[Texts], float]


@dataclass(frozen=True)
class Interval:
    """Where a figure lies in `level` of the draws."""

    low: float
    high: float
    level: float


@dataclass(frozen=True)
class Difference:
    """A figure of b minus that of a on the same texts."""

    value: float
    interval: Interval
    b_above: float  # in which share of the draws b's figure is above a's


@dataclass(frozen=True)
class McNemar:
    """The texts on which two models differ, and how likely it is that they fall so unequally by chance."""

    only_a: int  # right in a alone
    only_b: int
    p: float  # of both sides, exact


def draws(texts: int, *, seed: int, resamples: int = RESAMPLES) -> Iterator[Texts]:
    """As many texts as there are, drawn with replacement, again and again."""
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield rng.integers(texts, size=texts)


def percentiles(values: NDArray[np.float64], level: float) -> Interval:
    """What leaves out as many values below as above."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)


def bootstrap_interval(
    measure: Measure, texts: int, *, seed: int, level: float = LEVEL, resamples: int = RESAMPLES
) -> Interval:
    """The percentile interval of a figure. measure: the figure of some of the texts, which it is given by number."""
    values = [measure(drawn) for drawn in draws(texts, seed=seed, resamples=resamples)]
    return percentiles(np.array(values), level)


def paired_difference(
    a: Measure, b: Measure, texts: int, *, seed: int, level: float = LEVEL, resamples: int = RESAMPLES
) -> Difference:
    """How much larger the figure of b is than that of a, with its percentile interval."""
    values = np.array([b(drawn) - a(drawn) for drawn in draws(texts, seed=seed, resamples=resamples)])
    every = np.arange(texts)
    return Difference(b(every) - a(every), percentiles(values, level), float((values > 0).mean()))


def measure_of(
    figure: Callable[[Confusion], float | None], gold: Classes, predicted: Classes, *, classes: int
) -> Measure:
    """A figure of a confusion as a measure of some of the texts; NaN where it has no value."""

    def measure(drawn: Texts) -> float:
        value = figure(confusion_of(gold[drawn], predicted[drawn], classes=classes))
        return float("nan") if value is None else value

    return measure


def interval_metrics(
    gold: Classes,
    predicted: Classes,
    *,
    classes: int,
    seed: int,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    conditions: str,
) -> list[Metric]:
    """The ends of the intervals of accuracy and macro-F1, as accuracy_low and so on."""
    says = f"percentile bootstrap of {resamples:,} draws, seed {seed}; {conditions}"
    metrics = []
    for name, figure in FIGURES.items():
        if not len(gold):
            metrics += [Metric(f"{name}_{end}", None, NOTHING) for end in ("low", "high")]
            continue
        measure = measure_of(figure, gold, predicted, classes=classes)
        interval = bootstrap_interval(measure, len(gold), seed=seed, level=level, resamples=resamples)
        for end, value in (("low", interval.low), ("high", interval.high)):
            metrics.append(Metric(f"{name}_{end}", value, f"{end} end of the {level * 100:g}% interval, {says}"))
    return metrics


def mcnemar(gold: Classes, a: Classes, b: Classes) -> McNemar:
    """The exact test (McNemar, 1947) of whether two models are right equally often. a, b: what they predict (texts,).

    If neither is better, each text on which one alone is right is a toss of a fair coin between them.
    """
    only_a = int(((a == gold) & (b != gold)).sum())
    only_b = int(((b == gold) & (a != gold)).sum())
    tosses, fewer = only_a + only_b, min(only_a, only_b)
    counts = np.arange(fewer)
    nats = np.log((tosses - counts) / (counts + 1)).cumsum()  # of the ways to give the side with fewer 1, 2, … tosses
    tail = np.exp(np.append(0.0, nats) - tosses * math.log(2)).sum()
    return McNemar(only_a, only_b, min(1.0, 2 * float(tail)))
