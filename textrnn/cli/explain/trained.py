"""A trained model as a network in PyTorch, whose gradients can be followed."""

import heapq
import os
from typing import TYPE_CHECKING, Any

import typer

from textrnn.errors import DataError, ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textrnn.batch import Ids
    from textrnn.cli.stream import Source
    from textrnn.config import ModelConfig
    from textrnn.networks.sequence import SequenceNetwork
    from textrnn.text.tokenizer import Tokenizer
    from textrnn.training.gradient_series import Series

LEAST = 2  # symbols: of fewer there is no step to follow a gradient to
SYMBOLS = 200_000  # of a text for a language model, of which few are needed: memory does not grow with it


def check_model(name: str) -> None:
    """Raise UsageError where cells are named where a model belongs."""
    from textrnn.cells import CELLS

    if set(name.split(",")) <= CELLS.keys() and not os.path.exists(name):
        raise UsageError(f"there is no model {name!r}: of new networks --cell {name} says which")


def open_network(model: str, *tasks: str) -> "tuple[SequenceNetwork, Tokenizer, ModelConfig]":
    """The network of a model; UsageError where it is for none of the tasks or its texts begin with a condition.

    ModelError where it has only weights of 8 bits, which no gradient goes through.
    """
    from textrnn.export.save import load_network
    from textrnn.model_folder import ModelFolder, find_model
    from textrnn.tasks import TASKS, check_kind, check_sizes, read_tokenizers

    folder = ModelFolder(find_model(model))
    config = folder.config
    check_kind(model, config, *(TASKS[task] for task in tasks))
    if config.architecture.condition:
        raise UsageError(f"each text of {model} begins with a condition: gradients are followed in a model without one")
    if "model.safetensors" not in config.parts:
        source = f"textrnn train {config.task}"
        raise ModelError(f"{model} is an int8 model, which no gradient goes through: give one from {source}")
    (tokenizer,) = read_tokenizers(folder)
    check_sizes(model, config, tokenizer)
    return load_network(folder), tokenizer, config


def series_of_model(
    model: str, source: "Source", *, format: str, column: str | None, length: int, batch: int, seed: int
) -> "Iterator[Series]":
    """The series of a model that has learnt, on what it reads: see `textrnn explain gradients`."""
    from textrnn.tasks.classifier import Classifier
    from textrnn.tasks.language_model import LanguageModel
    from textrnn.training.gradient_series import Trained, series_of_text, series_of_texts
    from textrnn.training.recall import variants

    network, tokenizer, config = open_network(model, LanguageModel.task, Classifier.task)
    settings: Any = config.training.settings
    (variant,) = variants([config.architecture.core.cell], starts=[settings.get("recurrent_start", "uniform")])
    fresh = variant.network(network.architecture, seed, deviation=settings.get("embedding_deviation", 0.0))
    trained = Trained(network, fresh, variant)
    if config.task == Classifier.task:
        texts = longest(source, tokenizer, format=format, column=column, length=length, count=batch)
        return series_of_texts(trained, texts)
    is_whole = config.text.unit == "text"
    ids = one_text(source, tokenizer, is_whole=is_whole, format=format, column=column, length=length)
    return series_of_text(trained, ids, length=length, batch=batch)


def one_text(
    source: "Source", tokenizer: "Tokenizer", *, is_whole: bool, format: str, column: str | None, length: int
) -> "Ids":
    """All texts behind each other, each with its end, or the first of their symbols.

    is_whole: what is read is one text, and not one in each line.
    """
    import numpy as np

    from textrnn.cli.stream import warn_of_unknown
    from textrnn.tasks.courses import read_texts
    from textrnn.text.tokenizer import EOS

    if is_whole:
        lines: Iterable[str] = [source.text(format=format, column=column)]
    else:
        records = source.records(format=format, column=column)
        lines = (line for text, _ in records for line in text.split("\n"))
    texts, is_cut = read_texts(filter(None, lines), tokenizer, property=None, symbols=SYMBOLS)
    parts = [part for text in texts for part in (text.ids, [EOS])]
    ids = np.concatenate((parts[:-1] if is_cut else parts) or [[]])
    source.report()
    warn_of_unknown(place.text for text in texts for place in tokenizer.out_of_vocabulary(text.read))
    if len(ids) < LEAST:
        raise DataError(f"{source.ledger.name} has fewer than two symbols: there is no step to follow a gradient to")
    if len(ids) <= length:
        typer.echo(f"the text has {len(ids):,} symbols: one sequence of {len(ids) - 1:,} steps", err=True)
    if is_cut:
        typer.echo(f"read: the first {SYMBOLS:,} symbols", err=True)
    return ids.astype(np.int64)


def longest(
    source: "Source", tokenizer: "Tokenizer", *, format: str, column: str | None, length: int, count: int
) -> "list[Ids]":
    """So many of the longest texts that have no more than `length` symbols: far back there are few others."""
    import numpy as np

    from textrnn.cli.stream import warn_of_unknown

    left_out = 0

    def fitting() -> "Iterator[tuple[Ids, str]]":
        nonlocal left_out
        for text, _ in source.records(format=format, column=column):
            ids = np.array(tokenizer.encode(text), np.int64)
            left_out += len(ids) > length
            if LEAST <= len(ids) <= length:
                yield ids, text

    found = heapq.nlargest(count, fitting(), key=lambda each: len(each[0]))
    texts = [ids for ids, _ in found]
    source.report()
    warn_of_unknown(place.text for _, text in found for place in tokenizer.out_of_vocabulary(text))
    longer = f"; longer ones: {left_out:,} (--length)" if left_out else ""
    if not texts:
        raise DataError(f"{source.ledger.name} has no text of {LEAST} to {length} symbols{longer}")
    shortest = f"{len(texts[-1]):,} to " if len(texts[-1]) < len(texts[0]) else ""
    typer.echo(
        f"texts: {len(texts):,} of {shortest}{len(texts[0]):,} symbols, the longest of at most {length:,}{longer}; "
        "the loss is that of the label that the model finds likeliest",
        err=True,
    )
    return texts
