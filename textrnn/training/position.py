"""Where the batches of a run go on."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from textrnn.spec import Spec


class Position(Spec):
    """A place between two batches: in which shard, how that is cut, where each stream goes on, and the generator.

    Of examples: order is the seed of theirs, place how many are behind; of those in windows how many batches, and how
    many windows of the next one.
    """

    shard: int = 0
    offset: int = 0
    order: int = 0
    place: tuple[int, ...] = ()
    continues: tuple[bool, ...] = ()
    random: Mapping[str, Any] = Field(default_factory=dict)
