"""Stand-ins whose answers can be worked out in the head."""

from collections.abc import Callable, Sequence

import numpy as np

from textrnn.architecture import Architecture, Core, LabelPerSequence, LabelPerStep, OneHot
from textrnn.batch import Ids
from textrnn.config import Labels, ModelConfig, TextSettings, Unit
from textrnn.engines.engine import Floats, State, choose_by_steps, score_by_run
from textrnn.engines.labeller import Labelled, Padded
from textrnn.networks.sequence import SequenceNetwork
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.tokenizer import Tokenizer
from textrnn.training.loop import Found

TENTHS = (0, 1, 0, 2, 3, 4)  # of <pad>, <unk>, <start>, <eos>, a, b


class FakeEngine:
    """Symbol k always has probability tenths[k] / 10; the state counts the symbols read."""

    workers = 2

    def __init__(self, tenths: Sequence[int] = TENTHS) -> None:
        assert sum(tenths) == 10
        self.classes = len(tenths)
        with np.errstate(divide="ignore"):
            self.logprobs: Floats = np.log(np.array(tenths, np.float32) / 10)

    def initial_state(self, batch: int) -> State:
        return {"symbols.0": np.zeros((batch, 1), np.float32)}

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        time, batch = ids.shape
        before = (state or self.initial_state(batch))["symbols.0"]
        return np.tile(self.logprobs, (time, batch, 1)), {"symbols.0": before + time}

    def score(self, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
        return score_by_run(self, ids, targets, state)

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        return choose_by_steps(self, ids, perturbation, state)


def fake_language_model(
    unit: Unit = "text", *, characters: str = "ab", tenths: Sequence[int] = TENTHS
) -> LanguageModel:
    """A language model of a few characters, the letters a and b, over a FakeEngine; all else is <unk>."""
    classes = len(tenths)
    architecture = Architecture(input=OneHot(symbols=classes), core=Core(units=1), head=LabelPerStep(classes=classes))
    config = ModelConfig(task="lm", architecture=architecture, text=TextSettings(unit=unit))
    return LanguageModel(FakeEngine(tenths), Tokenizer.of_characters(characters), config)


def answers(*nats: float) -> Callable[[SequenceNetwork], Found]:
    """Validations that find these figures in turn."""
    left = iter(nats)

    def validate(network: SequenceNetwork) -> Found:
        found = next(left)
        return Found(found, cost=found)

    return validate


class FakeLabeller:
    """A sequence of n symbols has label n modulo the classes with probability 0.6; the others share the rest evenly.

    Attention to symbol number k, from 1, is k / (1 + 2 + … + n). `batches` holds the lengths in each call.
    """

    workers = 2

    def __init__(self, classes: int, *, has_attention: bool = True) -> None:
        self.classes, self.has_attention = classes, has_attention
        self.batches: list[list[int]] = []

    def run(self, batch: Padded) -> Labelled:
        self.batches.append(batch.lengths.tolist())
        probabilities = np.full((len(batch.lengths), self.classes), 0.4 / (self.classes - 1))
        np.put_along_axis(probabilities, (batch.lengths % self.classes)[:, None], 0.6, 1)
        step = np.arange(1, len(batch.ids) + 1)[:, None]
        weights = np.where(step <= batch.lengths, step, 0) / (batch.lengths * (batch.lengths + 1) / 2)
        attention = weights.astype(np.float32) if self.has_attention else None
        return Labelled(np.log(probabilities).astype(np.float32), attention)


def fake_classifier(
    names: Sequence[str] = ("zero", "one", "two"), *, has_attention: bool = True, temperature: float = 1.0
) -> Classifier:
    """A classifier of the letters a and b and the space over a FakeLabeller; all else is <unk>."""
    tokenizer = Tokenizer.of_characters("ab ")
    architecture = Architecture(
        input=OneHot(symbols=len(tokenizer)), core=Core(units=1), head=LabelPerSequence(classes=len(names))
    )
    config = ModelConfig(
        task="classifier",
        architecture=architecture,
        text=TextSettings(unit="line"),
        labels=Labels(names=tuple(names), temperature=temperature),
    )
    return Classifier(FakeLabeller(len(names), has_attention=has_attention), tokenizer, config)
