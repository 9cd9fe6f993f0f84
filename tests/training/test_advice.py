"""What a run says of itself: curves drawn by hand, each with its verdict."""

from dataclasses import replace

import pytest

from textrnn.training.advice import advice, size_verdict
from textrnn.training.loop import Row


def history(train: list[float], valid: list[float]) -> list[Row]:
    """Evaluations with these losses, 10 steps apart."""
    rows, best = [], float("inf")
    for index, (learnt, held) in enumerate(zip(train, valid, strict=True)):
        rows.append(Row(10 * (index + 1), None, 1.0, 0.1, learnt, held, 1.0, 1.0, held < best))
        best = min(best, held)
    return rows


def test_a_validation_loss_that_rises_while_the_training_loss_falls_is_overfitting():
    (said,) = advice(history([3.0, 2.0, 1.5, 1.0], [3.0, 2.5, 2.6, 2.9]))
    assert said.startswith(
        "overfitting: since step 20 the validation loss rose by 0.400 nats while the training loss fell by 1.000; "
        "the model of step 20 is kept."
    )


def test_what_is_kept_is_what_the_metric_picked():
    rows = history([3.0, 2.0, 1.5, 1.0], [3.0, 2.5, 2.6, 2.9])
    (said,) = advice([*rows[:3], replace(rows[3], is_best=True)])
    assert "since step 20" in said
    assert "the model of step 40 is kept" in said


def test_a_validation_loss_that_rises_with_the_training_loss_is_not_overfitting():
    assert advice(history([3.0, 1.0, 1.5, 2.0], [3.0, 2.5, 2.6, 2.9])) == []


def test_a_training_loss_no_lower_than_the_validation_loss_is_underfitting():
    (said,) = advice(history([3.0, 2.7, 2.69, 2.68], [2.9, 2.62, 2.61, 2.6]))
    assert said.startswith(
        "underfitting: the training loss (2.680 nats, with any dropout) is no lower than the validation loss (2.600)"
    )


def test_a_loss_that_still_falls_is_not_done():
    (said,) = advice(history([3.0, 2.0, 1.5], [3.0, 2.5, 2.2]))
    assert said.startswith("not done learning: the last evaluation still gained 0.300 nats")
    both = advice(history([3.0, 2.6, 2.3], [3.0, 2.5, 2.2]))
    assert [line.partition(":")[0] for line in both] == ["not done learning", "underfitting"]


@pytest.mark.parametrize(
    ("train", "valid"),
    [
        ([], []),
        ([3.0, 1.0], [3.0, 9.0]),  # too few to tell
        ([3.0, 2.0, 1.99, 1.98], [3.0, 2.2, 2.191, 2.19]),  # learnt, and level
        ([3.0, 2.0, 1.9, 1.8], [3.0, 2.2, 2.19, 2.2]),  # rises by less than is notable
        ([3.0, 3.0, 3.0], [2.9, 2.9, 2.9]),  # nothing is learnt at all
    ],
)
def test_where_there_is_nothing_to_say_nothing_is_said(train, valid):
    assert advice(history(train, valid)) == []


@pytest.mark.parametrize(
    ("parameters", "symbols", "says"),
    [
        (1_000_000, 90_000, "1,000,000 parameters for 90,000 symbols (11 each): large for this text"),
        (1_000_000, 20_000_000, "1,000,000 parameters for 20,000,000 symbols (0.05 each): small for this text"),
        (1_000_000, 2_000_000, "1,000,000 parameters for 2,000,000 symbols (0.5 each): of one order, as it should be"),
        (1_000_000, None, "1,000,000 parameters for a stream of unknown length"),
    ],
)
def test_a_network_is_compared_with_the_size_of_its_text(parameters, symbols, says):
    assert size_verdict(parameters, symbols).startswith(says)
