"""What is particular to training a language model: its text, its batches, and what picks the best."""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from textrnn.batch import Batch, Ids, Streams, Windows, begun, of_like_length, overlapping_streams
from textrnn.config import ModelConfig, TextSettings, Unit
from textrnn.data import Data
from textrnn.errors import DataError, UsageError
from textrnn.metrics.metric import Metric
from textrnn.metrics.perplexity import perplexity
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchEngine
from textrnn.sequences import begun_columns
from textrnn.settings import TrainingSettings
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.ledger import STANDARD_INPUT
from textrnn.text.tokenizer import EOS, SPECIAL, START
from textrnn.training.corpus import Corpus, Held, read_corpus, stream_corpus, texts_of
from textrnn.training.defaults import ChosenSettings, architecture, by_size, with_level_defaults
from textrnn.training.ids import SHARD, Stored
from textrnn.training.loop import Found, Row
from textrnn.training.position import Position
from textrnn.training.word2vec import Say, unheard
from textrnn.training.word_vectors import named_file, with_vectors
from textrnn.windows import Examples, count_examples

VALID_STREAMS = 64
SAMPLE_STREAMS, SAMPLE_STEPS = 64, 128
VALID_OVERLAP = 256  # symbols read before a stream's own, so that its state has settled


class LanguageModelTraining:
    """One run over one long text: stateful, by windows of parallel streams, or by examples that are read alone.

    settings: as chosen for this corpus. Where the batches go on is `position()`, and `go_to` returns there.
    """

    task = LanguageModel.task

    def __init__(self, corpus: Corpus, settings: ChosenSettings) -> None:
        self.corpus, self.settings = corpus, settings
        self.tokenizer = corpus.tokenizer
        self.symbol = self.tokenizer.level.symbol  # of the text, for people
        self.text = TextSettings(level=settings.level, unit=settings.unit)
        origin = corpus.facts.vectors.name if corpus.facts.vectors else ""
        self.architecture = architecture(settings, symbols=len(self.tokenizer), origin=origin)
        symbols = corpus.facts.symbols or SHARD
        self._shift = settings.shift or settings.window  # of examples
        if settings.windows == "contiguous":
            self.streams = min(settings.batch, max(1, symbols // (2 * settings.window)))
            steps = symbols / (self.streams * settings.window)
        else:
            if settings.window > symbols:
                raise UsageError(f"a window of {settings.window:,} is longer than the text, {symbols:,} symbols")
            examples = count_examples(symbols, length=settings.window, shift=self._shift)
            self.streams = min(settings.batch, examples)
            steps = math.ceil(examples / self.streams)
        self.steps_per_epoch = None if corpus.facts.symbols is None else steps
        self._valid = validation(corpus.rows, unit=settings.unit)
        if not self._valid.targets:
            raise DataError(f"there is nothing to validate on in {corpus.facts.held.origin}: name a text with --valid")
        self.window = settings.window
        self._random = np.random.default_rng(settings.seed)
        self._shard = self._offset = self._order = 0
        self._windows: Windows | Examples | None = None
        self._resumed: Position | None = None

    @staticmethod
    def read(
        data: Data, settings: TrainingSettings, *, store: Path, further: Path, say: Say = unheard
    ) -> tuple[Corpus, ChosenSettings]:
        """Read texts, their ids into the file `store`; and choose what the settings leave open.

        further: has no use here. say: is told what takes long.
        """
        if data.streaming and (settings.epochs or STANDARD_INPUT in data.files):
            raise UsageError("a stream has no known end and is read again: without --epochs, and not from a pipe")
        of_level = with_level_defaults(settings)
        file = named_file(of_level, streaming=data.streaming)
        texts = texts_of(data.files, data, of_level)
        valid = texts_of([data.valid], data, of_level) if data.valid else None
        corpus = (
            stream_corpus(texts, valid, of_level)
            if data.streaming
            else read_corpus(texts, valid, of_level, store=store)
        )
        of_level = of_level.model_copy(update={"embedding_size": file.size}) if file else of_level
        chosen = by_size(of_level, corpus.facts.symbols or sys.maxsize)
        return with_vectors(corpus, chosen, file, say), chosen

    def batches(self) -> Iterator[Batch]:
        """Windows over the text, epoch after epoch, each epoch cut at another place or shuffled anew."""
        cut = self._contiguous if self.settings.windows == "contiguous" else self._examples
        for ids in self.corpus.ids.shards(self._shard):
            resumed, self._resumed = self._resumed, None
            windows = cut(ids, resumed)
            if resumed:
                windows.place, windows.continues = np.array(resumed.place), np.array(resumed.continues)
            self._windows = windows
            yield from windows
            self._windows = None
            self._shard += 1

    def _contiguous(self, ids: Stored, resumed: Position | None) -> Windows:
        """An epoch of parallel streams."""
        settings = self.settings
        self._offset = resumed.offset if resumed else int(self._random.integers(len(ids)))
        streams = Streams(ids, count=min(self.streams, len(ids)), start=START, offset=self._offset)
        return Windows(streams, steps=settings.window, end=EOS, fresh=settings.fresh, random=self._random)

    def _examples(self, ids: Stored, resumed: Position | None) -> Examples:
        """An epoch of examples that are read alone."""
        self._order = resumed.order if resumed else int(self._random.integers(2**63))
        length, shift = self.settings.window, self._shift
        return Examples(ids, length=length, shift=shift, count=self.streams, start=START, end=EOS, seed=self._order)

    def sample(self) -> tuple[Ids]:
        """Some of the text to learn from, from many places in it: (time, batch)."""
        ids = next(self.corpus.ids.shards(0))
        streams = Streams(ids, count=min(SAMPLE_STREAMS, len(ids)), start=START)
        steps = np.arange(min(SAMPLE_STEPS, streams.length))[:, None] + np.zeros(streams.count, np.int64)
        return (begun(streams.rows(steps), start=START, end=EOS),)

    def position(self) -> Position:
        """Where the batches go on."""
        if self._resumed:
            return self._resumed
        windows = self._windows
        return Position(
            shard=self._shard,
            offset=self._offset,
            order=self._order,
            place=tuple(windows.place.tolist()) if windows else (),
            continues=tuple(windows.continues.tolist()) if windows else (),
            random=self._random.bit_generator.state,
        )

    def go_to(self, position: Position) -> None:
        """Let `batches` go on there."""
        self._shard, self._resumed = position.shard, position if position.place else None
        self._random.bit_generator.state = position.random

    def prepare(self, network: SequenceNetwork) -> None:
        """Nothing is particular to the loss."""

    def validate(self, network: SequenceNetwork) -> Found:
        """Nats a target on the validation text, each target once."""
        total = 0.0
        for columns, targets in self._valid.batches:
            state = None
            for begin in range(0, len(columns), VALID_OVERLAP):
                now = slice(begin, begin + VALID_OVERLAP)
                hidden, state = network(torch.from_numpy(columns[now]).to(network.device), state)
                nats, _ = network.head.loss(hidden, torch.from_numpy(targets[now]).to(network.device))
                total += nats.item()
        mean = total / self._valid.targets
        return Found(mean, cost=mean)

    def labels(self, best: Row | None) -> None:
        """None: the next symbol has no other name."""

    def as_cells(self, row: Row) -> dict[str, str]:
        """The figures of an evaluation that are the task's own, for people."""
        return as_cells(row, self.symbol)

    def glimpse(self, network: SequenceNetwork, config: ModelConfig, *, symbols: int) -> str:
        """A fresh text from the network as it stands."""
        model = LanguageModel(TorchEngine(network), self.tokenizer, config)
        return model.generate(max_tokens=symbols, seed=0)[0].text

    def metrics(self, best: Row) -> list[Metric]:
        """The figures of the best evaluation, with their protocol."""
        valid, held = self._valid, self.corpus.facts.held
        return language_metrics(best, held, valid.targets, how=valid.protocol, settings=self.settings)

    def describe(self) -> list[str]:
        """What was read, in lines for people."""
        facts = self.corpus.facts
        lines = f" in {facts.texts:,} lines" if facts.texts and self.text.unit == "line" else ""
        much = f"{facts.symbols:,} symbols{lines}" if facts.symbols else "a stream of symbols"
        return [
            f"{much} to learn from, {facts.held.symbols:,} to validate on ({facts.held.origin})",
            vocabulary_line(self.corpus, self.settings),
            self._how_it_is_read(),
            *(facts.vectors.lines if facts.vectors else ()),
        ]

    def _how_it_is_read(self) -> str:
        """The windows, for people."""
        settings = self.settings
        if settings.windows == "contiguous":
            return f"read in {self.streams} streams, {settings.window} steps at a time, the state carried on"
        return (
            f"read in shuffled examples of {settings.window} symbols, one every {self._shift} ({settings.windows}), "
            f"each with no state before it, {self.streams} at a time"
        )


def as_cells(row: Row, symbol: str) -> dict[str, str]:
    """The figures of an evaluation that are a language model's own, for people. symbol: what one is called."""
    return {
        "perplexity": f"{perplexity(row.valid_nats, 1):.3f}",
        f"bits/{symbol}": f"{row.valid_nats / math.log(2):.3f}",
    }


def language_metrics(best: Row, held: Held, targets: int, *, how: str, settings: ChosenSettings) -> list[Metric]:
    """The figures of the best evaluation. targets: so many were predicted of what is held; how: each of them."""
    part = "" if targets == held.symbols else f"the first {targets:,} symbols of "
    protocol = f"{part}{held.origin}, {how}; {settings.precision}; {best.chosen}"
    bits = best.valid_nats * targets / math.log(2)
    why_not = "" if held.gives_back else "not given: the symbols do not give the text back"
    name = "perplexity" if settings.unit == "line" else "perplexity_without_eos"
    return [
        Metric("nats_per_symbol", best.valid_nats, protocol),
        Metric(name, perplexity(best.valid_nats, 1), protocol),
        Metric("bits_per_character", None if why_not else bits / held.characters, why_not or protocol),
        Metric("bits_per_byte", None if why_not else bits / held.bytes, why_not or protocol),
    ]


def vocabulary_line(corpus: Corpus, settings: ChosenSettings) -> str:
    """The vocabulary, for people."""
    facts, kept = corpus.facts, len(corpus.tokenizer) - len(SPECIAL)
    cut = f", {facts.left_out:,} occurrences of others are <unk>" if facts.left_out else ""
    of = f" of {facts.distinct:,} distinct" if facts.distinct else ""
    return (
        f"vocabulary: {kept:,}{of} {corpus.tokenizer.level.symbol}s (vocabulary-size "
        f"{settings.vocabulary_size or 'all'}, min-count {settings.min_count}){cut}"
    )


@dataclass(frozen=True)
class Validation:
    """What a network is validated on: inputs and targets, each (time, batch), and how many targets count."""

    batches: list[tuple[Ids, Ids]]
    targets: int
    protocol: str


def validation(rows: Sequence[Ids], *, unit: Unit) -> Validation:
    """Lines side by side, each with <eos>; or texts as one, in parallel streams that overlap."""
    if unit == "line":
        rows = [np.append(row, EOS) for row in rows]
        batches, protocol = side_by_side(rows), "each line from <start>, state not carried; with <eos>"
        return Validation(batches, sum(map(len, rows)), protocol)
    ids = np.concatenate([part for row in rows for part in (np.array([EOS]), row)][1:]) if rows else np.zeros(0, int)
    count = max(1, min(VALID_STREAMS, len(ids) // VALID_OVERLAP))
    inputs, targets = overlapping_streams(ids, count=count, start=START, overlap=VALID_OVERLAP)
    between = f" but the {len(rows) - 1:,} between texts" if len(rows) > 1 else ""
    protocol = (
        f"in {count} streams, each after {VALID_OVERLAP} symbols of context, state carried; without <eos>{between}"
    )
    return Validation([(begun(inputs, start=START, end=EOS), targets)], len(ids), protocol)


def side_by_side(rows: Sequence[Ids]) -> list[tuple[Ids, Ids]]:
    """Texts that each begin with <start>, those of like length together: inputs and targets, each (time, batch)."""
    batches = []
    for members in of_like_length([len(row) for row in rows], count=VALID_STREAMS):
        batches.append(begun_columns([rows[place] for place in members], start=START, padding=EOS))
    return batches
