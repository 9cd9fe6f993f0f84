"""A whole training run: read the text, plan, train, keep the best in a model folder and the state beside it."""

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import textrnn
from textrnn.config import Figure, ModelConfig, TrainingSummary
from textrnn.errors import NotWritten, TrainingError
from textrnn.export.save import count_parameters, save_history, save_model
from textrnn.networks.calibration import calibrated
from textrnn.networks.inputs import LearnedInput
from textrnn.networks.sequence import SequenceNetwork
from textrnn.settings import TASK_OF, Data
from textrnn.training.classifier import ClassifierTraining
from textrnn.training.conditioned import ConditionedTraining
from textrnn.training.corpus import Corpus
from textrnn.training.defaults import ChosenSettings, dropouts
from textrnn.training.language_model import LanguageModelTraining
from textrnn.training.loop import Row
from textrnn.training.loop import train as train_loop
from textrnn.training.machine import keep_freed_memory
from textrnn.training.penalties import refuse_idle
from textrnn.training.run_state import RunState
from textrnn.training.saved_run import SavedRun, TrainingFolder
from textrnn.training.translator import TranslatorTraining

Training = LanguageModelTraining | ConditionedTraining | ClassifierTraining | TranslatorTraining
TRAININGS: dict[str, type[LanguageModelTraining] | type[ClassifierTraining] | type[TranslatorTraining]] = {
    training.task: training for training in (LanguageModelTraining, ClassifierTraining, TranslatorTraining)
}
SECONDS_TO_SAVE = 0.5  # a guess for the plan: the model is saved and sampled from after an evaluation
MOST_SAVING = 0.05  # share of the time that may go into saving the state


def training_of(task: str, data: Data) -> type[Training]:
    """What is particular to the training of a task on such data."""
    return ConditionedTraining if data.has_conditions else TRAININGS[task]


class TrainingRun:
    """A run in a model folder: `begin` makes one, `resume` and `extend` go on with one.

    Iterate over `rows()`; the best model so far is always in the folder, and what `resume` needs in its `training`.
    """

    def __init__(self, folder: TrainingFolder, saved: SavedRun, corpus: Corpus, *, began: float) -> None:
        """saved: what run.json says, or will say. began: on time.monotonic's clock."""
        self.folder, self.out, self.saved = folder, folder.model, saved
        self.settings = saved.settings
        self.task: Training = training_of(saved.task, saved.data)(corpus, saved.settings)
        refuse_idle(saved.settings, self.task.architecture)
        keep_freed_memory()
        torch.manual_seed(self.settings.seed)
        self.network = SequenceNetwork(
            self.task.architecture, dropouts=dropouts(self.settings), start=self.settings.recurrent_start
        )
        if corpus.vectors is not None and isinstance(self.network.input, LearnedInput):
            self.network.input.start_from(corpus.vectors)
        if corpus.weights is not None:
            self.network.load_state_dict(corpus.weights, strict=False)
        self.network.to(self.settings.device)
        self.task.prepare(self.network)
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
        except NotWritten as error:
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
            with self.state.averaged():
                bounds = calibrated(self.network, *(self.state.tensor(array) for array in self.task.sample()))
                self.saved = self.saved.model_copy(update={"bounds": bounds})
                save_model(
                    self.out,
                    self.network,
                    self.task.tokenizer,
                    self.config(),
                    history=history,
                    source_tokenizer=self.task.corpus.source_tokenizer,
                )
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

    def glimpse(self, *, symbols: int = 200) -> str:
        """What the network does as it stands, for people."""
        with self.state.averaged():
            return self.task.glimpse(self.network, self.config(), symbols=symbols)

    def config(self) -> ModelConfig:
        """What config.json will say."""
        return ModelConfig(
            task=self.task.task,
            architecture=self.task.architecture,
            text=self.task.text,
            labels=self.task.labels(self.best),
            bounds=dict(self.saved.bounds),
            training=self.summary(),
        )

    def summary(self) -> TrainingSummary:
        """The run so far."""
        facts = self.task.corpus.facts
        names = ", ".join(Path(file).name for file in self.saved.data.learnt)
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
            settings=plain(self.settings, self.task.task),
            versions={"textrnn": textrnn.__version__, "torch": str(torch.__version__)},
        )


def plain(settings: ChosenSettings, task: str) -> dict[str, Any]:
    """The settings that a task has a use for, several values of one as they are typed."""
    own = ((name, value) for name, value in settings.model_dump().items() if task in TASK_OF.get(name, (task,)))
    return {name: ",".join(value) if isinstance(value, tuple) else value for name, value in own}
