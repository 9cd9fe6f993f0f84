"""Untrained models of every level, to hold promises to: what they say of a text is arbitrary, but never uniform."""

from pathlib import Path

import torch

from textrnn.architecture import (
    Architecture,
    AttentionName,
    Core,
    Decoder,
    LabelPerSequence,
    LabelPerStep,
    Learned,
    OneHot,
    ReadoutName,
)
from textrnn.config import Labels, ModelConfig, Precision, TextSettings, Unit
from textrnn.export.quantize import quantize
from textrnn.export.save import save_model
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchEngine, TorchLabeller
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.levels import LEVELS, Vocabulary
from textrnn.text.tokenizer import Tokenizer

TEXT = (
    "The a b c d e f g.\n"  # so that there are n-grams that hold several words
    "The cat sat on the mat, and the cat's hat sat on the cat.\n"
    'Call me "Ishmael" (some years ago): never mind how long!\n'
    "the mat isn't the cat's; it's 5% of the hat.\n"
) * 4
NAMES = ("bad", "so-so", "good")  # of the labels of a classifier


def untrained(architecture: Architecture, *, seed: int = 0) -> SequenceNetwork:
    """A network with large random weights, so that what it predicts depends on all it has read."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        network = SequenceNetwork(architecture)
        for weights in network.parameters():
            weights.uniform_(-0.6, 0.6)
    return network


def small_tokenizer(level: str) -> Tokenizer:
    return Tokenizer.learn([TEXT], level, Vocabulary(size=360 if level == "bpe" else 0))


def small_config(tokenizer: Tokenizer, unit: Unit, *, units: int = 12, layers: int = 1) -> ModelConfig:
    """A tied network, as words and pieces have it."""
    symbols = len(tokenizer)
    architecture = Architecture(
        input=Learned(symbols=symbols, size=units),
        core=Core(units=units, layers=layers),
        head=LabelPerStep(classes=symbols, tied=True),
    )
    text = TextSettings(level=tokenizer.level.name, unit=unit)  # type: ignore[arg-type]
    return ModelConfig(task="lm", architecture=architecture, text=text)


def small_model(level: str, unit: Unit | None = None) -> LanguageModel:
    """A model in memory, on PyTorch; its unit is that of its level unless given."""
    tokenizer = small_tokenizer(level)
    config = small_config(tokenizer, unit or LEVELS[level].unit)
    return LanguageModel(TorchEngine(untrained(config.architecture).eval()), tokenizer, config)


def save_small_model(path: Path, level: str, unit: Unit | None = None) -> Path:
    """The same as a folder in int8."""
    tokenizer = small_tokenizer(level)
    config = small_config(tokenizer, unit or LEVELS[level].unit)
    full = path.with_name(f"{path.name}-float32")
    save_model(full, untrained(config.architecture), tokenizer, config)
    quantize(full, path)
    return path


def save_one_hot_model(path: Path) -> Path:
    """A folder of a model whose symbols have no vectors."""
    tokenizer = small_tokenizer("word")
    symbols = len(tokenizer)
    architecture = Architecture(
        input=OneHot(symbols=symbols), core=Core(units=4, layers=1), head=LabelPerStep(classes=symbols)
    )
    config = ModelConfig(task="lm", architecture=architecture, text=TextSettings(level="word", unit="line"))
    save_model(path, untrained(architecture), tokenizer, config)
    return path


def classifier_config(
    tokenizer: Tokenizer, readouts: tuple[ReadoutName, ...] = ("max", "attention"), *, precision: Precision = "float32"
) -> ModelConfig:
    """A network that reads in both directions."""
    architecture = Architecture(
        input=Learned(symbols=len(tokenizer), size=8),
        core=Core(units=6, bidirectional=True),
        head=LabelPerSequence(classes=len(NAMES), readouts=readouts),
    )
    return ModelConfig(
        task="classifier",
        architecture=architecture,
        text=TextSettings(level=tokenizer.level.name, unit="line"),  # type: ignore[arg-type]
        labels=Labels(names=NAMES, temperature=1.25),
        precision=precision,
    )


def small_classifier(level: str, readouts: tuple[ReadoutName, ...] = ("max", "attention")) -> Classifier:
    """A classifier in memory, on PyTorch."""
    tokenizer = small_tokenizer(level)
    config = classifier_config(tokenizer, readouts)
    return Classifier(TorchLabeller(untrained(config.architecture).eval()), tokenizer, config)


def save_small_classifier(
    path: Path, level: str, readouts: tuple[ReadoutName, ...] = ("max", "attention"), *, precision: Precision = "int8"
) -> Path:
    """The same as a folder."""
    tokenizer = small_tokenizer(level)
    config = classifier_config(tokenizer, readouts, precision=precision)
    save_model(path, untrained(config.architecture), tokenizer, config)
    return path


def translator_config(
    tokenizer: Tokenizer, attention: AttentionName | None = "general", *, precision: Precision = "float32"
) -> ModelConfig:
    """A network whose source and target have one vocabulary."""
    symbols = Learned(symbols=len(tokenizer), size=8)
    decoder = Decoder(input=symbols, core=Core(units=10), attention=attention, shared=True)
    core = Core(units=6, bidirectional=True)
    return ModelConfig(
        task="translator",
        architecture=Architecture(input=symbols, core=core, head=decoder),
        text=TextSettings(level=tokenizer.level.name, unit="line"),  # type: ignore[arg-type]
        precision=precision,
    )


def save_small_translator(
    path: Path,
    level: str,
    attention: AttentionName | None = "general",
    *,
    precision: Precision = "int8",
    seed: int = 0,
) -> Path:
    """The same as a folder."""
    tokenizer = small_tokenizer(level)
    config = translator_config(tokenizer, attention, precision=precision)
    save_model(path, untrained(config.architecture, seed=seed), tokenizer, config)
    return path


def save_two_vocabularies(path: Path, *, units: int = 10, words: str = "aloud") -> Path:
    """A float32 translator of words as a folder; its target has a vocabulary of its own, which has these words too."""
    source, target = small_tokenizer("word"), Tokenizer.learn([f"{TEXT} {words}"], "word", Vocabulary(size=0))
    config = translator_config(source)
    entry = Learned(symbols=len(target), size=8)
    decoder = Decoder(input=entry, core=Core(units=units), attention="general")
    architecture = config.architecture.model_copy(update={"head": decoder})
    config = config.model_copy(update={"architecture": architecture})
    save_model(path, untrained(architecture), target, config, source_tokenizer=source)
    return path
