"""Beam search: what a plain search finds, source by source, and what trying every translation finds."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decoding.plain import every_translation, hypothesis, logprob, padded, plain_greedy, plain_search
from tests.fakes import FakeTranslationEngine, TableTranslationEngine
from textrnn.decoding.beam import Beam, search
from textrnn.decoding.hypotheses import LEAVING, Hypothesis
from textrnn.engines.translating import Read
from textrnn.errors import ModelError, UsageError
from textrnn.text.tokenizer import EOS, UNK

A, B = 4, 5
SOURCES = st.lists(st.lists(st.integers(4, 9), min_size=1, max_size=5), min_size=1, max_size=9)
PENALTIES = st.sampled_from([0.0, 0.5, 1.0, 3.0])


def limits(sources: Sequence[Sequence[int]], *, room: int = 1) -> np.ndarray:
    """How long translations may be: some shorter than others of the same batch."""
    return np.array([len(source) % 3 + room for source in sources])


def assert_same(found: Sequence[Hypothesis], expected: Sequence[Hypothesis], *, attention: bool = True) -> None:
    assert [each.ids for each in found] == [each.ids for each in expected]
    assert [each.is_cut for each in found] == [each.is_cut for each in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one.logprob, one.rank_score) == pytest.approx((other.logprob, other.rank_score), abs=1e-5)
        if attention:
            np.testing.assert_allclose(one.attention, other.attention, atol=1e-6)
        else:
            assert one.attention is None


@given(sources=SOURCES, seed=st.integers(0, 99), length=PENALTIES, coverage=PENALTIES)
@settings(max_examples=30)
def test_a_wide_beam_finds_every_translation_in_order(
    sources: list[list[int]], seed: int, length: float, coverage: float
) -> None:
    engine, beam = TableTranslationEngine(6, seed=seed), Beam(31, length, coverage)
    longest = limits(sources)
    found = search(engine, padded(sources), beam, longest=longest, count=31, attention=True)
    for source, most, hypotheses in zip(sources, longest.tolist(), found, strict=True):
        every = [hypothesis(engine, source, ids, beam, most) for ids in every_translation([A, B], most)]
        assert_same(hypotheses, sorted(every, key=lambda each: -each.rank_score))


@given(
    sources=SOURCES,
    classes=st.integers(5, 12),
    seed=st.integers(0, 99),
    beam=st.builds(Beam, st.integers(1, 7), PENALTIES, PENALTIES, st.booleans()),
    room=st.integers(0, 9),
    data=st.data(),
)
@settings(max_examples=80)
def test_any_beam_finds_what_a_plain_search_finds_for_each_source_alone(
    sources: list[list[int]], classes: int, seed: int, beam: Beam, room: int, data: st.DataObject
) -> None:
    engine = TableTranslationEngine(classes, seed=seed, sharpness=data.draw(st.sampled_from([1.0, 2.0, 8.0])))
    count = data.draw(st.integers(1, beam.width))
    longest, attention = limits(sources, room=room), data.draw(st.booleans())
    found = search(engine, padded(sources), beam, longest=longest, count=count, attention=attention)
    for source, most, hypotheses in zip(sources, longest.tolist(), found, strict=True):
        expected = plain_search(engine, source, beam, longest=most, count=count)
        assert_same(hypotheses, expected, attention=attention)


@given(sources=SOURCES, seed=st.integers(0, 99), length=PENALTIES)
@settings(max_examples=30)
def test_a_beam_of_one_is_greedy(sources: list[list[int]], seed: int, length: float) -> None:
    engine, longest = TableTranslationEngine(12, seed=seed, sharpness=1), limits(sources, room=7)
    found = search(engine, padded(sources), Beam(1, length), longest=longest)
    expected = [
        plain_greedy(engine, source, longest=most) for source, most in zip(sources, longest.tolist(), strict=True)
    ]
    assert [each.ids for (each,) in found] == expected
    assert [each.logprob for (each,) in found] == pytest.approx(
        [logprob(engine, source, ids) for source, ids in zip(sources, expected, strict=True)], abs=1e-5
    )


@given(sources=SOURCES, seed=st.integers(0, 99), width=st.integers(1, 6))
@settings(max_examples=30)
def test_hypotheses_are_sorted_and_distinct(sources: list[list[int]], seed: int, width: int) -> None:
    engine = TableTranslationEngine(9, seed=seed)
    found = search(engine, padded(sources), Beam(width), longest=limits(sources, room=6), count=width)
    for hypotheses in found:
        scores = [each.rank_score for each in hypotheses]
        assert scores == sorted(scores, reverse=True)
        assert len({tuple(each.ids) for each in hypotheses}) == len(hypotheses) == width


def test_the_fake_copies_and_each_source_is_encoded_once() -> None:
    engine, sources = FakeTranslationEngine(8), [[A, B], [B], [7, 6, 5, 4]]
    found = search(engine, padded(sources), Beam(4), longest=np.array([9, 9, 9]))
    assert [each.ids for (each,) in found] == [[*source, EOS] for source in sources]
    assert engine.encoded == [[2, 1, 4]]


def test_sources_that_are_done_leave_when_they_are_many() -> None:
    engine = FakeTranslationEngine(8)
    sources = [[A] * length for length in (1, 2, 3, 4, 5, 6, 7, 20)]
    search(engine, padded(sources), Beam(1), longest=np.full(8, 30))
    left = [sum(len(source) >= step for source in sources) for step in range(21)]  # in each step
    assert left[:3] == [8, 8, 7]
    for rows, going in zip(engine.read_rows, left, strict=True):
        assert going <= rows <= going * LEAVING / (LEAVING - 1)
    assert engine.read_rows[:3] == [8, 8, 8]  # one that is done waits for others


def test_a_translation_that_may_not_go_on_ends_there() -> None:
    engine = FakeTranslationEngine(8)
    (cut,), (whole,) = search(engine, padded([[A, B, A], [A]]), Beam(3), longest=np.array([2, 2]))
    assert (cut.ids, cut.is_cut) == ([A, B, EOS], True)
    assert (whole.ids, whole.is_cut) == ([A, EOS], False)
    assert cut.logprob == pytest.approx(2 * np.log(0.9) + np.log(1e-6))
    ((nothing,),) = search(engine, padded([[A]]), Beam(3), longest=np.array([0]))
    assert (nothing.ids, nothing.is_cut) == ([EOS], True)


def test_a_search_ends_when_nothing_better_can_come_and_not_before() -> None:
    engine = TableTranslationEngine(5)
    engine.logprobs[:] = np.log([1e-9, 1e-9, 1e-9, 0.6, 0.4])  # <eos>, else the one letter
    ((short,),) = search(engine, padded([[A]]), Beam(9, 0.0), longest=np.array([6]))
    assert short.ids == [EOS]
    assert engine.batches == [1]
    ((long,),) = search(engine, padded([[A]]), Beam(9, 5.0), longest=np.array([6]))  # though log 0.4 < log 0.6
    assert long.ids == [A] * 6 + [EOS]


def test_unk_is_chosen_only_where_it_may_be() -> None:
    engine = FakeTranslationEngine(8)
    ((without,),) = search(engine, padded([[A, UNK, B]]), Beam(2), longest=np.array([9]))
    ((with_unk,),) = search(engine, padded([[A, UNK, B]]), Beam(2, allow_unk=True), longest=np.array([9]))
    assert UNK not in without.ids
    assert with_unk.ids == [A, UNK, B, EOS]


class Constant(FakeTranslationEngine):
    """A damaged network: every log-probability is the same."""

    value = np.nan

    def read(self, *arguments: object) -> Read:
        found = super().read(*arguments)  # type: ignore[arg-type]
        return Read(np.full_like(found.logprobs, self.value), found.state, found.attention)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_damaged_network_is_an_error(value: float) -> None:
    engine = Constant(6)
    engine.value = value
    with pytest.raises(ModelError, match="gives no symbol a probability"):
        search(engine, padded([[A]]), Beam(2), longest=np.array([4]))


def test_attention_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModelError, match="has no attention"):
        search(
            FakeTranslationEngine(6, has_attention=False), padded([[A]]), Beam(2), longest=np.array([4]), attention=True
        )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"width": 0}, "beam must be from 1 to 1000, not 0"),
        ({"width": 1001}, "beam must be from 1 to 1000, not 1001"),
        ({"length_penalty": -0.1}, "length-penalty must be from 0 to 100, not -0.1"),
        ({"coverage_penalty": float("nan")}, "coverage-penalty must be from 0 to 100, not nan"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Beam(**options)  # type: ignore[arg-type]
