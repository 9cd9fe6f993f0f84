"""What chance does to the figures of runs that differ in their seed alone."""

import pytest

from textrnn.config import Figure
from textrnn.training.seeds import Spread, spreads


def run(**values: float | None) -> list[Figure]:
    return [Figure(metric=name, value=value, protocol=f"{name} of {value}") for name, value in values.items()]


def test_mean_and_deviation_are_those_of_a_sample() -> None:
    (accuracy, nats) = spreads([run(accuracy=0.5, nats=2.0), run(nats=1.0, accuracy=0.7), run(accuracy=0.9, nats=3.0)])
    assert accuracy == Spread("accuracy", (0.5, 0.7, 0.9), "accuracy of 0.5")
    assert accuracy.mean == pytest.approx(0.7)
    assert accuracy.deviation == pytest.approx(0.2)  # (0.04 + 0 + 0.04) / 2, and its root
    assert (nats.mean, nats.deviation) == (2.0, 1.0)


def test_a_figure_that_not_every_run_has_is_left_out() -> None:
    found = spreads([run(a=1.0, b=None, c=3.0, d=0.0), run(a=2.0, b=2.0, d=0.0), run(a=3.0, b=3.0, c=1.0, d=0.0)])
    assert [each.metric for each in found] == ["a", "d"]
    assert found[1].deviation == 0
