"""Forced decoding: how likely known translations are, many at once."""

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.decoding.hypotheses import Decoding
from textrnn.engines.engine import Floats
from textrnn.engines.labeller import Padded
from textrnn.engines.translating import TranslationEngine
from textrnn.errors import ModelError
from textrnn.metrics.tokens import of_chosen, rank


def force(
    engine: TranslationEngine, sources: Padded, targets: Padded, *, ranks: bool
) -> tuple[NDArray[np.float64], Ids]:
    """Log-probability and rank of each symbol of the targets given their sources and the symbols before it.

    Both (time, batch), and arbitrary where a target is padding; ranks has no rows unasked.
    """
    logprobs = np.zeros(targets.ids.shape)
    places = np.zeros(targets.ids.shape if ranks else (0, targets.ids.shape[1]), np.int64)
    decoding = Decoding(engine, sources)
    for step, symbols in enumerate(targets.ids):
        decoding.done = targets.lengths[decoding.rows] <= step
        decoding.leave()
        rows = decoding.rows
        read = decoding.read()
        wanted = symbols[rows, None]  # (batch, 1)
        logprobs[step, rows] = of_chosen(read.logprobs, wanted)[:, 0]
        if ranks:
            places[step, rows] = rank(read.logprobs, wanted)[:, 0]
        decoding.go_on(wanted, read.state)
    return logprobs, places


def attend(engine: TranslationEngine, source: Padded, target: Ids) -> Floats:
    """The attention of each symbol of one target to those of its source, (target, source)."""
    decoding, rows = Decoding(engine, source), []
    for symbol in target:
        read = decoding.read()
        if read.attention is None:
            raise ModelError("the decoder has no attention, though config.json says so")
        rows.append(read.attention[0, 0])
        decoding.go_on(np.array([[symbol]]), read.state)
    return np.array(rows)
