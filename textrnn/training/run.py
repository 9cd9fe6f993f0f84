"""A whole training run: read the text, plan, train, keep the best in a model folder."""

import ctypes
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import textrnn
from textrnn.config import Figure, ModelConfig, TrainingSettings, TrainingSummary, training_settings
from textrnn.errors import TrainingError, UsageError
from textrnn.export.save import count_parameters, save_model
from textrnn.model_folder import check_destination, sha256_of
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchEngine
from textrnn.tasks import load
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.records import STANDARD_INPUT
from textrnn.training.defaults import ChosenSettings
from textrnn.training.language_model import LanguageModelTraining
from textrnn.training.loop import Row
from textrnn.training.loop import train as train_loop
from textrnn.training.run_state import RunState

TRAININGS = {LanguageModelTraining.task: LanguageModelTraining}
DEFAULT_MINUTES = 10.0
MOST_EPOCHS = 40.0  # with minutes alone: more of a small text is learnt by heart
SECONDS_TO_SAVE = 0.5  # a guess for the plan: the model is saved and sampled from after an evaluation


class TrainingRun:
    """From files to a model folder. Iterate over `rows()`; the best model so far is always in the folder."""

    def __init__(
        self,
        task: str,
        files: Sequence[str],
        out: str | Path,
        settings: TrainingSettings,
        *,
        valid: str | None = None,
        encoding: str = "utf-8",
        command: str = "",
        source: str = "",
        licence: str = "",
    ) -> None:
        """source, licence: where the text comes from and what it may be used for, in words for the model card."""
        began = time.monotonic()
        if task not in TRAININGS:
            raise UsageError(f"unknown task {task!r}: one of {', '.join(TRAININGS)}")
        self.out, self.files = Path(out), [str(file) for file in files]
        self.command, self.source, self.licence = command, source, licence
        check_destination(self.out)
        self.task = TRAININGS[task](self.files, settings, valid=valid, encoding=encoding)
        self.hashes = {Path(file).name: sha256_of(file) for file in self.files if file != STANDARD_INPUT}
        self.settings = on_this_machine(self.task.settings)
        self.task.settings = self.settings
        keep_freed_memory()
        torch.manual_seed(self.settings.seed)
        self.network = SequenceNetwork(
            self.task.architecture,
            input_dropout=self.settings.input_dropout,
            dropout=self.settings.dropout,
            recurrent_dropout=self.settings.recurrent_dropout,
        ).to(self.settings.device)
        self.parameters = count_parameters(self.network)
        self.history: list[Row] = []
        self.best: Row | None = None
        self.ended = "done"
        self.state = RunState(self.network, self.settings, steps_per_epoch=self.task.steps_per_epoch, began=began)
        if self.settings.minutes:
            begin = time.monotonic()
            with torch.no_grad(), self.state.autocast():
                self.task.validate(self.network)
            self.state.seconds_per_evaluation = time.monotonic() - begin + SECONDS_TO_SAVE

    def rows(self) -> Iterator[Row]:
        """Train, and yield a row after each evaluation; the model is saved whenever it is the best so far.

        Ends at the planned step, after `patience` evaluations without a better one, or with a TrainingError where the
        loss is not finite. In each case, and when interrupted, the folder holds the best model.
        """
        self.network.train()
        since_best = 0
        try:
            for row in train_loop(self.network, self.task.batches(), self.task.validate, self.state):
                self.history.append(row)
                since_best = 0 if row.is_best else since_best + 1
                if row.is_best:
                    self.best = row
                    self.save()
                yield row
                if self.settings.patience and since_best >= self.settings.patience:
                    self.ended = f"early: no better model in {since_best} evaluations"
                    break
        except TrainingError as error:
            kept = f"; the best model so far is in {self.out}" if self.best else "; no model was saved"
            raise TrainingError(f"{error}{kept}") from None

    def sample(self, *, symbols: int = 200, seed: int = 0) -> str:
        """A fresh text from the network as it stands."""
        model = LanguageModel(TorchEngine(self.network), self.task.tokenizer, self.config())
        return model.generate(max_tokens=symbols, seed=seed)[0].text

    def config(self) -> ModelConfig:
        """What config.json will say."""
        return ModelConfig(
            task=self.task.task,
            architecture=self.task.architecture,
            text=self.task.text,
            training=self.summary(),
        )

    def summary(self) -> TrainingSummary:
        """The run so far."""
        names = ", ".join(Path(file).name for file in self.files)
        metrics = self.task.metrics(self.best) if self.best else []
        return TrainingSummary(
            data=f"{names}: " + "; ".join(self.task.describe()),
            source=self.source,
            files=self.hashes,
            licence=self.licence,
            command=self.command,
            parameters=self.parameters,
            steps=self.state.total if self.state.is_planned else 0,
            best_step=self.best.step if self.best else 0,
            ended=self.ended,
            metrics=tuple(Figure(**asdict(metric)) for metric in metrics),
            settings=self.settings.model_dump(),
            versions={"textrnn": textrnn.__version__, "torch": str(torch.__version__)},
        )

    def save(self) -> None:
        """Put the network as it stands into the folder."""
        history = [asdict(row) for row in self.history]
        save_model(self.out, self.network, self.task.tokenizer, self.config(), history=history)


def train(
    task: str, files: Sequence[str | Path], *, out: str | Path, valid: str | None = None, **settings: Any
) -> LanguageModel:
    """Train a model and open it.

    task: "lm". files: texts to learn from. out: the model folder. valid: a text to validate on; else the end of the
    files is held out. settings: see config.TrainingSettings.

    >>> model = train("lm", ["novel.txt"], out="novel", minutes=3)  # doctest: +SKIP
    """
    run = TrainingRun(task, [str(file) for file in files], out, training_settings(settings), valid=valid)
    for _ in run.rows():
        pass
    return load(out)


def on_this_machine(settings: ChosenSettings) -> ChosenSettings:
    """The settings with device, precision and end made definite."""
    device = find_device(settings.device)
    precision = settings.precision
    if precision == "auto":
        precision = "bfloat16" if bfloat16_is_fast(device) else "float32"
    no_end = not (settings.minutes or settings.epochs or settings.steps)
    minutes = DEFAULT_MINUTES if no_end else settings.minutes
    epochs = settings.epochs or (MOST_EPOCHS if minutes else 0.0)
    update = {"device": device, "precision": precision, "minutes": minutes, "epochs": epochs}
    return settings.model_copy(update=update)


def find_device(name: str) -> str:
    """A device that is there; `auto` takes the first of cuda, mps and cpu."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, is_there in present.items() if is_there)
    if not present.get(name.partition(":")[0]):
        there = ", ".join(device for device, is_there in present.items() if is_there)
        raise UsageError(f"there is no device {name!r} here; there are: auto, {there}")
    return name


def bfloat16_is_fast(device: str) -> bool:
    """Whether a matrix product is at least half as fast again in bfloat16 as in float32, by trying."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu":
        return False
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = torch.ones(64, 512, dtype=dtype), torch.ones(512, 2048, dtype=dtype)
        times = []
        for _ in range(6):
            begin = time.perf_counter()
            torch.mm(a, b)
            times.append(time.perf_counter() - begin)
        seconds[dtype] = min(times)
    return seconds[torch.float32] > 1.5 * seconds[torch.bfloat16]


def keep_freed_memory() -> None:
    """Let the C library keep freed blocks: else each step gets fresh pages from the system, a fifth of its time."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # not glibc
        return
    trim_threshold, mmap_max = -1, -4
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
