"""What a label may not depend on: the texts beside it, their order, threads, the process, the engine."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from textrnn.architecture import LabelPerSequence
from textrnn.errors import MissingExtra
from textrnn.selfcheck.check import FLOAT32, Check, Figures, agreement, skipped
from textrnn.selfcheck.loading import ENGINES, as_lines, run_program
from textrnn.selfcheck.scoring import BATCH_SIZES, lines_of
from textrnn.tasks import load
from textrnn.tasks.classifier import Classifier

PRINTED = 1e-12  # a probability that was written and read again


@dataclass(frozen=True)
class Labelling:
    """A classifier and the texts that it is to read in many ways; none holds a newline."""

    model: Classifier
    texts: Sequence[str]

    @property
    def tolerance(self) -> float:
        """How far apart two ways may be: int8 is exact, unless it sums over a padded length."""
        head = self.model.config.architecture.head
        assert isinstance(head, LabelPerSequence)
        sums = {"mean", "attention"}.intersection(head.readouts)
        return 0.0 if self.model.config.precision == "int8" and not sums else FLOAT32

    @cached_property
    def usual(self) -> Figures:
        """The log-probabilities of all texts, which every other way is held to."""
        return self.figures(self.texts)

    def figures(self, texts: Sequence[str], *, batch_size: int = 64) -> Figures:
        """Of each text the log-probability of each label; none where there is no prediction."""
        rows = self.model.logprobs(texts, batch_size=batch_size)
        return [[] if np.isnan(row).any() else row.tolist() for row in rows]


def batch_size(subject: Labelling, folder: str) -> Check:
    """Any number of texts at once."""
    ways = ((f"{size} at once", subject.figures(subject.texts, batch_size=size)) for size in BATCH_SIZES)
    return agreement("batch size", subject.usual, ways, tolerance=subject.tolerance)


def order(subject: Labelling, folder: str) -> Check:
    """The same texts in other orders."""
    places = list(range(len(subject.texts)))
    orders = {"reversed": places[::-1], "shuffled": random.Random(0).sample(places, len(places))}

    def ways() -> Iterator[tuple[str, Figures]]:
        for name, turned in orders.items():
            found = subject.figures([subject.texts[place] for place in turned], batch_size=7)
            yield name, [row for _, row in sorted(zip(turned, found, strict=True))]

    return agreement("order and neighbours", subject.usual, ways(), tolerance=subject.tolerance)


def threads(subject: Labelling, folder: str) -> Check:
    """Any number of threads."""
    others = ((count, Labelling(load(folder, Classifier, threads=count), subject.texts)) for count in (1, 2))
    ways = ((f"--threads {count}", other.usual) for count, other in others)
    return agreement("threads", subject.usual, ways, tolerance=subject.tolerance)


def fresh_classify(subject: Labelling, folder: str) -> Check:
    """The program itself in a new process, with lines on standard input."""
    content = as_lines(subject.texts)
    rows = run_program("classify", folder, "-", "--probs", "--batch-size", "7", content=content)
    found = [list(row["probabilities"].values()) if row["probabilities"] else [] for row in rows]
    expected = [np.exp(row).tolist() for row in subject.figures(lines_of(content))]
    tolerance = max(PRINTED, subject.tolerance)
    return agreement("another process: classify", expected, [("from standard input", found)], tolerance=tolerance)


def engines(subject: Labelling, folder: str) -> Check:
    """PyTorch against ONNX Runtime."""
    if "model.safetensors" not in subject.model.config.parts:
        return skipped("engines", "an int8 folder has no weights for PyTorch", tolerance=ENGINES)
    try:
        other = Labelling(load(folder, Classifier, engine="torch"), subject.texts)
    except MissingExtra as error:
        return skipped("engines", str(error), tolerance=ENGINES)
    return agreement("engines", subject.usual, [("--engine torch", other.usual)], tolerance=ENGINES)


CHECKS = (batch_size, order, threads, fresh_classify, engines)
