"""Layers and stacks as ONNX: the fused operator, the Scan over the equations and PyTorch are one function."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import Phase, assume, given, settings
from onnx import TensorProto

from tests.graphs import operators, run_graph
from tests.oracles import numpy_output
from tests.random_cells import random_cells
from textrnn.cells import CELLS, Cell
from textrnn.networks.calibration import calibrated
from textrnn.networks.graph import Graph
from textrnn.networks.read import Vectors
from textrnn.networks.recurrent import RecurrentLayer
from textrnn.networks.sources import SymbolSource, VectorSource

STEPS, BATCH, INPUTS, UNITS = 5, 3, 4, 6
LENGTHS = np.array([5, 1, 3])
COUNTS = (np.arange(STEPS)[:, None] < LENGTHS)[..., None]
FAR = 1e6  # beyond it made-up equations leave float32


def layer_of(cell: Cell, *, projection: int | None = None) -> RecurrentLayer:
    torch.manual_seed(2)
    layer = RecurrentLayer(cell, INPUTS, UNITS, projection=projection)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-0.8, 0.8)
    return layer


def by_graph(layer: RecurrentLayer, way: str, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What an ONNX graph of a layer makes of these values; backward where there are lengths."""
    graph = Graph()
    x = graph.input("x", shape=("time", "batch", INPUTS))
    state = {part: graph.input(part, shape=("batch", layer.size(part))) for part in layer.cell.state}
    lengths = graph.input("lengths", shape=("batch",), dtype=TensorProto.INT64) if "lengths" in values else None
    if way == "fused":
        assert layer.suits_fused(graph)
        outputs, after = layer.fused_to_graph(graph, "layer", x, state, lengths)
    else:
        source = VectorSource(x, "")
        read = source if lengths is None else source.reversed(graph, lengths)
        shares = read.scanned(graph, "layer.ih", *layer.input_weights())
        outputs, after = layer.scan_to_graph(graph, "layer", shares, state, lengths)
    return run_graph(graph, {"outputs": outputs, **{f"{part}.after": value for part, value in after.items()}}, values)


def inputs_of(layer: RecurrentLayer) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"x": (STEPS, BATCH, INPUTS), **{part: (BATCH, layer.size(part)) for part in layer.cell.state}}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def by_torch(layer: RecurrentLayer, values: dict[str, np.ndarray], lengths: np.ndarray | None) -> dict[str, np.ndarray]:
    """The same in PyTorch, backward where there are lengths."""
    x, state = torch.from_numpy(values["x"]), {part: torch.from_numpy(values[part]) for part in layer.cell.state}
    turned = None if lengths is None else torch.from_numpy(lengths)
    read = Vectors(x) if turned is None else Vectors(x).reversed(turned)
    with torch.no_grad():
        outputs, after = layer.by_equations(read, state, layer.weight_hh)
    if turned is not None:
        outputs = Vectors(outputs).reversed(turned).vectors()
    return {"outputs": outputs.numpy(), **{f"{part}.after": value.numpy() for part, value in after.items()}}


WAYS = [(cell, way) for cell in CELLS.values() for way in ("fused", "scan") if way == "scan" or cell.fused]


@pytest.mark.parametrize(("cell", "way"), WAYS, ids=lambda value: getattr(value, "name", value))
@pytest.mark.parametrize("is_backward", [False, True], ids=["forward", "backward"])
def test_a_layer_in_a_graph_is_the_layer_in_torch(cell, way, is_backward):
    layer = layer_of(cell)
    values = inputs_of(layer)
    expected = by_torch(layer, values, LENGTHS if is_backward else None)
    found = by_graph(layer, way, {**values, "lengths": LENGTHS} if is_backward else values)
    counts = COUNTS if is_backward else True
    np.testing.assert_allclose(found.pop("outputs") * counts, expected["outputs"] * counts, atol=1e-5)
    if not is_backward:  # a state after padding is nobody's
        assert found
        for name, value in found.items():
            np.testing.assert_allclose(value, expected[name], atol=1e-5)


@pytest.mark.parametrize("cell", [cell for cell in CELLS.values() if cell.projects], ids=lambda cell: cell.name)
def test_a_projected_layer_in_a_graph_is_the_layer_in_torch(cell):
    layer = layer_of(cell, projection=2)
    assert not layer.suits_fused(Graph())
    found, expected = by_graph(layer, "scan", inputs_of(layer)), by_torch(layer, inputs_of(layer), None)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-5)


