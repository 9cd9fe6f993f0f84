"""What a figure must beat to mean something: the commonest label, and a linear model of the words of a text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textrnn.errors import DataError
from textrnn.extras import require
from textrnn.metrics.calibration import Classes
from textrnn.metrics.labels import NOTHING, confusion_of, given
from textrnn.metrics.metric import Metric

WORD = r"\w+"  # "I" and "a" too, which scikit-learn would leave out
INVERSE_PENALTY = 10.0  # the best for SST-2 of 1, 3, 10 and 30, on texts held out of its training
MOST_FEATURES = 2**19  # words and pairs of words, the commonest
ITERATIONS = 1_000


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Texts and the class of each (texts,)."""

    texts: Sequence[str]
    classes: Classes


def baseline_metrics(
    training: LabelledTexts, evaluation: LabelledTexts, *, classes: int, conditions: str, seed: int = 0
) -> list[Metric]:
    """Accuracy and macro-F1 of both baselines on the evaluation texts. conditions: what these are, in words."""
    trained = f"trained on {len(training.texts):,} texts"
    metrics = []
    for name, says, predicted in (
        ("majority", f"always the commonest label; {trained}", majority(training, evaluation.texts)),
        (
            "bag_of_words",
            f"logistic regression on tf-idf of words and pairs of words; {trained}",
            bag_of_words(training, evaluation.texts, seed=seed),
        ),
    ):
        confusion = confusion_of(evaluation.classes, predicted, classes=classes)
        for figure, value in (("accuracy", confusion.accuracy), ("macro_f1", confusion.macro_f1)):
            metrics.append(given(f"{name}_{figure}", value, f"{says}; {conditions}", otherwise=NOTHING))
    return metrics


def majority(training: LabelledTexts, texts: Sequence[str]) -> Classes:
    """The commonest training class, of equals the first, for every text."""
    if not len(training.classes):
        raise DataError("baselines learn from labelled texts, and there are none: give the training file")
    return np.full(len(texts), np.bincount(training.classes).argmax(), np.int64)


def bag_of_words(training: LabelledTexts, texts: Sequence[str], *, seed: int = 0) -> Classes:
    """What logistic regression on words and pairs of words predicts; the majority where it has nothing to learn."""
    require("eval", "a baseline")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(training.classes)) < 2 or not any(re.search(WORD, text) for text in training.texts):
        return majority(training, texts)
    words = TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_FEATURES)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=ITERATIONS, random_state=seed)
    model.fit(words.fit_transform(training.texts), training.classes)
    if not texts:
        return np.empty(0, np.int64)
    return np.asarray(model.predict(words.transform(texts)), np.int64)
