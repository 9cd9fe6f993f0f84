"""A classifier: a label for each whole text, with its probability."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from textrnn.architecture import LabelPerSequence
from textrnn.config import Labels, ModelConfig
from textrnn.engines.labeller import Labeller
from textrnn.errors import ModelError, UsageError
from textrnn.metrics.calibration import at_temperature
from textrnn.tasks.explaining import Explanation, explain_text
from textrnn.tasks.grouping import groups, one_or_many
from textrnn.tasks.labelling import Batches, Row, begin, logprobs_of, side_by_side
from textrnn.tasks.prediction import Prediction, Wanted
from textrnn.text.tokenizer import SURROGATE, UNK, OutOfVocabulary, Tokenizer

RECORDS_AT_ONCE, CHARACTERS_AT_ONCE = 8192, 2**22  # sorted by length together
BATCH = 128


@dataclass(frozen=True)
class Begun:
    """Texts whose labels are being computed. places: of those with symbols, which alone the batches count."""

    texts: Sequence[str]
    rows: list[Row]
    places: list[int]
    batches: Batches[NDArray[np.float64]]


class Classifier:
    """A trained classifier."""

    task: ClassVar[str] = "classifier"
    head: ClassVar[type] = LabelPerSequence

    def __init__(
        self,
        engine: Labeller,
        tokenizer: Tokenizer,
        config: ModelConfig,
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """groups: labels that are put together under a new name, see `merged`."""
        if config.labels is None:
            raise ModelError("config.json names no labels")
        self.engine, self.tokenizer, self.config = engine, tokenizer, config
        self.labels = config.labels if groups is None else merged_labels(config.labels, groups)
        own = config.labels.names
        head = config.architecture.head
        self.has_attention = isinstance(head, LabelPerSequence) and "attention" in head.readouts
        self._members = [[own.index(label) for label in group] for group in groups.values()] if groups else None

    def merged(self, groups: Mapping[str, Sequence[str]]) -> "Classifier":
        """The same classifier with fewer labels: each the sum of some of its own, the others left out.

        >>> import textrnn
        >>> model = textrnn.load("sentiment")
        >>> both = model.merged({"bad": ["very negative", "negative"], "good": ["positive", "very positive"]})
        >>> [prediction.label for prediction in both.classify(["A wonderful, moving film.", "Dull and far too long."])]
        ['good', 'bad']
        """
        return Classifier(self.engine, self.tokenizer, self.config, groups)

    def classify(
        self,
        texts: str | Iterable[str],
        *,
        labels: int | None = None,
        probs: bool = False,
        abstain_below: float = 0.0,
        batch_size: int = BATCH,
    ) -> Iterator[Prediction]:
        """The label of a text or of each, in order; memory does not grow with their number.

        labels: how many to rank, in the field `labels`. probs: fill `probabilities`. abstain_below: no label where the
        likeliest is less probable than this. A text's label does not depend on its neighbours or on batch_size.
        """
        wanted = Wanted(labels, probs, abstain_below)
        wanted.check(self.labels.names)
        if batch_size < 1:
            raise UsageError(f"batch-size must be 1 or more, not {batch_size}")
        return self._classify(one_or_many(texts), wanted, batch_size)

    def _classify(self, texts: Iterable[str], wanted: Wanted, batch_size: int) -> Iterator[Prediction]:
        """While the network reads a group, the next is taken and encoded, and the one before is put to use."""
        begun: Begun | None = None
        with side_by_side(self.engine, batch_size=batch_size) as pool:
            for group in groups(texts, records=RECORDS_AT_ONCE, characters=CHARACTERS_AT_ONCE):
                following = self._begin(group, pool, batch_size)
                if begun:
                    yield from self._predictions(begun, wanted)
                begun = following
            if begun:
                yield from self._predictions(begun, wanted)

    def logprobs(self, texts: Sequence[str], *, batch_size: int = BATCH) -> NDArray[np.float64]:
        """The natural log-probability of each label for each text (texts, labels); NaN for a text without symbols."""
        with side_by_side(self.engine, batch_size=batch_size) as pool:
            return self._logprobs(self._begin(texts, pool, batch_size))

    def explain(
        self, text: str, *, labels: int | None = None, probs: bool = False, abstain_below: float = 0.0
    ) -> Explanation:
        """The label of a text, and how it came about: after each word what the network says of the text so far.

        labels, probs, abstain_below: see `classify`. The network reads the text anew up to each word: the time grows
        with the square of the text's length, the memory does not.
        """
        wanted = Wanted(labels, probs, abstain_below)
        wanted.check(self.labels.names)
        names = self.labels.names
        return explain_text(text, self.engine, self.tokenizer, names, self._finish, wanted, batch_size=BATCH)

    def _begin(self, texts: Sequence[str], pool: ThreadPoolExecutor, batch_size: int) -> Begun:
        """Encode texts, and let the engine begin with them."""
        rows: list[Row] = list(self.tokenizer.encode_many(texts))
        places = [place for place, row in enumerate(rows) if len(row)]
        readable = rows if len(places) == len(rows) else [rows[place] for place in places]
        return Begun(texts, rows, places, begin(readable, self.engine, pool, batch_size=batch_size, keep=logprobs_of))

    def _logprobs(self, begun: Begun) -> NDArray[np.float64]:
        """Of each label for each text, as soon as it is there."""
        found = np.full((len(begun.places), self.engine.classes), np.nan)
        for members, logprobs in begun.batches:
            found[members] = logprobs.result()
        every = np.full((len(begun.rows), len(self.labels.names)), np.nan)
        every[begun.places] = self._finish(found)
        return every

    def _finish(self, logprobs: NDArray[np.float64]) -> NDArray[np.float64]:
        """The network's log-probabilities at the temperature, of labels that are merged their sum."""
        logprobs = at_temperature(logprobs, self.labels.temperature)
        return logprobs if self._members is None else summed(logprobs, self._members)

    def _predictions(self, begun: Begun, wanted: Wanted) -> Iterable[Prediction]:
        return wanted.predictions(begun.texts, self._logprobs(begun), self._lacking(begun), self.labels.names)

    def _lacking(self, begun: Begun) -> Iterator[list[OutOfVocabulary]]:
        """What the vocabulary lacks of each text."""
        lengths = [len(row) for row in begun.rows]
        owners = np.repeat(np.arange(len(lengths)), lengths)
        unknown = set(owners[np.concatenate(begun.rows) == UNK].tolist())
        for place, text in enumerate(begun.texts):
            is_lacking = place in unknown or SURROGATE.search(text)
            yield self.tokenizer.out_of_vocabulary(text) if is_lacking else []


