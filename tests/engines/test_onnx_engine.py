"""The graph that runs: parity with PyTorch, and an int8 that is exact in its own right."""

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import numpy_logits
from textrnn.architecture import Architecture, Core, LabelPerStep, Learned, OneHot, Pretrained
from textrnn.cells import CELLS
from textrnn.engines import engine as interface
from textrnn.engines.engine import MANY, choose_by_steps, state_after
from textrnn.engines.onnx_engine import OnnxEngine
from textrnn.errors import ModelError
from textrnn.networks import inputs
from textrnn.networks.calibration import calibrated
from textrnn.networks.graphs import graphs_of
from textrnn.networks.inputs import TABLE_ENTRIES
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchEngine

SYMBOLS = 13
INPUTS = ("learned", "one-hot", "tied", "pretrained")
ENGINES = {
    "torch": TorchEngine,
    "float32": lambda network: OnnxEngine(graphs_of(network, "float32")["model.onnx"]),
    "int8": lambda network: OnnxEngine(to_int8(network)),
}
CORES = [  # every cell, and around it what a level may have
    *({"cell": cell} for cell in CELLS),
    *({"cell": cell, "residual": True, "layers": 3} for cell in CELLS),
    *({"cell": cell, "projection": 5} for cell in CELLS if CELLS[cell].projects),
    {"projection": 6, "residual": True, "layers": 3},
]


def network(
    *, input: str = "learned", units: int = 16, layers: int = 2, symbols: int = SYMBOLS, **core
) -> SequenceNetwork:
    """input: a kind, or "tied" for learned vectors that are the head's weights too: of the size of the top outputs."""
    torch.manual_seed(7)
    tied, is_narrow = input == "tied", not core.keys() & {"projection", "residual"}
    core = Core(units=units, layers=layers, top_units=6 if tied and is_narrow else None, **core)
    vectors = {"symbols": symbols, "size": core.outputs if tied else 6}
    specs = {"one-hot": OneHot(symbols=symbols), "pretrained": Pretrained(**vectors)}
    spec = specs.get(input, Learned(**vectors))
    built = SequenceNetwork(Architecture(input=spec, core=core, head=LabelPerStep(classes=symbols, tied=tied))).eval()
    with torch.no_grad():
        for layer in built.layers.children():
            layer.weight_hh.mul_(2)
            layer.bias_hh.uniform_(-0.5, 0.5)
        built.head.weight.mul_(10 if tied else 4)
        built.head.bias.uniform_(-0.5, 0.5)
    return built


def to_int8(trained: SequenceNetwork) -> bytes:
    """The graph, with bounds from symbols by chance where it needs some."""
    symbols = trained.architecture.head.classes
    bounds = calibrated(trained, torch.from_numpy(random_ids(40, 8, symbols=symbols, seed=9)))
    return graphs_of(trained, "int8", {name: bound.value for name, bound in bounds.items()})["model.onnx"]


def random_ids(time: int, batch: int, *, symbols: int = SYMBOLS, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, symbols, (time, batch))


def gumbel(steps: int, batch: int) -> np.ndarray:
    return np.random.default_rng(2).gumbel(size=(steps, batch, SYMBOLS)).astype(np.float32)


