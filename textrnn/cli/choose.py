"""textrnn choose"""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from textrnn.cli.options import (
    ColumnOption,
    ConditionOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    InputFormatOption,
    ModelArgument,
    OutOption,
    StrictOption,
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
        str | None, typer.Option("--file", help="A file of such lines or records (.gz too), or - for standard input.")
    ] = None,
    best: Annotated[bool, typer.Option("--best", help="Only the likeliest wording of each line.")] = False,
    condition: ConditionOption = None,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Rank the wordings of each line: which of {plain|plane} is likelier, and by what odds.

    `line` in the results numbers the lines or records; an error names the line of the file.
    """
    from dataclasses import asdict
    from functools import partial

    from textrnn.cli.output import open_sink
    from textrnn.cli.stream import joined, open_source, paired, stream, warn_of_unknown
    from textrnn.tasks import load
    from textrnn.tasks.choosing import wordings
    from textrnn.tasks.language_model import LanguageModel

    given = open_source(context, file, line, encoding=encoding, strict=strict)
    language_model = load(model, LanguageModel, engine=engine, threads=threads)
    unknown: Counter[str] = Counter()

    def rows() -> Iterator[dict[str, Any]]:
        records = given.numbered_records(format=input_format, column=column)
        lines = ((wordings(record.text, place=given.place(record.line)), record.fields) for record in records)
        for fields, ranked in paired(lines, partial(language_model.choose_among, condition=condition)):
            unknown.update(place.text for row in ranked for place in row.oov)
            yield from (joined(fields, asdict(row)) for row in (ranked[:1] if best else ranked))

    with open_sink(out, format, hidden=("oov",)) as sink:
        stream(rows(), sink, what="wordings", source=given, out=out)
    given.report()
    warn_of_unknown(unknown.elements())
