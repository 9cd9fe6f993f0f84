"""Records that are held out to validate on: a share by chance, the same in every order of theirs and for every seed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from textrnn.text.labelled import is_held

SPLIT_SEED = 0  # of no run: all are validated on the same texts, so that they can be compared

Record = TypeVar("Record")


@dataclass(frozen=True)
class Share(Generic[Record]):
    """The records that are learnt from, or those that are held out; may be read more than once.

    text: of a record, by which it is told; those that have it in common stay together. share: held out.
    """

    records: Iterable[Record]
    text: Callable[[Record], str]
    share: float
    is_held: bool

    def __iter__(self) -> Iterator[Record]:
        for record in self.records:
            if self.share == 0 or is_held(self.text(record), share=self.share, seed=SPLIT_SEED) == self.is_held:
                yield record
