"""What is particular to training a language model: its text, its batches, and what picks the best."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from textrnn.batch import (
    IGNORE,
    Batch,
    Ids,
    begun,
    of_like_length,
    overlapping_streams,
    padded_columns,
    streams,
    windows,
)
from textrnn.config import TextSettings, TrainingSettings, Unit
from textrnn.errors import DataError
from textrnn.metrics.metric import Metric
from textrnn.networks.sequence import SequenceNetwork
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.tokenizer import EOS, START, Tokenizer
from textrnn.training.corpus import read_corpus
from textrnn.training.defaults import architecture, by_size, with_level_defaults
from textrnn.training.loop import Row

VALID_STREAMS = 64
VALID_OVERLAP = 256  # symbols read before a stream's own, so that its state has settled


class LanguageModelTraining:
    """One stateful run over one long text, by windows of parallel streams."""

    task = LanguageModel.task

    def __init__(self, files: Sequence[str], settings: TrainingSettings, *, valid: str | None, encoding: str) -> None:
        of_level = with_level_defaults(settings)
        self.corpus = read_corpus(files, valid=valid, settings=of_level, encoding=encoding)
        self.tokenizer = self.corpus.tokenizer
        self.symbol = self.tokenizer.level.symbol  # of the text, for people
        self.text = TextSettings(level=of_level.level, unit=of_level.unit)
        self.settings = chosen = by_size(of_level, len(self.corpus.train))
        self.architecture = architecture(chosen, symbols=len(self.tokenizer))
        self.streams = min(chosen.batch, max(1, len(self.corpus.train) // (2 * chosen.window)))
        self.steps_per_epoch = len(self.corpus.train) / (self.streams * chosen.window)
        self._valid = validation(self.corpus.valid, self.tokenizer, most=chosen.valid_symbols, unit=self.text.unit)
        if not self._valid.targets:
            raise DataError(f"there is nothing to validate on in {self.corpus.valid_origin}: give --valid")
        self._random = np.random.default_rng(chosen.seed)

    def batches(self) -> Iterator[Batch]:
        """Windows over the text, epoch after epoch, each epoch cut into streams at another place."""
        ids, settings = self.corpus.train, self.settings
        while True:
            offset = int(self._random.integers(len(ids)))
            columns = streams(ids, count=self.streams, start=START, offset=offset)
            yield from windows(
                columns, steps=settings.window, start=START, end=EOS, fresh=settings.fresh, random=self._random
            )

    def validate(self, network: SequenceNetwork) -> float:
        """Nats a target on the validation text, each target once."""
        total = 0.0
        for columns, targets in self._valid.batches:
            state = None
            for begin in range(0, len(columns), VALID_OVERLAP):
                now = slice(begin, begin + VALID_OVERLAP)
                hidden, state = network(torch.from_numpy(columns[now]).to(network.device), state)
                nats, _ = network.head.loss(hidden, torch.from_numpy(targets[now]).to(network.device))
                total += nats.item()
        return total / self._valid.targets

    def metrics(self, best: Row) -> list[Metric]:
        """The figures of the best evaluation, with their protocol."""
        valid = self._valid
        part = "" if valid.is_whole else f"the first {valid.targets:,} symbols of "
        protocol = f"{part}{self.corpus.valid_origin}, {valid.protocol}; {self.settings.precision}; the best of the run"
        bits = best.valid_nats * valid.targets / math.log(2)
        why_not = "" if valid.gives_back else "not given: the symbols do not give the text back"
        name = "perplexity" if self.text.unit == "line" else "perplexity_without_eos"
        return [
            Metric("nats_per_symbol", best.valid_nats, protocol),
            Metric(name, math.exp(best.valid_nats), protocol),
            Metric("bits_per_character", None if why_not else bits / valid.characters, why_not or protocol),
            Metric("bits_per_byte", None if why_not else bits / valid.bytes, why_not or protocol),
        ]

    def describe(self) -> list[str]:
        """What was read, in lines for people."""
        corpus, settings, kept = self.corpus, self.settings, len(self.tokenizer) - 4
        cut = f", {corpus.left_out:,} occurrences of others are <unk>" if corpus.left_out else ""
        of = f" of {corpus.distinct:,} distinct" if corpus.distinct else ""
        lines = f" in {corpus.texts:,} lines" if self.text.unit == "line" else ""
        return [
            f"{len(corpus.train):,} symbols{lines} to learn from, {self._valid.all_targets:,} to validate on "
            f"({corpus.valid_origin})",
            f"vocabulary: {kept:,}{of} {self.symbol}s (vocabulary-size {settings.vocabulary_size or 'all'}, "
            f"min-count {settings.min_count}){cut}",
        ]


@dataclass(frozen=True)
class Validation:
    """What a network is validated on: inputs and targets, each (time, batch), and what they cover."""

    batches: list[tuple[Ids, Ids]]
    targets: int
    all_targets: int  # of the whole validation text
    characters: int
    bytes: int
    gives_back: bool  # the symbols are the text, so that it has bits a character
    protocol: str

    @property
    def is_whole(self) -> bool:
        return self.targets == self.all_targets


def validation(texts: Sequence[str], tokenizer: Tokenizer, *, most: int, unit: Unit) -> Validation:
    """The first texts, up to `most` symbols: lines side by side, or one text in parallel streams that overlap."""
    rows: list[Ids] = []
    read: list[str] = []
    room = most
    symbols = [ids.astype(np.int64) for ids in tokenizer.encode_many(texts)]
    for text, ids in zip(texts, symbols, strict=True):
        if room <= 0:
            break
        is_cut = unit == "text" and len(ids) > room
        read.append(tokenizer.decode(ids[:room].tolist()) if is_cut else text)
        rows.append(np.append(ids, EOS) if unit == "line" else ids[:room])
        room -= len(rows[-1])
    end = "\n" if unit == "line" else ""
    if unit == "line":
        batches, protocol = side_by_side(rows), "each line from <start>, state not carried; with <eos>"
    else:
        count = max(1, min(VALID_STREAMS, len(rows[0]) // VALID_OVERLAP))
        inputs, targets = overlapping_streams(rows[0], count=count, start=START, overlap=VALID_OVERLAP)
        batches = [(begun(inputs, start=START, end=EOS), targets)]
        protocol = f"in {count} streams, each after {VALID_OVERLAP} symbols of context, state carried; without <eos>"
    return Validation(
        batches,
        targets=sum(map(len, rows)),
        all_targets=sum(map(len, symbols)) + len(symbols) * (unit == "line"),
        characters=sum(len(text + end) for text in read),
        bytes=sum(len((text + end).encode(errors="surrogatepass")) for text in read),
        gives_back=all(tokenizer.gives_back(text, ids[ids != EOS]) for text, ids in zip(read, rows, strict=True)),
        protocol=protocol,
    )


def side_by_side(rows: Sequence[Ids]) -> list[tuple[Ids, Ids]]:
    """Texts that each begin with <start>, those of like length together: inputs and targets, each (time, batch)."""
    batches = []
    for members in of_like_length([len(row) for row in rows], count=VALID_STREAMS):
        targets = padded_columns([rows[place] for place in members], padding=IGNORE)
        before = np.concatenate([np.full((1, targets.shape[1]), START), targets[:-1]])
        batches.append((np.where(before == IGNORE, EOS, before), targets))
    return batches
