"""textrnn inspect"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textrnn.cli.options import FormatOption, example, several
from textrnn.errors import UsageError

if TYPE_CHECKING:
    from textrnn.architecture import Architecture
    from textrnn.config import ModelConfig
    from textrnn.model_folder import ModelFolder
    from textrnn.weight_shapes import Layer

EXAMPLES = example(
    "textrnn inspect shakespeare",
    "textrnn inspect --cell elman --inputs 14 --units 16 --outputs 1",
    "textrnn inspect --cell elman,gru,lstm --inputs 5000 --embedding-size 100 --units 64 --outputs 5 --bidirectional",
)
TWO_WAYS = "give a model, or a network by its sizes: --cell elman --inputs 14 --units 16 --outputs 1"


def size(help: str) -> Any:
    """The option of a size."""
    return typer.Option(min=1, help=help, rich_help_panel="A network by its sizes", show_default=False)


def inspect(
    model: Annotated[
        str | None, typer.Argument(help="A model folder, or the name of a bundled model.", show_default=False)
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            help="In place of a model: the cell, or several with commas between to compare them.",
            rich_help_panel="A network by its sizes",
            show_default=False,
        ),
    ] = None,
    inputs: Annotated[int | None, size("Entries of what is read at each step; symbols if they have vectors.")] = None,
    units: Annotated[int | None, size("Units of each layer.")] = None,
    outputs: Annotated[int | None, size("Entries of what comes out.")] = None,
    layers: Annotated[int | None, size("Recurrent layers, one above the other: 1 if not given.")] = None,
    embedding_size: Annotated[int | None, size("Size of the vector of each symbol; else it is read as it is.")] = None,
    projection: Annotated[int | None, size("Size that the outputs of each layer are projected to.")] = None,
    bidirectional: Annotated[
        bool,
        typer.Option(
            "--bidirectional", help="With layers for both directions.", rich_help_panel="A network by its sizes"
        ),
    ] = False,
    format: FormatOption = "auto",
) -> None:
    """Show the layers of a model, how many parameters each has and why, and how the model was trained.

    Without a model: the same of any network by its sizes, as textbooks and courses count it.
    """
    sizes = (inputs, units, outputs)
    if (model is None) == (cell is None):
        raise UsageError(TWO_WAYS)
    if model is not None:
        if any((*sizes, layers, embedding_size, projection, bidirectional)):
            raise UsageError(f"the sizes of a model stand in it: {TWO_WAYS}")
        inspect_model(model, format)
        return
    if inputs is None or units is None or outputs is None:
        raise UsageError("a network by its sizes needs --inputs, --units and --outputs")
    networks = {
        name: network(
            name,
            inputs=inputs,
            units=units,
            outputs=outputs,
            layers=layers or 1,
            embedding_size=embedding_size,
            projection=projection,
            bidirectional=bidirectional,
        )
        for name in several("--cell", str(cell), str)
    }
    inspect_networks(networks, format)


def network(
    cell: str,
    *,
    inputs: int,
    units: int,
    outputs: int,
    layers: int,
    embedding_size: int | None,
    projection: int | None,
    bidirectional: bool,
) -> "Architecture":
    """The network of these sizes."""
    from pydantic import ValidationError

    from textrnn.architecture import Architecture, Core, LabelPerStep, Learned, OneHot
    from textrnn.spec import first_problem

    try:
        entry = Learned(symbols=inputs, size=embedding_size) if embedding_size else OneHot(symbols=inputs)
        core = Core(
            cell=cell,
            units=units,
            layers=layers,
            top_units=None,
            projection=projection,
            bidirectional=bidirectional,
        )
        return Architecture(input=entry, core=core, head=LabelPerStep(classes=outputs))
    except ValidationError as error:
        raise UsageError(first_problem(error)) from None


def inspect_networks(networks: "dict[str, Architecture]", format: str) -> None:
    """Show networks by the names of their cells, one below the other."""
    from textrnn.cli.output import open_sink
    from textrnn.weight_shapes import layers_of

    with open_sink(None, format, hidden=("weights",)) as sink:
        for name, architecture in networks.items():
            for row in rows_of(layers_of(architecture)):
                sink.write({"cell": name, **row})
    for architecture in networks.values():
        print_facts(
            {"core": str(architecture), "cell": cell_facts(architecture), "stored": stored_facts(architecture)}, format
        )


def inspect_model(model: str, format: str) -> None:
    """Show a model folder."""
    from textrnn.cli.output import open_sink
    from textrnn.model_folder import ModelFolder, find_model
    from textrnn.tasks import load
    from textrnn.weight_shapes import layers_of
    from textrnn.weights_file import check_weights

    folder = ModelFolder(find_model(model))
    load(folder.path)  # a folder that is shown is one that runs
    if "model.safetensors" in folder.sizes():
        check_weights(folder.read("model.safetensors"), folder.config.architecture)
    with open_sink(None, format, hidden=("weights",)) as sink:
        for row in rows_of(layers_of(folder.config.architecture)):
            sink.write(row)
    print_facts(facts_of(folder), format)


def rows_of(layers: "list[Layer]") -> "Iterable[dict[str, Any]]":
    """A row for each layer, and one for all of them."""
    for layer in layers:
        weights = {name: [rows, columns] for name, rows, columns in layer.arrays}
        formula, counts = str(layer.formula), {"parameters": layer.parameters, "stored": layer.stored}
        yield {"layer": layer.name, "formula": formula, **counts, "weights": weights}
    counts = {
        "parameters": sum(layer.parameters for layer in layers),
        "stored": sum(layer.stored for layer in layers),
    }
    yield {"layer": "total", "formula": None, **counts, "weights": None}


def facts_of(folder: "ModelFolder") -> dict[str, object]:
    """What there is to say of a model, a line each."""
    from textrnn.architecture import LabelPerSequence, Pretrained
    from textrnn.cli.output import shown

    config, training, sizes = folder.config, folder.config.training, folder.sizes()
    architecture = config.architecture
    entry, head = architecture.input, architecture.head
    return {
        "model": f"{folder.path} ({sum(sizes.values()):,} bytes, {config.precision}, format {config.format_version})",
        "task": f"{config.task}, {config.text.level} level, unit {config.text.unit}",
        "parts": ", ".join(f"{part} {size:,}" for part, size in sizes.items()),
        "input": entry.kind,
        "core": str(architecture),
        "cell": cell_facts(architecture),
        "stored": stored_facts(architecture),
        "shared": shared_facts(architecture),
        "readout": " and ".join(head.readouts) if isinstance(head, LabelPerSequence) else "",
        "labels": labels_of(config),
        "bounds": ", ".join(f"{name} {bound.value:.4g}" for name, bound in config.bounds.items()),
        **training.model_dump(include={"data", "source", "licence", "command"}),
        "parameters": f"{training.parameters:,} of the stored numbers are learnt",
        **training.model_dump(include={"steps", "best_step", "ended"}),
        **{row.metric: f"{shown(row.value) or '-'} ({row.protocol})" for row in training.metrics},
        "vectors": entry.origin if isinstance(entry, Pretrained) else "",
        "settings": ", ".join(f"{name}={value}" for name, value in training.settings.items()),
    }


def print_facts(facts: "dict[str, object]", format: str) -> None:
    """A line for each fact that there is: below a table, else on standard error."""
    import sys

    from textrnn.cli.output import chosen_format
    from textrnn.text.signs import printable

    stream = sys.stdout if chosen_format(format, None) == "table" else sys.stderr
    for name, value in facts.items():
        if value != "":
            print(printable(f"{name}: {value}", keep="\n"), file=stream)


def cell_facts(architecture: "Architecture") -> str:
    """The cell with its gates and its state."""
    from textrnn.cells import CELLS

    cell = CELLS[architecture.core.cell]
    peepholes = f"; gates that see the memory {', '.join(cell.peepholes)}" if cell.peepholes else ""
    return f"{cell.name}: gates {', '.join(cell.gates)}; carries {', '.join(cell.state)}{peepholes}"


def stored_facts(architecture: "Architecture") -> str:
    """Why a model folder holds more numbers than there are parameters."""
    from textrnn.weight_shapes import layers_of

    more = sum(layer.stored - layer.parameters for layer in layers_of(architecture))
    return f"{more:,} more: each gate has two biases, as in PyTorch; where they are only added up, one counts"


def shared_facts(architecture: "Architecture") -> str:
    """Which layers have their weights in common."""
    from textrnn.architecture import Decoder

    head = architecture.head
    table = "decoder's embedding" if isinstance(head, Decoder) and not head.shared else "embedding"
    found = [f"the output has the weights of the {table}"] if head.tied else []
    found += ["source and target have one embedding"] if isinstance(head, Decoder) and head.shared else []
    return f"{' and '.join(found)}; what is shared counts once" if found else ""


def labels_of(config: "ModelConfig") -> str:
    """The labels of a classifier, and how its probabilities are made."""
    if config.labels is None:
        return ""
    order = "from the lowest to the highest" if config.labels.is_ordinal else "in no order"
    return f"{', '.join(config.labels.names)} ({order}; temperature {config.labels.temperature:.3f})"
