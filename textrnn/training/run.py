"""A whole training run: read the text, plan, train, keep the best in a model folder and the state beside it."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

import textrnn
from textrnn.config import Figure, ModelConfig, TrainingSummary
from textrnn.data import Data
from textrnn.errors import NotWritten, TrainingError
from textrnn.export.save import count_parameters, save_history, save_model
from textrnn.networks.calibration import calibrated
from textrnn.networks.inputs import LearnedInput
from textrnn.networks.sequence import SequenceNetwork
from textrnn.task_settings import TASK_OF
from textrnn.training.classifier import ClassifierTraining
from textrnn.training.conditioned import ConditionedTraining
from textrnn.training.corpus import Corpus
from textrnn.training.defaults import ChosenSettings, dropouts
from textrnn.training.language_model import LanguageModelTraining
from textrnn.training.loop import Row, evaluated
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
            self.task.architecture,
            dropouts=dropouts(self.settings),
            start=self.settings.recurrent_start,
            deviation=self.settings.embedding_deviation,
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

        At the end follows the row of the mean of weights, where the settings ask for one.
        Ends at the planned step, after `patience` evaluations without a better one, after `stop`, or with a
        TrainingError where the loss is not finite. In each case the folder holds the best model. UsageError where
        another run is at work in the folder.
        """
        with self.folder.alone():
            yield from self._rows()

    def _rows(self) -> Iterator[Row]:
        self.network.train()
        saved_at = time.monotonic()
        seconds = 0.0  # that the last saving took
        try:
            for row in train_loop(self.network, self.task.batches(), self.task.validate, self.state):
                rows = [] if row is None else self._noted(row)
                waited = time.monotonic() - saved_at
                is_due = waited >= max(self.settings.save_seconds, seconds / MOST_SAVING) and self.state.is_planned
                if rows or is_due or self.is_stopped:
                    begin = time.monotonic()
                    self.save_state()
                    saved_at = time.monotonic()
                    seconds = saved_at - begin
                yield from rows
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

    def _noted(self, row: Row) -> list[Row]:
        """The row, and behind the last one that of the mean of weights: in the history, the best in the folder."""
        since_best = 0 if row.is_best else self.saved.since_best + 1
        is_early = self.settings.patience and since_best >= self.settings.patience
        ended = f"early: no better model in {since_best} evaluations" if is_early else ""
        ended = "done" if self.state.is_done else ended
        self.saved = self.saved.model_copy(update={"since_best": since_best, "ended": ended})
        self._keep(row)
        steps = self.state.checkpoints.steps if ended else ()
        if not steps:
            return [row]
        found = evaluated(self.network, self.task.validate, self.state, self.state.checkpoints.in_place())
        mean = replace(
            row,  # of whose step all is that is learnt
            seconds=time.monotonic() - self.state.began,
            valid_nats=found.nats,
            is_best=self.state.is_lowest(found.cost),
            figures=found.figures,
            mean_of=steps,
        )
        self._keep(mean)
        return [row, mean]

    def _keep(self, row: Row) -> None:
        """Take a row into the history, and put the weights it is of into the folder where it is the best so far."""
        self.history.append(row)
        history = [asdict(row) for row in self.history]
        if not row.is_best:
            if self.best:
                save_history(self.out, self.config(), history)
            return
        self.best = row
        with self._as_evaluated():
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

    def _as_evaluated(self) -> AbstractContextManager[None]:
        """The network with the weights that the last row is of."""
        is_mean = self.history and self.history[-1].mean_of
        return self.state.checkpoints.in_place() if is_mean else self.state.averaged()

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
        """What the network does as it was evaluated last, for people."""
        with self._as_evaluated():
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
