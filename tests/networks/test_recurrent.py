"""One layer in PyTorch: each way to run it against torch.nn, its state, how its weights start."""

import pytest
import torch
from torch import nn

from textrnn.cells import CELLS
from textrnn.networks.read import Lookup, OneHotLookup, Vectors
from textrnn.networks.recurrent import RecurrentLayer

INPUTS, UNITS, PROJECTED, BATCH, STEPS = 3, 4, 2, 2, 5
KERNELS = {
    "elman": lambda **sizes: nn.RNN(nonlinearity="tanh", **sizes),
    "elman-relu": lambda **sizes: nn.RNN(nonlinearity="relu", **sizes),
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
FORMS = pytest.mark.parametrize(
    ("cell", "projection"),
    [
        *(pytest.param(cell, None, id=name) for name, cell in CELLS.items()),
        *(pytest.param(cell, PROJECTED, id=f"{name}-projected") for name, cell in CELLS.items() if cell.projects),
    ],
)
WAYS = ("by_scan", "by_fused_operator", "by_equations")


def layer_of(name: str, *, projection: int | None = None, units: int = UNITS) -> RecurrentLayer:
    """A layer whose gates are not all half open."""
    torch.manual_seed(3)
    layer = RecurrentLayer(CELLS[name], INPUTS, units, projection=projection)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-1, 1)
    return layer


def numbers(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """A leaf of numbers that are the same each time."""
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()


def state_of(layer: RecurrentLayer, *, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    return {part: numbers(BATCH, layer.size(part), dtype=dtype) for part in layer.cell.state}


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "projection"), [*((name, None) for name in KERNELS), ("lstm", PROJECTED)])
def test_a_layer_equals_torch_nn_with_its_gradients(name, projection, way):
    layer = layer_of(name, projection=projection)
    kernel = KERNELS[name](input_size=INPUTS, hidden_size=UNITS, **({"proj_size": projection} if projection else {}))
    names = [part for part in NAMES if getattr(layer, part, None) is not None]
    with torch.no_grad():
        for part in names:
            getattr(kernel, f"{part}_l0").copy_(getattr(layer, part))
    x, state = numbers(STEPS, BATCH, INPUTS), state_of(layer)
    before = tuple(part[None] for part in state.values())
    expected, after = kernel(x, before if len(before) > 1 else before[0])
    found, found_after = getattr(layer, way)(Vectors(x), state, layer.weight_hh)
    after = dict(zip(state, (part[0] for part in (after if len(state) > 1 else (after,))), strict=True))
    values = []
    for outputs, ends, weights in (
        (found, found_after, [getattr(layer, part) for part in names]),
        (expected, after, [getattr(kernel, f"{part}_l0") for part in names]),
    ):
        loss = outputs.square().sum() + sum(part.sin().sum() for part in ends.values())
        gradients = torch.autograd.grad(loss, [x, *state.values(), *weights])
        values.append([outputs, *(ends[part] for part in state), *gradients])
    for mine, its in zip(*values, strict=True):
        torch.testing.assert_close(mine, its, atol=1e-5, rtol=1e-4)


@FORMS
def test_the_way_back_is_the_derivative(cell, projection):
    layer = layer_of(cell.name, projection=projection, units=3).double()
    x, state = numbers(3, BATCH, INPUTS, dtype=torch.float64), state_of(layer, dtype=torch.float64)

    def run(*_):
        outputs, after = layer.by_scan(Vectors(x), state, layer.weight_hh)
        return outputs, *after.values()

    assert torch.autograd.gradcheck(run, (x, *state.values(), *layer.parameters()))


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_sequence_equals_its_halves_with_the_state_carried_to_the_bit(cell):
    layer = layer_of(cell.name)
    ids, table = torch.arange(2 * STEPS).view(STEPS, 2) % 3, numbers(3, INPUTS)
    read = Lookup(ids, table)
    whole, end = layer.by_scan(read, state_of(layer), layer.weight_hh)
    first, state = layer.by_scan(Lookup(ids[:2], table), state_of(layer), layer.weight_hh)
    second, after = layer.by_scan(Lookup(ids[2:], table), state, layer.weight_hh)
    assert torch.equal(torch.cat([first, second]), whole)
    for part, value in end.items():
        assert torch.equal(after[part], value)


@FORMS
def test_a_scan_in_bfloat16_is_near_float32_with_its_gradients(cell, projection):
    torch.manual_seed(1)
    layer = RecurrentLayer(cell, INPUTS, 16, projection=projection)
    x, mask = numbers(STEPS, BATCH, INPUTS), torch.full((BATCH, layer.outputs), 0.5)
    values = []
    for is_rounded in (False, True):
        state = state_of(layer)
        with torch.autocast("cpu", torch.bfloat16, enabled=is_rounded):
            outputs, after = layer.by_scan(Vectors(x), state, layer.weight_hh, mask)
        assert outputs.dtype == (torch.bfloat16 if is_rounded else torch.float32)
        leaves = [x, *state.values(), *layer.parameters()]
        gradients = torch.autograd.grad(outputs.float().square().sum() + sum(map(torch.sum, after.values())), leaves)
        values.append([outputs.float(), *after.values(), *gradients])
    for exact, rough in zip(*values, strict=True):
        assert rough.dtype == torch.float32
        assert not torch.equal(rough, exact)
        assert (rough - exact).norm() < 0.03 * exact.norm()


