"""A network in PyTorch: its values against torch.nn and NumPy, its gradients, its state, its initialisation."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.oracles import TorchNN, numpy_logits
from textrnn.cells import CELLS
from textrnn.export.save import count_parameters
from textrnn.networks import cross_entropy
from textrnn.networks.dropout import Dropouts
from textrnn.networks.inputs import Vectors
from textrnn.networks.recurrent import RecurrentLayer

INPUTS = ("learned", "one-hot", "tied")
WAYS = [(name, "by_scan") for name in CELLS]
WAYS += [(name, "by_fused_operator") for name, cell in CELLS.items() if cell.fused and cell.fused.torch]
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


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_a_fast_way_equals_the_equations_with_its_gradients(name, way):
    torch.manual_seed(3)
    layer = RecurrentLayer(CELLS[name], 4, 6)
    x = torch.randn(8, 5, 4)
    results = []
    for run in (getattr(layer, way), layer.by_equations):
        leaf = x.clone().requires_grad_()
        state = {part: torch.linspace(-1, 1, 30).view(5, 6).requires_grad_() for part in layer.cell.state}
        outputs, after = run(Vectors(leaf), state, layer.weight_hh)
        loss = outputs.square().sum() + sum(value.sin().sum() for value in after.values())
        layer.zero_grad()
        loss.backward()
        gradients = [leaf.grad, *(parameter.grad for parameter in layer.parameters())]
        results.append([outputs, *after.values(), *gradients, *(value.grad for value in state.values())])
    for kernel, equations in zip(*results, strict=True):
        torch.testing.assert_close(kernel, equations, atol=1e-5, rtol=1e-4)


def test_a_kernel_in_bfloat16_is_near_float32(build):
    network = build(units=32, layers=1).eval()
    ids = torch.from_numpy(IDS)
    exact = network.head(network(ids)[0])
    with torch.autocast("cpu", torch.bfloat16):
        rough = network.head(network(ids)[0])
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, atol=0.05, rtol=0.05)
    assert not torch.equal(rough, exact)


def test_the_way_is_chosen_by_what_is_fastest(build, monkeypatch):
    taken = []

    def noting(way):
        plain = getattr(RecurrentLayer, way)

        def noted(*arguments):
            taken.append(way)
            return plain(*arguments)

        return noted

    for way in ("by_scan", "by_fused_operator"):
        monkeypatch.setattr(RecurrentLayer, way, noting(way))
    learned, one_hot = build(layers=1).eval(), build(layers=1, input="one-hot").eval()
    ids = torch.from_numpy(IDS)
    learned(ids)
    learned(ids[:1])
    one_hot(ids)
    with torch.autocast("cpu", torch.bfloat16):
        learned(ids)
    assert taken == ["by_fused_operator", "by_scan", "by_scan", "by_scan"]


def test_a_sequence_equals_its_halves_with_the_state_carried(build):
    network = build().eval()
    ids = torch.from_numpy(IDS)
    whole, _ = network(ids)
    first, state = network(ids[:4])
    second, _ = network(ids[4:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)


def test_dropout_acts_in_training_alone(build):
    network = build(units=32, dropouts=Dropouts(layers=0.5, weight=0.5))
    ids = torch.from_numpy(IDS)
    network.train()
    assert not torch.equal(network(ids)[0], network(ids)[0])
    network.eval()
    assert torch.equal(network(ids)[0], network(ids)[0])


def test_a_new_network_has_its_forget_gates_open():
    layer = RecurrentLayer(CELLS["lstm"], 4, 6)
    by_gate = dict(zip(layer.cell.gates, (layer.bias_ih + layer.bias_hh).detach().chunk(4), strict=True))
    assert torch.equal(by_gate.pop("forget"), torch.ones(6))
    assert all(torch.equal(block, torch.zeros(6)) for block in by_gate.values())
    assert layer.weight_hh.abs().max() <= 6**-0.5


@pytest.mark.parametrize("input", INPUTS)
@pytest.mark.parametrize("layers", [1, 3])
def test_the_described_shapes_are_those_of_the_weights(build, input, layers):
    network = build(input=input, layers=layers)
    weights = {name: value.numel() for name, value in network.state_dict().items()}
    assert {name: rows * columns for name, rows, columns in network.architecture.shapes()} == weights
    assert sum(weights.values()) == count_parameters(network)


def test_dropout_at_the_input_drops_entries_of_the_vectors_and_keeps_their_mean(build):
    network = build(input="one-hot", dropouts=Dropouts(input=0.25)).train()
    seen = []
    network.layers.layer("0").register_forward_pre_hook(lambda layer, arguments: seen.append(arguments[0].vectors()))
    torch.manual_seed(0)
    network(torch.zeros(200, 50, dtype=torch.int64))
    entries = seen[0][..., 0]  # each was 1
    assert entries.unique().tolist() == pytest.approx([0, 4 / 3])
    assert entries.mean().item() == pytest.approx(1, abs=4 * (1 / 3 / entries.numel()) ** 0.5)
    assert not seen[0][..., 1:].any()
    network.eval()
    assert torch.equal(network(torch.from_numpy(IDS))[0], network(torch.from_numpy(IDS))[0])
