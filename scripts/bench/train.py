"""Training a character model, 2 x 512, batches of 128 x 64 symbols: our loop against a plain one around nn.LSTM."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench import (
    LAYERS,
    UNITS,
    Contender,
    Measure,
    architecture,
    arguments,
    print_machine,
    print_race,
    print_ratio,
    race,
    seconds_per,
    tokens_per_second,
)

CLASSES = 69
BATCH, TIME = 128, 64
RATE = 0.002


@dataclass(frozen=True)
class Work:
    """What every contender does. steps: updates in a turn; rounds: turns, after one to warm up."""

    precision: str
    threads: int
    steps: int
    rounds: int
    batch: int = BATCH

    @property
    def tokens(self) -> int:
        """Read in a turn."""
        return self.steps * TIME * self.batch

    def contender(self, name: str, prepare: Callable[["Work"], Measure]) -> Contender:
        """One that does this work."""
        return Contender(name, self.precision, partial(prepare, self), self.threads)


def windows(batch: int) -> Iterator[Any]:
    """Inputs and targets (time, batch) without end, the same for all."""
    import numpy as np

    rng = np.random.default_rng(0)
    while True:
        ids = rng.integers(4, CLASSES, (TIME + 1, batch))
        yield ids[:-1], ids[1:]


def in_torch(work: Work, kind: str = "LSTM") -> Measure:
    """Layers of torch.nn with their state carried, AdamW, clipping by norm. kind: a name in torch.nn."""
    import torch
    from peers import Whole
    from torch import nn

    torch.set_num_threads(work.threads)
    torch.manual_seed(0)
    model, batches = Whole(CLASSES, getattr(nn, kind)), windows(work.batch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    carried = None

    def learn() -> None:
        nonlocal carried
        for _ in range(work.steps):
            inputs, targets = map(torch.from_numpy, next(batches))
            with torch.autocast("cpu", torch.bfloat16, enabled=work.precision == "bfloat16"):
                logits, state = model(inputs, carried)
                loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            loss.item()
            carried = state.detach() if torch.is_tensor(state) else tuple(part.detach() for part in state)

    return lambda: seconds_per(work.tokens, learn)


def ours(work: Work, cell: str = "lstm", *, prepare: Callable[[Any], object] = lambda network: None) -> Measure:
    """The loop of `textrnn train`; evaluating, at the end of a turn, does nothing. prepare: done to the network."""
    import time

    import numpy as np
    import torch

    from textrnn.batch import Batch
    from textrnn.networks.sequence import SequenceNetwork
    from textrnn.settings import training_settings
    from textrnn.training.defaults import by_size, with_level_defaults
    from textrnn.training.loop import Found, train
    from textrnn.training.machine import keep_freed_memory
    from textrnn.training.run_state import RunState

    torch.set_num_threads(work.threads)
    torch.manual_seed(0)
    keep_freed_memory()
    turns = work.rounds + 1
    given = {"precision": work.precision, "steps": turns * work.steps, "evaluations": turns}
    chosen = training_settings({**given, "rate": RATE, "clip_norm": 1.0})
    settings = by_size(with_level_defaults(chosen), symbols=0)
    network = SequenceNetwork(architecture(CLASSES, cell)).train()
    prepare(network)
    run = RunState(network, settings, steps_per_epoch=1, began=time.monotonic())
    goes_on = np.ones(work.batch, bool)
    batches = (Batch(inputs, targets, continues=goes_on) for inputs, targets in windows(work.batch))
    rows = filter(None, train(network, batches, lambda network: Found(0.0, cost=0.0), run))  # one for each evaluation
    return lambda: seconds_per(work.tokens, lambda: next(rows))


def work_arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that make a turn."""
    parser = arguments(description)
    parser.add_argument("--steps", type=int, default=4, help="updates in a turn (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="of every contender (default: %(default)s)")
    return parser


def main() -> None:
    """Race and compare."""
    given = work_arguments(__doc__).parse_args()
    print_machine("torch")
    print(f"training, {LAYERS} x {UNITS} LSTM, {CLASSES} symbols, batch {BATCH} x {TIME}; {given.rounds} rounds\n")
    contenders = {}
    for precision in ("bfloat16", "float32"):
        work = Work(precision, given.threads, given.steps, given.rounds)
        contenders["ours", precision] = work.contender("textrnn", ours)
        contenders["nn.LSTM", precision] = work.contender("nn.LSTM, plain loop", in_torch)
    race(list(contenders.values()), rounds=given.rounds)
    print_race(list(contenders.values()), "tokens/s", tokens_per_second)
    plain = contenders["nn.LSTM", "float32"]
    print_ratio(contenders["ours", "bfloat16"], plain, target=2.5)
    print_ratio(contenders["ours", "bfloat16"], contenders["nn.LSTM", "bfloat16"])
    print_ratio(contenders["ours", "float32"], plain)


if __name__ == "__main__":
    main()
