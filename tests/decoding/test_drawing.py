"""Translations drawn: what a plain loop draws for each source and number alone, as often as they are likely."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decoding.plain import attention_of, logprob, padded, plain_draw, plain_greedy
from tests.decoding.test_beam import SOURCES, limits
from tests.fakes import FakeTranslationEngine, TableTranslationEngine
from textrnn.decoding.drawing import draw
from textrnn.decoding.sampling import Sampling
from textrnn.text.tokenizer import EOS, UNK

SAMPLINGS = [
    Sampling(),
    Sampling(temperature=0.5),
    Sampling(top_k=2),
    Sampling(top_p=0.7, temperature=1.5),
    Sampling(min_p=0.3, allow_unk=True),
    Sampling(repetition_penalty=3.0),
    Sampling(repetition_penalty=0.5, temperature=0),
]


@given(sources=SOURCES, sampling=st.sampled_from(SAMPLINGS), seed=st.integers(0, 2**64 - 1), count=st.integers(1, 4))
@settings(max_examples=60)
def test_each_is_what_a_plain_loop_draws_alone(
    sources: list[list[int]], sampling: Sampling, seed: int, count: int
) -> None:
    engine, longest = TableTranslationEngine(9, seed=seed % 100, sharpness=1), limits(sources, room=4)
    found = draw(engine, padded(sources), sampling, seed=seed, longest=longest, count=count, attention=True)
    for source, most, drawn in zip(sources, longest.tolist(), found, strict=True):
        expected = [
            plain_draw(engine, source, sampling, seed=seed, index=index, longest=most) for index in range(count)
        ]
        assert [(each.ids, each.is_cut) for each in drawn] == expected
        for each in drawn:
            assert each.logprob == pytest.approx(logprob(engine, source, each.ids), abs=1e-5)
            np.testing.assert_allclose(each.attention, attention_of(engine, source, each.ids), atol=1e-6)


@given(sources=SOURCES, seed=st.integers(0, 99))
@settings(max_examples=20)
def test_without_temperature_they_are_greedy(sources: list[list[int]], seed: int) -> None:
    engine, longest = TableTranslationEngine(9, seed=seed), limits(sources, room=7)
    for sampling in (Sampling(temperature=0), Sampling(top_k=1)):
        found = draw(engine, padded(sources), sampling, seed=1, longest=longest)
        assert [each.ids for (each,) in found] == [
            plain_greedy(engine, source, longest=most) for source, most in zip(sources, longest.tolist(), strict=True)
        ]


def test_they_are_drawn_as_often_as_they_are_likely() -> None:
    engine, count = TableTranslationEngine(6, seed=3, sharpness=1), 4000
    sampling = Sampling(allow_unk=True)
    engine.logprobs[:, [0, 2]] = -np.inf
    engine.logprobs -= np.log(np.exp(engine.logprobs).sum(1, keepdims=True))
    (found,) = draw(engine, padded([[4, 5]]), sampling, seed=5, longest=np.array([1]), count=count)
    every = {(EOS,), (UNK, EOS), (4, EOS), (5, EOS)}
    expected = {ids: float(np.exp(logprob(engine, [4, 5], ids[:1]))) * count for ids in every}
    counts = Counter(tuple(each.ids) for each in found)
    assert set(counts) == every
    assert sum((counts[ids] - expected[ids]) ** 2 / expected[ids] for ids in every) < 16.3  # once in a thousand


def test_a_source_that_is_done_leaves_and_each_is_encoded_once() -> None:
    engine = FakeTranslationEngine(8)
    draw(engine, padded([[4], [4] * 9]), Sampling(temperature=0), seed=0, longest=np.array([20, 20]), count=3)
    assert engine.encoded == [[1, 9]]
    assert engine.read_rows == [2, 2] + [1] * 8
