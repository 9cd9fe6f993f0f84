"""The arrays of weights that an architecture has: their names and sizes."""

from textrnn.architecture import Architecture, Core, Decoder, Input, LabelPerSequence, OneHot
from textrnn.cells import CELLS

Shapes = list[tuple[str, int, int]]


def weight_shapes(architecture: Architecture) -> Shapes:
    """Every array of weights, as trained: name, rows, columns (1 for a bias)."""
    core, head, condition = architecture.core, architecture.head, architecture.condition
    shapes = [*table_shapes("input", architecture.input), *stack_shapes("layers", core, size_of(architecture.input))]
    if isinstance(head, Decoder):
        return [*shapes, *decoder_shapes(head, core.outputs)]
    readouts = head.readouts if isinstance(head, LabelPerSequence) else ("",)
    shapes += [("readout.attention", 1, core.outputs)] if "attention" in readouts else []
    shapes += [] if head.tied else [("head.weight", head.classes, core.outputs * len(readouts))]
    shapes += [("head.bias", head.classes, 1)]
    if condition:
        state = sum(core.state_sizes().values())
        shapes += [("condition.weight", state, condition.size), ("condition.bias", state, 1)]
    return shapes


def size_of(entry: Input) -> int:
    """The size of a symbol's vector."""
    return entry.symbols if isinstance(entry, OneHot) else entry.size


def table_shapes(name: str, entry: Input) -> Shapes:
    """The arrays of an input, as `weight_shapes`."""
    return [] if isinstance(entry, OneHot) else [(f"{name}.table", entry.symbols, entry.size)]


def stack_shapes(prefix: str, core: Core, inputs: int) -> Shapes:
    """The arrays of a core's layers over inputs of this size, as `weight_shapes`."""
    cell, shapes = CELLS[core.cell], []
    for layer in (layer for level in core.levels(inputs) for layer in level):
        name, rows = f"{prefix}.{layer.name}", len(cell.gates) * layer.units
        shapes += [
            (f"{name}.weight_ih", rows, layer.inputs),
            (f"{name}.weight_hh", rows, layer.outputs),
            (f"{name}.bias_ih", rows, 1),
            (f"{name}.bias_hh", rows, 1),
        ]
        shapes += [(f"{name}.peephole", len(cell.peepholes), layer.units)] if cell.peepholes else []
        shapes += [(f"{name}.weight_hr", layer.outputs, layer.units)] if core.projection else []
    return shapes


def decoder_shapes(head: Decoder, source: int) -> Shapes:
    """The arrays of a decoder over outputs of this size, as `weight_shapes`."""
    hidden, state = head.core.outputs, sum(head.core.state_sizes().values())
    fed = head.outputs if head.input_feeding else 0
    key = ("head.attention.weight_key", hidden, source)
    query, bias = ("head.attention.weight_query", hidden, hidden), ("head.attention.bias_key", hidden, 1)
    compared = {"additive": [query, key, bias, ("head.attention.weight_score", 1, hidden)], "general": [key]}
    shapes = [] if head.shared else table_shapes("head.input", head.input)
    shapes += stack_shapes("head.layers", head.core, size_of(head.input) + fed)
    shapes += [("head.bridge.weight", state, source), ("head.bridge.bias", state, 1)]
    shapes += compared.get(head.attention or "", [])
    shapes += [("head.weight_hidden", head.outputs, hidden), ("head.bias_output", head.outputs, 1)]
    shapes += [("head.weight_context", head.outputs, source)] if head.attention else []
    shapes += [] if head.tied else [("head.labels.weight", head.classes, head.outputs)]
    return [*shapes, ("head.labels.bias", head.classes, 1)]
