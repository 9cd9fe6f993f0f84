"""Known text through an engine: the log-probability of each symbol of each row, in batches or as one running text."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids, begun, of_like_length, padded_columns
from textrnn.engines.engine import MANY, Engine, Floats, State, states_begun
from textrnn.metrics.tokens import of_chosen, rank
from textrnn.text.tokenizer import EOS, PAD, START

STEPS_AT_ONCE = 4096  # in one call, of all its texts together: what the layers hand on stays in the cache
ENTRIES_AT_ONCE = 2**23  # log-probabilities of one call: bounds its memory


@dataclass(frozen=True)
class ScoredRow:
    """The symbols of a text with their figures; ranks are empty where nobody asked for them."""

    targets: Ids
    logprobs: NDArray[np.float64]
    ranks: Ids

    def part(self, symbols: slice) -> "ScoredRow":
        """Some of the symbols."""
        return ScoredRow(self.targets[symbols], self.logprobs[symbols], self.ranks[symbols])


class Reader(Protocol):
    """Reads rows of symbols."""

    def read(self, rows: Sequence[Ids]) -> list[ScoredRow]:
        """Each row with its figures, in order."""


@dataclass(frozen=True)
class SideBySide:
    """Each row from <start>: those of like length in a batch, batches side by side.

    vectors: what each row begins with, in turn; None: its network's texts begin with none.
    """

    engine: Engine
    ranks: bool
    batch_size: int
    vectors: Iterator[Floats] | None = None

    def read(self, rows: Sequence[Ids]) -> list[ScoredRow]:
        vectors = None if self.vectors is None else list(islice(self.vectors, len(rows)))
        batches = of_like_length([len(row) for row in rows], count=self.batch_size)
        scored: dict[int, ScoredRow] = {}
        with ThreadPoolExecutor(self.engine.workers if self.batch_size >= MANY else 1) as pool:
            for members, found in zip(
                batches,
                pool.map(lambda b: self._batch([rows[i] for i in b], vectors and [vectors[i] for i in b]), batches),
                strict=True,
            ):
                scored.update(zip(members, found, strict=True))
        return [scored[index] for index in range(len(rows))]

    def _batch(self, rows: Sequence[Ids], vectors: Sequence[Floats] | None) -> list[ScoredRow]:
        targets = padded_columns(rows, padding=PAD)
        inputs = np.concatenate([np.full((1, len(rows)), START), targets[:-1]])
        state = states_begun(self.engine, vectors) if vectors else None
        logprobs, ranks, _ = score_columns(self.engine, inputs[: len(targets)], targets, ranks=self.ranks, state=state)
        return [
            ScoredRow(row, logprobs[: len(row), column], ranks[: len(row), column]) for column, row in enumerate(rows)
        ]


@dataclass
class Continued:
    """The rows as one running text, the state carried from each to the next; it goes on with the next call.

    After a row that ends with <eos> the next begins with <start>.
    """

    engine: Engine
    ranks: bool
    state: State | None = None
    last: int = START  # the symbol that is read before the next target

    def read(self, rows: Sequence[Ids]) -> list[ScoredRow]:
        targets = np.concatenate(rows)
        before = np.concatenate([[self.last], targets[:-1]])[: len(targets)]
        inputs = begun(before, start=START, end=EOS)
        logprobs, ranks, self.state = score_columns(
            self.engine, inputs[:, None], targets[:, None], ranks=self.ranks, state=self.state
        )
        self.last = int(targets[-1]) if len(targets) else self.last
        ends = np.cumsum([len(row) for row in rows])
        return [
            ScoredRow(row, logprobs[end - len(row) : end, 0], ranks[end - len(row) : end, 0])
            for row, end in zip(rows, ends, strict=True)
        ]


def score_columns(
    engine: Engine, inputs: Ids, targets: Ids, *, ranks: bool, state: State | None = None
) -> tuple[NDArray[np.float64], Ids, State | None]:
    """Log-probability and rank of each target, (time, batch) both, and the state after; ranks has no rows unasked."""
    values = np.zeros(targets.shape)
    places = np.zeros(targets.shape if ranks else (0, targets.shape[1]), np.int64)
    steps = max(1, min(STEPS_AT_ONCE, ENTRIES_AT_ONCE // engine.classes) // max(1, targets.shape[1]))
    for begin in range(0, len(targets), steps):
        now = slice(begin, begin + steps)
        if ranks:
            logprobs, state = engine.run(inputs[now], state)
            values[now], places[now] = of_chosen(logprobs, targets[now]), rank(logprobs, targets[now])
        else:
            values[now], state = engine.score(inputs[now], targets[now], state)
    return values, places, state
