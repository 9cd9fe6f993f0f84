"""A network that labels every step as an ONNX graph: it reads symbols, and then chooses some."""

from onnx import TensorProto

from textrnn.errors import ModelError
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.heads import LabelHead
from textrnn.networks.recurrent import Symbols
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.sources import SymbolSource
from textrnn.networks.stack import output_site


def write_step_graph(graph: Graph, network: SequenceNetwork) -> None:
    """Write the network into a graph that is empty.

    Inputs: ids (time, batch), int64, to be read; targets (time, batch), int64; perturbation (steps, batch, classes),
    float32; for each layer k and part p of the state, "p.k" (batch, size). At least one of each.
    Outputs, log-probabilities natural: logprobs (time, batch, classes) after each id, target_logprobs (time, batch) of
    the targets; choices (steps, batch), int64, and chosen_logprobs (steps, batch, classes) that they were made from;
    "p.k.after", the state after the ids and all choices but the last, which the next call reads.

    A choice is argmax(log-probability + perturbation). With Gumbel noise as perturbation this draws from the
    distribution (Maddison et al., 2014); with zeros it is greedy; -inf forbids a symbol.
    """
    architecture = network.architecture
    if architecture.core.bidirectional:
        raise ModelError("a network that reads in both directions cannot choose what comes next")
    classes, sizes = architecture.head.classes, architecture.core.state_sizes()
    ids = graph.input("ids", shape=("time", "batch"), dtype=TensorProto.INT64)
    targets = graph.input("targets", shape=("time", "batch"), dtype=TensorProto.INT64)
    perturbation = graph.input("perturbation", shape=("steps", "batch", classes))
    before = {name: graph.input(name, shape=("batch", size)) for name, size in sizes.items()}
    output, between = network.layers.to_graph(graph, SymbolSource(network.input, ids), before)
    logits = logits_of(network, graph, output)
    choices, chosen_logits, after = choose(network, graph, logits, perturbation, between)
    logprobs = graph.node("LogSoftmax", logits, axis=-1)
    of_targets = graph.node("GatherElements", logprobs, graph.node("Unsqueeze", targets, graph.numbers(-1)), axis=-1)
    graph.output(logprobs, "logprobs", shape=("time", "batch", classes))
    graph.output(graph.node("Squeeze", of_targets, graph.numbers(-1)), "target_logprobs", shape=("time", "batch"))
    graph.output(choices, "choices", shape=("steps", "batch"), dtype=TensorProto.INT64)
    chosen_logprobs = graph.node("LogSoftmax", chosen_logits, axis=-1)
    graph.output(chosen_logprobs, "chosen_logprobs", shape=("steps", "batch", classes))
    for name, value in after.items():
        graph.output(value, f"{name}.after", shape=("batch", sizes[name]))


def write_condition_graph(graph: Graph, network: SequenceNetwork) -> None:
    """Write what makes the first state of a text into a graph that is empty.

    Input: vectors (batch, size), float32. Outputs: for each layer k and part p of the state, "p.k" (batch, size).
    """
    condition = network.architecture.condition
    assert condition is not None
    assert network.condition is not None
    graph.precision = "float32"  # in int8 too: the numbers of a vector have no bound, and it is read once a text
    vectors = graph.input("vectors", shape=("batch", condition.size))
    for name, value in network.condition.to_graph(graph, vectors, site="").items():
        graph.output(value, name, shape=("batch", network.condition.sizes[name]))


def logits_of(network: SequenceNetwork, graph: Graph, output: Symbol) -> Symbol:
    """The logits of the top level's output."""
    assert isinstance(network.head, LabelHead)
    return network.head.to_graph(graph, output, site=output_site(network.architecture.core.layers - 1))


def choose(
    network: SequenceNetwork, graph: Graph, logits: Symbol, perturbation: Symbol, before: Symbols
) -> tuple[Symbol, Symbol, Symbols]:
    """Choices, the logits they were made from, and the state: a Loop that chooses and reads what it chose."""
    classes, sizes = network.architecture.head.classes, network.architecture.core.state_sizes()
    now = graph.node("Gather", logits, graph.number(-1), axis=0)  # (batch, classes)
    body = graph.child()
    index = body.input(shape=(), dtype=TensorProto.INT64)
    goes_on = body.input(shape=(), dtype=TensorProto.BOOL)
    body_logits = body.input(shape=("batch", classes))
    state = {name: body.input(shape=("batch", sizes[name])) for name in before}
    chosen = choice(body, body_logits, body.node("Gather", perturbation, index, axis=0))
    output, after = network.layers.step_to_graph(body, SymbolSource(network.input, chosen), state)
    body.output(goes_on, body.fresh_name(), dtype=TensorProto.BOOL)
    body.output(logits_of(network, body, output))
    for value in after.values():
        body.output(value)
    body.output(chosen, body.fresh_name(), dtype=TensorProto.INT64)
    body.output(body_logits, body.fresh_name())

    steps = graph.node("Gather", graph.node("Shape", perturbation), graph.number(0), axis=0)
    trips = graph.node("Sub", steps, graph.number(1))
    final, *values, choices, logits_before = graph.loop(body, trips, [now, *before.values()])
    last = choice(graph, final, graph.node("Gather", perturbation, graph.number(-1), axis=0))
    return (
        graph.node("Concat", choices, graph.node("Unsqueeze", last, graph.numbers(0)), axis=0),
        graph.node("Concat", logits_before, graph.node("Unsqueeze", final, graph.numbers(0)), axis=0),
        dict(zip(before, values, strict=True)),
    )


def choice(graph: Graph, logits: Symbol, perturbation: Symbol) -> Symbol:
    """The likeliest, perturbed."""
    return graph.node("ArgMax", logits + perturbation, axis=-1, keepdims=0)
