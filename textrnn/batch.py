"""Ids → the arrays a network reads. Time comes first: a row is one step of every sequence in the batch.

Training reads one long text as parallel streams, window by window, and carries the state across windows.
Twelve ids in two streams, windows of three steps (the text is read along each stream, `^` is <start>):

    stream 0   ^ a b c d e f        first window      second window
    stream 1   ^ g h i j k l        inputs  ^ a b     inputs  c d e
                                            ^ g h             i j k
                                    targets a b c     targets d e f
                                            g h i             j k l
(drawn a stream to a row; in memory a stream is a column).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

IGNORE = -100  # a target that does not count; torch's default for it


@dataclass(frozen=True)
class Batch:
    """One step of training or scoring.

    inputs: (time, batch) ids. targets: (time, batch) ids, IGNORE where nothing is predicted.
    continues: the state carries on from the batch before.
    """

    inputs: Ids
    targets: Ids
    continues: bool = False


def streams(ids: NDArray[np.integer], *, count: int, start: int, offset: int = 0) -> Ids:
    """Cut a text into `count` streams of equal length, each behind a `start` symbol: (length + 1, count).

    The cut begins at `offset` and wraps around, so that over the epochs each part of the text meets each place;
    up to `count` - 1 ids are left over and come back with the next offset.
    """
    length = len(ids) // count
    turned = np.roll(ids, -offset)[: length * count].reshape(count, length).T
    return np.concatenate([np.full((1, count), start), turned]).astype(np.int64)


def windows(columns: Ids, *, steps: int) -> Iterator[Batch]:
    """Consecutive windows of at most `steps` steps over streams as `streams` makes them; only the first is fresh."""
    for begin in range(0, len(columns) - 1, steps):
        rows = columns[begin : begin + steps + 1]
        yield Batch(rows[:-1], rows[1:], continues=begin > 0)


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


def padded_columns(rows: Sequence[Ids], *, padding: int) -> Ids:
    """Rows of ids of different lengths side by side as columns, filled up below: (longest, len(rows))."""
    columns = np.full((max(map(len, rows), default=0), len(rows)), padding, dtype=np.int64)
    for index, row in enumerate(rows):
        columns[: len(row), index] = row
    return columns
