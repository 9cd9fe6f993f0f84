"""One long sequence as many short examples, each read alone: to teach with, and for what does not go on.

The sequence 1 … 14 in examples of length 7:

    reshape                  shift 2
    1 2 3 4 5 6 7            1 2 3 4 5 6 7
    8 9 10 11 12 13 14       3 4 5 6 7 8 9
                             5 6 7 8 9 10 11
                             7 8 9 10 11 12 13
(drawn an example to a row; in memory an example is a column).

With a target shift of 1 the target of each symbol is the one after it. `train lm` takes no other: a network that looks
further ahead could not say how likely the next symbol is, nor write one after another.

How training reads by default, with a state that is carried from window to window, is in batch.py.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import IGNORE, Batch, Ids, begun
from textrnn.errors import UsageError

SHUFFLED_AT_ONCE = 2**20  # examples, so that memory does not grow with the text


def reshape(ids: NDArray[np.integer], length: int, *, target_shift: int = 1) -> tuple[Ids, Ids]:
    """Inputs and targets, each (length, examples): every example begins where the one before has ended.

    >>> inputs, targets = reshape(np.arange(1, 15), 7)
    >>> inputs.T
    array([[ 1,  2,  3,  4,  5,  6,  7],
           [ 8,  9, 10, 11, 12, 13, 14]])

    Every symbol is a target once, but for the first. Where the last example has no more of them its targets are
    IGNORE, which does not count:

    >>> targets.T
    array([[   2,    3,    4,    5,    6,    7,    8],
           [   9,   10,   11,   12,   13,   14, -100]])
    """
    return shift(ids, length, shift=length, target_shift=target_shift)


def shift(ids: NDArray[np.integer], length: int, *, shift: int, target_shift: int = 1) -> tuple[Ids, Ids]:
    """Inputs and targets, each (length, examples): every example begins `shift` places after the one before.

    >>> inputs, targets = shift(np.arange(1, 15), 7, shift=2, target_shift=1)
    >>> inputs.T
    array([[ 1,  2,  3,  4,  5,  6,  7],
           [ 3,  4,  5,  6,  7,  8,  9],
           [ 5,  6,  7,  8,  9, 10, 11],
           [ 7,  8,  9, 10, 11, 12, 13]])
    >>> targets.T
    array([[ 2,  3,  4,  5,  6,  7,  8],
           [ 4,  5,  6,  7,  8,  9, 10],
           [ 6,  7,  8,  9, 10, 11, 12],
           [ 8,  9, 10, 11, 12, 13, 14]])

    The last example is the first that reaches the end; what it lacks there is filled up, with IGNORE as target.
    """
    count = count_examples(len(ids) - target_shift, length=length, shift=shift)
    return cut(ids, shift * np.arange(count), length=length, target_shift=target_shift)


def count_examples(targets: int, *, length: int, shift: int) -> int:
    """The fewest examples in which each of so many targets occurs.

    Raises UsageError where a shift that is larger than the length would leave some out.
    """
    if not 0 < shift <= length:
        raise UsageError(
            f"shift is {shift}, but at most the window of {length}: else symbols between would be left out"
        )
    return 1 + max(0, -(-(targets - length) // shift)) if targets > 0 else 0


def cut(ids: NDArray[np.integer], begins: Ids, *, length: int, target_shift: int) -> tuple[Ids, Ids]:
    """Inputs and targets of the examples that begin at these places, each (length, examples).

    ids: read at these places alone, so that they may lie in a file.
    """
    place, last = begins + np.arange(length)[:, None], len(ids) - 1
    inputs = ids[np.minimum(place, last)].astype(np.int64)
    targets = ids[np.minimum(place + target_shift, last)].astype(np.int64)
    return inputs, np.where(place + target_shift <= last, targets, IGNORE)


class Examples:
    """The examples of <start> and a text, each once, in the random order of a seed, `count` in a batch.

    No state is carried. As in contiguous windows <start> is read where a text has ended, and the example goes on.
    The last batch has fewer examples, if so many are left.
    place: (1,), how many examples are behind; all that is needed to go on from here.
    """

    def __init__(
        self, ids: NDArray[np.integer], *, length: int, shift: int, count: int, start: int, end: int, seed: int
    ) -> None:
        self.ids, self.length, self.shift, self.count = ids, length, shift, count
        self.start, self.end, self.seed = start, end, seed
        self.place = np.zeros(1, np.int64)
        self.continues = np.zeros(1, bool)

    def __iter__(self) -> Iterator[Batch]:
        examples = count_examples(len(self.ids), length=self.length, shift=self.shift)
        order = islice(shuffled(examples, np.random.default_rng(self.seed)), int(self.place[0]), None)
        while chosen := list(islice(order, self.count)):
            begins = self.shift * np.array(chosen) - 1  # the first symbol is <start>, one before the text
            inputs, targets = cut(self.ids, begins, length=self.length, target_shift=1)
            inputs[0, begins < 0] = self.start
            self.place = self.place + len(chosen)
            yield Batch(begun(inputs, start=self.start, end=self.end), targets, np.zeros(len(chosen), bool))


def shuffled(count: int, random: np.random.Generator) -> Iterator[int]:
    """The numbers below `count` in random order: block after block, in each of which they are shuffled."""
    for begin in random.permutation(np.arange(0, count, SHUFFLED_AT_ONCE)).tolist():
        yield from (begin + random.permutation(min(SHUFFLED_AT_ONCE, count - begin))).tolist()
