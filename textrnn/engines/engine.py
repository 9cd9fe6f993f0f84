"""The one interface between a trained network and everything that uses it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids

Floats = NDArray[np.float32]
State = dict[str, Floats]  # "hidden.0" and the like → (batch, units)


MANY = 16  # sequences in a call from which on it is one of several that run side by side


class Engine(Protocol):
    """A network that reads symbols and carries a state; it remembers nothing itself. `None` is the state of zeros."""

    classes: int
    workers: int  # how many calls of `run` with MANY sequences are worth making side by side, from as many threads

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        """Logits (time, batch, classes) after each of the ids (time, batch), and the state after; time ≥ 1."""

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        """Read ids (time, batch), then choose a symbol a step: argmax(logits + perturbation).

        perturbation: (steps, batch, classes); steps ≥ 1. Returns the choices (steps, batch), the logits that each was
        made from (steps, batch, classes), and the state before the last choice is read: the next call reads it.
        """


def choose_by_steps(
    engine: Engine, ids: Ids, perturbation: Floats, state: State | None = None
) -> tuple[Ids, Floats, State]:
    """`Engine.choose` by `Engine.run`, for an engine that has no faster way."""
    choices, logits = [], []
    for noise in perturbation:
        all_logits, state = engine.run(ids, state)
        logits.append(all_logits[-1])
        choices.append(np.argmax(all_logits[-1] + noise, axis=-1))
        ids = choices[-1][None]
    assert state is not None
    return np.stack(choices), np.stack(logits), state


def repeat_state(state: State, count: int) -> State:
    """The state of one sequence, for `count` copies of it."""
    return {name: np.repeat(part, count, axis=0) for name, part in state.items()}


def select_state(state: State, rows: NDArray[np.bool_]) -> State:
    """The state of some of the sequences."""
    return {name: part[rows] for name, part in state.items()}
