"""What is let through to ONNX Runtime: all that the program writes, and no more than that."""

from itertools import product

import numpy as np
import onnx
import pytest
import torch

from textrnn.cells import CELLS
from textrnn.config import Architecture, Core, LabelPerStep, Learned, OneHot
from textrnn.engines.graph_check import OPERATORS, check_graph
from textrnn.errors import ModelError
from textrnn.networks import inputs
from textrnn.networks.sequence import SequenceNetwork

SYMBOLS = 7


def every_graph() -> list[bytes]:
    """A graph of each cell, input, head, depth and precision; in int8 with the first layer's table and without."""
    graphs = []
    for cell, input, layers in product(CELLS, ("one-hot", "learned", "tied"), (1, 2)):
        tied = input == "tied"
        architecture = Architecture(
            input=OneHot(symbols=SYMBOLS) if input == "one-hot" else Learned(symbols=SYMBOLS, size=4),
            core=Core(cell=cell, units=4, layers=layers),
            head=LabelPerStep(classes=SYMBOLS, tied=tied),
        )
        with torch.random.fork_rng(), pytest.MonkeyPatch.context() as patch:
            network = SequenceNetwork(architecture)
            bounds = dict.fromkeys(architecture.core.unbounded(), 3.0)
            graphs += [network.to_graph("float32"), network.to_graph("int8", bounds)]
            patch.setattr(inputs, "TABLE_ENTRIES", 1)
            graphs.append(network.to_graph("int8", bounds))
    return graphs


GRAPHS = every_graph()


def operators_of(graph: onnx.GraphProto) -> set[tuple[str, str]]:
    """Domain and name of each operator, in the bodies of loops too."""
    bodies = [attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField("g")]
    return {(node.domain, node.op_type) for node in graph.node}.union(*map(operators_of, bodies))


def test_the_operators_that_pass_are_those_that_are_written() -> None:
    written = set().union(*(operators_of(onnx.load_from_string(graph).graph) for graph in GRAPHS))
    assert written == {(domain, name) for domain, names in OPERATORS.items() for name in names}


def test_every_graph_that_is_written_passes() -> None:
    for graph in GRAPHS:
        check_graph(graph)


def looping(source: str) -> bytes:
    """A graph that is run as often as what is named has columns, but one."""
    flag, value = ("flag", onnx.TensorProto.BOOL, []), ("value", onnx.TensorProto.FLOAT, [1])
    state = [onnx.helper.make_tensor_value_info(*each) for each in (flag, value)]
    after = [onnx.helper.make_tensor_value_info(f"{name}.after", *rest) for name, *rest in (flag, value)]
    body = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", [name], [f"{name}.after"]) for name in ("flag", "value")],
        "body",
        [onnx.helper.make_tensor_value_info("step", onnx.TensorProto.INT64, []), *state],
        after,
    )
    nodes = [
        onnx.helper.make_node("Identity", ["ids"], ["computed"]),
        onnx.helper.make_node("Shape", [source], ["shape"]),
        onnx.helper.make_node("Gather", ["shape", "one"], ["size"]),
        onnx.helper.make_node("Sub", ["size", "one"], ["trips"]),
        onnx.helper.make_node("Loop", ["trips", "", "zero"], ["out"], body=body),
    ]
    weights = [
        onnx.helper.make_tensor("one", onnx.TensorProto.INT64, [], np.int64(1).tobytes(), raw=True),
        onnx.helper.make_tensor("zero", onnx.TensorProto.FLOAT, [1], bytes(4), raw=True),
    ]
    ids = onnx.helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, ["time", "batch"])
    out = onnx.helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph(nodes, "graph", [ids], [out], weights)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]).SerializeToString()


def test_a_loop_runs_over_an_input_and_over_nothing_else() -> None:
    check_graph(looping("ids"))
    for source in ("computed", "zero"):
        with pytest.raises(ModelError, match="once for each step of an input"):
            check_graph(looping(source))


def test_an_array_without_numbers_that_could_be_beyond_all_bounds_is_refused() -> None:
    graph = onnx.load_from_string(looping("ids"))
    graph.graph.initializer.add(name="wide", data_type=onnx.TensorProto.FLOAT, dims=[0, 2**60], raw_data=b"")
    with pytest.raises(ModelError, match="an array is empty"):
        check_graph(graph.SerializeToString())


@pytest.mark.parametrize("cut", np.linspace(0, len(GRAPHS[0]) - 1, 40, dtype=int))
def test_a_graph_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(ModelError, match="not a graph of this program"):
        check_graph(GRAPHS[0][:cut])


def test_numbers_are_read_as_protocol_buffers_have_them() -> None:
    """An array of the size that a number of several bytes states."""
    model = onnx.load_from_string(GRAPHS[0])
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(70_000, np.int8), "large"))
    check_graph(model.SerializeToString())
    model.graph.initializer[-1].dims[0] = 70_001
    with pytest.raises(ModelError, match="an array is not of the size that it states"):
        check_graph(model.SerializeToString())
