"""textrnn train --seeds: several models that differ in their seed alone, and how far apart they are."""

import re
import shutil
import statistics
from pathlib import Path

import pytest

from tests.conftest import Result, Run
from tests.reading import refused
from tests.training.test_resume import outcome
from textrnn.errors import DataError
from textrnn.model_folder import ModelFolder
from textrnn.training.run import TrainingRun

QUESTIONS = Path(__file__).parents[2] / "corpora" / "questions.tsv"
SETTINGS = ("evaluations=2", "save_seconds=0", "units=6", "embedding_size=4", "valid_share=0.3")
SET = [part for each in SETTINGS for part in ("--set", each)]
FLAGS = ("--steps", "4", "--batch", "8", "--precision", "float32", *SET)


def trained(run: Run, out: Path, *flags: str) -> Result:
    return run("train", "classifier", QUESTIONS, "--out", out, "--seeds", "2", "--seed", "3", *FLAGS, *flags)


def figures(folder: Path) -> dict[str, float | None]:
    return {row.metric: row.value for row in ModelFolder(folder).config.training.metrics}


def test_each_seed_has_a_folder_and_the_spread_is_told_and_only_what_is_missing_is_trained_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "models"
    result = trained(run, out)
    assert (result.code, result.stdout) == (0, "")
    folders = [out / "seed-3", out / "seed-4"]
    assert sorted(out.iterdir()) == folders
    assert [ModelFolder(folder).config.training.settings["seed"] for folder in folders] == [3, 4]
    weights = [outcome(folder) for folder in folders]
    assert weights[0] != weights[1]
    rows = [figures(folder) for folder in folders]
    for metric in ("accuracy", "macro_f1", "nats"):
        values = [row[metric] or 0.0 for row in rows]
        told = f"{statistics.fmean(values):.4f} ± {statistics.stdev(values):.4f} ({values[0]:.4f}, {values[1]:.4f})"
        assert f"\n{metric}: {told}  (on 30% of the records, by chance, " in result.stderr
    assert f"models: {folders[0]}, {folders[1]}; ± is the standard deviation of the seeds" in result.stderr

    hidden = folders[0].rename(tmp_path / "hidden")
    assert f"{folders[1]} holds a model" in refused(trained(run, out), 2)
    assert not folders[0].exists()
    hidden.rename(folders[0])

    def fail(self: TrainingRun, **arguments: object) -> str:
        raise DataError("the lamp went out")

    before = (folders[0] / "config.json").read_bytes()
    shutil.rmtree(folders[1])
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "glimpse", fail)
        assert "the lamp went out" in trained(run, out, "--resume").stderr
    for _ in range(2):  # the second time nothing is left to do
        result = trained(run, out, "--resume")
        assert result.code == 0, result.stderr
        assert [outcome(folder) for folder in folders] == weights
        assert (folders[0] / "config.json").read_bytes() == before
        assert re.search(r"\naccuracy: |^accuracy: ", result.stderr)
    assert not re.search(r"^seed \d", result.stderr, re.MULTILINE)


def test_it_resumes_without_the_texts_only_what_was_begun(run: Run, tmp_path: Path) -> None:
    command = ("train", "classifier", "--out", tmp_path / "models", "--seeds", "2", "--resume")
    error = refused(run(*command), 2)
    assert error == "error: name the texts to learn from: the training of seed 0 has not begun"
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("flag", ["--extend", "--dry-run"])
def test_several_runs_are_not_extended_or_foreseen(run: Run, tmp_path: Path, flag: str) -> None:
    error = refused(trained(run, tmp_path / "models", flag), 2)
    assert "--seeds begins or resumes several runs: without --extend and --dry-run" in error
    assert not (tmp_path / "models").exists()


def test_no_seed_is_no_number_of_seeds(run: Run, tmp_path: Path) -> None:
    result = run("train", "classifier", QUESTIONS, "--out", tmp_path / "models", "--seeds", "0")
    assert (result.code, len(result.stderr.splitlines())) == (2, 1)
