"""A whole network: an input, a stack of recurrent layers, a head. State goes in and comes out."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from onnx import TensorProto
from torch import Tensor, nn

from textrnn.cells import CELLS
from textrnn.config import Architecture, Precision
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.heads import build_head
from textrnn.networks.inputs import LearnedInput, Read, Shares, Vectors, build_input
from textrnn.networks.recurrent import LayerState, RecurrentLayer

State = list[LayerState]  # one for each layer

TIED_DEVIATION = 0.1  # of vectors that are the output's weights too: with 1 the first logits would be far apart


class SequenceNetwork(nn.Module):
    """The network of an architecture.

    input_dropout: share of the entries of the vectors at the input dropped in training, dropout: of each layer's
    outputs (Zaremba et al., 2014).
    weight_dropout: share of the hidden-to-hidden weights dropped in training (Merity et al., 2018).
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        weight_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.input_dropout, self.dropout, self.weight_dropout = input_dropout, dropout, weight_dropout
        cell, sizes = CELLS[architecture.core.cell], architecture.core.sizes
        self.input = build_input(architecture.input)
        self.layers: Sequence[RecurrentLayer] = nn.ModuleList(  # type: ignore[assignment]
            RecurrentLayer(cell, below, units) for below, units in pairwise([self.input.size, *sizes])
        )
        table = self.input.table if isinstance(self.input, LearnedInput) and architecture.head.tied else None
        if table is not None:
            nn.init.normal_(table, std=TIED_DEVIATION)
        self.head = build_head(architecture.head, sizes[-1], table)

    @property
    def device(self) -> torch.device:
        return self.head.bias.device

    def initial_state(self, batch: int) -> State:
        """Zeros, before anything is read."""
        return [
            {part: torch.zeros(batch, layer.units, device=self.device) for part in layer.cell.state}
            for layer in self.layers
        ]

    def forward(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The top layer's hidden vectors (time, batch, units) for ids (time, batch), and the state after."""
        before = state if state is not None else self.initial_state(ids.shape[1])
        dropout = self.dropout if self.training else 0.0
        weight_dropout = self.weight_dropout if self.training else 0.0
        read: Read = self.input(ids)
        if self.training and self.input_dropout:
            read = Vectors(drop(read.vectors(), self.input_dropout))
        after = []
        for layer, layer_state in zip(self.layers, before, strict=True):
            hidden, new_state = layer(read, layer_state, dropped=weight_dropout)
            after.append(new_state)
            read = Vectors(drop(hidden, dropout) if dropout else hidden)
        return read.vectors(), after

    def to_graph(self, precision: Precision) -> bytes:
        """The network as an ONNX file that reads symbols and then chooses some.

        Inputs: ids (time, batch), int64, to be read; targets (time, batch), int64; perturbation (steps, batch,
        classes), float32; for each layer k and part p of the state, "p.k" (batch, units). At least one of each.
        Outputs, log-probabilities natural: logprobs (time, batch, classes) after each id, target_logprobs (time,
        batch) of the targets; choices (steps, batch), int64, and chosen_logprobs (steps, batch, classes) that they
        were made from; "p.k.after", the state after the ids and all choices but the last, which the next call reads.

        A choice is argmax(log-probability + perturbation). With Gumbel noise as perturbation this draws from the
        distribution (Maddison et al., 2014); with zeros it is greedy; -inf forbids a symbol.
        """
        classes = self.architecture.head.classes
        graph = Graph(precision)
        ids = graph.input("ids", shape=("time", "batch"), dtype=TensorProto.INT64)
        targets = graph.input("targets", shape=("time", "batch"), dtype=TensorProto.INT64)
        perturbation = graph.input("perturbation", shape=("steps", "batch", classes))
        before = [
            {part: graph.input(f"{part}.{index}", shape=("batch", layer.units)) for part in layer.cell.state}
            for index, layer in enumerate(self.layers)
        ]
        hidden, between = self._read_to_graph(graph, ids, before)
        logits = self.head.to_graph(graph, hidden)
        choices, chosen_logits, after = self._choose_to_graph(graph, logits, perturbation, between)
        logprobs = graph.node("LogSoftmax", logits, axis=-1)
        of_targets = graph.node(
            "GatherElements", logprobs, graph.node("Unsqueeze", targets, graph.numbers(-1)), axis=-1
        )
        graph.output(logprobs, "logprobs", shape=("time", "batch", classes))
        graph.output(graph.node("Squeeze", of_targets, graph.numbers(-1)), "target_logprobs", shape=("time", "batch"))
        graph.output(choices, "choices", shape=("steps", "batch"), dtype=TensorProto.INT64)
        chosen_logprobs = graph.node("LogSoftmax", chosen_logits, axis=-1)
        graph.output(chosen_logprobs, "chosen_logprobs", shape=("steps", "batch", classes))
        for index, (layer, state) in enumerate(zip(self.layers, after, strict=True)):
            for part, value in state.items():
                graph.output(value, f"{part}.{index}.after", shape=("batch", layer.units))
        return graph.to_bytes("sequence")

    def _read_to_graph(
        self, graph: Graph, ids: Symbol, before: list[dict[str, Symbol]]
    ) -> tuple[Symbol, list[dict[str, Symbol]]]:
        """Every layer over all steps in turn: the top layer's hidden vectors, and the states after."""
        below, after = ids, []
        for index, (layer, state) in enumerate(zip(self.layers, before, strict=True)):
            name = f"layers.{index}"
            vectors = None
            if layer.cell.fused and graph.precision == "float32":
                vectors = below if index else self.input.to_graph(graph, ids)
            if vectors is not None:
                below, new_state = layer.fused_to_graph(graph, name, vectors, state)
            else:
                below, new_state = layer.scan_to_graph(graph, name, self._scanned_shares(graph, index, below), state)
            after.append(new_state)
        return below, after

    def _choose_to_graph(
        self, graph: Graph, logits: Symbol, perturbation: Symbol, before: list[dict[str, Symbol]]
    ) -> tuple[Symbol, Symbol, list[dict[str, Symbol]]]:
        """Choices, the logits they were made from, and the states: a Loop that chooses and reads what it chose."""
        classes = self.architecture.head.classes
        now = graph.node("Gather", logits, graph.number(-1), axis=0)  # (batch, classes)
        body = graph.child()
        index = body.input(shape=(), dtype=TensorProto.INT64)
        goes_on = body.input(shape=(), dtype=TensorProto.BOOL)
        body_logits = body.input(shape=("batch", classes))
        states = [
            {part: body.input(shape=("batch", layer.units)) for part in state}
            for layer, state in zip(self.layers, before, strict=True)
        ]
        choice = self._choice(body, body_logits, body.node("Gather", perturbation, index, axis=0))
        below, after = choice, []
        for number, (layer, state) in enumerate(zip(self.layers, states, strict=True)):
            new_state = layer.step_to_graph(body, f"layers.{number}", self._shares(body, number, below), state)
            below = new_state[layer.cell.state[0]]
            after.append(new_state)
        body.output(goes_on, body.fresh_name(), dtype=TensorProto.BOOL)
        body.output(self.head.to_graph(body, below))
        for value in (value for state in after for value in state.values()):
            body.output(value)
        body.output(choice, body.fresh_name(), dtype=TensorProto.INT64)
        body.output(body_logits, body.fresh_name())

        steps = graph.node("Gather", graph.node("Shape", perturbation), graph.number(0), axis=0)
        carried = [now, *(value for state in before for value in state.values())]
        final, *values, choices, chosen = graph.loop(body, graph.node("Sub", steps, graph.number(1)), carried)
        last = self._choice(graph, final, graph.node("Gather", perturbation, graph.number(-1), axis=0))
        rest = iter(values)
        return (
            graph.node("Concat", choices, graph.node("Unsqueeze", last, graph.numbers(0)), axis=0),
            graph.node("Concat", chosen, graph.node("Unsqueeze", final, graph.numbers(0)), axis=0),
            [{part: next(rest) for part in state} for state in before],
        )

    @staticmethod
    def _choice(graph: Graph, logits: Symbol, perturbation: Symbol) -> Symbol:
        return graph.node("ArgMax", logits + perturbation, axis=-1, keepdims=0)

    def _shares(self, graph: Graph, index: int, below: Symbol) -> Symbol:
        """W x + b of a layer, from ids or from the hidden vectors of the layer below."""
        layer, name = self.layers[index], f"layers.{index}.ih"
        weight, bias = layer.weights("weight_ih"), layer.weights("bias_ih")
        if index:
            return graph.linear(below, name, weight, bias, bound=1.0)
        if table := self._product_table(graph):
            return graph.node("Gather", table, below)
        return self.input.shares_to_graph(graph, below, name, weight, bias)

    def _scanned_shares(self, graph: Graph, index: int, below: Symbol) -> Shares:
        """The same for a Scan, whose body looks ids up by itself."""
        table = None if index else self._product_table(graph)
        return Shares(below, table) if table else Shares(self._shares(graph, index, below))

    def _product_table(self, graph: Graph) -> Symbol | None:
        """The first layer's W x + b of each symbol, where the input has it ready."""
        first = self.layers[0]
        table = self.input.product_table(graph, first.weights("weight_ih"), first.weights("bias_ih"))
        return None if table is None else graph.weight("layers.0.ih.table", table)


def drop(x: Tensor, share: float) -> Tensor:
    """Inverted dropout (Srivastava et al., 2014), the share rounded to a 256th.

    A random byte for each entry, eight drawn at once: torch draws a number for each, at some four times the cost.
    """
    words = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device).random_(-(2**63), None)
    dropped = min(255, round(share * 256))
    kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= dropped
    return x * kept * (256 / (256 - dropped))
