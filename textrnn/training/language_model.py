"""What is particular to training a language model: its text, its batches, and what picks the best."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from textrnn.batch import Batch, overlapping_streams, streams, windows
from textrnn.config import Architecture, Core, LabelPerStep, Learned, OneHot, TextSettings, TrainingSettings
from textrnn.metrics.metric import Metric
from textrnn.networks.sequence import SequenceNetwork
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.tokenizer import START, UNK
from textrnn.training.corpus import read_corpus
from textrnn.training.loop import Row

VALID_STREAMS = 64
VALID_OVERLAP = 256  # symbols read before a stream's own, so that its state has settled

SIZES = ((300_000, 256, 0.5), (3_000_000, 512, 0.2), (math.inf, 512, 0.1))  # symbols below which: units, dropout


class LanguageModelTraining:
    """One stateful run over one long text, by windows of parallel streams."""

    task = LanguageModel.task
    symbol = "character"  # what a symbol of the text is, for people

    def __init__(self, files: Sequence[str], settings: TrainingSettings, *, valid: str | None, encoding: str) -> None:
        self.corpus = read_corpus(files, valid=valid, settings=settings, encoding=encoding)
        self.tokenizer = self.corpus.tokenizer
        self.text = TextSettings()
        self.settings = settings = by_size(settings, len(self.corpus.train))
        symbols = len(self.tokenizer)
        one_hot, learned = OneHot(symbols=symbols), Learned(symbols=symbols, size=settings.embedding)
        self.architecture = Architecture(
            input=one_hot if settings.input == "one-hot" else learned,
            core=Core(cell=settings.cell, units=settings.units or 0, layers=settings.layers),
            head=LabelPerStep(classes=symbols),
        )
        self.streams = min(settings.batch, max(1, len(self.corpus.train) // (2 * settings.window)))
        self.steps_per_epoch = len(self.corpus.train) / (self.streams * settings.window)
        valid_ids = self.corpus.valid[: settings.valid_symbols]
        self.valid_symbols = len(valid_ids)
        count = max(1, min(VALID_STREAMS, len(valid_ids) // VALID_OVERLAP))
        self._valid = overlapping_streams(valid_ids, count=count, start=START, overlap=VALID_OVERLAP)
        self._random = np.random.default_rng(settings.seed)

    def batches(self) -> Iterator[Batch]:
        """Windows over the text, epoch after epoch, each epoch cut into streams at another place."""
        ids = self.corpus.train
        while True:
            columns = streams(ids, count=self.streams, start=START, offset=int(self._random.integers(len(ids))))
            yield from windows(columns, steps=self.settings.window)

    def validate(self, network: SequenceNetwork) -> float:
        """Nats a symbol on the validation text: each symbol once, in parallel streams that overlap."""
        inputs, targets = (torch.from_numpy(array).to(network.device) for array in self._valid)
        state, total = None, 0.0
        for begin in range(0, len(inputs), VALID_OVERLAP):
            now = slice(begin, begin + VALID_OVERLAP)
            hidden, state = network(inputs[now], state)
            nats, _ = network.head.loss(hidden, targets[now])
            total += nats.item()
        return total / self.valid_symbols

    def metrics(self, best: Row) -> list[Metric]:
        """The figures of the best evaluation, with their protocol."""
        is_whole = self.valid_symbols == len(self.corpus.valid)
        part = "" if is_whole else f"the first {self.valid_symbols:,} symbols of "
        protocol = (
            f"{part}{self.corpus.valid_origin}, in {self._valid[0].shape[1]} streams, each after {VALID_OVERLAP} "
            f"symbols of context, state carried; without <eos>; {self.settings.precision}; the best of the run"
        )
        unknown = int((self.corpus.valid[: self.valid_symbols] == UNK).sum())
        why = f"not given: {unknown} symbols are <unk>, so the symbols do not give the text back"
        bits = best.valid_nats / math.log(2)
        return [
            Metric("nats_per_symbol", best.valid_nats, protocol),
            Metric("perplexity_without_eos", math.exp(best.valid_nats), protocol),
            Metric("bits_per_character", None, why) if unknown else Metric("bits_per_character", bits, protocol),
        ]

    def describe(self) -> list[str]:
        """What was read, in lines for people."""
        corpus, kept = self.corpus, len(self.tokenizer) - 4
        cut = f", {corpus.left_out:,} occurrences of others become <unk>" if corpus.left_out else ""
        return [
            f"{len(corpus.train):,} symbols to learn from, {len(corpus.valid):,} to validate on "
            f"({corpus.valid_origin})",
            f"vocabulary: {kept} of {corpus.distinct} distinct characters (vocabulary-size "
            f"{self.settings.vocabulary_size or 'all'}, min-count {self.settings.min_count}){cut}",
        ]


def by_size(settings: TrainingSettings, symbols: int) -> TrainingSettings:
    """The settings with what was left open chosen by the size of the text."""
    _, units, dropout = next(row for row in SIZES if symbols < row[0])
    chosen = {"units": units, "dropout": dropout}
    return settings.model_copy(
        update={name: value for name, value in chosen.items() if getattr(settings, name) is None}
    )
