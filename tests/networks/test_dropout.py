"""What is dropped in training: each kind does what its name says, and nothing else."""

import pytest
import torch

from textrnn.cells import CELLS
from textrnn.networks.dropout import CHANCES, NOTHING, Dropouts, mask
from textrnn.networks.read import OneHotLookup
from textrnn.networks.recurrent import RecurrentLayer
from textrnn.text.joiners import UNK

STEPS, BATCH, SYMBOLS = 40, 30, 11
CPU = torch.device("cpu")


@pytest.fixture
def ids() -> torch.Tensor:
    return torch.randint(SYMBOLS, (STEPS, BATCH), generator=torch.Generator().manual_seed(1))


def read_by(network, ids: torch.Tensor, layer: str = "0") -> torch.Tensor:
    """What a layer reads in a pass through the network: (time, batch, size)."""
    seen = []
    hook = network.layers.layer(layer).register_forward_pre_hook(lambda _, given: seen.append(given[0].vectors()))
    torch.manual_seed(3)
    network(ids)
    hook.remove()
    return seen[0].detach()


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_mask_drops_a_share_and_keeps_the_mean(share):
    torch.manual_seed(0)
    found = mask((100, 30, 11), share, device=CPU)
    rounded = round(share * CHANCES) / CHANCES
    assert found.shape == (100, 30, 11)
    assert found.dtype == torch.float32
    assert found.unique().tolist() == pytest.approx([0, 1 / (1 - rounded)])
    deviation = (rounded / (1 - rounded) / found.numel()) ** 0.5
    assert found.mean().item() == pytest.approx(1, abs=5 * deviation)
    for axis in range(3):  # no axis holds a pattern
        others = [other for other in range(3) if other != axis]
        assert found.mean(others).std() < 3 * deviation * found.shape[axis] ** 0.5


def test_a_mask_of_any_size_is_drawn_and_never_drops_all():
    for entries in (1, 3, 4, 5, 17):
        assert mask((entries,), 0.5, device=CPU).shape == (entries,)
    assert mask((10**6,), 1 - 1e-7, device=CPU).unique().tolist() == [0, CHANCES]
    assert mask((10**6,), 1e-7, device=CPU).unique().tolist() == [1]  # less than half of what can be told apart


def test_nothing_is_dropped_of_nothing():
    x = torch.randn(2, 3, 4)
    assert NOTHING.drop(x, 0.0) is x


def test_entries_are_dropped_at_each_step_or_in_the_whole_sequence():
    x = torch.ones(STEPS, BATCH, 8)
    by_step, by_sequence = Dropouts().drop(x, 0.5), Dropouts(per_sequence=True).drop(x, 0.5)
    assert not torch.equal(by_step[0], by_step[1])
    assert torch.equal(by_sequence, by_sequence[:1].expand_as(x))
    assert not torch.equal(by_sequence[0, 0], by_sequence[0, 1])  # each sequence has its own
    for dropped in (by_step, by_sequence):
        assert dropped.unique().tolist() == [0, 2]


@pytest.mark.parametrize("input", ["learned", "one-hot", "tied"])
def test_a_dropped_symbol_is_dropped_everywhere(build, ids, input):
    network, whole = build(input=input, dropouts=Dropouts(embedding=0.5)).train(), build(input=input).train()
    found, plain = read_by(network, ids), read_by(whole, ids)
    factors = {int(symbol): (found[ids == symbol] / plain[ids == symbol]) for symbol in ids.unique()}
    kept = {symbol: values[values.isfinite()].unique() for symbol, values in factors.items()}
    assert {tuple(values.tolist()) for values in kept.values()} == {(0.0,), (2.0,)}
    torch.manual_seed(4)
    assert not torch.equal(network.input(ids, dropped=0.5).vectors(), found)


