"""Classifier.explain: what a network says of a text so far, after each of its words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import FakeLabeller, fake_classifier
from tests.small_models import small_classifier, small_tokenizer
from textrnn.engines.labeller import Padded
from textrnn.errors import UsageError
from textrnn.tasks import labelling
from textrnn.tasks.classifier import Classifier
from textrnn.text.levels import LEVELS

HOSTILE = [
    "",
    " ",
    "  the  cat\tsat ",
    "é",
    "the mat isn't the cat's; it's 5%",
    "a\nb\n\nc",
    "\ud800 \U0001f600",
    "\u05d0\u05d1 \u05d2",
]


def test_the_course_of_the_fake_is_that_of_its_lengths() -> None:
    found = fake_classifier().explain("ab b aab", probs=True)
    assert (found.label, found.prediction.label) == ("two", "two")  # of 8 symbols
    assert [(word.token, word.begin, word.end) for word in found.words] == [("ab", 0, 2), ("b", 3, 4), ("aab", 5, 8)]
    assert [word.label for word in found.words] == ["two", "one", "two"]  # of 2, 4 and 8 symbols
    assert [word.probability for word in found.words] == [pytest.approx(0.6)] * 3
    assert [found.probability_after(word) for word in found.words] == pytest.approx([0.6, 0.2, 0.6])
    assert [word.change for word in found.words] == pytest.approx([0.6 - 1 / 3, -0.4, 0.4])
    weights = [(1 + 2) / 36, (3 + 4) / 36, (5 + 6 + 7 + 8) / 36]  # the space counts with the word after it
    assert [word.attention for word in found.words] == pytest.approx(weights)
    assert found.words[1].probabilities == pytest.approx({"zero": 0.2, "one": 0.6, "two": 0.2})
    assert found.prediction.probabilities == found.words[-1].probabilities


def test_a_network_without_attention_has_no_weights() -> None:
    found = fake_classifier(has_attention=False).explain("ab b")
    assert [word.attention for word in found.words] == [None, None]


def test_a_classifier_that_abstains_is_explained_by_its_likeliest_label() -> None:
    found = fake_classifier().explain("a", abstain_below=0.9)
    assert (found.prediction.label, found.label) == (None, "one")
    with pytest.raises(UsageError, match="labels must be"):
        fake_classifier().explain("a", labels=9)


def test_a_text_without_symbols_has_no_words() -> None:
    found = fake_classifier().explain("")
    assert (found.label, found.prediction.label, found.prediction.probability, found.words) == (None, None, None, [])


def test_a_text_of_white_space_alone_is_a_word() -> None:
    (word,) = fake_classifier().explain("  ").words
    assert (word.token, word.begin, word.end, word.label) == ("  ", 0, 2, "two")


def test_beginnings_are_run_as_few_batches_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(["ab"] * 300)
    model = fake_classifier()
    found = model.explain(text)
    assert len(found.words) == 300
    assert isinstance(model.engine, FakeLabeller)
    assert len(model.engine.batches) <= 4
    monkeypatch.setattr(labelling, "PADDED_AT_ONCE", 5000)
    bounded = fake_classifier()
    assert bounded.explain(text) == found
    assert isinstance(bounded.engine, FakeLabeller)
    assert max(len(batch) * max(batch) for batch in bounded.engine.batches) <= 5000


@pytest.fixture(scope="module")
def models() -> dict[str, Classifier]:
    return {level: small_classifier(level) for level in LEVELS}


def beginnings(model: Classifier, text: str) -> list[tuple[str, np.ndarray]]:
    """The words between white space and the ids up to each, found in another way: symbol by symbol."""
    words = [(piece, text.split().index(piece)) for piece in text.split()]
    spans, begin, found = list(model.tokenizer.spans(text)), 0, []
    for piece, _ in words:
        begin = text.index(piece, begin) + len(piece)
        found.append((piece, np.array([span.id for span in spans if span.end <= begin])))
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_each_row_is_the_network_alone_on_the_text_so_far(models: dict[str, Classifier], level: str) -> None:
    model, text = models[level], "The cat sat, and never the hat's on: how 5%"
    found = model.explain(text)
    expected = beginnings(model, text)
    assert [word.token for word in found.words] == [piece for piece, _ in expected] == text.split()
    for word, (_, ids) in zip(found.words, expected, strict=True):
        labelled = model.engine.run(Padded.of([ids]))
        scaled = labelled.logprobs[0] / model.labels.temperature
        probabilities = np.exp(scaled) / np.exp(scaled).sum()
        assert list(word.probabilities.values()) == pytest.approx(probabilities, abs=1e-5)
        assert word.label == model.labels.names[int(probabilities.argmax())]
    (alone,) = model.classify(text, probs=True)
    assert found.prediction.label == alone.label
    assert list(alone.probabilities.values()) == pytest.approx(list(found.words[-1].probabilities.values()), abs=1e-5)
    assert sum(word.attention for word in found.words) == pytest.approx(1)
    weights = model.engine.run(Padded.of([expected[-1][1]])).attention[:, 0]
    assert found.words[0].attention == pytest.approx(weights[: len(expected[0][1])].sum(), abs=1e-5)
    assert found.words[-1].attention == pytest.approx(weights[len(expected[-2][1]) :].sum(), abs=1e-5)


@pytest.mark.parametrize("level", LEVELS)
@given(text=st.sampled_from(HOSTILE) | st.text(max_size=20))
@settings(max_examples=25)
def test_words_are_pieces_of_the_text_and_their_changes_add_up(
    models: dict[str, Classifier], level: str, text: str
) -> None:
    model = models[level]
    found = model.explain(text)
    (alone,) = model.classify(text)
    assert found.prediction.label == alone.label
    assert found.prediction.oov == alone.oov
    assert bool(found.words) == (alone.label is not None)
    behind = 0
    for word in found.words:
        assert behind <= word.begin < word.end <= len(text)
        assert text[word.begin : word.end] == word.token
        assert not text[behind : word.begin].strip()
        behind = word.end
    assert not text[behind:].strip() or not found.words
    if found.words:
        assert sum(word.change for word in found.words) == pytest.approx(alone.probability - 1 / 3, abs=1e-5)
        assert sum(word.attention for word in found.words) == pytest.approx(1, abs=1e-5)


def test_the_levels_see_the_same_words() -> None:
    assert len(small_tokenizer("bpe").encode("The ancient mat.")) > 3  # several pieces to a word
    for level in LEVELS:
        found = small_classifier(level).explain("The ancient mat.")
        assert [word.token for word in found.words] == ["The", "ancient", "mat."]
