"""textrnn compare"""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from textrnn.cli.options import (
    ColumnOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    InputFormatOption,
    OutOption,
    RunningTextOption,
    SourceArgument,
    StrictOption,
    TextOption,
    ThreadsOption,
    example,
)

EXAMPLES = example(
    'textrnn compare shakespeare english --text "To be, or not to be: that is the question."',
    "textrnn compare shakespeare english README.md --lines --format jsonl",
)


def compare(
    context: typer.Context,
    a: Annotated[str, typer.Argument(help="A model folder, or the name of a bundled model.", show_default=False)],
    b: Annotated[str, typer.Argument(help="The other.", show_default=False)],
    source: SourceArgument = None,
    text: TextOption = None,
    lines: Annotated[bool, typer.Option("--lines", help="For each line, which model finds it likelier.")] = False,
    running_text: RunningTextOption = False,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Measure two models on one text: perplexity only where it compares, bits per character and per byte."""
    from dataclasses import asdict
    from functools import partial

    from textrnn.cli.output import open_sink
    from textrnn.cli.stream import joined, open_source, paired, stream
    from textrnn.errors import DataError, UsageError
    from textrnn.tasks import comparison, load
    from textrnn.tasks.language_model import LanguageModel

    if lines and running_text:
        raise UsageError("--lines reads each line by itself: without --running-text")
    given = open_source(context, source, text, encoding=encoding, strict=strict)
    records = given.records(format=input_format, column=column)
    one, other = (load(model, LanguageModel, engine=engine, threads=threads) for model in (a, b))
    for each in (one, other):
        each.conditions.refuse("compare gives none: evaluate measures each model with its own")
    typer.echo(f"a: {a}; b: {b}", err=True)
    if lines:
        likelier: Counter[str | None] = Counter()

        def rows() -> Iterator[dict[str, Any]]:
            for fields, row in paired(records, partial(comparison.line_odds, one, other)):
                likelier[row.likelier if row.log_odds is not None else "unknown"] += 1
                yield joined(fields, asdict(row), repeats="text")

        with open_sink(out, format) as sink:
            stream(rows(), sink, what="lines", source=given, out=out)
        given.report()
        says = f"likelier: {likelier['a']:,} lines with a, {likelier['b']:,} with b, {likelier[None]:,} with neither"
        typer.echo(f"{says}; natural log-odds, a - b, of each line with its end", err=True)
        if likelier["unknown"]:
            typer.echo(
                f"no log-odds for {likelier['unknown']:,} lines: the vocabularies differ, and the symbols of a or of b "
                "do not give these lines back, so that the two probabilities are not of the same text",
                err=True,
            )
        return
    is_plain = bool(text) or (column is None and given.format(input_format) == "text")
    whole = "".join(f"{line}\n" for line, _ in records) if is_plain else [line for line, _ in records]
    if not whole:
        raise DataError("there is no text to compare on")
    with open_sink(out, format) as sink:
        for row in comparison.compare(one, other, whole, running_text=running_text):
            sink.write(asdict(row))
    given.report()
    if why := comparison.why_not_per_symbol(one, other):
        typer.echo(f"perplexities are not shown, for they count different symbols ({why})", err=True)
