"""A whole sequence in one vector: what a head that labels it reads of the outputs after every step."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.architecture import Head, LabelPerSequence
from textrnn.networks.graph import Graph, Symbol

FAR_BELOW = -1e9  # added to what is not to be the largest, nor to weigh anything


@dataclass(frozen=True)
class Places:
    """Where the symbols of padded sequences are, (time, batch) float each: 1 there and 0 elsewhere.

    mask: at every symbol. ends: at the last symbol alone.
    """

    mask: Tensor
    ends: Tensor

    @classmethod
    def of(cls, lengths: Tensor, *, steps: int) -> "Places":
        """lengths: (batch,), each at least 1."""
        step = torch.arange(steps, device=lengths.device)[:, None]
        return cls((step < lengths).float(), (step == lengths - 1).float())


@dataclass(frozen=True)
class PlacesInGraph:
    """The same as inputs of a graph."""

    mask: Symbol
    ends: Symbol


class StepReadout(nn.Module):
    """Every step by itself: nothing to sum up."""

    size: int

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.size = outputs

    def forward(self, outputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        return outputs


class SequenceReadout(nn.Module):
    """Summaries side by side. forward_size: how many of the outputs are of the layer that reads forward."""

    def __init__(self, spec: LabelPerSequence, outputs: int, forward_size: int) -> None:
        super().__init__()
        self.spec, self.forward_size = spec, forward_size
        self.size = outputs * len(spec.readouts)
        if "attention" in spec.readouts:
            self.attention = nn.Parameter(torch.zeros(1, outputs))  # at first all steps weigh the same

    def forward(self, outputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The summaries (1, batch, size) of outputs (time, batch, outputs): as of one step. None: all steps count."""
        if lengths is None:
            lengths = torch.full(outputs.shape[1:2], len(outputs), device=outputs.device)
        places = Places.of(lengths, steps=len(outputs))
        outputs = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
        return torch.cat([READOUTS[name].of_tensors(self, outputs, places) for name in self.spec.readouts], -1)[None]

    def weights(self, outputs: Tensor, places: Places) -> Tensor:
        """What attention makes of each step, (time, batch), its sum over the steps 1: softmax(w . tanh(output))."""
        scores = outputs.tanh() @ self.attention[0]
        return torch.softmax(scores + (1 - places.mask) * FAR_BELOW, 0)

    def to_graph(self, graph: Graph, outputs: Symbol, places: PlacesInGraph) -> tuple[Symbol, Symbol | None]:
        """The summaries (batch, size), and the weights of attention (time, batch) where there is any."""
        weights = self._weights_to_graph(graph, outputs, places) if "attention" in self.spec.readouts else None
        found = [READOUTS[name].to_graph(self, graph, outputs, places, weights) for name in self.spec.readouts]
        return found[0] if len(found) == 1 else graph.node("Concat", *found, axis=-1), weights

    def _weights_to_graph(self, graph: Graph, outputs: Symbol, places: PlacesInGraph) -> Symbol:
        query = graph.weight("readout.attention", self.attention.detach().cpu().numpy().T)
        scores = graph.node("Squeeze", graph.node("MatMul", graph.tanh(outputs), query), graph.numbers(-1))
        return graph.node("Softmax", scores + (1.0 - places.mask) * FAR_BELOW, axis=0)


def last(readout: SequenceReadout, outputs: Tensor, places: Places) -> Tensor:
    """The last output of the layer that reads forward, the first of the one that reads backward: it has read all."""
    return last_of(outputs, places, forward_size=readout.forward_size)


def last_of(outputs: Tensor, places: Places, *, forward_size: int) -> Tensor:
    """The same for outputs (time, batch, size) of which so many entries are of the layer that reads forward."""
    forward = weighted(outputs[..., :forward_size], places.ends)
    return torch.cat([forward, outputs[0, :, forward_size:]], -1)


def mean(readout: SequenceReadout, outputs: Tensor, places: Places) -> Tensor:
    """The mean over the steps."""
    return weighted(outputs, places.mask / places.mask.sum(0))