def merged_labels(labels: Labels, groups: Mapping[str, Sequence[str]]) -> Labels:
    """The labels that groups of some make; UsageError where one is none of them, or in two groups.

    They are in order where the groups run from the lowest to the highest of labels that are.
    """
    seen: list[str] = []
    for label in (label for group in groups.values() for label in group):
        if label not in labels.names:
            raise UsageError(f"there is no label {label!r} to merge; there are: {', '.join(labels.names)}")
        if label in seen:
            raise UsageError(f"the label {label!r} is merged twice")
        seen.append(label)
    if len(groups) < 2 or not all(groups.values()):
        raise UsageError("labels are merged into two groups or more, each of some")
    places = [place for group in groups.values() for place in sorted(map(labels.names.index, group))]
    is_ordinal = labels.is_ordinal and places == sorted(places)
    return labels.model_copy(update={"names": tuple(groups), "is_ordinal": is_ordinal})


def summed(logprobs: NDArray[np.float64], members: list[list[int]]) -> NDArray[np.float64]:
    """The log-probability of each group of labels, of those in any group: (texts, groups)."""
    sums = np.stack([np.logaddexp.reduce(logprobs[:, group], axis=1) for group in members], axis=1)
    return np.asarray(sums - np.logaddexp.reduce(sums, axis=1)[:, None])
