"""A task that nothing but memory solves: say the first symbol of a sequence at its end.

With four symbols to remember (0 to 3), four others that say nothing (4 to 7) and a mark (8), at distance 5:

    inputs    2 5 4 7 4 8
    target              2

As in Hochreiter and Schmidhuber (1997), who let what lies between be random too. Who has forgotten can only guess: the
loss of chance is the logarithm of the number of symbols.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional

from textrnn.architecture import Architecture, Core, LabelPerStep, Learned
from textrnn.batch import IGNORE, Batch, Ids
from textrnn.cells import CELLS
from textrnn.errors import UsageError
from textrnn.networks.heads import LabelHead
from textrnn.networks.sequence import SequenceNetwork
from textrnn.settings import training_settings
from textrnn.training.defaults import ChosenSettings, by_size, with_level_defaults
from textrnn.training.loop import Found, Row, train
from textrnn.training.run_state import RunState

BATCH, VALID_BATCH = 32, 256  # sequences
VALID_SEED = 2**32  # of sequences that are not learnt from
BATCHES_BETWEEN = 25  # two evaluations
WARMUP = 20  # batches
LARGEST_BIAS = 100  # with which a gate is as good as open
SOLVED = 0.1  # of the loss of chance: below it the task is

Windows = Sequence[slice]  # of the steps of a sequence, one after another


@dataclass(frozen=True)
class Recall:
    """The task. distance: steps from the one that reads the symbol to the one that says it."""

    distance: int
    symbols: int = 4

    @property
    def chance(self) -> float:
        """The loss of guessing, in nats."""
        return math.log(self.symbols)

    def is_solved(self, nats: float) -> bool:
        """Whether this is the loss of a network that remembers."""
        return nats < SOLVED * self.chance

    def sequences(self, count: int, random: np.random.Generator) -> tuple[Ids, Ids]:
        """Inputs (time, count), and what is to be said after the last of them, (count,)."""
        first = random.integers(self.symbols, size=(1, count))
        others = random.integers(self.symbols, 2 * self.symbols, size=(self.distance - 1, count))
        mark = np.full((1, count), 2 * self.symbols)
        return np.concatenate([first, others, mark]), first[0]

    def windows(self, length: int | None = None) -> Windows:
        """A sequence in windows of a length, cut so that the last is full; None: in one."""
        end = self.distance + 1
        ends = range(end, 0, -(length or end))
        return [slice(max(0, end - (length or end)), end) for end in reversed(ends)]

    def batches(self, windows: Windows, random: np.random.Generator) -> Iterator[Batch]:
        """New sequences for ever, window by window, the state carried from the first window to the last."""
        while True:
            ids, first = self.sequences(BATCH, random)
            targets = np.full_like(ids, IGNORE)
            targets[-1] = first
            for number, steps in enumerate(windows):
                yield Batch(ids[steps], targets[steps], np.full(BATCH, number > 0))

    def architecture(self, cell: str, units: int) -> Architecture:
        """A network for it, of one layer."""
        return one_layer(cell, units, symbols=2 * self.symbols + 1, classes=self.symbols)

    def found(self, network: SequenceNetwork, windows: Windows) -> Found:
        """Nats and accuracy on sequences that are the same each time, read from the first of the windows on."""
        ids, first = self.sequences(VALID_BATCH, np.random.default_rng(VALID_SEED))
        assert isinstance(network.head, LabelHead)
        output, _ = network(torch.from_numpy(ids[windows[0].start :]))
        logits, gold = network.head(output[-1]), torch.from_numpy(first)
        nats = functional.cross_entropy(logits, gold).item()
        return Found(nats, nats, {"accuracy": (logits.argmax(-1) == gold).float().mean().item()})


def one_layer(cell: str, units: int, *, symbols: int, classes: int) -> Architecture:
    """Of a network of one layer that reads symbols, vectors of as many entries as it has units, and labels each."""
    return Architecture(
        input=Learned(symbols=symbols, size=units),
        core=Core(cell=cell, units=units, layers=1, top_units=None, projection=None),
        head=LabelPerStep(classes=classes),
    )


@dataclass(frozen=True)
class Variant:
    """How a network begins: its cell, and what differs from what is usual.

    scale: what recurrent weights are multiplied by. forget_bias: of the gates that begin open; None: the cell's own.
    """

    cell: str
    start: str = "uniform"
    scale: float = 1.0
    forget_bias: float | None = None

    def __str__(self) -> str:
        """The same for people."""
        start = "" if self.start == "uniform" else f", {self.start}"
        scale = "" if self.scale == 1 else f" x {self.scale:g}"
        bias = "" if self.forget_bias in (None, 1) else f", forget bias {self.forget_bias:g}"
        return f"{self.cell}{start}{scale}{bias}"

    def network(self, architecture: Architecture, seed: int, *, deviation: float = 0.0) -> SequenceNetwork:
        """A network that begins so. deviation: see SequenceNetwork."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = SequenceNetwork(architecture, start=self.start, deviation=deviation)
        with torch.no_grad():
            for shape in network.layers.shapes:
                layer = network.layers.layer(shape.name)
                layer.weight_hh.mul_(self.scale)
                for gate, bias in zip(layer.cell.gates, layer.bias_ih.chunk(len(layer.cell.gates)), strict=True):
                    if gate in layer.cell.open_gates and self.forget_bias is not None:
                        bias.fill_(self.forget_bias)
        return network