def test_the_way_is_chosen_by_what_is_fastest(monkeypatch):
    taken = []

    def noting(way):
        plain = getattr(RecurrentLayer, way)

        def noted(*arguments):
            taken.append(way)
            return plain(*arguments)

        return noted

    for way in ("by_scan", "by_fused_operator"):
        monkeypatch.setattr(RecurrentLayer, way, noting(way))
    layer, scanned = layer_of("lstm"), layer_of("peephole-lstm")
    x, ids = numbers(STEPS, BATCH, INPUTS), torch.zeros(STEPS, BATCH, dtype=torch.int64)
    layer(Vectors(x), state_of(layer))
    layer(Vectors(x[:1]), state_of(layer))
    layer(OneHotLookup(ids, torch.ones(INPUTS)), state_of(layer))
    layer(Vectors(x), state_of(layer), mask=torch.ones(BATCH, UNITS))
    scanned(Vectors(x), state_of(scanned))  # torch has no such kernel
    with torch.autocast("cpu", torch.bfloat16):
        layer(Vectors(x), state_of(layer))
    projected = layer_of("lstm", projection=PROJECTED)
    projected(Vectors(x), state_of(projected))
    assert taken == ["by_fused_operator", *["by_scan"] * 6]


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_new_layer_has_its_open_gates_open(cell):
    layer = RecurrentLayer(cell, INPUTS, UNITS)
    blocks = (layer.bias_ih + layer.bias_hh).detach().chunk(len(cell.gates))
    for gate, block in zip(cell.gates, blocks, strict=True):
        assert torch.equal(block, torch.full((UNITS,), 1.0 if gate in cell.open_gates else 0.0))
    assert ("forget" in cell.gates) == ("forget" in cell.open_gates)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_weights_start_uniform(cell):
    torch.manual_seed(0)
    layer = RecurrentLayer(cell, 50, 25, projection=12 if cell.projects else None)
    weights = {name: value for name, value in layer.named_parameters() if not name.startswith("bias")}
    expected = {"weight_ih", "weight_hh"} | ({"weight_hr"} if cell.projects else set())
    assert set(weights) == expected | ({"peephole"} if cell.peepholes else set())
    for value in weights.values():
        assert 0.15 < value.abs().max() <= 25**-0.5
        assert value.std().item() == pytest.approx(25**-0.5 / 3**0.5, rel=0.15)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("start", ["identity", "orthogonal"])
def test_recurrent_weights_start_gate_by_gate_as_they_are_told(cell, start):
    torch.manual_seed(0)
    layer = RecurrentLayer(cell, INPUTS, UNITS, start=start)
    blocks = layer.weight_hh.detach().chunk(len(cell.gates))
    for block in blocks:
        torch.testing.assert_close(block @ block.T, torch.eye(UNITS), atol=1e-5, rtol=0)
        assert torch.equal(block, torch.eye(UNITS)) == (start == "identity")
    assert start == "identity" or len({float(block[0, 0]) for block in blocks}) == len(blocks)


def test_a_rectified_layer_that_starts_as_the_identity_hands_its_vector_on():
    layer = RecurrentLayer(CELLS["elman-relu"], INPUTS, UNITS, start="identity")
    hidden = torch.tensor([[1.0, 0.0, 3.0, 0.5]])
    outputs, _ = layer(Vectors(torch.zeros(50, 1, INPUTS)), {"hidden": hidden})
    assert torch.equal(outputs[-1], hidden)


def test_dropped_weights_are_the_same_at_every_step_and_others_in_each_pass():
    layer = RecurrentLayer(CELLS["elman-relu"], INPUTS, 40, start="identity")  # a unit sees its own weight alone
    torch.manual_seed(1)
    reads, ones = Vectors(torch.zeros(4, 1, INPUTS)), torch.ones(1, 40)
    outputs, _ = layer(reads, {"hidden": ones}, dropped=0.5)
    again, _ = layer(reads, {"hidden": ones}, dropped=0.5)
    kept = outputs[0, 0] != 0
    assert 5 < kept.sum() < 35
    assert torch.equal(outputs[:, 0, kept], torch.tensor([2.0, 4.0, 8.0, 16.0])[:, None].expand(-1, int(kept.sum())))
    assert not outputs[:, 0, ~kept].any()
    assert not torch.equal(again, outputs)
