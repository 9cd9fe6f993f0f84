"""A network whose texts begin with a vector: the same in every engine, and apart from that vector as any other."""

import numpy as np
import pytest
import torch

from textrnn.architecture import Architecture, Condition, Core, LabelPerSequence, LabelPerStep, Learned
from textrnn.cells import CELLS
from textrnn.engines.engine import states_begun
from textrnn.engines.onnx_engine import OnnxEngine
from textrnn.networks.calibration import calibrated
from textrnn.networks.graphs import graphs_of
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchEngine
from textrnn.weight_shapes import weight_shapes

SYMBOLS, SIZE = 11, 3
IDS = np.random.default_rng(0).integers(SYMBOLS, size=(9, 4))
VECTORS = np.random.default_rng(1).normal(scale=3, size=(4, SIZE)).astype(np.float32)


def architecture(cell: str = "lstm", *, condition: Condition | None = None, **core) -> Architecture:
    return Architecture(
        input=Learned(symbols=SYMBOLS, size=5),
        core=Core(**{"cell": cell, "units": 7, "layers": 2, **core}),
        head=LabelPerStep(classes=SYMBOLS),
        condition=condition,
    )


def network(cell: str = "lstm", **core) -> SequenceNetwork:
    """A network that begins with three numbers."""
    torch.manual_seed(3)
    found = SequenceNetwork(architecture(cell, condition=Condition(size=SIZE), **core)).eval()
    with torch.no_grad():
        found.condition.bias.uniform_(-0.5, 0.5)
    return found


def onnx(found: SequenceNetwork, precision: str = "float32") -> OnnxEngine:
    beside = torch.from_numpy(VECTORS)
    bounds = {name: bound.value for name, bound in calibrated(found, torch.from_numpy(IDS), beside).items()}
    graphs = graphs_of(found, precision, bounds)
    assert list(graphs) == ["model.onnx", "condition.onnx"]
    return OnnxEngine(*graphs.values())


@pytest.mark.parametrize(
    ("cell", "core"), [("gru", {}), ("elman-relu", {}), ("lstm", {"projection": 5}), ("lstm", {"residual": True})]
)
def test_the_first_state_is_that_of_the_equations_in_each_engine_and_in_int8_too(cell, core):
    found = network(cell, **core)
    weight, bias = (value.detach().double().numpy() for value in (found.condition.weight, found.condition.bias))
    expected = np.tanh(VECTORS.astype(np.float64) @ weight.T + bias)
    for engine in (TorchEngine(found), onnx(found), onnx(found, "int8")):
        state = engine.initial_state(4, VECTORS)
        assert list(state) == list(found.architecture.core.state_sizes())
        np.testing.assert_allclose(np.concatenate([*state.values()], axis=1), expected, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_the_engines_agree_on_what_follows(cell):
    found = network(cell)
    torch_engine, exact, small = TorchEngine(found), onnx(found), onnx(found, "int8")
    expected, _ = torch_engine.run(IDS, torch_engine.initial_state(4, VECTORS))
    logprobs, _ = exact.run(IDS, exact.initial_state(4, VECTORS))
    np.testing.assert_allclose(logprobs, expected, atol=1e-4)
    rounded, _ = small.run(IDS, small.initial_state(4, VECTORS))
    np.testing.assert_allclose(rounded, expected, atol=0.25)
    others, _ = exact.run(IDS, exact.initial_state(4, -VECTORS))
    assert np.abs(others[0] - logprobs[0]).max() > 0.01


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_step_by_step_is_the_same_as_in_one_call(precision):
    engine = onnx(network(), precision)
    whole, last = engine.run(IDS, engine.initial_state(4, VECTORS))
    state, rows = engine.initial_state(4, VECTORS), []
    for row in IDS:
        logprobs, state = engine.run(row[None], state)
        rows.append(logprobs[0])
    np.testing.assert_allclose(np.stack(rows), whole, atol=0 if precision == "int8" else 1e-5)
    np.testing.assert_allclose(state["memory.1"], last["memory.1"], atol=1e-5)


def test_a_state_does_not_depend_on_those_beside_it():
    engine = onnx(network(), "int8")
    many = np.random.default_rng(2).normal(size=(70, SIZE)).astype(np.float32)
    together = states_begun(engine, list(many))
    for place in (0, 33, 69):
        alone = states_begun(engine, [many[place]])
        assert all((alone[name][0] == values[place]).all() for name, values in together.items())


def test_the_other_weights_start_as_without_a_condition():
    torch.manual_seed(5)
    plain = SequenceNetwork(architecture()).state_dict()
    torch.manual_seed(5)
    begun = SequenceNetwork(architecture(condition=Condition(size=SIZE))).state_dict()
    assert begun.keys() - plain.keys() == {"condition.weight", "condition.bias"}
    assert all(torch.equal(begun[name], value) for name, value in plain.items())


def test_the_weights_are_those_that_the_architecture_names():
    found = network(projection=4)
    named = {name: rows * columns for name, rows, columns in weight_shapes(found.architecture)}
    assert named == {name: value.numel() for name, value in found.state_dict().items()}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"condition": {"size": 2, "labels": ("a",)}}, "2 entries, and 1 labels are named"),
        ({"condition": {"size": 2, "labels": ("a", "a")}}, "named twice"),
        ({"condition": {"size": 2}, "core": {"units": 3, "bidirectional": True}}, "reads forward"),
        ({"condition": {"size": 2}, "head": LabelPerSequence(classes=2)}, "labels every step"),
    ],
)
def test_an_architecture_that_cannot_begin_so_is_refused(values, says):
    parts = {"input": Learned(symbols=4, size=2), "core": Core(units=3), "head": LabelPerStep(classes=4)}
    with pytest.raises(ValueError, match=says):
        Architecture(**{**parts, **values})
