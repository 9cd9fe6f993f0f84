"""textrnn quantize"""

import shlex
import sys
from typing import Annotated

import typer

from textrnn.cli.options import (
    ColumnOption,
    ConditionColumnOption,
    EncodingOption,
    FormatOption,
    InputFormatOption,
    LabelColumnOption,
    ModelArgument,
    StrictOption,
    example,
    what_next,
)

EXAMPLES = example("textrnn quantize novel --out novel-int8 --data novel.txt")


def quantize(
    model: ModelArgument,
    out: Annotated[str, typer.Option("--out", help="The folder to write the int8 model to.")],
    data: Annotated[
        str | None,
        typer.Option(
            "--data", help="A text, or records (labelled, or pairs) to measure the change on.", show_default=False
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="The translations of the lines of --data, line by line.", show_default=False),
    ] = None,
    column: ColumnOption = None,
    condition_column: ConditionColumnOption = None,
    label_column: LabelColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model that --out holds.")] = False,
) -> None:
    """Make a model small and fast: weights and activations in 8 bits, scores exact and independent of batching."""
    from dataclasses import asdict
    from pathlib import Path

    from textrnn.cli.conditions import conditions_of
    from textrnn.cli.output import open_sink
    from textrnn.cli.stream import Source, report_repairs
    from textrnn.errors import UsageError
    from textrnn.extras import require
    from textrnn.model_folder import ModelFolder, find_model
    from textrnn.tasks.conditions import Conditions
    from textrnn.text.labelled import LabelledTexts
    from textrnn.text.pairs import PairedLines, Pairs, open_pairs

    require("train", "textrnn quantize")
    from textrnn.export.price import BegunSample, LabelledSample, PairSample, Sample, TextSample
    from textrnn.export.quantize import prices
    from textrnn.export.quantize import quantize as write_int8

    given = Source(data, encoding=encoding, strict=strict)
    path = find_model(model)
    config = ModelFolder(path).config
    task = config.task
    sample: Sample | None = None
    records: LabelledTexts | Pairs | PairedLines | None = None
    if target and (not data or task != "translator"):
        raise UsageError("--target is for a translator, and gives the translations of the lines of --data")
    if data and task == "classifier":
        records = LabelledTexts(
            [data], format=input_format, column=column, label_column=label_column, encoding=encoding, strict=strict
        )
        sample = LabelledSample(list(records), Path(data).name)
    elif data and task == "translator":
        records = open_pairs(
            [] if target else [data],
            source=data if target else None,
            target=target,
            format=input_format,
            encoding=encoding,
            strict=strict,
        )
        sample = PairSample(list(records), Path(data).name)
    elif data and config.architecture.condition:
        if condition_column is None:
            raise UsageError("each text of this model begins with a condition: name its field with --condition-column")
        read = list(given.numbered_records(format=input_format, column=column))
        conditions = conditions_of(read, condition_column, Conditions(config.architecture.condition), given)
        sample = BegunSample([record.text for record in read], list(conditions), Path(data).name)
    elif data:
        sample = TextSample(given.text(format=input_format, column=column), Path(data).name)
    command = shlex.join(["textrnn", *sys.argv[1:]])
    write_int8(path, Path(out), sample, command=command, overwrite=overwrite)
    with open_sink(None, format) as sink:
        for row in prices(path, Path(out), sample):
            sink.write(asdict(row))
    given.report()
    report_repairs(*([records] if records else []))
    typer.echo(f"\nnext: {what_next(config, out)}", err=True)