def variants(
    cells: Sequence[str],
    *,
    starts: Sequence[str] = ("uniform",),
    scales: Sequence[float] = (1.0,),
    forget_biases: Sequence[float] | None = None,
) -> list[Variant]:
    """Every combination; a forget bias for the cells alone that have a gate which begins open, 1 if none is given."""
    if forget_biases is not None and not any(CELLS[cell].open_gates for cell in cells):
        raise UsageError(f"a forget bias is for cells with a forget gate, and here is none: {', '.join(cells)}")
    forget_biases = [1.0] if forget_biases is None else forget_biases
    if far := [bias for bias in forget_biases if abs(bias) > LARGEST_BIAS]:
        raise UsageError(f"a forget bias is from -{LARGEST_BIAS} to {LARGEST_BIAS}, not {far[0]:g}")
    return [
        Variant(cell, start, scale, bias)
        for cell in cells
        for start in starts
        for scale in scales
        for bias in (forget_biases if CELLS[cell].open_gates else [None])
    ]


@dataclass(frozen=True)
class Learning:
    """How a network learns the task. batches: of whole sequences, at most. clip: the norm of a gradient at most."""

    batches: int
    rate: float = 0.01
    clip: float = 1.0
    seed: int = 0

    def settings(self, windows: int) -> ChosenSettings:
        """The same for the loop, to which each of so many windows is a step."""
        asked = training_settings(
            {
                "steps": self.batches * windows,
                "evaluations": max(1, self.batches // BATCHES_BETWEEN),
                "rate": self.rate,
                "warmup": min(WARMUP, self.batches) * windows,
                "clip_norm": self.clip,
                "weight_decay": 0.0,
                "seed": self.seed,
                "device": "cpu",
                "precision": "float32",
            }
        )
        return by_size(with_level_defaults(asked), 0)


def learn(network: SequenceNetwork, task: Recall, windows: Windows, learning: Learning) -> Iterator[Row]:
    """Train by the loop that trains everything: its evaluations, until the task is solved or the batches are spent.

    The step of a row is its number of batches.
    """
    state = RunState(network, learning.settings(len(windows)), steps_per_epoch=None, began=time.monotonic())
    batches = task.batches(windows, np.random.default_rng(learning.seed))
    for row in train(network.train(), batches, lambda network: task.found(network, windows), state):
        if row is None:
            continue
        yield replace(row, step=row.step // len(windows))
        if task.is_solved(row.valid_nats):
            return
