"""What truncated back-propagation through time costs: a task of memory, over growing distances, learnt in three ways.

Truncated: the gradient ends at the beginning of a window, while the state goes on (Williams and Peng, 1990).
"""

import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from textrnn.training.recall import Learning, Recall, Variant, Windows, learn

METHODS: dict[str, Callable[[Recall, int], Windows]] = {  # of a window's length: what is read, window by window
    "full": lambda task, length: task.windows(),
    "truncated": lambda task, length: task.windows(length),
    "alone": lambda task, length: task.windows(length)[-1:],  # no other window has anything to say, or is remembered
}


@dataclass(frozen=True)
class Trial:
    """A network that is to learn the task."""

    variant: Variant
    method: str
    distance: int
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What came of it. batches: until the task was solved, or all that there were."""

    trial: Trial
    loss: float
    accuracy: float
    batches: int
    chance: float
    is_solved: bool


def outcomes(
    trials: Iterable[Trial], learning: Learning, *, window: int, units: int, symbols: int
) -> Iterator[Outcome]:
    """What comes of each trial, in order.

    Where a method reads what another has read, as all do within one window, the outcome is that one's.
    """
    known: dict[tuple[object, ...], Outcome] = {}
    for trial in trials:
        task = Recall(trial.distance, symbols)
        windows = METHODS[trial.method](task, window)
        same = (trial.variant, trial.distance, trial.seed, windows[0].start, len(windows))
        if same not in known:
            network = trial.variant.network(task.architecture(trial.variant.cell, units), trial.seed)
            *_, row = learn(network, task, windows, replace(learning, seed=trial.seed))
            solved = task.is_solved(row.valid_nats)
            known[same] = Outcome(trial, row.valid_nats, row.figures["accuracy"], row.step, task.chance, solved)
        yield replace(known[same], trial=trial)


def mean_losses(found: Iterable[Outcome]) -> dict[tuple[str, str], dict[int, float]]:
    """The loss by network and method, and then by distance: the mean over the seeds."""
    losses: dict[tuple[str, str], dict[int, list[float]]] = {}
    for each in found:
        by_distance = losses.setdefault((str(each.trial.variant), each.trial.method), {})
        by_distance.setdefault(each.trial.distance, []).append(each.loss)
    return {
        name: {distance: statistics.fmean(values) for distance, values in by_distance.items()}
        for name, by_distance in losses.items()
    }
