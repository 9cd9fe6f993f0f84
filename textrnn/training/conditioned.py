"""What is particular to training a language model whose texts each begin with a label or with numbers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textrnn.batch import Batch, Ids, of_like_length
from textrnn.config import ModelConfig, TextSettings
from textrnn.data import Data
from textrnn.engines.engine import Floats
from textrnn.errors import UsageError
from textrnn.metrics.metric import Metric
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchEngine
from textrnn.sequences import BegunSequences, begun_columns
from textrnn.settings import FRESH, TrainingSettings
from textrnn.tasks.conditions import Conditions
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.tokenizer import EOS, PAD, START
from textrnn.training.conditioned_corpus import read_conditioned_corpus
from textrnn.training.corpus import Corpus
from textrnn.training.defaults import ChosenSettings, architecture, by_size, with_level_defaults
from textrnn.training.epochs import Epochs
from textrnn.training.labelled_corpus import lengths_of
from textrnn.training.language_model import VALID_OVERLAP, VALID_STREAMS, as_cells, language_metrics, vocabulary_line
from textrnn.training.loop import Found, Row
from textrnn.training.position import Position
from textrnn.training.word2vec import Say, unheard
from textrnn.training.word_vectors import named_file, with_vectors

SAMPLE_TEXTS = 64
SHOWN = 3  # conditions, while it trains


class ConditionedTraining:
    """One run over texts that each begin with a vector, epoch after epoch in another order.

    settings: as chosen for this corpus. Where the batches go on is `position()`, and `go_to` returns there.
    """

    task = LanguageModel.task

    def __init__(self, corpus: Corpus, settings: ChosenSettings) -> None:
        condition = corpus.facts.condition
        assert condition is not None
        assert corpus.conditions is not None
        assert corpus.held_conditions is not None
        self.corpus, self.settings, self.condition = corpus, settings, condition
        self._given, self._held = corpus.conditions, corpus.held_conditions
        self.tokenizer = corpus.tokenizer
        self.symbol = self.tokenizer.level.symbol
        self.text = TextSettings(level=settings.level, unit=settings.unit)
        origin = corpus.facts.vectors.name if corpus.facts.vectors else ""
        self.architecture = architecture(settings, symbols=len(self.tokenizer), origin=origin, condition=condition)
        self._ids = next(corpus.ids.shards(0))
        self._lengths = lengths_of(self._ids)
        self._begins = np.cumsum(self._lengths + 1) - self._lengths - 1
        self._epochs = Epochs(self._in_order, seed=settings.seed)
        self.steps_per_epoch = float(self._epochs.steps)
        self.streams = min(settings.batch, len(self._lengths))
        self.window = min(settings.window, int(self._lengths.max()) + 1)

    @staticmethod
    def read(
        data: Data, settings: TrainingSettings, *, store: Path, further: Path, say: Say = unheard
    ) -> tuple[Corpus, ChosenSettings]:
        """Read texts with their conditions, their ids into the file `store`; and choose what the settings leave open.

        further: has no use here. say: is told what takes long.
        """
        refuse_other_ways(data, settings)
        of_level = with_level_defaults(settings).model_copy(update={"unit": "line"})
        file = named_file(of_level, streaming=False)
        corpus = read_conditioned_corpus(data, of_level, store=store)
        of_level = of_level.model_copy(update={"embedding_size": file.size}) if file else of_level
        chosen = by_size(of_level, corpus.facts.symbols or 0)
        return with_vectors(corpus, chosen, file, say), chosen

    def prepare(self, network: SequenceNetwork) -> None:
        """Nothing is particular to the loss."""

    def _vectors(self, given: NDArray[Any]) -> Floats:
        """What texts begin with as a network reads it, (texts, size): 1 for a label among zeros, or the numbers."""
        found = given[:, None] == np.arange(self.condition.size) if self.condition.labels else given
        return np.asarray(found, np.float32)

    def batches(self) -> Iterator[Batch]:
        """All texts in windows, epoch after epoch, each epoch shuffled anew."""
        return self._epochs.batches()

    def _in_order(self, order: int) -> BegunSequences:
        """An epoch."""
        return BegunSequences(
            self._ids,
            self._begins,
            self._lengths,
            lambda places: self._vectors(self._given[places]),
            count=self.settings.batch,
            steps=self.settings.window,
            start=START,
            padding=PAD,
            seed=order,
        )

    def sample(self) -> tuple[Ids, Floats]:
        """Some of the texts to learn from, cut to one length (time, batch), and what they begin with (batch, size)."""
        length = max(1, int(np.median(self._lengths)))
        long_enough = np.flatnonzero(self._lengths + 1 >= length)
        chosen = long_enough[:: max(1, len(long_enough) // SAMPLE_TEXTS)]
        ids: Ids = self._ids[self._begins[chosen] + np.arange(length)[:, None]].astype(np.int64)
        inputs = np.concatenate([np.full((1, len(chosen)), START), ids[:-1]])
        return inputs, self._vectors(self._given[chosen])

    def position(self) -> Position:
        """Where the batches go on."""
        return self._epochs.position()

    def go_to(self, position: Position) -> None:
        """Let `batches` go on there."""
        self._epochs.go_to(position)

    def validate(self, network: SequenceNetwork) -> Found:
        """Nats a target on the texts to validate on, each from what it begins with to <eos>."""
        total, count = 0.0, 0
        rows = [np.append(row, EOS) for row in self.corpus.rows]
        for members in of_like_length([len(row) for row in rows], count=VALID_STREAMS):
            inputs, targets = begun_columns([rows[place] for place in members], start=START, padding=PAD)
            vectors = torch.from_numpy(self._vectors(self._held[members])).to(network.device)
            state = network.initial_state(len(members), vectors)
            for begin in range(0, len(inputs), VALID_OVERLAP):
                now = slice(begin, begin + VALID_OVERLAP)
                hidden, state = network(torch.from_numpy(inputs[now]).to(network.device), state)
                nats, number = network.head.loss(hidden, torch.from_numpy(targets[now]).to(network.device))
                total, count = total + nats.item(), count + number
        return Found(total / count, cost=total / count)

    def labels(self, best: Row | None) -> None:
        """None: the next symbol has no other name."""

    def as_cells(self, row: Row) -> dict[str, str]:
        """The figures of an evaluation that are the task's own, for people."""
        return as_cells(row, self.symbol)

    def glimpse(self, network: SequenceNetwork, config: ModelConfig, *, symbols: int) -> str:
        """A fresh text for each of some conditions from the network as it stands."""
        model = LanguageModel(TorchEngine(network), self.tokenizer, config)
        given = self.condition.labels[:SHOWN] or [row.tolist() for row in self._held[:1]]
        return "\n".join(
            f"{name if isinstance(name, str) else 'as the first text to validate on'}: "
            + model.generate(max_tokens=symbols, seed=0, condition=name)[0].text
            for name in given
        )

    def metrics(self, best: Row) -> list[Metric]:
        """The figures of the best evaluation, with their protocol."""
        targets = sum(len(row) + 1 for row in self.corpus.rows)
        how = "each text from its condition and <start>, state not carried; with <eos>"
        return language_metrics(best, self.corpus.facts.held, targets, how=how, settings=self.settings)

    def describe(self) -> list[str]:
        """What was read, in lines for people."""
        facts = self.corpus.facts
        return [
            f"{facts.symbols:,} symbols in {facts.texts:,} texts to learn from, {facts.held.symbols:,} to validate on "
            f"({facts.held.origin})",
            f"each text begins with {self._named_conditions()}",
            vocabulary_line(self.corpus, self.settings),
            f"read in shuffled batches of {self.streams} texts of like length, at most {self.settings.window} steps at "
            "a time, the state carried on",
            *(facts.vectors.lines if facts.vectors else ()),
        ]

    def _named_conditions(self) -> str:
        """What texts begin with, for people."""
        if not self.condition.labels:
            return str(Conditions(self.condition))
        counts = np.bincount(self._given, minlength=self.condition.size)
        return "a label: " + ", ".join(
            f"{name} {count:,}" for name, count in zip(self.condition.labels, counts, strict=True)
        )


def refuse_other_ways(data: Data, settings: TrainingSettings) -> None:
    """Raise UsageError for a way to read texts that leaves none its beginning."""
    if data.condition_column and data.condition_file:
        raise UsageError("texts begin with what is in a column or in a file: --condition-column or --condition-file")
    if data.streaming:
        raise UsageError("texts that begin with a condition are read more than once: without --streaming")
    if settings.unit == "text":
        raise UsageError("each record is a text with a condition of its own: without --unit text")
    if settings.windows != "contiguous" or settings.fresh != FRESH:
        raise UsageError("texts that begin with a condition are read whole: without windows, shift and fresh")
