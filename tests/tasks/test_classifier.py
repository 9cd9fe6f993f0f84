"""Classifier: what it says of texts, whatever stands beside them."""

import itertools
import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import textrnn
from tests.fakes import FakeLabeller, fake_classifier
from tests.small_models import NAMES, save_small_classifier, small_classifier, small_tokenizer
from textrnn.errors import ModelError, UsageError
from textrnn.tasks import classifier as module
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.prediction import LabelProbability
from textrnn.text.levels import LEVELS
from textrnn.text.tokenizer import OutOfVocabulary

LIKELIEST, OTHER = pytest.approx(0.6), pytest.approx(0.2)
TEXTS = st.lists(st.text(st.sampled_from("ab é\n\ud800\U0001f600\u05d0"), max_size=12) | st.just("the cat sat " * 9))


def test_the_fake_labels_a_text_by_its_length() -> None:
    found = list(fake_classifier().classify(["", "a", "ab", "abc", "a b "], probs=True, labels=2))
    assert [each.text for each in found] == ["", "a", "ab", "abc", "a b "]
    assert [each.label for each in found] == [None, "one", "two", "zero", "one"]
    assert [each.probability for each in found] == [None, *[LIKELIEST] * 4]
    assert [each.probabilities for each in found[:2]] == [None, {"zero": OTHER, "one": LIKELIEST, "two": OTHER}]
    assert found[0].labels is None
    assert found[2].labels == [LabelProbability("two", LIKELIEST), LabelProbability("zero", OTHER)]
    assert [each.oov for each in found] == [[], [], [], [OutOfVocabulary("c", 2)], []]


def test_what_nobody_asks_for_is_none() -> None:
    (found,) = fake_classifier().classify("ab")
    assert (found.text, found.label, found.probabilities, found.labels) == ("ab", "two", None, None)


@pytest.mark.parametrize(("below", "label"), [(0.0, "one"), (0.59, "one"), (0.61, None), (1.0, None)])
def test_a_classifier_abstains_below_a_probability(below: float, label: str | None) -> None:
    (found,) = fake_classifier().classify("a", abstain_below=below, labels=1)
    assert (found.label, found.probability) == (label, LIKELIEST)
    assert found.labels == [LabelProbability("one", LIKELIEST)]


def test_probabilities_are_those_of_the_temperature() -> None:
    (found,) = fake_classifier(("zero", "one"), temperature=2.0).classify("a", probs=True)
    one, zero = math.sqrt(0.6), math.sqrt(0.4)
    assert found.probabilities == {"zero": pytest.approx(zero / (zero + one)), "one": pytest.approx(one / (zero + one))}


def test_logprobs_are_natural_and_nan_without_symbols() -> None:
    found = fake_classifier().logprobs(["", "a"])
    assert np.isnan(found[0]).all()
    assert found[1] == pytest.approx(np.log([0.2, 0.6, 0.2]))
    assert fake_classifier().logprobs([]).shape == (0, 3)


@pytest.mark.parametrize("labels", [0, 4])
def test_a_number_of_labels_that_there_is_not(labels: int) -> None:
    with pytest.raises(UsageError, match=f"labels must be from 1 to 3, not {labels}"):
        fake_classifier().classify("a", labels=labels)


def test_other_requests_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match="a probability, from 0 to 1, not 2"):
        fake_classifier().classify("a", abstain_below=2)
    with pytest.raises(UsageError, match="batch-size must be 1 or more, not 0"):
        fake_classifier().classify("a", batch_size=0)


def test_labels_are_needed() -> None:
    model = fake_classifier()
    with pytest.raises(ModelError, match="names no labels"):
        Classifier(model.engine, model.tokenizer, model.config.model_copy(update={"labels": None}))


