"""textrnn quantize"""

import shlex
import sys
from typing import Annotated

import typer

from textrnn.cli.options import (
    ColumnOption,
    EncodingOption,
    FormatOption,
    InputFormatOption,
    ModelArgument,
    StrictOption,
    example,
)

EXAMPLES = example("textrnn quantize novel --out novel-int8 --data novel.txt")


def quantize(
    model: ModelArgument,
    out: Annotated[str, typer.Option("--out", help="The folder to write the int8 model to.")],
    data: Annotated[
        str | None, typer.Option("--data", help="A text or records to measure the change on.", show_default=False)
    ] = None,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model that --out holds.")] = False,
) -> None:
    """Make a model small and fast: weights and activations in 8 bits, scores exact and independent of batching."""
    from dataclasses import asdict
    from pathlib import Path

    from textrnn.cli.output import open_sink
    from textrnn.cli.stream import Source
    from textrnn.extras import require
    from textrnn.model_folder import find_model

    require("train", "textrnn quantize")
    from textrnn.export.quantize import prices
    from textrnn.export.quantize import quantize as write_int8

    given = Source(data, encoding=encoding, strict=strict)
    text = given.text(format=input_format, column=column) if data else ""
    path = find_model(model)
    command = shlex.join(["textrnn", *sys.argv[1:]])
    write_int8(path, Path(out), text=text, text_name=Path(data or "").name, command=command, overwrite=overwrite)
    with open_sink(None, format) as sink:
        for row in prices(path, Path(out), text):
            sink.write(asdict(row))
    given.report()
    typer.echo(f'\nnext: textrnn generate {out} -p "..."', err=True)
