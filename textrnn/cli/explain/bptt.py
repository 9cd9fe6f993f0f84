"""textrnn explain bptt"""

from typing import TYPE_CHECKING, Annotated

import typer

from textrnn.cli.options import FormatOption, OutOption, PngOption, example, finite, several
from textrnn.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from textrnn.training.truncation import Outcome, Trial

EXAMPLES = example(
    "textrnn explain bptt --png bptt.png",
    "textrnn explain bptt --cell lstm --forget-bias 3 --distance 5,20 --format jsonl",
)
METHODS = "full,truncated,alone"
MOST_SEED = 2**31  # even the last of the seeds is below that of the sequences that tell whether a task is solved
FARTHEST = 1000  # steps: the memory of full back-propagation grows with them


def bptt(
    cell: Annotated[str, typer.Option(help="Cells, with commas between.")] = "elman,lstm,gru",
    distance: Annotated[
        str, typer.Option(help="Steps between the symbol and the place where it is to be said, with commas between.")
    ] = "2,5,10,20,40",
    method: Annotated[
        str,
        typer.Option(
            help="With commas between. full: the gradient reaches the first step; truncated: it ends with the window, "
            "and the state is carried on; alone: it ends there, and nothing is."
        ),
    ] = METHODS,
    window: Annotated[int, typer.Option(min=1, help="Steps of a window.")] = 10,
    units: Annotated[int, typer.Option(min=1, max=4096, help="Units of a network.")] = 64,
    symbols: Annotated[int, typer.Option(min=2, max=1000, help="Symbols, of which one is to be remembered.")] = 4,
    start: Annotated[
        str, typer.Option(help="How recurrent weights start: uniform, identity or orthogonal; several with commas.")
    ] = "orthogonal",
    forget_bias: Annotated[
        str | None,
        typer.Option(help="Bias of forget gates; several with commas. Default: 1.", show_default=False),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Batches of sequences to learn from, at most.")] = 400,
    rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 0.01,
    clip: Annotated[float, typer.Option(min=0, help="Largest norm of the gradient; 0 is no limit.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of all that is random.")] = 0,
    seeds: Annotated[
        int, typer.Option(min=1, max=1000, help="Train so many times, from seed to seed; the picture has means.")
    ] = 1,
    png: PngOption = None,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Learn to remember over growing distances, by full and by truncated back-propagation through time."""
    from textrnn.cells import CELLS
    from textrnn.cli.explain.truncation_digest import closing_lines, print_losses, row_of
    from textrnn.cli.output import chosen_format, open_output, open_sink
    from textrnn.extras import require

    require("train", "explain bptt")
    from textrnn.networks.recurrent import STARTS
    from textrnn.training.machine import one_thread
    from textrnn.training.recall import BATCH, Learning, variants
    from textrnn.training.truncation import METHODS as KNOWN
    from textrnn.training.truncation import Trial, outcomes

    distances = sorted(several("--distance", distance, int))
    if far := [distance for distance in distances if not 1 <= distance <= FARTHEST]:
        raise UsageError(f"--distance is from 1 to {FARTHEST:,}, not {far[0]:,}")
    networks = variants(
        several("--cell", cell, str, choices=CELLS),
        starts=several("--start", start, str, choices=STARTS),
        forget_biases=None if forget_bias is None else several("--forget-bias", forget_bias, finite),
    )
    methods = several("--method", method, str, choices=KNOWN)
    trials = [
        Trial(network, name, far, each)
        for network in networks
        for name in methods
        for far in distances
        for each in range(seed, seed + seeds)
    ]
    typer.echo(f"{len(trials)} networks, each to learn from at most {steps:,} batches of {BATCH} sequences", err=True)
    learning = Learning(steps, rate=rate, clip=clip)
    with one_thread():
        found = list(shown(outcomes(trials, learning, window=window, units=units, symbols=symbols), trials))
    if chosen_format(format, out) == "table":
        with open_output(out) as file:
            print_losses(found, file)
    else:
        with open_sink(out, format) as sink:
            for outcome in found:
                sink.write(row_of(outcome))
    if png is not None:
        from textrnn.pictures.gradients import truncation_picture

        truncation_picture(found, png)
    for line in closing_lines(found, window=window):
        typer.echo(line, err=True)


def shown(found: "Iterable[Outcome]", trials: "Sequence[Trial]") -> "Iterator[Outcome]":
    """What is found; on a terminal a line that moves says which network learns."""
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        rest = iter(found)
        for number, trial in enumerate(trials, start=1):
            status.update(f"{number} of {len(trials)}: {trial.variant}, {trial.method}, distance {trial.distance}")
            yield next(rest)