@pytest.mark.parametrize("input", ["learned", "one-hot"])
@pytest.mark.parametrize("per_sequence", [False, True], ids=["step", "sequence"])
def test_input_dropout_drops_entries_of_the_first_layer_s_vectors_alone(build, input, per_sequence):
    dropouts = Dropouts(input=0.25, per_sequence=per_sequence)
    network, whole = build(input=input, dropouts=dropouts).train(), build(input=input).train()
    ids = torch.zeros(STEPS, BATCH, dtype=torch.int64)
    plain = read_by(whole, ids)
    factors = (read_by(network, ids) / plain)[..., plain[0, 0] != 0]
    dropped = factors == 0
    torch.testing.assert_close(factors, torch.where(dropped, 0.0, 4 / 3))
    assert 0.15 < dropped.float().mean() < 0.35
    assert torch.equal(dropped, dropped[:1].expand_as(dropped)) == per_sequence
    assert not torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    output = torch.randn(3, 2, 7)
    assert torch.equal(network.read_out(output), output)
    alone = network.layers(network.input(ids), network.initial_state(BATCH), dropouts=dropouts)[0]
    assert torch.equal(alone, whole.layers(whole.input(ids), whole.initial_state(BATCH))[0])


@pytest.mark.parametrize("per_sequence", [False, True], ids=["step", "sequence"])
def test_layer_dropout_drops_entries_of_what_each_layer_hands_up_and_of_what_the_head_reads(build, ids, per_sequence):
    network = build(layers=3, dropouts=Dropouts(layers=0.5, per_sequence=per_sequence)).train()
    whole = build(layers=3).train()
    assert torch.equal(read_by(network, ids), read_by(whole, ids))
    handed = read_by(network, ids, "1")
    factors = handed / read_by(whole, ids, "1")
    torch.testing.assert_close(factors.unique(), torch.tensor([0.0, 2.0]), atol=1e-4, rtol=0)
    assert torch.equal(handed == 0, (handed == 0)[:1].expand_as(handed)) == per_sequence
    output, _ = network(ids)
    assert (output != 0).all()
    dropped = network.read_out(output)
    assert torch.equal(dropped[dropped != 0], 2 * output[dropped != 0])
    assert 0.4 < (dropped == 0).float().mean() < 0.6
    assert torch.equal(dropped == 0, (dropped == 0)[:1].expand_as(dropped)) == per_sequence


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_recurrent_dropout_drops_the_same_entries_of_the_hidden_vector_at_every_step(build, cell, ids, monkeypatch):
    network, whole = (build(cell=cell.name, layers=1, dropouts=dropouts).train() for dropouts in (NOTHING, NOTHING))
    network.dropouts = Dropouts(recurrent=0.5)
    seen = []
    by_scan = RecurrentLayer.by_scan

    def noting(layer, inputs, state, weight_hh, kept=None):
        seen.append(kept)
        return by_scan(layer, inputs, state, weight_hh, kept)

    monkeypatch.setattr(RecurrentLayer, "by_scan", noting)
    torch.manual_seed(5)
    found, after = network(ids)
    (kept,) = seen
    assert kept.shape == (BATCH, 7)
    assert kept.unique().tolist() == [0, 2]
    layer = whole.layers.layer("0")
    state = {part: torch.zeros(BATCH, 7) for part in cell.state}
    expected, end = layer.by_equations(whole.input(ids), state, layer.weight_hh, kept)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    for part, value in end.items():
        torch.testing.assert_close(after[f"{part}.0"], value, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(found[1:], whole(ids)[0][1:])
    torch.testing.assert_close(found[0], whole(ids)[0][0])  # there was nothing to drop yet


def test_each_direction_drops_by_itself(build, ids):
    network = build(cell="elman", layers=1, bidirectional=True, dropouts=Dropouts(recurrent=0.5)).train()
    seen = []
    for layer in network.layers.children():
        layer.register_forward_pre_hook(lambda _, given, named: seen.append(named["mask"]), with_kwargs=True)
    network(ids)
    forward, backward = seen
    assert not torch.equal(forward, backward)


def test_weight_dropout_drops_recurrent_weights_once_a_pass(build, ids):
    network, whole = build(layers=1, dropouts=Dropouts(weight=0.5)).train(), build(layers=1).train()
    found, plain = network(ids)[0], whole(ids)[0]
    torch.testing.assert_close(found[0], plain[0])  # no recurrent weight has been used yet
    assert not torch.allclose(found[1], plain[1])
    network.zero_grad()
    found.sum().backward()
    untouched = network.layers.layer("0").weight_hh.grad == 0  # dropped at every step of every sequence
    assert 0.35 < untouched.float().mean() < 0.65
    assert (network.layers.layer("0").weight_ih.grad[:, network.input.table.abs().sum(0) > 0] != 0).all()


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_a_share_of_the_places_is_hidden_whatever_stands_there(ids, share):
    torch.manual_seed(2)
    found = Dropouts(symbols=share).hide(ids, SYMBOLS)
    hidden = found == SYMBOLS
    assert found.dtype == ids.dtype
    assert torch.equal(found[~hidden], ids[~hidden])
    deviation = (share * (1 - share) / ids.numel()) ** 0.5
    assert hidden.float().mean().item() == pytest.approx(share, abs=4 * deviation)
    for axis in (0, 1):  # other places at each step, and in each text
        assert 0 < hidden.float().mean(axis).std() < 3 * deviation * ids.shape[1 - axis] ** 0.5
    torch.manual_seed(2)
    assert torch.equal(Dropouts(symbols=share).hide(ids, SYMBOLS), found)
    assert not torch.equal(Dropouts(symbols=share).hide(ids, SYMBOLS), found)


def test_nothing_is_hidden_of_nothing_and_nothing_is_drawn(ids):
    generator = torch.get_rng_state()
    assert NOTHING.hide(ids, SYMBOLS) is ids
    assert torch.equal(torch.get_rng_state(), generator)


@pytest.mark.parametrize("input", ["learned", "one-hot"])
def test_a_network_reads_unk_where_a_symbol_is_hidden(build, ids, input):
    network, whole = build(input=input, dropouts=Dropouts(symbols=0.3)).train(), build(input=input).train()
    torch.manual_seed(3)
    hidden = Dropouts(symbols=0.3).hide(ids, UNK)
    assert not torch.equal(hidden, ids)
    torch.testing.assert_close(read_by(network, ids), read_by(whole, hidden), atol=0, rtol=0)


KINDS = ("symbols", "embedding", "input", "layers", "recurrent", "weight")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("input", ["learned", "one-hot"])
def test_dropout_acts_in_training_alone(build, ids, kind, input):
    network = build(input=input, dropouts=Dropouts(**{kind: 0.5}))
    whole = build(input=input).eval()
    network.train()
    first, second = (network.read_out(network(ids)[0]) for _ in range(2))
    assert not torch.equal(first, second)
    network.eval()
    generator = torch.get_rng_state()
    assert torch.equal(network.read_out(network(ids)[0]), whole(ids)[0])
    assert torch.equal(torch.get_rng_state(), generator)  # nothing is drawn, so that an evaluation changes nothing


def test_a_small_share_is_dropped_too():
    torch.manual_seed(0)
    factors = mask((1000, 1000), 0.001, device=torch.device("cpu"))
    assert 800 < int((factors == 0).sum()) < 1200
    assert factors.max().item() == pytest.approx(1 / 0.999, rel=1e-4)


def test_of_a_one_hot_vector_the_symbol_is_dropped_and_no_vector_is_made(build, ids, monkeypatch):
    network = build(input="one-hot", dropouts=Dropouts(input=0.5)).train()
    monkeypatch.setattr(OneHotLookup, "vectors", None)  # not asked
    assert network(ids)[0].isfinite().all()
