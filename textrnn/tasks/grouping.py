"""Texts, one or any number of them, taken a group at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def one_or_many(texts: str | Iterable[str]) -> Iterable[str]:
    """A text alone is one text, not its characters."""
    return [texts] if isinstance(texts, str) else texts


def groups(texts: Iterable[str], *, records: int, characters: int) -> Iterator[list[str]]:
    """Consecutive records, as many as fit; one that is longer by itself is alone."""
    group: list[str] = []
    size = 0
    for text in texts:
        if group and (len(group) == records or size + len(text) > characters):
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text)
    if group:
        yield group


def in_groups(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Consecutive items, `size` at a time."""
    rest = iter(items)
    while group := list(islice(rest, size)):
        yield group


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, each once the one after it has been taken."""
    for last in items:
        for item in items:
            yield last
            last = item
        yield last
