"""Whole sequences and pairs of them in batches: each once in an epoch, in an order that comes again from any place."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textrnn.batch import IGNORE, Batch
from textrnn.sequences import BegunSequences, PairSequences, Sequences, pieces

PADDING, START, END = 0, 2, 3
LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=80)
PAIRS = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=80)


def sequences(lengths: list[int], *, count: int = 4, symbols: int = 64, seed: int = 0) -> Sequences:
    """Sequences of these lengths, whose labels are their places and whose symbols say which they are; END behind."""
    rows = [np.append(1000 * (place + 1) + np.arange(length), END) for place, length in enumerate(lengths)]
    begins = np.cumsum([0, *(length + 1 for length in lengths)])[:-1]
    ids, labels = np.concatenate(rows).astype(np.uint32), np.arange(len(lengths))
    return Sequences(ids, begins, np.array(lengths), labels, count=count, symbols=symbols, padding=PADDING, seed=seed)


def contents(batch: Batch) -> list[tuple[list[int], list[int], list[int], list[bool]]]:
    return [each.tolist() for each in (batch.inputs, batch.targets, batch.lengths, batch.continues)]


@given(LENGTHS, st.integers(1, 7), st.integers(1, 90), st.integers(0, 2**63 - 1))
def test_each_sequence_comes_once_with_its_label_and_its_padding_behind_it(lengths, count, symbols, seed):
    epoch = sequences(lengths, count=count, symbols=symbols, seed=seed)
    seen = []
    for batch in epoch:
        steps, width = batch.inputs.shape
        assert batch.targets.shape == (1, width)
        assert not batch.continues.any()
        assert steps == batch.lengths.max()
        assert width <= count
        assert width == 1 or steps * width <= symbols
        for column, label, length in zip(batch.inputs.T, batch.targets[0], batch.lengths, strict=True):
            assert column[:length].tolist() == list(range(1000 * (label + 1), 1000 * (label + 1) + lengths[label]))
            assert (column[length:] == PADDING).all()
            seen.append(label)
    assert sorted(seen) == list(range(len(lengths)))
    assert len(epoch) == epoch.place[0]


@given(LENGTHS, st.integers(0, 2**63 - 1), st.data())
def test_an_epoch_goes_on_from_any_place_as_if_it_had_not_stopped(lengths, seed, data):
    whole = [contents(batch) for batch in sequences(lengths, seed=seed)]
    behind = data.draw(st.integers(0, len(whole)))
    first = sequences(lengths, seed=seed)
    assert [contents(batch) for batch, _ in zip(first, range(behind), strict=False)] == whole[:behind]
    again = sequences(lengths, seed=seed)
    again.place = np.array([behind])
    assert [contents(batch) for batch in again] == whole[behind:]


def test_another_seed_is_another_order_and_another_company():
    lengths = [5] * 40
    one, other = ([frozenset(batch.targets[0].tolist()) for batch in sequences(lengths, seed=seed)] for seed in (1, 2))
    assert one != other
    assert set(one) != set(other)


def test_sequences_of_like_length_are_together_and_the_batches_in_no_order_of_length():
    lengths = np.random.default_rng(0).integers(1, 200, 600).tolist()
    batches = list(sequences(lengths, count=8, symbols=10**6))
    padded = sum(batch.inputs.size for batch in batches)
    assert padded < 1.1 * sum(lengths)
    steps = [len(batch.inputs) for batch in batches]
    assert steps not in (sorted(steps), sorted(steps, reverse=True))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(1, 12), st.integers(0, 2**63 - 1))
def test_a_piece_lies_within_its_sequence_and_a_short_one_is_whole(lengths, longest, seed):
    begins = np.cumsum([0, *lengths])[:-1]
    starts, sizes = pieces(begins, np.array(lengths), longest=longest, seed=seed)
    for begin, length, start, size in zip(begins, lengths, starts, sizes, strict=True):
        assert size == min(length, longest)
        assert begin <= start <= start + size <= begin + length
    again, _ = pieces(begins, np.array(lengths), longest=longest, seed=seed)
    assert again.tolist() == starts.tolist()


def test_pieces_begin_anywhere_both_ends_included():
    starts = {int(pieces(np.array([7]), np.array([5]), longest=3, seed=seed)[0][0]) for seed in range(60)}
    assert starts == {7, 8, 9}


def row_of(place: int, length: int) -> list[int]:
    """A sequence whose symbols say which it is."""
    return list(range(1000 * (place + 1), 1000 * (place + 1) + length))


def pair_sequences(pairs: list[tuple[int, int]], *, count: int = 4, symbols: int = 128, seed: int = 0) -> PairSequences:
    """Pairs of sequences of these lengths, 2i the source of pair i and 2i + 1 its target; END behind each."""
    lengths = np.array(pairs).reshape(-1)
    ids = np.concatenate([[*row_of(place, length), END] for place, length in enumerate(lengths)]).astype(np.uint32)
    begins = np.cumsum(lengths + 1) - lengths - 1
    return PairSequences(
        ids,
        begins.reshape(-1, 2).T,
        lengths.reshape(-1, 2).T,
        count=count,
        symbols=symbols,
        padding=PADDING,
        seed=seed,
    )


@given(PAIRS, st.integers(1, 7), st.integers(1, 200), st.integers(0, 2**63 - 1))
def test_each_pair_comes_once_with_the_end_of_its_target_and_what_is_below_does_not_count(pairs, count, symbols, seed):
    epoch = pair_sequences(pairs, count=count, symbols=symbols, seed=seed)
    seen = []
    for batch in epoch:
        (steps, width), (target_steps, target_width) = batch.inputs.shape, batch.targets.shape
        assert width == target_width == len(batch.continues) <= count
        assert not batch.continues.any()
        assert width == 1 or batch.inputs.size + batch.targets.size <= symbols
        longest = 0
        for source, target, length in zip(batch.inputs.T, batch.targets.T, batch.lengths, strict=True):
            pair = (source[0] // 1000 - 1) // 2
            assert source.tolist() == row_of(2 * pair, length) + [PADDING] * (steps - length)
            assert length == pairs[pair][0]
            expected = [*row_of(2 * pair + 1, pairs[pair][1]), END]
            assert target.tolist() == expected + [IGNORE] * (target_steps - len(expected))
            longest = max(longest, len(expected))
            seen.append(pair)
        assert (steps, target_steps) == (batch.lengths.max(), longest)
    assert sorted(seen) == list(range(len(pairs)))
    assert len(epoch) == epoch.place[0]


@given(PAIRS, st.integers(0, 2**63 - 1), st.data())
def test_an_epoch_of_pairs_goes_on_from_any_place_as_if_it_had_not_stopped(pairs, seed, data):
    whole = [contents(batch) for batch in pair_sequences(pairs, seed=seed)]
    behind = data.draw(st.integers(0, len(whole)))
    again = pair_sequences(pairs, seed=seed)
    again.place = np.array([behind])
    assert [contents(batch) for batch in again] == whole[behind:]


def test_a_batch_is_as_full_as_its_symbols_allow():
    for spare in (0, 9):  # each pair is five symbols and five targets with the end
        batches = pair_sequences([(5, 4)] * 12, count=10, symbols=40 + spare)
        assert [batch.inputs.shape[1] for batch in batches] == [4, 4, 4]
    for spare in (0, 4):
        assert [batch.inputs.shape[1] for batch in sequences([5] * 12, count=10, symbols=20 + spare)] == [4, 4, 4]


def test_pairs_of_like_length_are_together_by_their_targets_and_then_by_their_sources():
    random = np.random.default_rng(0)
    targets = random.integers(5, 40, 3000)
    pairs = np.stack([np.maximum(1, targets + random.integers(-3, 4, 3000)), targets], 1)
    batches = list(pair_sequences(pairs.tolist(), count=16, symbols=10**6))
    assert sum((batch.targets == IGNORE).sum() for batch in batches) < 0.03 * (targets + 1).sum()
    assert sum((batch.inputs == PADDING).sum() for batch in batches) < 0.12 * pairs[:, 0].sum()
    steps = [len(batch.targets) for batch in batches]
    assert steps not in (sorted(steps), sorted(steps, reverse=True))


def begun(lengths: list[int], *, count: int = 4, steps: int = 7, seed: int = 0) -> BegunSequences:
    """Texts of these lengths, whose symbols and whose vectors say which they are; END behind."""
    rows = [np.append(1000 * (place + 1) + np.arange(length), END) for place, length in enumerate(lengths)]
    begins = np.cumsum([0, *(length + 1 for length in lengths)])[:-1]
    return BegunSequences(
        np.concatenate(rows).astype(np.uint32),
        begins,
        np.array(lengths),
        lambda places: np.stack([places, -places], axis=1).astype(np.float32),
        count=count,
        steps=steps,
        start=START,
        padding=PADDING,
        seed=seed,
    )


def window(batch: Batch) -> list:
    vectors = None if batch.vectors is None else batch.vectors.tolist()
    return [batch.inputs.tolist(), batch.targets.tolist(), batch.continues.tolist(), vectors]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 7), st.integers(1, 12), st.integers(0, 99))
def test_each_text_is_read_once_in_windows_that_go_on_from_its_vector(lengths, count, steps, seed):
    epoch = begun(lengths, count=count, steps=steps, seed=seed)
    seen, read, places = [], np.zeros((0, 0), np.int64), np.zeros(0)
    windows = list(epoch)
    for batch, following in zip(windows, [*windows[1:], None], strict=True):
        assert len(batch.inputs) == len(batch.targets) <= steps
        assert batch.lengths is None
        if batch.vectors is not None:
            assert not batch.continues.any()
            places, read = batch.vectors[:, 0].astype(int), np.zeros((2, 0, len(batch.vectors)), np.int64)
            np.testing.assert_array_equal(batch.vectors[:, 1], -places)
        else:
            assert batch.continues.all()
        read = np.concatenate([read, np.stack([batch.inputs, batch.targets])], axis=1)
        if following is None or following.vectors is not None:
            for place, inputs, targets in zip(places.tolist(), *read.transpose(0, 2, 1).tolist(), strict=True):
                text = list(range(1000 * (place + 1), 1000 * (place + 1) + lengths[place]))
                assert targets[: len(text) + 1] == [*text, END]
                assert inputs[: len(text) + 1] == [START, *text]
                assert set(targets[len(text) + 1 :]) <= {IGNORE}
                seen.append(place)
    assert sorted(seen) == list(range(len(lengths)))
    assert len(windows) == len(epoch)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 99), st.data())
def test_texts_go_on_from_any_window_as_if_they_had_not_stopped(lengths, seed, data):
    whole = [window(batch) for batch in begun(lengths, seed=seed)]
    behind = data.draw(st.integers(0, len(whole)))
    first = begun(lengths, seed=seed)
    assert [window(batch) for _, batch in zip(range(behind), first, strict=False)] == whole[:behind]
    again = begun(lengths, seed=seed)
    again.place = first.place
    assert [window(batch) for batch in again] == whole[behind:]
