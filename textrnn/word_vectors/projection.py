"""Word vectors on a plane: where words lie on a map."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import DataError, UsageError
from textrnn.extras import require
from textrnn.text.vectors import Floats
from textrnn.word_vectors.opening import WordVectors

FEWEST = 3  # words
MOST_NEIGHBORS = 30.0  # that t-SNE weighs: its perplexity

Points = NDArray[np.float64]


@dataclass(frozen=True)
class WordMap:
    """Words and their points on a plane. axes: what the numbers are."""

    words: tuple[str, ...]
    points: Points  # (words, 2)
    axes: tuple[str, str]


def principal_components(directions: Floats, seed: int) -> tuple[Points, tuple[str, str]]:
    """The two directions in which the vectors differ most; the seed has no part in it."""
    from sklearn.decomposition import PCA

    analysis = PCA(2, svd_solver="full")
    points = analysis.fit_transform(directions.astype(np.float64))
    first, second = (f"principal component ({share:.1%} of variance)" for share in analysis.explained_variance_ratio_)
    return points, (f"first {first}", f"second {second}")


def stochastic_neighbors(directions: Floats, seed: int) -> tuple[Points, tuple[str, str]]:
    """A plane on which neighbours stay neighbours (t-SNE, van der Maaten and Hinton, 2008); distances mean little."""
    from sklearn.manifold import TSNE

    perplexity = min(MOST_NEIGHBORS, (len(directions) - 1) / 3)
    embedding = TSNE(2, perplexity=perplexity, init="pca", method="exact", random_state=seed)
    points = embedding.fit_transform(directions.astype(np.float64))
    return np.asarray(points, np.float64), (f"t-SNE, perplexity {perplexity:.3g} (no unit)", "t-SNE (no unit)")


PROJECTIONS: dict[str, Callable[[Floats, int], tuple[Points, tuple[str, str]]]] = {
    "pca": principal_components,
    "tsne": stochastic_neighbors,
}


def word_map(vectors: WordVectors, words: Sequence[str], *, method: str, seed: int) -> WordMap:
    """Where known words lie by the directions of their vectors."""
    require("eval", "a map of words", packages=("sklearn",))
    words = tuple(dict.fromkeys(words))
    if len(words) < FEWEST:
        raise UsageError(f"a map has at least {FEWEST} different words, not {len(words)}")
    directions = vectors.directions[[vectors.places[word] for word in words]]
    if directions.shape[1] < 2 or not np.ptp(directions, axis=0).any():
        raise DataError(f"{vectors.name}: vectors of these words all point one way or have one number: there is no map")
    points, axes = PROJECTIONS[method](directions, seed)
    return WordMap(words, points, axes)
