"""The words nearest to one, and those that answer "a is to b as c is to what?"."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textrnn.text.vectors import Floats
from textrnn.word_vectors.opening import WordVectors

LEAST = 1e-6  # what is added to a divisor, or stands for it


@dataclass(frozen=True)
class Neighbor:
    """A word near another, the nearest of rank 1."""

    word: str
    neighbor: str
    similarity: float  # the cosine
    rank: int


@dataclass(frozen=True)
class Answer:
    """A word that may be to `c` as `b` is to `a`, the likeliest of rank 1. score: as the method has it."""

    a: str
    b: str
    c: str
    answer: str
    score: float
    rank: int


def neighbors(vectors: WordVectors, word: str, *, count: int) -> list[Neighbor]:
    """The words nearest to a known one by their cosine, itself left out."""
    cosines = vectors.directions @ vectors.directions[vectors.places[word]]
    found = ranked(vectors, cosines, count, without=[word])
    return [Neighbor(word, other, similarity, rank) for rank, (other, similarity) in enumerate(found, start=1)]


def analogy(vectors: WordVectors, a: str, b: str, c: str, *, count: int, method: str) -> list[Answer]:
    """What is to c as b is to a, all of them known; the three left out."""
    scores = METHODS[method](vectors.directions, *(vectors.directions[vectors.places[word]] for word in (a, b, c)))
    found = ranked(vectors, scores, count, without=[a, b, c])
    return [Answer(a, b, c, answer, score, rank) for rank, (answer, score) in enumerate(found, start=1)]


def added(directions: Floats, a: Floats, b: Floats, c: Floats) -> Floats:
    """The cosine of each to b - a + c (Mikolov et al., 2013)."""
    target = b - a + c
    return np.asarray(directions @ (target / max(float(np.linalg.norm(target)), LEAST)))


def multiplied(directions: Floats, a: Floats, b: Floats, c: Floats) -> Floats:
    """cos(x, b) cos(x, c) / cos(x, a), each cosine moved to between 0 and 1 (Levy and Goldberg, 2014)."""
    to_a, to_b, to_c = ((1 + directions @ word) / 2 for word in (a, b, c))
    return np.asarray(to_b * to_c / (to_a + LEAST))


METHODS: dict[str, Callable[[Floats, Floats, Floats, Floats], Floats]] = {"3cosadd": added, "3cosmul": multiplied}


def ranked(vectors: WordVectors, scores: Floats, count: int, *, without: Sequence[str]) -> list[tuple[str, float]]:
    """The words of the highest scores, the highest first."""
    left_out = {vectors.places[word] for word in without}
    order = np.argsort(-scores, kind="stable")[: count + len(left_out)].tolist()
    return [(vectors.words[place], float(scores[place])) for place in order if place not in left_out][:count]
