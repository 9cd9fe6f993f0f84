"""A classifier that goes on from a language model: its vocabulary, its layers and their weights, and how fast each."""

import math
import re
import shutil
from pathlib import Path

import pytest
import torch

import textrnn
from tests.conftest import Run
from tests.reading import refused
from tests.small_models import save_small_classifier, save_small_model, small_config, small_tokenizer, untrained
from tests.training.labelled import written
from tests.training.test_resume import finish, stopped
from textrnn.architecture import Architecture, Core, LabelPerSequence, LabelPerStep, Learned, OneHot
from textrnn.data import Data
from textrnn.errors import ModelError, UsageError
from textrnn.export.save import load_network, save_model
from textrnn.model_folder import ModelFolder
from textrnn.settings import training_settings
from textrnn.training.language_start import DECIDED
from textrnn.training.optimizers import DEPTH, depth_of
from textrnn.training.run import TrainingRun
from textrnn.training.starting import begin, resume

WORDS = ("cat", "hat", "mat", "zebra", "never", "ago", "long", "sat")  # zebra is none that the language model knows
RECORDS = [(f"the {word} sat on the {WORDS[place % 5]}", "ab"[place % 2]) for place in range(6) for word in WORDS]
SETTINGS = {
    **{"batch": 8, "dropout": 0.2, "precision": "float32", "patience": 0, "readout": "max,attention"},
    **{"steps": 12, "evaluations": 3, "save_seconds": 0.0, "valid_share": 0.3},
}
VALUES = {  # that a setting which the language model decides could have
    **{"level": "word", "vocabulary_size": 50, "min_count": 1, "ngram": 2, "lower": True, "literal_unk": True},
    **{"split": "spaces", "embedding": "one-hot", "embedding_size": 4, "freeze_embedding": False, "cell": "gru"},
    **{"units": 6, "layers": 2, "projection": 3, "residual": True, "bidirectional": False},
    **{"recurrent_start": "orthogonal"},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled records, and language models of two layers: of every level, and of other inputs."""
    place = tmp_path_factory.mktemp("start")
    written(place / "train.jsonl", RECORDS)
    for level in ("char", "word", "bpe"):
        tokenizer = small_tokenizer(level)
        config = small_config(tokenizer, "line", layers=2)
        save_model(place / level, untrained(config.architecture), tokenizer, config)
    symbols = len(tokenizer)
    inputs = {"one-hot": OneHot(symbols=symbols), "narrow": Learned(symbols=symbols, size=5)}
    for name, entry in inputs.items():
        core = Core(units=7, layers=2, top_units=5 if name == "narrow" else None)
        head = LabelPerStep(classes=symbols, tied=name == "narrow")
        architecture = Architecture(input=entry, core=core, head=head)
        other = config.model_copy(update={"architecture": architecture})
        save_model(place / name, untrained(architecture), tokenizer, other)
    return place


def begun(place: Path, out: Path, **values: object) -> TrainingRun:
    settings = training_settings({**SETTINGS, "init_from": str(place / "word"), **values})
    return begin("classifier", Data(files=(str(place / "train.jsonl"),)), out, settings)


@pytest.mark.parametrize("name", ["char", "word", "bpe", "one-hot", "narrow"])
def test_it_begins_with_the_vocabulary_and_the_weights_of_the_language_model(place: Path, tmp_path: Path, name: str):
    run = begun(place, tmp_path / "model", init_from=str(place / name), steps=1, evaluations=1)
    folder = ModelFolder(place / name)
    theirs = load_network(folder).state_dict()
    mine = run.network.state_dict()
    shared = {each for each in theirs if not each.startswith("head.")}
    assert {"layers.0.weight_hh", "layers.1.weight_ih"} <= shared
    assert ("input.table" in shared) == (name != "one-hot")
    for each in shared:
        assert torch.equal(mine[each], theirs[each]), each
    assert {each.partition(".")[0] for each in mine.keys() - shared} == {"head", "readout"}
    config = folder.config
    assert run.task.tokenizer.tokens == textrnn.load(place / name).tokenizer.tokens
    assert run.task.architecture.core == config.architecture.core
    assert run.task.architecture.input == config.architecture.input
    assert run.task.architecture.head == LabelPerSequence(classes=2, readouts=("max", "attention"))
    kept = len(run.task.tokenizer) - 4
    assert f"vocabulary: {kept:,} {run.task.symbol}s, those of the language model, " in "\n".join(run.task.describe())
    assert f"vocabulary, vectors and layers begin as those of {place / name}" in run.task.describe()
    list(run.rows())
    model = textrnn.load(run.out)
    assert model.config.text.level == config.text.level
    assert next(model.classify("the cat")).label in ("a", "b")
    settings = model.config.training.settings
    given = tuple(settings[each] for each in ("level", "units", "layers", "bidirectional"))
    assert given == (config.text.level, config.architecture.core.units, 2, False)


def test_a_run_goes_on_when_the_language_model_is_gone(place: Path, tmp_path: Path) -> None:
    expected = finish(begun(place, tmp_path / "whole"))
    shutil.copytree(place / "word", tmp_path / "lm")
    folder = stopped(begun(place, tmp_path / "model", init_from=str(tmp_path / "lm")), 5)
    shutil.rmtree(tmp_path / "lm")
    run = resume(folder)
    assert run.state.step == 5
    assert finish(run) == expected


def test_every_setting_that_it_decides_is_tried() -> None:
    assert VALUES.keys() == set(DECIDED)


@pytest.mark.parametrize("name", DECIDED)
def test_a_setting_that_the_language_model_decides_is_refused_by_name(place: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"^{name} is that of the model of --init-from: leave it out$"):
        begun(place, tmp_path / "model", **{name: VALUES[name]})
    assert not (tmp_path / "model").exists()


def test_what_is_no_language_model_with_weights_is_refused_in_one_line(run: Run, place: Path, tmp_path: Path) -> None:
    labels = save_small_classifier(tmp_path / "labels", "word", precision="float32")
    small = save_small_model(tmp_path / "small", "word")
    for path, kind, says in (
        (labels, UsageError, f"--init-from takes a language model, and {labels} is a classifier"),
        (small, UsageError, f"{small} is int8, without weights to train further"),
        (tmp_path / "absent", ModelError, "neither a folder nor one of"),
    ):
        with pytest.raises(kind, match=re.escape(says)):
            begun(place, tmp_path / "model", init_from=str(path))
        command = ("train", "classifier", place / "train.jsonl", "--out", tmp_path / "model", "--init-from", path)
        assert says in refused(run(*command), kind.exit_code)
        assert not (tmp_path / "model").exists()


def test_a_language_model_begins_with_no_other(run: Run, place: Path, tmp_path: Path) -> None:
    (tmp_path / "novel.txt").write_text("she sells sea shells\n" * 30)
    command = ("train", "lm", tmp_path / "novel.txt", "--out", tmp_path / "model", "--init-from", place / "word")
    assert "init_from is for classifier, not for lm" in refused(run(*command), 2)


# how fast each layer learns


@pytest.mark.parametrize("layer_rate", [1.0, 0.5])
def test_the_first_step_of_each_layer_is_as_long_as_its_rate(place: Path, tmp_path: Path, layer_rate: float) -> None:
    """Adam's first step changes an entry by its rate, whatever the gradient."""
    values = {"layer_rate": layer_rate, "rate": 0.01, "warmup": 0, "weight_decay": 0.0, "steps": 1, "evaluations": 1}
    run = begun(place, tmp_path / "model", **values)
    before = {name: value.clone() for name, value in run.network.named_parameters()}
    list(run.rows())
    changes: dict[int, float] = {}
    for name, value in run.network.named_parameters():
        depth = depth_of(name, 2)
        changes[depth] = max(changes.get(depth, 0.0), (value - before[name]).abs().max().item())
    assert changes == pytest.approx({depth: 0.01 * layer_rate**depth for depth in range(4)}, rel=0.01)
    rates = {group[DEPTH]: group["lr"] for group in run.state.optimizer.param_groups}
    assert rates == pytest.approx({depth: 0.01 * layer_rate**depth for depth in range(4)})


def test_a_frozen_layer_does_not_change_until_its_epoch(place: Path, tmp_path: Path) -> None:
    """The head from the beginning, the top layer half an epoch later, then the other, last the symbols' vectors."""
    run = begun(place, tmp_path / "model", unfreeze=0.5, steps=10, evaluations=10, weight_decay=0.1)
    epoch = run.task.steps_per_epoch
    assert 4 <= epoch <= 6
    before = {name: value.clone() for name, value in run.network.named_parameters()}
    thawed: dict[int, int] = {}
    for row in run.rows():
        for name, value in run.network.named_parameters():
            if not torch.equal(value, before[name]):
                thawed.setdefault(depth_of(name, 2), row.step)
    assert thawed == {depth: math.ceil(0.5 * depth * epoch) + 1 for depth in range(4)}
