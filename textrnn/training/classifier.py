"""What is particular to training a classifier: its records, its batches, and what picks the best."""

import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from textrnn.batch import Batch, Ids, of_like_length
from textrnn.config import Labels, ModelConfig, TextSettings
from textrnn.data import Data
from textrnn.engines.labeller import Padded
from textrnn.errors import UsageError
from textrnn.metrics.calibration import at_temperature, expected_calibration_error, fit_temperature
from textrnn.metrics.labels import confusion_of, predictions
from textrnn.metrics.metric import Metric
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchLabeller
from textrnn.sequences import Sequences, pieces
from textrnn.settings import TrainingSettings
from textrnn.tasks.classifier import Classifier
from textrnn.text.tokenizer import PAD, SPECIAL
from textrnn.training.corpus import Corpus
from textrnn.training.defaults import ChosenSettings, classifier_architecture, for_classifier, with_level_defaults
from textrnn.training.epochs import Epochs
from textrnn.training.labelled_corpus import lengths_of, read_labelled_corpus
from textrnn.training.language_start import read_start
from textrnn.training.loop import Found, Row
from textrnn.training.position import Position
from textrnn.training.word2vec import Say, unheard
from textrnn.training.word_vectors import named_file, with_vectors

VALID_BATCH = 64
SAMPLE_TEXTS = 64
FEWEST_TO_FIT = 50  # texts: from fewer a temperature would be chance
SHOWN = 3  # texts, while it trains


