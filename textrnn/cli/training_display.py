"""What a training run shows: a live picture on a terminal, a line for each evaluation elsewhere."""

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from textrnn.data import Data
    from textrnn.settings import TrainingSettings
    from textrnn.training.loop import Row
    from textrnn.training.run import TrainingRun
    from textrnn.training.trial import Trial

ROWS_SHOWN = 10
SAMPLE_SYMBOLS = 300


def watch(run: "TrainingRun") -> None:
    """Run to the end, showing loss, validation perplexity, bits per symbol, speed, time left and fresh samples."""
    for line in introduction(run):
        say(line)
    if sys.stderr.isatty():
        watch_live(run)
        return
    for row in run.rows():
        if row is run.history[0]:
            say(f"{run.state.total:,} steps are planned")
        say(as_line(run, row))
        say("    " + run.glimpse(symbols=80).replace("\n", "\n    "))


def say(line: str) -> None:
    """A line on standard error; where nobody reads it any more the training goes on."""
    with suppress(OSError):
        typer.echo(line, err=True)


def introduction(run: "TrainingRun") -> list[str]:
    """What was read and what will be trained."""
    from textrnn.training.advice import size_verdict
    from textrnn.training.trial import memory

    settings, architecture, facts = run.settings, run.task.architecture, run.task.corpus.facts
    need = memory(architecture, run.parameters, streams=run.task.streams, window=run.task.window)
    return [
        *run.task.describe(),
        *facts.repairs,
        size_verdict(run.parameters, facts.symbols),
        f"{architecture}; about {need / 2**20:,.0f} MB beside the program's own; "
        f"dropout {settings.input_dropout} at the input and {settings.dropout} after each layer, "
        f"rate {settings.rate}; {settings.precision} on {settings.device}; seed {settings.seed}",
    ]


def foresee(task: str, data: "Data", settings: "TrainingSettings") -> None:
    """Try a run for a few steps, and say what it would cost."""
    from textrnn.training.trial import tried

    run, trial = tried(task, data, settings, say=say)
    for line in introduction(run):
        typer.echo(line)
    typer.echo(f"{trial.seconds_per_step:.4g} s a step, {trial.symbols_per_second:,.0f} {run.task.symbol}s a second")
    if trial.seconds_per_epoch is not None:
        typer.echo(f"{trial.seconds_per_epoch:,.1f} s an epoch of {run.task.steps_per_epoch:,.0f} steps")
    typer.echo(f"{trial.seconds_per_evaluation:.3g} s an evaluation, {run.settings.validations} of them")
    typer.echo(planned(run, trial))
    if trial.peak_bytes is not None:
        typer.echo(f"{trial.peak_bytes / 2**20:,.0f} MB at most in this trial, the program's own included")
    typer.echo("nothing was written; without --dry-run the training begins")


def planned(run: "TrainingRun", trial: "Trial") -> str:
    """How long the whole run would take, or how far it would come."""
    settings, evaluations = run.settings, run.settings.validations * trial.seconds_per_evaluation
    steps = settings.steps or (round(settings.epochs * (run.task.steps_per_epoch or 0)) if settings.epochs else 0)
    if not settings.minutes:
        return f"{steps:,} steps: about {(steps * trial.seconds_per_step + evaluations) / 60:,.1f} minutes"
    most = max(0.0, settings.minutes * 60 - evaluations) / trial.seconds_per_step
    return f"{settings.minutes:g} minutes: about {min(most, steps or most):,.0f} steps"


def as_line(run: "TrainingRun", row: "Row") -> str:
    """An evaluation in one line."""
    figures = ", ".join(f"{name} {value}" for name, value in run.task.as_cells(row).items())
    if row.mean_of:
        verdict = "better than the best, and kept" if row.is_best else "no better than the best, and not kept"
        return f"{row} ({row.seconds:.0f} s): valid {row.valid_nats:.4f} nats, {figures}: {verdict}"
    return (
        f"step {row.step:,} of {run.state.total:,} ({epoch(row)}{row.seconds:.0f} s): "
        f"train {row.train_nats:.4f} nats, valid {row.valid_nats:.4f} nats, {figures}, "
        f"gradient norm {row.gradient_norm:.3g}, {row.symbols_per_second:,.0f} symbols/s"
        f"{', best so far' if row.is_best else ''}"
    )


def epoch(row: "Row") -> str:
    """Which epoch it is, where that is known."""
    return "" if row.epoch is None else f"epoch {row.epoch:.2f}, "


def watch_live(run: "TrainingRun") -> None:
    """The same as a picture that is drawn again four times a second."""
    sample = ""
    console = Console(stderr=True)
    with Live(get_renderable=lambda: picture(run, sample), console=console, refresh_per_second=4):
        for _ in run.rows():
            sample = run.glimpse(symbols=SAMPLE_SYMBOLS)


def picture(run: "TrainingRun", sample: str) -> RenderableType:
    """Evaluations, progress and the newest sample."""
    own = list(run.task.as_cells(run.history[-1])) if run.history else []
    table = Table("step", "epoch", "train nats", "valid nats", *own, "gradient", "symbols/s", "")
    for row in run.history[-ROWS_SHOWN:]:
        table.add_row(
            f"mean of {len(row.mean_of)}" if row.mean_of else f"{row.step:,}",
            "" if row.epoch is None else f"{row.epoch:.2f}",
            f"{row.train_nats:.4f}",
            f"{row.valid_nats:.4f}",
            *run.task.as_cells(row).values(),
            f"{row.gradient_norm:.3g}",
            f"{row.symbols_per_second:,.0f}",
            "best" if row is run.best else "",
        )
    state = run.state
    seconds = time.monotonic() - state.began
    if state.is_planned:
        left = (time.monotonic() - state.plan_began) * (state.total - state.step) / max(1, state.step - state.start)
        status = f" step {state.step:,} of {state.total:,}, {seconds:.0f} s, about {left:.0f} s left"
    else:
        status = f" measuring the speed: step {state.step}"
    progress = Table.grid()
    progress.add_row(ProgressBar(total=state.total, completed=state.step, width=40), status)
    return Group(table, progress, Panel(Text(sample), title="what it does now"))
