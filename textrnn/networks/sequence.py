"""A whole network: an input, a stack of recurrent layers, a head. State goes in and comes out."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from onnx import TensorProto
from torch import Tensor, nn

from textrnn.config import Architecture, Precision
from textrnn.errors import ModelError
from textrnn.networks.dropout import NOTHING, Dropouts
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.heads import build_head
from textrnn.networks.inputs import LearnedInput, SymbolSource, build_input
from textrnn.networks.recurrent import Symbols
from textrnn.networks.stack import Stack, State, output_site

TIED_DEVIATION = 0.1  # of vectors that are the output's weights too: with 1 the first logits would be far apart


class SequenceNetwork(nn.Module):
    """The network of an architecture. start: how the recurrent weights start, see RecurrentLayer."""

    def __init__(self, architecture: Architecture, *, dropouts: Dropouts = NOTHING, start: str = "uniform") -> None:
        super().__init__()
        self.architecture, self.dropouts = architecture, dropouts
        self.input = build_input(architecture.input)
        self.layers = Stack(architecture.core, self.input.size, start=start)
        table = self.input.table if isinstance(self.input, LearnedInput) and architecture.head.tied else None
        if table is not None:
            nn.init.normal_(table, std=TIED_DEVIATION)
        self.head = build_head(architecture.head, self.layers.size, table)

    @property
    def device(self) -> torch.device:
        return self.head.bias.device

    def initial_state(self, batch: int) -> State:
        """Zeros, before anything is read."""
        return self.layers.initial_state(batch, self.device)

    def forward(
        self, ids: Tensor, state: State | None = None, *, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """The top level's output (time, batch, size) for ids (time, batch), and the state after.

        lengths: (batch,), see Stack. `dropped` stands between the output and the head.
        """
        before = state if state is not None else self.initial_state(ids.shape[1])
        dropouts = self.dropouts if self.training else NOTHING
        read = self.input(ids, dropped=dropouts.embedding).dropped(dropouts)
        output, after = self.layers(read, before, lengths=lengths, dropouts=dropouts)
        return output, after

    def dropped(self, output: Tensor) -> Tensor:
        """The output as the head reads it: in training without the entries that are dropped."""
        return self.dropouts.drop(output, self.dropouts.layers) if self.training else output

    def to_graph(self, precision: Precision, bounds: Mapping[str, float] = MappingProxyType({})) -> bytes:
        """The network as an ONNX file that reads symbols and then chooses some.

        Inputs: ids (time, batch), int64, to be read; targets (time, batch), int64; perturbation (steps, batch,
        classes), float32; for each layer k and part p of the state, "p.k" (batch, size). At least one of each.
        Outputs, log-probabilities natural: logprobs (time, batch, classes) after each id, target_logprobs (time,
        batch) of the targets; choices (steps, batch), int64, and chosen_logprobs (steps, batch, classes) that they
        were made from; "p.k.after", the state after the ids and all choices but the last, which the next call reads.

        A choice is argmax(log-probability + perturbation). With Gumbel noise as perturbation this draws from the
        distribution (Maddison et al., 2014); with zeros it is greedy; -inf forbids a symbol.

        bounds: of the vectors that `Core.unbounded` names, for int8. Raises ModelError where one is
        missing, and for a core that reads backward.
        """
        if self.architecture.core.bidirectional:
            raise ModelError("a network that reads in both directions cannot choose what comes next")
        missing = [name for name in self.architecture.core.unbounded() if name not in bounds]
        if missing and precision == "int8":
            raise ModelError(f"int8 needs to know how large {missing[0]} becomes, as training measures: train it again")
        classes, sizes = self.architecture.head.classes, self.architecture.core.state_sizes()
        graph = Graph(precision, bounds=bounds)
        ids = graph.input("ids", shape=("time", "batch"), dtype=TensorProto.INT64)
        targets = graph.input("targets", shape=("time", "batch"), dtype=TensorProto.INT64)
        perturbation = graph.input("perturbation", shape=("steps", "batch", classes))
        before = {name: graph.input(name, shape=("batch", size)) for name, size in sizes.items()}
        output, between = self.layers.to_graph(graph, SymbolSource(self.input, ids), before)
        logits = self._logits(graph, output)
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
        for name, value in after.items():
            graph.output(value, f"{name}.after", shape=("batch", sizes[name]))
        return graph.to_bytes("sequence")

    def _logits(self, graph: Graph, output: Symbol) -> Symbol:
        return self.head.to_graph(graph, output, site=output_site(self.architecture.core.layers - 1))

    def _choose_to_graph(
        self, graph: Graph, logits: Symbol, perturbation: Symbol, before: Symbols
    ) -> tuple[Symbol, Symbol, Symbols]:
        """Choices, the logits they were made from, and the state: a Loop that chooses and reads what it chose."""
        classes, sizes = self.architecture.head.classes, self.architecture.core.state_sizes()
        now = graph.node("Gather", logits, graph.number(-1), axis=0)  # (batch, classes)
        body = graph.child()
        index = body.input(shape=(), dtype=TensorProto.INT64)
        goes_on = body.input(shape=(), dtype=TensorProto.BOOL)
        body_logits = body.input(shape=("batch", classes))
        state = {name: body.input(shape=("batch", sizes[name])) for name in before}
        choice = self._choice(body, body_logits, body.node("Gather", perturbation, index, axis=0))
        output, after = self.layers.step_to_graph(body, SymbolSource(self.input, choice), state)
        body.output(goes_on, body.fresh_name(), dtype=TensorProto.BOOL)
        body.output(self._logits(body, output))
        for value in after.values():
            body.output(value)
        body.output(choice, body.fresh_name(), dtype=TensorProto.INT64)
        body.output(body_logits, body.fresh_name())

        steps = graph.node("Gather", graph.node("Shape", perturbation), graph.number(0), axis=0)
        trips = graph.node("Sub", steps, graph.number(1))
        final, *values, choices, chosen = graph.loop(body, trips, [now, *before.values()])
        last = self._choice(graph, final, graph.node("Gather", perturbation, graph.number(-1), axis=0))
        return (
            graph.node("Concat", choices, graph.node("Unsqueeze", last, graph.numbers(0)), axis=0),
            graph.node("Concat", chosen, graph.node("Unsqueeze", final, graph.numbers(0)), axis=0),
            dict(zip(before, values, strict=True)),
        )

    @staticmethod
    def _choice(graph: Graph, logits: Symbol, perturbation: Symbol) -> Symbol:
        return graph.node("ArgMax", logits + perturbation, axis=-1, keepdims=0)
