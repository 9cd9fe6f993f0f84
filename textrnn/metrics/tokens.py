"""The figures of single symbols."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.engines.engine import Floats


@dataclass(frozen=True)
class TokenLogprob:
    """One symbol of a scored text."""

    token: str
    logprob: float  # natural
    surprisal_bits: float
    rank: int  # 1 is the likeliest symbol at this place


def log_probabilities(logits: Floats, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Natural log-probability of each target (…) under logits (…, classes).

    Row by row in the same order of operations whatever else is there, so that a row's value does not depend on others.
    """
    highest = logits.max(-1, keepdims=True)
    total = np.exp(logits - highest).sum(-1, dtype=np.float32)
    chosen = np.take_along_axis(logits, targets[..., None], -1) - highest
    logprobs: NDArray[np.float64] = chosen[..., 0].astype(np.float64) - np.log(total.astype(np.float64))
    return logprobs


def rank(logits: Floats, targets: Ids) -> Ids:
    """How many symbols are likelier than the target, plus 1."""
    chosen = np.take_along_axis(logits, targets[..., None], -1)
    return np.asarray((logits > chosen).sum(-1) + 1, np.int64)


def token_table(tokens: Sequence[str], logprobs: Iterable[float], ranks: Iterable[int]) -> list[TokenLogprob]:
    """The rows of `token_logprobs`."""
    return [
        TokenLogprob(token, float(value), 0.0 - float(value) / math.log(2), int(place))
        for token, value, place in zip(tokens, logprobs, ranks, strict=True)
    ]
