"""An ensemble: the mean of what its members say, each with a state and a memory of its own."""

from collections.abc import Mapping

import numpy as np
import pytest

from tests.decoding.plain import attention_of, logprobs_after, padded
from tests.decoding.test_beam import limits
from tests.fakes import FakeTranslationEngine, TableTranslationEngine
from textrnn.batch import Ids
from textrnn.decoding.beam import Beam, search
from textrnn.decoding.forcing import force
from textrnn.engines.engine import Floats, State
from textrnn.engines.ensemble import Ensemble, log_mean
from textrnn.engines.translating import Read
from textrnn.errors import UsageError
from textrnn.text.tokenizer import START

SOURCES = [[4, 5], [6], [7, 7, 7, 4]]


def test_the_mean_is_of_probabilities() -> None:
    logprobs = [np.log(np.array(row, np.float32)) for row in ([0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.3, 0.6, 0.1])]
    np.testing.assert_allclose(np.exp(log_mean(logprobs)), [0.3, 0.55, 0.15], rtol=1e-6)


def test_the_mean_of_what_is_next_to_impossible_is_no_less() -> None:
    logprobs = [np.array(row, np.float32) for row in ([-200, -np.inf, -np.inf], [-201, -300, -np.inf])]
    found = log_mean(logprobs)
    expected = np.logaddexp(*[each.astype(np.float64) for each in logprobs]) - np.log(2)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == np.float32


def test_members_read_by_themselves() -> None:
    members = [TableTranslationEngine(9, seed=seed) for seed in range(3)]
    targets = [[4, 3], [5, 6, 7, 3], [3]]
    values, _ = force(Ensemble(members), padded(SOURCES), padded(targets), ranks=False)
    for column, (source, target) in enumerate(zip(SOURCES, targets, strict=True)):
        for place, symbol in enumerate(target):
            each = [np.exp(logprobs_after(member, source, target[:place])[symbol]) for member in members]
            assert values[place, column] == pytest.approx(np.log(np.mean(each)), abs=1e-5)


def test_attention_is_the_mean_of_theirs() -> None:
    members = [TableTranslationEngine(9, seed=seed) for seed in range(2)]
    found = search(Ensemble(members), padded(SOURCES), Beam(3), longest=limits(SOURCES, room=4), attention=True)
    for source, (best,) in zip(SOURCES, found, strict=True):
        expected = np.mean([attention_of(member, source, best.ids) for member in members], axis=0)
        np.testing.assert_allclose(best.attention, expected, atol=1e-6)


def test_an_ensemble_of_one_network_twice_is_the_network() -> None:
    engine = TableTranslationEngine(9)
    options = {"longest": limits(SOURCES, room=4), "count": 3}
    alone = search(engine, padded(SOURCES), Beam(3), **options)
    twice = search(Ensemble([engine, engine]), padded(SOURCES), Beam(3), **options)
    for one, other in zip(alone, twice, strict=True):
        assert [each.ids for each in one] == [each.ids for each in other]
        assert [each.logprob for each in one] == pytest.approx([each.logprob for each in other], abs=1e-5)


def test_the_best_are_the_likeliest_of_all_and_the_likeliest_comes_first() -> None:
    engine = Ensemble([TableTranslationEngine(9, seed=seed) for seed in range(2)])
    encoded = engine.encode(padded(SOURCES))
    state = {name: part[:, None] for name, part in encoded.state.items()}
    ids = np.full((len(SOURCES), 1), START)
    every, best = engine.read(ids, state, encoded.memory), engine.best(ids, state, encoded.memory, count=4)
    order = np.argsort(-every.logprobs, axis=-1)[..., :4]
    np.testing.assert_array_equal(best.ids, order)
    np.testing.assert_array_equal(best.logprobs, np.take_along_axis(every.logprobs, order, -1))


class Blind(FakeTranslationEngine):
    """Without attention, and without a memory: all that it knows of a source is its length, in its state."""

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        found = super().read(ids, state, memory)
        return Read(found.logprobs, found.state, None)


def test_attention_is_of_those_that_have_it() -> None:
    seeing, blind = FakeTranslationEngine(8), Blind(8)
    options = {"longest": np.array([9]), "attention": True}
    ((alone,),) = search(seeing, padded([[4, 5]]), Beam(2), **options)
    ((both,),) = search(Ensemble([blind, seeing]), padded([[4, 5]]), Beam(2), **options)
    np.testing.assert_allclose(both.attention, alone.attention)
    assert Ensemble([blind, seeing]).workers == 2


def test_networks_of_other_symbols_do_not_fit() -> None:
    with pytest.raises(UsageError, match="only with the same symbols"):
        Ensemble([FakeTranslationEngine(8), FakeTranslationEngine(9)])
