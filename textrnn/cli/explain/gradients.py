"""textrnn explain gradients"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from textrnn.cli.options import (
    EncodingOption,
    FormatOption,
    OutOption,
    PngOption,
    SourceArgument,
    TextOption,
    example,
    finite,
    several,
)
from textrnn.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textrnn.cli.stream import Source
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
            help="A language model's folder with its weights, to be looked at on a text; else new networks are.",
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
    length: Annotated[int, typer.Option(min=2, max=1000, help="Steps of a sequence.")] = 100,
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
    encoding: EncodingOption = "utf-8",
    png: PngOption = None,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Show how much of the last loss reaches each step before it: where gradients vanish, and where they explode."""
    from textrnn.cli.explain.gradient_digest import closing_lines, print_digest, reasons, row_of
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
        if named := [name for name, value in given.items() if value not in (None, 0)]:
            raise UsageError(f"{named[0]} is for new networks, and {model} is one that has learnt")
        text_source = open_source(context, source, text, encoding=encoding, strict=False)
        found = of_model(model, text_source, length=length, batch=batch, seed=seed)
    else:
        if text:
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


def of_model(model: str, source: "Source", *, length: int, batch: int, seed: int) -> "Iterator[Series]":
    """The series of a model that has learnt."""
    import numpy as np

    from textrnn.cli.explain.trained import open_network
    from textrnn.text.tokenizer import EOS
    from textrnn.training.gradient_series import series_of_text
    from textrnn.training.recall import variants

    network, tokenizer, config = open_network(model)
    whole = source.text(format="auto", column=None)
    texts = whole.split("\n") if config.text.unit == "line" else [whole]
    ids = np.concatenate([part for text in texts if text for part in (tokenizer.encode(text), [EOS])] or [[]])
    ids = ids.astype(np.int64)
    source.report()
    if len(ids) < 2:
        raise DataError(f"{source.ledger.name} has fewer than two symbols: there is no step to follow a gradient to")
    if len(ids) <= length:
        typer.echo(f"the text has {len(ids):,} symbols: one sequence of {len(ids) - 1:,} steps", err=True)
    start: Any = config.training.settings.get("recurrent_start", START)
    (variant,) = variants([config.architecture.core.cell], starts=[start])
    return series_of_text(network, variant, ids, length=length, batch=batch, seed=seed)
