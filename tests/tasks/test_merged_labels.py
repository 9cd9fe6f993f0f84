"""A classifier with fewer labels: each the sum of some of its own."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from tests.fakes import FakeLabeller, fake_classifier
from tests.small_models import small_classifier
from textrnn.errors import DataError, UsageError
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.label_evaluation import evaluate_labels
from textrnn.text.labelled import Labelled

GROUPS = {"few": ["zero", "one"], "many": ["three"]}  # two is left out
FOUR = ("zero", "one", "two", "three")
REST = 0.4 / 3


def four(temperature: float = 1.0, *, is_ordinal: bool = False) -> Classifier:
    """One of four labels, the likeliest 0.6."""
    model = fake_classifier(FOUR, temperature=temperature)
    assert model.config.labels is not None
    labels = model.config.labels.model_copy(update={"is_ordinal": is_ordinal})
    return Classifier(model.engine, model.tokenizer, model.config.model_copy(update={"labels": labels}))


def test_the_probability_of_a_group_is_the_sum_of_its_labels_among_those_of_any() -> None:
    merged = four().merged(GROUPS)
    assert merged.labels.names == ("few", "many")
    found = np.exp(merged.logprobs(["a", "ab", "abb", ""]))
    several, left_out, single = (0.6 + REST, REST), (2 * REST, REST), (2 * REST, 0.6)  # one, two and three are likely
    expected = [np.array(row) / sum(row) for row in (several, left_out, single)]
    assert found[:3] == pytest.approx(np.array(expected), rel=1e-6)
    assert np.isnan(found[3]).all()


def test_the_temperature_comes_before_the_sum() -> None:
    likely, rest = math.sqrt(0.6), math.sqrt(REST)
    (found,) = np.exp(four(temperature=2.0).merged(GROUPS).logprobs(["abb"]))
    assert found == pytest.approx(np.array([2 * rest, likely]) / (2 * rest + likely), rel=1e-6)


def test_a_merged_classifier_says_the_same_wherever_it_is_asked() -> None:
    merged = four(temperature=1.5).merged(GROUPS)
    texts = ["a", "ab", "abb", "a b", ""]
    probabilities = np.exp(merged.logprobs(texts))
    predictions = list(merged.classify(texts, probs=True, labels=2))
    for text, row, prediction in zip(texts, probabilities, predictions, strict=True):
        if not text:
            assert (prediction.label, prediction.probabilities, prediction.labels) == (None, None, None)
            continue
        assert prediction.probabilities == pytest.approx({"few": row[0], "many": row[1]})
        assert prediction.label == ("few", "many")[row.argmax()]
        assert prediction.labels is not None
        assert {each.label: each.probability for each in prediction.labels} == prediction.probabilities
        assert prediction.labels[0].label == prediction.label
        explanation = merged.explain(text, probs=True)
        assert explanation.prediction.label == prediction.label
        assert explanation.prediction.probabilities == pytest.approx(prediction.probabilities)
        assert explanation.words[-1].label == prediction.label
    gold = [Labelled(text, "few", f"line {line}") for line, text in enumerate(texts)]
    evaluated = evaluate_labels(merged, gold, on="texts")
    assert evaluated.names == ("few", "many")
    np.testing.assert_array_equal(np.exp(evaluated.logprobs), probabilities)
    assert evaluated.confusion.counts.tolist() == [[2, 2, 1], [0, 0, 0]]
    with pytest.raises(DataError, match="line 0: the label 'one' is none of the model's: few, many"):
        evaluate_labels(merged, [Labelled("a", "one", "line 0")], on="texts")


def test_a_network_has_its_own_labels_still() -> None:
    model = small_classifier("word")
    before = model.logprobs(["the cat", "the mat"])
    merged = model.merged({"poor": ["so-so", "bad"], "good": ["good"]})
    found = merged.logprobs(["the cat", "the mat"])
    assert np.exp(found) == pytest.approx(np.stack([np.exp(before)[:, :2].sum(1), np.exp(before)[:, 2]], 1))
    assert np.array_equal(model.logprobs(["the cat", "the mat"]), before)
    assert model.labels.names == ("bad", "so-so", "good")
    assert isinstance(fake_classifier().merged({"a": ["one"], "b": ["two"]}).engine, FakeLabeller)


@pytest.mark.parametrize(
    ("groups", "is_ordinal"),
    [
        ({"low": ["one", "zero"], "high": ["two", "three"]}, True),
        ({"low": ["zero"], "middle": ["one"], "high": ["three"]}, True),
        ({"high": ["three"], "low": ["zero"], "middle": ["one"]}, False),
        ({"inner": ["one", "two"], "outer": ["zero", "three"]}, False),
    ],
)
def test_groups_have_an_order_where_they_are_named_from_the_lowest_to_the_highest(
    groups: dict[str, Sequence[str]], is_ordinal: bool
) -> None:
    assert four(is_ordinal=True).merged(groups).labels.is_ordinal == is_ordinal
    assert not four().merged(groups).labels.is_ordinal


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ({"a": ["zero"], "b": ["five"]}, "there is no label 'five' to merge; there are: zero, one, two, three"),
        ({"a": ["zero", "one"], "b": ["one"]}, "the label 'one' is merged twice"),
        ({"a": ["zero", "zero"], "b": ["one"]}, "the label 'zero' is merged twice"),
        ({"a": ["zero", "one"]}, "labels are merged into two groups or more, each of some"),
        ({"a": ["zero"], "b": []}, "labels are merged into two groups or more, each of some"),
        ({}, "labels are merged into two groups or more, each of some"),
    ],
)
def test_groups_that_are_none_are_refused(groups: dict[str, Sequence[str]], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        four().merged(groups)
