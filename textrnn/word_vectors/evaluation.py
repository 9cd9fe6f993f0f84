"""What word vectors are worth: how they rank pairs of words beside people, and how many analogies they solve."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from textrnn.extras import require
from textrnn.metrics.metric import Metric
from textrnn.text.word_questions import RatedPair, Section
from textrnn.word_vectors.opening import WordVectors

AT_ONCE = 2**25  # scores
FEWEST = 3  # pairs that a correlation says anything of
SPELLING = "a word as it is written, else in lower case"

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Solved:
    """How many questions a section has, how many are of known words alone, and how many of these are solved."""

    name: str
    total: int
    known: int
    right: int


def similarity_metrics(vectors: WordVectors, pairs: Sequence[RatedPair], *, on: str) -> list[Metric]:
    """Spearman's correlation of cosines and people's ratings over the pairs whose words are known. on: their file."""
    require("eval", "--similarity", packages=("scipy",))
    from scipy.stats import spearmanr

    places = [(place_of(vectors, pair.first), place_of(vectors, pair.second)) for pair in pairs]
    is_known = [None not in both for both in places]
    first, second = np.array([*compress(places, is_known)], np.int64).reshape(-1, 2).T
    ratings = np.array([pair.rating for pair in compress(pairs, is_known)])
    cosines = (vectors.directions[first] * vectors.directions[second]).sum(axis=1)
    share = f"{on}: {len(ratings):,} of {len(pairs):,} pairs, those with a vector for both words"
    coverage = Metric("pairs_known", len(ratings) / len(pairs), f"{share} ({SPELLING})")
    if len(ratings) < FEWEST or not (np.ptp(ratings) and np.ptp(cosines)):
        return [Metric("spearman", None, f"not given, as they are too few or all alike: {share}"), coverage]
    protocol = f"{share}; cosine; equal ratings share their mean rank; {SPELLING}"
    return [Metric("spearman", float(spearmanr(cosines, ratings).statistic), protocol), coverage]


def analogy_metrics(vectors: WordVectors, sections: Sequence[Section], *, on: str) -> list[Metric]:
    """The share of analogies that 3CosAdd solves, over those whose words are all known: of all, then by section."""
    each = [solved(vectors, section) for section in sections]
    counts = np.array([(section.total, section.known, section.right) for section in each])
    whole = Solved("all sections", *counts.sum(axis=0).tolist())
    coverage = Metric("analogies_known", whole.known / whole.total, f"{protocol_of(whole, on)} ({SPELLING})")
    return [accuracy(whole, on), coverage, *(accuracy(section, on) for section in each)]


def solved(vectors: WordVectors, section: Section) -> Solved:
    """How a section is solved."""
    places = [[place_of(vectors, word) for word in question] for question in section.questions]
    known = np.array([row for row in places if None not in row], np.int64).reshape(-1, 4)
    right = int((answers(vectors, known[:, :3]) == known[:, 3]).sum())
    return Solved(f"section {section.name!r}", len(places), len(known), right)


def accuracy(section: Solved, on: str) -> Metric:
    """The share that is solved, if any are known."""
    protocol = protocol_of(section, on)
    if not section.known:
        return Metric("analogy_accuracy", None, f"not given: {protocol}")
    how = f"3CosAdd, the three words of a question left out; {SPELLING}"
    return Metric("analogy_accuracy", section.right / section.known, f"{protocol}; {how}")


def protocol_of(section: Solved, on: str) -> str:
    """Which questions count."""
    return f"{on}, {section.name}: {section.known:,} of {section.total:,} questions, those with a vector for each word"


def place_of(vectors: WordVectors, word: str) -> int | None:
    """Where a word stands, if it is known."""
    found = vectors.find(word)
    return None if found is None else vectors.places[found]


def answers(vectors: WordVectors, questions: Places) -> Places:
    """The word whose direction is nearest to b - a + c, for each question (a, b, c), none of the three."""
    directions = vectors.directions
    best = np.zeros(len(questions), np.int64)
    step = max(1, AT_ONCE // len(directions))
    for begin in range(0, len(questions), step):
        part = questions[begin : begin + step]
        a, b, c = part.T
        scores = (directions[b] - directions[a] + directions[c]) @ directions.T  # (questions, words)
        np.put_along_axis(scores, part, -np.inf, axis=1)
        best[begin : begin + step] = scores.argmax(1)
    return best
