"""Recurrent layers one above the other, in one direction or both, with or without connections around them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.architecture import Core, LayerShape
from textrnn.cells import CELLS
from textrnn.networks.dropout import NOTHING, Dropouts, mask
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.read import Read, Vectors, reverse
from textrnn.networks.recurrent import LayerState, RecurrentLayer, Symbols
from textrnn.networks.sources import Source, VectorSource

State = dict[str, Tensor]  # "hidden.0" and the like → (batch, size); the layer's name behind the part


@dataclass(frozen=True)
class Level:
    """What one level made of a sequence. hidden: by layer, (time, batch, outputs) each; output: what is read above."""

    index: int
    hidden: Mapping[str, Tensor]
    output: Tensor
    after: State


class Stack(nn.Module):
    """The layers of a core, as submodules by their names: "0", "1", …, and "0_reverse" for one that reads backward.

    A level is a layer, or two that read in both directions, whose outputs stand side by side. With residual connections
    what a level reads is added to its output, wherever they are of one size, the first level left out.
    """

    def __init__(self, core: Core, inputs: int, *, start: str = "uniform") -> None:
        super().__init__()
        self.core, self.levels = core, core.levels(inputs)
        for shape in self.shapes:
            layer = RecurrentLayer(CELLS[core.cell], shape.inputs, shape.units, projection=core.projection, start=start)
            self.add_module(shape.name, layer)
        self.size = sum(shape.outputs for shape in self.levels[-1])
        self.forward_size = self.levels[-1][0].outputs  # of it, what is of the layer that reads forward

    @property
    def shapes(self) -> list[LayerShape]:
        return [shape for level in self.levels for shape in level]

    def layer(self, name: str) -> RecurrentLayer:
        found = self.get_submodule(name)
        assert isinstance(found, RecurrentLayer)
        return found

    def initial_state(self, batch: int, device: torch.device) -> State:
        """Zeros, before anything is read."""
        sizes = self.core.state_sizes()
        return {name: torch.zeros(batch, size, device=device) for name, size in sizes.items()}

    def forward(
        self, read: Read, state: State, *, lengths: Tensor | None = None, dropouts: Dropouts = NOTHING
    ) -> tuple[Tensor, State]:
        """The top level's output (time, batch, size), and the state after.

        lengths: (batch,), how many steps of each sequence count, for layers that read backward; None: all do. What
        stands behind them is padding, and does not touch the rest. A state that is carried on is that of sequences
        without padding.
        """
        after = State()
        for level in self.by_level(read, state, lengths=lengths, dropouts=dropouts):
            output = level.output
            after |= level.after
        return output, after

    def by_level(
        self, read: Read, state: State, *, lengths: Tensor | None = None, dropouts: Dropouts = NOTHING
    ) -> Iterator[Level]:
        """The same, a level at a time."""
        output: Tensor | None = None
        for index, shapes in enumerate(self.levels):
            read = read if output is None else Vectors(dropouts.drop(output, dropouts.layers))
            hidden, after = {}, State()
            for shape in shapes:
                layer = self.layer(shape.name)
                before = {part: state[f"{part}.{shape.name}"] for part in layer.cell.state}
                outputs, new = self._run(layer, shape, read, before, lengths, dropouts)
                hidden[shape.name] = outputs
                after |= {f"{part}.{shape.name}": value for part, value in new.items()}
            output = torch.cat(list(hidden.values()), -1) if len(hidden) > 1 else hidden[shapes[0].name]
            if self.core.is_residual(index, shapes):
                output = output + read.vectors()
            yield Level(index, hidden, output, after)

    @staticmethod
    def _run(
        layer: RecurrentLayer,
        shape: LayerShape,
        read: Read,
        before: LayerState,
        lengths: Tensor | None,
        dropouts: Dropouts,
    ) -> tuple[Tensor, LayerState]:
        """One layer over all steps in its direction."""
        read = read.reversed(lengths) if shape.is_backward else read
        batch, device = before[layer.cell.state[0]].shape[0], layer.weight_hh.device
        kept = mask((batch, layer.outputs), dropouts.recurrent, device=device) if dropouts.recurrent else None
        outputs, after = layer(read, before, dropped=dropouts.weight, mask=kept)
        return reverse(outputs, lengths) if shape.is_backward else outputs, after

    def to_graph(
        self, graph: Graph, source: Source, state: Symbols, lengths: Symbol | None = None
    ) -> tuple[Symbol, Symbols]:
        """All steps of every level in turn: the top level's output, and the state after."""
        after = Symbols()
        for index, shapes in enumerate(self.levels):
            hidden = []
            for shape in shapes:
                layer, name = self.layer(shape.name), f"layers.{shape.name}"
                before = {part: state[f"{part}.{shape.name}"] for part in layer.cell.state}
                backward = lengths if shape.is_backward else None
                vectors = source.vectors(graph) if layer.suits_fused(graph) else None
                if vectors is not None:
                    outputs, new = layer.fused_to_graph(graph, name, vectors, before, backward)
                else:
                    read = source if backward is None else source.reversed(graph, backward)
                    shares = read.scanned(graph, f"{name}.ih", *layer.input_weights())
                    outputs, new = layer.scan_to_graph(graph, name, shares, before, backward)
                hidden.append(outputs)
                after |= {f"{part}.{shape.name}": value for part, value in new.items()}
            below = source.vectors(graph) if self.core.is_residual(index, shapes) else None
            output = joined(graph, hidden, below)
            source = VectorSource(output, output_site(index))
        return output, after

    def step_to_graph(self, graph: Graph, source: Source, state: Symbols) -> tuple[Symbol, Symbols]:
        """One step of every level, for a stack that reads forward."""
        after = Symbols()
        for index, (shape,) in enumerate(self.levels):
            layer, name = self.layer(shape.name), f"layers.{shape.name}"
            before = {part: state[f"{part}.{shape.name}"] for part in layer.cell.state}
            shares = source.shares(graph, f"{name}.ih", *layer.input_weights())
            new = layer.step_to_graph(graph, name, shares, before)
            after |= {f"{part}.{shape.name}": value for part, value in new.items()}
            below = source.vectors(graph) if self.core.is_residual(index, [shape]) else None
            output = joined(graph, [new[layer.cell.state[0]]], below)
            source = VectorSource(output, output_site(index))
        return output, after


def joined(graph: Graph, hidden: list[Symbol], below: Symbol | None) -> Symbol:
    """The output of a level; below: what it reads, where that is added."""
    output = hidden[0] if len(hidden) == 1 else graph.node("Concat", *hidden, axis=-1)
    return output if below is None else output + below


def output_site(level: int) -> str:
    """The name of a level's output among the bounds."""
    return f"layers.{level}.output"
