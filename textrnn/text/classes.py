"""The classes of labelled records: their names, in the order in which a model has them."""

import csv
from collections import Counter
from collections.abc import Collection
from itertools import pairwise

from textrnn.errors import DataError, UsageError
from textrnn.text.formats import csv_fault
from textrnn.text.numbers import NUMBER

MOST_CLASSES = 1000
NUMERIC = "numeric"  # the order of numbers
MOST_NAMED = 20  # classes in an error


def class_names(counts: Counter[str], ordinal: str | None = None, *, option: str = "--label-column") -> tuple[str, ...]:
    """The classes of records in the order of their names, of their numbers, or as they are ranked.

    counts: the records of each class. ordinal: the names from lowest to highest between commas, in quotes where a name
    holds a comma, or "numeric" where they are numbers. option: what named the column of the classes.
    """
    check_classes(counts, option)
    if ordinal is None:
        return tuple(sorted(counts, key=number_and_name if all(map(NUMBER.fullmatch, counts)) else None))
    return numbers_in_order(counts) if ordinal == NUMERIC else ranked(counts, ordinal)


def check_classes(counts: Counter[str], option: str) -> None:
    """Raise DataError where there are too few classes to tell apart, or as many as no column of labels has."""
    if not counts:
        raise DataError("there are no labelled records")
    if len(counts) == 1:
        raise DataError(f"there is only one class, {next(iter(counts))!r}: is {option} the right one?")
    if len(counts) == counts.total():
        raise DataError(f"every one of {len(counts):,} records has a class of its own: is {option} the right one?")
    if len(counts) > MOST_CLASSES:
        raise DataError(f"there are {len(counts):,} classes, more than {MOST_CLASSES:,}: is {option} the right one?")


def number_and_name(name: str) -> tuple[float, str]:
    """What numbers are sorted by: their values, those that are equal by how they are written."""
    return float(name), name


def numbers_in_order(names: Collection[str]) -> tuple[str, ...]:
    """The names by the numbers that they are; UsageError where one is none."""
    for name in names:
        if not NUMBER.fullmatch(name):
            raise UsageError(f"--ordinal numeric: the class {name!r} is no number")
    in_order = sorted(names, key=number_and_name)
    for name, following in pairwise(in_order):
        if float(name) == float(following):
            raise UsageError(f"--ordinal numeric: the classes {name!r} and {following!r} are the same number")
    return tuple(in_order)


def ranked(names: Collection[str], ordinal: str) -> tuple[str, ...]:
    """The names as they are listed, between commas; UsageError unless those are all of them, each once."""
    try:
        listed = [name.strip() for row in csv.reader([ordinal], skipinitialspace=True, strict=True) for name in row]
    except csv.Error as error:
        raise UsageError(f"--ordinal is no list of names between commas: {csv_fault(error)}") from None
    for place, name in enumerate(listed):
        if name not in names:
            shown = ", ".join(map(repr, sorted(names)[:MOST_NAMED])) + (", …" if len(names) > MOST_NAMED else "")
            raise UsageError(f"--ordinal: there is no class {name!r}; there are {shown}")
        if name in listed[:place]:
            raise UsageError(f"--ordinal names the class {name!r} twice")
    for name in sorted(names):
        if name not in listed:
            raise UsageError(f"--ordinal leaves out the class {name!r}")
    return tuple(listed)
