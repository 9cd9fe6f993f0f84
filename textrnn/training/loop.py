"""The one training loop. It yields after every step; saving, drawing and stopping are the caller's."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch

from textrnn.batch import Batch
from textrnn.errors import TrainingError
from textrnn.networks.sequence import SequenceNetwork
from textrnn.training.penalties import penalties
from textrnn.training.run_state import RunState


@dataclass(frozen=True)
class Found:
    """What an evaluation found: nats per target, further figures, and the cost, of which the lowest is the best."""

    nats: float
    cost: float
    figures: Mapping[str, float] = field(default_factory=dict)


Validate = Callable[[SequenceNetwork], Found]


@dataclass(frozen=True)
class Row:
    """What one evaluation found; a line of history.jsonl."""

    step: int
    epoch: float | None  # None where the text has no known end
    seconds: float  # since training began, evaluation included
    rate: float
    train_nats: float  # per target, since the row before, with any dropout
    valid_nats: float  # per target
    gradient_norm: float  # before any clipping, the mean of the steps since the row before
    symbols_per_second: float  # read, padding left out
    is_best: bool
    figures: Mapping[str, float] = field(default_factory=dict)  # of the task, on the validation text
    mean_of: Sequence[int] = ()  # steps the mean of whose weights was evaluated; none: the weights of this step

    def __str__(self) -> str:
        """Which weights were evaluated, for people."""
        if not self.mean_of:
            return f"the model of step {self.step:,}"
        *steps, last = (f"{step:,}" for step in self.mean_of)
        return f"the mean of the models of steps {', '.join(steps)} and {last}"

    @property
    def chosen(self) -> str:
        """The same of the best, for the protocol of its figures."""
        return f"{self}, the best of the run" if self.mean_of else "the best of the run"


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
            lengths = None if batch.lengths is None else run.tensor(batch.lengths)
            output, state = network(run.tensor(batch.inputs), run.carried_to(batch), lengths=lengths)
            hidden = network.read_out(output, lengths)
            nats, targets = network.head.loss(hidden, run.tensor(batch.targets), lengths)  # summed, over how many
        if not math.isfinite(nats.item()):
            raise TrainingError(f"the loss is not finite at step {run.step}: try a lower --rate")
        penalty = penalties(network, output, hidden, run.settings, lengths)
        symbols = targets if batch.lengths is None else int(batch.lengths.sum())
        run.update(nats, targets, penalty, symbols=symbols)  # backward, clip, optimizer, schedule, step count
        run.carried = {name: value.detach() for name, value in state.items()} if batch.lengths is None else None
        row = None
        if run.evaluation_due:
            found = evaluated(network, validate, run, run.averaged())
            row = Row(*run.progress(), valid_nats=found.nats, figures=found.figures, **run.close_interval(found.cost))
        yield row
        if run.is_done:
            return


def evaluated(
    network: SequenceNetwork, validate: Validate, run: RunState, weights: AbstractContextManager[None]
) -> Found:
    """What validation finds with these weights; TrainingError where the loss is not finite."""
    with torch.no_grad(), run.autocast(), weights:
        network.eval()
        found = validate(network)
        network.train()
    if not math.isfinite(found.nats):
        raise TrainingError(f"the validation loss is not finite at step {run.step}: try a lower --rate")
    return found
