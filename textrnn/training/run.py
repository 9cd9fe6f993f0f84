"""A whole training run: read the text, plan, train, keep the best in a model folder and the state beside it."""

import ctypes
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import textrnn
from textrnn.config import Data, Figure, ModelConfig, TrainingSettings, TrainingSummary, training_settings
from textrnn.errors import ModelError, TrainingError, UsageError
from textrnn.export.save import count_parameters, save_history, save_model
from textrnn.model_folder import TRAINING, check_destination
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchEngine
from textrnn.tasks import load
from textrnn.tasks.language_model import LanguageModel
from textrnn.training.corpus import Corpus, hashes_of, texts_of
from textrnn.training.defaults import ChosenSettings
from textrnn.training.language_model import LanguageModelTraining
from textrnn.training.loop import Row
from textrnn.training.loop import train as train_loop
from textrnn.training.run_state import RunState
from textrnn.training.saved_run import SavedRun, TrainingFolder

TRAININGS = {LanguageModelTraining.task: LanguageModelTraining}
DEFAULT_MINUTES = 10.0
MOST_EPOCHS = 40.0  # with minutes alone: more of a small text is learnt by heart
SECONDS_TO_SAVE = 0.5  # a guess for the plan: the model is saved and sampled from after an evaluation
MOST_SAVING = 0.05  # share of the time that may go into saving the state
EXTENDABLE = {  # what a new schedule may change: the end and how fast and how carefully it is reached
    *("minutes", "epochs", "steps", "rate", "final_rate", "warmup", "clip_norm", "clip_value", "weight_decay"),
    *("input_dropout", "dropout", "recurrent_dropout", "evaluations", "patience", "save_seconds"),
}


class TrainingRun:
    """A run in a model folder: `begin` makes one, `resume` and `extend` go on with one.

    Iterate over `rows()`; the best model so far is always in the folder, and what `resume` needs in its `training`.
    """

    def __init__(self, folder: TrainingFolder, saved: SavedRun, corpus: Corpus, *, began: float) -> None:
        """saved: what run.json says, or will say. began: on time.monotonic's clock."""
        self.folder, self.out, self.saved = folder, folder.model, saved
        self.settings = saved.settings
        self.task = TRAININGS[saved.task](corpus, saved.settings)
        keep_freed_memory()
        torch.manual_seed(self.settings.seed)
        self.network = SequenceNetwork(
            self.task.architecture,
            input_dropout=self.settings.input_dropout,
            dropout=self.settings.dropout,
            recurrent_dropout=self.settings.recurrent_dropout,
        ).to(self.settings.device)
        self.parameters = count_parameters(self.network)
        self.history = [Row(**row) for row in saved.history]
        self.best = next((row for row in reversed(self.history) if row.is_best), None)
        self.is_stopped = False
        self.state = RunState(self.network, self.settings, steps_per_epoch=self.task.steps_per_epoch, began=began)

    @property
    def ended(self) -> str:
        """How the run ended, or where it stands."""
        return self.saved.ended or f"not yet: at {self.state.counters()}"

    def rows(self) -> Iterator[Row]:
        """Train, and yield a row after each evaluation; the model is saved whenever it is the best so far.

        Ends at the planned step, after `patience` evaluations without a better one, after `stop`, or with a
        TrainingError where the loss is not finite. In each case the folder holds the best model.
        """
        self.network.train()
        saved_at = time.monotonic()
        seconds = 0.0  # that the last saving took
        try:
            for row in train_loop(self.network, self.task.batches(), self.task.validate, self.state):
                if row is not None:
                    self._note(row)
                waited = time.monotonic() - saved_at
                is_due = waited >= max(self.settings.save_seconds, seconds / MOST_SAVING) and self.state.is_planned
                if row is not None or is_due or self.is_stopped:
                    begin = time.monotonic()
                    self.save_state()
                    saved_at = time.monotonic()
                    seconds = saved_at - begin
                if row is not None:
                    yield row
                if self.saved.ended or self.is_stopped:
                    return
        except TrainingError as error:
            self.saved = self.saved.model_copy(update={"ended": f"failed: {error}"})
            self.folder.write_pointer(self.saved)
            kept = f"; the best model so far is in {self.out}" if self.best else "; no model was saved"
            raise TrainingError(f"{error}{kept}") from None
        except ModelError as error:
            raise TrainingError(f"{error}: make room, then --resume goes on from the state saved last") from None

    def stop(self) -> None:
        """Let `rows` end after this step, with the state saved."""
        self.is_stopped = True

    def _note(self, row: Row) -> None:
        """Take a row into the history, and put the network into the folder where it is the best so far."""
        self.history.append(row)
        since_best = 0 if row.is_best else self.saved.since_best + 1
        is_early = self.settings.patience and since_best >= self.settings.patience
        ended = f"early: no better model in {since_best} evaluations" if is_early else ""
        ended = "done" if self.state.is_done else ended
        self.saved = self.saved.model_copy(update={"since_best": since_best, "ended": ended})
        if row.is_best:
            self.best = row
        history = [asdict(row) for row in self.history]
        if row.is_best:
            save_model(self.out, self.network, self.task.tokenizer, self.config(), history=history)
        elif self.best:
            save_history(self.out, self.config(), history)

    def seconds_to_validate(self) -> float:
        """How long an evaluation takes, by trying; it changes nothing."""
        begin = time.monotonic()
        self.network.eval()
        with torch.no_grad(), self.state.autocast():
            self.task.validate(self.network)
        self.network.train()
        return time.monotonic() - begin

    def save_state(self) -> None:
        """Save all that `resume` needs."""
        history = tuple(asdict(row) for row in self.history)
        update = {"counters": self.state.counters(), "position": self.task.position(), "history": history}
        self.saved = self.folder.write(self.saved.model_copy(update=update), self.state.tensors())

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
        facts = self.task.corpus.facts
        names = ", ".join(Path(file).name for file in self.saved.data.files)
        metrics = self.task.metrics(self.best) if self.best else []
        return TrainingSummary(
            data=f"{names}: " + "; ".join([*self.task.describe(), *facts.repairs]),
            source=self.saved.source,
            files=facts.files,
            licence=self.saved.licence,
            command=self.saved.command,
            parameters=self.parameters,
            steps=self.state.total if self.state.is_planned else 0,
            best_step=self.best.step if self.best else 0,
            ended=self.ended,
            metrics=tuple(Figure(**asdict(metric)) for metric in metrics),
            settings=self.settings.model_dump(),
            versions={"textrnn": textrnn.__version__, "torch": str(torch.__version__)},
        )


