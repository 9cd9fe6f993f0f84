"""Forced decoding: the log-probabilities that a search adds up, symbol by symbol."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decoding.plain import logprobs_after, padded
from tests.decoding.test_beam import SOURCES, limits
from tests.fakes import FakeTranslationEngine, TableTranslationEngine
from textrnn.decoding.beam import Beam, search
from textrnn.decoding.forcing import attend, force
from textrnn.errors import ModelError

TARGETS = st.lists(st.integers(0, 8), min_size=1, max_size=6)


@given(pairs=st.lists(st.tuples(TARGETS, TARGETS), min_size=1, max_size=9), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_each_symbol_has_its_own_logprob_and_rank(pairs: list[tuple[list[int], list[int]]], seed: int) -> None:
    engine = TableTranslationEngine(9, seed=seed)
    sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
    values, ranks = force(engine, padded(sources), padded(targets), ranks=True)
    assert values.shape == ranks.shape == (max(map(len, targets)), len(pairs))
    for column, (source, target) in enumerate(pairs):
        every = [logprobs_after(engine, source, target[:place]) for place in range(len(target))]
        expected = [after[symbol] for after, symbol in zip(every, target, strict=True)]
        assert values[: len(target), column].tolist() == expected
        better = [sum(each > value for each in after) for after, value in zip(every, expected, strict=True)]
        assert ranks[: len(target), column].tolist() == [1 + count for count in better]
    unranked, none = force(engine, padded(sources), padded(targets), ranks=False)
    np.testing.assert_array_equal(unranked, values)
    assert none.shape == (0, len(pairs))


@given(sources=SOURCES, seed=st.integers(0, 99), width=st.integers(1, 6))
@settings(max_examples=30)
def test_a_hypothesis_has_the_score_of_its_forced_decoding(sources: list[list[int]], seed: int, width: int) -> None:
    engine = TableTranslationEngine(9, seed=seed, sharpness=1)
    found = search(engine, padded(sources), Beam(width), longest=limits(sources, room=5), count=width)
    for place in range(width):
        chosen = [hypotheses[place] for hypotheses in found]
        values, _ = force(engine, padded(sources), padded([each.ids for each in chosen]), ranks=False)
        sums = [values[: len(each.ids), column].sum() for column, each in enumerate(chosen)]
        assert sums == pytest.approx([each.logprob for each in chosen], abs=1e-5)


def test_sources_whose_targets_are_done_leave() -> None:
    engine = FakeTranslationEngine(8)
    force(engine, padded([[4], [4, 5], [4]]), padded([[4], [4, 5, 6, 3], [3]]), ranks=False)
    assert engine.encoded == [[1, 2, 1]]
    assert engine.read_rows == [3, 1, 1, 1]


@given(source=TARGETS, seed=st.integers(0, 99), width=st.integers(1, 4))
@settings(max_examples=30)
def test_forced_along_a_hypothesis_a_decoder_attends_as_when_it_found_it(
    source: list[int], seed: int, width: int
) -> None:
    engine = TableTranslationEngine(9, seed=seed, sharpness=1)
    longest = limits([source], room=5)
    for found in search(engine, padded([source]), Beam(width), longest=longest, count=width, attention=True)[0]:
        np.testing.assert_array_equal(attend(engine, padded([source]), np.array(found.ids)), found.attention)


def test_a_decoder_without_attention_is_not_asked_for_it() -> None:
    with pytest.raises(ModelError, match="the decoder has no attention"):
        attend(FakeTranslationEngine(8, has_attention=False), padded([[4]]), np.array([4, 3]))
