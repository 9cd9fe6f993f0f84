"""Batches epoch after epoch, each epoch in another order, and where they go on."""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from textrnn.batch import Batch, Ids
from textrnn.training.position import Position


class Shuffled(Protocol):
    """One epoch. place: how far it has come; set before it is begun, it goes on from there."""

    place: Ids

    def __iter__(self) -> Iterator[Batch]: ...

    def __len__(self) -> int: ...


class Epochs:
    """Batches without end. in_order: an epoch in the order of a seed. steps: how many batches one has."""

    def __init__(self, in_order: Callable[[int], Shuffled], *, seed: int) -> None:
        self._in_order = in_order
        self._random = np.random.default_rng(seed)
        self._epoch = self._order = 0
        self._now: Shuffled | None = None
        self._resumed: Position | None = None
        self.steps = len(in_order(0))

    def batches(self) -> Iterator[Batch]:
        """All of an epoch, then all of the next."""
        while True:
            resumed, self._resumed = self._resumed, None
            self._order = resumed.order if resumed else int(self._random.integers(2**63))
            now = self._in_order(self._order)
            if resumed:
                now.place = np.array(resumed.place)
            self._now = now
            yield from now
            self._now = None
            self._epoch += 1

    @property
    def behind(self) -> float:
        """How many epochs are behind."""
        return self._epoch + (int(self._now.place[0]) / self.steps if self._now else 0.0)

    def position(self) -> Position:
        """Where the batches go on."""
        if self._resumed:
            return self._resumed
        place = tuple(self._now.place.tolist()) if self._now else ()
        return Position(shard=self._epoch, order=self._order, place=place, random=self._random.bit_generator.state)

    def go_to(self, position: Position) -> None:
        """Let `batches` go on there."""
        self._epoch, self._resumed = position.shard, position if position.place else None
        self._random.bit_generator.state = position.random
