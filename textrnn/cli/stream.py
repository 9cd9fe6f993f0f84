"""N records in, N records out, in order: from a source through a model to a sink."""

import io
import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from itertools import islice
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from textrnn.cli.output import Sink
from textrnn.errors import DataError, UsageError
from textrnn.text.formats import Opened, Row, json_values
from textrnn.text.records import STANDARD_INPUT, Ledger, Record, format_of, read_records, read_rows, read_text

if TYPE_CHECKING:
    from textrnn.text.corpora import Sources

SHOWN = 20  # different symbols named in a warning
Fields = Mapping[str, Any] | None
Item = TypeVar("Item")
Result = TypeVar("Result")


class Source:
    """What a command reads: texts given to it, a file, or standard input; and the ledger of what was read."""

    def __init__(self, name: str | None, texts: list[str] | None = None, *, encoding: str, strict: bool) -> None:
        self.name, self.texts, self.encoding = (
            name or ("the command line" if texts else STANDARD_INPUT),
            texts,
            encoding,
        )
        self.ledger = Ledger(self.name, strict=strict)

    @property
    def size(self) -> int | None:
        """How many bytes there are to read, where that is known beforehand."""
        is_plain = os.path.isfile(self.name) and not self.name.endswith(".gz") and format_of(self.name) != "parquet"
        return os.path.getsize(self.name) if is_plain and not self.texts else None

    def records(self, *, format: str, column: str | None) -> Iterator[tuple[str, Fields]]:
        """The text of each record with all its fields; texts given to the command have none."""
        return ((record.text, record.fields) for record in self.numbered_records(format=format, column=column))

    def numbered_records(self, *, format: str, column: str | None) -> Iterator[Record]:
        """The same with the line of each."""
        if not self.texts:
            return read_records(self.name, format=format, column=column, encoding=self.encoding, ledger=self.ledger)
        if column is not None or format not in ("auto", "text"):
            raise UsageError("texts on the command line are plain: without --column and --input-format")
        return (Record(text, None, line) for line, text in enumerate(self.texts, start=1))

    def text(self, *, format: str, column: str | None) -> str:
        """The whole as one text; of records, and of texts given to the command, each with a newline behind it."""
        if not self.texts and column is None and self.format(format) == "text":
            return read_text(self.name, encoding=self.encoding, ledger=self.ledger)
        return "".join(f"{text}\n" for text, _ in self.records(format=format, column=column))

    def format(self, asked: str) -> str:
        """The format of what is read: as it was asked for, or by the name of the file."""
        return format_of(self.name) if asked == "auto" else asked

    def place(self, line: int) -> str:
        """What an error calls a line."""
        return f"line {line}" if self.texts else f"{self.ledger.name}, line {line}"

    def values(self) -> Iterator[Row]:
        """The JSON values, each with its line."""
        if self.texts:
            return json_values(Opened(io.BytesIO(), iter(self.texts), self.ledger))
        return read_rows(self.name, json_values, encoding=self.encoding, ledger=self.ledger)

    def report(self) -> None:
        """Say on standard error what had to be repaired."""
        for line in self.ledger.summary():
            typer.echo(line, err=True)


def report_repairs(*sources: "Sources") -> None:
    """Say on standard error what had to be repaired in sources that were read."""
    for each in sources:
        for source, ledger in each.ledgers.items():
            for line in ledger.summary():
                typer.echo(f"{source}: {line}", err=True)


def open_source(
    context: typer.Context, name: str | None, texts: list[str] | None, *, encoding: str, strict: bool
) -> Source:
    """The source of a command; with neither a name nor texts on a terminal, the help."""
    if name is None and not texts and sys.stdin.isatty():
        with redirect_stdout(sys.stderr):  # where it prints the help itself, and returns nothing
            typer.echo(context.get_help())
        raise typer.Exit(2)
    if name is not None and texts:
        raise UsageError(f"give a file or texts on the command line, not both ({name})")
    if name is not None and " " in name and not os.path.exists(name):  # which takes a name of any length
        raise DataError(f"there is no file {shortened(name)}: a text itself is given with --text")
    return Source(name, texts, encoding=encoding, strict=strict)


def paired(
    items: Iterable[tuple[Item, Fields]], run: Callable[[Iterator[Item]], Iterable[Result]], *, each: int = 1
) -> Iterator[tuple[Fields, Result]]:
    """The fields of each item with what `run` makes of it, in order; `run` may read ahead as far as it likes.

    each: how many results there are of an item.
    """
    waiting: deque[Fields] = deque()

    def taken() -> Iterator[Item]:
        for item, fields in items:
            waiting.append(fields)
            yield item

    for number, result in enumerate(run(taken()), start=1):
        yield waiting[0], result
        if number % each == 0:
            waiting.popleft()


def joined(fields: Fields, result: Mapping[str, Any], *, repeats: str | None = None) -> dict[str, Any]:
    """The fields of a record and behind them those of its result, `predicted_` before a name that is taken.

    repeats: the field of the result that repeats the record's text, which only a text without fields needs.
    """
    row = dict(fields or {})
    for name, value in result.items():
        if fields is not None and name == repeats:
            continue
        while name in row:
            name = f"predicted_{name}"
        row[name] = value
    return row


def as_rows(
    found: Iterable[tuple[Fields, Result]], as_record: Callable[[Result], Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The fields of each record, and behind them what was found of its text."""
    for fields, result in found:
        yield joined(fields, as_record(result), repeats="text")


def stream(results: Iterable[Mapping[str, Any]], sink: Sink, *, what: str, source: Source, out: str | None) -> None:
    """Write every result, and show how far it has come."""
    for result in counted(results, what=what, source=source, out=out):
        sink.write(result)


def counted(items: Iterable[Item], *, what: str, out: str | None, source: Source | None = None) -> Iterator[Item]:
    """The items; where they go to a file or a pipe, a terminal shows how many so far, how fast, and the time left."""
    if not sys.stderr.isatty() or (out is None and sys.stdout.isatty()):
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    count = TextColumn("{task.fields[count]:,} {task.description}, {task.fields[rate]:,.0f} a second;")
    columns = (
        SpinnerColumn(),
        count,
        TimeElapsedColumn(),
        TextColumn("so far,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=source.size if source else None, count=0, rate=0.0)
        for number, item in enumerate(items, start=1):
            yield item
            rate = number / (progress.tasks[0].elapsed or 1)
            read = source.ledger.bytes_read if source else 0
            progress.update(task, completed=read, count=number, rate=rate)


def while_waiting(items: Iterable[Item], what: str) -> Iterator[Item]:
    """The items; on a terminal a line that moves says what is done until the next comes."""
    from rich.console import Console

    waiting, rest = Console(stderr=True).status(what), iter(items)
    while True:
        with waiting:
            found = list(islice(rest, 1))
        if not found:
            return
        yield from found


def warn_of_unknown(symbols: Iterable[str]) -> None:
    """Say on standard error what the model does not know of its prompts or of other texts, if anything."""
    counts = Counter(symbols)
    if counts:
        shown = ", ".join(map(repr, list(counts)[:SHOWN])) + (", …" if len(counts) > SHOWN else "")
        typer.echo(f"unknown to the model, and read as <unk>: {shown} ({counts.total():,} in all)", err=True)
