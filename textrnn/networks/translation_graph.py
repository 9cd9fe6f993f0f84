"""A network that makes one sequence of another as two ONNX graphs: one reads the source, one makes the target."""

from dataclasses import dataclass

from onnx import TensorProto

from textrnn.architecture import DECODER, FED
from textrnn.engines.engine import Floats
from textrnn.networks.attention import MemoryInGraph
from textrnn.networks.decoder import DecoderHead
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.readouts import last_in_graph
from textrnn.networks.recurrent import Symbols
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.sources import Shares, Source, SymbolSource
from textrnn.networks.stack import output_site

BEGIN = ".begin"  # behind the name of a part of the decoder's state, as the encoder makes it
SOURCE = "source"  # the encoder's outputs among the bounds of a decoder


@dataclass(frozen=True)
class FedSource:
    """What a source reads, and beside it a vector of another kind, of this size, by its name among the bounds."""

    source: Source
    fed: Symbol
    size: int
    site: str

    def vectors(self, graph: Graph) -> Symbol | None:
        vectors = self.source.vectors(graph)
        return None if vectors is None else graph.node("Concat", vectors, self.fed, axis=-1)

    def shares(self, graph: Graph, name: str, weight: Floats, bias: Floats) -> Symbol:
        size = weight.shape[1] - self.size
        own = self.source.shares(graph, name, weight[:, :size], bias)
        return own + graph.linear(self.fed, f"{name}.fed", weight[:, size:], None, site=self.site)

    def scanned(self, graph: Graph, name: str, weight: Floats, bias: Floats) -> Shares:
        return Shares(self.shares(graph, name, weight, bias))

    def reversed(self, graph: Graph, lengths: Symbol) -> "FedSource":
        return FedSource(self.source.reversed(graph, lengths), graph.reversed(self.fed, lengths), self.size, self.site)


def write_encoder_graph(graph: Graph, network: SequenceNetwork) -> None:
    """Write what reads the source into a graph that is empty.

    Inputs: ids (time, batch), int64, padded; lengths (batch,), int64, each at least 1; ends (time, batch), float32, 1
    at the last symbol alone; for each layer k and part p of the encoder's state, "p.k" (batch, size).
    Outputs: "p.k.begin" (batch, size), for each part of the decoder's state; where there is attention, keys and values
    (batch, time, size).
    """
    head, core = network.head, network.architecture.core
    assert isinstance(head, DecoderHead)
    ids = graph.input("ids", shape=("time", "batch"), dtype=TensorProto.INT64)
    lengths = graph.input("lengths", shape=("batch",), dtype=TensorProto.INT64)
    ends = graph.input("ends", shape=("time", "batch"))
    before = {name: graph.input(name, shape=("batch", size)) for name, size in core.state_sizes().items()}
    output, _ = network.layers.to_graph(graph, SymbolSource(network.input, ids), before, lengths)
    site = output_site(core.layers - 1)
    vectors = last_in_graph(graph, output, ends, is_bidirectional=core.bidirectional)
    for name, value in head.bridge.to_graph(graph, vectors, site=site).items():
        graph.output(value, f"{name}{BEGIN}", shape=("batch", head.bridge.sizes[name]))
    if head.attention is not None:
        values = graph.node("Transpose", output, perm=[1, 0, 2])
        keys = head.attention.keys_to_graph(graph, values, site=site)
        graph.output(keys, "keys", shape=("batch", "time", head.attention.key_size))
        graph.output(values, "values", shape=("batch", "time", head.attention.values))


def write_decoder_graph(graph: Graph, network: SequenceNetwork) -> None:
    """Write one step of the decoder into a graph that is empty; all hypotheses of a source stand in its row.

    Inputs: ids (batch, beam), int64; count (1,), int64; for each part of the state, "p.k" (batch, beam, size), with
    input feeding "output" too; where there is attention, keys and values (batch, source, size) and mask (batch,
    source), float32.
    Outputs, log-probabilities natural: logprobs (batch, beam, classes) of the next symbol; best_logprobs and best
    (batch, beam, count), of the likeliest symbols and these themselves; "p.k.after", the state after; where there is
    attention, attention (batch, beam, source).
    """
    head, spec = network.head, network.architecture.head
    assert isinstance(head, DecoderHead)
    graph.bounds = bounds_of_decoder(graph, network)
    ids = graph.input("ids", shape=("batch", "beam"), dtype=TensorProto.INT64)
    count = graph.input("count", shape=(1,), dtype=TensorProto.INT64)
    sizes = head.spec.state_sizes()
    before = {name: graph.input(name, shape=("batch", "beam", size)) for name, size in sizes.items()}
    memory = None
    if head.attention is not None:
        keys, values = (
            graph.input(name, shape=("batch", "source", size))
            for name, size in (("keys", head.attention.key_size), ("values", head.attention.values))
        )
        memory = MemoryInGraph(keys, values, graph.input("mask", shape=("batch", "source")))
    outputs, weights, after = decoder_step(graph, head, ids, before, memory)
    logprobs = graph.node("LogSoftmax", head.labels.to_graph(graph, outputs, site=FED), axis=-1)
    graph.output(logprobs, "logprobs", shape=("batch", "beam", spec.classes))
    best_logprobs, best = graph.nodes_out("TopK", logprobs, count, count=2, axis=-1)
    graph.output(best_logprobs, "best_logprobs", shape=("batch", "beam", "count"))
    graph.output(best, "best", shape=("batch", "beam", "count"), dtype=TensorProto.INT64)
    for name, size in sizes.items():
        graph.output(after[name], f"{name}.after", shape=("batch", "beam", size))
    if weights is not None:
        graph.output(weights, "attention", shape=("batch", "beam", "source"))


def decoder_step(
    graph: Graph, head: DecoderHead, ids: Symbol, before: Symbols, memory: MemoryInGraph | None
) -> tuple[Symbol, Symbol | None, Symbols]:
    """o, the weights of attention and the state after one step."""
    source: Source = SymbolSource(head.input, ids)
    if head.spec.input_feeding:
        source = FedSource(source, before[FED], head.spec.outputs, FED)
    layers = {name: value for name, value in before.items() if name != FED}
    hidden, after = head.layers.step_to_graph(graph, source, layers)
    site = output_site(head.spec.core.layers - 1)
    weight, bias = (value.detach().cpu().numpy() for value in (head.weight_hidden, head.bias_output))
    total, weights = graph.linear(hidden, "output.hidden", weight, bias, site=site), None
    if head.attention is not None and head.weight_context is not None and memory is not None:
        context, weights = head.attention.to_graph(graph, hidden, memory, site=site)
        weight = head.weight_context.detach().cpu().numpy()
        total = total + graph.linear(context, "output.context", weight, None, site=SOURCE)
    outputs = graph.tanh(total)
    return outputs, weights, after | ({FED: outputs} if head.spec.input_feeding else {})


def bounds_of_decoder(graph: Graph, network: SequenceNetwork) -> dict[str, float]:
    """The bounds of a decoder's vectors, and of what it reads of the source, by their names in its graph."""
    own = {name.removeprefix(DECODER): bound for name, bound in graph.bounds.items() if name.startswith(DECODER)}
    source = output_site(network.architecture.core.layers - 1)
    return own | ({SOURCE: graph.bounds[source]} if source in graph.bounds else {})
