"""Neighbours and analogies: by hand on a circle, and by their definitions on any vectors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.word_vectors.small import on_a_circle, word_vectors
from textrnn.word_vectors.nearest import analogy, neighbors
from textrnn.word_vectors.opening import WordVectors


def test_neighbors_are_ranked_by_their_angle_whatever_the_length():
    found = neighbors(on_a_circle(), "east", count=2)
    assert [(each.word, each.neighbor, each.rank) for each in found] == [("east", "northeast", 1), ("east", "north", 2)]
    assert [each.similarity for each in found] == pytest.approx([np.cos(np.deg2rad(40)), 0], abs=1e-6)
    assert [each.neighbor for each in neighbors(on_a_circle(), "east", count=99)][-1] == "west"


@pytest.mark.parametrize("length", [1e-30, 1e30])
def test_lengths_whose_squares_are_no_float32_make_no_difference(length):
    usual = on_a_circle()
    found = neighbors(WordVectors("", usual.words, usual.rows * np.float32(length)), "east", count=9)
    assert [(each.neighbor, each.similarity) for each in found] == [
        (each.neighbor, pytest.approx(each.similarity, abs=1e-6)) for each in neighbors(usual, "east", count=9)
    ]


def test_an_analogy_is_an_offset():
    (best, *_) = found = analogy(on_a_circle(), "east", "north", "south", count=9, method="3cosadd")
    assert {each.answer for each in found} == {"northeast", "west"}  # not the three
    assert (best.a, best.b, best.c, best.answer, best.rank) == ("east", "north", "south", "west", 1)
    assert best.score == pytest.approx(1, abs=1e-6)  # north - east + south points west


@settings(max_examples=40)
@given(word_vectors(), st.data())
def test_both_methods_are_as_their_papers_have_them(vectors, data):
    a, b, c = data.draw(st.permutations(vectors.words))[:3]
    unit = vectors.rows / np.linalg.norm(vectors.rows, axis=1, keepdims=True)
    cosines = {word: unit @ unit[vectors.words.index(word)] for word in (a, b, c)}
    target = unit[vectors.words.index(b)] - unit[vectors.words.index(a)] + unit[vectors.words.index(c)]
    moved = {word: (1 + cosine) / 2 for word, cosine in cosines.items()}
    scores = {
        "3cosadd": unit @ target / np.linalg.norm(target),
        "3cosmul": moved[b] * moved[c] / (moved[a] + 1e-6),
    }
    for method, score in scores.items():
        expected = {word: score[place] for place, word in enumerate(vectors.words) if word not in (a, b, c)}
        found = analogy(vectors, a, b, c, count=99, method=method)
        assert {each.answer: each.score for each in found} == pytest.approx(expected, rel=1e-3, abs=1e-5)
        assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
