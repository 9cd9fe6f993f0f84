"""Gradients through time: against Jacobians by hand, torch.nn, and runs that begin in the middle."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from textrnn.architecture import Architecture, Core, LabelPerSequence, LabelPerStep, Learned
from textrnn.cells import CELLS
from textrnn.errors import TrainingError
from textrnn.networks.sequence import SequenceNetwork
from textrnn.training.gradient_series import Trained, series_of_task, series_of_text, series_of_texts, stretches
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


def classifier_of(readout, *, layers=1):
    """The same of both directions, with a label for a whole sequence."""
    torch.manual_seed(5)
    core = Core(cell="lstm", units=UNITS, layers=layers, bidirectional=True)
    head = LabelPerSequence(classes=SYMBOLS, readouts=(readout,))
    network = SequenceNetwork(Architecture(input=Learned(symbols=SYMBOLS, size=UNITS), core=core, head=head))
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


@pytest.mark.parametrize("readout", ["last", "mean", "max", "attention"])
def test_in_a_classifier_it_is_what_torch_nn_finds_in_both_directions(readout):
    network, (ids, targets) = classifier_of(readout), sequences(batch=1)
    flows = gradient_flows(network, ids, targets)
    outputs, all_states = [], []
    for name, turn in (("0", 1), ("0_reverse", -1)):
        cell = nn.LSTMCell(UNITS, UNITS).double()
        cell.load_state_dict(network.layers.layer(name).state_dict())
        states, state = [], None
        for symbol in ids[::turn, 0]:
            state = cell(network.input.table[symbol][None], state)
            states.append(state)
        all_states.append(states)
        outputs.append(torch.cat([hidden for hidden, _ in states[::turn]]))
    both = torch.cat(outputs, -1)
    summary = {
        "last": lambda: torch.cat([outputs[0][-1], outputs[1][0]]),
        "mean": lambda: both.mean(0),
        "max": lambda: both.amax(0),
        "attention": lambda: (both.tanh() @ network.readout.attention[0]).softmax(0) @ both,
    }[readout]()
    loss = functional.cross_entropy(network.head.weight @ summary + network.head.bias, torch.tensor(targets[0]))
    assert [flow.layer for flow in flows] == ["0", "0_reverse"]
    for flow, states in zip(flows, all_states, strict=True):
        found = [torch.autograd.grad(loss, state, retain_graph=True) for state in states]
        norms = [[each.norm().item() for each in step] for step in found]
        np.testing.assert_allclose(
            np.transpose([flow.hidden, *flow.others.values()]), norms, rtol=1e-6
        )  # a mean's share is float32


@settings(max_examples=20)
@given(st.lists(st.integers(1, STEPS), min_size=1, max_size=4), st.sampled_from(["last", "mean", "max", "attention"]))
def test_padding_changes_nothing_and_the_ends_are_in_line(lengths, readout):
    network, (ids, targets) = classifier_of(readout, layers=2), sequences(batch=len(lengths))
    flows = gradient_flows(network, ids, targets, np.array(lengths))
    alone = [gradient_flows(network, ids[:length, [place]], targets[[place]]) for place, length in enumerate(lengths)]
    for flow, *others in zip(flows, *alone, strict=True):
        for back in range(1, STEPS + 1):
            reaching = [each.hidden[-back] for each in others if back <= len(each.hidden) and each.hidden[-back]]
            expected = np.prod(reaching) ** (1 / len(reaching)) if reaching else 0
            assert flow.hidden[-back] == pytest.approx(expected, rel=1e-6)


def test_the_loss_of_a_classifier_is_that_of_its_likeliest_label():
    network, texts = classifier_of("mean").float(), [np.array([1, 2, 3]), np.array([4, 5])]
    with torch.no_grad():
        labels = [network.head(network.read_out(network(torch.tensor(text)[:, None])[0])).argmax() for text in texts]
    fresh = Variant("lstm").network(network.architecture, 0)
    series = list(series_of_texts(Trained(network, fresh, Variant("lstm")), texts))
    assert [(each.when, each.name) for each in series] == [
        (when, f"lstm, layer {name}") for when in ("before", "after") for name in ("0", "0_reverse")
    ]
    padded = np.array([[1, 4], [2, 5], [3, 0]])
    for each, place in ((fresh, 0), (network, 2)):
        flows = gradient_flows(each, padded, np.array(labels), np.array([3, 2]))
        for flow, found in zip(flows, series[place : place + 2], strict=True):
            np.testing.assert_array_equal(found.flow.hidden, flow.hidden)


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


def test_what_is_traced_of_both_directions_is_what_the_network_computes():
    network, (ids, _) = classifier_of("last", layers=2), sequences(batch=3)
    lengths = torch.tensor([2, STEPS, 3])
    _, output = traced(network, torch.from_numpy(ids), lengths)
    state = {name: value.double() for name, value in network.initial_state(3).items()}
    expected, _ = network(torch.from_numpy(ids), state, lengths=lengths)
    for place, length in enumerate(lengths):
        torch.testing.assert_close(output[:length, place], expected[:length, place])


@pytest.mark.parametrize("residual", [False, True])
def test_what_is_traced_is_what_the_network_computes(residual):
    network, (ids, _) = network_of("gru", layers=3, residual=residual).float(), sequences(batch=4)
    states, output = traced(network, torch.from_numpy(ids))
    expected, after = network(torch.from_numpy(ids))
    torch.testing.assert_close(output, expected)
    for name, layer in states.items():
        torch.testing.assert_close(layer[-1]["hidden"], after[f"hidden.{name}"])


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
    fresh = Variant("lstm").network(network.architecture, 0)
    series = list(series_of_text(Trained(network, fresh, Variant("lstm")), text, length=8, batch=3))
    assert [(each.when, each.name) for each in series] == [
        (when, f"lstm, layer {layer}") for when in ("before", "after") for layer in (0, 1)
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
