"""A float32 model → the same in int8, with its price: size, speed, and what it does to the figures."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textrnn.config import Figure, ModelConfig
from textrnn.engines.onnx_engine import OnnxEngine
from textrnn.errors import ModelError, UsageError
from textrnn.export.save import bound_values, load_network, save_model
from textrnn.model_folder import ModelFolder, check_destination
from textrnn.tasks import load
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.tokenizer import Tokenizer

MOST_CHARACTERS = 500_000  # of the text that the price is measured on


@dataclass(frozen=True)
class Price:
    """One line of what quantising costs or gains."""

    figure: str
    float32: float | None
    int8: float | None
    change: str


def quantize(
    source: Path, out: Path, *, text: str = "", text_name: str = "", command: str = "", overwrite: bool = False
) -> None:
    """Write the int8 model of a float32 folder; it has no weights to train further.

    overwrite: also where `out` holds a model.
    text, text_name: what to measure the figures of the card on, and its name there; else those of float32 remain.
    """
    if out.resolve() == source.resolve():
        raise UsageError("--out must be another folder: the float32 model is needed to train it further")
    folder = ModelFolder(source)
    if folder.config.precision != "float32":
        raise ModelError(f"{source} is int8 already")
    check_destination(out, overwrite=overwrite)
    config = folder.config.model_copy(update={"precision": "int8", "parts": {}})
    network, tokenizer = load_network(folder), Tokenizer.from_json(folder.read("tokenizer.json"), config.text.level)
    update: dict[str, Any] = {"command": "\n".join(filter(None, [config.training.command, command]))}
    if text:
        model = LanguageModel(OnnxEngine(network.to_graph("int8", bound_values(config))), tokenizer, config)
        read = beginning(text, config)
        on = text_name if len(read) == len(text) else f"the first {len(read):,} characters of {text_name}"
        measured = model.evaluate(read)
        update["metrics"] = tuple(
            Figure(metric=row.metric, value=row.value, protocol=f"{row.protocol}; on {on}") for row in measured
        )
    training = config.training.model_copy(update=update)
    save_model(out, network, tokenizer, config.model_copy(update={"training": training}))


def prices(model: Path, out: Path, text: str) -> list[Price]:
    """The two models side by side, and how int8 cuts off what has no bound; with no text, no speed and no figures."""
    old_sizes, new_sizes = (ModelFolder(path).sizes() for path in (model, out))
    rows = [
        price("bytes of all parts", sum(old_sizes.values()), sum(new_sizes.values())),
        price("bytes of the graph", old_sizes["model.onnx"], new_sizes["model.onnx"]),
    ]
    rows += [
        Price(f"bound of {name}", None, bound.value, f"{bound.clipped:.4%} of a sample cut off")
        for name, bound in ModelFolder(out).config.bounds.items()
    ]
    if not text:
        return rows
    read = beginning(text, ModelFolder(model).config)
    (old, old_seconds), (new, new_seconds) = (measure(load(path), read) for path in (model, out))
    rows += [
        price("tokens a second, texts side by side", len(old) / old_seconds, len(new) / new_seconds),
        price("perplexity", math.exp(-old.mean()), math.exp(-new.mean())),
    ]
    return [*rows, Price("largest change of one token's log-probability", None, None, f"{np.abs(old - new).max():.4f}")]


def price(figure: str, old: float, new: float) -> Price:
    """A row with its ratio."""
    return Price(figure, old, new, f"x {new / old:.4f}")


def beginning(text: str, config: ModelConfig) -> str:
    """As much of a text as is measured; of lines whole ones."""
    if len(text) <= MOST_CHARACTERS:
        return text
    end = text.rfind("\n", 0, MOST_CHARACTERS) + 1 if config.text.unit == "line" else 0
    return text[: end or MOST_CHARACTERS]


def measure(model: LanguageModel, text: str) -> tuple[np.ndarray, float]:
    """Every token's log-probability, and the seconds it took: each line, or 64 pieces of like length side by side."""
    length = -(-len(text) // 64)
    is_lines = model.config.text.unit == "line"
    texts = (
        text.removesuffix("\n").split("\n") if is_lines else [text[i : i + length] for i in range(0, len(text), length)]
    )
    list(model.score(texts[:1]))
    begin = time.perf_counter()
    scores = list(model.score(texts, per_token=True))
    seconds = time.perf_counter() - begin
    return np.array([row.logprob for score in scores for row in score.token_logprobs]), seconds
