"""Maps of words: principal components by hand, t-SNE the same again."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.word_vectors.small import on_a_circle, word_vectors
from textrnn.errors import DataError, MissingExtra, UsageError
from textrnn.word_vectors.opening import WordVectors
from textrnn.word_vectors.projection import word_map


@settings(max_examples=30)
@given(word_vectors())
def test_principal_components_are_those_of_the_singular_values(vectors):
    found = word_map(vectors, vectors.words, method="pca", seed=0)
    unit = vectors.rows / np.linalg.norm(vectors.rows, axis=1, keepdims=True)
    left, values, _ = np.linalg.svd(unit - unit.mean(0), full_matrices=False)
    expected = left[:, :2] * values[:2]
    np.testing.assert_allclose(np.abs(found.points), np.abs(expected), atol=1e-4)
    shares = values**2 / (values**2).sum()
    assert found.axes == (
        f"first principal component ({shares[0]:.1%} of variance)",
        f"second principal component ({shares[1]:.1%} of variance)",
    )


def test_groups_stay_groups_by_t_sne_and_a_seed_gives_the_same_points():
    random = np.random.default_rng(0)
    centers = np.repeat(np.eye(3), 8, axis=0)
    rows = (centers + 0.01 * random.normal(size=centers.shape)).astype(np.float32)
    vectors = WordVectors("v", [f"w{number}" for number in range(24)], rows)
    found = word_map(vectors, vectors.words, method="tsne", seed=1)
    np.testing.assert_array_equal(found.points, word_map(vectors, vectors.words, method="tsne", seed=1).points)
    groups = found.points.reshape(3, 8, 2)
    within = np.abs(groups - groups.mean(1, keepdims=True)).max()
    between = min(np.linalg.norm(groups[a].mean(0) - groups[b].mean(0)) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert between > 2 * within
    assert all("no unit" in axis for axis in found.axes)


def test_words_come_once_in_the_order_that_they_are_asked_for():
    asked = ["west", "east", "north", "west"]
    assert word_map(on_a_circle(), asked, method="pca", seed=0).words == ("west", "east", "north")


def test_what_makes_no_map_is_one_line(monkeypatch):
    with pytest.raises(UsageError, match="a map has at least 3 different words, not 2"):
        word_map(on_a_circle(), ["east", "west", "east"], method="pca", seed=0)
    alike = WordVectors("v", ["a", "b", "c"], np.array([[1, 1], [2, 2], [4, 4]], np.float32))
    for vectors in (alike, WordVectors("v", ["a", "b", "c"], np.array([[1], [2], [-4]], np.float32))):
        with pytest.raises(DataError, match="there is no map"):
            word_map(vectors, vectors.words, method="pca", seed=0)
    monkeypatch.setattr("textrnn.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'textrnn\[eval\]'"):
        word_map(on_a_circle(), ["east", "west", "north"], method="pca", seed=0)
