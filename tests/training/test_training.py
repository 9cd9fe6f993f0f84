"""Training: the loop, the plan, the choices it makes, and a text learnt by heart."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import textrnn
from tests.fakes import answers
from textrnn.architecture import Architecture, Core, LabelPerStep, Learned
from textrnn.batch import Batch
from textrnn.cli.training_display import as_line, picture
from textrnn.data import Data
from textrnn.errors import DataError, TrainingError, UsageError
from textrnn.model_folder import ModelFolder
from textrnn.networks.sequence import SequenceNetwork
from textrnn.settings import TrainingSettings, training_settings
from textrnn.text.levels import LEVELS
from textrnn.training.defaults import ChosenSettings, architecture, by_size, with_level_defaults
from textrnn.training.loop import train
from textrnn.training.optimizers import Schedule
from textrnn.training.run import TrainingRun, plain
from textrnn.training.run_state import TIMED_STEPS, RunState
from textrnn.training.saved_run import TrainingFolder
from textrnn.training.starting import begin

SONG = "sphinx of black quartz, judge my vow.\nthe quick brown fox jumps over a lazy dog.\n"
SMALL = {"units": 48, "embedding_size": 16, "batch": 4, "window": 16, "precision": "float32", "dropout": 0.0}


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.txt"
    path.write_text(SONG * 30)
    return str(path)


def test_a_text_is_learnt_by_heart_and_opened_without_it(song, tmp_path):
    model = textrnn.train("lm", [song], out=tmp_path / "model", steps=300, evaluations=3, **SMALL)
    text = model.generate("sphinx of", temperature=0, max_tokens=60)[0].text
    assert text == SONG[len("sphinx of") :][:60]
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["training"]["settings"]["units"] == 48
    rows = [json.loads(line) for line in (tmp_path / "model" / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [100, 200, 300]
    assert rows[-1]["valid_nats"] < rows[0]["valid_nats"]


@pytest.mark.parametrize(
    ("task", "given", "says"),
    [
        ("lm", {}, "name the texts to learn from"),
        ("lm", {"files": "song.txt", "input_format": "lines"}, "'lines' is not one of auto, text, tsv, csv, jsonl"),
        ("lm", {"source": Path("song.txt")}, "source is for translator, not for lm"),
        ("lm", {"files": "song.txt", "valid_source": "song.txt"}, "valid_source is for translator, not for lm"),
        (
            "classifier",
            {"files": "song.txt", "target_column": "en"},
            "target_column is for translator, not for classifier",
        ),
    ],
)
def test_what_a_task_does_not_read_is_refused_before_anything_is_written(
    song, tmp_path, monkeypatch, task, given, says
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"^{re.escape(says)}"):
        textrnn.train(task, **given, out=tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_lines_are_read_by_the_format_that_is_named(tmp_path):
    path = tmp_path / "song.dat"
    path.write_text("text\tnumber\n" + f"{SONG.strip()}\t7\n" * 100)
    data = {"input_format": "tsv", "column": "text"}
    model = textrnn.train("lm", path, out=tmp_path / "model", steps=1, evaluations=1, **data, **SMALL)
    assert "7" not in model.tokenizer.tokens


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(song, tmp_path):
    def weights(name: str, seed: int) -> bytes:
        textrnn.train("lm", [song], out=tmp_path / name, steps=12, evaluations=1, seed=seed, **SMALL)
        return (tmp_path / name / "model.safetensors").read_bytes()

    assert weights("a", 1) == weights("b", 1) != weights("c", 2)


def test_the_saved_model_is_the_best_one_not_the_last(song, tmp_path, monkeypatch):
    run = begun(song, tmp_path / "model", steps=40, evaluations=4, **SMALL)
    kept = {}
    monkeypatch.setattr(run.task, "validate", answers(3.0, 1.0, 2.0, 2.5))
    for row in run.rows():
        kept[row.step] = run.network.head.bias.detach().clone()
    best = textrnn.load(tmp_path / "model", engine="torch").engine.network.head.bias
    assert torch.equal(best, kept[20])
    assert not torch.equal(best, kept[40])
    folder = ModelFolder(tmp_path / "model")
    rows = [json.loads(line) for line in folder.read("history.jsonl").splitlines()]
    assert [(row["step"], row["valid_nats"], row["is_best"]) for row in rows] == [
        (10, 3.0, True),
        (20, 1.0, True),
        (30, 2.0, False),
        (40, 2.5, False),
    ]
    assert (folder.config.training.best_step, folder.config.training.ended) == (20, "done")


def test_training_stops_after_evaluations_without_a_better_model(song, tmp_path, monkeypatch):
    run = begun(song, tmp_path / "model", steps=100, evaluations=10, patience=2, **SMALL)
    monkeypatch.setattr(run.task, "validate", answers(3.0, 1.0, 2.0, 2.5, 0.1))
    assert [row.valid_nats for row in run.rows()] == [3.0, 1.0, 2.0, 2.5]
    assert run.ended.startswith("early")


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_best(song, tmp_path):
    run = begun(song, tmp_path / "model", steps=40, evaluations=4, **SMALL)
    rows = run.rows()
    next(rows)
    with torch.no_grad():
        run.network.head.bias[0] = math.nan
    with pytest.raises(TrainingError, match=r"not finite at step 10.*the best model so far is in"):
        next(rows)
    assert textrnn.load(tmp_path / "model").generate("the", max_tokens=3, seed=0)


def test_a_validation_loss_that_is_not_finite_stops_the_run_and_keeps_the_best(song, tmp_path, monkeypatch):
    run = begun(song, tmp_path / "model", steps=4, evaluations=4, **SMALL)
    monkeypatch.setattr(run.task, "validate", answers(2.0, math.nan))
    rows = run.rows()
    next(rows)
    with pytest.raises(TrainingError, match=r"validation loss is not finite at step 2.*the best model so far is in"):
        next(rows)
    assert resumable(tmp_path / "model") == 1


def resumable(folder: Path) -> int:
    """The step of the state that was saved last."""
    return TrainingFolder(folder).read()[0].counters.step


def test_a_perplexity_too_large_to_say_does_not_end_the_run(song, tmp_path, monkeypatch):
    run = begun(song, tmp_path / "model", steps=2, evaluations=2, **SMALL)
    monkeypatch.setattr(run.task, "validate", answers(800.0, 1.0))
    rows = run.rows()
    assert "perplexity inf" in as_line(run, next(rows))
    assert ModelFolder(run.out).config.training.metrics[1].value is None  # JSON has no infinity
    assert next(rows).is_best
    assert picture(run, "")


def begun(text: str, out: Path, **values) -> TrainingRun:
    return begin("lm", Data(files=(text,)), out, training_settings(values))


def chosen(*, symbols: int, **values) -> ChosenSettings:
    return by_size(with_level_defaults(TrainingSettings(**values)), symbols)


def small_network(symbols: int = 6) -> SequenceNetwork:
    torch.manual_seed(0)
    architecture = Architecture(
        input=Learned(symbols=symbols, size=4), core=Core(units=8), head=LabelPerStep(classes=symbols)
    )
    return SequenceNetwork(architecture)


def state_of(network: SequenceNetwork, **values) -> RunState:
    settings = chosen(symbols=1000, precision="float32", **values)
    return RunState(network, settings, steps_per_epoch=10.0, began=0.0)


def test_the_state_is_carried_between_windows_and_the_gradient_is_cut(monkeypatch):
    network = small_network()
    ids = np.random.default_rng(0).integers(0, 6, (9, 2))
    windows = [Batch(ids[:4], ids[1:5], np.array([False, False])), Batch(ids[4:8], ids[5:9], np.array([True, True]))]
    run = state_of(network, steps=2, evaluations=2)
    seen = []
    forward = SequenceNetwork.forward
    monkeypatch.setattr(
        SequenceNetwork,
        "forward",
        lambda self, ids, state=None, **others: (seen.append(state), forward(self, ids, state, **others))[1],
    )
    list(train(network, windows, answers(1.0, 1.0), run))
    assert seen[0] is None
    assert seen[1]["hidden.0"].abs().sum() > 0
    assert not seen[1]["hidden.0"].requires_grad
    assert not seen[1]["memory.0"].requires_grad


def test_a_fresh_batch_starts_from_zero():
    network = small_network()
    ids = np.random.default_rng(0).integers(0, 6, (5, 2))
    run = state_of(network, steps=2, evaluations=1)
    run.carried = {"hidden.0": torch.full((2, 8), math.nan), "memory.0": torch.full((2, 8), math.nan)}
    *_, row = train(network, [Batch(ids[:-1], ids[1:], np.array([False, False]))] * 2, answers(1.0), run)
    assert math.isfinite(row.train_nats)


def test_the_state_goes_on_for_the_sequences_that_continue_alone():
    run = state_of(small_network(), steps=2, evaluations=1)
    ids = np.zeros((3, 3), np.int64)
    run.carried = {name: torch.arange(1.0, 25.0).view(3, 8) for name in ("hidden.0", "memory.0")}
    state = run.carried_to(Batch(ids, ids, np.array([True, False, True])))
    for name, before in run.carried.items():
        assert torch.equal(state[name][[0, 2]], before[[0, 2]])
        assert not state[name][1].any()
    assert run.carried_to(Batch(ids, ids, np.array([False, False, False]))) is None
    assert run.carried_to(Batch(ids, ids, np.array([True, True, True]))) is run.carried


@pytest.mark.parametrize(("setting", "limit"), [("clip_norm", 0.01), ("clip_value", 0.001)])
def test_gradients_are_clipped(setting, limit):
    network = small_network()
    run = state_of(network, steps=1, **{"clip_norm": 0.0, setting: limit})
    ids = torch.zeros(4, 2, dtype=torch.int64)
    hidden, _ = network(ids)
    nats, targets = network.head.loss(hidden, ids)
    run.update(100 * nats, targets)
    gradients = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])
    measured = gradients.norm() if setting == "clip_norm" else gradients.abs().max()
    assert measured <= limit * 1.001


def test_the_rate_rises_to_its_peak_and_falls_by_half_a_cosine():
    schedule = Schedule(peak=1.0, final=0.1, warmup=10, total=110)
    rates = [schedule.rate(step) for step in range(110)]
    assert rates[:10] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert rates[10] == 1.0
    assert rates[60] == pytest.approx(0.55)
    assert rates[-1] == pytest.approx(0.1, abs=0.001)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_the_rise_does_not_depend_on_the_length_of_the_run():
    lengths = [Schedule(peak=1.0, final=0.1, warmup=10, total=total) for total in (5, 50, 2**31)]
    assert len({tuple(schedule.rate(step) for step in range(10)) for schedule in lengths}) == 1


def test_evaluations_are_spread_evenly_and_the_last_is_at_the_end():
    run = state_of(small_network(), steps=25, evaluations=4)
    due = []
    for run.step in range(1, 26):
        if run.evaluation_due:
            due.append(run.step)
    assert due == [7, 13, 19, 25]


def test_minutes_become_a_number_of_steps_that_is_stored(song, tmp_path):
    run = begun(song, tmp_path / "model", minutes=0.05, evaluations=2, **SMALL)
    rows = list(run.rows())
    assert 1 <= len(rows) <= 2  # as the machine is fast
    assert rows[-1].step == run.state.total
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    steps = config["training"]["steps"]
    assert steps == run.state.total
    again = begun(song, tmp_path / "again", steps=steps, evaluations=1, **SMALL)
    list(again.rows())
    assert torch.equal(again.network.layers.layer("0").weight_hh, run.network.layers.layer("0").weight_hh)


def test_epochs_that_are_over_before_the_speed_is_known_are_evaluated_at_their_end(song, tmp_path):
    run = begun(song, tmp_path / "model", minutes=1, epochs=0.2, evaluations=1, **SMALL)
    steps = round(0.2 * run.task.steps_per_epoch)
    assert 1 < steps < TIMED_STEPS
    assert [row.step for row in run.rows()] == [steps]
    assert run.saved.ended == "done"


def test_epochs_limit_the_steps(song, tmp_path):
    run = begun(song, tmp_path / "model", epochs=2, **SMALL)
    assert run.state.total == round(2 * run.task.steps_per_epoch)


def test_what_is_left_open_is_chosen_by_the_size_of_the_text():
    small, large = chosen(symbols=50_000), chosen(symbols=10_000_000)
    assert small.units < large.units
    assert small.dropout > large.dropout
    given = chosen(symbols=50_000, units=7, dropout=0.0)
    assert (given.units, given.dropout) == (7, 0.0)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("symbols", [50_000, 500_000, 50_000_000])
def test_nothing_is_left_open_in_the_end(level, symbols):
    settings = chosen(symbols=symbols, level=level)
    assert not [name for name, value in plain(settings, "lm").items() if value is None]
    described = architecture(settings, symbols=100)
    assert described.head.tied == (level != "char")
    assert described.input.size == settings.embedding_size
    assert described.core.sizes[-1] == (settings.embedding_size if described.head.tied else settings.units)
    assert described.core.sizes[:-1] == [settings.units] * (settings.layers - 1)


@pytest.mark.parametrize(
    ("given", "embedding", "sizes", "tied"),
    [
        ({"layers": 2}, 6, [8, 8], False),
        ({"layers": 2, "tied": True}, 6, [8, 6], True),
        ({"layers": 2, "tied": True, "embedding_size": 8}, 8, [8, 8], True),
        ({"layers": 3, "level": "word"}, 6, [8, 8, 6], True),
        ({"layers": 2, "level": "word", "tied": False}, 6, [8, 8], False),
    ],
)
def test_a_tied_network_has_a_top_layer_of_the_vectors_size(given, embedding, sizes, tied):
    settings = chosen(symbols=1000, **{"units": 8, "embedding_size": 6, **given})
    described = architecture(settings, symbols=20)
    assert (described.input.size, described.core.sizes, described.head.tied) == (embedding, sizes, tied)
    unit_vectors = chosen(symbols=1000, level="word", embedding="one-hot", units=8)
    assert not architecture(unit_vectors, symbols=20).head.tied


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({"units": 8}, 8),
        ({"embedding_size": 6}, 6),
        ({"units": 8, "embedding_size": 8}, 8),
        ({"level": "char", "tied": True, "units": 8}, 8),  # one layer unless asked for more
        ({}, 256),
    ],
)
def test_of_one_tied_layer_the_units_and_the_vectors_decide_each_other(given, size):
    settings = chosen(symbols=1000, **{"level": "word", "layers": 1, **given})
    assert (settings.units, settings.embedding_size) == (size, size)
    described = architecture(settings, symbols=20)
    assert (described.input.size, described.core.sizes, described.head.tied) == (size, [size], True)


def test_one_tied_layer_refuses_units_and_vectors_that_differ():
    says = "one layer with tied vectors has as many units as they have entries, not 8 and 6"
    differ = {"units": 8, "embedding_size": 6}
    for values in ({"level": "word", "layers": 1}, {"level": "char", "tied": True}):
        with pytest.raises(UsageError, match=says):
            chosen(symbols=1000, **values, **differ)
    untied = chosen(symbols=1000, level="word", layers=1, tied=False, **differ)
    assert (untied.units, untied.embedding_size) == (8, 6)


def test_what_was_given_is_never_chosen_otherwise():
    given = {
        "embedding_size": 3,
        "units": 5,
        "layers": 2,
        "input_dropout": 0.0,
        "dropout": 0.0,
        "window": 7,
        "rate": 0.5,
    }
    for level in LEVELS:
        for symbols in (1000, 10_000_000):
            settings = chosen(symbols=symbols, level=level, **given).model_dump()
            assert {name: settings[name] for name in given} == given


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("values", "levels", "says"),
    [
        ({"lower": True}, ("word", "bpe"), "lower and literal_unk are for the levels word and bpe"),
        ({"literal_unk": True}, ("word", "bpe"), "lower and literal_unk are for the levels word and bpe"),
        ({"ngram": 4}, ("ngram",), "ngram is for the level ngram"),
        ({"split": "spaces"}, ("word",), "split is for the level word"),
        ({"lower": False, "literal_unk": False, "split": "auto"}, tuple(LEVELS), ""),
    ],
)
def test_a_setting_that_the_level_has_no_use_for_is_refused(level, values, levels, says):
    settings = training_settings({"level": level, **values})
    if level in levels:
        assert with_level_defaults(settings).level == level
    else:
        with pytest.raises(UsageError, match=f"{says}, not for {level}"):
            with_level_defaults(settings)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"unitz": 3}, "unknown setting 'unitz'"),
        ({"units": 0}, "units: Input should be greater than 0"),
        ({"dropout": 1.0}, "dropout: Input should be less than 1"),
        ({"cell": "gro"}, "unknown cell 'gro'; one of elman"),
        ({"steps": 3, "minutes": 1}, "give one end"),
        ({"rate": "fast"}, "rate: Input should be a valid number"),
        ({"level": "letters"}, "level: 'letters' is not one of char, ngram, word, bpe"),
        ({"unit": "page"}, "unit: 'page' is not one of auto, text, line"),
        ({"unit": 7}, "unit: 7 is not one of auto, text, line"),
        ({"windows": "shfit"}, "windows: 'shfit' (did you mean 'shift'?) is not one of contiguous, reshape, shift"),
        ({"ngram": 1}, "ngram: Input should be greater than or equal to 2"),
        ({"ngram": 5}, "ngram: Input should be less than or equal to 4"),
        ({"fresh": 1.0}, "fresh: Input should be less than 1"),
        ({"shift": 3}, "shift is for windows shift, not for contiguous"),
        ({"shift": 3, "windows": "reshape"}, "shift is for windows shift, not for reshape"),
        ({"shift": -1, "windows": "shift"}, "shift: Input should be greater than or equal to 0"),
        (
            {"fresh": 0.5, "windows": "shift"},
            "fresh is for windows contiguous: those of shift all begin with no memory",
        ),
        ({"fresh": 0.0, "windows": "reshape"}, "fresh is for windows contiguous"),
        ({"input_dropout": 1.0}, "input_dropout: Input should be less than 1"),
        ({"vocabulary_size": -1}, "vocabulary_size: Input should be greater than or equal to 0"),
        ({"min_count": 0}, "min_count: Input should be greater than 0"),
        ({"clip_norm": math.inf}, "clip_norm: Input should be a finite number"),
        ({"minutes": math.inf}, "minutes: Input should be a finite number"),
        ({"rate": math.nan}, "rate: Input should be a finite number"),
    ],
)
def test_a_setting_that_is_wrong_is_refused_in_one_line(values, says):
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        training_settings(values)
    assert "\n" not in str(caught.value)


def test_a_text_that_is_too_short_is_refused(tmp_path):
    (tmp_path / "short.txt").write_text("too short")
    with pytest.raises(DataError, match="too few to learn from"):
        begun(str(tmp_path / "short.txt"), tmp_path / "model")
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(DataError, match="is empty"):
        begun(str(tmp_path / "empty.txt"), tmp_path / "model")


def test_a_folder_that_holds_something_else_is_not_written_to(song, tmp_path):
    with pytest.raises(UsageError, match="not empty and not a model folder"):
        begun(song, tmp_path)
    with pytest.raises(UsageError, match="is a file"):
        begun(song, Path(song))


def test_an_absent_device_is_refused(song, tmp_path):
    with pytest.raises(UsageError, match="no device 'tpu'"):
        begun(song, tmp_path / "model", device="tpu")


def test_the_vocabulary_comes_from_the_training_text_alone(tmp_path):
    (tmp_path / "train.txt").write_text("ab" * 600 + "c")
    (tmp_path / "valid.txt").write_text("xyz" * 100)
    settings = training_settings({"min_count": 2, "steps": 1, **SMALL})
    data = Data(files=(str(tmp_path / "train.txt"),), valid=str(tmp_path / "valid.txt"))
    run = begin("lm", data, tmp_path / "model", settings)
    assert run.task.tokenizer.tokens[4:] == ["a", "b"]
    assert run.task.corpus.facts.left_out == 1


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("windows", ["contiguous", "reshape", "shift"])
def test_settings_that_a_model_was_trained_with_can_be_given_again(level, windows):
    values = {"windows": windows, **({"literal_unk": True} if level in ("word", "bpe") else {})}
    chosen = by_size(with_level_defaults(TrainingSettings(level=level, **values)), 50_000)
    again = training_settings(plain(chosen, "lm"))
    assert by_size(with_level_defaults(again), 50_000) == chosen
