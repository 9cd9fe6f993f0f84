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
    """One symbol of a scored text, or one word, of all its symbols."""

    token: str
    logprob: float  # natural
    surprisal_bits: float
    rank: int | None  # 1 is the likeliest symbol at this place; None for a word of several symbols


def of_chosen(logprobs: Floats, chosen: Ids) -> NDArray[np.float64]:
    """The log-probability of each chosen symbol (…) among those of all: (…, classes)."""
    return np.take_along_axis(logprobs, chosen[..., None], -1)[..., 0].astype(np.float64)


def rank(logprobs: Floats, chosen: Ids) -> Ids:
    """How many symbols are likelier than the chosen, plus 1."""
    return np.asarray((logprobs > np.take_along_axis(logprobs, chosen[..., None], -1)).sum(-1) + 1, np.int64)


def token_table(tokens: Sequence[str], logprobs: Iterable[float], ranks: Iterable[int]) -> list[TokenLogprob]:
    """The rows of `token_logprobs`."""
    return [
        TokenLogprob(token, float(value), 0.0 - float(value) / math.log(2), int(place))
        for token, value, place in zip(tokens, logprobs, ranks, strict=True)
    ]
