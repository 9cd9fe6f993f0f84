"""What the project can do, a file each, and the door to a saved model."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, overload

from textrnn.architecture import Decoder, LabelPerSequence, LabelPerStep
from textrnn.cells import Cell, add_cells
from textrnn.config import ModelConfig
from textrnn.engines.onnx_engine import CONDITION, OnnxEngine
from textrnn.engines.onnx_labeller import OnnxLabeller
from textrnn.engines.onnx_translator import OnnxTranslator
from textrnn.errors import ModelError, UsageError
from textrnn.extras import require
from textrnn.model_folder import ModelFolder, find_model
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.translator import Translator
from textrnn.text.tokenizer import Tokenizer

Model = LanguageModel | Classifier | Translator
TASKS: dict[str, type[Any]] = {kind.task: kind for kind in (LanguageModel, Classifier, Translator)}
ENGINES: dict[type, type[OnnxEngine] | type[OnnxLabeller] | type[OnnxTranslator]] = {
    LabelPerStep: OnnxEngine,
    LabelPerSequence: OnnxLabeller,
    Decoder: OnnxTranslator,
}
NAMES = {"lm": "a language model", "classifier": "a classifier", "translator": "a translator"}  # what people call them
VERBS = {  # the commands of a task alone
    "lm": "generate, score, choose, next and compare",
    "classifier": "classify",
    "translator": "translate and score",
}
Kind = TypeVar("Kind", LanguageModel, Classifier, Translator)


@overload
def load(
    model: str | Path, kind: type[Kind], *, engine: str = "onnx", threads: int = 0, cells: Iterable[Cell] = ()
) -> Kind: ...


@overload
def load(
    model: str | Path, kind: None = None, *, engine: str = "onnx", threads: int = 0, cells: Iterable[Cell] = ()
) -> Any: ...


def load(
    model: str | Path,
    kind: type[Any] | None = None,
    *,
    engine: str = "onnx",
    threads: int = 0,
    cells: Iterable[Cell] = (),
) -> Any:
    """Open a model for use: a LanguageModel, a Classifier or a Translator.

    model: a model folder, or the name of a bundled model. kind: the class that it must be; None: any. engine: "onnx",
    or "torch" (needs the train extra). threads: for one product; 0 is one for each core. cells: those of the model
    that are not the package's own. Raises ModelError where the folder is absent or damaged, UsageError where the model
    is of another kind.
    """
    add_cells(cells)
    folder = ModelFolder(find_model(str(model)))
    config = folder.config
    check_kind(str(model), config, *(() if kind is None else (kind,)))
    tokenizer, *of_source = read_tokenizers(folder)
    check_sizes(str(model), config, tokenizer, *of_source)
    return TASKS[config.task](find_engine(str(model), folder, engine, threads), tokenizer, config, *of_source)


def check_kind(model: str, config: ModelConfig, *kinds: type[Any]) -> None:
    """Raise where a model is for a task that is not known, or of none of the kinds, if there are any."""
    if config.task not in TASKS:
        raise ModelError(f"{model} is a model for {config.task!r}, which this version does not know")
    if kinds and config.task not in {kind.task for kind in kinds}:
        is_what, wanted = NAMES[config.task], " or ".join(NAMES[kind.task] for kind in kinds)
        raise UsageError(f"{model} is {is_what}, not {wanted}: it is for {VERBS[config.task]}")


def task_of(model: str | Path) -> str:
    """What a model is for, such as "lm"; it is not opened."""
    return ModelFolder(find_model(str(model))).config.task


def read_tokenizers(folder: ModelFolder) -> list[Tokenizer]:
    """That of a model's text, or of what it makes; and behind it that of the source, where it has one of its own."""
    parts = [part for part in ("tokenizer.json", "source_tokenizer.json") if part in folder.config.parts]
    level = folder.config.text.level
    return [Tokenizer.from_json(folder.read(part), level, name=part) for part in ("tokenizer.json", *parts[1:])]


def check_sizes(model: str, config: ModelConfig, tokenizer: Tokenizer, source: Tokenizer | None = None) -> None:
    """Raise ModelError where the parts of a folder do not fit each other."""
    architecture, head = config.architecture, config.architecture.head
    if not isinstance(head, TASKS[config.task].head):
        raise ModelError(f"{model}: config.json has a head that is not for {config.task!r}")
    name = "source_tokenizer.json" if source else "tokenizer.json"
    stated = [(name, source or tokenizer, architecture.input.symbols)]
    if not isinstance(head, LabelPerSequence):
        stated.append(("tokenizer.json", tokenizer, head.classes))
    for name, made, symbols in stated:
        if len(made) != symbols:
            raise ModelError(f"{model}: {name} has {len(made)} symbols and config.json {symbols}")


def check_decoder(model: str, engine: OnnxTranslator, decoder: Decoder) -> None:
    """Raise ModelError where the graph of a decoder is not that of its spec."""
    part = engine.parts[-1]
    if engine.target_units != decoder.state_sizes():
        raise ModelError(f"{model}: {part} has other layers than config.json")
    if engine.has_attention != (decoder.attention is not None):
        raise ModelError(f"{model}: {part} has attention, or has none, where config.json says otherwise")


def find_engine(model: str, folder: ModelFolder, engine: str, threads: int) -> Any:
    """What runs the network of a folder."""
    if engine == "onnx":
        architecture = folder.config.architecture
        condition = architecture.condition
        kind = ENGINES[type(architecture.head)]
        parts = [*kind.parts, *([CONDITION] if condition else [])]
        found = kind(*map(folder.read, parts), threads=threads)
        if found.classes != architecture.head.classes:
            raise ModelError(f"{model}: {kind.parts[-1]} has {found.classes} classes, not those of config.json")
        if found.units != architecture.core.state_sizes():
            raise ModelError(f"{model}: {kind.parts[0]} has other layers than config.json")
        if isinstance(found, OnnxTranslator) and isinstance(architecture.head, Decoder):
            check_decoder(model, found, architecture.head)
        if isinstance(found, OnnxEngine) and found.condition_size != (condition.size if condition else 0):
            raise ModelError(f"{model}: {CONDITION} reads {found.condition_size} numbers, not those of config.json")
        return found
    if engine == "torch":
        require("train", "--engine torch")
        from textrnn.export.save import load_network
        from textrnn.networks.torch_engine import torch_engine

        return torch_engine(load_network(folder))
    raise UsageError(f"unknown engine {engine!r}: onnx or torch")
