"""What is particular to training a translator: its pairs, its batches, and what picks the best."""

import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from textrnn.batch import IGNORE, Batch, Ids, of_like_length, padded_columns
from textrnn.config import ModelConfig, TextSettings
from textrnn.data import Data
from textrnn.engines.labeller import Padded
from textrnn.errors import UsageError
from textrnn.metrics.metric import Metric
from textrnn.metrics.translation import bleu, corpus_bleu
from textrnn.networks.decoder import DecoderHead
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchTranslator
from textrnn.sequences import PairSequences
from textrnn.settings import TrainingSettings
from textrnn.tasks.translator import Translator
from textrnn.text.tokenizer import EOS, PAD, SPECIAL
from textrnn.training.corpus import Corpus
from textrnn.training.defaults import ChosenSettings, for_translator, translator_architecture, with_level_defaults
from textrnn.training.epochs import Epochs
from textrnn.training.loop import Found, Row
from textrnn.training.parallel_corpus import left_out_of, read_parallel_corpus, sides_of
from textrnn.training.position import Position
from textrnn.training.word2vec import Say, unheard

VALID_BATCH = 64
MOST_TRANSLATED = 2_000  # pairs whose sources are translated at each evaluation, the first
SAMPLE_PAIRS = 64
SHOWN = 3  # pairs, while it trains
RISING = 5  # epochs in which the share of guessed symbols rises to its height


