"""The graph that runs: parity with PyTorch, and an int8 that is exact in its own right."""

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.config import Architecture, Core, LabelPerStep, Learned, OneHot
from textrnn.engines.engine import MANY, choose_by_steps
from textrnn.engines.onnx_engine import OnnxEngine
from textrnn.errors import ModelError
from textrnn.metrics.tokens import log_probabilities
from textrnn.networks.inputs import TABLE_ENTRIES
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchEngine

SYMBOLS = 13


def network(*, input: str = "learned", units: int = 16, layers: int = 2, symbols: int = SYMBOLS) -> SequenceNetwork:
    torch.manual_seed(7)
    spec = Learned(symbols=symbols, size=6) if input == "learned" else OneHot(symbols=symbols)
    architecture = Architecture(input=spec, core=Core(units=units, layers=layers), head=LabelPerStep(classes=symbols))
    built = SequenceNetwork(architecture).eval()
    with torch.no_grad():
        for layer in built.layers:
            layer.weight_hh.mul_(2)
            layer.bias_hh.uniform_(-0.5, 0.5)
        built.head.weight.mul_(4)
    return built


def random_ids(time: int, batch: int, *, symbols: int = SYMBOLS, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, symbols, (time, batch))


@pytest.mark.parametrize("input", ["learned", "one-hot"])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("units", [1, 5, 32])
def test_float32_agrees_with_torch(input, layers, units):
    trained = network(input=input, layers=layers, units=units)
    ids, targets = random_ids(12, 3), random_ids(12, 3, seed=1)
    expected, expected_state = TorchEngine(trained).run(ids)
    logits, state = OnnxEngine(trained.to_graph("float32")).run(ids)
    difference = log_probabilities(logits, targets) - log_probabilities(expected, targets)
    assert np.abs(difference).max() < 1e-4
    assert state.keys() == expected_state.keys()
    for name, value in expected_state.items():
        np.testing.assert_allclose(state[name], value, atol=1e-4)


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("input", ["learned", "one-hot"])
def test_choosing_in_the_graph_equals_choosing_step_by_step(precision, input):
    engine = OnnxEngine(network(input=input).to_graph(precision))
    ids = random_ids(3, 4)
    perturbation = np.random.default_rng(2).gumbel(size=(20, 4, SYMBOLS)).astype(np.float32)
    choices, logits, state = engine.choose(ids, perturbation)
    expected, expected_logits, expected_state = choose_by_steps(engine, ids, perturbation)
    np.testing.assert_array_equal(choices, expected)
    np.testing.assert_allclose(logits, expected_logits, atol=0 if precision == "int8" else 1e-5)
    for name, value in expected_state.items():
        np.testing.assert_allclose(state[name], value, atol=0 if precision == "int8" else 1e-5)


@settings(max_examples=25, deadline=None)
@given(
    units=st.integers(1, 70), layers=st.integers(1, 3), input=st.sampled_from(["learned", "one-hot"]), data=st.data()
)
def test_int8_is_the_same_to_the_bit_in_any_batch_order_number_of_threads_and_division(units, layers, input, data):
    model = network(input=input, units=units, layers=layers).to_graph("int8")
    engines = [OnnxEngine(model, threads=threads) for threads in (1, 2)]
    ids = random_ids(17, 64, seed=units)
    whole, _ = engines[0].run(ids)
    for engine in engines:
        for batch in (1, 7, 64):
            rows = np.array(data.draw(st.permutations(range(64))))[:batch]
            logits, _ = engine.run(ids[:, rows])
            np.testing.assert_array_equal(logits, whole[:, rows])
    cut = data.draw(st.integers(1, 16))
    first, state = engines[1].run(ids[:cut, :5])
    second, _ = engines[0].run(ids[cut:, :5], state)
    np.testing.assert_array_equal(np.concatenate([first, second]), whole[:, :5])
    state, steps = None, []
    for row in ids[:, :1]:
        logits, state = engines[1].run(row[None], state)
        steps.append(logits[0])
    np.testing.assert_array_equal(np.stack(steps), whole[:, :1])


def test_int8_is_exact_at_a_real_size():
    model = network(units=384, layers=2, symbols=65).to_graph("int8")
    ids = random_ids(40, 64, symbols=65)
    whole, _ = OnnxEngine(model, threads=2).run(ids)
    for batch in (1, 7):
        for threads in (1, 2):
            logits, _ = OnnxEngine(model, threads=threads).run(ids[:, :batch])
            np.testing.assert_array_equal(logits, whole[:, :batch])


def test_int8_is_near_float32():
    trained = network(units=64)
    ids, targets = random_ids(30, 8), random_ids(30, 8, seed=1)
    exact, _ = OnnxEngine(trained.to_graph("float32")).run(ids)
    rough, _ = OnnxEngine(trained.to_graph("int8")).run(ids)
    difference = np.abs(log_probabilities(exact, targets) - log_probabilities(rough, targets))
    assert 0 < difference.mean() < 0.01


def test_int8_keeps_a_vocabulary_that_is_too_large_for_a_table_exact():
    symbols, units = 600, 512
    assert symbols * 4 * units > TABLE_ENTRIES
    trained = network(units=units, layers=1, symbols=symbols)
    model = trained.to_graph("int8")
    ids = random_ids(6, MANY, symbols=symbols)
    logits, _ = OnnxEngine(model).run(ids)
    alone, _ = OnnxEngine(model).run(ids[:, 3:4])
    np.testing.assert_array_equal(alone, logits[:, 3:4])
    np.testing.assert_allclose(logits, TorchEngine(trained).run(ids)[0], atol=0.1)


def test_weights_are_in_the_file_once():
    trained = network(units=64, layers=2)
    numbers = sum(parameter.numel() for parameter in trained.parameters())
    assert len(trained.to_graph("float32")) < 4 * numbers * 1.05 + 20_000
    assert len(trained.to_graph("int8")) < 2 * numbers + 20_000


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_graph_keeps_to_the_standard_and_holds_no_square_table_of_symbols(precision):
    model = onnx.load_from_string(network(input="one-hot", units=5).to_graph(precision))
    onnx.checker.check_model(model)
    assert not [weight.name for weight in model.graph.initializer if list(weight.dims) == [SYMBOLS, SYMBOLS]]
    products = {node.op_type for node in model.graph.node}
    assert ("MatMulIntegerToFloat" in products) == (precision == "int8")


def test_a_file_that_is_no_graph_is_refused_in_one_line():
    with pytest.raises(ModelError, match=r"model\.onnx cannot be run") as caught:
        OnnxEngine(b"not a graph")
    assert "\n" not in str(caught.value)


def test_another_graph_is_refused():
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    after = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [value], [after])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 9
    with pytest.raises(ModelError, match="not a graph of this program"):
        OnnxEngine(model.SerializeToString())
