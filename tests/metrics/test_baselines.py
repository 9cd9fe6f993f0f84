"""The baselines on texts of which it is known what can be learnt."""

import sys

import numpy as np
import pytest

from textrnn.errors import DataError, MissingExtra
from textrnn.metrics.baselines import LabelledTexts, bag_of_words, baseline_metrics, majority


def labelled(texts: list[str], classes: list[int]) -> LabelledTexts:
    return LabelledTexts(texts, np.array(classes, np.int64))


TRAINING = labelled(
    ["a good film", "good, I say", "bad", "so bad a film", "not good", "I do not say"], [1, 1, 0, 0, 0, 0]
)
EVALUATION = labelled(["good!", "bad?", "GOOD FILM", "", "a good bad"], [1, 0, 1, 1, 0])


def test_the_figures_of_both_with_what_they_were_trained_on() -> None:
    rows = {row.metric: row for row in baseline_metrics(TRAINING, EVALUATION, classes=3, conditions="by hand")}
    assert list(rows) == ["majority_accuracy", "majority_macro_f1", "bag_of_words_accuracy", "bag_of_words_macro_f1"]
    assert rows["majority_accuracy"].value == 2 / 5
    assert rows["majority_macro_f1"].value == pytest.approx((4 / 7 + 0) / 2)
    assert rows["bag_of_words_accuracy"].value == 4 / 5  # all but the empty text
    for row in rows.values():
        assert "trained on 6 texts" in row.protocol
        assert row.protocol.endswith("by hand")


def test_words_and_pairs_of_words_are_what_is_learnt() -> None:
    assert bag_of_words(TRAINING, EVALUATION.texts).tolist() == [1, 0, 1, 0, 0]
    order = labelled(["a b", "b a"] * 3, [0, 1] * 3)
    assert bag_of_words(order, ["a b", "b a"]).tolist() == [0, 1]  # which single words do not tell


def test_three_classes_of_which_one_is_never_seen() -> None:
    training = labelled(["x", "y", "z"] * 4, [0, 1, 3] * 4)
    assert bag_of_words(training, ["z", "y", "x"]).tolist() == [3, 1, 0]


@pytest.mark.parametrize(
    ("training", "expected"),
    [(labelled(["a", "b"], [1, 1]), 1), (labelled(["!", "", "?!"], [2, 0, 2]), 2), (labelled(["a", "a"], [1, 0]), 0)],
    ids=["one label", "no words", "of equals the first"],
)
def test_what_cannot_be_told_apart_is_the_majority(training: LabelledTexts, expected: int) -> None:
    assert majority(training, ["a", "b", ""]).tolist() == [expected] * 3
    if training.texts[0] != training.texts[-1]:
        assert bag_of_words(training, ["a", "b", ""]).tolist() == [expected] * 3


def test_no_texts() -> None:
    none = labelled([], [])
    rows = baseline_metrics(TRAINING, none, classes=2, conditions="by hand")
    assert [row.value for row in rows] == [None] * 4
    assert all(row.protocol.startswith("not given: ") for row in rows)
    with pytest.raises(DataError, match="labelled texts"):
        baseline_metrics(none, EVALUATION, classes=2, conditions="")


def test_a_baseline_without_its_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textrnn.extras.find_spec", lambda package: None if package == "sklearn" else sys)
    with pytest.raises(MissingExtra, match=r"pip install 'textrnn\[eval\]'"):
        bag_of_words(TRAINING, [])
