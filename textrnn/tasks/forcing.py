"""Teacher forcing beside running free: how likely a text is where the network reads it, and where it reads itself.

In training a network reads the true text, whatever it would have said itself (teacher forcing; Williams and Zipser,
1989). When it generates, it reads its own symbols: after the first that differs, what it has read is no longer the text
(Bengio et al., 2015).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.decoding.sampling import Sampling
from textrnn.engines.engine import READ_AT_ONCE, Floats, state_after
from textrnn.errors import DataError
from textrnn.metrics.tokens import of_chosen
from textrnn.tasks.conditions import Given
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.tokenizer import EOS, START


@dataclass(frozen=True)
class Forcing:
    """The symbols of a text behind a prompt, and what the network says of them in two ways.

    tokens: the true symbols. guesses: the likeliest where the true ones before it were read. own: what the network
    wrote where it read its own, always the likeliest but <eos>, since the text goes on. forced, free: (time,), the
    log-probability of the true symbol in the one case and the other.
    """

    tokens: list[str]
    guesses: list[str]
    own: list[str]
    forced: NDArray[np.float64]
    free: NDArray[np.float64]

    @property
    def astray(self) -> int | None:
        """The index of the first symbol where the network wrote another than the true one; None where it never did."""
        pairs = enumerate(zip(self.tokens, self.own, strict=True))
        return next((index for index, (true, own) in pairs if true != own), None)


def forced_and_free(model: LanguageModel, text: str, *, prompt: str = "", condition: Given | None = None) -> Forcing:
    """What the network says of each symbol of a text behind a prompt, which it reads in both cases."""
    tokenizer = model.tokenizer
    spans = list(tokenizer.spans(prompt + text))
    known = sum(span.end <= len(prompt) for span in spans)
    ids = np.array([span.id for span in spans], np.int64)
    targets = ids[known:]
    if not len(targets):
        raise DataError("the text has no symbol")
    read = np.array([START, *ids[:known]], np.int64)[:, None]
    vector = model.conditions.of_text(condition)
    state = state_after(model.engine, read[:-1], vector)
    forbidden = Sampling().forbidden(model.engine.classes)
    going_on = forbidden.copy()
    going_on[EOS] = -np.inf
    guesses, forced = np.zeros_like(targets), np.zeros(len(targets))
    true_inputs = np.concatenate([read[-1], targets[:-1]])[:, None]
    going, last = state, read[-1:]
    own, free = np.zeros_like(targets), np.zeros(len(targets))
    for begin in range(0, len(targets), READ_AT_ONCE):
        now = slice(begin, begin + READ_AT_ONCE)
        logprobs, state = model.engine.run(true_inputs[now], state)
        guesses[now], forced[now] = likeliest(logprobs + forbidden), true_ones(logprobs, targets[now])
        steps = len(targets[now])
        choices, logprobs, going = model.engine.choose(last, np.tile(going_on, (steps, 1, 1)), going)
        own[now], free[now], last = choices[:, 0], true_ones(logprobs, targets[now]), choices[-1:]
    tokens, guessed, written = ([tokenizer.tokens[index] for index in found] for found in (targets, guesses, own))
    return Forcing(tokens, guessed, written, forced, free)


def likeliest(logprobs: Floats) -> Ids:
    """The symbols that are likeliest: (time,) of (time, 1, classes)."""
    return np.asarray(logprobs[:, 0].argmax(-1), np.int64)


def true_ones(logprobs: Floats, targets: Ids) -> NDArray[np.float64]:
    """The log-probabilities of the true symbols: (time,) of (time, 1, classes)."""
    return of_chosen(logprobs, targets[:, None])[:, 0]
