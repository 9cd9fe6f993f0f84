"""Pairs of texts, a source and what it is translated to: the lines of two files, or the records of one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from textrnn.errors import DataError, UsageError
from textrnn.text.corpora import DATASETS, Sources, dataset_rows
from textrnn.text.formats import FORMATS, Row
from textrnn.text.ledger import Ledger
from textrnn.text.records import format_of, no_column, read_lines, read_rows, text_in

UNNAMED = (
    "name the columns of the pairs with --source-column and --target-column, or give --input-format pairs where lines "
    "have no names above them, only a source, a tab and a target"
)


@dataclass(frozen=True)
class Pair:
    """A source, its target, and where both stand, for errors; and the record that they are of, if it has fields."""

    source: str
    target: str
    place: str
    fields: Mapping[str, Any] | None = field(default=None, compare=False)


class Pairs(Sources):
    """The pairs of sources that hold both sides; every iteration reads them again, from the beginning.

    format: one of FORMATS; "auto" goes by the ending of each name. Plain text is read as `formats.pair_rows` does.
    source_column, target_column: where the sides stand, else in `source` and `target`; "a.b" is the value `b` within
    the column `a`, as sets of translations have them. streaming: see `Texts`.
    """

    def __init__(
        self,
        sources: Sequence[str | Path],
        *,
        format: str = "auto",
        source_column: str | None = None,
        target_column: str | None = None,
        encoding: str = "utf-8",
        streaming: bool = False,
        strict: bool = False,
    ) -> None:
        super().__init__(sources, strict=strict)
        self.format, self.encoding, self.streaming = format, encoding, streaming
        self.columns_in = partial(pair_columns, source_column=source_column, target_column=target_column)

    def __iter__(self) -> Iterator[Pair]:
        for source in self.sources:
            yield from self._records(source)

    def _records(self, source: str) -> Iterator[Pair]:
        ledger = self.new_ledger(source)
        chosen: tuple[str, str] | None = None
        for line, row in self._rows(source, ledger):
            if isinstance(row, str):
                raise ledger.error(line, "a text alone, where a pair is needed")
            fields = unfolded(row)
            chosen = self.columns_in(list(fields)) if chosen is None else chosen
            ours, theirs = (text_in(fields, column, line=line, ledger=ledger) for column in chosen)
            yield Pair(ours, theirs, f"{ledger.name}, line {line}", row)

    def _rows(self, source: str, ledger: Ledger) -> Iterator[Row]:
        if source.startswith(DATASETS):
            return dataset_rows(source, streaming=self.streaming)
        format = format_of(source) if self.format == "auto" else self.format
        read = FORMATS["pairs" if format == "text" else format]
        check = list if format == "parquet" else self.columns_in  # whose names are known before what lies within
        return read_rows(self.path_of(source), read, encoding=self.encoding, ledger=ledger, check_header=check)


class PairedLines(Sources):
    """The lines of two files of plain text, each with that of the same number; every iteration reads them again."""

    def __init__(
        self, source: str | Path, target: str | Path, *, encoding: str = "utf-8", strict: bool = False
    ) -> None:
        given = [str(source), str(target)]
        super().__init__(given, strict=strict)
        if self.sources != given or any(name.startswith(DATASETS) for name in given):
            raise UsageError(f"{given[0]} and {given[1]} are to be one file each, whose lines belong together")
        self.encoding = encoding

    def __iter__(self) -> Iterator[Pair]:
        ours, theirs = map(self._lines, self.sources)
        for line, sides in enumerate(zip_longest(ours, theirs), start=1):
            source, target = sides
            if source is None or target is None:
                before = line - 1
                raise self._unequal(
                    before + (source is not None) + rest(ours), before + (target is not None) + rest(theirs)
                )
            yield Pair(source, target, f"{self.ledgers[self.sources[0]].name}, line {line}")

    def _lines(self, name: str) -> Iterator[str]:
        return read_lines(self.path_of(name), encoding=self.encoding, ledger=self.new_ledger(name))

    def _unequal(self, ours: int, theirs: int) -> DataError:
        one, other = self.sources
        return DataError(
            f"{one} has {ours:,} lines and {other} {theirs:,}: each line of one is to belong to that of the same "
            "number in the other"
        )


def open_pairs(
    sources: Sequence[str | Path],
    *,
    source: str | Path | None = None,
    target: str | Path | None = None,
    format: str = "auto",
    source_column: str | None = None,
    target_column: str | None = None,
    encoding: str = "utf-8",
    streaming: bool = False,
    strict: bool = False,
) -> Pairs | PairedLines:
    """The pairs of sources that hold both sides, or those of the files `source` and `target`, a line each.

    Raises UsageError where both ways are given, or half of one.
    """
    if source is None and target is None:
        return Pairs(
            sources,
            format=format,
            source_column=source_column,
            target_column=target_column,
            encoding=encoding,
            streaming=streaming,
            strict=strict,
        )
    if source is None or target is None:
        raise UsageError(f"{source or target} is one side of the pairs: a source and a target file are given together")
    if sources:
        raise UsageError(f"pairs are in {sources[0]}, or in {source} and {target}: give one file or two, not both")
    if source_column or target_column:
        raise UsageError(
            f"the lines of {source} and {target} have no columns: without --source-column, --target-column"
        )
    formats = {format_of(str(name)) for name in (source, target)} if format == "auto" else {format}
    if formats != {"text"}:
        raise UsageError(
            f"{source} and {target} are to be plain text, whose lines belong together (--input-format text reads them "
            "as such); a file that holds both sides is given alone"
        )
    return PairedLines(source, target, encoding=encoding, strict=strict)


def pair_columns(columns: list[str], *, source_column: str | None, target_column: str | None) -> tuple[str, str]:
    """The columns of source and target: those that are named, else `source` and `target`."""
    for named, column in ((source_column, "source"), (target_column, "target")):
        if (column if named is None else named) not in columns:
            raise no_column(columns, named, advice=UNNAMED)
    chosen = (
        "source" if source_column is None else source_column,
        "target" if target_column is None else target_column,
    )
    if chosen[0] == chosen[1]:
        raise UsageError(f"{chosen[0]!r} cannot be the column of the source and of the target as well")
    return chosen


def unfolded(row: dict[str, Any]) -> dict[str, Any]:
    """A row with what lies within a column as a column too, by both names with a dot between."""
    within = {
        f"{name}.{key}": part for name, value in row.items() if isinstance(value, dict) for key, part in value.items()
    }
    return within | row


def rest(lines: Iterator[str]) -> int:
    """How many lines are left."""
    return sum(1 for _ in lines)