@given(texts=TEXTS, group=st.integers(1, 5), batch_size=st.sampled_from([1, 2, 7, 64]))
@settings(max_examples=40)
def test_every_text_has_its_own_prediction(texts: list[str], group: int, batch_size: int) -> None:
    model = fake_classifier()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RECORDS_AT_ONCE", group)
        found = list(model.classify(iter(texts), batch_size=batch_size))
    assert [each.text for each in found] == texts
    names = model.labels.names
    assert [each.label for each in found] == [names[len(text) % 3] if text else None for text in texts]
    assert [each.oov for each in found] == [model.tokenizer.out_of_vocabulary(text) for text in texts]
    assert isinstance(model.engine, FakeLabeller)
    assert max(map(len, model.engine.batches), default=0) <= batch_size
    assert sorted(itertools.chain(*model.engine.batches)) == sorted(len(text) for text in texts if text)


def test_no_more_is_read_ahead_than_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORDS_AT_ONCE", 3)
    taken = 0

    def texts():
        nonlocal taken
        for taken in range(1, 100):
            yield "a" * taken

    for number, found in enumerate(fake_classifier().classify(texts()), start=1):
        assert found.text == "a" * number
        assert taken <= number + 6


def test_a_consumer_that_stops_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORDS_AT_ONCE", 2)
    before = threading.active_count()
    found = fake_classifier().classify("ab" for _ in itertools.count())
    assert next(found).label == "two"
    assert threading.active_count() > before
    found.close()  # type: ignore[attr-defined]  # a generator
    assert threading.active_count() == before


def test_what_goes_wrong_in_a_batch_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fake_classifier()

    def fail(batch: object) -> None:
        raise ModelError("no probability")

    monkeypatch.setattr(model.engine, "run", fail)
    with pytest.raises(ModelError, match="no probability"):
        list(model.classify(["a"] * 40))


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Classifier]:
    """One of each level, int8 from its folder."""
    root = tmp_path_factory.mktemp("classifiers")
    return {level: textrnn.load(save_small_classifier(root / level, level), Classifier, threads=1) for level in LEVELS}


MIXED = [
    "",
    " ",
    "The cat sat.",
    "é",
    "the",
    "the mat isn't the cat's; it's 5% of the hat. " * 5,
    "Call me",
    "\ud800",
] * 9


@pytest.mark.parametrize("level", LEVELS)
def test_int8_does_not_depend_on_batch_or_order(exact: dict[str, Classifier], level: str) -> None:
    model = exact[level]
    alone = {text: next(model.classify(text, probs=True)) for text in MIXED}
    assert len({each.probability for each in alone.values()}) > 3
    for texts, batch_size in itertools.product((MIXED, MIXED[::-1], sorted(MIXED)), (1, 7, 64)):
        assert list(model.classify(texts, probs=True, batch_size=batch_size)) == [alone[text] for text in texts]


@pytest.mark.parametrize("level", LEVELS)
def test_pytorch_does_not_depend_on_batch_or_order_beyond_rounding(level: str) -> None:
    model = small_classifier(level, ("last", "mean", "max", "attention"))
    alone = np.concatenate([model.logprobs([text]) for text in MIXED])
    for batch_size in (1, 7, 64):
        assert model.logprobs(MIXED[::-1], batch_size=batch_size)[::-1] == pytest.approx(alone, abs=1e-5, nan_ok=True)


def test_text_that_spells_a_special_token_is_text(exact: dict[str, Classifier]) -> None:
    for model in exact.values():
        (found,) = model.classify("<eos><pad>")
        assert found.label in NAMES


def test_half_a_character_is_unknown_to_every_level(exact: dict[str, Classifier]) -> None:
    for model in exact.values():
        (found,) = model.classify("the \ud800")
        assert found.oov == [OutOfVocabulary("\ud800", 4)]


def test_white_space_has_a_label_where_it_is_a_symbol(exact: dict[str, Classifier]) -> None:
    labels = {level: next(model.classify("  ")).label for level, model in exact.items()}
    assert labels["word"] is None
    assert labels["char"] in NAMES
    assert len(small_tokenizer("word").encode("  ")) == 0
