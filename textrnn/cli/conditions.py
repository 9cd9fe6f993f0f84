"""What texts begin with, as commands are told it: one condition for all of them, or that of each record."""

from collections.abc import Iterable, Iterator
from itertools import tee
from typing import TYPE_CHECKING, TypeVar

from textrnn.cli.stream import Fields, Source
from textrnn.errors import UsageError
from textrnn.text.labelled import condition_in
from textrnn.text.records import Record, no_column

if TYPE_CHECKING:
    from textrnn.tasks.conditions import Conditions, Given
    from textrnn.text.numbers import Vectors

Item = TypeVar("Item")


def begun_records(
    source: Source,
    conditions: "Conditions",
    given: str | None,
    condition_column: str | None,
    condition_file: str | None,
    *,
    format: str,
    column: str | None,
) -> "tuple[Iterator[tuple[str, Fields]], Given | Iterator[Given] | None]":
    """The text of each record with all its fields; and what they begin with, all with one or each with its own."""
    if sum(each is not None for each in (given, condition_column, condition_file)) > 1:
        raise UsageError(
            "--condition is that of all texts, --condition-column and --condition-file are for each: give one of them"
        )
    if condition_file is not None:
        from textrnn.text.numbers import read_vectors

        rows = read_vectors(condition_file)
        return in_step(source.records(format=format, column=column), rows, condition_file), iter(rows)
    if condition_column is None:
        return source.records(format=format, column=column), given
    records, again = tee(source.numbered_records(format=format, column=column))
    texts = ((record.text, record.fields) for record in records)
    return texts, conditions_of(again, condition_column, conditions, source)


def in_step(records: Iterable[Item], rows: "Vectors", file: str) -> Iterator[Item]:
    """The same records; UsageError where there are more or fewer of them than the file has rows."""
    count = 0
    for count, record in enumerate(records, start=1):
        if count > len(rows):
            raise UsageError(f"{file} ends with row {len(rows):,}, and there are more texts: row n is for text n")
        yield record
    if count < len(rows):
        raise UsageError(f"{file} has {len(rows):,} rows, and the texts end with text {count:,}: row n is for text n")


def conditions_of(records: Iterable[Record], column: str, conditions: "Conditions", source: Source) -> Iterator[str]:
    """What the text of each record begins with; an error names the line."""
    for record in records:
        if record.fields is None:
            raise UsageError(f"plain text has no column {column!r}: --input-format names another format")
        if column not in record.fields:
            raise no_column(list(record.fields), column, advice="name the column of the condition")
        written = condition_in(record.fields, column, line=record.line, ledger=source.ledger)
        try:
            conditions.vector(written)
        except UsageError as error:
            raise source.ledger.error(record.line, str(error)) from None
        yield written
