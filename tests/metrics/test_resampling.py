"""How far figures can be trusted, against SciPy and where the distribution is known."""

import math
from operator import attrgetter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import f1_score

from tests.metrics.predicted import Predicted, predicted_texts
from textrnn.metrics.labels import confusion_of
from textrnn.metrics.resampling import (
    Interval,
    Texts,
    bootstrap_interval,
    draws,
    interval_metrics,
    mcnemar,
    measure_of,
    paired_difference,
)

CLASSES, TEXTS = 5, 400
GOLD = np.random.default_rng(1).integers(CLASSES, size=TEXTS)


def guesses(right: float, *, seed: int) -> Texts:
    """Predictions of which about that share is right."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(TEXTS) < right, GOLD, rng.integers(CLASSES, size=TEXTS))


def test_each_draw_has_as_many_texts_and_every_text_as_often_on_average() -> None:
    drawn = list(draws(10, seed=3, resamples=500))
    assert {len(texts) for texts in drawn} == {10}
    counts = np.bincount(np.concatenate(drawn), minlength=10)
    assert len(counts) == 10
    assert stats.chisquare(counts).pvalue > 0.001
    assert len({tuple(sorted(texts)) for texts in drawn}) > 400


def test_the_interval_of_accuracy_is_that_of_the_binomial_distribution() -> None:
    """With replacement, the number of right texts of a draw is binomial."""
    predicted = guesses(0.5, seed=2)
    share = float((predicted == GOLD).mean())
    measure = measure_of(attrgetter("accuracy"), GOLD, predicted, classes=CLASSES)
    for level in (0.5, 0.95):
        interval = bootstrap_interval(measure, TEXTS, seed=0, level=level, resamples=4_000)
        exact = [float(end) / TEXTS for end in stats.binom.interval(level, TEXTS, share)]
        assert [interval.low, interval.high] == pytest.approx(exact, abs=1.5 / TEXTS)
        assert interval.level == level


def test_the_interval_of_macro_f1_is_that_of_scipy() -> None:
    predicted = guesses(0.5, seed=2)
    measure = measure_of(attrgetter("macro_f1"), GOLD, predicted, classes=CLASSES)
    interval = bootstrap_interval(measure, TEXTS, seed=0, resamples=1_000)
    expected = stats.bootstrap(
        (GOLD, predicted),
        lambda gold, labels: f1_score(gold, labels, average="macro"),
        method="percentile",
        paired=True,
        vectorized=False,
        n_resamples=300,
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=0.01)


@given(predicted_texts())
def test_a_measure_of_all_texts_is_the_figure(texts: Predicted) -> None:
    confusion = confusion_of(texts.gold, texts.predicted, classes=texts.classes)
    measure = measure_of(attrgetter("macro_f1"), texts.gold, texts.predicted, classes=texts.classes)
    assert measure(np.arange(len(texts.gold))) == confusion.macro_f1
    assert measure(np.zeros(3, np.int64)) == float(texts.gold[0] == texts.predicted[0])


def test_a_figure_without_a_value_is_no_number() -> None:
    measure = measure_of(attrgetter("mean_absolute_error"), np.array([0]), np.array([-1]), classes=2)
    assert math.isnan(measure(np.array([0])))


def test_the_ends_of_intervals_are_metrics_with_their_protocol() -> None:
    predicted = guesses(0.7, seed=2)
    rows = interval_metrics(GOLD, predicted, classes=CLASSES, seed=7, conditions="by hand")
    assert [row.metric for row in rows] == ["accuracy_low", "accuracy_high", "macro_f1_low", "macro_f1_high"]
    confusion = confusion_of(GOLD, predicted, classes=CLASSES)
    values = [row.value or 0.0 for row in rows]
    assert values[0] < (confusion.accuracy or 0.0) < values[1]
    assert values[2] < (confusion.macro_f1 or 0.0) < values[3]
    for row in rows:
        for part in ("95%", "1,000 draws", "seed 7", "by hand"):
            assert part in row.protocol
    assert interval_metrics(GOLD, predicted, classes=CLASSES, seed=7, conditions="by hand") == rows
    other = interval_metrics(GOLD, predicted, classes=CLASSES, seed=8, conditions="by hand")
    assert [row.value for row in other] != values


def test_perfect_predictions_have_no_spread() -> None:
    rows = interval_metrics(GOLD, GOLD, classes=CLASSES, seed=0, conditions="")
    assert [row.value for row in rows] == [1.0] * 4


def test_no_texts_have_no_interval() -> None:
    none = np.empty(0, np.int64)
    rows = interval_metrics(none, none, classes=2, seed=0, conditions="")
    assert [row.value for row in rows] == [None] * 4
    assert all(row.protocol.startswith("not given: ") for row in rows)


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60),
    st.integers(1, 40),
)
def test_mcnemar_is_a_test_of_tosses(pairs: list[tuple[bool, bool]], times: int) -> None:
    right = np.array(pairs * times, np.bool_).reshape(-1, 2)
    gold = np.ones(len(right), np.int64)
    result = mcnemar(gold, *right.T.astype(np.int64))
    only_a = sum(a and not b for a, b in pairs) * times
    only_b = sum(b and not a for a, b in pairs) * times
    assert (result.only_a, result.only_b) == (only_a, only_b)
    if only_a + only_b:
        assert result.p == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue, rel=1e-9)
    else:
        assert result.p == 1


@pytest.mark.parametrize(("only_a", "only_b"), [(5_000, 5_200), (499_000, 501_000), (1, 2_000), (0, 100_000)])
def test_mcnemar_of_many_texts(only_a: int, only_b: int) -> None:
    a = np.repeat([1, 0], [only_a, only_b])
    result = mcnemar(np.ones_like(a), a, 1 - a)
    assert result.p == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue, rel=1e-7)


def test_mcnemar_looks_at_what_is_right_alone() -> None:
    """Two models that are wrong in different ways do not differ; one without a prediction is wrong."""
    result = mcnemar(np.array([0, 0, 0]), np.array([1, 0, -1]), np.array([2, 0, 0]))
    assert (result.only_a, result.only_b, result.p) == (0, 1, 1.0)


def test_a_difference_is_of_the_same_draws() -> None:
    """Its error is that of the differences text by text, much less than that of two figures apart."""
    a = guesses(0.5, seed=2)
    b = np.where(np.arange(TEXTS) % 10 == 0, GOLD, a)
    measures = [measure_of(attrgetter("accuracy"), GOLD, labels, classes=CLASSES) for labels in (a, b)]
    difference = paired_difference(*measures, TEXTS, seed=0, resamples=4_000)
    each = (b == GOLD).astype(float) - (a == GOLD)
    assert difference.value == pytest.approx(each.mean())
    error = each.std() / math.sqrt(TEXTS)
    low, high = stats.norm.interval(0.95, each.mean(), error)
    assert (difference.interval.low, difference.interval.high) == pytest.approx((low, high), abs=0.15 * error)
    assert difference.b_above == 1


def test_a_model_does_not_differ_from_itself() -> None:
    measure = measure_of(attrgetter("macro_f1"), GOLD, guesses(0.5, seed=2), classes=CLASSES)
    difference = paired_difference(measure, measure, TEXTS, seed=0, resamples=50)
    assert (difference.value, difference.interval, difference.b_above) == (0, Interval(0, 0, 0.95), 0)


def test_two_models_the_other_way_round() -> None:
    a, b = (
        measure_of(attrgetter("macro_f1"), GOLD, guesses(share, seed=seed), classes=CLASSES)
        for seed, share in ((2, 0.5), (3, 0.52))
    )
    one, other = (paired_difference(*pair, TEXTS, seed=0, resamples=200) for pair in ((a, b), (b, a)))
    assert other.value == -one.value
    assert (other.interval.low, other.interval.high) == pytest.approx((-one.interval.high, -one.interval.low))
    assert 0 < other.b_above < 1
    assert other.b_above == pytest.approx(1 - one.b_above, abs=0.011)
