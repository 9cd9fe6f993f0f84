"""Examples that are read alone: each symbol a target, none from behind the end, and the order of a seed."""

import doctest
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn import windows
from textrnn.batch import IGNORE
from textrnn.errors import UsageError
from textrnn.windows import Examples, reshape, shift, shuffled

START, END = 2, 3
LENGTHS = st.integers(1, 12)
SIZES = st.integers(0, 100)
SHIFTS = st.integers(1, 12)
TARGET_SHIFTS = st.integers(1, 5)


def test_the_worked_examples_are_what_happens():
    found = doctest.testmod(windows)
    assert (found.attempted, found.failed) == (6, 0)


@given(size=SIZES, length=LENGTHS, target_shift=TARGET_SHIFTS)
def test_reshaped_every_symbol_is_a_target_once_but_for_the_first(size, length, target_shift):
    inputs, targets = reshape(np.arange(size), length, target_shift=target_shift)
    assert inputs.shape == targets.shape
    assert targets.T[targets.T != IGNORE].tolist() == list(range(target_shift, size))


@given(size=SIZES, length=LENGTHS, target_shift=TARGET_SHIFTS)
def test_to_reshape_is_to_shift_by_the_length(size, length, target_shift):
    ids = np.arange(size)
    reshaped, shifted = (
        reshape(ids, length, target_shift=target_shift),
        shift(ids, length, shift=length, target_shift=target_shift),
    )
    np.testing.assert_array_equal(reshaped, shifted)


@given(size=SIZES, length=LENGTHS, places=SHIFTS, target_shift=TARGET_SHIFTS)
def test_an_example_is_a_part_of_the_sequence_and_its_targets_the_part_further_on(size, length, places, target_shift):
    ids, places = np.arange(size), min(places, length)
    inputs, targets = shift(ids, length, shift=places, target_shift=target_shift)
    assert inputs.shape[0] == length
    for number, (read, wanted) in enumerate(zip(inputs.T.tolist(), targets.T.tolist(), strict=True)):
        begin = number * places
        expected = list(range(begin + target_shift, min(begin + target_shift + length, size)))
        assert wanted == expected + [IGNORE] * (length - len(expected))
        assert read[: len(expected)] == list(range(begin, begin + len(expected)))
        assert expected
    assert set(targets[targets != IGNORE].tolist()) == set(range(target_shift, size))
    assert (targets[:, :-1] != IGNORE).all()  # nothing is filled up but the last, and no example says nothing new
    if inputs.shape[1] > 1:
        assert targets.max() > targets[:, :-1].max()


@pytest.mark.parametrize("places", [0, 8, -1])
def test_a_shift_that_leaves_symbols_out_is_refused(places):
    with pytest.raises(UsageError, match=f"shift is {places}, but at most the window of 7"):
        shift(np.arange(20), 7, shift=places)


TEXTS = st.lists(st.one_of(st.just(END), st.integers(10, 99)), min_size=1, max_size=100).map(np.array)


@given(ids=TEXTS, length=LENGTHS, places=SHIFTS, count=st.integers(1, 7), seed=st.integers(0, 9))
def test_an_epoch_of_training_has_each_example_of_start_and_the_text_once(ids, length, places, count, seed):
    places = min(places, length)
    inputs, targets = shift(np.append(START, ids), length, shift=places)
    read = np.where(inputs == END, START, inputs)
    expected = list(zip(read.T.tolist(), targets.T.tolist(), strict=True))
    found = []
    for batch in epoch(ids.astype(np.uint8), length, places, count, seed):
        assert batch.inputs.shape == batch.targets.shape == (length, len(batch.continues))
        assert not batch.continues.any()
        found.append(list(zip(batch.inputs.T.tolist(), batch.targets.T.tolist(), strict=True)))
    assert sorted(example for batch in found for example in batch) == sorted(expected)
    assert all(len(batch) == count for batch in found[:-1])
    assert 0 < len(found[-1]) <= count


def epoch(ids: np.ndarray, length: int, places: int, count: int, seed: int) -> Examples:
    return Examples(ids, length=length, shift=places, count=count, start=START, end=END, seed=seed)


@given(ids=TEXTS, stop=st.integers(0, 30), seed=st.integers(0, 9))
def test_examples_go_on_from_their_place_as_if_they_had_not_stopped(ids, stop, seed):
    whole = [batch.targets.tolist() for batch in epoch(ids, 5, 3, 2, seed)]
    stopped = epoch(ids, 5, 3, 2, seed)
    first = [batch.targets.tolist() for batch in islice(stopped, stop)]
    resumed = epoch(ids, 5, 3, 2, seed)
    resumed.place = stopped.place
    assert first + [batch.targets.tolist() for batch in resumed] == whole


@pytest.mark.parametrize("at_once", [10, 64, 100, 1000])
def test_the_order_is_of_all_differs_by_seed_and_reaches_across_blocks(at_once, monkeypatch):
    monkeypatch.setattr(windows, "SHUFFLED_AT_ONCE", at_once)

    def order(seed: int) -> list[int]:
        return list(shuffled(100, np.random.default_rng(seed)))

    assert sorted(order(0)) == list(range(100))
    assert order(0) == order(0) != order(1)
    assert {order(seed)[0] // 10 for seed in range(200)} == set(range(10))
    assert [number % 10 for number in order(0)[:10]] != list(range(10))