def begin(
    task: str,
    data: Data,
    out: Path,
    settings: TrainingSettings,
    *,
    command: str = "",
    source: str = "",
    licence: str = "",
    overwrite: bool = False,
) -> TrainingRun:
    """A new run. Whatever is wrong with the text or the settings is found before the folder changes.

    source, licence: where the text comes from and what it may be used for, in words for the model card. overwrite:
    also where the folder holds a run that has not ended.
    """
    began = time.monotonic()
    if task not in TRAININGS:
        raise UsageError(f"unknown task {task!r}: one of {', '.join(TRAININGS)}")
    with removed_on_error(out):
        check_destination(out)
        folder = TrainingFolder(out)
        if not overwrite:
            folder.refuse_unfinished()
        corpus, chosen = TRAININGS[task].read(data, settings, store=folder.new_ids())
        chosen = on_this_machine(chosen)
        saved = SavedRun(
            task=task,
            command=command,
            source=source,
            licence=licence,
            data=data,
            asked=settings,
            settings=chosen,
            facts=corpus.facts,
        )
        run = TrainingRun(folder, saved, corpus, began=began)
        folder.write_corpus(corpus)
        if chosen.minutes:
            run.state.seconds_per_evaluation = run.seconds_to_validate() + SECONDS_TO_SAVE
        run.save_state()
    return run


def resume(out: Path, *, data: Data | None = None, asked: TrainingSettings | None = None) -> TrainingRun:
    """Go on with the run in a folder where it was saved last; on the same machine as if it had never stopped.

    data, asked: what the user gives again; UsageError where they are not what the run was begun with.
    """
    folder = TrainingFolder(out)
    saved, corpus, tensors = folder.read()
    if saved.ended:
        raise UsageError(
            f"the training in {out} has ended ({saved.ended}): --extend with --steps, --epochs or --minutes goes on"
        )
    refuse_changes(saved, data, asked, but=frozenset())
    return restored(folder, saved, corpus, tensors)


