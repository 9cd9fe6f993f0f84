"""Gold classes with what a model made of them, for properties."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from textrnn.metrics.calibration import Classes, Logprobs, at_temperature
from textrnn.metrics.labels import NO_PREDICTION


class Predicted(NamedTuple):
    """Some texts, at least one."""

    classes: int
    gold: Classes
    predicted: Classes  # NO_PREDICTION may be among them


@st.composite
def predicted_texts(draw: st.DrawFn, *, answered: bool = False) -> Predicted:
    """answered: each text has a prediction."""
    classes = draw(st.integers(2, 5))
    pair = st.tuples(st.integers(0, classes - 1), st.integers(0 if answered else NO_PREDICTION, classes - 1))
    gold, predicted = zip(*draw(st.lists(pair, min_size=1, max_size=30)), strict=True)
    return Predicted(classes, np.array(gold), np.array(predicted))


def random_logprobs(texts: int, classes: int, *, seed: int, spread: float = 2.0) -> Logprobs:
    """Normalised, and no two of a row alike."""
    return at_temperature(np.random.default_rng(seed).normal(size=(texts, classes)) * spread, 1.0)


def drawn_from(logprobs: Logprobs, *, seed: int) -> NDArray[np.int64]:
    """A class for each row, with the probabilities of the row."""
    uniform = np.random.default_rng(seed).random((len(logprobs), 1))
    return (np.exp(logprobs).cumsum(1) < uniform * np.exp(logprobs).sum(1, keepdims=True)).sum(1)
