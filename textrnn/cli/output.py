"""Results out: one record after another, in the format asked for, to standard output or whole into a file."""

import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import date, time
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from textrnn.errors import DataError
from textrnn.text.signs import printable, visible
from textrnn.whole_file import whole_file

if TYPE_CHECKING:
    from textrnn.metrics.metric import Metric

PAGE = 100  # rows of a table on a terminal
SMALL = 5e-4  # below it four decimals would show one digit or none
NEEDS_QUOTES = re.compile(r'[,"\r\n]')
NEEDS_ESCAPE = re.compile(r"[\\\t\n\r]")
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

Record = Mapping[str, Any]


class Sink:
    """Takes records of like fields and writes them as jsonl, csv, tsv or a table."""

    def __init__(self, stream: IO[str], format: str, *, hidden: tuple[str, ...] = ()) -> None:
        """hidden: fields that a table leaves out, since they would fill the screen."""
        self._stream, self._format, self._hidden = stream, format, hidden
        self._page: list[Record] = []
        self._header: list[str] = []
        self._count = 0

    def write(self, record: Record) -> None:
        self._count += 1
        if self._format == "jsonl":
            self._stream.write(as_json(record) + "\n")
        elif self._format == "table":
            self._page.append(record)
            if len(self._page) == PAGE:
                self.finish()
        else:
            if not self._header:
                self._header = list(record)
                self._write_row(self._header)
            if extra := [name for name in record if name not in self._header]:
                raise DataError(
                    f"record {self._count} has a field {extra[0]!r} that the first has not: use --format jsonl"
                )
            self._write_row([cell(record.get(name)) for name in self._header])

    def _write_row(self, row: list[str]) -> None:
        line = ",".join(map(quoted, row)) if self._format == "csv" else "\t".join(map(escaped, row))
        self._stream.write(line + "\n")

    def finish(self) -> None:
        """Show what a table has gathered."""
        if not self._page:
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        fields = dict.fromkeys(name for record in self._page for name in record)
        names = [name for name in fields if name not in self._hidden]
        table = Table()
        for name in names:
            table.add_column(Text(name), overflow="fold")
        for record in self._page:
            table.add_row(*(Text(shown(record.get(name))) for name in names))
        Console(file=self._stream).print(table)
        self._page = []


def as_json(value: Any) -> str:
    """The value in JSON: null for an infinite number, text for what JSON does not have."""
    try:
        return FINITE_JSON.encode(value)
    except ValueError:
        return FINITE_JSON.encode(finite(value))


def finite(value: Any) -> Any:
    """The value with null for infinite numbers, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: finite(part) for name, part in value.items()}
    return list(map(finite, value)) if isinstance(value, list | tuple) else value


def as_text(value: Any) -> str:
    """What JSON does not have, such as the dates, decimals and bytes of a parquet file."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return str(value.isoformat()) if isinstance(value, date | time) else str(value)


JSON = (bool, int, float, list, tuple, Mapping)
FINITE_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=as_text)
CELL_JSON = json.JSONEncoder(ensure_ascii=False, default=as_text)


def cell(value: Any) -> str:
    """A value in a TSV or CSV cell: nothing for None, JSON for a list."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return CELL_JSON.encode(value) if isinstance(value, JSON) else as_text(value)


def shown(value: Any) -> str:
    """A value in a table for people."""
    if not isinstance(value, float):
        return printable(cell(value), keep="\n\t")
    return f"{value:.1e}" if 0 < abs(value) < SMALL else f"{value:,.4f}"


def escaped(text: str) -> str:
    """A TSV cell on one line: backslash, tab, newline and return as two characters each."""
    return text.translate(ESCAPES) if NEEDS_ESCAPE.search(text) else text


def quoted(text: str) -> str:
    """A CSV cell by RFC 4180; the csv module leaves a lone return bare, which no reader takes back."""
    return '"' + text.replace('"', '""') + '"' if NEEDS_QUOTES.search(text) else text


def chosen_format(format: str, out: str | None) -> str:
    """What `auto` means here."""
    if format != "auto":
        return format
    ending = Path(out).suffix.removeprefix(".") if out else ""
    if ending in ("tsv", "csv", "jsonl"):
        return ending
    return "table" if out is None and sys.stdout.isatty() else "tsv"


def symbol_writer(format: str, out: str | None) -> Callable[[str], str]:
    """How a symbol is written here: as it is, but in a table with a sign for each character that would not be seen."""
    return visible if chosen_format(format, out) == "table" else str


@contextmanager
def open_sink(out: str | None, format: str, *, hidden: tuple[str, ...] = ()) -> Iterator[Sink]:
    """A sink to standard output, or to a file that appears whole when all went well."""
    with open_output(out) as stream:
        sink = Sink(stream, chosen_format(format, out), hidden=hidden)
        yield sink
        sink.finish()


def write_metrics(metrics: "Iterable[Metric]", out: str | None, format: str) -> None:
    """A row for each figure."""
    with open_sink(out, format) as sink:
        for metric in metrics:
            sink.write(asdict(metric))


@contextmanager
def open_output(out: str | None) -> Iterator[IO[str]]:
    """Standard output as UTF-8, or a file that appears whole when all went well."""
    if out is None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough: nothing is wrong here
            discard_output()
            sys.exit(0)
        return
    with whole_file(out) as file, TextIOWrapper(file, "utf-8", errors="backslashreplace", newline="\n") as stream:
        yield stream


def discard_output() -> None:
    """Give up what standard output has not taken, which would be tried again at the end of the program."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
