"""Settings that not every task has a use for, and how words are split, through the command line."""

import json
from pathlib import Path

import pytest

import textrnn
from tests.conftest import Run
from tests.reading import refused
from tests.training.labelled import written
from textrnn.model_folder import ModelFolder
from textrnn.settings import TrainingSettings, training_settings
from textrnn.task_settings import TASK_OF, refuse_other_tasks
from textrnn.text.tokenizer_file import check_tokenizer

LINES = [f"{name} don't go, {place} o'clock: it's {name}'s cat" for place in range(50) for name in ("Ann", "Bob")]
VALUES = {  # what a setting that not every task has a use for could be
    **{"unit": "line", "tied": "yes", "window": "8", "windows": "reshape", "shift": "0", "fresh": "0.1"},
    **{"valid_symbols": "100", "bidirectional": "yes", "readout": "max", "label_smoothing": "0.1"},
    **{"class_weights": "balanced", "init_from": "novel", "layer_rate": "0.5", "unfreeze": "1", "metric": "loss"},
    **{"batch_symbols": "100", "piece": "5", "joint_vocabulary": "yes", "longest_pair": "50", "length_ratio": "3"},
    **{"attention": "dot", "input_feeding": "yes", "scheduled_sampling": "0.1"},
}
TASKS = ("lm", "classifier")
QUICK = ("--steps", "1", "--units", "4", "--embedding-size", "4", "--set", "min_count=1", "--set", "evaluations=1")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return written(tmp_path / "train.jsonl", [(line, line[:3]) for line in LINES])


def test_every_setting_that_not_every_task_has_a_use_for_is_tried() -> None:
    assert VALUES.keys() == TASK_OF.keys()
    assert TASK_OF.keys() < TrainingSettings.model_fields.keys()


@pytest.mark.parametrize(("name", "value"), VALUES.items(), ids=VALUES)
@pytest.mark.parametrize("way", ["out", "dry-run"])
def test_a_setting_is_refused_by_the_task_that_has_no_use_for_it(
    run: Run, records: Path, tmp_path: Path, name: str, value: str, way: str
) -> None:
    task = next(task for task in TASKS if task not in TASK_OF[name])
    flags = ("--dry-run",) if way == "dry-run" else ("--out", tmp_path / "model")
    result = run("train", task, records, "--column", "text", *flags, "--set", f"{name}={value}")
    assert refused(result, 2) == f"error: {name} is for {' and '.join(TASK_OF[name])}, not for {task}"
    assert not (tmp_path / "model").exists()


def test_a_setting_is_taken_by_its_own_tasks_and_one_of_no_task_by_every_one() -> None:
    for name, value in VALUES.items():
        for task in TASK_OF[name]:
            refuse_other_tasks(task, training_settings({name: value}))
    for task in TASKS:
        refuse_other_tasks(task, training_settings({"units": 3, "level": "word", "word_dropout": 0.1}))


@pytest.mark.parametrize("task", ["lm", "classifier"])
def test_words_are_split_as_english_treebanks_have_them_and_the_model_loads(
    run: Run, records: Path, tmp_path: Path, task: str
) -> None:
    out = tmp_path / "model"
    level = ("--level", "word", "--column", "text", "--set", "split=english")
    result = run("train", task, records, "--out", out, *level, *QUICK)
    assert result.code == 0, result.stderr
    check_tokenizer(ModelFolder(out).read("tokenizer.json"), "word", name="tokenizer.json")
    tokenizer = textrnn.load(out).tokenizer
    names = {"lm": {"Ann", "Bob"}, "classifier": {"ann", "bob"}}[task]  # a classifier reads words in lower case
    assert {*names, "do", "n't", "'s", "it", "cat"} <= set(tokenizer.tokens)
    assert "don't" not in tokenizer.tokens
    assert json.loads((out / "config.json").read_text())["training"]["settings"]["split"] == "english"
    told = {"lm": "score", "classifier": "classify"}[task]
    assert run(told, out, "--text", "it's Ann's").code == 0


@pytest.mark.parametrize("task", ["lm", "classifier"])
def test_a_level_without_words_is_not_split_as_english(run: Run, records: Path, tmp_path: Path, task: str) -> None:
    flags = ("--level", "char", "--set", "split=english", "--column", "text")
    error = refused(run("train", task, records, "--out", tmp_path / "model", *flags), 2)
    assert error == "error: split is for the level word, not for char"