class ClassifierTraining:
    """One run over labelled texts, epoch after epoch in another order.

    settings: as chosen for this corpus. Where the batches go on is `position()`, and `go_to` returns there.
    """

    task = Classifier.task

    def __init__(self, corpus: Corpus, settings: ChosenSettings) -> None:
        facts = corpus.facts.labels
        assert corpus.labels is not None
        assert facts is not None
        self.corpus, self.settings, self.facts = corpus, settings, facts
        self.tokenizer = corpus.tokenizer
        self.symbol = self.tokenizer.level.symbol
        self.text = TextSettings(level=settings.level, unit="line")
        origin = corpus.facts.vectors.name if corpus.facts.vectors else ""
        self.architecture = classifier_architecture(
            settings, symbols=len(self.tokenizer), classes=len(facts.names), origin=origin
        )
        if begun := corpus.facts.start:
            self.architecture = self.architecture.model_copy(update={"input": begun.input, "core": begun.core})
        ids = next(corpus.ids.shards(0))
        lengths = lengths_of(ids)
        kept = lengths > 0
        self._ids, self._lengths = ids, lengths[kept]
        self._begins = (np.cumsum(lengths + 1) - lengths - 1)[kept]
        self._labels = corpus.labels[kept]
        self._epochs = Epochs(self._in_order, seed=settings.seed)
        self.steps_per_epoch = float(self._epochs.steps)
        self.streams = max(1, round(len(self._lengths) / self.steps_per_epoch))
        self.window = max(1, round(float(self._lengths.mean())))

    @staticmethod
    def read(
        data: Data, settings: TrainingSettings, *, store: Path, further: Path, say: Say = unheard
    ) -> tuple[Corpus, ChosenSettings]:
        """Read labelled texts, their ids into the file `store`; and choose what the settings leave open.

        further: the file for the ids of texts without labels. say: is told what takes long.
        """
        if data.streaming:
            raise UsageError("a classifier reads its records more than once: without --streaming")
        start = read_start(settings)
        of_level = with_level_defaults(settings, task=Classifier.task)
        of_level = of_level.model_copy(update=start.settings()) if start else of_level
        file = named_file(of_level, streaming=False)
        corpus = read_labelled_corpus(data, of_level, start, store=store, further=further)
        of_level = of_level.model_copy(update={"embedding_size": file.size}) if file else of_level
        chosen = for_classifier(of_level)
        return with_vectors(corpus, chosen, file, say), chosen

    def prepare(self, network: SequenceNetwork) -> None:
        """What the settings say of the loss."""
        network.head.smoothing = self.settings.label_smoothing
        if self.settings.class_weights == "balanced":
            counts = np.bincount(self._labels, minlength=len(self.facts.names))
            weights = counts.sum() / (len(counts) * np.maximum(1, counts))
            network.head.class_weights = torch.from_numpy(weights.astype(np.float32)).to(network.device)

    def batches(self) -> Iterator[Batch]:
        """All examples, epoch after epoch, each epoch shuffled anew."""
        return self._epochs.batches()

    def _in_order(self, order: int) -> Sequences:
        """An epoch."""
        begins, lengths = self._begins, self._lengths
        if self.settings.piece:
            begins, lengths = pieces(begins, lengths, longest=self.settings.piece, seed=order)
        return Sequences(
            self._ids,
            begins,
            lengths,
            self._labels,
            count=self.settings.batch,
            symbols=self.settings.batch_symbols,
            padding=PAD,
            seed=order,
        )

    def sample(self) -> tuple[Ids]:
        """Some of the texts to learn from, cut to one length: (time, batch)."""
        length = int(np.median(self._lengths))
        long_enough = np.flatnonzero(self._lengths >= length)
        chosen = long_enough[:: max(1, len(long_enough) // SAMPLE_TEXTS)]
        found: Ids = self._ids[self._begins[chosen] + np.arange(length)[:, None]].astype(np.int64)
        return (found,)

    def position(self) -> Position:
        """Where the batches go on."""
        return self._epochs.position()

    def go_to(self, position: Position) -> None:
        """Let `batches` go on there."""
        self._epochs.go_to(position)

    @cached_property
    def _valid(self) -> list[tuple[list[int], Padded]]:
        """The texts to validate on in batches: their places, and themselves."""
        rows = self.corpus.rows
        batches = of_like_length([len(row) for row in rows], count=VALID_BATCH)
        return [(members, Padded.of([rows[place] for place in members])) for members in batches]

    def _logprobs(self, network: SequenceNetwork) -> NDArray[np.float64]:
        """What a network says of the texts to validate on: (texts, classes)."""
        found = np.empty((len(self.corpus.rows), len(self.facts.names)))
        for members, batch in self._valid:
            lengths = torch.from_numpy(batch.lengths).to(network.device)
            output, _ = network(torch.from_numpy(batch.ids).to(network.device), lengths=lengths)
            logits = network.head(network.read_out(output, lengths))[0]
            found[members] = logits.double().log_softmax(-1).cpu().numpy()
        return found

    def validate(self, network: SequenceNetwork) -> Found:
        """Nats an example, accuracy and the like, and the temperature at which probabilities are the likeliest."""
        gold = self.corpus.held_labels
        assert gold is not None
        logprobs = self._logprobs(network)
        nats = -float(np.take_along_axis(logprobs, gold[:, None], 1).mean())
        if not math.isfinite(nats):
            return Found(nats, nats)
        confusion = confusion_of(gold, predictions(logprobs), classes=len(self.facts.names))
        temperature = fit_temperature(logprobs, gold) if len(gold) >= FEWEST_TO_FIT else 1.0
        calibrated = at_temperature(logprobs, temperature)
        figures = {
            "accuracy": confusion.accuracy or 0.0,
            "macro_f1": confusion.macro_f1 or 0.0,
            "temperature": temperature,
            "calibration_error": expected_calibration_error(gold, logprobs) or 0.0,
            "calibration_error_at_temperature": expected_calibration_error(gold, calibrated) or 0.0,
        }
        costs = {"loss": nats, "accuracy": -figures["accuracy"], "macro-f1": -figures["macro_f1"]}
        return Found(nats, costs[self.settings.metric], figures)

    def labels(self, best: Row | None) -> Labels:
        """The labels, with the temperature of the best evaluation."""
        temperature = best.figures["temperature"] if best else 1.0
        return Labels(names=self.facts.names, is_ordinal=self.facts.is_ordinal, temperature=temperature)

    def metrics(self, best: Row) -> list[Metric]:
        """The figures of the best evaluation, with their protocol."""
        figures, held = best.figures, self.corpus.facts.held
        protocol = f"on {held.origin}, {len(self.corpus.rows):,} texts; {self.settings.precision}; {best.chosen}"
        fitted = f"{protocol}, by {self.settings.metric}"
        is_fitted = len(self.corpus.rows) >= FEWEST_TO_FIT
        how = "fitted on the same texts" if is_fitted else "for fewer texts than one can be fitted on"
        return [
            Metric("accuracy", figures["accuracy"], fitted),
            Metric("macro_f1", figures["macro_f1"], fitted),
            Metric("nats", best.valid_nats, f"{fitted}; temperature 1"),
            Metric("expected_calibration_error", figures["calibration_error"], f"{fitted}; 15 bins; temperature 1"),
            Metric(
                "expected_calibration_error_at_temperature",
                figures["calibration_error_at_temperature"],
                f"{fitted}; 15 bins; temperature {figures['temperature']:.3f}, {how}",
            ),
        ]

    def as_cells(self, row: Row) -> dict[str, str]:
        """The figures of an evaluation that are the task's own, for people."""
        return {
            "accuracy": f"{row.figures['accuracy']:.2%}",
            "macro-F1": f"{row.figures['macro_f1']:.4f}",
            "calibration error": f"{row.figures['calibration_error']:.3f}",
        }

    def glimpse(self, network: SequenceNetwork, config: ModelConfig, *, symbols: int) -> str:
        """A few of the texts to validate on, with what the network says of them as it stands."""
        gold = self.corpus.held_labels
        assert gold is not None
        chosen = range(0, len(self.corpus.rows), max(1, len(self.corpus.rows) // SHOWN))[:SHOWN]
        texts = [self.tokenizer.decode(self.corpus.rows[place].tolist()) for place in chosen]
        model = Classifier(TorchLabeller(network), self.tokenizer, config)
        lines = []
        for place, prediction in zip(chosen, model.classify(texts), strict=True):
            name = self.facts.names[int(gold[place])]
            says = "right" if prediction.label == name else f"it is {name}"
            short = prediction.text if len(prediction.text) <= symbols else prediction.text[:symbols] + " …"
            lines.append(f"{short} → {prediction.label} {prediction.probability or 0:.2f} ({says})")
        return "\n".join(lines)

    def describe(self) -> list[str]:
        """What was read, in lines for people."""
        facts, labels, kept = self.corpus.facts, self.facts, len(self.tokenizer) - len(SPECIAL)
        shares = zip(labels.names, labels.learnt, strict=True)
        named = ", ".join(f"{name} {count:,}" for name, count in shares)
        order = "from the lowest to the highest" if labels.is_ordinal else "in no order"
        of = f" of {facts.distinct:,} distinct" if facts.distinct else ""
        chosen = f" (vocabulary-size {self.settings.vocabulary_size or 'all'}, min-count {self.settings.min_count})"
        how = ", those of the language model" if facts.start else chosen
        piece = f", of a longer one {self.settings.piece:,} {self.symbol}s" if self.settings.piece else ""
        lines = [
            f"{len(self._lengths):,} texts of {self.window} {self.symbol}s on average to learn from, "
            f"{len(self.corpus.rows):,} to validate on ({facts.held.origin})",
            f"{len(labels.names)} labels, {order}: {named}",
            f"vocabulary: {kept:,}{of} {self.symbol}s{how}, {facts.left_out:,} occurrences of others are <unk>",
            f"read in shuffled batches of texts of like length, at most {self.settings.batch} and "
            f"{self.settings.batch_symbols:,} {self.symbol}s with padding{piece}",
        ]
        if labels.without:
            lines.append(f"{labels.without:,} texts have no symbol and are left out")
        if facts.start:
            lines.append(f"vocabulary, vectors and layers begin as those of {facts.start.name}")
        return [*lines, *(facts.vectors.lines if facts.vectors else ())]
