"""How far a parameter is below the head, and what share of the rate it has there."""

import pytest

from textrnn.architecture import Architecture, Core, LabelPerSequence, Learned
from textrnn.networks.sequence import SequenceNetwork
from textrnn.settings import training_settings
from textrnn.training.defaults import ChosenSettings, for_classifier, with_level_defaults
from textrnn.training.optimizers import DEPTH, adamw, depth_of, share_of_rate


def chosen(**values: object) -> ChosenSettings:
    return for_classifier(with_level_defaults(training_settings(values), task="classifier"))


@pytest.mark.parametrize(
    ("name", "layers", "depth"),
    [
        ("head.weight", 3, 0),
        ("head.bias", 1, 0),
        ("readout.attention", 2, 0),
        ("layers.2.weight_hh", 3, 1),
        ("layers.2_reverse.weight_hh", 3, 1),
        ("layers.0.bias_ih", 3, 3),
        ("layers.0_reverse.weight_ih", 3, 3),
        ("layers.10.weight_hh", 12, 2),
        ("input.table", 3, 4),
        ("input.table", 1, 2),
    ],
)
def test_depth_is_counted_from_the_head(name: str, layers: int, depth: int) -> None:
    assert depth_of(name, layers) == depth


@pytest.mark.parametrize(
    ("depth", "epoch", "share"),
    [(0, 0.0, 1.0), (1, 0.0, 0.0), (1, 1.99, 0.0), (1, 2.0, 0.4), (2, 2.0, 0.0), (2, 4.0, 0.16), (3, 100.0, 0.064)],
)
def test_a_depth_is_learnt_from_its_epoch_on_at_its_rate(depth: int, epoch: float, share: float) -> None:
    settings = chosen(layer_rate=0.4, unfreeze=2.0)
    assert share_of_rate(depth, settings, epoch=epoch) == pytest.approx(share)


def test_all_is_learnt_at_one_rate_unless_somebody_says_otherwise() -> None:
    assert [share_of_rate(depth, chosen(), epoch=0.0) for depth in range(5)] == [1.0] * 5


def test_every_parameter_is_in_the_group_of_its_depth_and_biases_do_not_decay() -> None:
    core = Core(units=3, layers=2, bidirectional=True)
    head = LabelPerSequence(classes=2, readouts=("max", "attention"))
    network = SequenceNetwork(Architecture(input=Learned(symbols=9, size=4), core=core, head=head))
    groups = adamw(network, chosen(weight_decay=0.2)).param_groups
    places = {id(value): group for group in groups for value in group["params"]}
    assert len(places) == len(list(network.parameters()))
    for name, value in network.named_parameters():
        group = places[id(value)]
        assert group[DEPTH] == depth_of(name, 2), name
        assert group["weight_decay"] == (0.2 if value.ndim > 1 else 0.0), name
    assert {group[DEPTH] for group in groups} == {0, 1, 2, 3}
