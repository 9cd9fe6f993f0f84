"""The moving average of the weights: by hand, in its place while a network is validated and kept, and on --resume."""

import torch
from safetensors.torch import load
from torch import nn

from tests.training.labelled import LEARNT_BY_HEART, begun, written
from tests.training.test_resume import finish, stopped
from textrnn.model_folder import ModelFolder
from textrnn.training.average import Average
from textrnn.training.starting import resume


def test_the_average_is_that_of_all_so_far_and_then_a_moving_one():
    network = nn.Linear(1, 1, bias=False)
    values = [1.0, 5.0, -2.0, 4.0]
    with torch.no_grad():
        network.weight.fill_(3.0)
        average = Average(network, 0.25)
        expected = 3.0
        for step, value in enumerate(values, start=1):
            network.weight.fill_(value)
            average.update(step)
            decay = min(0.25, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * value
    torch.testing.assert_close(average.values["weight"], torch.tensor([[expected]]))
    assert (1 + 1) / (10 + 1) < 0.25 < (1 + 4) / (10 + 4)  # both halves of the minimum were met


def test_the_average_is_in_place_for_as_long_as_it_is_asked_for():
    network = nn.Linear(2, 1)
    average = Average(network, 0.5)
    with torch.no_grad():
        network.weight.fill_(7.0)
    average.update(1)
    with average.in_place():
        assert torch.equal(network.weight, average.values["weight"])
        assert not torch.equal(network.weight, torch.full((1, 2), 7.0))
    assert torch.equal(network.weight, torch.full((1, 2), 7.0))


def test_what_is_frozen_has_no_average():
    network = nn.Linear(2, 1)
    network.weight.requires_grad_(False)
    assert Average(network, 0.5).values.keys() == {"bias"}


def test_the_model_that_is_kept_has_the_average_and_the_training_goes_on_without_it(tmp_path):
    file = written(tmp_path / "train.jsonl", LEARNT_BY_HEART * 5)
    run = begun(file, tmp_path / "model", average=0.9, valid_share=0.3, evaluations=1)
    finish(run)
    kept = load(ModelFolder(run.out).read("model.safetensors"))
    learnt = run.network.state_dict()
    for name, value in run.state.average.values.items():
        assert torch.equal(kept[name], value)
        assert not torch.equal(kept[name], learnt[name])
    plain = begun(file, tmp_path / "plain", valid_share=0.3, evaluations=1)
    finish(plain)
    assert all(torch.equal(value, learnt[name]) for name, value in plain.network.state_dict().items())


def test_a_run_that_is_stopped_goes_on_to_the_same_average(tmp_path):
    file = written(tmp_path / "train.jsonl", LEARNT_BY_HEART * 5)
    whole = begun(file, tmp_path / "whole", average=0.9, valid_share=0.3)
    finish(whole)
    run = resume(stopped(begun(file, tmp_path / "model", average=0.9, valid_share=0.3), 7))
    finish(run)
    for name, value in whole.state.average.values.items():
        assert torch.equal(run.state.average.values[name], value)
    assert ModelFolder(run.out).read("model.safetensors") == ModelFolder(whole.out).read("model.safetensors")
