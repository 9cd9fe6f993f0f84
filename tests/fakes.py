"""Stand-ins whose answers can be worked out in the head."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from textrnn.architecture import Architecture, Core, Decoder, LabelPerSequence, LabelPerStep, OneHot
from textrnn.batch import Ids
from textrnn.config import Labels, ModelConfig, TextSettings, Unit
from textrnn.engines.engine import Floats, State, choose_by_steps, score_by_run
from textrnn.engines.labeller import Labelled, Padded
from textrnn.engines.translating import Best, Encoded, Read, TranslationEngine, best_by_read
from textrnn.networks.sequence import SequenceNetwork
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.translator import Translator
from textrnn.text.tokenizer import EOS, START, Tokenizer
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

    def initial_state(self, batch: int, vectors: Floats | None = None) -> State:
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


class FakeTranslationEngine:
    """A translation is its source: the next symbol is the source's with probability 0.9, and so is <eos> behind it.

    Elsewhere <eos> has a millionth; all others share the rest evenly. Attention to the symbol, the last for <eos>, is
    0.75, and all share the rest. `encoded` holds the lengths of the sources in each call, `read_rows` how many were
    read in each step.
    """

    workers = 2

    def __init__(self, classes: int, *, has_attention: bool = True) -> None:
        self.classes, self.has_attention = classes, has_attention
        self.encoded: list[list[int]] = []
        self.read_rows: list[int] = []

    def encode(self, batch: Padded) -> Encoded:
        self.encoded.append(batch.lengths.tolist())
        mask = np.arange(len(batch.ids)) < batch.lengths[:, None]
        ended = np.where(mask, batch.ids.T, EOS).astype(np.float32)
        state = {"symbols.0": np.zeros((len(mask), 1), np.float32)}
        return Encoded({"mask": mask.astype(np.float32), "ids": ended}, state)

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        source, mask = memory["ids"], memory["mask"]
        step = state["symbols.0"][..., 0].astype(np.int64)  # (batch, beam)
        assert step.shape == ids.shape
        assert len(source) == len(ids)
        assert ((ids == START) | (step > 0)).all()
        self.read_rows.append(len(ids))
        ended = np.concatenate([source, np.full((len(source), 1), EOS)], axis=1).astype(np.int64)
        right = np.take_along_axis(ended, np.minimum(step, source.shape[1]), 1)
        is_end = (right == EOS)[..., None]
        others = np.where(is_end, 0.1 / (self.classes - 1), (0.1 - 1e-6) / (self.classes - 2))
        probabilities = np.repeat(others, self.classes, axis=-1)
        probabilities[..., EOS] = 1e-6
        np.put_along_axis(probabilities, right[..., None], 0.9, -1)
        length = mask.sum(1)[:, None]
        attention = np.repeat((0.25 * mask / length)[:, None], ids.shape[1], axis=1)
        looked_at = np.minimum(step, length - 1).astype(np.int64)[..., None]
        np.put_along_axis(attention, looked_at, np.take_along_axis(attention, looked_at, -1) + 0.75, -1)
        after = {"symbols.0": state["symbols.0"] + 1}
        weights = attention.astype(np.float32) if self.has_attention else None
        return Read(np.log(probabilities).astype(np.float32), after, weights)

    def best(self, ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int) -> Best:
        return best_by_read(self, ids, state, memory, count=count)


class TableTranslationEngine:
    """What it says is in a table, at a row that depends on the source and on every symbol read: `row`, `logprobs`.

    Attention is the start of such a row of another table, as long as the source, scaled to 1.
    """

    workers = 2
    rows = 211

    def __init__(self, classes: int, *, seed: int = 0, sharpness: float = 2.0) -> None:
        self.classes = classes
        random = np.random.default_rng(seed)
        raw = random.normal(size=(self.rows, classes)) * sharpness
        self.logprobs: Floats = (raw - np.log(np.exp(raw).sum(1, keepdims=True))).astype(np.float32)
        self.weights: Floats = random.uniform(0.01, 1, (self.rows, 64)).astype(np.float32)
        self.batches: list[int] = []  # how many sources were read in each call

    def row(self, source: Sequence[int], read: Sequence[int]) -> int:
        """Where the table has what comes next."""
        row = 1
        for symbol in [*source, *read]:
            row = (row * 31 + symbol * 7 + 3) % self.rows
        return row

    def encode(self, batch: Padded) -> Encoded:
        columns = zip(batch.ids.T.tolist(), batch.lengths.tolist(), strict=True)
        state = np.array([[self.row(column[:length], [])] for column, length in columns], np.float32)
        mask = np.arange(len(batch.ids)) < batch.lengths[:, None]
        return Encoded({"mask": mask.astype(np.float32)}, {"row.0": state})

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        self.batches.append(len(ids))
        row = (state["row.0"][..., 0].astype(np.int64) * 31 + ids * 7 + 3) % self.rows
        attention = self.weights[row][..., : memory["mask"].shape[1]] * memory["mask"][:, None]
        attention /= attention.sum(-1, keepdims=True)
        return Read(self.logprobs[row], {"row.0": row[..., None].astype(np.float32)}, attention)

    def best(self, ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int) -> Best:
        return best_by_read(self, ids, state, memory, count=count)


def fake_translator(
    characters: str = "ab ",
    *,
    tokenizer: Tokenizer | None = None,
    has_attention: bool = True,
    engine: TranslationEngine | None = None,
) -> Translator:
    """A translator of these characters unless a tokenizer is given; it copies, over a FakeTranslationEngine."""
    tokenizer = tokenizer or Tokenizer.of_characters(characters)
    symbols = OneHot(symbols=len(tokenizer))
    decoder = Decoder(input=symbols, core=Core(units=1), attention="general" if has_attention else None)
    architecture = Architecture(input=symbols, core=Core(units=1), head=decoder)
    text = TextSettings(level=tokenizer.level.name, unit="line")  # type: ignore[arg-type]
    config = ModelConfig(task="translator", architecture=architecture, text=text)
    engine = engine or FakeTranslationEngine(len(tokenizer), has_attention=has_attention)
    return Translator(engine, tokenizer, config)
