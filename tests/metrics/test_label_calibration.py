"""Whether probabilities can be believed: by definition, and where the answer is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.metrics.predicted import drawn_from, random_logprobs
from textrnn.metrics.calibration import (
    BINS,
    COLDEST,
    HOTTEST,
    Classes,
    Logprobs,
    at_temperature,
    expected_calibration_error,
    fit_temperature,
)


def by_definition(gold: Classes, logprobs: Logprobs) -> float:
    """Equations 2 and 3 of Guo et al., bin by bin."""
    probabilities = np.exp(logprobs)
    total = 0.0
    for number in range(1, BINS + 1):
        rows = [
            (float(row.max()), int(row.argmax()) == label)
            for row, label in zip(probabilities, gold, strict=True)
            if (number - 1) / BINS < row.max() <= number / BINS
        ]
        if rows:
            confidence, accuracy = np.mean(rows, axis=0)
            total += len(rows) / len(gold) * abs(confidence - accuracy)
    return total


def negative_log_likelihood(logprobs: Logprobs, gold: Classes, temperature: float) -> float:
    return float(-at_temperature(logprobs, temperature)[np.arange(len(gold)), gold].mean())


@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("classes", [2, 5, 47])
def test_the_calibration_error_is_that_of_its_definition(classes: int, spread: float) -> None:
    logprobs = random_logprobs(300, classes, seed=3, spread=spread)
    gold = np.random.default_rng(4).integers(classes, size=300)
    assert expected_calibration_error(gold, logprobs) == pytest.approx(by_definition(gold, logprobs), rel=1e-9)


@given(st.lists(st.tuples(st.integers(1, 10), st.integers(0, 10)), min_size=1, max_size=5))
def test_what_is_perfectly_calibrated_has_no_error(shares: list[tuple[int, int]]) -> None:
    """Groups of texts with confidence right / (right + wrong), of which so many are right."""
    rows, gold = [], []
    for right, wrong in ((max(pair), min(pair)) for pair in shares):
        rows += [[right / (right + wrong), wrong / (right + wrong)]] * (right + wrong)
        gold += [0] * right + [1] * wrong
    with np.errstate(divide="ignore"):
        assert expected_calibration_error(np.array(gold), np.log(rows)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("right", "expected"), [(True, 0.0), (False, 1.0)])
def test_full_confidence(right: bool, expected: float) -> None:
    logprobs = np.array([[0.0, -40.0]])
    assert expected_calibration_error(np.array([0 if right else 1]), logprobs) == pytest.approx(expected, abs=1e-8)


def test_a_probability_that_rounding_took_above_one_is_in_the_last_bin() -> None:
    logprobs = np.array([[1e-9, -40.0], [math.log(0.95), math.log(0.05)]])
    assert expected_calibration_error(np.array([1, 0]), logprobs) == pytest.approx((1 - 0.05) / 2)


def test_a_bin_holds_its_upper_edge() -> None:
    """0.5 and 0.6 of ten bins: what is too sure in one does not make up for what is not sure enough in the other."""
    logprobs = np.log([[0.5, 0.25, 0.25], [0.55, 0.25, 0.2]])
    assert expected_calibration_error(np.array([0, 1]), logprobs, bins=10) == pytest.approx((0.5 + 0.55) / 2)


def test_rows_without_a_prediction_are_left_out() -> None:
    logprobs = random_logprobs(40, 3, seed=5)
    gold = drawn_from(logprobs, seed=6)
    more = np.concatenate([logprobs, np.full((9, 3), np.nan)])
    labels = np.concatenate([gold, np.zeros(9, np.int64)])
    assert expected_calibration_error(labels, more) == expected_calibration_error(gold, logprobs)
    assert fit_temperature(more, labels) == fit_temperature(logprobs, gold)
    assert expected_calibration_error(labels[40:], more[40:]) is None
    assert fit_temperature(more[40:], labels[40:]) == 1


@given(
    st.lists(st.lists(st.integers(1, 6), min_size=3, max_size=3), min_size=1, max_size=4),
    st.floats(0.2, 5.0),
)
def test_a_known_temperature_is_found(groups: list[list[int]], temperature: float) -> None:
    """Texts whose labels stand in proportions that the model gives at this temperature, and at no other."""
    if all(len({*counts}) == 1 for counts in groups):
        groups = [*groups, [1, 2, 3]]
    rows = [np.log(np.array(counts) / sum(counts)) for counts in groups for _ in range(sum(counts))]
    gold = [label for counts in groups for label, count in enumerate(counts) for _ in range(count)]
    sharpened = at_temperature(np.array(rows), 1 / temperature)
    assert fit_temperature(sharpened, np.array(gold)) == pytest.approx(temperature, rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_temperature_makes_the_labels_likelier(seed: int) -> None:
    logprobs = random_logprobs(200, 4, seed=seed, spread=3.0)
    gold = np.random.default_rng(seed).integers(4, size=200)
    gold[:120] = logprobs[:120].argmax(1)
    best = negative_log_likelihood(logprobs, gold, fit_temperature(logprobs, gold))
    assert all(best <= negative_log_likelihood(logprobs, gold, each) for each in np.geomspace(COLDEST, HOTTEST, 50))


@pytest.mark.parametrize(
    ("logprobs", "gold", "expected"),
    [
        (random_logprobs(20, 3, seed=7), "best", COLDEST),  # all right: the colder the better
        (random_logprobs(20, 3, seed=7), "worst", HOTTEST),
        (np.log(np.full((4, 3), 1 / 3)), "best", 1.0),
        (np.zeros((4, 1)), "best", 1.0),  # a single class
        (np.empty((0, 3)), "best", 1.0),
        (np.array([[0.0, -np.inf], [-1.0, -0.5]]), "best", COLDEST),
        (np.array([[0.0, -np.inf], [-1.0, -0.5]]), "worst", HOTTEST),  # impossible, and it happened
        (np.array([[0.0, -1e300]]), "worst", HOTTEST),
    ],
)
def test_whatever_the_data_there_is_a_temperature(logprobs: Logprobs, gold: str, expected: float) -> None:
    labels = logprobs.argmax(1) if gold == "best" else logprobs.argmin(1)
    assert fit_temperature(logprobs, labels) == pytest.approx(expected, rel=1e-6)


def test_at_a_temperature_probabilities_sum_to_one_and_keep_their_order() -> None:
    logprobs = random_logprobs(30, 5, seed=8).astype(np.float32)
    for temperature in (COLDEST, 0.5, 1.0, 3.0, HOTTEST):
        other = at_temperature(logprobs, temperature)
        assert other.dtype == np.float64
        assert np.exp(other).sum(1) == pytest.approx(1)
        assert (other.argsort(1) == logprobs.argsort(1)).all()
    assert at_temperature(logprobs, 1.0) == pytest.approx(logprobs.astype(np.float64), abs=1e-6)


def test_a_temperature_is_a_power_of_probabilities() -> None:
    halved = np.exp(at_temperature(np.log([0.64, 0.36]), 2.0))
    assert halved == pytest.approx([0.8 / 1.4, 0.6 / 1.4])


def test_extreme_log_probabilities_stay_numbers() -> None:
    other = at_temperature(np.array([[0.0, -np.inf], [-1e5, 0.0], [np.nan, np.nan]]), 0.1)
    assert other[:2].tolist() == [[0.0, -math.inf], [-1e6, 0.0]]
    assert np.isnan(other[2]).all()
