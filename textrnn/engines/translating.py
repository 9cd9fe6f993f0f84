"""The interface between a network that makes one sequence of another and what uses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State
from textrnn.engines.labeller import Padded


@dataclass(frozen=True)
class Encoded:
    """Sources as a decoder reads them, a row each, made once for each source.

    memory: what attention reads, by name, (batch, …) each; "mask" (batch, source) among it is 1 at each symbol and 0 at
    padding. Empty where there is no attention. state: what the decoder begins with, (batch, size) each.
    """

    memory: Mapping[str, Floats]
    state: State

    def rows(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> "Encoded":
        """Some of the sources."""
        return Encoded(
            {name: values[places] for name, values in self.memory.items()},
            {name: values[places] for name, values in self.state.items()},
        )


@dataclass(frozen=True)
class Read:
    """What a decoder says after one more symbol of each hypothesis; log-probabilities are natural.

    logprobs: (batch, beam, classes). state: after it, (batch, beam, size) each. attention: (batch, beam, source), the
    weights that were given to the source, each row's sum 1 and 0 at padding; None where there is no attention.
    """

    logprobs: Floats
    state: State
    attention: Floats | None


@dataclass(frozen=True)
class Best:
    """The same with the likeliest symbols alone, the likeliest first: ids and logprobs (batch, beam, count)."""

    ids: Ids
    logprobs: Floats
    state: State
    attention: Floats | None


class TranslationEngine(Protocol):
    """A network that makes one sequence of another, step by step; it remembers nothing itself.

    All hypotheses of a source stand side by side in its row, as many as `beam` for every source.
    """

    classes: int  # symbols of the target
    workers: int  # how many calls are worth making side by side, from as many threads

    def encode(self, batch: Padded) -> Encoded:
        """Read sources, each with at least one symbol."""

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        """Read the last symbol of each hypothesis, ids (batch, beam), in states (batch, beam, size)."""

    def best(self, ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int) -> Best:
        """The same for the `count` likeliest symbols alone, which is faster."""


def best_by_read(
    engine: TranslationEngine, ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int
) -> Best:
    """`TranslationEngine.best` by `TranslationEngine.read`, for an engine that has no faster way."""
    read = engine.read(ids, state, memory)
    likeliest = np.argpartition(-read.logprobs, count - 1, axis=-1)[..., :count]
    values = np.take_along_axis(read.logprobs, likeliest, -1)
    order = np.lexsort((likeliest, -values), axis=-1)
    symbols = np.take_along_axis(likeliest, order, -1).astype(np.int64)
    return Best(symbols, np.take_along_axis(values, order, -1), read.state, read.attention)