@settings(max_examples=40, phases=[Phase.generate])
@given(cell=random_cells())
def test_any_equations_at_all_are_the_same_in_a_graph(cell):
    layer = layer_of(cell)
    values = inputs_of(layer)
    found, rounded = by_graph(layer, "scan", values), by_torch(layer, values, None)
    exact = by_torch(layer.double(), {name: value.astype(np.float64) for name, value in values.items()}, None)
    assume(all(np.abs(value).max() < FAR for results in (rounded, exact) for value in results.values()))
    for name, value in exact.items():
        rounding = np.abs(rounded[name] - value).max()  # equations may cancel, and so lose most digits of a float32
        assert np.abs(found[name] - value).max() <= 30 * rounding + 1e-5 * max(1, np.abs(value).max())


def test_an_operator_is_used_where_there_is_one_for_the_same_equations():
    fused = {cell.name: cell.fused is not None for cell in CELLS.values()}
    assert {cell.name: layer_of(cell).suits_fused(Graph()) for cell in CELLS.values()} == fused
    assert not any(layer_of(cell).suits_fused(Graph("int8")) for cell in CELLS.values())
    assert not layer_of(Cell("gru", CELLS["gru"].gates, ("hidden",), CELLS["gru"].step)).suits_fused(Graph())


CORES = [
    {"cell": cell, "bidirectional": both, "layers": layers, "residual": residual, "projection": projection}
    for cell, both, (layers, residual), projection in itertools.product(
        CELLS, (False, True), ((1, False), (2, True)), (None, 3)
    )
    if projection is None or CELLS[cell].projects
]


def stack_in_graph(
    network, precision: str, bounds: dict[str, float], ids: np.ndarray, *, lengths: np.ndarray = LENGTHS
) -> np.ndarray:
    """The top level's output, by a graph of the stack, with the fused operator wherever it can be."""
    core, graph = network.architecture.core, Graph(precision, bounds=bounds)
    names = graph.input("ids", shape=("time", "batch"), dtype=TensorProto.INT64)
    sizes = graph.input("lengths", shape=("batch",), dtype=TensorProto.INT64)
    before = {name: graph.input(name, shape=("batch", size)) for name, size in core.state_sizes().items()}
    output, after = network.layers.to_graph(graph, SymbolSource(network.input, names), before, sizes)
    assert list(after) == list(core.state_sizes())
    state = {name: np.zeros((ids.shape[1], size), np.float32) for name, size in core.state_sizes().items()}
    found = run_graph(graph, {"output": output}, {"ids": ids, "lengths": lengths, **state})["output"]
    kernel = CELLS[core.cell].fused.onnx
    uses = operators(graph) & {"Scan", kernel}
    is_fused = precision == "float32" and core.projection is None
    first = network.input.to_graph(Graph(), names) is not None
    assert uses == ({kernel} if is_fused and first else {"Scan", kernel} if is_fused and core.layers > 1 else {"Scan"})
    return found


@pytest.mark.parametrize("core", CORES, ids=lambda core: "-".join(map(str, core.values())))
@pytest.mark.parametrize("input", ["learned", "one-hot"])
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_stack_in_a_graph_equals_the_equations_whatever_the_padding(build, core, input, precision):
    network = build(input=input, **core).eval()
    rng = np.random.default_rng(1)
    ids = rng.integers(0, 11, (STEPS, BATCH))
    bounds = {name: bound.value for name, bound in calibrated(network, torch.from_numpy(ids)).items()}
    expected = numpy_output(network, ids, LENGTHS.tolist())
    padded = np.where(COUNTS[..., 0], ids, rng.integers(0, 11, ids.shape))
    found = stack_in_graph(network, precision, bounds, padded)
    error = np.abs((found - expected) * COUNTS)
    if precision == "float32":
        assert error.max() < 1e-5 * max(1, np.abs(expected).max())
    else:
        assert 0 < error.mean() < 0.03 * np.abs(expected).mean() + 0.01


@pytest.mark.parametrize("core", [core for core in CORES if core["bidirectional"]], ids=str)
def test_int8_in_both_directions_is_the_same_to_the_bit_alone_and_in_any_padded_batch(build, core):
    network = build(**core).eval()
    ids = np.random.default_rng(1).integers(0, 11, (STEPS, BATCH))
    bounds = {name: bound.value for name, bound in calibrated(network, torch.from_numpy(ids)).items()}
    together = stack_in_graph(network, "int8", bounds, ids)
    for column, length in enumerate(LENGTHS):
        alone = stack_in_graph(network, "int8", bounds, ids[:length, [column]], lengths=LENGTHS[[column]])
        np.testing.assert_array_equal(alone[:, 0], together[:length, column])
