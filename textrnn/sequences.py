"""Whole sequences with a label each, in shuffled batches of like length: little padding, which is never counted.

Six sequences, two in a batch (each letter a symbol, `.` padding, a sequence to a row; in memory it is a column):

    a b c     label 0         batch   a b c   0         batch   i j k l   1         batch   p     0
    d         label 1                 e f g   1                 m n o .   0                 d     1
    e f g     label 1
    i j k l   label 1
    m n o     label 0
    p         label 0
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Batch, Ids, padded_columns

POOL = 64  # batches that are sorted by length together: the more, the less padding, and the less chance in an order


class Sequences:
    """Sequences that lie one behind the other, each once, in the random order of a seed.

    begins, lengths: (sequences,) of each its first symbol in `ids` and how many there are. labels: (sequences,).
    count, symbols: how many are in a batch at most, and how many symbols these have with their padding, unless one
    alone has more.
    place: (1,), how many batches are behind; all that is needed to go on from here.
    """

    def __init__(
        self,
        ids: NDArray[np.integer],
        begins: Ids,
        lengths: Ids,
        labels: Ids,
        *,
        count: int,
        symbols: int,
        padding: int,
        seed: int,
    ) -> None:
        self.ids, self.begins, self.lengths, self.labels = ids, begins, lengths, labels
        self.count, self.symbols, self.padding, self.seed = count, symbols, padding, seed
        self.place = np.zeros(1, np.int64)
        self.continues = np.zeros(1, bool)

    def __iter__(self) -> Iterator[Batch]:
        for members in self._batches()[int(self.place[0]) :]:
            rows = [self._row(index) for index in members.tolist()]
            self.place = self.place + 1
            yield Batch(
                padded_columns(rows, padding=self.padding),
                self.labels[members][None],
                np.zeros(len(members), bool),
                self.lengths[members],
            )

    def _row(self, index: int) -> Ids:
        begin = self.begins[index]
        return self.ids[begin : begin + self.lengths[index]].astype(np.int64)

    def _batches(self) -> list[Ids]:
        """The members of each batch."""
        random = np.random.default_rng(self.seed)
        order = random.permutation(len(self.lengths))
        batches = []
        for begin in range(0, len(order), POOL * self.count):
            pool = order[begin : begin + POOL * self.count]
            sorted_pool = pool[np.argsort(-self.lengths[pool], kind="stable")]
            while len(sorted_pool):
                fitting = max(1, self.symbols // max(1, int(self.lengths[sorted_pool[0]])))
                batches.append(sorted_pool[: min(self.count, fitting)])
                sorted_pool = sorted_pool[min(self.count, fitting) :]
        return [batches[index] for index in random.permutation(len(batches))]

    def __len__(self) -> int:
        """How many batches there are."""
        return len(self._batches())


def pieces(begins: Ids, lengths: Ids, *, longest: int, seed: int) -> tuple[Ids, Ids]:
    """Where a piece of each sequence begins and how long it is: of a longer one than this a piece at a random place."""
    kept = np.minimum(lengths, longest)
    return begins + np.random.default_rng(seed).integers(lengths - kept + 1), kept