def maximum(readout: SequenceReadout, outputs: Tensor, places: Places) -> Tensor:
    """The largest of each entry over the steps."""
    return (outputs + ((1 - places.mask) * FAR_BELOW)[..., None]).amax(0)


def attended(readout: SequenceReadout, outputs: Tensor, places: Places) -> Tensor:
    """The mean by the weights of attention."""
    return weighted(outputs, readout.weights(outputs, places))


def weighted(outputs: Tensor, weights: Tensor) -> Tensor:
    """The sum over the steps of outputs (time, batch, size) times weights (time, batch)."""
    return (outputs * weights[..., None]).sum(0)


def last_to_graph(
    readout: SequenceReadout, graph: Graph, outputs: Symbol, places: PlacesInGraph, _: Symbol | None
) -> Symbol:
    is_bidirectional = readout.forward_size != readout.size // len(readout.spec.readouts)
    return last_in_graph(graph, outputs, places.ends, is_bidirectional=is_bidirectional)


def last_in_graph(graph: Graph, outputs: Symbol, ends: Symbol, *, is_bidirectional: bool) -> Symbol:
    """See `last`."""
    if not is_bidirectional:
        return weighted_in_graph(graph, outputs, ends)
    forward, backward = graph.split(outputs, parts=2)
    first = graph.node("Gather", backward, graph.number(0), axis=0)
    return graph.node("Concat", weighted_in_graph(graph, forward, ends), first, axis=-1)


def mean_to_graph(
    readout: SequenceReadout, graph: Graph, outputs: Symbol, places: PlacesInGraph, _: Symbol | None
) -> Symbol:
    counts = graph.node("ReduceSum", places.mask, graph.numbers(0), keepdims=1)
    return weighted_in_graph(graph, outputs, places.mask * graph.node("Reciprocal", counts))


def maximum_to_graph(
    readout: SequenceReadout, graph: Graph, outputs: Symbol, places: PlacesInGraph, _: Symbol | None
) -> Symbol:
    """As a Scan that keeps the largest so far: ONNX Runtime's ReduceMax over the first axis takes six times as long."""
    below = graph.node("Unsqueeze", (1.0 - places.mask) * FAR_BELOW, graph.numbers(-1))
    size = readout.size // len(readout.spec.readouts)
    body = graph.child()
    largest, now = (body.input(shape=("batch", size)) for _ in range(2))
    body.output(body.node("Max", largest, now))
    (found,) = graph.scan(body, [graph.node("Gather", outputs, graph.number(0), axis=0)], [outputs + below])
    return found


def attended_to_graph(
    readout: SequenceReadout, graph: Graph, outputs: Symbol, places: PlacesInGraph, weights: Symbol | None
) -> Symbol:
    assert weights is not None
    return weighted_in_graph(graph, outputs, weights)


def weighted_in_graph(graph: Graph, outputs: Symbol, weights: Symbol) -> Symbol:
    product = outputs * graph.node("Unsqueeze", weights, graph.numbers(-1))
    return graph.node("ReduceSum", product, graph.numbers(0), keepdims=0)


@dataclass(frozen=True)
class Summary:
    """One way to sum up the outputs, in torch and in a graph."""

    of_tensors: Callable[[SequenceReadout, Tensor, Places], Tensor]
    to_graph: Callable[[SequenceReadout, Graph, Symbol, PlacesInGraph, Symbol | None], Symbol]


READOUTS = {
    "last": Summary(last, last_to_graph),
    "mean": Summary(mean, mean_to_graph),
    "max": Summary(maximum, maximum_to_graph),
    "attention": Summary(attended, attended_to_graph),
}


def build_readout(spec: Head, outputs: int, *, forward_size: int) -> StepReadout | SequenceReadout:
    """What stands between the top level, whose outputs are of this size, and a head."""
    if isinstance(spec, LabelPerSequence):
        return SequenceReadout(spec, outputs, forward_size)
    return StepReadout(outputs)
