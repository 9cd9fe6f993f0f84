"""A classifier: a label for each whole text, with its probability."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import of_like_length
from textrnn.config import LabelPerSequence, Labels, ModelConfig
from textrnn.engines.engine import MANY
from textrnn.engines.labeller import Labeller, Padded
from textrnn.errors import ModelError, UsageError
from textrnn.metrics.calibration import at_temperature
from textrnn.tasks.scoring import groups
from textrnn.text.tokenizer import OutOfVocabulary, Tokenizer

RECORDS_AT_ONCE, CHARACTERS_AT_ONCE = 8192, 2**22  # sorted by length together
BATCH = 128


@dataclass(frozen=True)
class LabelProbability:
    """A label and how likely it is."""

    label: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of a text.

    label, probability: the likeliest; both None where the text has no symbol at all, and label alone where the
    classifier abstains. ranked: the likeliest labels, as many as were asked for. probabilities: of every label, where
    they were asked for. oov: what the vocabulary lacks of the text.
    """

    text: str
    label: str | None
    probability: float | None
    ranked: list[LabelProbability]
    probabilities: dict[str, float] | None
    oov: list[OutOfVocabulary]


class Classifier:
    """A trained classifier."""

    task: ClassVar[str] = "classifier"
    head: ClassVar[type] = LabelPerSequence

    def __init__(self, engine: Labeller, tokenizer: Tokenizer, config: ModelConfig) -> None:
        if config.labels is None:
            raise ModelError("config.json names no labels")
        self.engine, self.tokenizer, self.config = engine, tokenizer, config
        self.labels: Labels = config.labels

    def classify(
        self,
        texts: str | Iterable[str],
        *,
        labels: int = 1,
        probs: bool = False,
        abstain_below: float = 0.0,
        batch_size: int = BATCH,
    ) -> Iterator[Prediction]:
        """The label of a text or of each, in order; memory does not grow with their number.

        labels: how many to rank. probs: fill `probabilities`. abstain_below: no label where the likeliest is less
        probable than this. A text's label does not depend on its neighbours or on batch_size.
        """
        if not 1 <= labels <= len(self.labels.names):
            raise UsageError(f"labels must be from 1 to {len(self.labels.names)}, not {labels}")
        if not 0 <= abstain_below <= 1:
            raise UsageError(f"abstain-below is a probability, from 0 to 1, not {abstain_below}")
        if batch_size < 1:
            raise UsageError(f"batch-size must be 1 or more, not {batch_size}")
        return self._classify(one_or_many(texts), labels, probs, abstain_below, batch_size)

    def _classify(
        self, texts: Iterable[str], labels: int, probs: bool, abstain_below: float, batch_size: int
    ) -> Iterator[Prediction]:
        names = self.labels.names
        for group in groups(texts, records=RECORDS_AT_ONCE, characters=CHARACTERS_AT_ONCE):
            logprobs = self.logprobs(group, batch_size=batch_size)
            for text, row in zip(group, logprobs, strict=True):
                oov = self.tokenizer.out_of_vocabulary(text)
                if np.isnan(row[0]):
                    yield Prediction(text, None, None, [], None, oov)
                    continue
                probabilities = np.exp(row).tolist()
                order = np.argsort(-row, kind="stable")[:labels].tolist()
                ranked = [LabelProbability(names[index], probabilities[index]) for index in order]
                likeliest = ranked[0]
                label = likeliest.label if likeliest.probability >= abstain_below else None
                found = dict(zip(names, probabilities, strict=True)) if probs else None
                yield Prediction(text, label, likeliest.probability, ranked, found, oov)

    def logprobs(self, texts: Sequence[str], *, batch_size: int = BATCH) -> NDArray[np.float64]:
        """The natural log-probability of each label for each text (texts, labels); NaN for a text without symbols."""
        rows = [row.astype(np.int64) for row in self.tokenizer.encode_many(texts)]
        found = np.full((len(rows), len(self.labels.names)), np.nan)
        places = [place for place, row in enumerate(rows) if len(row)]
        batches = of_like_length([len(rows[place]) for place in places], count=batch_size)
        members = [[places[index] for index in batch] for batch in batches]

        def run(batch: list[int]) -> NDArray[np.float32]:
            return self.engine.run(Padded.of([rows[place] for place in batch])).logprobs

        with ThreadPoolExecutor(self.engine.workers if batch_size >= MANY else 1) as pool:
            for batch, logprobs in zip(members, pool.map(run, members), strict=True):
                found[batch] = at_temperature(logprobs.astype(np.float64), self.labels.temperature)
        return found


def one_or_many(texts: str | Iterable[str]) -> Iterable[str]:
    """A text alone as the only one."""
    return [texts] if isinstance(texts, str) else texts
