"""A training that is killed again and again, each life a real process; run as a script by test_resume.py.

Arguments: text, the folder of a run that is left alone, that of one that is killed, seed, and which of WAYS. The first
comes first, so that all is loaded of which the lives of the second are forks. Each of these kills itself with SIGKILL
at a random one of the calls below, which stand for the phases of a run: reading, stepping, writing a part, putting it
in place, sweeping. Prints what each was killed in.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from textrnn.data import Data
from textrnn.settings import training_settings
from textrnn.text.tokenizer import Tokenizer
from textrnn.training import ids
from textrnn.training.run_state import RunState
from textrnn.training.saved_run import read_saved_run
from textrnn.training.starting import begin, resume

SETTINGS = {
    **{"units": 12, "embedding_size": 8, "layers": 2, "dropout": 0.3, "input_dropout": 0.1, "weight_dropout": 0.2},
    **{"batch": 4, "steps": 120, "evaluations": 8, "patience": 0, "precision": "float32"},
    **{"save_seconds": 0.0, "level": "bpe", "vocabulary_size": 300},
}
OF_LM = {"window": 16, "valid_symbols": 400}
WAYS: dict[str, tuple[str, dict[str, Any]]] = {  # task, and settings of its own
    **{windows: ("lm", {**OF_LM, "windows": windows}) for windows in ("contiguous", "reshape", "shift")},
    "classifier": ("classifier", {"label_smoothing": 0.1, "class_weights": "balanced", "piece": 12}),
    "translator": ("translator", {"scheduled_sampling": 0.3, "metric": "loss", "average_checkpoints": 3}),
}
LONGEST_LIFE = 90  # calls
MOST_LIVES = 400


def fatal(owner: Any, name: str, countdown: list[int], log: int) -> None:
    """Let the process die in the call with which the countdown ends: before it or after it."""
    call: Callable[..., Any] = getattr(owner, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        countdown[0] -= 1
        if countdown[0] == 0:
            os.write(log, f"{name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args, **kwargs)
        countdown[0] -= 1
        if countdown[0] == 0:
            os.write(log, f"after {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, counted)


def live(text: str, folder: Path, way: str) -> None:
    """Begin or go on, to the end."""
    task, own = WAYS[way]
    settings = training_settings({**SETTINGS, **own})
    if (folder / "training" / "run.json").exists():
        if read_saved_run(folder / "training").ended:  # killed while it swept up behind its last write
            return
        run = resume(folder, data=Data(files=(text,)), asked=settings)
    else:
        run = begin(task, Data(files=(text,)), folder, settings)
    for _ in run.rows():
        pass


def main(text: str, whole: str, folder: str, seed: str, way: str) -> None:
    """A run, and then lives until one comes to the end."""
    torch.set_num_threads(1)  # no threads exist that a fork would lose
    live(text, Path(whole), way)
    chance = random.Random(int(seed))
    reading, log = os.pipe()
    codes = []
    while not codes or codes[-1] != 0:
        assert len(codes) < MOST_LIVES
        life = chance.randint(1, LONGEST_LIFE)
        child = os.fork()
        if child == 0:
            countdown = [life]
            for owner, name in (
                (ids, "encoded"),
                (Tokenizer, "encode_many"),
                (RunState, "update"),
                (os, "fsync"),
                (os, "replace"),
                (Path, "unlink"),
            ):
                fatal(owner, name, countdown, log)
            live(text, Path(folder), way)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        codes.append(os.waitstatus_to_exitcode(status))
    os.close(log)
    with os.fdopen(reading) as lines:
        print(json.dumps({"codes": codes, "killed_in": lines.read().split("\n")[:-1]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
