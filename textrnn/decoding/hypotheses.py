"""Hypotheses of many sources, side by side: how they go on step by step, and how each is followed back from its end."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State
from textrnn.engines.labeller import Padded
from textrnn.engines.translating import Encoded, Read, TranslationEngine
from textrnn.errors import ModelError
from textrnn.text.tokenizer import EOS, START

LEAVING = 4  # sources that are done leave when they are one in so many, for what is left is copied

Kind = TypeVar("Kind", bound=np.generic)
Places = NDArray[np.intp]
Numbers = NDArray[np.float64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Hypothesis:
    """One translation, as symbols.

    ids: <eos> last. logprob: natural, of them all given the source. rank_score: what it was ranked by; of draw i, -i.
    is_cut: another symbol was likelier than <eos>, but no more were allowed. attention: (ids, source), if asked for.
    """

    ids: list[int]
    logprob: float
    rank_score: float
    is_cut: bool
    attention: Floats | None


class Decoding:
    """Sources on their way through a decoder, with as many hypotheses each; those that are done leave.

    rows: (batch,) which sources these are. last: (batch, beam) the symbols to be read next. done: (batch,) whether a
    source only waits to leave.
    """

    def __init__(self, engine: TranslationEngine, sources: Padded, *, beam: int = 1) -> None:
        encoded = engine.encode(sources)
        self.engine, self.memory = engine, encoded.memory
        self.state: State = {name: np.repeat(part[:, None], beam, axis=1) for name, part in encoded.state.items()}
        self.rows = np.arange(len(sources.lengths))
        self.last = np.full((len(self.rows), beam), START, np.int64)
        self.done = np.zeros(len(self.rows), bool)

    def read(self) -> Read:
        """Read the last symbols."""
        return self.engine.read(self.last, self.state, self.memory)

    def read_some(self, places: Places) -> Read:
        """Read the last symbols of some of the sources."""
        some = Encoded(self.memory, self.state).rows(places)
        return self.engine.read(self.last[places], some.state, some.memory)

    def go_on(self, symbols: Ids, state: State) -> None:
        """Let these symbols be read next, in this state."""
        self.last, self.state = symbols, state

    def leave(self) -> Booleans | None:
        """Let the sources that are done go, if they are many: which stay; None where all do."""
        if self.done.sum() * LEAVING < max(len(self.done), 1):
            return None
        stay = ~self.done
        some = Encoded(self.memory, self.state).rows(stay)
        self.memory, self.state = some.memory, some.state
        self.rows, self.last, self.done = self.rows[stay], self.last[stay], self.done[stay]
        return stay


def of_parents(values: Floats, parents: Places) -> Floats:
    """Values (batch, beam, …) of the hypotheses that others (batch, beam after) go on from."""
    batch, beam = values.shape[:2]
    places = (parents + np.arange(batch)[:, None] * beam).ravel()
    taken: Floats = values.reshape(batch * beam, -1).take(places, axis=0)
    return taken.reshape(*parents.shape, *values.shape[2:])


class History:
    """What the hypotheses of some sources read, step by step, and where they ended.

    A hypothesis stands in a slot of its source, which may be another after each step.
    """

    def __init__(self, lengths: Ids) -> None:
        """lengths: (sources,) how many symbols each has."""
        self.lengths = lengths
        self._symbols: list[Ids] = []  # of each step (sources, beam after it)
        self._parents: list[Places] = []  # the slots before it
        self._attention: list[Floats] = []  # (sources, beam before it, source)
        self._ends: list[tuple[NDArray[np.generic], ...]] = []

    def add(self, rows: Places, symbols: Ids, parents: Places) -> None:
        """A step of these sources: the symbol in each slot, and the slot that it goes on from."""
        self._symbols.append(self._placed(rows, symbols))
        self._parents.append(self._placed(rows, parents))

    def attend(self, step: int, rows: Places, attention: Floats | None) -> None:
        """Where these sources were attended to in a step, in which others may have been already."""
        if attention is None:
            raise ModelError("the decoder has no attention, though config.json says so")
        if step == len(self._attention):
            self._attention.append(self._placed(rows, attention))
        else:
            self._attention[step][rows] = attention

    def _placed(self, rows: Places, values: NDArray[Kind]) -> NDArray[Kind]:
        """Values of some sources, each at the place of its source among all."""
        if len(rows) == len(self.lengths):
            return values
        placed = np.zeros((len(self.lengths), *values.shape[1:]), values.dtype)
        placed[rows] = values
        return placed

    def end(
        self,
        step: int,
        rows: Places,
        slots: Places,
        *,
        logprobs: Numbers,
        rank_scores: Numbers,
        is_cut: Booleans,
    ) -> None:
        """In this step these hypotheses, (ended,) each, went on with <eos>."""
        self._ends.append((rows, slots, np.full(len(rows), step), logprobs, rank_scores, is_cut))

    def best(self, count: int) -> list[list[Hypothesis]]:
        """Of each source the `count` that rank highest, the highest first; of equals the one that ended first."""
        columns = [np.concatenate(parts) for parts in zip(*self._ends, strict=True)]
        if not columns or len(np.unique(columns[0])) < len(self.lengths):
            raise ModelError("the decoder gives no symbol a probability: its weights are damaged")
        order = np.lexsort((-columns[4], columns[0]))
        rows = columns[0][order]
        order = order[np.arange(len(order)) - np.searchsorted(rows, rows) < count]
        rows, slots, steps, *figures = (column[order] for column in columns)
        ids, attention = self._followed(rows, slots, steps)
        found: list[list[Hypothesis]] = [[] for _ in self.lengths]
        for place, (row, step, logprob, rank_score, is_cut) in enumerate(
            zip(rows.tolist(), steps.tolist(), *(figure.tolist() for figure in figures), strict=True)
        ):
            weights = None if attention is None else attention[place, : step + 1, : self.lengths[row]].copy()
            found[row].append(Hypothesis(ids[place, : step + 1].tolist(), logprob, rank_score, is_cut, weights))
        return found

    def _followed(self, rows: Places, slots: Places, steps: Places) -> tuple[Ids, Floats | None]:
        """What led to these ends: ids (ended, steps), <eos> behind each, and attention (ended, steps, source)."""
        count = int(steps.max()) + 1
        ids = np.full((len(rows), count), EOS, np.int64)
        attention = None
        if self._attention:
            attention = np.zeros((len(rows), count, self._attention[0].shape[-1]), np.float32)
        for step in reversed(range(count)):
            within = np.flatnonzero(steps >= step)
            place = rows[within], slots[within]
            if attention is not None:
                attention[within, step] = self._attention[step][place]
            if step:
                ids[within, step - 1] = self._symbols[step - 1][place]
                slots[within] = self._parents[step - 1][place]
        return ids, attention
