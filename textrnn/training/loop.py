"""The one training loop. It yields after every step; saving, drawing and stopping are the caller's."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch

from textrnn.batch import Batch
from textrnn.errors import TrainingError
from textrnn.networks.sequence import SequenceNetwork
from textrnn.training.penalties import penalties
from textrnn.training.run_state import RunState

Validate = Callable[[SequenceNetwork], float]  # nats per target


@dataclass(frozen=True)
class Row:
    """What one evaluation found; a line of history.jsonl."""

    step: int
    epoch: float | None  # None where the text has no known end
    seconds: float  # since training began, evaluation included
    rate: float
    train_nats: float  # per target, since the row before, with dropout
    valid_nats: float  # per target
    gradient_norm: float  # before any clipping, the mean of the steps since the row before
    symbols_per_second: float
    is_best: bool


def train(
    network: SequenceNetwork, batches: Iterable[Batch], validate: Validate, run: RunState
) -> Iterator[Row | None]:
    """Yield after every step, a row where it was evaluated, until the steps planned are done.

    Between two steps everything is whole: save the run then, or stop by not asking for the next.

    The gradient reaches back through one batch; the state goes on to the next that continues it (truncated BPTT;
    Williams and Peng, 1990). Raises TrainingError at the first loss that is not finite, validation's too.
    """
    for batch in batches:
        with run.autocast():
            output, state = network(run.tensor(batch.inputs), run.carried_to(batch))
            hidden = network.dropped(output)
            nats, targets = network.head.loss(hidden, run.tensor(batch.targets))  # summed, and over how many targets
        if not math.isfinite(nats.item()):
            raise TrainingError(f"the loss is not finite at step {run.step}: try a lower --rate")
        run.update(
            nats, targets, penalties(network, output, hidden, run.settings)
        )  # backward, clip, optimizer, schedule, step count
        run.carried = {name: value.detach() for name, value in state.items()}
        row = None
        if run.evaluation_due:
            with torch.no_grad(), run.autocast():
                network.eval()
                valid = validate(network)
                network.train()
            if not math.isfinite(valid):
                raise TrainingError(f"the validation loss is not finite at step {run.step}: try a lower --rate")
            row = Row(*run.progress(), valid_nats=valid, **run.close_interval(valid))
        yield row
        if run.is_done:
            return
