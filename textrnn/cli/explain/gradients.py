"""textrnn explain gradients"""

from typing import TYPE_CHECKING, Annotated

import typer

from textrnn.cli.options import (
    ColumnOption,
    EncodingOption,
    FormatOption,
    InputFormatOption,
    OutOption,
    PngOption,
    SourceArgument,
    StrictOption,
    TextOption,
    example,
    finite,
    several,
)
from textrnn.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textrnn.training.gradient_series import Series
    from textrnn.training.recall import Variant

EXAMPLES = example(
    "textrnn explain gradients --length 100 --png gradients.png",
    "textrnn explain gradients --cell elman-relu --start identity --scale 0.9,1,1.1 --format csv",
)
CELLS, START, SCALE = "elman,gru,lstm", "uniform", "1"
MOST_SEED = 2**32 - 1  # the next is of the sequences that tell whether a task is solved
UNITS, RATE = 64, 0.01
MOST = 12  # networks, whose curves can still be told apart


def gradients(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            help="Folder of a language model or a classifier with its weights; else new networks are looked at.",
            show_default=False,
        ),
    ] = None,
    source: SourceArgument = None,
    text: TextOption = None,
    cell: Annotated[
        str | None, typer.Option(help=f"Cells, with commas between. Default: {CELLS}.", show_default=False)
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="How recurrent weights start: uniform, identity or orthogonal; several with commas. Default: uniform.",
            show_default=False,
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(help="What recurrent weights are multiplied by; several with commas.", show_default=False),
    ] = None,
    forget_bias: Annotated[
        str | None,
        typer.Option(help="Bias of forget gates; several with commas. Default: 1.", show_default=False),
    ] = None,
    length: Annotated[
        int, typer.Option(min=2, max=1000, help="Steps of a sequence; of a text for a classifier at most so many.")
    ] = 100,
    units: Annotated[
        int | None,
        typer.Option(min=1, max=4096, help=f"Units of a new network. Default: {UNITS}.", show_default=False),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=1024, help="Sequences, over which a geometric mean is taken.")] = 32,
    steps: Annotated[
        int,
        typer.Option(
            min=0,
            help="Train each new network to say the first symbol after the last step, on at most so many batches.",
        ),
    ] = 0,
    rate: Annotated[
        float | None,
        typer.Option(help=f"Peak learning rate of that training. Default: {RATE}.", show_default=False),
    ] = None,
    clip: Annotated[
        float, typer.Option(min=0, help="Largest norm of the gradient of all weights; 0 is no limit.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of all that is random.")] = 0,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    png: PngOption = None,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Show how much of the last loss reaches each step before it: where gradients vanish, and where they explode.

    Of new networks, or of a MODEL beside a new network of its kind: a language
    model by the loss of what comes after a stretch of a text, a classifier by
    that of the label it finds likeliest for a whole text. A layer that reads
    backward is followed back from the first symbol.

    tsv, csv and jsonl have a row for each layer and step, with steps from 1.
    """
    from textrnn.cli.explain.gradient_digest import closing_lines, print_digest, reasons, row_of
    from textrnn.cli.explain.trained import check_model, series_of_model
    from textrnn.cli.output import chosen_format, open_output, open_sink
    from textrnn.cli.stream import open_source, while_waiting
    from textrnn.extras import require

    require("train", "explain gradients")
    given = {
        "--cell": cell,
        "--start": start,
        "--scale": scale,
        "--forget-bias": forget_bias,
        "--units": units,
        "--rate": rate,
        "--steps": steps,
    }
    if model is not None:
        check_model(model)
        if named := [name for name, value in given.items() if value not in (None, 0)]:
            raise UsageError(f"{named[0]} is for new networks, and {model} is one that has learnt")
        text_source = open_source(context, source, text, encoding=encoding, strict=strict)
        found = series_of_model(
            model, text_source, format=input_format, column=column, length=length, batch=batch, seed=seed
        )
    else:
        if text or column is not None or input_format != "auto":
            raise UsageError("a text is for a model that reads it: textrnn explain gradients MODEL --text ...")
        if rate is not None and not steps:
            raise UsageError("--rate is of the training that --steps asks for: give both")
        variants = variants_of(cell or CELLS, start or START, scale or SCALE, forget_bias)
        found = of_new(
            variants,
            length=length,
            units=units or UNITS,
            batch=batch,
            steps=steps,
            rate=RATE if rate is None else rate,
            clip=clip,
            seed=seed,
        )
    from textrnn.training.machine import one_thread

    with one_thread():
        series = list(while_waiting(found, "following the gradients"))
    if chosen_format(format, out) == "table":
        with open_output(out) as file:
            print_digest(series, clip=clip, file=file)
    else:
        others = list(dict.fromkeys(name for each in series for name in each.flow.others))
        with open_sink(out, format) as sink:
            for each in series:
                for step in range(len(each.flow.hidden)):
                    sink.write(row_of(each, step, others=others, clip=clip))
    if png is not None:
        from textrnn.pictures.gradients import gradients_picture

        gradients_picture(series, png, clip=clip)
    for line in (*closing_lines(series, clip=clip), *(reasons(series) if model is None else ())):
        typer.echo(line, err=True)


def variants_of(cell: str, start: str, scale: str, forget_bias: str | None) -> "list[Variant]":
    """Every combination of what the options say."""
    from textrnn.cells import CELLS
    from textrnn.networks.recurrent import STARTS
    from textrnn.training.recall import variants

    found = variants(
        several("--cell", cell, str, choices=CELLS),
        starts=several("--start", start, str, choices=STARTS),
        scales=several("--scale", scale, finite),
        forget_biases=None if forget_bias is None else several("--forget-bias", forget_bias, finite),
    )
    if len(found) > MOST:
        raise UsageError(f"these are {len(found)} networks: at most {MOST} can be told apart, so leave some out")
    return found


def of_new(
    variants: "list[Variant]",
    *,
    length: int,
    units: int,
    batch: int,
    steps: int,
    rate: float,
    clip: float,
    seed: int,
) -> "Iterator[Series]":
    """The series of new networks, and of what becomes of them in `steps` batches."""
    from textrnn.training.gradient_series import series_of_task
    from textrnn.training.recall import Learning, Recall

    learning = Learning(steps, rate=rate, clip=clip, seed=seed) if steps else None
    task = Recall(length - 1)
    return series_of_task(variants, task, units=units, batch=batch, seed=seed, learning=learning)