class TranslatorTraining:
    """One run over pairs, epoch after epoch in another order.

    settings: as chosen for this corpus. Where the batches go on is `position()`, and `go_to` returns there.
    """

    task = Translator.task

    def __init__(self, corpus: Corpus, settings: ChosenSettings) -> None:
        facts = corpus.facts.pairs
        assert facts is not None
        assert corpus.references is not None
        self.corpus, self.settings, self.facts, self.references = corpus, settings, facts, corpus.references
        self.tokenizer = corpus.tokenizer
        self.source_tokenizer = corpus.source_tokenizer or corpus.tokenizer
        self.symbol = self.tokenizer.level.symbol
        self.text = TextSettings(level=settings.level, unit="line")
        self.architecture = translator_architecture(
            settings, source_symbols=len(self.source_tokenizer), symbols=len(self.tokenizer)
        )
        self._ids = next(corpus.ids.shards(0))
        self._begins, self._lengths = sides_of(self._ids)
        self._epochs = Epochs(self._in_order, seed=settings.seed)
        self._head: DecoderHead | None = None
        self.steps_per_epoch = float(self._epochs.steps)
        self.streams = max(1, round(self._lengths.shape[1] / self.steps_per_epoch))
        self.window = max(1, round(float(self._lengths.mean())))

    @staticmethod
    def read(
        data: Data, settings: TrainingSettings, *, store: Path, further: Path, say: Say = unheard
    ) -> tuple[Corpus, ChosenSettings]:
        """Read pairs, their ids into the file `store`; and choose what the settings leave open."""
        if data.streaming:
            raise UsageError("a translator reads its pairs more than once: without --streaming")
        of_level = with_level_defaults(settings, task=Translator.task)
        chosen = for_translator(of_level)
        if chosen.metric == "bleu":
            bleu()  # what is missing is found before the work
        return read_parallel_corpus(data, of_level, store=store), chosen

    def prepare(self, network: SequenceNetwork) -> None:
        """What the settings say of the loss."""
        assert isinstance(network.head, DecoderHead)
        self._head = network.head
        network.head.labels.smoothing = self.settings.label_smoothing

    def batches(self) -> Iterator[Batch]:
        """All pairs, epoch after epoch, each epoch shuffled anew."""
        for batch in self._epochs.batches():
            if self._head is not None:
                self._head.guessed = self.settings.scheduled_sampling * min(1.0, self._epochs.behind / RISING)
            yield batch

    def _in_order(self, order: int) -> PairSequences:
        """An epoch."""
        return PairSequences(
            self._ids,
            self._begins,
            self._lengths,
            count=self.settings.batch,
            symbols=self.settings.batch_symbols,
            padding=PAD,
            seed=order,
        )

    def sample(self) -> tuple[Ids, Ids]:
        """Some of the pairs to learn from, sources cut to one length and targets to another: (time, batch) each."""
        source, target = (int(length) for length in np.median(self._lengths, axis=1))
        long_enough = np.flatnonzero((self._lengths[0] >= source) & (self._lengths[1] >= target))
        chosen = long_enough[:: max(1, len(long_enough) // SAMPLE_PAIRS)]
        inputs, targets = (
            self._ids[begins[chosen] + np.arange(length)[:, None]].astype(np.int64)
            for begins, length in zip(self._begins, (source, target), strict=True)
        )
        return inputs, targets

    def position(self) -> Position:
        """Where the batches go on."""
        return self._epochs.position()

    def go_to(self, position: Position) -> None:
        """Let `batches` go on there."""
        self._epochs.go_to(position)

    @cached_property
    def _valid(self) -> list[tuple[Padded, Ids]]:
        """The pairs to validate on in batches: sources, and the symbols of targets (time, batch), IGNORE below."""
        sources, targets = self.corpus.rows[::2], self.corpus.rows[1::2]
        found = []
        for members in of_like_length([len(row) for row in sources], count=VALID_BATCH):
            ended = [np.append(targets[place], EOS) for place in members]
            found.append((Padded.of([sources[place] for place in members]), padded_columns(ended, padding=IGNORE)))
        return found

    def validate(self, network: SequenceNetwork) -> Found:
        """Nats a symbol of the targets, and BLEU of greedy translations."""
        nats, count = 0.0, 0
        for source, targets in self._valid:
            lengths = torch.from_numpy(source.lengths).to(network.device)
            output, _ = network(torch.from_numpy(source.ids).to(network.device), lengths=lengths)
            cost, number = network.head.loss(output, torch.from_numpy(targets).to(network.device), lengths)
            nats, count = nats + float(cost), count + number
        mean = nats / count
        if not math.isfinite(mean):
            return Found(mean, mean)
        if self.settings.metric == "loss":
            return Found(mean, mean)
        score = corpus_bleu(self._translated(network), [target for _, target in self._measured])
        return Found(mean, -score, {"bleu": score})

    @property
    def _measured(self) -> list[tuple[str, str]]:
        """The pairs that translations are measured on."""
        return self.references[:MOST_TRANSLATED]

    def _translated(self, network: SequenceNetwork) -> list[str]:
        """What a network makes of the sources to validate on."""
        model = self._model(network, ModelConfig(task=self.task, architecture=self.architecture, text=self.text))
        sources = [source for source, _ in self._measured]
        return [found.translation for found in model.translate(sources, beam=1)]

    def _model(self, network: SequenceNetwork, config: ModelConfig) -> Translator:
        return Translator(TorchTranslator(network), self.tokenizer, config, self.corpus.source_tokenizer)

    def labels(self, best: Row | None) -> None:
        """None: what is chosen from is symbols."""

    def metrics(self, best: Row) -> list[Metric]:
        """The figures of the best evaluation, with their protocol."""
        held = self.corpus.facts.held
        protocol = f"on {held.origin}, {self.facts.held:,} pairs; {self.settings.precision}; {best.chosen}"
        fitted = f"{protocol}, by {self.settings.metric}"
        shown = [Metric("nats", best.valid_nats, f"a symbol of the target and <eos>, given the source; {fitted}")]
        if "bleu" in best.figures:
            most = "" if self.facts.held <= MOST_TRANSLATED else f"; of the first {MOST_TRANSLATED:,}"
            says = f"sacrebleu {bleu().get_signature()}; greedy{most}; {fitted}"
            shown.insert(0, Metric("bleu", best.figures["bleu"], says))
        return shown

    def as_cells(self, row: Row) -> dict[str, str]:
        """The figures of an evaluation that are the task's own, for people."""
        perplexity = {"perplexity": f"{math.exp(min(row.valid_nats, 700)):.2f}"}
        return perplexity | ({"BLEU": f"{row.figures['bleu']:.2f}"} if "bleu" in row.figures else {})

    def glimpse(self, network: SequenceNetwork, config: ModelConfig, *, symbols: int) -> str:
        """A few of the pairs to validate on, with what the network makes of them as it stands.

        With attention each word is shown beside the word of the source that was looked at for it.
        """
        chosen = self.references[:: max(1, len(self.references) // SHOWN)][:SHOWN]
        model = self._model(network, config)
        found = model.translate([source for source, _ in chosen], beam=1, attention=model.has_attention)
        lines = []
        for (source, target), made in zip(chosen, found, strict=True):
            short = (
                text if len(text) <= symbols else text[:symbols] + " …" for text in (source, made.translation, target)
            )
            lines.append("{} → {} (it is: {})".format(*short))
            if made.alignment:
                words, sources = made.alignment.target, made.alignment.source
                lines.append(" ".join(f"{words[to]}←{sources[of]}" for of, to in made.alignment.links())[: 2 * symbols])
        return "\n".join(lines)

    def describe(self) -> list[str]:
        """What was read, in lines for people."""
        facts, settings = self.corpus.facts, self.settings
        source, target = (round(float(mean), 1) for mean in self._lengths.mean(1))
        lines = [
            f"{self.facts.learnt:,} pairs of {source:g} and {target:g} {self.symbol}s on average to learn from, "
            f"{self.facts.held:,} to validate on ({facts.held.origin})",
            *self._vocabularies(),
            f"read in shuffled batches of pairs of like length, at most {settings.batch} and "
            f"{settings.batch_symbols:,} {self.symbol}s of both sides with padding",
            *left_out_of(self.facts, settings),
        ]
        if self.facts.seen:
            lines.append(f"of the sources to validate on {self.facts.seen:,} are learnt from too")
        return lines

    def _vocabularies(self) -> list[str]:
        """What was made of the symbols."""
        chosen = f"(vocabulary-size {self.settings.vocabulary_size or 'all'}, min-count {self.settings.min_count})"
        sides = {"source": self.source_tokenizer, "target": self.tokenizer}
        if self.corpus.source_tokenizer is None:
            sides = {"source and target": self.tokenizer}
        lines = [
            f"vocabulary of {side}: {len(made) - len(SPECIAL):,} {self.symbol}s {chosen}"
            for side, made in sides.items()
        ]
        left_out = f"{self.facts.source_left_out:,} and {self.corpus.facts.left_out - self.facts.source_left_out:,}"
        return [*lines, f"{left_out} occurrences of others in sources and targets are <unk>"]
