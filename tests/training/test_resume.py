"""A run that was interrupted, however it was, ends as if it had not been."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.training.killed import SETTINGS, live
from textrnn.model_folder import ModelFolder


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    """A text of a few thousand pieces."""
    path = tmp_path_factory.mktemp("text") / "song.txt"
    path.write_text("".join(f"verse {n}: the ship sails on, {'la ' * (n % 7)}and away.\n" for n in range(300)))
    return path


@pytest.fixture(scope="module")
def whole(text, tmp_path_factory) -> Path:
    """The model of a run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "model"
    live(str(text), folder)
    return folder


def outcome(folder: Path) -> tuple[dict[str, list], list[dict]]:
    """The weights of a model, and its history without what a clock says."""
    model = ModelFolder(folder)
    weights = load_file(folder / model.config.parts["model.safetensors"].file)
    rows = [json.loads(line) for line in model.read("history.jsonl").splitlines()]
    clock = ("seconds", "symbols_per_second")
    history = [{name: value for name, value in row.items() if name not in clock} for row in rows]
    return {name: value.tolist() for name, value in weights.items()}, history


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_that_is_killed_at_random_ends_with_the_same_weights_and_history(seed, text, whole, tmp_path):
    command = [sys.executable, "-m", "tests.training.killed", str(text), str(tmp_path / "model"), str(seed)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lives = json.loads(done.stdout)
    assert lives["codes"][:-1] == [-signal.SIGKILL] * (len(lives["codes"]) - 1)
    assert len(lives["codes"]) > 20
    assert {"update", "fsync", "replace"} <= {call.removeprefix("after ") for call in lives["killed_in"]}
    assert outcome(tmp_path / "model") == outcome(whole)
    assert outcome(whole)[1][-1]["step"] == SETTINGS["steps"]
