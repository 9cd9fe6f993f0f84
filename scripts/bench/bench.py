"""Contenders timed in turns, each in a process of its own, and what is printed about them.

Every contender is prepared once and then waits. A round gives each one turn, A B C A B C ..., so that a machine that
slows down slows them all; a ratio is the median over the rounds of the ratio within a round. Nobody computes during
another's turn: the thread pools of PyTorch and ONNX Runtime spin for some milliseconds after their last work and then
sleep, and a pause stands before each turn.
"""

import argparse
import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import TypeVar

from textrnn.architecture import Architecture, Core, LabelPerStep, Learned

PAUSE = 0.2  # seconds before each turn, in which idle threads fall asleep
ROUNDS = 5

UNITS, LAYERS, EMBEDDING = 512, 2, 128  # of the untrained networks
SPAWN = multiprocessing.get_context("spawn")  # a process that inherits no threads and no imports

T = TypeVar("T")
Measure = Callable[[], float]  # one turn: the seconds that one unit (a step, a token) took


@dataclass
class Contender:
    """One way of doing the work. `prepare` runs in the contender's process, and so imports what it needs there."""

    name: str
    precision: str
    prepare: Callable[[], Measure]
    threads: int = 0  # 0: the library's choice, one for each core
    seconds: list[float] = field(default_factory=list)  # for one unit, a number a round

    def times_faster_than(self, peer: "Contender") -> float:
        """The median over the rounds of the peer's seconds by ours."""
        return median(theirs / ours for theirs, ours in zip(peer.seconds, self.seconds, strict=True))


def race(contenders: Sequence[Contender], *, rounds: int) -> None:
    """Fill in `seconds`. A turn before the first round is not counted: it allocates and chooses kernels."""
    pipes = [_start(contender) for contender in contenders]
    for _ in range(rounds):
        for contender, pipe in zip(contenders, pipes, strict=True):
            time.sleep(PAUSE)
            pipe.send(True)
            contender.seconds.append(_receive(contender, pipe))
    for pipe in pipes:
        pipe.send(False)


def _start(contender: Contender) -> Connection:
    """A process that is ready for its turns."""
    pipe, theirs = SPAWN.Pipe()
    SPAWN.Process(target=_take_turns, args=(contender.prepare, theirs), daemon=True).start()
    theirs.close()
    _receive(contender, pipe)
    return pipe


def _receive(contender: Contender, pipe: Connection) -> float:
    try:
        return float(pipe.recv())
    except EOFError:
        raise SystemExit(f"{contender.name} failed: see above") from None


def _take_turns(prepare: Callable[[], Measure], pipe: Connection) -> None:
    measure = prepare()
    pipe.send(measure())
    with suppress(EOFError, KeyboardInterrupt):  # the script was stopped
        while pipe.recv():
            pipe.send(measure())


def alone(function: Callable[[], T]) -> T:
    """The result of a function, computed in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
        return pool.submit(function).result()


def seconds_per(units: int, work: Callable[[], object]) -> float:
    """Time some work, and divide by the units that it did."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) / units


def architecture(classes: int, cell: str = "lstm") -> Architecture:
    """The network that is measured."""
    return Architecture(
        input=Learned(symbols=classes, size=EMBEDDING),
        core=Core(cell=cell, units=UNITS, layers=LAYERS),
        head=LabelPerStep(classes=classes),
    )


def model_bytes(precision: str, *, classes: int) -> bytes:
    """The graph of the untrained network, made in another process: this one stays free of PyTorch."""
    return alone(partial(_model_bytes, precision, classes))


def _model_bytes(precision: str, classes: int) -> bytes:
    import torch

    from textrnn.networks.graphs import graphs_of
    from textrnn.networks.sequence import SequenceNetwork

    torch.manual_seed(0)
    network = SequenceNetwork(architecture(classes))
    return graphs_of(network, "int8" if precision == "int8" else "float32")["model.onnx"]


def arguments(description: str | None, *, rounds: int = ROUNDS) -> argparse.ArgumentParser:
    """A parser with the option that every script has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help="turns of each contender (default: %(default)s)")
    return parser


def processor() -> str:
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def print_machine(*packages: str) -> None:
    """What every figure below was measured on; a load above 0 means that something else was running."""
    versions = ", ".join(f"{package} {version(package)}" for package in ("textrnn", *packages))
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    print(
        f"{processor()}, {cores} cores, load {load:.1f} at the start; Python {platform.python_version()}, {versions}\n"
    )


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need; the first flush left, the others right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, ["-" * width for width in widths], *rows):
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join([first.strip().ljust(widths[0]), *others]))
    print()


def print_race(contenders: Sequence[Contender], unit: str, shown: Callable[[float], float]) -> None:
    """The median and the range of each contender. shown: turns seconds into the unit."""
    rows = []
    for contender in contenders:
        low, high = sorted(map(shown, (min(contender.seconds), max(contender.seconds))))
        threads = str(contender.threads or "auto")
        middle = shown(median(contender.seconds))
        rows.append([contender.name, threads, contender.precision, f"{middle:,.0f}", f"{low:,.0f} to {high:,.0f}"])
    print_table(("contender", "threads", "precision", unit, "range"), rows)


def print_ratio(ours: Contender, peer: Contender, *, target: float | None = None) -> None:
    """How many times as fast ours is, and whether that is enough."""
    ratio = ours.times_faster_than(peer)
    verdict = "" if target is None else f" (target {target:g}: {'met' if ratio >= target else 'MISSED'})"
    print(f"{label(ours)} is {ratio:.2f} times as fast as {label(peer)}{verdict}")


def label(contender: Contender) -> str:
    """A contender in words."""
    threads = f"{contender.threads} thread{'s' * (contender.threads > 1)}" if contender.threads else "threads auto"
    return f"{contender.name}, {contender.precision}, {threads}"


def fastest(contenders: Sequence[Contender]) -> Contender:
    """The one with the lowest median."""
    return min(contenders, key=lambda contender: median(contender.seconds))


def tokens_per_second(seconds: float) -> float:
    """From the seconds of one token."""
    return 1 / seconds
