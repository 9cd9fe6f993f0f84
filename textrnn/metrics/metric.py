"""A value and the conditions it was measured under, never apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.engines.engine import Floats


@dataclass(frozen=True)
class Metric:
    """One figure. `value` is None where it would mean nothing; the protocol then says why."""

    metric: str
    value: float | None
    protocol: str


def log_probabilities(logits: Floats, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Natural log-probability of each target (…) under logits (…, classes).

    Row by row in the same order of operations whatever else is there, so that a row's value does not depend on others.
    """
    highest = logits.max(-1, keepdims=True)
    total = np.exp(logits - highest).sum(-1, dtype=np.float32)
    chosen = np.take_along_axis(logits, targets[..., None], -1) - highest
    logprobs: NDArray[np.float64] = chosen[..., 0].astype(np.float64) - np.log(total.astype(np.float64))
    return logprobs
