"""Training a character model, 2 x 512, batches of 128 x 64 symbols: our loop against a plain one around nn.LSTM."""

from collections.abc import Iterator
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


def windows() -> Iterator[Any]:
    """Inputs and targets (time, batch) without end, the same for all."""
    import numpy as np

    rng = np.random.default_rng(0)
    while True:
        ids = rng.integers(4, CLASSES, (TIME + 1, BATCH))
        yield ids[:-1], ids[1:]


def in_torch(precision: str, threads: int, steps: int) -> Measure:
    """nn.LSTM with its state carried, AdamW, clipping by norm."""
    import torch
    from peers import WholeLSTM
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model, batches = WholeLSTM(CLASSES), windows()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    carried = None

    def learn() -> None:
        nonlocal carried
        for _ in range(steps):
            inputs, targets = map(torch.from_numpy, next(batches))
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                logits, state = model(inputs, carried)
                loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            loss.item()
            carried = tuple(part.detach() for part in state)

    return lambda: seconds_per(steps * TIME * BATCH, learn)


def ours(precision: str, threads: int, steps: int, rounds: int) -> Measure:
    """The loop of `textrnn train`, which yields after each evaluation; here evaluating does nothing."""
    import time

    import numpy as np
    import torch

    from textrnn.batch import Batch
    from textrnn.networks.sequence import SequenceNetwork
    from textrnn.settings import training_settings
    from textrnn.training.defaults import by_size, with_level_defaults
    from textrnn.training.loop import train
    from textrnn.training.machine import keep_freed_memory
    from textrnn.training.run_state import RunState

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    keep_freed_memory()
    turns = rounds + 1  # one to warm up
    given = training_settings(
        {"precision": precision, "steps": turns * steps, "evaluations": turns, "rate": RATE, "clip_norm": 1.0}
    )
    settings = by_size(with_level_defaults(given), symbols=0)
    network = SequenceNetwork(architecture(CLASSES)).train()
    run = RunState(network, settings, steps_per_epoch=1, began=time.monotonic())
    goes_on = np.ones(BATCH, bool)
    batches = (Batch(inputs, targets, continues=goes_on) for inputs, targets in windows())
    rows = train(network, batches, lambda network: 0.0, run)
    return lambda: seconds_per(steps * TIME * BATCH, lambda: next(rows))


def main() -> None:
    """Race and compare."""
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=4, help="updates in a turn (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="of every contender (default: %(default)s)")
    given = parser.parse_args()
    print_machine("torch")
    print(f"training, {LAYERS} x {UNITS} LSTM, {CLASSES} symbols, batch {BATCH} x {TIME}; {given.rounds} rounds\n")
    contenders = {}
    for precision in ("bfloat16", "float32"):
        prepare = partial(ours, precision, given.threads, given.steps, given.rounds)
        contenders["ours", precision] = Contender("textrnn", precision, prepare, given.threads)
        prepare = partial(in_torch, precision, given.threads, given.steps)
        contenders["nn.LSTM", precision] = Contender("nn.LSTM, plain loop", precision, prepare, given.threads)
    race(list(contenders.values()), rounds=given.rounds)
    print_race(list(contenders.values()), "tokens/s", tokens_per_second)
    plain = contenders["nn.LSTM", "float32"]
    print_ratio(contenders["ours", "bfloat16"], plain, target=2.5)
    print_ratio(contenders["ours", "bfloat16"], contenders["nn.LSTM", "bfloat16"])
    print_ratio(contenders["ours", "float32"], plain)


if __name__ == "__main__":
    main()
