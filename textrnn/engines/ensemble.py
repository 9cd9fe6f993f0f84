"""Several networks as one: each next symbol has the mean of the probabilities that they give it."""

from collections.abc import Mapping, Sequence

import numpy as np

from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State
from textrnn.engines.labeller import Padded
from textrnn.engines.translating import Best, Encoded, Read, TranslationEngine, best_by_read
from textrnn.errors import UsageError


class Ensemble:
    """Translation engines of the same symbols; attention is the mean of those that have it."""

    def __init__(self, engines: Sequence[TranslationEngine]) -> None:
        if len({engine.classes for engine in engines}) != 1:
            raise UsageError("networks decode together only with the same symbols")
        self.engines = engines
        self.classes, self.workers = engines[0].classes, min(engine.workers for engine in engines)

    def encode(self, batch: Padded) -> Encoded:
        """What each has encoded, under its number."""
        each = [engine.encode(batch) for engine in self.engines]
        memory = {f"{n}.{name}": values for n, one in enumerate(each) for name, values in one.memory.items()}
        state = {f"{n}.{name}": values for n, one in enumerate(each) for name, values in one.state.items()}
        return Encoded(memory, state)

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        each = [
            engine.read(ids, numbered(state, number), numbered(memory, number))
            for number, engine in enumerate(self.engines)
        ]
        after = {f"{n}.{name}": values for n, one in enumerate(each) for name, values in one.state.items()}
        weights = [one.attention for one in each if one.attention is not None]
        attention = np.asarray(np.mean(weights, axis=0), np.float32) if weights else None
        sources = zip(*(one.logprobs for one in each), strict=True)  # one by one, for then all of it stays in the cache
        return Read(np.stack([log_mean(logprobs) for logprobs in sources]), after, attention)

    def best(self, ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int) -> Best:
        return best_by_read(self, ids, state, memory, count=count)


def numbered(values: Mapping[str, Floats], number: int) -> dict[str, Floats]:
    """The values of one engine, under their own names."""
    begin = f"{number}."
    return {name.removeprefix(begin): value for name, value in values.items() if name.startswith(begin)}


def log_mean(logprobs: Sequence[Floats]) -> Floats:
    """The logarithm of the mean of probabilities, from their logarithms."""
    highest = np.maximum.reduce(logprobs)
    highest[highest == -np.inf] = 0  # impossible for all: 0 - inf, not inf - inf
    total = np.zeros_like(highest)
    for each in logprobs:
        total += np.exp(each - highest)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(total / len(logprobs)) + highest, np.float32)
