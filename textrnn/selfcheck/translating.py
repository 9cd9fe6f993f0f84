"""What a translation may not depend on, and that its score and its attention are what they are said to be."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from textrnn.batch import Ids
from textrnn.decoding.beam import Beam, search
from textrnn.decoding.forcing import force
from textrnn.decoding.hypotheses import Hypothesis
from textrnn.engines.labeller import Padded
from textrnn.errors import MissingExtra
from textrnn.selfcheck.check import FLOAT32, Check, Figures, agreement, scored, skipped
from textrnn.selfcheck.loading import ENGINES, as_lines, run_program
from textrnn.selfcheck.scoring import BATCH_SIZES, lines_of
from textrnn.tasks import load
from textrnn.tasks.translation import Translation, Wanted
from textrnn.tasks.translator import Translator

PRINTED = 1e-12  # a mean that was added up in another order, or written and read again
BEAM = 5
AT_ONCE = 7  # texts whose hypotheses are looked at one by one


@dataclass(frozen=True)
class Translating:
    """A translator and the texts that it is to read in many ways; none holds a newline."""

    model: Translator
    texts: Sequence[str]

    @property
    def tolerance(self) -> float:
        """How far apart two ways may be: int8 is exact, unless attention sums over a padded length."""
        is_exact = self.model.config.precision == "int8" and not self.model.has_attention
        return PRINTED if is_exact else FLOAT32

    @cached_property
    def translations(self) -> Sequence[Translation]:
        """Those of all texts, which every other way is held to."""
        return list(self.model.translate(self.texts))

    @cached_property
    def usual(self) -> Figures:
        """The figures of all texts, which every other way is held to."""
        return self.figures(range(len(self.texts)))

    def figures(self, places: Sequence[int], *, model: Translator | None = None, batch_size: int = 64) -> Figures:
        """Of the texts at these places what a translator, else this one, says: made anew, and of known translations.

        First the rank of the translation made, and then the log-probability of each token of the usual one.
        """
        model = model or self.model
        made = model.translate([self.texts[place] for place in places], batch_size=batch_size)
        pairs = [(self.texts[place], self.translations[place].translation) for place in places]
        known = scored(model.score(pairs, per_token=True, batch_size=batch_size))
        return [rank(found) + row for found, row in zip(made, known, strict=True)]

    def hypotheses(self) -> Iterator[list[tuple[Ids, Hypothesis]]]:
        """Sources, each with every hypothesis that the search ends with, some texts at a time."""
        model = self.model
        sources = [source for source in model.source_tokenizer.encode_many(self.texts) if len(source)]
        for begin in range(0, len(sources), AT_ONCE):
            group = [source.astype(np.int64) for source in sources[begin : begin + AT_ONCE]]
            padded = Padded.of(group)
            longest = Wanted().longest(padded.lengths)
            found = search(
                model.engine, padded, beam=Beam(BEAM), longest=longest, count=BEAM, attention=model.has_attention
            )
            yield [(source, made) for source, several in zip(group, found, strict=True) for made in several]


def rank(made: Translation) -> list[float]:
    """What it was ranked by, but for a constant: of two that are as good it is no matter which was made."""
    return [] if made.score is None else [made.score / (5 + len(made.tokens))]  # as decoding.beam.Beam divides


def batch_size(subject: Translating, folder: str) -> Check:
    """Any number of texts at once."""
    every = range(len(subject.texts))
    ways = ((f"{size} at once", subject.figures(every, batch_size=size)) for size in BATCH_SIZES)
    return agreement("batch size", subject.usual, ways, tolerance=subject.tolerance)


def order(subject: Translating, folder: str) -> Check:
    """The same texts in other orders."""
    places = list(range(len(subject.texts)))
    orders = {"reversed": places[::-1], "shuffled": random.Random(0).sample(places, len(places))}

    def ways() -> Iterator[tuple[str, Figures]]:
        for name, turned in orders.items():
            found = subject.figures(turned, batch_size=7)
            yield name, [row for _, row in sorted(zip(turned, found, strict=True))]

    return agreement("order and neighbours", subject.usual, ways(), tolerance=subject.tolerance)


def beam_scores(subject: Translating, folder: str) -> Check:
    """What the search says of every hypothesis against what reading it says, per token."""
    said: Figures = []
    found: Figures = []
    for group in subject.hypotheses():
        sources, targets = (
            Padded.of(rows) for rows in zip(*((s, np.array(made.ids)) for s, made in group), strict=True)
        )
        logprobs, _ = force(subject.model.engine, sources, targets, ranks=False)
        for column, (_, made) in enumerate(group):
            said.append([made.logprob / len(made.ids)])
            found.append([float(logprobs[: len(made.ids), column].mean())])
    ways = [(f"the scores of beam {BEAM}", said)]
    return agreement("search = forced decoding", found, ways, tolerance=subject.tolerance)


def attention_rows(subject: Translating, folder: str) -> Check:
    """The weights that each symbol gives to its source."""
    if not subject.model.has_attention:
        return skipped("attention sums to 1", "this model has no attention", tolerance=FLOAT32)
    sums = [
        made.attention.sum(1, dtype=np.float64).tolist()
        for group in subject.hypotheses()
        for _, made in group
        if made.attention is not None
    ]
    ones = [[1.0] * len(row) for row in sums]
    return agreement("attention sums to 1", ones, [("each symbol's", sums)], tolerance=FLOAT32)


def threads(subject: Translating, folder: str) -> Check:
    """Any number of threads."""
    every = range(len(subject.texts))
    others = ((count, load(folder, Translator, threads=count)) for count in (1, 2))
    ways = ((f"--threads {count}", subject.figures(every, model=other)) for count, other in others)
    return agreement("threads", subject.usual, ways, tolerance=subject.tolerance)


def fresh_translate(subject: Translating, folder: str) -> Check:
    """The program itself in a new process, with lines on standard input."""
    content = as_lines(subject.texts)
    lines = replace(subject, texts=lines_of(content))
    rows = run_program("translate", folder, "-", "--batch-size", "7", content=content)
    expected = [rank(made) for made in lines.translations]
    said = (replace(made, score=row["score"]) for row, made in zip(rows, lines.translations, strict=False))
    same = (row["translation"] == made.translation for row, made in zip(rows, lines.translations, strict=False))
    found = [rank(made) if is_same else [math.inf] for made, is_same in zip(said, same, strict=True)]
    ways = [("from standard input", found)]
    return agreement("another process: translate", expected, ways, tolerance=subject.tolerance)


def engines(subject: Translating, folder: str) -> Check:
    """PyTorch against ONNX Runtime."""
    if "model.safetensors" not in subject.model.config.parts:
        return skipped("engines", "an int8 folder has no weights for PyTorch", tolerance=ENGINES)
    try:
        other = load(folder, Translator, engine="torch")
    except MissingExtra as error:
        return skipped("engines", str(error), tolerance=ENGINES)
    found = subject.figures(range(len(subject.texts)), model=other)
    return agreement("engines", subject.usual, [("--engine torch", found)], tolerance=ENGINES)


CHECKS = (batch_size, order, beam_scores, attention_rows, threads, fresh_translate, engines)
