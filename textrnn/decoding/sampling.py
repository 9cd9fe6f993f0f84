"""Drawing the next symbol from a distribution, reproducibly.

A draw is argmax(log p + temperature x Gumbel noise), which follows softmax(log p / temperature) exactly (Gumbel-max;
Maddison et al., 2014). The noise of sample i comes from a counter-based generator (Philox; Salmon et al., 2011) under
the key (seed, i), so that a sample is the same alone and among others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.engines.engine import Engine, Floats, State, join_states, select_state, state_after
from textrnn.errors import UsageError
from textrnn.text.tokenizer import PAD, START, UNK

NOISE_ENTRIES = 2**22  # the most noise drawn at once
HOTTEST = 1e6  # all symbols are alike long before; far above, noise x temperature is no float32


@dataclass(frozen=True)
class Sampling:
    """How to draw. The default is the model's own distribution, whole.

    temperature: below 1 sharper, above 1 flatter, 0 always takes the likeliest symbol.
    top_k: only the k likeliest; 0 all. top_p: only the likeliest that together reach probability p (Holtzman et al.,
    2020). min_p: only those at least p times as likely as the likeliest (Nguyen et al., 2024).
    allow_unk: <unk> may be drawn; <pad> and <start> never are.
    repetition_penalty: what was read or drawn before has its log-probability multiplied by this, so that above 1 it
    becomes less likely (after Keskar et al., 2019, who scale raw scores); 1 changes nothing.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    allow_unk: bool = False
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= HOTTEST:
            raise UsageError(f"temperature must be from 0 to {HOTTEST:.0f}, not {self.temperature}")
        if self.top_k < 0:
            raise UsageError(f"top-k must be 0 or more, not {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top-p must be above 0 and at most 1, not {self.top_p}")
        if not 0 <= self.min_p <= 1:
            raise UsageError(f"min-p must be from 0 to 1, not {self.min_p}")
        if not 0 < self.repetition_penalty <= HOTTEST:
            raise UsageError(
                f"repetition-penalty must be above 0, at most {HOTTEST:.0f}, not {self.repetition_penalty}"
            )

    @property
    def filters(self) -> bool:
        """Whether the choice depends on more than log-probability + noise."""
        cuts = self.temperature > 0 and (self.top_k > 0 or self.top_p < 1 or self.min_p > 0)
        return cuts or self.repetition_penalty != 1

    def forbidden(self, classes: int) -> Floats:
        """(classes,) -inf where a symbol may not be drawn, else 0."""
        mask = np.zeros(classes, np.float32)
        mask[[PAD, START] if self.allow_unk else [PAD, START, UNK]] = -np.inf
        return mask

    def filter(self, logprobs: Floats) -> Floats:
        """Log-probabilities (batch, classes), -inf where a filter drops a symbol; they apply after the temperature."""
        if not self.temperature:
            return logprobs
        scaled = logprobs.astype(np.float64) / self.temperature
        scaled -= scaled.max(-1, keepdims=True)
        ranked = np.argsort(-scaled, axis=-1, kind="stable")
        probability = np.exp(scaled)
        probability /= probability.sum(-1, keepdims=True)
        sorted_probability = np.take_along_axis(probability, ranked, -1)
        before = np.cumsum(sorted_probability, -1) - sorted_probability
        keep = before < self.top_p
        keep &= sorted_probability >= self.min_p * sorted_probability[:, :1]
        if self.top_k:
            keep[:, self.top_k :] = False
        kept = np.zeros_like(keep)
        np.put_along_axis(kept, ranked, keep, -1)
        return np.where(kept, logprobs, np.float32(-np.inf))

    def probabilities(self, logprobs: Floats) -> NDArray[np.float64]:
        """What is drawn from: (batch, classes), each row sums to 1. It knows nothing of what was read before."""
        allowed = self.filter(logprobs + self.forbidden(logprobs.shape[-1])).astype(np.float64)
        allowed -= allowed.max(-1, keepdims=True)
        if not self.temperature:
            return np.asarray(np.eye(allowed.shape[-1])[allowed.argmax(-1)])
        weights = np.exp(allowed / self.temperature)
        return np.asarray(weights / weights.sum(-1, keepdims=True))


def check_seed(seed: int) -> None:
    """Raise UsageError where noise cannot have this seed."""
    if not 0 <= seed < 2**64:
        raise UsageError(f"seed must be from 0 to 2**64 - 1, not {seed}")


