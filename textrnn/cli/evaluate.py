"""textrnn evaluate"""

from typing import Annotated

import typer

from textrnn.cli.options import (
    EncodingOption,
    EngineOption,
    FormatOption,
    ModelArgument,
    OutOption,
    RunningTextOption,
    ThreadsOption,
    example,
)

EXAMPLES = example("textrnn evaluate shakespeare README.md")


def evaluate(
    model: ModelArgument,
    file: Annotated[str, typer.Argument(help="A file of text (.gz too), or - for standard input.")],
    running_text: RunningTextOption = False,
    encoding: EncodingOption = "utf-8",
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Measure a model on a text: perplexity, nats, bits per character and per byte, each with its protocol."""
    from dataclasses import asdict

    from textrnn.cli.output import open_sink
    from textrnn.errors import DataError
    from textrnn.tasks import load
    from textrnn.text.records import read_text

    language_model = load(model, engine=engine, threads=threads)
    text = read_text(file, encoding=encoding)
    if not text:
        raise DataError(f"{file} is empty")
    with open_sink(out, format) as sink:
        for metric in language_model.evaluate(text, running_text=running_text):
            sink.write(asdict(metric))
