"""The layers of an architecture: their arrays of weights, by name and size, and how many parameters that makes."""

from dataclasses import dataclass

from textrnn.architecture import Architecture, Condition, Core, Decoder, Input, LabelPerSequence, LabelPerStep, OneHot
from textrnn.cells import CELLS
from textrnn.cells.formula import Formula, cell_formula, sum_of

Shapes = list[tuple[str, int, int]]


@dataclass(frozen=True)
class Layer:
    """A layer by a name for people. arrays: as trained: name, rows, columns (1 for a bias).

    formula: of its parameters, as textbooks count them. The arrays may hold more numbers: PyTorch, and so a model
    folder, has two biases for each gate, even where nothing but their sum matters.
    """

    name: str
    formula: Formula
    arrays: Shapes

    @property
    def parameters(self) -> int:
        """What the formula comes to."""
        return self.formula.value

    @property
    def stored(self) -> int:
        """How many numbers the arrays hold."""
        return sum(rows * columns for _, rows, columns in self.arrays)


def weight_shapes(architecture: Architecture) -> Shapes:
    """Every array of weights, as trained: name, rows, columns (1 for a bias)."""
    return [array for layer in layers_of(architecture) for array in layer.arrays]


def layers_of(architecture: Architecture) -> list[Layer]:
    """The layers that have weights, from the input to the output; weights that two of them share are the first's."""
    core, head = architecture.core, architecture.head
    layers = [*embedding("", "input", architecture.input), *stack("", "layers", core, size_of(architecture.input))]
    if isinstance(head, Decoder):
        return [*layers, *decoder(head, core.outputs)]
    readouts = head.readouts if isinstance(head, LabelPerSequence) else ("",)
    if "attention" in readouts:
        layers += [Layer("attention", sum_of((core.outputs,)), [("readout.attention", 1, core.outputs)])]
    layers += [output("head", head, core.outputs * len(readouts))]
    return [*layers, condition(architecture.condition, core)] if architecture.condition else layers


def size_of(entry: Input) -> int:
    """The size of a symbol's vector."""
    return entry.symbols if isinstance(entry, OneHot) else entry.size


def embedding(whose: str, prefix: str, entry: Input) -> list[Layer]:
    """The vectors of an input, if it has any. whose: what stands before a layer's name, of a decoder's."""
    if isinstance(entry, OneHot):
        return []
    formula = sum_of((entry.symbols, entry.size))
    return [Layer(f"{whose}embedding", formula, [(f"{prefix}.table", entry.symbols, entry.size)])]


def stack(whose: str, prefix: str, core: Core, inputs: int) -> list[Layer]:
    """The recurrent layers of a core over inputs of this size. whose: as of `embedding`."""
    cell, layers = CELLS[core.cell], []
    for level in core.levels(inputs):
        for shape in level:
            name, rows = f"{prefix}.{shape.name}", len(cell.gates) * shape.units
            arrays = [
                (f"{name}.weight_ih", rows, shape.inputs),
                (f"{name}.weight_hh", rows, shape.outputs),
                (f"{name}.bias_ih", rows, 1),
                (f"{name}.bias_hh", rows, 1),
            ]
            arrays += [(f"{name}.peephole", len(cell.peepholes), shape.units)] if cell.peepholes else []
            arrays += [(f"{name}.weight_hr", shape.outputs, shape.units)] if core.projection else []
            formula = cell_formula(cell, inputs=shape.inputs, units=shape.units, projection=core.projection)
            layers.append(Layer(f"{whose}{cell.name} {shape.name}", formula, arrays))
    return layers


def output(prefix: str, head: LabelPerStep | LabelPerSequence | Decoder, inputs: int) -> Layer:
    """The layer that gives each label its score, over inputs of this size."""
    bias = (f"{prefix}.bias", head.classes, 1)
    if head.tied:
        return Layer("output", sum_of((head.classes,)), [bias])
    formula = sum_of((head.classes, inputs), (head.classes,))
    return Layer("output", formula, [(f"{prefix}.weight", head.classes, inputs), bias])


def condition(spec: Condition, core: Core) -> Layer:
    """What makes the first state of what a text begins with."""
    state = sum(core.state_sizes().values())
    arrays = [("condition.weight", state, spec.size), ("condition.bias", state, 1)]
    return Layer("condition", sum_of((state, spec.size), (state,)), arrays)


def decoder(head: Decoder, source: int) -> list[Layer]:
    """The layers of a decoder over outputs of this size."""
    hidden, state = head.core.outputs, sum(head.core.state_sizes().values())
    fed = head.outputs if head.input_feeding else 0
    layers = [] if head.shared else embedding("decoder ", "head.input", head.input)
    layers += stack("decoder ", "head.layers", head.core, size_of(head.input) + fed)
    arrays = [("head.bridge.weight", state, source), ("head.bridge.bias", state, 1)]
    layers += [Layer("bridge", sum_of((state, source), (state,)), arrays), *attention(head, source)]
    arrays = [("head.weight_hidden", head.outputs, hidden), ("head.bias_output", head.outputs, 1)]
    if not head.attention:
        layers += [Layer("decoder output", sum_of((head.outputs, hidden), (head.outputs,)), arrays)]
    else:
        formula = sum_of((head.outputs, hidden), (head.outputs, source), (head.outputs,))
        layers += [Layer("decoder output", formula, [*arrays, ("head.weight_context", head.outputs, source)])]
    return [*layers, output("head.labels", head, head.outputs)]


def attention(head: Decoder, source: int) -> list[Layer]:
    """What compares an output of a decoder with those of this size that were read, if that has weights."""
    hidden = head.core.outputs
    key = ("head.attention.weight_key", hidden, source)
    if head.attention == "general":
        return [Layer("attention", sum_of((hidden, source)), [key])]
    if head.attention != "additive":
        return []
    arrays = [
        ("head.attention.weight_query", hidden, hidden),
        key,
        ("head.attention.bias_key", hidden, 1),
        ("head.attention.weight_score", 1, hidden),
    ]
    return [Layer("attention", sum_of((hidden, hidden), (hidden, source), (hidden,), (hidden,)), arrays)]
