"""Models that a bench trains by the program itself: each once, going on where it was cut off."""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textrnn.training.saved_run import has_ended, is_begun, read_saved_run


@dataclass(frozen=True)
class Run:
    """A training by the command `textrnn train TASK SETTINGS --out OUT`."""

    task: str
    settings: tuple[str, ...]
    out: Path

    @property
    def command(self) -> list[str]:
        """Of `textrnn`."""
        return ["train", self.task, *self.settings, "--out", str(self.out)]

    @property
    def shown(self) -> str:
        """The command as it is typed."""
        return shlex.join(["textrnn", *self.command])


def words_of(recipe: str, **places: Path) -> tuple[str, ...]:
    """The words of a recipe, with the places that it names; what is quoted may go over several lines."""
    return tuple(" ".join(word.format(**places).split()) for word in shlex.split(recipe))


def train(run: Run, environment: dict[str, str]) -> None:
    """Train to the end, unless that was done; what is said goes into a file beside the folder."""
    command = run.command
    if is_begun(run.out):
        known = read_saved_run(run.out / "training").command
        if known != run.shown:
            raise SystemExit(f"{run.out} was trained by another command; remove it or take another --out:\n{known}")
        if has_ended(run.out):
            return
        command = ["train", run.task, "--out", str(run.out), "--resume"]
    log = run.out.with_name(f"{run.out.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        program = [sys.executable, "-m", "textrnn"]
        done = subprocess.run([*program, *command], stdout=file, stderr=file, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{run.out} ended with {done.returncode}: see {log}")


def train_all(runs: Sequence[Run], side_by_side: int) -> None:
    """So many at a time."""
    threads = "1" if side_by_side > 1 else os.environ.get("OMP_NUM_THREADS", "auto")
    print(f"{side_by_side} at a time, threads of each: {threads}; their progress: {runs[0].out.parent}/*.log\n")
    print(*(run.shown for run in runs), sep="\n", end="\n\n", flush=True)
    environment = {**os.environ, **({} if threads == "auto" else {"OMP_NUM_THREADS": threads})}
    with ThreadPoolExecutor(side_by_side) as pool:
        list(pool.map(partial(train, environment=environment), runs))
