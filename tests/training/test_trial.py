"""A run tried for a few steps: it costs what it says, and leaves nothing behind."""

import tempfile

import pytest

from textrnn.architecture import Architecture, Core, LabelPerStep, Learned, Pretrained
from textrnn.data import Data
from textrnn.settings import training_settings
from textrnn.training.trial import TRIED_STEPS, memory, tried

SMALL = {"units": 8, "embedding_size": 4, "batch": 4, "window": 8, "precision": "float32"}


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.txt"
    path.write_text("she sells sea shells by the sea shore.\n" * 60)
    return str(path)


@pytest.mark.parametrize("values", [{"steps": 3}, {"steps": 1000}, {"minutes": 0.5}, {"epochs": 2.0}])
def test_a_trial_leaves_nothing_behind_and_counts_what_it_tried(song, tmp_path, monkeypatch, values):
    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    run, trial = tried("lm", Data(files=(song,)), training_settings({**SMALL, **values}))
    assert not list((tmp_path / "kept").glob("textrnn-*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "song.txt"]
    assert 0 < run.state.step <= TRIED_STEPS + 5
    assert trial.seconds_per_epoch == trial.seconds_per_step * run.task.steps_per_epoch
    assert trial.symbols_per_second == pytest.approx(4 * 8 / trial.seconds_per_step)
    assert trial.seconds_per_evaluation > 0


def test_a_trial_of_a_stream_has_no_epochs(song, tmp_path):
    (tmp_path / "valid.txt").write_text("she sells shells\n" * 20)
    data = Data(files=(song,), valid=str(tmp_path / "valid.txt"), streaming=True)
    _, trial = tried("lm", data, training_settings({**SMALL, "steps": 50}))
    assert trial.seconds_per_epoch is None
    assert trial.seconds_per_step > 0


def test_the_memory_reckoned_grows_with_parameters_streams_window_and_units():
    def reckoned(*, parameters: int = 5_000, units: int = 16, streams: int = 4, window: int = 8) -> int:
        architecture = Architecture(
            input=Learned(symbols=30, size=8), core=Core(units=units, layers=2), head=LabelPerStep(classes=30)
        )
        return memory(architecture, parameters, streams=streams, window=window)

    def of_table(*, frozen: bool, parameters: int) -> int:
        entry = Pretrained(symbols=30, size=8, frozen=frozen)
        architecture = Architecture(input=entry, core=Core(units=16), head=LabelPerStep(classes=30))
        return memory(architecture, parameters, streams=4, window=8)

    learnt, frozen = of_table(frozen=False, parameters=1000), of_table(frozen=True, parameters=1000 - 240)
    assert learnt - frozen == 240 * 3 * 4  # no gradient and no moments
    at_rest = reckoned(streams=0)
    assert reckoned(parameters=6_000) - reckoned() == 1_000 * 4 * 4  # weight, gradient and two moments
    assert reckoned(streams=8) - at_rest == 2 * (reckoned() - at_rest) > 0
    assert reckoned(streams=8) == reckoned(window=16)
    assert reckoned(units=32) - at_rest < 2 * (reckoned() - at_rest) < reckoned(units=64) - at_rest


def test_the_memory_reckoned_grows_with_gates_and_layers_whose_way_back_is_taken_one_by_one():
    def of_symbols(cell: str, *, layers: int = 1, bidirectional: bool = False) -> int:
        core = Core(cell=cell, units=16, layers=layers, bidirectional=bidirectional)
        architecture = Architecture(input=Learned(symbols=30, size=8), core=core, head=LabelPerStep(classes=1))
        return memory(architecture, 0, streams=4, window=8) - memory(architecture, 0, streams=0, window=8)

    assert of_symbols("lstm") > of_symbols("gru") > of_symbols("elman")
    assert of_symbols("lstm", bidirectional=True) == of_symbols("lstm", layers=2)
    one, two, three = (of_symbols("lstm", layers=layers) for layers in (1, 2, 3))
    assert three - two == two - one < 0.7 * one
