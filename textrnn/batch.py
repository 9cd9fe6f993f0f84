"""Ids → the arrays a network reads. Time comes first: a row is one step of every sequence in the batch.

Training reads one long text as parallel streams, window by window, and carries the state across windows.
Twelve ids in two streams, windows of three steps (the text is read along each stream, `^` is <start>):

    stream 0   ^ a b c d e f        first window      second window
    stream 1   ^ g h i j k l        inputs  ^ a b     inputs  c d e
                                            ^ g h             i j k
                                    targets a b c     targets d e f
                                            g h i             j k l
(drawn a stream to a row; in memory a stream is a column).

Where a text ends, `$` or <eos> is predicted and <start> is read, for the next text begins:

    text       a b $ c $            inputs  ^ a b ^ c
                                    targets a b $ c $
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

PADDED_AT_ONCE = 2**20  # symbols of a batch of texts side by side, with its padding
IGNORE = -100  # a target that does not count; torch's default for it


@dataclass(frozen=True)
class Batch:
    """One step of training.

    inputs: (time, batch) ids. targets: (time, batch) ids, IGNORE where nothing is predicted.
    Of sequences that are labelled as a whole: (1, batch). Of pairs the symbols of the target, which has a time of its
    own.
    continues: (batch,) whether the state of this sequence carries on from the batch before.
    lengths: (batch,) how many inputs of each sequence are its own, where some are padding; None: all.
    vectors: (batch, size) what sequences that do not continue begin with, if they begin with any.
    """

    inputs: Ids
    targets: Ids
    continues: NDArray[np.bool_]
    lengths: Ids | None = None
    vectors: NDArray[np.float32] | None = None


class Streams:
    """A text as `count` streams of equal length, each behind a `start` symbol, read where it lies: maybe in a file.

    The cut begins at `offset` and wraps around, so that over the epochs each part of the text meets each place;
    up to `count` - 1 ids are left over and come back with the next offset.
    """

    def __init__(self, ids: NDArray[np.integer], *, count: int, start: int, offset: int = 0) -> None:
        self.ids, self.count, self.start = ids, count, start
        self.length = len(ids) // count
        self._begins = offset + np.arange(count) * self.length

    def rows(self, row: Ids) -> Ids:
        """The symbols at these rows, (time, batch) both; row 0 of each stream is `start`."""
        place = (self._begins + row - 1) % len(self.ids)
        return np.where(row == 0, self.start, self.ids[place]).astype(np.int64)


class Windows:
    """Windows of at most `steps` steps over streams, one after another, until each stream is at its end.

    fresh: with this probability, drawn from `random`, a stream's window ends with the last `end` symbol in it, and the
    next window begins there without the state: so that the network learns to begin, too.
    place, continues: (batch,) each, where the next window begins and whether its state carries on; with the state of
    `random` they are all that is needed to go on from here.
    """

    def __init__(
        self,
        streams: Streams,
        *,
        steps: int,
        end: int,
        fresh: float = 0.0,
        random: np.random.Generator | None = None,
    ) -> None:
        self.streams, self.steps, self.end, self.fresh, self.random = streams, steps, end, fresh, random
        self.place = np.zeros(streams.count, np.int64)  # of the next input
        self.continues = np.zeros(streams.count, bool)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        streams, length, end = self.streams, self.streams.length, self.end
        if (self.place >= length).all():
            raise StopIteration
        row = self.place + np.arange(min(self.steps, length - self.place.min()))[:, None]  # (time, batch)
        last = np.full(streams.count, length)  # behind the last target of this window
        within = np.minimum(row, length - 1)
        targets = streams.rows(within + 1)
        breaks = np.zeros(streams.count, bool)
        if self.random is not None and self.fresh:
            ends = np.where((targets == end) & (row < length), row, -1).max(0)
            breaks = (self.random.random(streams.count) < self.fresh) & (ends >= 0)
            last = np.where(breaks, ends + 1, last)
        inputs = begun(streams.rows(within), start=streams.start, end=end)
        batch = Batch(inputs, np.where(row < last, targets, IGNORE), self.continues)
        self.place, self.continues = np.minimum(row[-1] + 1, last), ~breaks
        return batch


def begun(inputs: Ids, *, start: int, end: int) -> Ids:
    """Inputs in which a new text begins after each one that has ended."""
    return np.where(inputs == end, start, inputs)


def overlapping_streams(ids: NDArray[np.integer], *, count: int, start: int, overlap: int) -> tuple[Ids, Ids]:
    """Streams for a quick evaluation of one text: inputs and targets, each (time, count).

    Every id is a target exactly once. Each stream first reads the `overlap` ids before its share, which do not
    count, so that its state is nearly that of one pass over the whole text.
    """
    share = -(-len(ids) // count)
    padded = np.concatenate([np.full(overlap, start), ids, np.full(share * count - len(ids) + 1, start)])
    begins = np.arange(count) * share
    position = np.arange(overlap + share)[:, None] + begins  # of the target in `padded`, (time, count)
    inputs = np.where(position == 0, start, padded[position - 1])
    own = (np.arange(overlap + share)[:, None] >= overlap) & (position < overlap + len(ids))
    return inputs.astype(np.int64), np.where(own, padded[position], IGNORE).astype(np.int64)


def of_like_length(lengths: Sequence[int], *, count: int, padded: int | None = None) -> list[list[int]]:
    """The places of rows, those of like length together, the longest first: at most `count` in a batch.

    Fewer where they are long: a batch with its padding has at most `padded` symbols, else PADDED_AT_ONCE, unless
    one row alone is longer.
    """
    within = PADDED_AT_ONCE if padded is None else padded
    places = sorted(range(len(lengths)), key=lambda place: lengths[place], reverse=True)
    batches = []
    while places:
        most = min(count, max(1, within // max(1, lengths[places[0]])))
        batches.append(places[:most])
        places = places[most:]
    return batches


def padded_columns(rows: Sequence[NDArray[np.integer]], *, padding: int) -> Ids:
    """Rows of ids of different lengths side by side as columns, filled up below: (longest, len(rows))."""
    columns = np.full((max(map(len, rows), default=0), len(rows)), padding, dtype=np.int64)
    for index, row in enumerate(rows):
        columns[: len(row), index] = row
    return columns
