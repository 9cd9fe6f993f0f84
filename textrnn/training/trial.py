"""A training run tried for a few steps: what it would cost, before a night is spent on it."""

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from textrnn.architecture import Architecture, Decoder, Pretrained
from textrnn.cells import CELLS
from textrnn.data import Data
from textrnn.settings import TrainingSettings
from textrnn.training.loop import Found
from textrnn.training.loop import train as train_loop
from textrnn.training.run import TrainingRun
from textrnn.training.run_state import UNTIMED_STEPS
from textrnn.training.starting import begin
from textrnn.training.word2vec import Say, unheard

TRIED_STEPS = 20
BYTES_A_PARAMETER = 16  # weight, gradient and AdamW's two moments, 4 each
BLOCK_BYTES = 2**27  # of the softmax, whose logits never exist all at once
OTHER_BYTES = 60 * 2**20  # the libraries' own, as three trials of 100 to 800 MB showed


@dataclass(frozen=True)
class Trial:
    """What a few steps showed. seconds_per_epoch: None where the text has no known end. peak_bytes: of this process."""

    seconds_per_step: float
    seconds_per_epoch: float | None
    seconds_per_evaluation: float
    symbols_per_second: float
    peak_bytes: int | None


def memory(architecture: Architecture, parameters: int, *, streams: int, window: int) -> int:
    """Bytes that training takes, by reckoning: for its parameters, and for what a step keeps for the way back."""
    cores = [architecture.core, *([architecture.head.core] if isinstance(architecture.head, Decoder) else [])]
    gates = len(CELLS[architecture.core.cell].gates)
    units = [shape.units for core in cores for level in core.levels(1) for shape in level]
    there, back = 2 * gates + 2, 2 * gates  # numbers for each symbol and unit: of all layers, and of one at a time
    kept = there * sum(units) + back * max(units)
    softmax = min(2 * architecture.head.classes * streams * window * 4, BLOCK_BYTES)
    entry = architecture.input
    frozen = entry.symbols * entry.size if isinstance(entry, Pretrained) and entry.frozen else 0
    return BYTES_A_PARAMETER * parameters + 4 * frozen + 4 * kept * streams * window + softmax + OTHER_BYTES


def tried(task: str, data: Data, settings: TrainingSettings, *, say: Say = unheard) -> tuple[TrainingRun, Trial]:
    """A run that has made a few steps in a folder that is gone again, and what they showed. say: as in `begin`."""
    with tempfile.TemporaryDirectory(prefix="textrnn-") as folder:
        run = begin(task, data, Path(folder) / "model", settings, say=say)
        seconds = run.seconds_to_validate()
        run.network.train()
        times = [time.perf_counter()]
        steps = train_loop(run.network, run.task.batches(), lambda network: Found(0.0, 0.0), run.state)
        for _ in islice(steps, UNTIMED_STEPS + TRIED_STEPS):
            times.append(time.perf_counter())
    durations = [after - before for before, after in pairwise(times)]
    step = statistics.median(durations[UNTIMED_STEPS:] or durations)
    epoch = step * run.task.steps_per_epoch if run.task.steps_per_epoch else None
    return run, Trial(step, epoch, seconds, run.task.streams * run.task.window / step, peak_bytes())


def peak_bytes() -> int | None:
    """The most memory that this process has had, where the system tells."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
