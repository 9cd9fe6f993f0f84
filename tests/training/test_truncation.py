"""The task of memory, and what each way of learning it lets the gradient reach."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textrnn.batch import IGNORE
from textrnn.cli.explain.truncation_digest import closing_lines
from textrnn.training.recall import BATCH, Learning, Recall, Variant, learn
from textrnn.training.truncation import METHODS, Outcome, Trial, mean_losses, outcomes

UNITS = 16


@given(st.integers(1, 40), st.integers(2, 9), st.integers(0, 99))
def test_a_sequence_is_the_symbol_others_that_say_nothing_and_the_mark(distance, symbols, seed):
    ids, first = Recall(distance, symbols).sequences(5, np.random.default_rng(seed))
    assert ids.shape == (distance + 1, 5)
    assert (ids[0] == first).all()
    assert (first < symbols).all()
    assert ((ids[1:-1] >= symbols) & (ids[1:-1] < 2 * symbols)).all()
    assert (ids[-1] == 2 * symbols).all()


@given(st.integers(1, 40), st.integers(1, 50))
def test_windows_are_the_whole_sequence_and_the_last_is_full(distance, length):
    windows = Recall(distance).windows(length)
    steps = [step for window in windows for step in range(window.start, window.stop)]
    assert steps == list(range(distance + 1))
    assert windows[-1].stop - windows[-1].start == min(length, distance + 1)


def test_what_is_carried_from_window_to_window_begins_anew_with_each_sequence():
    task = Recall(5)
    batches = task.batches(task.windows(4), np.random.default_rng(0))
    first, second, third = (next(batches) for _ in range(3))
    assert [len(each.inputs) for each in (first, second, third)] == [2, 4, 2]
    assert [each.continues.any() for each in (first, second, third)] == [False, True, False]
    assert (first.targets == IGNORE).all()
    assert (second.targets[-1] == first.inputs[0]).all()


@pytest.mark.parametrize(("method", "is_reached"), [("full", True), ("truncated", False), ("alone", False)])
def test_the_gradient_reaches_the_symbol_in_full_alone(method, is_reached):
    task = Recall(4)
    network = Variant("lstm").network(task.architecture("lstm", UNITS), 0)
    before = network.input.table.detach().clone()
    list(learn(network, task, METHODS[method](task, 4), Learning(3)))
    is_same = (network.input.table == before).all(1)
    assert bool(is_same[: task.symbols].any()) is not is_reached
    assert not is_same[task.symbols :].any()


def test_in_full_the_task_is_solved_and_windows_that_are_read_alone_leave_chance():
    trials = [Trial(Variant("gru", start="orthogonal"), method, 5, 0) for method in METHODS]
    full, truncated, alone = outcomes(trials, Learning(75, rate=0.02), window=4, units=UNITS, symbols=4)
    assert full.is_solved
    assert full.loss < 0.1 * np.log(4)
    assert full.accuracy > 0.95
    assert full.batches < 75  # it stops when solved
    assert not alone.is_solved
    assert alone.loss > 0.95 * np.log(4)
    assert alone.batches == 75
    assert truncated.loss != full.loss


def test_within_a_window_all_ways_are_one_and_seeds_differ():
    trials = [Trial(Variant("elman"), method, 3, seed) for method in METHODS for seed in (0, 1)]
    found = list(outcomes(trials, Learning(2), window=4, units=UNITS, symbols=4))
    assert [each.trial for each in found] == trials
    assert len({each.loss for each in found[::2]}) == len({each.loss for each in found[1::2]}) == 1
    assert found[0].loss != found[1].loss


def test_the_same_seed_learns_the_same():
    trial = Trial(Variant("lstm"), "truncated", 5, 3)
    first, again = (list(outcomes([trial], Learning(2), window=4, units=UNITS, symbols=4)) for _ in range(2))
    assert first == again
    task = Recall(5)
    network = trial.variant.network(task.architecture("lstm", UNITS), 3)
    *_, row = learn(network, task, task.windows(4), Learning(2, seed=3))
    assert row.valid_nats == first[0].loss


def test_a_network_is_validated_on_what_it_reads():
    task = Recall(7)
    network = Variant("gru").network(task.architecture("gru", UNITS), 0)
    with torch.no_grad():
        full, truncated, alone = (task.found(network, METHODS[name](task, 3)) for name in METHODS)
        ids, first = task.sequences(256, np.random.default_rng(2**32))
        output, _ = network(torch.from_numpy(ids[-3:]))
        nats = torch.nn.functional.cross_entropy(network.head(output[-1]), torch.from_numpy(first))
    assert full == truncated
    assert alone.nats == pytest.approx(nats.item())
    assert alone.nats != full.nats


def test_steps_are_batches_of_sequences_whatever_the_windows():
    task = Recall(7)
    network = Variant("elman").network(task.architecture("elman", UNITS), 0)
    *_, row = learn(network, task, task.windows(2), Learning(3, rate=1e-6))
    assert row.step == 3
    assert row.train_nats == pytest.approx(np.log(4), abs=0.5)
    assert BATCH == 32


def test_a_network_begins_as_its_variant_says():
    architecture = Recall(3).architecture("lstm", UNITS)
    plain, other = (Variant("lstm", scale=s, forget_bias=b).network(architecture, 0) for s, b in ((1, 1), (2, 3)))
    mine, its = (each.layers.layer("0") for each in (plain, other))
    assert torch.equal(2 * mine.weight_hh, its.weight_hh)
    assert torch.equal(mine.weight_ih, its.weight_ih)
    forget = slice(UNITS, 2 * UNITS)
    assert (mine.bias_ih[forget] == 1).all()
    assert (its.bias_ih[forget] == 3).all()
    assert its.bias_ih.sum() == 3 * UNITS


def test_losses_are_means_over_the_seeds():
    variant = Variant("gru")
    found = [
        Outcome(Trial(variant, "full", distance, seed), loss, 0.0, 1, 1.0, False)
        for distance, seed, loss in ((2, 0, 1.0), (2, 1, 3.0), (5, 0, 4.0))
    ]
    assert mean_losses(found) == {("gru", "full"): {2: 2.0, 5: 4.0}}


def test_a_distance_is_solved_where_every_seed_solves_it():
    found = [
        Outcome(Trial(Variant("gru"), "full", distance, seed), 1.0, 0.0, 1, 1.0, is_solved=(distance, seed) != (5, 1))
        for distance in (2, 5)
        for seed in (0, 1)
    ]
    assert "gru, full: solved at distances 2 of 2, 5" in closing_lines(found, window=10)
