"""A float32 model → the same in int8, with its price: size, and on a sample speed and what it does to the figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textrnn.config import Figure
from textrnn.errors import ModelError, UsageError
from textrnn.export.price import Price, Sample, price
from textrnn.export.save import bound_values, load_network, save_model
from textrnn.model_folder import ModelFolder, check_destination
from textrnn.networks.graphs import graphs_of
from textrnn.tasks import ENGINES, TASKS, load, read_tokenizers


def quantize(
    source: Path, out: Path, sample: Sample | None = None, *, command: str = "", overwrite: bool = False
) -> None:
    """Write the int8 model of a float32 folder; it has no weights to train further.

    overwrite: also where `out` holds a model. sample: what to measure the figures of the card on; else those of float32
    remain.
    """
    if out.resolve() == source.resolve():
        raise UsageError("--out must be another folder: the float32 model is needed to train it further")
    folder = ModelFolder(source)
    if folder.config.precision != "float32":
        raise ModelError(f"{source} is int8 already")
    check_destination(out, overwrite=overwrite)
    config = folder.config.model_copy(update={"precision": "int8", "parts": {}})
    network, (tokenizer, *of_source) = load_network(folder), read_tokenizers(folder)
    update: dict[str, Any] = {"command": "\n".join(filter(None, [config.training.command, command]))}
    if sample:
        graphs = graphs_of(network, "int8", bound_values(config))
        engine = ENGINES[type(config.architecture.head)](*graphs.values())
        metrics = sample.metrics(TASKS[config.task](engine, tokenizer, config, *of_source))
        update["metrics"] = tuple(Figure(metric=row.metric, value=row.value, protocol=row.protocol) for row in metrics)
    training = config.training.model_copy(update=update)
    config = config.model_copy(update={"training": training})
    save_model(out, network, tokenizer, config, source_tokenizer=next(iter(of_source), None))


def prices(model: Path, out: Path, sample: Sample | None = None) -> list[Price]:
    """The two models side by side, and how int8 cuts off what has no bound; with no sample, no speed and no figures."""
    old_sizes, new_sizes = (ModelFolder(path).sizes() for path in (model, out))
    rows = [
        price("bytes of all parts", sum(old_sizes.values()), sum(new_sizes.values())),
        price("bytes of the graphs", bytes_of_graphs(old_sizes), bytes_of_graphs(new_sizes)),
    ]
    rows += [
        Price(f"bound of {name}", None, bound.value, f"{bound.clipped:.4%} of a sample cut off")
        for name, bound in ModelFolder(out).config.bounds.items()
    ]
    return rows if sample is None else [*rows, *sample.prices(load(model), load(out))]


def bytes_of_graphs(sizes: Mapping[str, int]) -> int:
    """The bytes of a model's graphs."""
    return sum(size for part, size in sizes.items() if part.endswith(".onnx"))
