"""Whole sequences with a label or another sequence each, in shuffled batches of like length.

So there is little padding, and it is never counted.

Six sequences, two in a batch (each letter a symbol, `.` padding, a sequence to a row; in memory it is a column):

    a b c     label 0         batch   a b c   0         batch   i j k l   1         batch   p     0
    d         label 1                 e f g   1                 m n o .   0                 d     1
    e f g     label 1
    i j k l   label 1
    m n o     label 0
    p         label 0

Of pairs, where `$` is <eos> and what is below a target does not count:

    a b   A B C               batch   a b   A B C $
    c     D E                         c .   D E $ .

Of texts that each begin with a vector, where `^` is <start>, in windows of at most three steps:

    a b c   (0.1, 0.2)        first window   inputs  ^ a    second window   b c   with the state of the first
    d e     (0.3, 0.4)                               ^ d                    e .
                                             targets a b                    c $
                                                     d e                    $ .
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import IGNORE, PADDED_AT_ONCE, Batch, Ids, padded_columns

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
            self.place = self.place + 1
            yield Batch(
                padded_columns(rows(self.ids, self.begins[members], self.lengths[members]), padding=self.padding),
                self.labels[members][None],
                np.zeros(len(members), bool),
                self.lengths[members],
            )

    def _batches(self) -> list[Ids]:
        return shuffled(self.lengths[None], count=self.count, symbols=self.symbols, seed=self.seed)

    def __len__(self) -> int:
        """How many batches there are."""
        return len(self._batches())


class PairSequences:
    """Pairs of sequences, each once, in the random order of a seed.

    begins, lengths: (2, pairs), of each source and of each target its first symbol in `ids` and how many there are,
    without the <eos> that lies behind it and that ends a target in a batch, too. The others as of `Sequences`; the
    symbols of a batch are those of both sides.
    """

    def __init__(
        self,
        ids: NDArray[np.integer],
        begins: Ids,
        lengths: Ids,
        *,
        count: int,
        symbols: int,
        padding: int,
        seed: int,
    ) -> None:
        self.ids, self.begins, self.lengths = ids, begins, lengths
        self.count, self.symbols, self.padding, self.seed = count, symbols, padding, seed
        self.place = np.zeros(1, np.int64)

    def __iter__(self) -> Iterator[Batch]:
        for members in self._batches()[int(self.place[0]) :]:
            (source, target), (of_source, of_target) = self.begins[:, members], self.lengths[:, members]
            self.place = self.place + 1
            yield Batch(
                padded_columns(rows(self.ids, source, of_source), padding=self.padding),
                padded_columns(rows(self.ids, target, of_target + 1), padding=IGNORE),
                np.zeros(len(members), bool),
                of_source,
            )

    def _batches(self) -> list[Ids]:
        of_source, of_target = self.lengths
        return shuffled(np.stack([of_target + 1, of_source]), count=self.count, symbols=self.symbols, seed=self.seed)

    def __len__(self) -> int:
        """How many batches there are."""
        return len(self._batches())


class BegunSequences:
    """Texts that each begin with a vector, each once, in the random order of a seed.

    begins, lengths: (texts,), of each its first symbol in `ids` and how many there are, without the <eos> that lies
    behind it. vectors: of texts by their places, (texts, size). count: of texts in a batch at most. steps: of a window
    at most; a batch is read in as many windows as that takes, all of one length.
    place: (2,), how many batches are behind, and how many windows of the next one; all that is needed to go on from
    here.
    """

    def __init__(
        self,
        ids: NDArray[np.integer],
        begins: Ids,
        lengths: Ids,
        vectors: Callable[[Ids], NDArray[np.float32]],
        *,
        count: int,
        steps: int,
        start: int,
        padding: int,
        seed: int,
    ) -> None:
        self.ids, self.begins, self.lengths, self.vectors = ids, begins, lengths, vectors
        self.count, self.steps, self.start, self.padding, self.seed = count, steps, start, padding, seed
        self.place = np.zeros(2, np.int64)

    def __iter__(self) -> Iterator[Batch]:
        begun, first = self.place.tolist()
        for behind, members in enumerate(self._batches()[begun:], start=begun):
            inputs, targets = begun_columns(
                rows(self.ids, self.begins[members], self.lengths[members] + 1), start=self.start, padding=self.padding
            )
            number = self._windows(members)
            steps = -(-len(targets) // number)
            for window in range(first, number):
                now = slice(window * steps, (window + 1) * steps)
                self.place = np.array([behind + 1, 0] if window == number - 1 else [behind, window + 1])
                vectors = None if window else self.vectors(members)
                yield Batch(inputs[now], targets[now], np.full(len(members), window > 0), vectors=vectors)
            first = 0

    def _windows(self, members: Ids) -> int:
        """How many windows a batch is read in."""
        return -(-int(self.lengths[members].max() + 1) // self.steps)

    def _batches(self) -> list[Ids]:
        return shuffled(self.lengths[None] + 1, count=self.count, symbols=PADDED_AT_ONCE, seed=self.seed)

    def __len__(self) -> int:
        """How many windows there are."""
        return sum(map(self._windows, self._batches()))


def begun_columns(texts: Sequence[Ids], *, start: int, padding: int) -> tuple[Ids, Ids]:
    """Texts side by side: inputs, which begin with `start`, and targets, IGNORE below a text; (time, batch) each."""
    targets = padded_columns(texts, padding=IGNORE)
    before = np.concatenate([np.full((1, targets.shape[1]), start), targets[:-1]])
    return np.where(before == IGNORE, padding, before), targets


def rows(ids: NDArray[np.integer], begins: Ids, lengths: Ids) -> list[Ids]:
    """The ids that lie there."""
    places = zip(begins.tolist(), lengths.tolist(), strict=True)
    return [ids[begin : begin + length].astype(np.int64) for begin, length in places]


def shuffled(lengths: Ids, *, count: int, symbols: int, seed: int) -> list[Ids]:
    """The members of each batch, those of like length together, and the batches in no order.

    lengths: (sides, sequences); they are sorted by the first side, those that are alike there by the next. count,
    symbols: see `Sequences`.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(lengths.shape[1])
    batches = []
    for begin in range(0, len(order), POOL * count):
        pool = order[begin : begin + POOL * count]
        pool = pool[np.lexsort(-lengths[::-1, pool])]
        while len(pool):
            steps = np.maximum.accumulate(lengths[:, pool[:count]], axis=1).sum(0)  # of a batch that ends here
            fitting = int((steps * np.arange(1, len(steps) + 1) <= symbols).sum())
            batches.append(pool[: max(1, fitting)])
            pool = pool[max(1, fitting) :]
    return [batches[index] for index in random.permutation(len(batches))]


def pieces(begins: Ids, lengths: Ids, *, longest: int, seed: int) -> tuple[Ids, Ids]:
    """Where a piece of each sequence begins and how long it is: of a longer one than this a piece at a random place."""
    kept = np.minimum(lengths, longest)
    return begins + np.random.default_rng(seed).integers(lengths - kept + 1), kept
