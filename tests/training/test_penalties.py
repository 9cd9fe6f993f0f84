"""What is added to the loss: each penalty worked out by hand, none of it reported, and how gradients are clipped."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from textrnn.architecture import Architecture, Core, LabelPerStep, Learned, OneHot, Pretrained
from textrnn.batch import Batch
from textrnn.errors import UsageError
from textrnn.networks.sequence import SequenceNetwork
from textrnn.settings import TrainingSettings
from textrnn.training.defaults import by_size, with_level_defaults
from textrnn.training.loop import Found, train
from textrnn.training.penalties import KINDS, penalties, refuse_idle
from textrnn.training.run_state import RunState

SYMBOLS = 6
OUTPUT = torch.tensor([[[1.0, 2.0]], [[4.0, -2.0]], [[3.0, 0.0]]])  # (time, batch, size)
HIDDEN = torch.tensor([[[2.0, 0.0]], [[8.0, -4.0]], [[0.0, 0.0]]])  # the same, as dropped


def network_of(*, one_hot: bool = False, **core) -> SequenceNetwork:
    torch.manual_seed(0)
    input = OneHot(symbols=SYMBOLS) if one_hot else Learned(symbols=SYMBOLS, size=4)
    core = Core(**{"units": 8, "layers": 2, **core})
    return SequenceNetwork(Architecture(input=input, core=core, head=LabelPerStep(classes=SYMBOLS)))


def found(network: SequenceNetwork, **values) -> torch.Tensor | None:
    return penalties(network, OUTPUT, HIDDEN, TrainingSettings(**values))


def test_without_any_there_is_nothing_to_add():
    assert found(network_of()) is None


def test_the_activation_penalty_is_on_the_mean_square_of_what_is_not_dropped():
    assert found(network_of(), activation_penalty=3.0).item() == pytest.approx(3 * (4 + 64 + 16) / 6)


def test_the_temporal_penalty_is_on_the_mean_square_of_each_change_with_nothing_dropped():
    assert found(network_of(), temporal_penalty=3.0).item() == pytest.approx(3 * (9 + 16 + 1 + 4) / 4)


def test_one_step_alone_does_not_change():
    assert penalties(network_of(), OUTPUT[:1], HIDDEN[:1], TrainingSettings(temporal_penalty=3.0)) is None


def weights_of(network: SequenceNetwork) -> dict[str, list[torch.Tensor]]:
    """The weights of each kind, as people count them."""
    layers = list(network.layers.children())
    return {
        "embedding": [network.input.table] if hasattr(network.input, "table") else [],
        "input": [layer.weight_ih for layer in layers],
        "recurrent": [layer.weight_hh for layer in layers],
        "output": [network.head.weight],
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_a_weight_penalty_is_on_all_weights_of_its_kind_and_on_no_other(kind, norm):
    network = network_of(cell="peephole-lstm", bidirectional=True, projection=3)
    penalty = found(network, **{f"{norm}_{kind}": 0.5})
    entries = np.concatenate([value.detach().numpy().ravel() for value in weights_of(network)[kind]])
    expected = np.abs(entries).sum() if norm == "l1" else (entries**2).sum()
    assert penalty.item() == pytest.approx(0.5 * expected, rel=1e-5)
    penalty.backward()
    touched = {name for name, value in network.named_parameters() if value.grad is not None}
    names = {
        name for name, value in network.named_parameters() if any(value is one for one in weights_of(network)[kind])
    }
    assert touched == names
    for value in weights_of(network)[kind]:
        torch.testing.assert_close(value.grad, 0.5 * value.sign() if norm == "l1" else value)


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize(
    ("input", "tied", "kind", "says"),
    [
        (OneHot(symbols=SYMBOLS), False, "embedding", "one-hot symbols have no vectors"),
        (Pretrained(symbols=SYMBOLS, size=4, frozen=True), False, "embedding", "the symbol vectors are frozen"),
        (Learned(symbols=SYMBOLS, size=8), True, "output", "set that of embedding"),
    ],
)
def test_a_penalty_on_what_is_not_learnt_is_refused(input, tied, kind, says, norm):
    architecture = Architecture(input=input, core=Core(units=8), head=LabelPerStep(classes=SYMBOLS, tied=tied))
    for other in KINDS.keys() - {kind}:
        refuse_idle(TrainingSettings(**{f"{norm}_{other}": 1.0}), architecture)
    with pytest.raises(UsageError, match=f"{norm}_{kind} has nothing to act on: .*{says}"):
        refuse_idle(TrainingSettings(**{f"{norm}_{kind}": 1.0}), architecture)


def test_penalties_add_up():
    network = network_of()
    each = {"activation_penalty": 1.0, "temporal_penalty": 2.0, "l1_input": 0.1, "l2_input": 0.2, "l2_output": 0.3}
    alone = [found(network, **{name: value}).item() for name, value in each.items()]
    assert found(network, **each).item() == pytest.approx(sum(alone))


def test_unit_vectors_have_no_weights_to_penalize():
    assert found(network_of(one_hot=True), l2_embedding=1.0) is None


def run_of(network: SequenceNetwork, **values) -> RunState:
    settings = by_size(with_level_defaults(TrainingSettings(precision="float32", **values)), 1000)
    return RunState(network, settings, steps_per_epoch=10.0, began=0.0)


def one_nat(network: SequenceNetwork) -> Found:
    """What is validated, whatever the network."""
    return Found(1.0, cost=1.0)


def batches(count: int) -> list[Batch]:
    rng = np.random.default_rng(0)
    windows = [rng.integers(0, SYMBOLS, (5, 2)) for _ in range(count)]
    return [Batch(ids[:-1], ids[1:], np.array([False, False])) for ids in windows]


def gradients(network: SequenceNetwork, batch: Batch, **values) -> dict[str, torch.Tensor]:
    """Of the mean loss and the penalties, by torch alone."""
    output, _ = network(torch.from_numpy(batch.inputs))
    logits = output @ network.head.weight.T + network.head.bias
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(batch.targets).flatten())
    penalty = penalties(network, output, output, TrainingSettings(**values))
    names, parameters = zip(*network.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss if penalty is None else loss + penalty, parameters), strict=True))


PENALTIES = {"activation_penalty": 2.0, "temporal_penalty": 1.0, "l2_recurrent": 0.5}


def test_penalties_move_the_weights_and_are_not_reported_as_loss():
    rows, weights = [], []
    for values in ({}, PENALTIES):
        network = network_of()
        run = run_of(network, steps=1, evaluations=1, clip_norm=0.0, rate=0.01, warmup=0, **values)
        *_, row = train(network, batches(1), one_nat, run)
        rows.append(row)
        weights.append(network.layers.layer("0").weight_hh.detach().clone())
    plain, penalized = rows
    assert penalized.train_nats == plain.train_nats
    assert penalized.gradient_norm > plain.gradient_norm
    assert not torch.equal(*weights)


@pytest.mark.parametrize("clips", [{"clip_norm": 0.0}, {"clip_norm": 0.01}, {"clip_value": 0.01, "clip_norm": 0.0}])
def test_a_row_holds_the_mean_norm_of_the_gradients_before_clipping(clips):
    network = network_of()
    run = run_of(network, steps=4, evaluations=2, rate=1e-12, final_rate=0.0, weight_decay=0.0, **clips, **PENALTIES)
    norms = []
    for batch in batches(4):
        parts = gradients(network, batch, **PENALTIES).values()
        norms.append(math.sqrt(sum(part.square().sum().item() for part in parts)))
    rows = [row for row in train(network, batches(4), one_nat, run) if row]
    assert [row.gradient_norm for row in rows] == pytest.approx([np.mean(norms[:2]), np.mean(norms[2:])], rel=1e-3)


@pytest.mark.parametrize(("value", "norm"), [(0.0, 0.0), (0.002, 0.0), (0.0, 0.01), (0.002, 0.01), (0.002, 100.0)])
def test_gradients_are_clipped_by_value_and_then_by_norm(value, norm):
    network = network_of()
    (batch,) = batches(1)
    run = run_of(network, steps=1, evaluations=1, clip_value=value, clip_norm=norm)
    expected = gradients(network, batch)
    if value:
        expected = {name: part.clamp(-value, value) for name, part in expected.items()}
    whole = math.sqrt(sum(part.square().sum().item() for part in expected.values()))
    factor = min(1.0, norm / whole) if norm else 1.0
    assert (factor < 1) == (norm == 0.01)
    list(train(network, [batch], one_nat, run))
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.grad, factor * expected[name], rtol=1e-3, atol=1e-7)


def test_an_infinite_gradient_is_clipped_by_value():
    network = network_of()
    run = run_of(network, steps=1, evaluations=1, clip_value=0.5, clip_norm=0.0)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    network.head.bias.grad[0] = math.inf
    assert run._clip().item() == math.inf
    assert all((parameter.grad == 0.5).all() for parameter in network.parameters())


def test_the_figures_of_an_interval_go_on_where_a_run_is_resumed():
    rows = []
    for is_interrupted in (False, True):
        network = network_of()
        run = run_of(network, steps=4, evaluations=1)
        if is_interrupted:
            assert list(train(network, batches(2), one_nat, run)) == [None, None]
            counters, tensors = run.counters(), run.tensors()
            assert (counters.interval_steps, counters.interval_targets) == (2, 16)
            network = network_of()
            run = run_of(network, steps=4, evaluations=1)
            run.restore(counters, tensors)
        left = batches(4)[2:] if is_interrupted else batches(4)
        *_, row = train(network, left, one_nat, run)
        rows.append((row.step, row.train_nats, row.gradient_norm))
        assert run.counters().interval_steps == 0
    assert rows[0] == rows[1]
