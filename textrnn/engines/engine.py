"""The one interface between a trained network and everything that uses it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids

Floats = NDArray[np.float32]
State = dict[str, Floats]  # "hidden.0" and the like → (batch, units)


READ_AT_ONCE = 512  # steps: bounds the memory of the log-probabilities that nobody asked for
MANY = 16  # sequences in a call from which on it is one of several that run side by side


class Engine(Protocol):
    """A network that reads symbols and carries a state; it remembers nothing itself.

    `None` is the state of zeros, for a network whose texts begin with no vector.
    """

    classes: int
    workers: int  # how many calls of `run` with MANY sequences are worth making side by side, from as many threads

    def initial_state(self, batch: int, vectors: Floats | None = None) -> State:
        """Before anything is read: zeros, which `None` stands for, or what begins with vectors (batch, size)."""

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        """Log-probabilities (time, batch, classes) after each of the ids (time, batch), and the state after; time ≥ 1.

        All log-probabilities are natural.
        """

    def score(self, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
        """Of each target alone the log-probability (time, batch), targets (time, batch); else as `run`."""

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        """Read ids (time, batch), then choose a symbol a step: argmax(log-probability + perturbation).

        perturbation: (steps, batch, classes); steps ≥ 1. Returns the choices (steps, batch), the log-probabilities
        that each was made from (steps, batch, classes), and the state before the last choice is read: the next call
        reads it.
        """


def score_by_run(engine: Engine, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
    """`Engine.score` by `Engine.run`, for an engine that has no faster way."""
    logprobs, after = engine.run(ids, state)
    return np.take_along_axis(logprobs, targets[..., None], -1)[..., 0], after


def choose_by_steps(
    engine: Engine, ids: Ids, perturbation: Floats, state: State | None = None
) -> tuple[Ids, Floats, State]:
    """`Engine.choose` by `Engine.run`, for an engine that has no faster way."""
    choices, logprobs = [], []
    for noise in perturbation:
        after_each, state = engine.run(ids, state)
        logprobs.append(after_each[-1])
        choices.append(np.argmax(after_each[-1] + noise, axis=-1))
        ids = choices[-1][None]
    assert state is not None
    return np.stack(choices), np.stack(logprobs), state


def states_begun(engine: Engine, vectors: Sequence[Floats]) -> State:
    """The states of texts that begin with these vectors; each vector is read alone, so that none depends on another."""
    found = {vector.tobytes(): engine.initial_state(1, vector[None]) for vector in vectors}
    return join_states([found[vector.tobytes()] for vector in vectors])


def state_after(engine: Engine, ids: Ids, vector: Floats | None = None) -> State:
    """The state after ids (time, batch) are read; time may be 0. vector: that a text alone begins with, (size,)."""
    state = engine.initial_state(ids.shape[1], None if vector is None else vector[None])
    for begin in range(0, len(ids), READ_AT_ONCE):
        _, state = engine.run(ids[begin : begin + READ_AT_ONCE], state)
    return state


def join_states(states: Sequence[State]) -> State:
    """The states of several batches as those of one."""
    return {name: np.concatenate([state[name] for state in states]) for name in states[0]}


def select_state(state: State, rows: NDArray[np.bool_]) -> State:
    """The state of some of the sequences."""
    return {name: part[rows] for name, part in state.items()}
