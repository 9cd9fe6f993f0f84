"""Items of like length in batches, and batches side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from textrnn.batch import of_like_length

Made = TypeVar("Made")


@dataclass(frozen=True)
class Batches(Generic[Made]):
    """Batches under way: the places of the members of each, and what is made of them."""

    items: int
    batches: list[tuple[list[int], Future[list[Made]]]]

    def results(self) -> list[Made | None]:
        """What was made of each item, in order, as soon as it is there; None of those without length."""
        found: list[Made | None] = [None] * self.items
        for members, future in self.batches:
            for member, made in zip(members, future.result(), strict=True):
                found[member] = made
        return found


def begin_batches(
    lengths: Sequence[int],
    make: Callable[[list[int]], list[Made]],
    pool: ThreadPoolExecutor,
    *,
    count: int,
    padded: int,
) -> Batches[Made]:
    """Let `make` begin with the places of items of like length: at most `count`, fewer where they are long.

    padded: how long those of a batch may be together, all taken as long as the longest. Of length 0 nothing is made.
    """
    places = [place for place, length in enumerate(lengths) if length]
    batches = of_like_length([lengths[place] for place in places], count=count, padded=padded)
    members = [[places[index] for index in batch] for batch in batches]
    return Batches(len(lengths), [(each, pool.submit(make, each)) for each in members])
