"""A network that labels whole sequences as an ONNX graph."""

from onnx import TensorProto

from textrnn.networks.graph import Graph
from textrnn.networks.heads import LabelHead
from textrnn.networks.readouts import PlacesInGraph, SequenceReadout
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.sources import SymbolSource
from textrnn.networks.stack import output_site


def write_sequence_graph(graph: Graph, network: SequenceNetwork) -> None:
    """Write the network into a graph that is empty.

    Inputs: ids (time, batch), int64, padded; lengths (batch,), int64, each at least 1; mask (time, batch), float32, 1
    at every symbol and 0 at padding; ends (time, batch), float32, 1 at the last symbol alone; for each layer k and part
    p of the state, "p.k" (batch, size).
    Outputs: logprobs (batch, classes), natural; where the network has attention, attention (time, batch), the weight
    of each step.
    """
    readout, core = network.readout, network.architecture.core
    assert isinstance(readout, SequenceReadout)
    assert isinstance(network.head, LabelHead)
    ids = graph.input("ids", shape=("time", "batch"), dtype=TensorProto.INT64)
    lengths = graph.input("lengths", shape=("batch",), dtype=TensorProto.INT64)
    mask, ends = (graph.input(name, shape=("time", "batch")) for name in ("mask", "ends"))
    before = {name: graph.input(name, shape=("batch", size)) for name, size in core.state_sizes().items()}
    output, _ = network.layers.to_graph(graph, SymbolSource(network.input, ids), before, lengths)
    summary, weights = readout.to_graph(graph, output, PlacesInGraph(mask, ends))
    logits = network.head.to_graph(graph, summary, site=output_site(core.layers - 1))
    logprobs = graph.node("LogSoftmax", logits, axis=-1)
    graph.output(logprobs, "logprobs", shape=("batch", network.architecture.head.classes))
    if weights is not None:
        graph.output(weights, "attention", shape=("time", "batch"))
