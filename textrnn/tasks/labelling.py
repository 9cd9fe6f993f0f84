"""Sequences through a network that labels them: those of like length in a batch, batches side by side."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import of_like_length
from textrnn.engines.engine import MANY
from textrnn.engines.labeller import Labelled, Labeller, Padded
from textrnn.engines.translating import TranslationEngine

PADDED_AT_ONCE = 2**16  # symbols of a batch with its padding: every layer keeps its output of each

Row = NDArray[np.integer]
Made = TypeVar("Made")
Batches = list[tuple[list[int], Future[Made]]]  # the places of the members of each, and what is made of them


@contextmanager
def side_by_side(engine: Labeller | TranslationEngine, *, batch_size: int) -> Iterator[ThreadPoolExecutor]:
    """Threads for as many batches as are worth running at once; at the end what has not begun is given up."""
    pool = ThreadPoolExecutor(engine.workers if batch_size >= MANY else 1)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def begin(
    rows: Sequence[Row],
    engine: Labeller,
    pool: ThreadPoolExecutor,
    *,
    batch_size: int,
    keep: Callable[[Labelled, list[int]], Made],
) -> Batches[Made]:
    """The batches of rows, none of them empty, on their way through the engine.

    keep: what to keep of a batch, given its members: of attention there is as much as there are symbols.
    """

    def run(members: list[int]) -> Made:
        return keep(engine.run(Padded.of([rows[place] for place in members])), members)

    batches = of_like_length([len(row) for row in rows], count=batch_size, padded=PADDED_AT_ONCE)
    return [(members, pool.submit(run, members)) for members in batches]


def logprobs_of(labelled: Labelled, members: list[int]) -> NDArray[np.float64]:
    """The log-probabilities alone (members, classes)."""
    return labelled.logprobs.astype(np.float64)
