"""The one training loop. It yields a row after every evaluation; saving, drawing and stopping are the caller's."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch

from textrnn.batch import Batch
from textrnn.errors import TrainingError
from textrnn.networks.sequence import SequenceNetwork
from textrnn.training.run_state import RunState

Validate = Callable[[SequenceNetwork], float]  # nats per target


@dataclass(frozen=True)
class Row:
    """What one evaluation found; a line of history.jsonl."""

    step: int
    epoch: float
    seconds: float  # since training began, evaluation included
    rate: float
    train_nats: float  # per target, since the row before, with dropout
    valid_nats: float  # per target
    symbols_per_second: float
    is_best: bool


def train(network: SequenceNetwork, batches: Iterable[Batch], validate: Validate, run: RunState) -> Iterator[Row]:
    """Yield a row after every evaluation until the steps planned are done. Stop earlier by not asking for the next.

    The gradient reaches back through one batch; the state goes on to the next that continues it (truncated BPTT;
    Williams and Peng, 1990). Raises TrainingError at the first loss that is not finite.
    """
    for batch in batches:
        with run.autocast():
            hidden, state = network(run.tensor(batch.inputs), run.carried_to(batch))
            nats, targets = network.head.loss(hidden, run.tensor(batch.targets))  # summed, and over how many targets
        if not math.isfinite(nats.item()):
            raise TrainingError(f"the loss is not finite at step {run.step}: try a lower --rate")
        run.update(nats, targets)  # backward, clip, optimizer, schedule, step count
        run.carried = [{part: value.detach() for part, value in layer.items()} for layer in state]
        if run.evaluation_due:
            with torch.no_grad(), run.autocast():
                network.eval()
                valid = validate(network)
                network.train()
            yield Row(*run.progress(), valid_nats=valid, **run.close_interval(valid))
        if run.is_done:
            return
