"""The mean of the weights of several evaluations: by hand, kept only where it is better, and whole on --resume."""

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load
from torch import nn

from tests.conftest import Run
from tests.fakes import answers
from tests.reading import refused
from tests.training.test_resume import begun, finish, stopped
from textrnn.errors import UsageError
from textrnn.model_folder import ModelFolder
from textrnn.settings import training_settings
from textrnn.training.checkpoints import Checkpoints, Which
from textrnn.training.run import TrainingRun
from textrnn.training.starting import extend, resume

FIGURES = (3.0, 1.0, 2.0, 1.5)  # of four evaluations


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "song.txt"
    path.write_text("".join(f"verse {n}: the ship sails on, {'la ' * (n % 7)}and away.\n" for n in range(60)))
    return path


def several(file: Path, out: Path, **values: object) -> TrainingRun:
    return begun(file, out, **{"steps": 12, "evaluations": 4, "average_checkpoints": 3, **values})


def watched(run: TrainingRun, *figures: float) -> dict[int, dict[str, torch.Tensor]]:
    """Run to the end, each evaluation finding these figures in turn; the weights at each step that was evaluated."""
    run.task.validate = answers(*figures)
    weights = {}
    for row in run.rows():
        if not row.mean_of:
            with run.state.averaged():
                weights[row.step] = {name: value.clone() for name, value in run.network.state_dict().items()}
    return weights


def kept(out: Path) -> dict[str, torch.Tensor]:
    return load(ModelFolder(out).read("model.safetensors"))


@pytest.mark.parametrize(
    ("which", "costs", "steps", "mean"),
    [
        ("last", (4.0, 1.0, 3.0, 2.0), (6, 8), 7.0),
        ("best", (4.0, 1.0, 3.0, 2.0), (4, 8), 6.0),
        ("best", (5.0, 5.0, 5.0, 5.0), (6, 8), 7.0),  # of those that cost the same the later ones
        ("last", (4.0,), (), 2.0),  # the mean of one is no other
    ],
)
def test_the_mean_is_that_of_the_weights_of_the_last_or_the_best(
    which: Which, costs: tuple[float, ...], steps: tuple[int, ...], mean: float
) -> None:
    network = nn.Linear(1, 1)
    network.bias.requires_grad_(False)
    checkpoints = Checkpoints(network, 2, which)
    for step, cost in zip((2, 4, 6, 8), costs, strict=False):
        with torch.no_grad():
            network.weight.fill_(step)
        checkpoints.take(step, cost)
    assert checkpoints.steps == steps
    assert checkpoints.mean() == {"weight": torch.tensor([[mean]])}
    before = network.weight.item()
    with checkpoints.in_place():
        assert network.weight.item() == mean
    assert network.weight.item() == before


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize(("which", "steps"), [("last", [6, 9, 12]), ("best", [6, 9, 12]), ("best", [3, 6, 12])])
def test_a_mean_that_is_better_is_what_is_kept(
    file: Path, tmp_path: Path, which: str, steps: list[int], average: float
) -> None:
    run = several(file, tmp_path / "model", average_which=which, average=average)
    figures = FIGURES if steps[0] == 6 else (1.2, 1.1, 3.0, 2.0)
    weights = watched(run, *figures, 0.5)
    found = kept(run.out)
    for name, value in found.items():
        assert torch.equal(value, torch.stack([weights[step][name] for step in steps]).mean(0))
    assert any(not torch.equal(value, weights[12][name]) for name, value in found.items())
    *rows, last, mean = run.history
    assert run.best is mean
    assert (mean.step, list(mean.mean_of), mean.valid_nats, mean.is_best) == (12, steps, 0.5, True)
    assert (last.step, list(last.mean_of)) == (12, [])
    says = f"the mean of the models of steps {steps[0]}, {steps[1]} and {steps[2]}, the best of the run"
    assert says in run.config().training.metrics[0].protocol
    assert says in (run.out / "README.md").read_text(encoding="utf-8")
    written_rows = [json.loads(line) for line in ModelFolder(run.out).read("history.jsonl").splitlines()]
    assert [row["mean_of"] for row in written_rows] == [[], [], [], [], steps]
    assert len(rows) == 3


@pytest.mark.parametrize("cost", [1.0, 1.25])
def test_a_mean_that_is_no_better_is_told_and_not_kept(file: Path, tmp_path: Path, cost: float) -> None:
    run = several(file, tmp_path / "model")
    weights = watched(run, *FIGURES, cost)
    assert all(torch.equal(value, weights[6][name]) for name, value in kept(run.out).items())
    assert (run.history[-1].is_best, run.history[-1].valid_nats, run.best.step) == (False, cost, 6)
    assert "mean" not in run.config().training.metrics[0].protocol
    assert b'"mean_of": [6, 9, 12]' in ModelFolder(run.out).read("history.jsonl")
    assert run.saved.ended == "done"


