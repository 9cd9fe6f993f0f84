"""Training with each cell, 2 x 512: our loop against plain ones around nn.LSTM, nn.GRU and nn.RNN.

Among ours is a cell from outside the package, of which there is nothing but its step; and two of the package's, run
step by step through their equations with the way back left to torch's autograd, to show what a planned scan saves.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from bench import (
    LAYERS,
    UNITS,
    Contender,
    Measure,
    print_machine,
    print_race,
    print_ratio,
    race,
    tokens_per_second,
)
from train import BATCH, CLASSES, TIME, Work, in_torch, ours, work_arguments

from textrnn.cells import CELLS, add_cells
from textrnn.cells.cell import Cell, FromHidden, Gates, Ops, State

PRECISIONS = ("float32", "bfloat16")
TARGETS = {"peephole-lstm": 0.5, "coupled-lstm": 0.5}  # times as fast as nn.LSTM
PLAIN = "nn.LSTM, plain loop"
PEERS = {"gru": "GRU", "elman": "RNN"}  # in torch.nn
BY_EQUATIONS = ("lstm", "peephole-lstm")


def step(x: Gates, u: FromHidden, before: State, _: Gates, ops: Ops) -> State:
    """The minimal gated unit (Zhou et al., 2016): one gate decides what is seen of the past and what is replaced."""
    forget = ops.sigmoid(x["forget"] + u["forget"])
    candidate = ops.tanh(x["candidate"] + u.of("candidate", forget * before["hidden"]))
    return {"hidden": (1 - forget) * before["hidden"] + forget * candidate}


MINIMAL = Cell("minimal-gated-unit", gates=("forget", "candidate"), state=("hidden",), step=step, bound=1.0)


def by_scan(work: Work, cell: str) -> Measure:
    """As `textrnn train` runs it."""
    add_cells([MINIMAL])
    return ours(work, cell)


def by_equations(work: Work, cell: str) -> Measure:
    """The same, each step a chain of torch's operations."""
    return ours(work, cell, prepare=use_equations)


def use_equations(network: Any) -> None:
    """Let every layer of a network run step by step."""
    for layer in network.layers.children():
        layer.forward = partial(run_equations, layer)


def run_equations(layer: Any, inputs: Any, state: Any, *, dropped: float, mask: Any) -> Any:
    """What a layer does then, where nothing is dropped."""
    assert not dropped
    return layer.by_equations(inputs, state, layer.weight_hh, mask)


def contenders(work: Work, cells: Sequence[str]) -> dict[str, Contender]:
    """By name: the cells, those of them by their equations, torch's layers."""
    named = {PLAIN: partial(in_torch, kind="LSTM")}
    named |= {f"nn.{PEERS[cell]}, plain loop": partial(in_torch, kind=PEERS[cell]) for cell in cells if cell in PEERS}
    named |= {cell: partial(by_scan, cell=cell) for cell in cells}
    named |= {f"{cell}, by autograd": partial(by_equations, cell=cell) for cell in cells if cell in BY_EQUATIONS}
    return {name: work.contender(name, prepare) for name, prepare in named.items()}


def print_ratios(racers: Mapping[str, Contender], cells: Sequence[str]) -> None:
    """Each cell beside nn.LSTM, beside torch's layers of its own kind, and beside its equations."""
    for cell in cells:
        print_ratio(racers[cell], racers[PLAIN], target=TARGETS.get(cell))
    for cell in cells:
        if cell in PEERS:
            print_ratio(racers[cell], racers[f"nn.{PEERS[cell]}, plain loop"])
        if cell in BY_EQUATIONS:
            print_ratio(racers[cell], racers[f"{cell}, by autograd"])
    print(flush=True)


def main() -> None:
    """One race for each precision."""
    known = [*CELLS, MINIMAL.name]
    parser = work_arguments(__doc__)
    parser.add_argument("--batch", type=int, default=BATCH, help="sequences side by side (default: %(default)s)")
    parser.add_argument("--cells", nargs="+", choices=known, default=known, metavar="CELL", help="(default: all)")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS, help="(default: both)")
    given = parser.parse_args()
    print_machine("torch")
    sizes = f"{LAYERS} x {UNITS}, {CLASSES} symbols, batch {given.batch} x {TIME}"
    print(f"training, {sizes}; {given.rounds} rounds of {given.steps} steps\n", flush=True)
    for precision in given.precisions:
        work = Work(precision, given.threads, given.steps, given.rounds, given.batch)
        racers = contenders(work, given.cells)
        race(list(racers.values()), rounds=given.rounds)
        print_race(list(racers.values()), "tokens/s", tokens_per_second)
        print_ratios(racers, given.cells)


if __name__ == "__main__":
    main()
