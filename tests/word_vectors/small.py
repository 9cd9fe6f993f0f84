"""Vectors of a few words on a plane, whose neighbours are seen at once."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from textrnn.word_vectors.opening import WordVectors

ANGLES = {"east": 0, "north": 90, "northeast": 40, "west": 180, "south": 270}  # degrees


def on_a_circle() -> WordVectors:
    """Words by their angle, each of another length, which is to make no difference."""
    angles = np.deg2rad([*ANGLES.values()])
    lengths = np.arange(1, len(ANGLES) + 1)[:, None]
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths
    return WordVectors("circle.txt", [*ANGLES], rows.astype(np.float32))


@st.composite
def word_vectors(draw: st.DrawFn, least: int = 5, most: int = 12) -> WordVectors:
    """Words w0, w1, ... with vectors that are not alike."""
    count = draw(st.integers(least, most))
    seed = draw(st.integers(0, 2**31))
    rows = np.random.default_rng(seed).normal(size=(count, draw(st.integers(3, 6)))).astype(np.float32)
    rows *= draw(arrays.arrays(np.float32, (count, 1), elements=st.sampled_from([0.25, 1, 8])))
    return WordVectors("vectors", [f"w{number}" for number in range(count)], rows)
