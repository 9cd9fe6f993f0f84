"""The figures of predicted labels, against scikit-learn and by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from tests.metrics.predicted import Predicted, predicted_texts, random_logprobs
from textrnn.metrics.labels import (
    NO_PREDICTION,
    ClassFigures,
    Confusion,
    class_figures,
    confusion_of,
    confusion_table,
    label_metrics,
    predictions,
)
from textrnn.metrics.metric import Metric

NAMES = ("bad", "fair", "good")
# Three gold classes in rows; the predicted ones and "no prediction" in columns. Nothing was taken for "good".
BY_HAND = Confusion(np.array([[3, 1, 0, 0], [2, 1, 0, 1], [1, 1, 0, 0]]))


def names_of(classes: int) -> list[str]:
    return [f"label {number}" for number in range(classes)]


def confused(texts: Predicted) -> Confusion:
    return confusion_of(texts.gold, texts.predicted, classes=texts.classes)


@given(predicted_texts())
def test_all_figures_are_those_of_scikit_learn(texts: Predicted) -> None:
    confusion = confused(texts)
    both = (texts.gold, texts.predicted)
    occurring = sorted({*texts.gold, *texts.predicted} - {NO_PREDICTION})
    assert confusion.accuracy == pytest.approx(sklearn_metrics.accuracy_score(*both))
    assert confusion.macro_f1 == pytest.approx(
        sklearn_metrics.f1_score(*both, labels=occurring, average="macro", zero_division=0.0)
    )
    rows = class_figures(confusion, names_of(texts.classes))
    of_classes = sklearn_metrics.precision_recall_fscore_support(
        *both, labels=range(texts.classes), zero_division=np.nan
    )
    for figure, expected in zip(("precision", "recall", "f1", "support"), of_classes, strict=True):
        found = [getattr(row, figure) for row in rows]
        assert [math.nan if value is None else value for value in found] == pytest.approx(list(expected), nan_ok=True)


@given(predicted_texts(answered=True))
def test_where_all_texts_have_a_prediction_scikit_learn_needs_no_settings(texts: Predicted) -> None:
    confusion = confused(texts)
    both = (texts.gold, texts.predicted)
    assert confusion.macro_f1 == pytest.approx(sklearn_metrics.f1_score(*both, average="macro"))
    assert confusion.mean_absolute_error == pytest.approx(sklearn_metrics.mean_absolute_error(*both))
    assert confusion.counts[:, :-1].tolist() == (
        sklearn_metrics.confusion_matrix(*both, labels=range(texts.classes)).tolist()
    )


@given(predicted_texts(), st.randoms(use_true_random=False))
def test_classes_in_another_order_have_the_same_figures(texts: Predicted, random: object) -> None:
    order = list(range(texts.classes))
    random.shuffle(order)  # type: ignore[attr-defined]
    renamed = np.array([*order, NO_PREDICTION])  # the last place is that of NO_PREDICTION
    other = confusion_of(renamed[texts.gold], renamed[texts.predicted], classes=texts.classes)
    confusion, names = confused(texts), names_of(texts.classes)
    assert other.accuracy == confusion.accuracy
    assert other.macro_f1 == pytest.approx(confusion.macro_f1)
    moved = [names[order.index(place)] for place in range(texts.classes)]
    assert {row.label: row for row in class_figures(other, moved)} == {
        row.label: row for row in class_figures(confusion, names)
    }


@given(predicted_texts())
def test_perfect_predictions(texts: Predicted) -> None:
    confusion = confusion_of(texts.gold, texts.gold, classes=texts.classes)
    assert (confusion.accuracy, confusion.macro_f1, confusion.within_one_accuracy) == (1, 1, 1)
    assert confusion.mean_absolute_error == 0


@given(predicted_texts())
def test_the_majority_share_is_the_accuracy_of_always_naming_the_commonest_label(texts: Predicted) -> None:
    always = [
        confusion_of(texts.gold, np.full_like(texts.gold, label), classes=texts.classes).accuracy
        for label in range(texts.classes)
    ]
    assert confused(texts).majority_share == max(always)


def test_a_confusion_by_hand() -> None:
    assert BY_HAND.accuracy == 4 / 10
    assert BY_HAND.majority_share == 4 / 10
    assert BY_HAND.mean_absolute_error == (1 + 2 + 2 + 1) / 9  # of those with a prediction
    assert BY_HAND.within_one_accuracy == (3 + 1 + 2 + 1 + 1) / 10
    assert class_figures(BY_HAND, NAMES) == [
        ClassFigures("bad", 3 / 6, 3 / 4, 2 * 3 / (6 + 4), 4),
        ClassFigures("fair", 1 / 3, 1 / 4, 2 * 1 / (3 + 4), 4),
        ClassFigures("good", None, 0.0, 0.0, 2),
    ]


def test_a_class_that_does_not_occur_is_not_in_the_mean() -> None:
    confusion = confusion_of(np.array([0, 0]), np.array([0, 0]), classes=3)
    assert confusion.macro_f1 == 1
    assert class_figures(confusion, NAMES)[2] == ClassFigures("good", None, None, None, 0)


def test_the_table_of_a_confusion() -> None:
    assert confusion_table(BY_HAND, NAMES)[1] == {
        "gold \\ predicted": "fair",
        "bad": 2,
        "fair": 1,
        "good": 0,
        "(no prediction)": 1,
    }
    assert [row["gold \\ predicted"] for row in confusion_table(BY_HAND, NAMES)] == [*NAMES]
    answered = Confusion(BY_HAND.counts * [1, 1, 1, 0])
    assert "(no prediction)" not in confusion_table(answered, NAMES)[0]


def test_the_likeliest_class_is_predicted_and_none_of_a_row_without() -> None:
    rows = np.log([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [np.nan] * 3])
    assert predictions(rows).tolist() == [1, 0, NO_PREDICTION]


def found(metrics: list[Metric]) -> dict[str, Metric]:
    rows = {metric.metric: metric for metric in metrics}
    assert len(rows) == len(metrics)
    return rows


def test_a_text_without_a_prediction_counts_as_wrong_and_each_protocol_says_so() -> None:
    logprobs = np.log([[0.5, 0.25, 0.25], [np.nan] * 3, [0.25, 0.25, 0.5]])
    rows = found(label_metrics(np.array([0, 1, 1]), logprobs, NAMES, is_ordinal=True, conditions="by hand"))
    assert rows["accuracy"].value == 1 / 3
    assert rows["within_one_accuracy"].value == 2 / 3
    assert rows["recall[fair]"].value == 0
    assert rows["support[fair]"].value == 2
    assert rows["precision[bad]"].value == 1
    for name in ("accuracy", "macro_f1", "within_one_accuracy"):
        assert "of 3 texts" in rows[name].protocol
        assert "1 without a prediction count as wrong" in rows[name].protocol
    assert rows["mean_absolute_error"].value == 1 / 2
    assert rows["nats"].value == pytest.approx(-(math.log(0.5) + math.log(0.25)) / 2)
    for name in ("mean_absolute_error", "nats", "expected_calibration_error"):
        assert "2 texts with a prediction" in rows[name].protocol
    assert all("by hand" in row.protocol for row in rows.values() if row.value is not None)


def test_nats_are_the_log_loss_of_scikit_learn() -> None:
    logprobs = random_logprobs(50, 4, seed=1)
    gold = np.random.default_rng(2).integers(4, size=50)
    rows = found(label_metrics(gold, logprobs, names_of(4), conditions=""))
    assert rows["nats"].value == pytest.approx(
        sklearn_metrics.log_loss(gold, np.exp(logprobs), labels=range(4)), rel=1e-12
    )


def test_an_impossible_gold_label_costs_infinitely_many_nats() -> None:
    rows = found(label_metrics(np.array([1]), np.array([[0.0, -np.inf]]), ["a", "b"], conditions=""))
    assert rows["nats"].value == math.inf


def test_only_labels_in_order_have_distances() -> None:
    arguments = (np.array([0, 1]), random_logprobs(2, 3, seed=0), NAMES)
    ordinal = {"mean_absolute_error", "within_one_accuracy"}
    with_order = found(label_metrics(*arguments, is_ordinal=True, conditions=""))
    assert with_order.keys() - found(label_metrics(*arguments, conditions="")).keys() == ordinal


@pytest.mark.parametrize("texts", [0, 2])
def test_what_has_no_value_says_why(texts: int) -> None:
    logprobs = np.full((texts, 3), np.nan)
    rows = found(label_metrics(np.zeros(texts, np.int64), logprobs, NAMES, is_ordinal=True, conditions=""))
    missing = {name for name, row in rows.items() if row.value is None}
    assert missing >= {"nats", "expected_calibration_error", "mean_absolute_error", "precision[bad]", "f1[fair]"}
    assert ("accuracy" in missing) == (not texts)
    assert all(rows[name].protocol.startswith("not given: ") for name in missing)


@pytest.mark.parametrize("name", ["{", "{0}", "a b", "precision", "'"])
def test_a_label_is_any_text(name: str) -> None:
    rows = found(label_metrics(np.array([0]), np.array([[0.0, -9.0]]), [name, "b"], conditions=""))
    assert rows[f"precision[{name}]"].value == 1
    assert rows["precision[b]"].value is None
