"""What is read back from a graph is what the network that wrote it has."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.cores import CORES, INPUTS, PRECISIONS, SYMBOLS, network_of
from tests.small_models import (
    save_small_classifier,
    save_small_model,
    save_small_translator,
    small_config,
    small_tokenizer,
    untrained,
)
from textrnn.architecture import Core, LabelPerStep, Learned, OneHot
from textrnn.config import Precision
from textrnn.engines.graph_weights import graph_weights, input_vectors
from textrnn.errors import ModelError
from textrnn.export.save import save_model
from textrnn.model_folder import ModelFolder
from textrnn.networks import inputs
from textrnn.networks.graphs import graphs_of
from textrnn.networks.recurrent import RecurrentLayer


def expected_arrays(layer: RecurrentLayer, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a layer in a graph: gates whose products are taken apart stand apart."""
    cell, gates = layer.cell, layer.cell.gates
    arrays = {key: value.detach().numpy() for key, value in layer.named_parameters()}
    weights, biases = (
        dict(zip(gates, np.split(arrays[key], len(gates)), strict=True)) for key in ("weight_hh", "bias_hh")
    )
    apart = set(cell.equations.products)
    together = [gate for gate in gates if gate not in apart]
    yield f"{name}.hh.weight", np.concatenate([weights[gate] for gate in together])
    yield f"{name}.hh.bias", np.concatenate([biases[gate] for gate in together])
    for gate in apart:
        yield f"{name}.hh.{gate}.weight", weights[gate]
        yield f"{name}.hh.{gate}.bias", biases[gate]
    for row, gate in enumerate(cell.peepholes):
        yield f"{name}.peephole.{gate}", arrays["peephole"][row]
    if layer.weight_hr is not None:
        yield f"{name}.hr.weight", arrays["weight_hr"]


def assert_read(found: np.ndarray, expected: np.ndarray, precision: Precision) -> None:
    """Equal; in int8, where a row's largest entry is 127 steps, within half a step."""
    assert found.dtype == np.float32
    if precision == "float32" or found.ndim == 1:
        np.testing.assert_array_equal(found, expected)
    else:
        half = np.abs(expected).max(1, keepdims=True) / 127 / 2
        assert (np.abs(found - expected) <= half * 1.001).all()
        assert np.abs(found - expected).max() > 0


@pytest.mark.parametrize("core", CORES, ids=str)
@pytest.mark.parametrize("entry", INPUTS, ids=lambda entry: entry.kind)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_all_that_a_layer_learnt_is_read_back(core: Core, entry: OneHot | Learned, precision: Precision) -> None:
    network = network_of(core, entry)
    found = graph_weights(graphs_of(network, precision, dict.fromkeys(core.unbounded(), 3.0))["model.onnx"])
    for shape in network.layers.shapes:
        layer, name = network.layers.layer(shape.name), f"layers.{shape.name}"
        for key, expected in expected_arrays(layer, name):
            assert_read(found[key], expected, precision)
        weight, bias = layer.input_weights()
        is_looked_up = shape.name.startswith("0") and (entry.kind == "one-hot" or precision == "int8")
        if is_looked_up:
            vectors = np.eye(SYMBOLS) if entry.kind == "one-hot" else network.input.table.detach().numpy()
            np.testing.assert_allclose(found[f"{name}.ih.table"], vectors @ weight.T + bias, rtol=0, atol=1e-6)
        else:
            assert_read(found[f"{name}.ih.weight"], weight, precision)
            np.testing.assert_array_equal(found[f"{name}.ih.bias"], bias)


def test_the_vectors_of_symbols_are_read_back_in_both_precisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = small_tokenizer("word")
    config = small_config(tokenizer, "line")
    network = untrained(config.architecture)
    save_model(tmp_path / "full", network, tokenizer, config)
    small = ModelFolder(save_small_model(tmp_path / "small", "word"))
    table = network.input.table.detach().numpy()
    np.testing.assert_array_equal(input_vectors(ModelFolder(tmp_path / "full")), table)
    assert_read(input_vectors(small), table, "int8")
    monkeypatch.setattr(inputs, "TABLE_ENTRIES", 1)
    large = save_small_classifier(tmp_path / "large", "word", precision="int8")
    vectors = untrained(ModelFolder(large).config.architecture).input.table.detach().numpy()
    assert_read(input_vectors(ModelFolder(large)), vectors, "int8")


def test_the_vectors_of_a_translator_are_those_of_its_source(tmp_path: Path) -> None:
    folder = ModelFolder(save_small_translator(tmp_path / "translator", "word", precision="float32"))
    table = untrained(folder.config.architecture).input.table.detach().numpy()
    np.testing.assert_array_equal(input_vectors(folder), table)


def test_unit_vectors_are_no_vectors(tmp_path: Path) -> None:
    tokenizer = small_tokenizer("char")
    config = small_config(tokenizer, "text")
    head, entry = LabelPerStep(classes=len(tokenizer)), OneHot(symbols=len(tokenizer))
    architecture = config.architecture.model_copy(update={"input": entry, "head": head})
    folder = tmp_path / "one-hot"
    save_model(folder, untrained(architecture), tokenizer, config.model_copy(update={"architecture": architecture}))
    assert input_vectors(ModelFolder(folder)) is None


def test_vectors_that_an_int8_folder_does_not_keep_are_missed_in_one_line(tmp_path: Path) -> None:
    folder = ModelFolder(save_small_classifier(tmp_path / "small", "word"))
    with pytest.raises(ModelError, match="keeps no vectors, only what its first layer makes of them"):
        input_vectors(folder)


def test_integers_whose_worth_is_not_said_are_refused() -> None:
    model = onnx.load_from_string(graphs_of(network_of(CORES[0], INPUTS[1]), "int8")["model.onnx"])
    for tensor in model.graph.initializer:
        tensor.name = tensor.name.replace("hh.scale", "hh.scales")
    for node in (node for scan in model.graph.node for body in scan.attribute for node in body.g.node):
        node.input[:] = [name.replace("hh.scale", "hh.scales") for name in node.input]
    with pytest.raises(ModelError, match=r"does not say what the integers of layers\.0\.hh are worth"):
        graph_weights(model.SerializeToString())


@pytest.mark.parametrize("shape", [(), (300_000,), (2, 3, 4)], ids=len)
def test_integers_that_are_no_matrix_are_refused(shape: tuple[int, ...]) -> None:
    model = onnx.load_from_string(graphs_of(network_of(CORES[0], INPUTS[1]), "int8")["model.onnx"])
    for kind, array in (("int8", np.ones(shape, np.int8)), ("scale", np.ones(shape[:1], np.float32))):
        model.graph.initializer.append(numpy_helper.from_array(array, f"other.{kind}"))
    with pytest.raises(ModelError, match="does not say what the integers of other are worth"):
        graph_weights(model.SerializeToString())
