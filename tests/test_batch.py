"""Arrays out of ids: nothing lost, nothing counted twice."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textrnn.batch import IGNORE, overlapping_streams, padded_columns, streams, windows

START = 2


def test_the_drawing_in_the_module_is_what_happens():
    ids = np.arange(10, 22)
    first, second = windows(streams(ids, count=2, start=START), steps=3)
    assert first.inputs.T.tolist() == [[2, 10, 11], [2, 16, 17]]
    assert first.targets.T.tolist() == [[10, 11, 12], [16, 17, 18]]
    assert second.inputs.T.tolist() == [[12, 13, 14], [18, 19, 20]]
    assert second.targets.T.tolist() == [[13, 14, 15], [19, 20, 21]]
    assert (first.continues, second.continues) == (False, True)


@given(length=st.integers(1, 200), count=st.integers(1, 9), steps=st.integers(1, 20), offset=st.integers(0, 300))
def test_every_symbol_of_a_stream_is_a_target_once(length, count, steps, offset):
    ids = np.arange(length) + 10
    columns = streams(ids, count=count, start=START, offset=offset)
    batches = list(windows(columns, steps=steps))
    targets = np.concatenate([batch.targets for batch in batches]) if batches else np.zeros((0, count))
    counts = np.unique(targets, return_counts=True)[1]
    assert (counts == 1).all()
    assert targets.size == length // count * count
    assert all(len(batch.inputs) <= steps for batch in batches)
    for before, after in pairwise(batches):
        np.testing.assert_array_equal(before.targets[-1], after.inputs[0])


@given(length=st.integers(1, 300), count=st.integers(1, 12), overlap=st.integers(0, 40))
def test_overlapping_streams_have_every_symbol_as_a_target_once(length, count, overlap):
    ids = np.arange(length) + 10
    inputs, targets = overlapping_streams(ids, count=count, start=START, overlap=overlap)
    counted = targets[targets != IGNORE]
    assert sorted(counted.tolist()) == ids.tolist()
    before = {int(symbol): START if symbol == 10 else int(symbol) - 1 for symbol in ids}
    for source, target in zip(inputs[targets != IGNORE].tolist(), counted.tolist(), strict=True):
        assert source == before[target]
    for column in inputs.T.tolist():
        steps = [(a, b) for a, b in pairwise(column) if a != START and b != START]
        assert all(b == a + 1 for a, b in steps)


@given(st.lists(st.lists(st.integers(4, 9), max_size=7), max_size=6))
def test_padding_fills_up_below(rows):
    columns = padded_columns([np.array(row, np.int64) for row in rows], padding=0)
    assert columns.shape == (max(map(len, rows), default=0), len(rows))
    for row, column in zip(rows, columns.T.tolist(), strict=True):
        assert column == row + [0] * (len(column) - len(row))
