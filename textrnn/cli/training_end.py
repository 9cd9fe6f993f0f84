"""A training run to its end: Ctrl-C on the way, and what is said when it is there."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from textrnn.cli.options import what_next
from textrnn.cli.training_display import say, watch
from textrnn.model_folder import CURVES, ModelFolder
from textrnn.training.advice import advice
from textrnn.training.seeds import spreads

if TYPE_CHECKING:
    from pathlib import Path

    from textrnn.training.run import TrainingRun


def to_its_end(run: "TrainingRun") -> "TrainingRun":
    """The run, trained to its end and shown; where it is interrupted the program ends."""
    with stopping(run):
        watch(run)
    if run.is_stopped and not run.saved.ended:
        interrupted(run)
    return run


@contextmanager
def stopping(run: "TrainingRun") -> Iterator[None]:
    """Ctrl-C, or a request to end, lets the run finish its step and save its state; a second one ends it at once."""

    def stop(number: int, frame: object) -> None:
        if run.is_stopped:
            raise KeyboardInterrupt
        say("ending after this step (again: at once, and what was saved before stands)")
        run.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupted(run: "TrainingRun") -> None:
    """Say what is kept and how to go on, and end."""
    kept = f"the best model so far is in {run.out}" if run.best else "no model was saved yet"
    say(f"interrupted at {run.state.counters()}; {kept}")
    say(f"go on: textrnn train {run.saved.task} --out {shlex.quote(str(run.out))} --resume")
    draw_curves(run)
    sys.exit(130)


def finished(run: "TrainingRun") -> None:
    """The figures, what the curves say, the card, and what to type next."""
    say(f"ended {run.ended} at {run.state.counters()}")
    for line in advice(run.history):
        say(line)
    if run.best:
        for metric in run.task.metrics(run.best):
            value = "-" if metric.value is None else f"{metric.value:.4f}"
            say(f"{metric.metric}: {value}  ({metric.protocol})")
    say(f"model card: {run.out / 'README.md'}")
    say(f"next: {what_next(run.config(), str(run.out))}")
    draw_curves(run)


def draw_curves(run: "TrainingRun") -> None:
    """Put a picture of the losses into the model's folder, where pictures can be drawn."""
    if run.best and find_spec("matplotlib"):
        from textrnn.pictures.training import curves_picture

        curves_picture(run.history, run.out / CURVES)


def compared(folders: "list[Path]") -> None:
    """The figures of models that differ in their seed alone: each mean and spread."""
    for spread in spreads([ModelFolder(folder).config.training.metrics for folder in folders]):
        each = ", ".join(f"{value:.4f}" for value in spread.values)
        say(f"{spread.metric}: {spread.mean:.4f} ± {spread.deviation:.4f} ({each})  ({spread.protocol})")
    say(f"models: {', '.join(map(str, folders))}; ± is the standard deviation of the seeds")
