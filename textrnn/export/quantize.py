"""A float32 model → the same in int8, with its price: size, and on a sample speed and what it does to the figures."""

from pathlib import Path
from typing import Any

from textrnn.config import Figure
from textrnn.errors import ModelError, UsageError
from textrnn.export.price import Price, Sample, price
from textrnn.export.save import bound_values, load_network, save_model
from textrnn.model_folder import ModelFolder, check_destination
from textrnn.tasks import ENGINES, TASKS, load
from textrnn.text.tokenizer import Tokenizer


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
    network, tokenizer = load_network(folder), Tokenizer.from_json(folder.read("tokenizer.json"), config.text.level)
    update: dict[str, Any] = {"command": "\n".join(filter(None, [config.training.command, command]))}
    if sample:
        engine = ENGINES[type(config.architecture.head)](network.to_graph("int8", bound_values(config)))
        metrics = sample.metrics(TASKS[config.task](engine, tokenizer, config))
        update["metrics"] = tuple(Figure(metric=row.metric, value=row.value, protocol=row.protocol) for row in metrics)
    training = config.training.model_copy(update=update)
    save_model(out, network, tokenizer, config.model_copy(update={"training": training}))


def prices(model: Path, out: Path, sample: Sample | None = None) -> list[Price]:
    """The two models side by side, and how int8 cuts off what has no bound; with no sample, no speed and no figures."""
    old_sizes, new_sizes = (ModelFolder(path).sizes() for path in (model, out))
    rows = [
        price("bytes of all parts", sum(old_sizes.values()), sum(new_sizes.values())),
        price("bytes of the graph", old_sizes["model.onnx"], new_sizes["model.onnx"]),
    ]
    rows += [
        Price(f"bound of {name}", None, bound.value, f"{bound.clipped:.4%} of a sample cut off")
        for name, bound in ModelFolder(out).config.bounds.items()
    ]
    return rows if sample is None else [*rows, *sample.prices(load(model), load(out))]
