"""Arrays out of ids: nothing lost, nothing counted twice."""

import json
from itertools import islice, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textrnn.batch import IGNORE, Batch, Streams, Windows, overlapping_streams, padded_columns

START, END = 2, 3
LETTERS = {"^": START, "$": END}


def ids_of(text: str) -> np.ndarray:
    """Letters as 10, 11, …"""
    return np.array([LETTERS.get(letter, ord(letter) - ord("a") + 10) for letter in text.split()])


def test_the_drawing_in_the_module_is_what_happens():
    ids = ids_of("a b c d e f g h i j k l")
    first, second = Windows(Streams(ids, count=2, start=START), steps=3, end=END)
    assert first.inputs.T.tolist() == [[2, 10, 11], [2, 16, 17]]
    assert first.targets.T.tolist() == [[10, 11, 12], [16, 17, 18]]
    assert second.inputs.T.tolist() == [[12, 13, 14], [18, 19, 20]]
    assert second.targets.T.tolist() == [[13, 14, 15], [19, 20, 21]]
    assert [batch.continues.tolist() for batch in (first, second)] == [[False, False], [True, True]]


def test_the_drawing_of_texts_that_end_is_what_happens():
    (window,) = Windows(Streams(ids_of("a b $ c $"), count=1, start=START), steps=5, end=END)
    assert window.inputs.T.tolist() == [ids_of("^ a b ^ c").tolist()]
    assert window.targets.T.tolist() == [ids_of("a b $ c $").tolist()]


def test_a_window_that_is_cut_ends_with_its_last_end_and_the_next_begins_there():
    columns = Streams(ids_of("a $ b $ c d   e f g h i $"), count=2, start=START)
    first, second = Windows(columns, steps=5, end=END, fresh=ALWAYS, random=generator(0))
    assert first.inputs.T.tolist() == [ids_of("^ a ^ b ^").tolist(), ids_of("^ e f g h").tolist()]
    assert first.targets.T.tolist() == [[*ids_of("a $ b $"), IGNORE], ids_of("e f g h i").tolist()]
    assert second.inputs.T.tolist() == [ids_of("^ c").tolist(), [*ids_of("i"), second.inputs[1, 1]]]
    assert second.targets.T.tolist() == [ids_of("c d").tolist(), [*ids_of("$"), IGNORE]]
    assert [batch.continues.tolist() for batch in (first, second)] == [[False, False], [False, True]]


ALWAYS = 1 - 1e-12


def whole_streams(cut: Streams) -> list[list[int]]:
    """Each stream whole, without the symbol that it begins with."""
    return cut.rows(np.arange(1, cut.length + 1)[:, None] + np.zeros(cut.count, int)).T.tolist()


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


TEXTS = st.lists(st.one_of(st.just(END), st.integers(10, 99)), min_size=1, max_size=200).map(np.array)


@given(
    ids=TEXTS,
    count=st.integers(1, 9),
    steps=st.integers(1, 20),
    offset=st.integers(0, 300),
    fresh=st.sampled_from([0.0, 0.3, ALWAYS]),
    seed=st.integers(0, 9),
)
def test_every_symbol_of_a_stream_is_a_target_once_in_order_and_after_the_one_before(
    ids, count, steps, offset, fresh, seed
):
    columns = Streams(ids, count=count, start=START, offset=offset)
    place = np.zeros(count, int)  # of the next target
    whole = np.zeros(count, bool)  # whether the batch before counted to its last step
    for batch in Windows(columns, steps=steps, end=END, fresh=fresh, random=generator(seed)):
        assert batch.inputs.shape == batch.targets.shape
        assert 0 < len(batch.inputs) <= steps
        assert not (batch.inputs == END).any()
        for stream, text in enumerate(whole_streams(columns)):
            counted = int((batch.targets[:, stream] != IGNORE).sum())
            begin, end = place[stream], place[stream] + counted
            assert batch.targets[:counted, stream].tolist() == text[begin:end]
            before = [START, *text][begin:end]
            assert batch.inputs[:counted, stream].tolist() == [START if symbol == END else symbol for symbol in before]
            if batch.continues[stream] and counted:
                assert whole[stream]
            if not batch.continues[stream] and counted:
                assert begin == 0 or text[begin - 1] == END
            place[stream], whole[stream] = end, counted == len(batch.targets)
    assert (place == len(ids) // count).all()


@given(ids=TEXTS, count=st.integers(1, 9), steps=st.integers(1, 20))
def test_where_no_text_is_begun_afresh_every_stream_continues(ids, count, steps):
    batches = list(Windows(Streams(ids, count=count, start=START), steps=steps, end=END))
    assert [batch.continues.all() for batch in batches] == [index > 0 for index in range(len(batches))]
    assert len(batches) == -(-(len(ids) // count) // steps)
    for before, after in pairwise(batches):
        continued = np.where(before.targets[-1] == END, START, before.targets[-1])
        np.testing.assert_array_equal(continued, after.inputs[0])


def test_a_share_of_the_windows_with_an_end_is_cut_and_a_seed_repeats_them():
    columns = Streams(np.tile(ids_of("a b $"), 4000), count=4, start=START)

    def cut(seed: int) -> list[bool]:
        found = Windows(columns, steps=9, end=END, fresh=0.25, random=generator(seed))
        return [not goes_on for batch in list(found)[1:] for goes_on in batch.continues]

    share, windows_in_all = np.mean(cut(0)), len(cut(0))
    assert abs(share - 0.25) < 4 * (0.25 * 0.75 / windows_in_all) ** 0.5
    assert cut(0) == cut(0) != cut(1)


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


@given(
    ids=TEXTS,
    count=st.integers(1, 5),
    steps=st.integers(1, 20),
    offset=st.integers(0, 300),
    fresh=st.sampled_from([0.0, 0.5]),
    stop=st.integers(0, 20),
)
def test_windows_go_on_from_their_place_as_if_they_had_not_stopped(ids, count, steps, offset, fresh, stop):
    def windows(random: np.random.Generator) -> Windows:
        return Windows(
            Streams(ids, count=count, start=START, offset=offset), steps=steps, end=END, fresh=fresh, random=random
        )

    whole = [as_lists(batch) for batch in windows(generator(3))]
    stopped, random = windows(before := generator(3)), generator(99)
    first = [as_lists(batch) for batch in islice(stopped, stop)]
    random.bit_generator.state = json.loads(json.dumps(before.bit_generator.state))
    resumed = windows(random)
    resumed.place, resumed.continues = (np.array(part.tolist()) for part in (stopped.place, stopped.continues))
    assert first + [as_lists(batch) for batch in resumed] == whole


def as_lists(batch: Batch) -> list[list]:
    return [part.tolist() for part in (batch.inputs, batch.targets, batch.continues)]
