"""What is let through to ONNX Runtime: all that the program writes, and no more than that."""

from contextlib import nullcontext, suppress
from functools import cache
from itertools import product

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import AttributeProto

from textrnn.architecture import Architecture, Core, Decoder, LabelPerSequence, LabelPerStep, Learned, OneHot
from textrnn.cells import CELLS
from textrnn.config import Precision
from textrnn.engines.graph_check import OPERATORS, check_graph
from textrnn.engines.labeller import Padded
from textrnn.engines.onnx_labeller import OnnxLabeller
from textrnn.errors import ModelError
from textrnn.networks import inputs
from textrnn.networks.attention import ATTENTIONS
from textrnn.networks.graphs import graphs_of
from textrnn.networks.sequence import SequenceNetwork

SYMBOLS = 7
PRECISIONS: tuple[Precision, ...] = ("float32", "int8")


def every_graph() -> list[bytes]:
    """A graph of each cell, input, head, depth, direction and precision; in int8 with the first table and without."""
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
            graphs += [graphs_of(network, precision, bounds)["model.onnx"] for precision in PRECISIONS]
            patch.setattr(inputs, "TABLE_ENTRIES", 1)
            graphs.append(graphs_of(network, "int8", bounds)["model.onnx"])
    for cell, bidirectional in product(CELLS, (False, True)):
        core = Core(cell=cell, units=4, bidirectional=bidirectional)
        head = LabelPerSequence(classes=3, readouts=("last", "mean", "max", "attention"))
        network = SequenceNetwork(Architecture(input=Learned(symbols=SYMBOLS, size=4), core=core, head=head))
        bounds = dict.fromkeys(core.unbounded(), 3.0)
        graphs += [graphs_of(network, precision, bounds)["model.onnx"] for precision in PRECISIONS]
    for attention in (None, *ATTENTIONS):
        entry = Learned(symbols=SYMBOLS, size=4)
        head = Decoder(input=entry, core=Core(units=4), attention=attention, input_feeding=attention == "additive")
        core = Core(units=2, bidirectional=True)
        network = SequenceNetwork(Architecture(input=entry, core=core, head=head))
        graphs += [graph for precision in PRECISIONS for graph in graphs_of(network, precision).values()]
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


@pytest.mark.parametrize("number", [-(2**63), -9, 2**16 + 1, 2**31, 2**63 - 1])
@pytest.mark.parametrize("name", ["num_scan_inputs", "axis"])
def test_a_number_of_an_operator_that_would_take_memory_is_refused(name: str, number: int) -> None:
    model = onnx.load_from_string(labelling("int8"))
    found = [each for node in model.graph.node for each in node.attribute if each.name == name]
    found[0].i = number
    with pytest.raises(ModelError, match="a number of an operator is beyond all that are used"):
        check_graph(model.SerializeToString())


def test_whole_numbers_are_not_divided() -> None:
    """The lowest by -1, which a file can bring about, is an exception of the processor: it would end the process."""
    graph = onnx.load_from_string(looping("ids"))
    graph.graph.node[0].CopyFrom(onnx.helper.make_node("Div", ["ids", "one"], ["computed"]))
    with pytest.raises(ModelError, match="operator 'Div' of domain '' is never used"):
        check_graph(graph.SerializeToString())


@pytest.mark.parametrize("lengths", [[-1, 2], [0, 3], [3, 8], [3]])
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_lengths_that_a_graph_makes_up_end_in_an_error_or_in_no_harm(lengths: list[int], precision: Precision) -> None:
    """Those that are read are the program's own, but a file can put others in their place."""
    model = onnx.load_from_string(labelling(precision))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(lengths), "others"))
    for node in model.graph.node:
        node.input[:] = ["others" if name == "lengths" else name for name in node.input]
    engine = OnnxLabeller(model.SerializeToString(), threads=1)
    batch = Padded.of([np.array([4, 5, 6]), np.array([4, 5])])
    with nullcontext() if lengths == [0, 3] else pytest.raises(ModelError, match=r"model\.onnx cannot be run: \[ONNX"):
        assert np.isfinite(engine.run(batch).logprobs).all()


@settings(max_examples=150)
@given(data=st.data())
def test_a_graph_of_other_operators_and_inputs_is_refused_or_runs(data: st.DataObject) -> None:
    """Any operator that passes, with any attribute and any inputs, in the place of any other."""
    model = onnx.load_from_string(data.draw(st.sampled_from([labelling("float32"), labelling("int8")])))
    names = [name for node in model.graph.node for name in (*node.input, *node.output)]
    for _ in range(data.draw(st.integers(1, 3))):
        node = data.draw(st.sampled_from(model.graph.node))
        change = data.draw(st.sampled_from(["operator", "input", "number", "numbers"]))
        attributes = [each for each in node.attribute if each.type in (AttributeProto.INT, AttributeProto.INTS)]
        if change == "operator":
            node.op_type = data.draw(st.sampled_from(sorted(OPERATORS[""])))
        elif change == "input" and node.input:
            node.input[data.draw(st.integers(0, len(node.input) - 1))] = data.draw(st.sampled_from(names))
        elif change == "number" and attributes:
            attribute = data.draw(st.sampled_from(attributes))
            number = data.draw(st.sampled_from([-(2**63), -9, -2, -1, 0, 1, 2, 9, 2**31, 2**63 - 1]))
            attribute.i, attribute.ints[:] = number, [number] * len(attribute.ints)
        elif change == "numbers":
            axes = data.draw(st.lists(st.integers(-3, 3), max_size=4))
            del node.attribute[:]
            node.attribute.append(onnx.helper.make_attribute("axes", axes, attr_type=AttributeProto.INTS))
    with suppress(ModelError):
        engine = OnnxLabeller(model.SerializeToString(), threads=1)
        batch = Padded.of([np.array([4, 5, 6]), np.array([4, 5])])
        assert engine.run(batch).logprobs.shape == (2, engine.classes)  # which `load` holds to config.json


@cache
def labelling(precision: Precision) -> bytes:
    """A graph that labels whole sequences."""
    core = Core(cell="gru", units=4, bidirectional=True)
    head = LabelPerSequence(classes=3, readouts=("last", "mean", "max", "attention"))
    with torch.random.fork_rng():
        network = SequenceNetwork(Architecture(input=Learned(symbols=SYMBOLS, size=4), core=core, head=head))
    return graphs_of(network, precision)["model.onnx"]
