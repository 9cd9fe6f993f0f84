"""textrnn choose"""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from textrnn.cli.options import (
    EncodingOption,
    EngineOption,
    FormatOption,
    ModelArgument,
    OutOption,
    ThreadsOption,
    example,
)

EXAMPLES = example(
    'textrnn choose shakespeare "To be, or {not|knot} to be"',
    'textrnn choose shakespeare "{Wherefore|Therefore} art {thou|you} Romeo?" --format jsonl',
)


def choose(
    context: typer.Context,
    model: ModelArgument,
    line: Annotated[
        list[str] | None,
        typer.Argument(help="Lines with alternatives in braces, as in {plain|plane}.", show_default=False),
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="A file of such lines (.gz too), or - for standard input.")
    ] = None,
    best: Annotated[bool, typer.Option("--best", help="Only the likeliest wording of each line.")] = False,
    encoding: EncodingOption = "utf-8",
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Rank the wordings of each line: which of {plain|plane} is likelier, and by what odds."""
    from dataclasses import asdict

    from textrnn.cli.output import open_sink
    from textrnn.cli.stream import open_records, stream, warn_of_unknown
    from textrnn.tasks import load

    lines = open_records(context, file, line, encoding=encoding)
    language_model = load(model, engine=engine, threads=threads)
    unknown: Counter[str] = Counter()

    def rows() -> Iterator[dict[str, Any]]:
        for ranked in language_model.choose(lines):
            unknown.update(place.text for row in ranked for place in row.oov)
            yield from map(asdict, ranked[:1] if best else ranked)

    with open_sink(out, format, hidden=("oov",)) as sink:
        stream(rows(), sink, what="wordings")
    warn_of_unknown(unknown.elements())
