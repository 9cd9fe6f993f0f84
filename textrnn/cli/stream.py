"""N records in, N records out, in order: from a source through a model to a sink."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from typing import Any, TypeVar

import typer

from textrnn.cli.output import Sink
from textrnn.errors import UsageError
from textrnn.text.records import STANDARD_INPUT, read_lines

SHOWN = 20  # different symbols named in a warning
Item = TypeVar("Item")


def open_records(
    context: typer.Context, source: str | None, texts: list[str] | None, *, encoding: str
) -> Iterator[str]:
    """The texts of --text, of a file, or of standard input; with none of these on a terminal, the help."""
    if source is None and not texts and sys.stdin.isatty():
        with redirect_stdout(sys.stderr):  # where it prints the help itself, and returns nothing
            typer.echo(context.get_help())
        raise typer.Exit(2)
    if source is not None and texts:
        raise UsageError(f"give a file or texts on the command line, not both ({source})")
    return iter(texts) if texts else read_lines(source or STANDARD_INPUT, encoding=encoding)


def stream(results: Iterable[Mapping[str, Any]], sink: Sink, *, what: str) -> None:
    """Write every result, and show how many so far."""
    for result in counted(results, what=what):
        sink.write(result)


def counted(items: Iterable[Item], *, what: str) -> Iterator[Item]:
    """The items; where they go to a file or a pipe, a terminal shows how many so far."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    shows = sys.stderr.isatty() and not sys.stdout.isatty()
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} " + what), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shows, transient=True) as progress:
        task = progress.add_task(what, total=None)
        for item in items:
            yield item
            progress.advance(task)


def warn_of_unknown(symbols: Iterable[str]) -> None:
    """Say on standard error what the model does not know of its prompts or of other texts, if anything."""
    counts = Counter(symbols)
    if counts:
        shown = ", ".join(map(repr, list(counts)[:SHOWN])) + (", …" if len(counts) > SHOWN else "")
        typer.echo(f"unknown to the model, and read as <unk>: {shown} ({counts.total():,} in all)", err=True)
