"""Correlations of many values with a number, by sums, as NumPy has them of all steps at once."""

import numpy as np
import pytest

from textrnn.metrics.correlation import Sums


def sums_of(values: np.ndarray, numbers: np.ndarray, *, cut: int) -> Sums:
    sums = Sums(values.shape[1])
    for part in (slice(0, cut), slice(cut, None)):
        sums.add(values[part], numbers[part])
    return sums


@pytest.mark.parametrize("cut", [0, 3, 50])
def test_they_are_pearsons_in_whatever_parts_the_steps_come(cut: int) -> None:
    rng = np.random.default_rng(1)
    values, numbers = rng.normal(50, 2, size=(50, 4)).astype(np.float32), rng.normal(size=50)
    values[:, 1] = -3 * numbers + 1
    found = sums_of(values, numbers, cut=cut)
    expected = [np.corrcoef(column, numbers)[0, 1] for column in values.T.astype(np.float64)]
    np.testing.assert_allclose(found.correlations(), expected, atol=1e-9)
    np.testing.assert_allclose(found.deviations(), values.astype(np.float64).std(0), rtol=1e-6)
    assert found.correlations()[1] == pytest.approx(-1)


def test_what_never_varies_is_correlated_with_nothing() -> None:
    values = np.full((1000, 2), 0.3, np.float32)
    np.testing.assert_array_equal(sums_of(values, np.arange(1000.0), cut=7).correlations(), 0)
    values[:, 1] = np.arange(1000)
    np.testing.assert_array_equal(sums_of(values, np.ones(1000), cut=7).correlations(), 0)