class GumbelNoise:
    """The standard Gumbel variates of one sample, in order."""

    def __init__(self, seed: int, index: int) -> None:
        self._bits = np.random.Philox(key=np.array([seed, index], np.uint64))

    def draw(self, steps: int, classes: int) -> Floats:
        """(steps, classes), -log(-log u) with u uniform in (0, 1), 23 bits of it."""
        words = -(-classes // 2)  # 64 bits make two variates; a step begins with fresh ones
        bits = self._bits.random_raw(steps * words).view(np.uint32).reshape(steps, -1)[:, :classes]
        uniform = ((bits >> 9).astype(np.float32) + np.float32(0.5)) * np.float32(2**-23)  # exact: never 0, never 1
        noise: Floats = -np.log(-np.log(uniform))
        return noise


@dataclass(frozen=True)
class Drawn:
    """Some steps of some samples."""

    rows: NDArray[np.int64]  # (batch,) which samples these are
    choices: NDArray[np.int64]  # (steps, batch)
    logprobs: Floats  # (steps, batch, classes) the model's own, which each choice was made from


class Sampler:
    """Draws a batch of samples, each after its prompt, a block of steps at a time."""

    def __init__(
        self,
        engine: Engine,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        *,
        seed: int,
        indices: Sequence[int],
        vectors: Sequence[Floats | None] | None = None,
    ) -> None:
        """prompts: each sample's ids, <start> first. indices: its number, which with the seed decides its noise.

        vectors: what each begins with, if its network's texts begin with any.
        """
        self.engine, self.sampling = engine, sampling
        self.noise = [GumbelNoise(seed, index) for index in indices]
        self.rows = np.arange(len(indices))
        self.forbidden = sampling.forbidden(engine.classes)
        begun = [*zip(map(tuple, prompts), vectors or [None] * len(prompts), strict=True)]
        keys = [(prompt, None if vector is None else vector.tobytes()) for prompt, vector in begun]
        read = {
            key: state_after(engine, np.array(prompt[:-1], np.int64)[:, None], vector)
            for key, (prompt, vector) in dict(zip(keys, begun, strict=True)).items()
        }
        self.state: State | None = join_states([read[key] for key in keys])
        self.last = np.array([[prompt[-1] for prompt in prompts]], np.int64)
        self.never_first: Floats | None = None  # (batch, classes) what may not be drawn in the next step alone
        self.seen = np.zeros((len(indices), engine.classes), bool)
        for row, prompt in zip(self.seen, prompts, strict=True):
            row[list(prompt)] = True

    def forbid_once(self, ids: Sequence[NDArray[np.intp]]) -> None:
        """What each sample may not begin with."""
        if any(map(len, ids)):
            self.never_first = np.zeros(self.seen.shape, np.float32)
            for row, forbidden in zip(self.never_first, ids, strict=True):
                row[forbidden] = -np.inf

    def blocks(self, *, steps: int, size: int) -> Iterator[Drawn]:
        """`steps` steps in blocks of at most `size`; rows dropped with `keep` between two blocks are drawn no more."""
        done = 0
        while done < steps and len(self.rows):
            most = max(1, NOISE_ENTRIES // (len(self.rows) * self.engine.classes))
            count = 1 if self.sampling.filters else min(size, steps - done, most)
            done += count
            yield self._draw(count)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Go on with these rows of the last block alone."""
        if not rows.all():
            self.rows, self.last, self.seen = self.rows[rows], self.last[:, rows], self.seen[rows]
            self.noise = [noise for noise, kept in zip(self.noise, rows, strict=True) if kept]
            self.state = select_state(self.state, rows) if self.state is not None else None

    def _draw(self, steps: int) -> Drawn:
        classes, sampling = self.engine.classes, self.sampling
        if sampling.temperature:
            noise = np.stack([noise.draw(steps, classes) for noise in self.noise], axis=1)
            perturbation = noise * np.float32(sampling.temperature) + self.forbidden
        else:
            perturbation = np.tile(self.forbidden, (steps, len(self.rows), 1))
        never_first, self.never_first = self.never_first, None
        if never_first is not None:
            perturbation[0] += never_first
        if sampling.filters:
            after_each, self.state = self.engine.run(self.last, self.state)
            logprobs = after_each[-1:]
            penalty = np.where(self.seen, np.float32(sampling.repetition_penalty), np.float32(1))
            allowed = logprobs[0] * penalty + self.forbidden + (0 if never_first is None else never_first)
            choices = np.argmax(sampling.filter(allowed) + perturbation[0], axis=-1)[None]
            self.seen[np.arange(len(self.rows)), choices[0]] = True
        else:
            choices, logprobs, self.state = self.engine.choose(self.last, perturbation, self.state)
        self.last = choices[-1:]
        return Drawn(self.rows, choices, logprobs)
