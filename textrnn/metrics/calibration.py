"""Whether probabilities can be believed, and the one number that mends them (Guo et al., 2017).

A classifier is calibrated if of the texts that it labels with probability 0.8 eight in ten are right. Networks are too
sure of themselves; dividing their log-probabilities by a temperature above 1 and normalising anew makes them less so,
and leaves which label is the likeliest as it was.
"""

import math

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.int64]
Logprobs = NDArray[np.float64]

BINS = 15
COLDEST, HOTTEST = 0.1, 10.0  # where all are right or most are wrong, the likelihood has its maximum at 0 or infinity
HALVINGS = 40
LEAST = -1e4  # stands for the logarithm of 0, which no temperature would change


def expected_calibration_error(gold: Classes, logprobs: Logprobs, *, bins: int = BINS) -> float | None:
    """The mean distance of confidence and accuracy over bins of equal width, each by its texts; None of no text.

    gold: (texts,), logprobs: (texts, classes), natural; a row of NaN has no prediction and is left out.
    """
    answered = ~np.isnan(logprobs).any(1)
    gold, logprobs = gold[answered], logprobs[answered]
    if not len(gold):
        return None
    confidence = np.exp(logprobs.max(1))
    excess = confidence - (logprobs.argmax(1) == gold)
    places = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.int64)  # a bin holds its upper edge
    return float(np.abs(np.bincount(places, weights=excess, minlength=bins)).sum() / len(gold))


def at_temperature(logprobs: Logprobs, temperature: float) -> Logprobs:
    """Log-probabilities (…, classes) divided by the temperature and normalised; a row of NaN stays one."""
    scaled = logprobs.astype(np.float64) / temperature
    scaled -= scaled.max(-1, keepdims=True)
    return np.asarray(scaled - np.log(np.exp(scaled).sum(-1, keepdims=True)))


def fit_temperature(logprobs: Logprobs, gold: Classes) -> float:
    """The temperature between COLDEST and HOTTEST at which the gold classes (texts,) are likeliest.

    1 where it makes no difference. The negative log-likelihood is convex in 1 / temperature, so that the sign of its
    slope says on which side the minimum is.
    """
    answered = ~np.isnan(logprobs).any(1)
    values = np.maximum(logprobs[answered].astype(np.float64), LEAST)
    excess = values - np.take_along_axis(values, gold[answered, None], 1)  # over the gold class
    if not excess.any():
        return 1.0
    low, high = math.log(COLDEST), math.log(HOTTEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        slope = (np.exp(at_temperature(excess, math.exp(middle))) * excess).sum()  # by 1 / temperature
        low, high = (middle, high) if slope > 0 else (low, middle)
    return math.exp((low + high) / 2)
