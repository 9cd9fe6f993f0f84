"""Layers above each other and in both directions: against torch.nn and NumPy, with padding, connections."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.oracles import numpy_output
from textrnn.architecture import Core
from textrnn.cells import CELLS
from textrnn.networks.read import Vectors
from textrnn.networks.stack import Stack

INPUTS, UNITS, STEPS = 3, 4, 6
LENGTHS = (6, 1, 4)
KERNELS = {
    "elman": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="tanh", **options),
    "elman-relu": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}
IDS = np.random.default_rng(0).integers(0, 11, (9, 3))


def stack_of(inputs: int = INPUTS, **core) -> Stack:
    torch.manual_seed(5)
    stack = Stack(Core(**{"units": UNITS, **core}), inputs)
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.uniform_(-0.8, 0.8)
    return stack


def kernel_of(stack: Stack) -> nn.Module:
    """The same stack as one module of torch.nn."""
    core = stack.core
    options = {"proj_size": core.projection} if core.projection else {}
    sizes = (INPUTS, UNITS, core.layers)
    kernel = KERNELS[core.cell](*sizes, bidirectional=core.bidirectional, **options)
    with torch.no_grad():
        for shape in stack.shapes:
            level, _, direction = shape.name.partition("_")
            for name, value in stack.layer(shape.name).named_parameters():
                getattr(kernel, f"{name}_l{level}{'_' if direction else ''}{direction}").copy_(value)
    return kernel


def named(stack: Stack, kernel: nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Each gradient of the stack beside that of the kernel."""
    pairs = []
    for name, value in stack.named_parameters():
        place, _, part = name.rpartition(".")
        pairs.append((value.grad, getattr(kernel, f"{part}_l{place}").grad))
    return pairs


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize(("cell", "projection"), [*((name, None) for name in KERNELS), ("lstm", 2)])
@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_a_stack_equals_torch_nn_with_its_gradients_whatever_the_padding(cell, projection, bidirectional, layers):
    stack = stack_of(cell=cell, layers=layers, bidirectional=bidirectional, projection=projection)
    kernel, lengths = kernel_of(stack), torch.tensor(LENGTHS)
    x = torch.randn(STEPS, len(LENGTHS), INPUTS)
    counts = (torch.arange(STEPS)[:, None] < lengths)[..., None]
    leaf, padded = x.clone().requires_grad_(), torch.where(counts, x, 1e3).requires_grad_()
    packed, _ = kernel(pack_padded_sequence(leaf, lengths, enforce_sorted=False))
    expected, _ = pad_packed_sequence(packed, total_length=STEPS)
    found, _ = stack(Vectors(padded), stack.initial_state(3, torch.device("cpu")), lengths=lengths)
    found = torch.where(counts, found, 0)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    weights = torch.randn_like(found)
    for outputs in (found, expected):
        (outputs * weights).sum().backward()
    torch.testing.assert_close(padded.grad, leaf.grad, atol=1e-5, rtol=1e-4)
    for mine, its in named(stack, kernel):
        torch.testing.assert_close(mine, its, atol=1e-5, rtol=1e-4)


CORES = [
    {"cell": cell, "bidirectional": both, "layers": layers, "residual": residual, "projection": projection}
    for cell, both, (layers, residual), projection in itertools.product(
        CELLS, (False, True), ((1, False), (3, True)), (None, 3)
    )
    if projection is None or CELLS[cell].projects
]


@pytest.mark.parametrize("core", CORES, ids=lambda core: "-".join(map(str, core.values())))
@pytest.mark.parametrize("input", ["learned", "one-hot"])
def test_a_stack_equals_the_equations_in_numpy_whatever_the_padding(build, core, input):
    network = build(input=input, **core).eval()
    ids, lengths = IDS.copy(), (9, 2, 5)
    expected = numpy_output(network, ids, lengths)
    for column, length in enumerate(lengths):
        ids[length:, column] = 7
    output, _ = network(torch.from_numpy(ids), lengths=torch.tensor(lengths))
    for column, length in enumerate(lengths):
        np.testing.assert_allclose(output[:length, column].detach(), expected[:length, column], atol=1e-5)


def test_without_lengths_all_steps_count(build):
    network = build(cell="gru", bidirectional=True).eval()
    ids = torch.from_numpy(IDS)
    torch.testing.assert_close(network(ids)[0], network(ids, lengths=torch.full((3,), 9))[0])
    np.testing.assert_allclose(network(ids)[0].detach(), numpy_output(network, IDS), atol=1e-5)


@pytest.mark.parametrize("core", [core for core in CORES if not core["bidirectional"]], ids=lambda core: str(core))
def test_a_text_equals_its_halves_with_the_state_carried(build, core):
    network = build(**core).eval()
    ids = torch.from_numpy(IDS)
    whole, end = network(ids)
    first, state = network(ids[:4])
    second, after = network(ids[4:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    assert list(after) == list(end) == list(network.architecture.core.state_sizes())
    for name, value in end.items():
        torch.testing.assert_close(after[name], value)


def test_the_state_is_named_by_part_and_layer_and_is_of_its_size():
    sizes = {"hidden.0": 2, "memory.0": 4, "hidden.0_reverse": 2, "memory.0_reverse": 4}
    stack = stack_of(layers=2, bidirectional=True, projection=2)
    expected = {**sizes, **{name.replace("0", "1"): size for name, size in sizes.items()}}
    state = stack.initial_state(5, torch.device("cpu"))
    assert {name: tuple(value.shape) for name, value in state.items()} == {name: (5, n) for name, n in expected.items()}
    assert not any(value.any() for value in state.values())
    _, after = stack(Vectors(torch.randn(STEPS, 5, INPUTS)), state)
    assert {name: tuple(value.shape) for name, value in after.items()} == {name: (5, n) for name, n in expected.items()}
    assert len({value.sum().item() for value in after.values()}) == len(expected)


def test_the_state_after_is_that_of_the_last_step_each_layer_read():
    stack = stack_of(cell="gru", bidirectional=True)
    output, after = stack(Vectors(torch.randn(STEPS, 2, INPUTS)), stack.initial_state(2, torch.device("cpu")))
    assert torch.equal(after["hidden.0"], output[-1, :, :UNITS])
    assert torch.equal(after["hidden.0_reverse"], output[0, :, UNITS:])


def test_a_residual_connection_adds_what_a_level_reads_and_the_first_has_none():
    plain, residual = stack_of(layers=3, inputs=UNITS), stack_of(layers=3, inputs=UNITS, residual=True)
    x, state = torch.randn(STEPS, 2, UNITS), plain.initial_state(2, torch.device("cpu"))
    first, second, third = residual.by_level(Vectors(x), state)
    for level, read, is_added in ((first, x, False), (second, first.output, True), (third, second.output, True)):
        before = {part: state[f"{part}.{level.index}"] for part in ("hidden", "memory")}
        hidden, _ = plain.layer(str(level.index))(Vectors(read), before)
        assert torch.equal(level.hidden[str(level.index)], hidden)
        assert torch.equal(level.output, hidden + read if is_added else hidden)


def test_levels_of_another_size_have_no_residual_connection():
    stack = stack_of(layers=3, top_units=3, residual=True)
    levels = list(stack.by_level(Vectors(torch.randn(STEPS, 2, INPUTS)), stack.initial_state(2, torch.device("cpu"))))
    assert [torch.equal(level.output, level.hidden[str(level.index)]) for level in levels] == [True, False, True]
    assert stack.size == levels[-1].output.shape[2] == 3
