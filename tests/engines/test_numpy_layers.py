"""The layers in NumPy are those of the network, step by step, and their gates are what makes its states."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from tests.cores import CORES, INPUTS, PRECISIONS, SYMBOLS, network_of
from tests.small_models import save_small_translator, untrained
from textrnn.architecture import Architecture, Core, LabelPerStep, Learned, OneHot
from textrnn.cells import CELLS, Cell, add_cells
from textrnn.config import Precision
from textrnn.engines import numpy_layers
from textrnn.engines.numpy_layers import NumpyLayers
from textrnn.engines.onnx_engine import OnnxEngine
from textrnn.errors import ModelError
from textrnn.model_folder import ModelFolder
from textrnn.networks.graphs import graphs_of
from textrnn.networks.sequence import SequenceNetwork

Arrays = dict[str, np.ndarray]
FIXTURES = Path(__file__).parents[1] / "fixtures"
LANGUAGE_MODELS = sorted(path for level in ("char", "word") for path in FIXTURES.glob(f"format-*/{level}-*"))
STEPS = 7
IDS = np.random.default_rng(0).integers(0, SYMBOLS, STEPS)
TOLERANCES = {"float32": 1e-5, "int8": 0.05}


def layers_of(network: SequenceNetwork, precision: Precision = "float32") -> NumpyLayers:
    bounds = dict.fromkeys(network.architecture.unbounded(), 30.0)
    return NumpyLayers(network.architecture, graphs_of(network, precision, bounds)["model.onnx"])


def whole(layers: NumpyLayers, ids: np.ndarray = IDS, state: Arrays | None = None) -> dict[str, tuple[Arrays, Arrays]]:
    """Gates and states of each layer over all steps."""
    stretches = list(layers.run(ids, state))
    names = stretches[0].keys()

    def joined(kinds: list[Arrays]) -> Arrays:
        return {name: np.concatenate([kind[name] for kind in kinds]) for name in kinds[0]}

    return {
        name: (joined([values[name].gates for values in stretches]), joined([v[name].state for v in stretches]))
        for name in names
    }


def after_each(network: SequenceNetwork, ids: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    """The state after 1, 2, … of the ids, in PyTorch."""
    for end in range(1, len(ids) + 1):
        with torch.no_grad():
            _, state = network(torch.from_numpy(ids[:end, None]))
        yield {name: value[0].numpy() for name, value in state.items()}


@pytest.mark.parametrize("core", CORES, ids=str)
@pytest.mark.parametrize("entry", INPUTS, ids=lambda entry: entry.kind)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_state_of_every_step_is_that_of_the_network(
    core: Core, entry: OneHot | Learned, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numpy_layers, "AT_ONCE", 3)
    network = network_of(core, entry).eval()
    with torch.no_grad():
        for weights in network.layers.parameters():
            weights /= 2
    found, tolerance = whole(layers_of(network, precision)), TOLERANCES[precision]
    with torch.no_grad():
        ids, state = torch.from_numpy(IDS[:, None]), network.initial_state(1)
        for level in network.layers.by_level(network.input(ids), state):
            for name, hidden in level.hidden.items():
                states = found[name][1]
                np.testing.assert_allclose(
                    states[network.layers.layer(name).cell.state[0]], hidden[:, 0], atol=tolerance
                )
    if not core.bidirectional:
        for step, state in enumerate(after_each(network, IDS)):
            for key, expected in state.items():
                part, _, name = key.partition(".")
                np.testing.assert_allclose(found[name][1][part][step], expected, atol=tolerance)
    assert all(values.dtype == np.float32 for gates, states in found.values() for values in (gates | states).values())


def elman(gates: Arrays, before: Arrays) -> Arrays:
    return {}


def gru(gates: Arrays, before: Arrays) -> Arrays:
    assert list(gates) == ["reset", "update", "candidate"]
    update = gates["update"]
    return {"hidden": update * before["hidden"] + (1 - update) * gates["candidate"]}


def lstm(gates: Arrays, before: Arrays) -> Arrays:
    assert list(gates) == ["input", "forget", "candidate", "output"]
    memory = gates["forget"] * before["memory"] + gates["input"] * gates["candidate"]
    return {"memory": memory, "hidden": gates["output"] * np.tanh(memory)}


BY_GATES: dict[str, Callable[[Arrays, Arrays], Arrays]] = {
    "elman": elman,
    "elman-relu": elman,
    "gru": gru,
    "gru-reset-before": gru,
    "lstm": lstm,
    "peephole-lstm": lstm,
    "coupled-lstm": lambda gates, before: lstm(
        {name: 1 - gates["input"] if name == "forget" else gates[name] for name in CELLS["lstm"].gates}, before
    ),
}


@pytest.mark.parametrize("cell", CELLS)
def test_the_gates_make_each_state_of_the_one_before(cell: str) -> None:
    core = Core(cell=cell, units=4)
    gates, states = whole(layers_of(network_of(core, INPUTS[1])))["0"]
    for step, (before, _) in enumerate(pairwise(range(STEPS)), start=1):
        now = {name: values[step] for name, values in gates.items()}
        made = BY_GATES[cell](now, {part: values[before] for part, values in states.items()})
        for part, expected in made.items():
            np.testing.assert_allclose(states[part][step], expected, atol=1e-6)
    assert not ({"elman", "elman-relu"} & {cell} and gates)


def test_the_reset_gate_is_the_sigmoid_of_its_shares() -> None:
    network = network_of(Core(cell="gru", units=4), INPUTS[1])
    gates, states = whole(layers_of(network))["0"]
    layer = network.layers.layer("0")
    table = network.input.table.detach().numpy()
    weights = {name: value.detach().numpy()[:4] for name, value in layer.named_parameters()}
    for step in range(1, STEPS):
        x = weights["weight_ih"] @ table[IDS[step]] + weights["bias_ih"]
        u = weights["weight_hh"] @ states["hidden"][step - 1] + weights["bias_hh"]
        np.testing.assert_allclose(gates["reset"][step], 1 / (1 + np.exp(-x - u)), atol=1e-6)


@pytest.mark.usefixtures("package_cells")
def test_gates_of_ones_own_cell_are_what_its_functions_give() -> None:
    def step(x, u, before, peephole, ops):
        keep = ops.sigmoid(2 * (x["keep"] + u["keep"]) + peephole["keep"] * before["memory"])
        fresh = x["fresh"] + u.of("fresh", keep * before["hidden"])
        memory = keep * before["memory"] + (1 - keep) * fresh
        return {"hidden": keep * ops.tanh(memory) + 0.1 * ops.relu(x["keep"]), "memory": memory}

    add_cells([Cell("own", ("keep", "fresh"), ("hidden", "memory"), step, peepholes=("keep",))])
    network = network_of(Core(cell="own", units=4), INPUTS[1])
    gates, states = whole(layers_of(network))["0"]
    assert list(gates) == ["keep"]  # the other enters the memory as it is
    for step_, state in enumerate(after_each(network, IDS)):
        np.testing.assert_allclose(states["memory"][step_], state["memory.0"], atol=1e-5)
    assert (gates["keep"] > 0).all()
    assert (gates["keep"] < 1).all()


def test_it_begins_with_the_state_that_it_is_given() -> None:
    network = network_of(Core(units=4, layers=2), INPUTS[1])
    engine = OnnxEngine(graphs_of(network, "float32")["model.onnx"])
    _, state = engine.run(IDS[:3, None])
    _, expected = engine.run(IDS[3:, None], state)
    found = whole(layers_of(network), IDS[3:], {name: value[0] for name, value in state.items()})
    for name in ("0", "1"):
        np.testing.assert_allclose(found[name][1]["memory"][-1], expected[f"memory.{name}"][0], atol=1e-5)


@pytest.mark.parametrize("path", LANGUAGE_MODELS, ids=lambda path: f"{path.parent.name} {path.name}")
def test_folders_of_every_format_are_read(path: Path) -> None:
    folder = ModelFolder(path)
    _, state = OnnxEngine(folder.read("model.onnx")).run(IDS[:, None])
    found = whole(NumpyLayers.of(folder))
    for key, expected in state.items():
        part, _, name = key.partition(".")
        np.testing.assert_allclose(found[name][1][part][-1], expected[0], atol=TOLERANCES[folder.config.precision])


@pytest.mark.parametrize("core", CORES, ids=str)
def test_of_no_symbols_every_value_is_there_without_a_step(core: Core) -> None:
    layers = layers_of(network_of(core, INPUTS[0]))
    none, some = whole(layers, np.zeros(0, np.int64)), whole(layers)
    for name, kinds in some.items():
        for values, expected in zip(none[name], kinds, strict=True):
            assert {key: rows.shape for key, rows in values.items()} == {
                key: (0, *rows.shape[1:]) for key, rows in expected.items()
            }


def test_a_translators_layers_are_those_of_its_source(tmp_path: Path) -> None:
    folder = ModelFolder(save_small_translator(tmp_path / "translator", "word", precision="float32"))
    network = untrained(folder.config.architecture)
    found = whole(NumpyLayers.of(folder))
    with torch.no_grad():
        read = network.input(torch.from_numpy(IDS[:, None]))
        (level,) = network.layers.by_level(read, network.initial_state(1))
    for name, hidden in level.hidden.items():
        np.testing.assert_allclose(found[name][1]["hidden"], hidden[:, 0], atol=1e-5)


def test_weights_of_another_network_are_refused() -> None:
    network, other = (network_of(Core(units=units), INPUTS[1]) for units in (4, 5))
    with pytest.raises(ModelError, match=r"does not fit config\.json: layers\.0\.ih\.weight is not of shape \[20, 6\]"):
        NumpyLayers(other.architecture, graphs_of(network, "float32")["model.onnx"])


@pytest.mark.parametrize("layer", ["0", "1"])
def test_a_table_where_other_layers_have_weights_is_refused(layer: str) -> None:
    network = network_of(Core(cell="elman", units=4, layers=2, bidirectional=True), INPUTS[1])
    model = onnx.load_from_string(graphs_of(network, "float32")["model.onnx"])
    for tensor in model.graph.initializer:
        if tensor.name == f"layers.{layer}.ih.weight":
            tensor.CopyFrom(numpy_helper.from_array(np.ones((SYMBOLS, 4), np.float32), f"layers.{layer}.ih.table"))
    for node in model.graph.node:
        node.input[:] = [name.replace(f"layers.{layer}.ih.weight", f"layers.{layer}.ih.table") for name in node.input]
    with pytest.raises(ModelError, match=rf"layers\.{layer}\.ih\.weight is not of shape"):
        NumpyLayers(network.architecture, model.SerializeToString())


def test_a_gate_whose_weights_the_operator_takes_twice_stands_once_in_the_first_format() -> None:
    network = network_of(Core(cell="coupled-lstm", units=4), INPUTS[1])
    layers = NumpyLayers(network.architecture, graphs_of(network, "float32")["model.onnx"], format_version=1)
    assert whole(layers)["0"][1]["memory"].shape == (STEPS, 4)


def test_a_network_that_explodes_is_refused_in_one_line() -> None:
    head, entry = LabelPerStep(classes=SYMBOLS), OneHot(symbols=SYMBOLS)
    network = untrained(Architecture(input=entry, core=Core(cell="elman-relu", units=4), head=head))
    model = onnx.load_from_string(graphs_of(network, "float32")["model.onnx"])
    for tensor in model.graph.initializer:
        if tensor.name in ("layers.0.hh.weight", "layers.0.ih.table"):
            values = np.full_like(numpy_helper.to_array(tensor), 1e30)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    layers = NumpyLayers(network.architecture, model.SerializeToString())
    with pytest.raises(ModelError, match="grow beyond all bounds"):
        list(layers.run(IDS))
