"""A promise held to what was found: ways that should agree, and how far apart they were."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

import numpy as np

from textrnn.tasks.generation import Generation
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.scoring import Score

FLOAT32 = 1e-5  # of one token's log-probability; int8 has no tolerance
SOME = 40  # lines, where each costs calls of its own

Figures = list[list[float]]  # of each text the log-probability of each token


@dataclass(frozen=True)
class Check:
    """One promise, and the largest difference between the ways that should agree."""

    check: str
    largest_difference: float | None  # of one token's log-probability, natural, unless `detail` names another figure
    tolerance: float
    passed: bool | None  # None: not checked, and `detail` says why
    detail: str


@dataclass(frozen=True)
class Subject:
    """A model and the texts that it is to read in many ways; none holds a newline."""

    model: LanguageModel
    lines: Sequence[str]
    hostile: Sequence[str]

    @cached_property
    def texts(self) -> Sequence[str]:
        """All of them."""
        return [*self.lines, *self.hostile]

    @property
    def tolerance(self) -> float:
        """How far apart two ways may be: int8 is exact."""
        return 0.0 if self.model.config.precision == "int8" else FLOAT32

    @cached_property
    def usual(self) -> Figures:
        """The figures of all texts, which every other way is held to."""
        return self.score(self.texts)

    @cached_property
    def some(self) -> Sequence[str]:
        """Lines from all over them, and every hostile text."""
        return [*self.lines[:: -(-len(self.lines) // SOME) or 1], *self.hostile]

    def score(self, texts: Iterable[str], *, batch_size: int = 64) -> Figures:
        """The figures of texts, each with its end."""
        return scored(self.model.score(texts, eos=True, per_token=True, batch_size=batch_size))

    def agreement(self, name: str, expected: Figures, ways: Iterable[tuple[str, Figures]]) -> Check:
        """Hold each way, told by its name, to the figures that are expected of it."""
        return agreement(name, expected, ways, tolerance=self.tolerance)


def agreement(name: str, expected: Figures, ways: Iterable[tuple[str, Figures]], *, tolerance: float) -> Check:
    """Hold each way to the figures that are expected of it, to a tolerance."""
    largest, where, names = 0.0, "", []
    for way, found in ways:
        names.append(way)
        for number, (some, others) in enumerate(zip_longest(found, expected, fillvalue=()), start=1):
            difference = apart(some, others)
            if difference > largest:
                largest, where = difference, f"; most in text {number}, {way}"
    detail = f"{', '.join(names)}: {len(expected):,} texts, {sum(map(len, expected)):,} figures{where}"
    return Check(name, largest, tolerance, largest <= tolerance, detail)


def skipped(name: str, why: str, *, tolerance: float) -> Check:
    """A promise that could not be checked."""
    return Check(name, None, tolerance, None, f"skipped: {why}")


def apart(some: Sequence[float], others: Sequence[float]) -> float:
    """The largest difference of two figures at one place; infinite where there is none to compare with, or no number.

    >>> apart([-1.0, -2.0], [-1.0, -2.5])
    0.5
    >>> apart([-1.0], [-1.0, -2.0])
    inf
    """
    if len(some) != len(others):
        return math.inf
    one, other = np.array(some, np.float64), np.array(others, np.float64)
    with np.errstate(invalid="ignore"):  # of two that are infinite
        difference = np.where(one == other, 0.0, np.abs(one - other))
    return math.inf if np.isnan(difference).any() else float(difference.max(initial=0.0))


def scored(scores: Iterable[Score]) -> Figures:
    """The figures of scored texts."""
    return [[row.logprob for row in score.token_logprobs] for score in scores]


def told(samples: Iterable[Generation]) -> Figures:
    """The figures that samples say of themselves."""
    return [[row.logprob for row in sample.token_logprobs] for sample in samples]
