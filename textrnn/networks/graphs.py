"""A network as ONNX files: the parts of a model folder that run it, and what writes each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from textrnn.architecture import Decoder, LabelPerSequence, LabelPerStep
from textrnn.config import Precision
from textrnn.errors import ModelError
from textrnn.networks.graph import Graph
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.sequence_graph import write_sequence_graph
from textrnn.networks.step_graph import write_condition_graph, write_step_graph
from textrnn.networks.translation_graph import write_decoder_graph, write_encoder_graph
from textrnn.spec import Spec

Writer = Callable[[Graph, SequenceNetwork], None]
WRITERS: dict[type[Spec], dict[str, Writer]] = {  # by the head of a network
    LabelPerStep: {"model.onnx": write_step_graph},
    LabelPerSequence: {"model.onnx": write_sequence_graph},
    Decoder: {"encoder.onnx": write_encoder_graph, "decoder.onnx": write_decoder_graph},
}
OF_CONDITION: dict[str, Writer] = {"condition.onnx": write_condition_graph}  # one more, where texts begin with one


def graphs_of(
    network: SequenceNetwork, precision: Precision, bounds: Mapping[str, float] = MappingProxyType({})
) -> dict[str, bytes]:
    """The ONNX files of a network by their names; where each is written stands what goes in and comes out.

    bounds: of the vectors that `Architecture.unbounded` names, for int8. Raises ModelError where one is missing, and
    for a core that reads backward under a head that labels every step.
    """
    missing = [name for name in network.architecture.unbounded() if name not in bounds]
    if missing and precision == "int8":
        raise ModelError(f"int8 needs to know how large {missing[0]} becomes, as training measures: train it again")
    writers = WRITERS[type(network.architecture.head)] | (OF_CONDITION if network.condition is not None else {})
    return {part: written(write, network, precision, bounds) for part, write in writers.items()}


def written(write: Writer, network: SequenceNetwork, precision: Precision, bounds: Mapping[str, float]) -> bytes:
    """One of the files."""
    graph = Graph(precision, bounds=bounds)
    write(graph, network)
    return graph.to_bytes("sequence")
