"""Labels of sentiment as two, negative and positive: very negative is negative, and what is neither is left out."""

from collections.abc import Iterable, Sequence

import numpy as np

from textrnn.metrics.calibration import Logprobs, at_temperature
from textrnn.metrics.labels import predictions
from textrnn.text.labelled import LabelledTexts

POLARITIES = ("negative", "positive")


def polarity(label: str) -> str | None:
    """That of a label, such as `positive` or `very positive`; None for one that has none, such as `neutral`."""
    last = label.rpartition(" ")[2]
    return last if last in POLARITIES else None


def polar(files: Iterable[str]) -> list[tuple[str, str]]:
    """The texts of labelled records with their polarity; those that have none are left out."""
    found = ((record.text, polarity(record.label)) for record in LabelledTexts(list(files)))
    return [(text, label) for text, label in found if label]


def polar_logprobs(logprobs: Logprobs, names: Sequence[str]) -> Logprobs:
    """P(negative) and P(positive), each the sum over its labels, given one of the two: logarithms (texts, 2)."""
    of_each = [[place for place, name in enumerate(names) if polarity(name) == each] for each in POLARITIES]
    if not all(of_each):
        raise SystemExit(f"labels without negative and positive ones: {', '.join(names)}")
    with np.errstate(invalid="ignore"):  # of a text without symbols
        sums = [np.logaddexp.reduce(logprobs[:, places], axis=1) for places in of_each]
    return at_temperature(np.stack(sums, axis=1), 1)


def as_polarities(logprobs: Logprobs, names: Sequence[str]) -> list[str]:
    """Negative or positive; nothing for a text without symbols."""
    return ["" if place < 0 else POLARITIES[place] for place in predictions(polar_logprobs(logprobs, names))]
