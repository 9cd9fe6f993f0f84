"""The terms of back-propagation through time: against a computation by hand, and gradients as training finds them."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.training.test_gradients import SYMBOLS, UNITS, network_of
from textrnn.cells import CELLS
from textrnn.errors import TrainingError
from textrnn.training.terms import gradient_terms, unrolled

STEPS = 9


def one_sequence():
    ids = np.random.default_rng(3).integers(SYMBOLS, size=STEPS + 1)
    return ids[:-1], ids[1:]


def gradient(network, ids, targets, window):
    """Of the sum of the losses by the recurrent layers' weights, as training finds it: the state is cut at windows."""
    state, whole = None, 0.0
    for begin in range(0, len(ids), window):
        now = slice(begin, begin + window)
        state = None if state is None else {name: value.detach() for name, value in state.items()}
        output, state = network(torch.from_numpy(ids[now, None]), state or network_state(network))
        logits = output[:, 0] @ network.head.weight.T + network.head.bias
        whole = whole + functional.cross_entropy(logits, torch.from_numpy(targets[now]), reduction="sum")
    found = torch.autograd.grad(whole, list(network.layers.parameters()))
    return torch.cat([each.flatten() for each in found])


def network_state(network):
    return {name: value.double() for name, value in network.initial_state(1).items()}


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_the_sum_of_the_terms_is_the_gradient_and_of_those_kept_the_truncated_one(cell, layers):
    network, (ids, targets) = network_of(cell.name, layers=layers), one_sequence()
    found = gradient_terms(network, ids, targets, window=4)
    whole, truncated = (gradient(network, ids, targets, window) for window in (STEPS, 4))
    assert found.whole == pytest.approx(whole.norm().item(), rel=1e-9)
    assert found.truncated == pytest.approx(truncated.norm().item(), rel=1e-9)
    assert found.cosine == pytest.approx(functional.cosine_similarity(whole, truncated, dim=0).item(), rel=1e-9)


def test_in_an_elman_network_each_term_is_an_outer_product():
    network, (ids, targets) = network_of("elman"), one_sequence()
    layer, head = network.layers.layer("0"), network.head
    w, u, b, c, out, shift, table = (
        each.detach().numpy()
        for each in (
            *(layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh),
            *(head.weight, head.bias, network.input.table),
        )
    )
    states = [np.zeros(UNITS)]
    for symbol in ids:
        states.append(np.tanh(w @ table[symbol] + u @ states[-1] + b + c))
    norms = np.zeros((STEPS, STEPS))
    for time, target in enumerate(targets):
        odds = np.exp(out @ states[time + 1] + shift)
        delta = (odds / odds.sum() - np.eye(SYMBOLS)[target]) @ out
        for step in range(time, -1, -1):
            delta = delta * (1 - states[step + 1] ** 2)  # before the tanh of this step
            read = np.concatenate([table[ids[step]], states[step], [1, 1]])
            norms[time, step] = np.linalg.norm(np.outer(delta, read))
            delta = delta @ u
    np.testing.assert_allclose(gradient_terms(network, ids, targets, window=3).norms, norms, rtol=1e-9)


@pytest.mark.parametrize(("window", "kept"), [(1, 9), (4, 21), (9, 45), (100, 45)])
def test_truncation_keeps_what_is_within_a_window(window, kept):
    found = gradient_terms(network_of("gru"), *one_sequence(), window=window)
    assert found.kept.sum() == kept
    assert all(time // window == step // window and step <= time for time, step in np.argwhere(found.kept))
    assert not np.triu(found.norms, 1).any()


def test_shares_add_up_and_shades_are_tenths():
    found = gradient_terms(network_of("lstm"), *one_sequence(), window=3)
    assert sum(found.share(back) for back in range(STEPS)) == pytest.approx(1)
    assert found.share(1) == pytest.approx(np.diag(found.norms, -1).sum() / found.norms.sum())
    assert found.shades.max() == 1
    assert found.shades.min() == 0
    np.testing.assert_allclose(
        found.shades[found.norms > 0],
        np.clip(1 + np.log10(found.norms[found.norms > 0] / found.norms.max()) / 4, 0, 1),
    )


def test_where_nothing_flows_there_is_no_angle():
    network = network_of("elman-relu")
    with torch.no_grad():
        network.layers.layer("0").bias_ih.fill_(-1e6)  # no unit is above 0
    found = gradient_terms(network, *one_sequence(), window=3)
    assert (found.whole, found.truncated, found.cosine, found.share(0)) == (0, 0, None, 0)
    assert not found.shades.any()


def test_what_grows_beyond_numbers_is_refused():
    network = network_of("elman-relu")
    with torch.no_grad():
        network.layers.layer("0").weight_hh.fill_(1e200)
    with pytest.raises(TrainingError, match="larger than a number"):
        gradient_terms(network, *one_sequence(), window=3)


def test_the_steps_share_the_memory_of_their_weights():
    network, (ids, targets) = network_of("lstm", layers=2), one_sequence()
    _, weights = unrolled(network, ids, targets)
    places = [[weight.data_ptr() for weight in own] for own in weights]
    assert places == [[weight.data_ptr() for weight in network.layers.parameters()]] * STEPS
