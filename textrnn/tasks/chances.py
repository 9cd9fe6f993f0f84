"""What a symbol is drawn from: the chances of the likeliest symbols, under several ways to draw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.decoding.sampling import Sampling
from textrnn.errors import UsageError
from textrnn.tasks.conditions import Given
from textrnn.tasks.language_model import LanguageModel


@dataclass(frozen=True)
class Chances:
    """The chances of what could come next, under several ways to draw.

    tokens: the likeliest, in order. shares: (samplings, tokens), the chance of each. choices: (samplings,), 2 to the
    entropy of all chances, those of other symbols too: among how many equal chances a draw would be as open.
    """

    tokens: list[str]
    shares: NDArray[np.float64]
    choices: NDArray[np.float64]


def chances(
    model: LanguageModel,
    prefix: str,
    samplings: Sequence[Sampling],
    *,
    count: int = 10,
    condition: Given | None = None,
) -> Chances:
    """The chances of the `count` likeliest symbols that may be drawn after a prefix."""
    if count < 1:
        raise UsageError(f"count must be 1 or more, not {count}")
    logprobs = model.logprobs_after(prefix, condition=condition)
    shares = np.stack([sampling.probabilities(logprobs[None])[0] for sampling in samplings])
    may_be_drawn = np.isfinite(samplings[0].forbidden(len(logprobs)))
    order = np.argsort(np.where(may_be_drawn, -logprobs, np.inf), kind="stable")[: min(count, may_be_drawn.sum())]
    tokens = [model.tokenizer.tokens[index] for index in order]
    return Chances(tokens, shares[:, order], np.exp2(entropy_bits(shares)))


def entropy_bits(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row of chances, which sum to 1."""
    bits = np.log2(shares, where=shares > 0, out=np.zeros_like(shares))
    return np.asarray(-(shares * bits).sum(-1) + 0.0)
