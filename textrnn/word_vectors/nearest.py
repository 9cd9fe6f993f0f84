"""The words nearest to one, and those that answer "a is to b as c is to what?"."""

from collections.abc import Callable
from dataclasses import dataclass
from warnings import catch_warnings

from textrnn.word_vectors.opening import WordVectors

Ranked = list[tuple[str, float]]
Words = list[str]


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
    found: Ranked = vectors.keyed.most_similar(word, topn=count)
    return [Neighbor(word, other, similarity, rank) for rank, (other, similarity) in enumerate(found, start=1)]


def added(vectors: WordVectors, positive: Words, negative: Words, count: int) -> Ranked:
    """By the cosine to b - a + c (Mikolov et al., 2013)."""
    found: Ranked = vectors.keyed.most_similar(positive, negative, topn=count)
    return found


def multiplied(vectors: WordVectors, positive: Words, negative: Words, count: int) -> Ranked:
    """By cos(x, b) cos(x, c) / cos(x, a), each cosine moved to between 0 and 1 (Levy and Goldberg, 2014)."""
    with catch_warnings(action="ignore", category=DeprecationWarning):  # gensim's own, of a function that it calls
        found: Ranked = vectors.keyed.most_similar_cosmul(positive, negative, topn=count)
    return found


METHODS: dict[str, Callable[[WordVectors, Words, Words, int], Ranked]] = {"3cosadd": added, "3cosmul": multiplied}


def analogy(vectors: WordVectors, a: str, b: str, c: str, *, count: int, method: str) -> list[Answer]:
    """What is to c as b is to a, all of them known; the three left out."""
    found = METHODS[method](vectors, [b, c], [a], count)
    return [Answer(a, b, c, answer, score, rank) for rank, (answer, score) in enumerate(found, start=1)]