def test_a_run_that_ends_early_has_its_mean_too(file: Path, tmp_path: Path) -> None:
    run = several(file, tmp_path / "model", patience=1)
    watched(run, 1.0, 2.0, 0.5)
    assert [(row.step, list(row.mean_of)) for row in run.history] == [(3, []), (6, []), (6, [3, 6])]
    assert run.best is run.history[-1]
    assert run.saved.ended == "early: no better model in 1 evaluations"


@pytest.mark.parametrize("which", ["last", "best"])
@pytest.mark.parametrize("step", [2, 3, 7, 11])
def test_a_run_that_is_stopped_at_any_step_ends_with_the_same_mean(
    file: Path, tmp_path: Path, step: int, which: str
) -> None:
    values = {"average_which": which, "average": 0.5}
    expected = finish(whole := several(file, tmp_path / "whole", **values))
    assert whole.history[-1].mean_of
    run = resume(stopped(several(file, tmp_path / "model", **values), step))
    assert finish(run) == expected
    assert run.state.checkpoints.costs == whole.state.checkpoints.costs
    for name, value in whole.state.checkpoints.tensors().items():
        assert torch.equal(run.state.checkpoints.tensors()[name], value)


def test_checkpoints_are_written_where_there_are_others(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two evaluations the state is saved after every step here, and they are not."""
    monkeypatch.setattr("textrnn.training.run.MOST_SAVING", math.inf)
    run = several(file, tmp_path / "model")
    save, files = run.folder.write, []

    def watch(*arguments: object) -> object:
        saved = save(*arguments)
        part = saved.parts.get("checkpoints.safetensors")
        files.append(part and (run.folder.path / part.file).stat().st_ino)
        return saved

    run.folder.write = watch
    finish(run)
    inodes = [number for number in files if number]
    assert files[:2] == [None, None]
    assert len(inodes) == 10
    assert [later != before for before, later in pairwise(inodes)] == 3 * [False, False, True]


def test_an_extended_run_goes_on_with_what_was_kept(file: Path, tmp_path: Path) -> None:
    watched(several(file, tmp_path / "model"), *FIGURES, 0.5)
    run = extend(tmp_path / "model", asked=training_settings({"steps": 3, "evaluations": 1}))
    watched(run, 0.7, 0.6)
    assert [(row.step, list(row.mean_of), row.is_best) for row in run.history[-3:]] == [
        (12, [6, 9, 12], True),
        (15, [], False),  # the mean before is to be beaten
        (15, [6, 12, 15], False),
    ]
    assert run.best.mean_of == [6, 9, 12]
    more = {"average_checkpoints": 4, "average_which": "last"}
    run = extend(tmp_path / "model", asked=training_settings({"steps": 3, "evaluations": 1, **more}))
    watched(run, 0.7, 0.4)
    assert (list(run.best.mean_of), run.best.is_best) == ([6, 12, 15, 18], True)
    none = training_settings({"steps": 3, "evaluations": 1, "average_checkpoints": 0, "average_which": "best"})
    run = extend(tmp_path / "model", asked=none)
    watched(run, 0.7)
    assert (run.history[-1].step, run.history[-1].mean_of) == (21, ())
    assert not (tmp_path / "model" / "training" / "checkpoints.safetensors").exists()
    assert len(list((tmp_path / "model" / "training").glob("checkpoints*"))) == 0


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"average_checkpoints": 1}, "0 or at least 2"),
        ({"average_which": "last"}, "average_which is for average_checkpoints"),
        ({"average_checkpoints": 2, "average_which": "first"}, "average_which"),
    ],
    ids=str,
)
def test_what_has_no_meaning_is_refused(values: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        training_settings(values)


def test_the_mean_is_said_at_the_command_line(file: Path, tmp_path: Path, run: Run) -> None:
    flags = ["--steps=6", "--units=4", "--embedding-size=4", "--set", "valid_symbols=50", "--set", "evaluations=3"]
    flags += ["--average-checkpoints", "2", "--average-which", "last"]
    result = run("train", "lm", file, "--out", tmp_path / "model", *flags)
    assert result.code == 0, result.stderr
    [line] = [line for line in result.stderr.splitlines() if line.startswith("the mean of the models of steps 4 and 6")]
    row = json.loads(ModelFolder(tmp_path / "model").read("history.jsonl").splitlines()[-1])
    assert f"valid {row['valid_nats']:.4f} nats" in line
    assert line.endswith(
        "better than the best, and kept" if row["is_best"] else "no better than the best, and not kept"
    )
    assert "at least 2" in refused(run("train", "lm", file, "--dry-run", "--average-checkpoints", "1"), 2)
