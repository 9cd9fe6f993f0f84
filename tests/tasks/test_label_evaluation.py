"""What a classifier is worth on labelled texts, by a classifier whose answers can be worked out in the head."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from tests.fakes import fake_classifier
from textrnn.errors import DataError, UsageError
from textrnn.tasks import label_evaluation as module
from textrnn.tasks.label_evaluation import LabelEvaluation, evaluate_labels
from textrnn.text.labelled import Labelled

NAMES = ("zero", "one", "two")
# What is said: one, two, zero, one, nothing.
GOLD = [("a", "one"), ("ab", "two"), ("abb", "zero"), ("b", "two"), ("", "zero")]


def records(pairs: Sequence[tuple[str, str]] = GOLD) -> list[Labelled]:
    return [Labelled(text, label, f"gold.tsv, line {line}") for line, (text, label) in enumerate(pairs, start=2)]


def evaluation(predicted: Sequence[str], gold: Sequence[str], names: tuple[str, ...] = NAMES) -> LabelEvaluation:
    """One that has said these labels of texts of those."""
    logprobs = np.full((len(predicted), len(names)), math.log(0.1))
    for row, label in zip(logprobs, predicted, strict=True):
        row[names.index(label)] = math.log(0.8)
    places = np.array([names.index(label) for label in gold])
    return LabelEvaluation([], places, logprobs, names, is_ordinal=False, on="gold.tsv", conditions="by hand")


def test_the_figures_are_those_of_the_texts() -> None:
    found = evaluate_labels(fake_classifier(), records(), on="gold.tsv")
    assert found.gold.tolist() == [1, 2, 0, 2, 0]
    assert found.predicted.tolist() == [1, 2, 0, 1, -1]
    assert found.confusion.counts.tolist() == [[1, 0, 0, 1], [0, 1, 0, 0], [0, 1, 1, 0]]
    rows = {row.metric: row for row in found.metrics()}
    right, wrong = math.log(0.6), math.log(0.2)
    expected = {
        "accuracy": 3 / 5,
        "macro_f1": 2 / 3,
        "majority_share": 2 / 5,
        "nats": -(3 * right + wrong) / 4,
        "expected_calibration_error": 3 / 4 - 0.6,
        "precision[one]": 1 / 2,
        "recall[zero]": 1 / 2,
        "f1[two]": 2 / 3,
        "support[two]": 2,
    }
    assert {name: rows[name].value for name in expected} == pytest.approx(expected, rel=1e-6)
    assert rows["accuracy"].protocol == (
        "share of 5 texts whose predicted label is the gold one; 1 without a prediction count as wrong; "
        "gold.tsv; temperature 1.000; float32"
    )
    assert "of 4 texts with a prediction" in rows["nats"].protocol
    assert 0 <= rows["accuracy_low"].value < 3 / 5 < rows["accuracy_high"].value <= 1  # type: ignore[operator]
    main = ("accuracy", "macro_f1", "majority_share", "nats", "expected_calibration_error")
    intervals = ("accuracy_low", "accuracy_high", "macro_f1_low", "macro_f1_high")
    assert tuple(rows)[: len(main) + len(intervals)] == (*main, *intervals)


def test_probabilities_are_those_of_the_temperature() -> None:
    found = evaluate_labels(fake_classifier(("zero", "one"), temperature=2.0), records([("a", "one")]), on="gold.tsv")
    one, zero = math.sqrt(0.6), math.sqrt(0.4)
    assert np.exp(found.logprobs) == pytest.approx(np.array([[zero, one]]) / (zero + one))
    assert found.conditions == "gold.tsv; temperature 2.000; float32"


def test_without_any_prediction_there_is_no_probability() -> None:
    rows = {row.metric: row for row in evaluate_labels(fake_classifier(), records([("", "one")]), on="").metrics()}
    assert (rows["accuracy"].value, rows["nats"].value) == (0, None)
    assert rows["nats"].protocol == "not given: no text has a prediction"


def test_texts_are_read_a_group_at_a_time_and_kept_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate_labels(fake_classifier(), records(), on="gold.tsv")
    monkeypatch.setattr(module, "TEXTS_AT_ONCE", 2)
    found = evaluate_labels(fake_classifier(), iter(records()), on="gold.tsv", keeps_texts=True)
    assert found.texts == [text for text, _ in GOLD]
    assert found.gold.tolist() == whole.gold.tolist()
    np.testing.assert_array_equal(found.logprobs, whole.logprobs)
    assert whole.texts == []


def test_a_label_that_the_model_does_not_have_is_named_with_its_place() -> None:
    with pytest.raises(DataError, match=r"^gold\.tsv, line 7: the label 'three' is none of the model's: zero, one,"):
        evaluate_labels(fake_classifier(), records([*GOLD, ("ab", "three")]), on="gold.tsv")
    with pytest.raises(DataError, match=r"^gold\.tsv is empty$"):
        evaluate_labels(fake_classifier(), [], on="gold.tsv")


def test_the_difference_of_two_models_is_of_the_same_texts() -> None:
    gold = ["one", "one", "two", "zero"]
    mine = evaluation(["one", "one", "two", "one"], gold)
    other = evaluation(["one", "zero", "zero", "zero"], gold)
    found = {row.metric: row for row in mine.against(other)}
    # accuracy: 3/4 and 2/4; F1: of mine 0, 4/5 and 1, of the other 2/4, 2/3 and 0
    assert found["accuracy_difference"].value == pytest.approx(3 / 4 - 2 / 4)
    assert found["macro_f1_difference"].value == pytest.approx((4 / 5 + 1) / 3 - (2 / 4 + 2 / 3) / 3)
    assert found["p_value"].value == pytest.approx(1.0)  # 2 against 1: a fair coin falls so or more unequally always
    assert found["p_value"].protocol == "exact McNemar test: 2 texts right here alone, 1 in the other alone"
    assert "this model minus the other on the same 4 texts; paired bootstrap, 95% interval -0." in (
        found["accuracy_difference"].protocol
    )
    turned = {row.metric: row.value for row in other.against(mine)}
    assert turned["accuracy_difference"] == -found["accuracy_difference"].value  # type: ignore[operator]
    assert turned["p_value"] == found["p_value"].value


def test_a_model_that_is_right_alone_six_times_is_better() -> None:
    gold = ["one"] * 6
    rows = evaluation(gold, gold).against(evaluation(["two"] * 6, gold))
    assert rows[-1].value == pytest.approx(2 / 2**6)
    assert rows[0].protocol.endswith("95% interval +1.0000 to +1.0000, seed 0")


@pytest.mark.parametrize("names", [("one", "zero", "two"), ("zero", "one", "three"), ("zero", "one")])
def test_models_of_other_labels_or_another_order_are_not_held_against_each_other(names: tuple[str, ...]) -> None:
    gold = ["one", "zero"]
    with pytest.raises(UsageError, match=f"in one order, not zero, one, two and {', '.join(names)}$"):
        evaluation(gold, gold).against(evaluation(gold, gold, names))


@pytest.mark.parametrize("gold", [["one"], ["one", "two"], ["one", "zero", "zero"]])
def test_models_are_held_against_each_other_on_the_same_texts(gold: list[str]) -> None:
    with pytest.raises(UsageError, match="the two models have read other texts"):
        evaluation(["one", "zero"], ["one", "zero"]).against(evaluation(gold, gold))
