"""textrnn inspect"""

from typing import TYPE_CHECKING

from textrnn.cli.options import FormatOption, ModelArgument, example

if TYPE_CHECKING:
    from textrnn.config import ModelConfig

EXAMPLES = example("textrnn inspect shakespeare")


def inspect(model: ModelArgument, format: FormatOption = "auto") -> None:
    """Show a model's layers with their shapes and parameters, and how it was trained."""
    import sys

    from textrnn.architecture import LabelPerSequence, Pretrained
    from textrnn.cells import CELLS
    from textrnn.cli.output import chosen_format, open_sink, printable, shown
    from textrnn.model_folder import ModelFolder, find_model
    from textrnn.tasks import load
    from textrnn.weight_shapes import weight_shapes
    from textrnn.weights_file import check_weights

    folder = ModelFolder(find_model(model))
    config, training = folder.config, folder.config.training
    sizes = folder.sizes()
    load(folder.path)  # a folder that is shown is one that runs
    if "model.safetensors" in sizes:
        check_weights(folder.read("model.safetensors"), config.architecture)
    shapes = weight_shapes(config.architecture)
    total = sum(rows * columns for _, rows, columns in shapes)
    with open_sink(None, format) as sink:
        for name, rows, columns in shapes:
            sink.write({"weights": name, "shape": [rows, columns], "parameters": rows * columns})
        sink.write({"weights": "total", "shape": None, "parameters": total})
    entry, head = config.architecture.input, config.architecture.head
    cell = CELLS[config.architecture.core.cell]
    peepholes = f"; gates that see the memory {', '.join(cell.peepholes)}" if cell.peepholes else ""
    facts = {
        "model": f"{folder.path} ({sum(sizes.values()):,} bytes, {config.precision}, format {config.format_version})",
        "task": f"{config.task}, {config.text.level} level, unit {config.text.unit}",
        "parts": ", ".join(f"{part} {size:,}" for part, size in sizes.items()),
        "input": entry.kind,
        "core": str(config.architecture),
        "cell": f"{cell.name}: gates {', '.join(cell.gates)}; carries {', '.join(cell.state)}{peepholes}",
        "readout": " and ".join(head.readouts) if isinstance(head, LabelPerSequence) else "",
        "labels": labels_of(config),
        "bounds": ", ".join(f"{name} {bound.value:.4g}" for name, bound in config.bounds.items()),
        **training.model_dump(
            include={"data", "source", "licence", "command", "parameters", "steps", "best_step", "ended"}
        ),
        **{row.metric: f"{shown(row.value) or '-'} ({row.protocol})" for row in training.metrics},
        "vectors": entry.origin if isinstance(entry, Pretrained) else "",
        "settings": ", ".join(f"{name}={value}" for name, value in training.settings.items()),
    }
    stream = sys.stdout if chosen_format(format, None) == "table" else sys.stderr
    for name, value in facts.items():
        if value != "":
            print(printable(f"{name}: {value}", keep="\n"), file=stream)


def labels_of(config: "ModelConfig") -> str:
    """The labels of a classifier, and how its probabilities are made."""
    if config.labels is None:
        return ""
    order = "from the lowest to the highest" if config.labels.is_ordinal else "in no order"
    return f"{', '.join(config.labels.names)} ({order}; temperature {config.labels.temperature:.3f})"