def extend(out: Path, *, asked: TrainingSettings, data: Data | None = None) -> TrainingRun:
    """Go on with a run that has ended, by a new schedule from its last step on; the best model is to be beaten."""
    folder = TrainingFolder(out)
    saved, corpus, tensors = folder.read()
    if not saved.ended:
        raise UsageError(f"the training in {out} has not ended, it is at {saved.counters}: --resume goes on with it")
    refuse_changes(saved, data, asked, but=EXTENDABLE)
    update = {name: getattr(asked, name) for name in asked.model_fields_set & EXTENDABLE}
    ends = {"minutes": 0.0, "epochs": 0.0, "steps": 0}
    settings = on_this_machine(ChosenSettings(**{**saved.settings.model_dump(), **ends, **update}))
    changed = {"settings": settings, "asked": asked, "ended": "", "since_best": 0}
    run = restored(folder, saved.model_copy(update=changed), corpus, tensors)
    run.state.extend()
    run.save_state()
    return run


def restored(folder: TrainingFolder, saved: SavedRun, corpus: Corpus, tensors: dict[str, Tensor]) -> TrainingRun:
    """A run as it was saved."""
    find_device(saved.settings.device)
    if saved.data.streaming:
        refuse_other_texts(saved, saved.data)
    run = TrainingRun(folder, saved, corpus, began=time.monotonic())
    run.task.go_to(saved.position)
    run.state.restore(saved.counters, tensors)
    return run


def refuse_changes(
    saved: SavedRun, data: Data | None, asked: TrainingSettings | None, *, but: frozenset[str] | set[str]
) -> None:
    """Raise UsageError, naming it, where a setting or a text is not what the run was begun with."""
    for name in sorted(asked.model_fields_set - but if asked else ()):
        before, now = getattr(saved.asked, name), getattr(asked, name)
        if now not in (before, getattr(saved.settings, name)):
            raise UsageError(f"{name} was {getattr(saved.settings, name)} and is now {now}: a run keeps its settings")
    if data is not None and data.files:
        refuse_other_texts(saved, data)


def refuse_other_texts(saved: SavedRun, data: Data) -> None:
    """Raise UsageError, naming it, where a file is not one that the run was begun with; names may have changed."""
    valid = texts_of([data.valid], data, saved.settings) if data.valid else None
    now, before = hashes_of(texts_of(data.files, data, saved.settings), valid), saved.facts.files
    if sorted(now.values()) == sorted(before.values()):
        return
    for name, digest in now.items():
        if digest not in before.values():
            says = "has changed since" if name in before else "was not read when"
            raise UsageError(f"{name} {says} the run was begun: a run keeps its text")
    missing = next(name for name, digest in before.items() if digest not in now.values())
    raise UsageError(f"{missing} was read when the run was begun, and is not given now")


@contextmanager
def removed_on_error(out: Path) -> Iterator[None]:
    """What was not there before goes where a run cannot begin."""
    is_new, has_training = not out.exists(), (out / TRAINING).exists()
    try:
        yield
    except BaseException:
        if has_training:
            with suppress(ModelError):
                TrainingFolder(out).sweep()
        else:
            shutil.rmtree(out / TRAINING, ignore_errors=True)
        if is_new:
            shutil.rmtree(out, ignore_errors=True)
        raise


def train(
    task: str,
    files: Sequence[str | Path],
    *,
    out: str | Path,
    valid: str | Path | None = None,
    column: str | None = None,
    **settings: Any,
) -> LanguageModel:
    """Train a model and open it.

    task: "lm". files: texts to learn from: files, folders, patterns or "datasets:ID". out: the model folder. valid: a
    text to validate on; else the end of the files is held out. column: the field of a table that holds the text.
    settings: see config.TrainingSettings.

    >>> model = train("lm", ["novel.txt"], out="novel", minutes=3)  # doctest: +SKIP
    """
    data = Data(files=tuple(map(str, files)), valid=None if valid is None else str(valid), column=column)
    for _ in begin(task, data, Path(out), training_settings(settings)).rows():
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
