"""A network in PyTorch: its values against torch.nn and NumPy, its gradients, its state, its initialisation."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.oracles import TorchNN, numpy_logits
from textrnn.cells import CELLS
from textrnn.export.save import count_parameters
from textrnn.networks import cross_entropy
from textrnn.weight_shapes import weight_shapes

INPUTS = ("learned", "one-hot", "tied")
IDS = np.random.default_rng(0).integers(0, 11, (9, 3))


@pytest.mark.parametrize("input", INPUTS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_logits_equal_torch_nn(build, input, layers):
    network = build(input=input, layers=layers).eval()
    ids = torch.from_numpy(IDS)
    hidden, _ = network(ids)
    torch.testing.assert_close(network.head(hidden), TorchNN(network)(ids), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("input", INPUTS)
def test_logits_equal_the_equations_in_numpy(build, cell, input):
    network = build(cell=cell, input=input).eval()
    hidden, _ = network(torch.from_numpy(IDS))
    np.testing.assert_allclose(network.head(hidden).detach().numpy(), numpy_logits(network, IDS), atol=1e-5)


@pytest.mark.parametrize("input", INPUTS)
@pytest.mark.parametrize("few", [10**6, 1], ids=["plain loss", "blockwise loss"])
def test_gradients_equal_torch_nn(build, monkeypatch, input, few):
    monkeypatch.setattr(cross_entropy, "FEW_CLASSES", few)
    monkeypatch.setattr(cross_entropy, "ENTRIES_AT_ONCE", 5 * 11)
    network = build(input=input)
    oracle = TorchNN(network)
    ids, targets = torch.from_numpy(IDS[:-1]), torch.from_numpy(IDS[1:])
    nats, count = network.head.loss(network(ids)[0], targets)
    assert count == targets.numel()
    (nats / count).backward()
    functional.cross_entropy(oracle(ids).flatten(0, 1), targets.flatten()).backward()
    expected = {"head.weight": oracle.linear.weight.grad, "head.bias": oracle.linear.bias.grad}
    expected["input.table"] = oracle.embedding.weight.grad
    for index, lstm in enumerate(oracle.lstms):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        expected |= {f"layers.{index}.{name}": getattr(lstm, f"{name}_l0").grad for name in names}
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], atol=1e-6, rtol=1e-4)


def test_a_network_in_bfloat16_is_near_float32_and_its_logits_are_float32(build):
    network = build(units=32, layers=1).eval()
    ids = torch.from_numpy(IDS)
    exact = network.head(network(ids)[0])
    with torch.autocast("cpu", torch.bfloat16):
        rough = network.head(network(ids)[0])
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, atol=0.05, rtol=0.05)
    assert not torch.equal(rough, exact)


CORES = [
    *({"cell": cell, "layers": layers} for cell in CELLS for layers in (1, 3)),
    *({"cell": cell, "projection": 3, "bidirectional": True} for cell in CELLS if CELLS[cell].projects),
    {"bidirectional": True, "layers": 3, "residual": True},
]


@pytest.mark.parametrize("input", ["learned", "one-hot"])
@pytest.mark.parametrize("core", CORES, ids=str)
def test_the_described_shapes_are_those_of_the_weights(build, input, core):
    network = build(input=input, **core)
    weights = {name: (*value.shape, 1)[:2] for name, value in network.state_dict().items()}
    assert {name: (rows, columns) for name, rows, columns in weight_shapes(network.architecture)} == weights
    assert sum(value.numel() for value in network.state_dict().values()) == count_parameters(network)


@pytest.mark.parametrize("layers", [1, 3])
def test_the_described_shapes_of_a_tied_network_hold_its_table_once(build, layers):
    network = build(input="tied", layers=layers)
    weights = {name: value.numel() for name, value in network.state_dict().items()}
    assert {name: rows * columns for name, rows, columns in weight_shapes(network.architecture)} == weights
    assert sum(weights.values()) == count_parameters(network)
