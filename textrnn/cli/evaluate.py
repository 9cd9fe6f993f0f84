"""textrnn evaluate"""

from typing import Annotated

import typer

from textrnn.cli.options import (
    ColumnOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    InputFormatOption,
    ModelArgument,
    OutOption,
    RunningTextOption,
    StrictOption,
    ThreadsOption,
    example,
)

EXAMPLES = example("textrnn evaluate shakespeare README.md")


def evaluate(
    model: ModelArgument,
    file: Annotated[str, typer.Argument(help="A file of text or records (.gz too), or - for standard input.")],
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
    """Measure a model on a text: perplexity, nats, bits per character and per byte, each with its protocol."""
    from dataclasses import asdict

    from textrnn.cli.output import open_sink
    from textrnn.cli.stream import Source
    from textrnn.errors import DataError
    from textrnn.tasks import load
    from textrnn.text.records import read_blocks

    language_model = load(model, engine=engine, threads=threads)
    given = Source(file, encoding=encoding, strict=strict)
    if column is None and given.format(input_format) == "text" and not language_model.predicts_end:
        metrics = language_model.evaluate_blocks(read_blocks(file, encoding=encoding, ledger=given.ledger))
    else:
        records = given.records(format=input_format, column=column)
        metrics = language_model.evaluate((text for text, _ in records), running_text=running_text)
    if not given.ledger.bytes_read:
        raise DataError(f"{file} is empty")
    with open_sink(out, format) as sink:
        for metric in metrics:
            sink.write(asdict(metric))
    given.report()
