"""Gradients through time: against Jacobians by hand, torch.nn, and runs that begin in the middle."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from textrnn.architecture import Architecture, Core, LabelPerStep, Learned
from textrnn.cells import CELLS
from textrnn.errors import TrainingError
from textrnn.networks.sequence import SequenceNetwork
from textrnn.training.gradient_series import series_of_task, series_of_text, stretches
from textrnn.training.gradients import factor_of, gradient_flows, traced
from textrnn.training.recall import Learning, Recall, Variant

STEPS, UNITS, SYMBOLS = 6, 5, 7


def network_of(cell, *, layers=1, residual=False, units=UNITS):
    """A network in float64 with weights that are not small."""
    torch.manual_seed(5)
    core = Core(cell=cell, units=units, layers=layers, residual=residual)
    network = SequenceNetwork(
        Architecture(input=Learned(symbols=SYMBOLS, size=units), core=core, head=LabelPerStep(classes=SYMBOLS))
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-1, 1)
    return network.double()


def sequences(*, batch=1):
    ids = np.random.default_rng(2).integers(SYMBOLS, size=(STEPS + 1, batch))
    return ids[:-1], ids[-1]


def test_in_an_elman_network_it_is_the_product_of_the_jacobians():
    network, (ids, targets) = network_of("elman"), sequences()
    (flow,) = gradient_flows(network, ids, targets)
    layer = network.layers.layer("0")
    w, u, bias, out, shift = (
        each.detach().numpy()
        for each in (
            layer.weight_ih,
            layer.weight_hh,
            layer.bias_ih + layer.bias_hh,
            network.head.weight,
            network.head.bias,
        )
    )
    hidden, states = np.zeros(UNITS), []
    for symbol in ids[:, 0]:
        hidden = np.tanh(w @ network.input.table.detach().numpy()[symbol] + u @ hidden + bias)
        states.append(hidden)
    odds = np.exp(out @ hidden + shift)
    gradient = (odds / odds.sum() - np.eye(SYMBOLS)[targets[0]]) @ out
    norms = []
    for state in reversed(states):
        norms.append(np.linalg.norm(gradient))
        gradient = gradient @ (np.diag(1 - state**2) @ u)
    np.testing.assert_allclose(flow.hidden[::-1], norms, rtol=1e-10)
    assert flow.others == {}


@pytest.mark.parametrize(("name", "kind"), [("lstm", nn.LSTMCell), ("gru", nn.GRUCell)])
def test_it_is_what_torch_nn_finds_step_by_step(name, kind):
    network, (ids, targets) = network_of(name), sequences()
    (flow,) = gradient_flows(network, ids, targets)
    cell = kind(UNITS, UNITS).double()
    cell.load_state_dict(network.layers.layer("0").state_dict())
    states, state = [], None
    for symbol in ids[:, 0]:
        state = cell(network.input.table[symbol][None], state)
        states.append(state if isinstance(state, tuple) else (state,))
    loss = functional.cross_entropy(
        network.head.weight @ states[-1][0][0] + network.head.bias, torch.tensor(targets[0])
    )
    norms = [[each.norm().item() for each in torch.autograd.grad(loss, state, retain_graph=True)] for state in states]
    found = [flow.hidden, *flow.others.values()]
    np.testing.assert_allclose(np.transpose(found), norms, rtol=1e-10)
    weights = torch.autograd.grad(loss, [network.input.table, *network.head.parameters(), *cell.parameters()])
    assert flow.weights == pytest.approx(sum(each.square().sum().item() for each in weights) ** 0.5)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_the_gradient_of_a_hidden_vector_is_that_of_a_run_which_begins_with_it(cell):
    network, (ids, targets) = network_of(cell.name), sequences()
    (flow,) = gradient_flows(network, ids, targets)
    _, state = network(torch.from_numpy(ids[:3]), {f"{part}.0": torch.zeros(1, UNITS).double() for part in cell.state})
    begun = {name: value.detach().requires_grad_() for name, value in state.items()}
    output, _ = network(torch.from_numpy(ids[3:]), begun)
    logits = output[-1] @ network.head.weight.T + network.head.bias
    functional.cross_entropy(logits, torch.from_numpy(targets)).backward()
    assert flow.hidden[2] == pytest.approx(begun["hidden.0"].grad.norm().item(), rel=1e-9)


@pytest.mark.parametrize("residual", [False, True])
def test_what_is_traced_is_what_the_network_computes(residual):
    network, (ids, _) = network_of("gru", layers=3, residual=residual).float(), sequences(batch=4)
    states, output = traced(network, torch.from_numpy(ids))
    expected, after = network(torch.from_numpy(ids))
    torch.testing.assert_close(output, expected)
    for index, layer in enumerate(states):
        torch.testing.assert_close(layer[-1]["hidden"], after[f"hidden.{index}"])


def test_the_typical_norm_is_the_geometric_mean_of_the_sequences():
    network, (ids, targets) = network_of("lstm"), sequences(batch=3)
    (flow,) = gradient_flows(network, ids, targets)
    alone = [gradient_flows(network, ids[:, [place]], targets[[place]])[0] for place in range(3)]
    np.testing.assert_allclose(flow.hidden, np.prod([each.hidden for each in alone], 0) ** (1 / 3))
    (twice,) = gradient_flows(network, np.tile(ids, 2), np.tile(targets, 2))
    np.testing.assert_allclose(twice.hidden, flow.hidden)
    assert twice.weights == pytest.approx(flow.weights)  # of the mean loss


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5])
def test_where_all_rectified_units_are_on_a_step_multiplies_by_the_scale_of_the_identity(scale):
    task = Recall(20)
    network = Variant("elman-relu", start="identity", scale=scale).network(task.architecture("elman-relu", 8), 0)
    with torch.no_grad():
        network.layers.layer("0").bias_ih.fill_(1.0)
        network.head.weight.mul_(1e-6)  # or the large outputs would leave nothing to learn
    (flow,) = gradient_flows(network, *task.sequences(4, np.random.default_rng(0)))
    np.testing.assert_allclose(flow.hidden[:-1] / flow.hidden[1:], scale, rtol=1e-9)
    assert flow.factor == pytest.approx(scale)
    assert flow.verdict == {0.5: "vanishes", 1.0: "steady", 1.5: "explodes"}[scale]


def test_units_that_are_switched_off_let_nothing_through():
    network, (ids, targets) = network_of("elman-relu"), sequences(batch=2)
    with torch.no_grad():
        network.layers.layer("0").bias_ih.fill_(-100.0)
    (flow,) = gradient_flows(network, ids, targets)
    assert flow.hidden[-1] > 0
    assert (flow.hidden[:-1] == 0).all()
    assert (flow.factor, flow.verdict) == (None, "")


def test_what_no_number_can_hold_is_said():
    task = Recall(300)
    network = Variant("elman-relu", start="identity", scale=100.0).network(task.architecture("elman-relu", 8), 0)
    with pytest.raises(TrainingError, match="larger than a number"):
        gradient_flows(network, *task.sequences(4, np.random.default_rng(0)))


def test_forget_gates_that_begin_open_let_more_of_the_gradient_through():
    task, factors = Recall(60), []
    for bias in (0.0, 1.0, 3.0):
        (series,) = series_of_task([Variant("lstm", forget_bias=bias)], task, units=16, batch=4, seed=0, learning=None)
        factors.append(factor_of(series.flow.others["memory"]))
    assert factors == sorted(factors)
    assert factors[0] < 0.85
    assert factors[2] > 0.95


def test_clipping_scales_down_to_the_norm_and_never_up():
    network, (ids, targets) = network_of("gru"), sequences()
    (flow,) = gradient_flows(network, ids, targets)
    assert flow.clipped_by(flow.weights / 4) == pytest.approx(1 / 4)
    assert flow.clipped_by(2 * flow.weights) == flow.clipped_by(0) == 1


@given(st.floats(0.01, 100), st.integers(2, 50), st.integers(0, 48))
def test_the_factor_is_that_of_a_geometric_series_wherever_it_is_above_0(factor, steps, zeros):
    norms = factor ** np.arange(steps, 0, -1.0)
    norms[: min(zeros, steps - 2)] = 0
    assert factor_of(norms) == pytest.approx(factor)


@given(st.integers(2, 60), st.integers(1, 20), st.integers(1, 9))
def test_stretches_lie_in_the_text_and_what_follows_each_comes_after_it(symbols, length, count):
    text = np.arange(symbols)
    inputs, targets = stretches(text, length=length, count=count)
    assert len(inputs) == min(length, symbols - 1)
    assert 1 <= inputs.shape[1] <= count
    assert (np.diff(np.concatenate([inputs, targets[None]]), axis=0) == 1).all()
    assert inputs[0, 0] == 0
    assert count == 1 or targets[-1] == symbols - 1
    assert len(set(targets)) == len(targets)


def test_a_trained_network_is_shown_beside_a_new_one_layer_by_layer():
    network, text = network_of("lstm", layers=2), np.random.default_rng(1).integers(SYMBOLS, size=40)
    own = {name: value.clone() for name, value in network.state_dict().items()}
    series = list(series_of_text(network, Variant("lstm"), text, length=8, batch=3, seed=0))
    assert [(each.when, each.name) for each in series] == [
        (when, f"lstm, layer {layer}") for when in ("before", "after") for layer in (1, 2)
    ]
    assert not np.allclose(series[0].flow.hidden, series[2].flow.hidden)
    assert all(torch.equal(value, own[name]) for name, value in network.state_dict().items())


def test_what_is_learnt_is_shown_after_what_was_there_before():
    variant = Variant("gru", start="orthogonal")
    series = list(series_of_task([variant], Recall(4), units=16, batch=8, seed=0, learning=Learning(60, rate=0.02)))
    assert [each.when for each in series] == ["before", "after"]
    assert series[1].row is not None
    assert series[1].row.valid_nats < 0.1 * series[1].chance
    (alone,) = series_of_task([variant], Recall(4), units=16, batch=8, seed=0, learning=None)
    np.testing.assert_array_equal(series[0].flow.hidden, alone.flow.hidden)
    assert not np.allclose(series[0].flow.hidden, series[1].flow.hidden)
