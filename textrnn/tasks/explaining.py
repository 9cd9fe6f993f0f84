"""How the label of a text came about: what the network says of the text so far, after each of its words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.engines.engine import Floats
from textrnn.engines.labeller import Labelled, Labeller
from textrnn.metrics.calibration import Logprobs
from textrnn.metrics.words import words_of
from textrnn.tasks.labelling import begin, logprobs_of, side_by_side
from textrnn.tasks.prediction import Prediction, Wanted
from textrnn.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class ExplainedWord:
    """A word, what stands between white space, and what the network says of the text up to its end.

    begin, end: the characters of the text that it is. label, probability: the likeliest so far; None where no symbol
    was read yet. change: by how much the word raises the probability of the label that the whole text has; of the first
    word from 1 / labels. attention: the weight of its symbols in the whole text, where the network has attention.
    probabilities: of every label so far.
    """

    token: str
    begin: int
    end: int
    label: str | None
    probability: float | None
    change: float
    attention: float | None
    probabilities: dict[str, float] | None


@dataclass(frozen=True)
class Explanation:
    """The prediction of a text, and its words; none where the text has no symbol.

    label: the likeliest of the whole text, which `ExplainedWord.change` is about, even where the classifier abstains.
    """

    prediction: Prediction
    label: str | None
    words: list[ExplainedWord]

    def probability_after(self, word: ExplainedWord) -> float | None:
        """How likely `label` is when one of the words has been read; None where that is no symbol yet."""
        return None if word.probabilities is None or self.label is None else word.probabilities[self.label]


@dataclass(frozen=True)
class Kept:
    """Of a batch of beginnings: their log-probabilities, and the attention (time,) of the whole text if it is there."""

    logprobs: NDArray[np.float64]
    attention: Floats | None


def explain_text(
    text: str,
    engine: Labeller,
    tokenizer: Tokenizer,
    names: Sequence[str],
    finish: Callable[[Logprobs], Logprobs],
    wanted: Wanted,
    *,
    batch_size: int,
) -> Explanation:
    """See `Classifier.explain`."""
    spans = list(tokenizer.spans(text))
    words, owners = words_of(text, [span.end for span in spans])
    counts = np.bincount(np.array(owners, np.intp), minlength=len(words))  # of the symbols of each word
    ends = np.cumsum(counts)
    logprobs, attention = read_beginnings(
        np.array([span.id for span in spans], np.int64), ends.tolist(), engine, batch_size=batch_size
    )
    logprobs = finish(logprobs)
    whole = logprobs[-1:] if len(words) else np.full((1, len(names)), np.nan)
    (prediction,) = wanted.predictions([text], whole, [tokenizer.out_of_vocabulary(text)], names)
    if np.isnan(whole).any():
        return Explanation(prediction, None, [])
    place = int(whole[0].argmax())
    course = np.exp(logprobs[:, place])
    changes = np.diff(np.nan_to_num(course, nan=1 / len(names)), prepend=1 / len(names))
    weights: Sequence[float | None] = [None] * len(words)
    if attention is not None:
        weights = np.bincount(owners, weights=attention, minlength=len(words)).tolist()
    so_far = Wanted(probs=True).predictions([word.text for word in words], logprobs, [[] for _ in words], names)
    rows = zip(words, so_far, changes.tolist(), weights, strict=True)
    return Explanation(
        prediction,
        names[place],
        [
            ExplainedWord(*word, said.label, said.probability, change, weight, said.probabilities)
            for word, said, change, weight in rows
        ],
    )


def read_beginnings(
    ids: NDArray[np.int64], ends: Sequence[int], engine: Labeller, *, batch_size: int
) -> tuple[NDArray[np.float64], Floats | None]:
    """The log-probabilities of ids[:end] for each end (ends, labels), of none NaN; and the attention to all the ids."""
    found = np.full((len(ends), engine.classes), np.nan)
    places = [place for place, end in enumerate(ends) if end]
    attention: Floats | None = None

    def keep(labelled: Labelled, members: list[int]) -> Kept:
        whole = [column for column, member in enumerate(members) if member == len(places) - 1]
        weights = None if labelled.attention is None or not whole else labelled.attention[:, whole[0]].copy()
        return Kept(logprobs_of(labelled, members), weights)

    rows = [ids[: ends[place]] for place in places]
    with side_by_side(engine, batch_size=batch_size) as pool:
        for members, future in begin(rows, engine, pool, batch_size=batch_size, keep=keep):
            kept = future.result()
            found[[places[member] for member in members]] = kept.logprobs
            attention = kept.attention if kept.attention is not None else attention
    return found, attention
