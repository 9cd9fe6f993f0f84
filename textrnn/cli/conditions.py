"""What texts begin with, as commands are told it: one condition for all of them, or that of each record."""

from collections.abc import Iterable, Iterator
from itertools import tee
from typing import TYPE_CHECKING

from textrnn.cli.stream import Fields, Source
from textrnn.errors import UsageError
from textrnn.text.labelled import condition_in
from textrnn.text.records import Record, no_column

if TYPE_CHECKING:
    from textrnn.tasks.conditions import Conditions, Given


def begun_records(
    source: Source,
    conditions: "Conditions",
    given: str | None,
    condition_column: str | None,
    *,
    format: str,
    column: str | None,
) -> "tuple[Iterator[tuple[str, Fields]], Given | Iterator[Given] | None]":
    """The text of each record with all its fields; and what they begin with, all with one or each with its own."""
    if condition_column is None:
        return source.records(format=format, column=column), given
    if given is not None:
        raise UsageError("--condition is that of all texts, --condition-column has one for each: give one of the two")
    records, again = tee(source.numbered_records(format=format, column=column))
    texts = ((record.text, record.fields) for record in records)
    return texts, conditions_of(again, condition_column, conditions, source)


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
