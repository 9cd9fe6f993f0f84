"""textrnn choose"""

from typing import Annotated

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
    from textrnn.cli.stream import open_records, stream
    from textrnn.tasks import load

    lines = open_records(context, file, line, encoding=encoding)
    language_model = load(model, engine=engine, threads=threads)
    with open_sink(out, format) as sink:
        rows = (asdict(row) for ranked in language_model.choose(lines) for row in (ranked[:1] if best else ranked))
        stream(rows, sink, what="wordings")