def gathered(logprobs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.take_along_axis(logprobs, targets[..., None], -1)[..., 0]


SIZES = [{"layers": layers, "units": units} for layers in (1, 2, 3) for units in (1, 5, 32)]


@pytest.mark.parametrize("input", INPUTS)
@pytest.mark.parametrize("core", SIZES + CORES, ids=lambda core: "-".join(map(str, core.values())))
def test_float32_agrees_with_torch(input, core):
    trained = network(input=input, **core)
    ids = random_ids(12, 3)
    expected, expected_state = TorchEngine(trained).run(ids)
    logprobs, state = OnnxEngine(graphs_of(trained, "float32")["model.onnx"]).run(ids)
    assert np.abs(logprobs - expected).max() < 1e-4
    assert state.keys() == expected_state.keys()
    for name, value in expected_state.items():
        np.testing.assert_allclose(state[name], value, atol=1e-4)


@pytest.mark.parametrize("input", INPUTS)
def test_torch_gives_the_logarithm_of_a_softmax_of_the_oracle_s_logits(input):
    trained = network(input=input)
    logits = numpy_logits(trained, random_ids(12, 3))
    expected = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    logprobs, _ = TorchEngine(trained).run(random_ids(12, 3))
    np.testing.assert_allclose(logprobs, expected, atol=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("input", INPUTS)
@pytest.mark.parametrize("batch", [1, MANY])
def test_scoring_targets_equals_taking_them_out_of_a_run(engine, input, batch):
    built = ENGINES[engine](network(input=input))
    ids, targets = random_ids(12, batch), random_ids(12, batch, seed=1)
    logprobs, after = built.run(ids)
    np.testing.assert_allclose(np.exp(logprobs.astype(np.float64)).sum(-1), 1, rtol=1e-5)
    found, state = built.score(ids, targets)
    np.testing.assert_array_equal(found, gathered(logprobs, targets))
    np.testing.assert_array_equal(built.score(ids, targets, built.initial_state(batch))[0], found)
    second, _ = built.score(ids, targets, state)
    np.testing.assert_array_equal(second, gathered(built.run(ids, after)[0], targets))
    assert not np.array_equal(second, found)
    assert built.initial_state(batch).keys() == state.keys() == after.keys()
    for name, value in after.items():
        np.testing.assert_array_equal(state[name], value)
        np.testing.assert_array_equal(built.initial_state(batch)[name], np.zeros_like(value))


@pytest.mark.parametrize("time", [0, 1, 4, 5, 11])
def test_the_state_after_a_text_of_any_length_is_that_of_one_run(monkeypatch, time):
    monkeypatch.setattr(interface, "READ_AT_ONCE", 5)
    engine = ENGINES["int8"](network())
    ids = random_ids(time, 3)
    state = state_after(engine, ids)
    expected = engine.run(ids)[1] if time else engine.initial_state(3)
    assert state.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(state[name], value)


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize(
    ("input", "core"), [*((input, {}) for input in INPUTS), *(("learned", core) for core in CORES)]
)
def test_choosing_in_the_graph_equals_choosing_step_by_step(precision, input, core):
    engine = ENGINES[precision](network(input=input, **core))
    ids = random_ids(3, 4)
    perturbation = gumbel(20, 4)
    choices, logprobs, state = engine.choose(ids, perturbation)
    expected, expected_logprobs, expected_state = choose_by_steps(engine, ids, perturbation)
    np.testing.assert_array_equal(choices, expected)
    np.testing.assert_allclose(logprobs, expected_logprobs, atol=0 if precision == "int8" else 1e-5)
    for name, value in expected_state.items():
        np.testing.assert_allclose(state[name], value, atol=0 if precision == "int8" else 1e-5)


def int8_graph(trained: SequenceNetwork, *, looks_rows_up: bool) -> bytes:
    """The graph; looks_rows_up: as for a vocabulary too large for a table of the first layer's products."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "TABLE_ENTRIES", 3 if looks_rows_up else TABLE_ENTRIES)
        return to_int8(trained)


@st.composite
def networks(draw: st.DrawFn, cell: str) -> SequenceNetwork:
    """Any network of a cell that chooses what comes next."""
    layers, core = draw(st.integers(1, 3)), {}
    if layers > 1 and draw(st.booleans()):
        core["residual"] = True
    if CELLS[cell].projects and draw(st.booleans()):
        core["projection"] = draw(st.integers(1, 20))
    return network(
        input=draw(st.sampled_from(INPUTS)), units=draw(st.integers(1, 70)), layers=layers, cell=cell, **core
    )


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=6)
@given(looks_rows_up=st.booleans(), data=st.data())
def test_int8_is_the_same_to_the_bit_in_any_batch_order_number_of_threads_and_division(cell, looks_rows_up, data):
    trained = data.draw(networks(cell))
    model, units = int8_graph(trained, looks_rows_up=looks_rows_up), trained.architecture.core.units
    engines = [OnnxEngine(model, threads=threads) for threads in (1, 2)]
    ids, targets, perturbation = random_ids(17, 64, seed=units), random_ids(17, 64, seed=71), gumbel(5, 64)
    whole, _ = engines[0].run(ids)
    choices, chosen, _ = engines[0].choose(ids, perturbation)
    for engine in engines:
        for batch in (1, 7, 64):
            rows = np.array(data.draw(st.permutations(range(64))))[:batch]
            logprobs, state = engine.run(ids[:, rows])
            np.testing.assert_array_equal(logprobs, whole[:, rows])
            scored, scored_state = engine.score(ids[:, rows], targets[:, rows])
            np.testing.assert_array_equal(scored, gathered(whole, targets)[:, rows])
            for name, value in state.items():
                np.testing.assert_array_equal(scored_state[name], value)
            choice, logprobs, _ = engine.choose(ids[:, rows], perturbation[:, rows])
            np.testing.assert_array_equal(choice, choices[:, rows])
            np.testing.assert_array_equal(logprobs, chosen[:, rows])
    cut = data.draw(st.integers(1, 16))
    first, state = engines[1].run(ids[:cut, :5])
    second, _ = engines[0].run(ids[cut:, :5], state)
    np.testing.assert_array_equal(np.concatenate([first, second]), whole[:, :5])
    state, steps = None, []
    for row in ids[:, :1]:
        logprobs, state = engines[1].run(row[None], state)
        steps.append(logprobs[0])
    np.testing.assert_array_equal(np.stack(steps), whole[:, :1])


def test_int8_is_exact_at_a_real_size():
    model = graphs_of(network(units=384, layers=2, symbols=65), "int8")["model.onnx"]
    ids = random_ids(40, 64, symbols=65)
    whole, _ = OnnxEngine(model, threads=2).run(ids)
    for batch in (1, 7):
        for threads in (1, 2):
            logprobs, _ = OnnxEngine(model, threads=threads).run(ids[:, :batch])
            np.testing.assert_array_equal(logprobs, whole[:, :batch])


@pytest.mark.parametrize(
    ("input", "core"), [*((input, {}) for input in INPUTS), *(("learned", core) for core in CORES)]
)
@pytest.mark.parametrize("looks_rows_up", [False, True])
def test_int8_is_near_float32(input, core, looks_rows_up):
    trained = network(input=input, units=64, **core)
    ids, targets = random_ids(30, 8), random_ids(30, 8, seed=1)
    exact, _ = OnnxEngine(graphs_of(trained, "float32")["model.onnx"]).score(ids, targets)
    rough, _ = OnnxEngine(int8_graph(trained, looks_rows_up=looks_rows_up)).score(ids, targets)
    assert 0 < np.abs(exact - rough).mean() < 0.04 * exact.std()


@pytest.mark.parametrize("input", ["learned", "tied"])
def test_int8_keeps_a_vocabulary_that_is_too_large_for_a_table_exact(input):
    symbols, units = 600, 512
    assert symbols * 4 * units > TABLE_ENTRIES
    trained = network(input=input, units=units, layers=2 if input == "tied" else 1, symbols=symbols)
    model = graphs_of(trained, "int8")["model.onnx"]
    assert not any("table" in name and 4 * units in shape for name, shape in weights_of(model).items())
    ids = random_ids(6, MANY, symbols=symbols)
    logprobs, _ = OnnxEngine(model).run(ids)
    alone, _ = OnnxEngine(model).run(ids[:, 3:4])
    np.testing.assert_array_equal(alone, logprobs[:, 3:4])
    np.testing.assert_allclose(logprobs, TorchEngine(trained).run(ids)[0], atol=0.2 if input == "tied" else 0.1)


def weights_of(model: bytes) -> dict[str, tuple[int, ...]]:
    """Name → shape of each array in a graph."""
    return {weight.name: tuple(weight.dims) for weight in onnx.load_from_string(model).graph.initializer}


@pytest.mark.parametrize(
    ("input", "symbols", "cell"),
    [("learned", 4000, "lstm"), ("tied", 4000, "lstm"), *(("learned", SYMBOLS, cell) for cell in CELLS)],
)
def test_weights_are_in_the_file_once(monkeypatch, input, symbols, cell):
    monkeypatch.setattr(inputs, "TABLE_ENTRIES", SYMBOLS * 4 * 64)
    trained = network(input=input, units=64, layers=2, symbols=symbols, cell=cell)
    numbers = sum(parameter.numel() for parameter in trained.parameters())
    assert len(graphs_of(trained, "float32")["model.onnx"]) < 4 * numbers * 1.05 + 20_000
    scales = 4 * 2 * symbols  # of the rows of table and head
    assert len(to_int8(trained)) < (2 if symbols == SYMBOLS else 1) * numbers + scales + 30_000


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_graph_keeps_to_the_standard_and_holds_no_square_table_of_symbols(precision):
    model = onnx.load_from_string(graphs_of(network(input="one-hot", units=5), precision)["model.onnx"])
    onnx.checker.check_model(model)
    assert not [weight.name for weight in model.graph.initializer if list(weight.dims) == [SYMBOLS, SYMBOLS]]
    products = {node.op_type for node in model.graph.node}
    assert ("MatMulIntegerToFloat" in products) == (precision == "int8")


def test_a_file_that_is_no_graph_is_refused_in_one_line():
    with pytest.raises(ModelError, match=r"model\.onnx is not a graph of this program") as caught:
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
