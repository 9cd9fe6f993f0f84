"""The interface between a network that labels whole sequences and what uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids, padded_columns
from textrnn.engines.engine import Floats
from textrnn.text.tokenizer import PAD


@dataclass(frozen=True)
class Padded:
    """Sequences side by side: ids (time, batch), and how long each is (batch,), at least 1."""

    ids: Ids
    lengths: Ids

    @classmethod
    def of(cls, rows: Sequence[NDArray[np.integer]]) -> "Padded":
        return cls(padded_columns(rows, padding=PAD), np.array([len(row) for row in rows], np.int64))


@dataclass(frozen=True)
class Labelled:
    """Log-probabilities, natural: (batch, classes); the weight of each step (time, batch), if there is attention."""

    logprobs: Floats
    attention: Floats | None


class Labeller(Protocol):
    """A network that labels whole sequences; it remembers nothing."""

    classes: int
    workers: int  # how many calls of `run` are worth making side by side, from as many threads

    def run(self, batch: Padded) -> Labelled:
        """The labels of each sequence."""
