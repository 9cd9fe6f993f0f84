"""How a run begins, and how one goes on that was interrupted or has ended."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from textrnn.cells import Cell, add_cells
from textrnn.data import Data
from textrnn.errors import ModelError, UsageError
from textrnn.model_folder import TRAINING, check_destination
from textrnn.settings import TrainingSettings, training_settings
from textrnn.task_settings import refuse_other_data
from textrnn.tasks import load
from textrnn.text.formats import FORMATS
from textrnn.training.corpus import Corpus, hashes_of, texts_of
from textrnn.training.defaults import ChosenSettings
from textrnn.training.machine import find_device, on_this_machine
from textrnn.training.penalties import KINDS
from textrnn.training.run import SECONDS_TO_SAVE, TRAININGS, TrainingRun, training_of
from textrnn.training.saved_run import SavedRun, TrainingFolder
from textrnn.training.word2vec import Say, unheard

EXTENDABLE = {  # what a new schedule may change: the end and how fast and how carefully it is reached
    *("minutes", "epochs", "steps", "rate", "final_rate", "warmup", "clip_norm", "clip_value", "weight_decay"),
    *("word_dropout", "embedding_dropout", "input_dropout", "dropout", "dropout_mask", "recurrent_dropout"),
    *("weight_dropout", "label_smoothing"),
    *("activation_penalty", "temporal_penalty", "evaluations", "patience", "save_seconds"),
    *("average_checkpoints", "average_which"),
    *(f"{norm}_{kind}" for norm in ("l1", "l2") for kind in KINDS),
}
TEXTS = {  # of Data, compared by what is in them
    *("files", "source", "target", "valid", "valid_source", "valid_target", "unlabelled"),
    *("condition_file", "valid_condition_file"),
}


def begin(
    task: str,
    data: Data,
    out: Path,
    settings: TrainingSettings,
    *,
    command: str = "",
    origin: str = "",
    licence: str = "",
    overwrite: bool = False,
    say: Say = unheard,
) -> TrainingRun:
    """A new run. Whatever is wrong with the text or the settings is found before the folder changes.

    origin, licence: where the text comes from and what it may be used for, in words for the model card. overwrite:
    also where the folder holds a model, or a run that has not ended. say: is told what takes long before the training.
    """
    began = time.monotonic()
    if task not in TRAININGS:
        raise UsageError(f"unknown task {task!r}: one of {', '.join(TRAININGS)}")
    refuse_other_data(task, data)
    if not data.learnt:
        raise UsageError("name the texts to learn from")
    with removed_on_error(out):
        folder = free_folder(out, overwrite=overwrite)
        training = training_of(task, data)
        corpus, chosen = training.read(data, settings, store=folder.new_ids(), further=folder.new_ids(), say=say)
        chosen = on_this_machine(chosen)
        saved = SavedRun(
            task=task,
            command=command,
            source=origin,
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


def free_folder(out: Path, *, overwrite: bool) -> TrainingFolder:
    """The folder of a new run; UsageError where it holds a model or a run that is not to be overwritten."""
    folder = TrainingFolder(out)
    folder.refuse_busy()
    if not overwrite:
        folder.refuse_unfinished()
    check_destination(out, overwrite=overwrite)
    return folder


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


def extend(out: Path, *, asked: TrainingSettings, data: Data | None = None, command: str = "--extend") -> TrainingRun:
    """Go on with a run that has ended, by a new schedule from its last step on; the best model is to be beaten.

    command: what the model card is to give, a line below those that came before.
    """
    folder = TrainingFolder(out)
    saved, corpus, tensors = folder.read()
    if not saved.ended:
        raise UsageError(f"the training in {out} has not ended, it is at {saved.counters}: --resume goes on with it")
    refuse_changes(saved, data, asked, but=EXTENDABLE)
    if saved.data.streaming and asked.epochs:
        raise UsageError("a stream has no known end: --steps or --minutes, not --epochs")
    update = {name: getattr(asked, name) for name in asked.model_fields_set & EXTENDABLE}
    ends = {"minutes": 0.0, "epochs": 0.0, "steps": 0}
    settings = on_this_machine(ChosenSettings(**{**saved.settings.model_dump(), **ends, **update}))
    known = {**saved.asked.model_dump(exclude_unset=True), **ends, **asked.model_dump(exclude_unset=True)}
    commands = f"{saved.command}\n{command}"
    asked = TrainingSettings(**known)
    changed = {"settings": settings, "asked": asked, "command": commands, "ended": "", "since_best": 0}
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
    try:
        run.state.restore(saved.counters, tensors)
    except (KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder.path}: the arrays are not those of this run: {reason}") from None
    return run


def refuse_changes(
    saved: SavedRun, data: Data | None, asked: TrainingSettings | None, *, but: frozenset[str] | set[str]
) -> None:
    """Raise UsageError, naming it, where a setting or a text is not what the run was begun with."""
    for name in sorted(asked.model_fields_set - but if asked else ()):
        before, now = getattr(saved.asked, name), getattr(asked, name)
        if now not in (before, getattr(saved.settings, name)):
            raise UsageError(f"{name} was {getattr(saved.settings, name)} and is now {now}: a run keeps its settings")
    if data is None:
        return
    for name, field in Data.model_fields.items():
        before, now = getattr(saved.data, name), getattr(data, name)
        if name not in TEXTS and now not in (before, field.default):
            raise UsageError(f"{name} was {before} and is now {now}: a run keeps how it reads its text")
    if any(getattr(data, name) for name in TEXTS):
        refuse_other_texts(saved, data)


def refuse_other_texts(saved: SavedRun, data: Data) -> None:
    """Raise UsageError, naming it, where a file is not one that the run was begun with; names may have changed."""
    sources = (data.learnt, data.held, data.unlabelled)
    now, before = hashes_of(*(texts_of(each, data, saved.settings) for each in sources)), saved.facts.files
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
    files: str | Path | Sequence[str | Path] = (),
    *,
    out: str | Path,
    valid: str | Path | None = None,
    source: str | Path | None = None,
    target: str | Path | None = None,
    valid_source: str | Path | None = None,
    valid_target: str | Path | None = None,
    input_format: str = "auto",
    column: str | None = None,
    label_column: str | None = None,
    source_column: str | None = None,
    target_column: str | None = None,
    condition_column: str | None = None,
    condition_file: str | Path | None = None,
    valid_condition_file: str | Path | None = None,
    ordinal: str | None = None,
    unlabelled: Sequence[str | Path] = (),
    cell: str | Cell = "lstm",
    **settings: Any,
) -> Any:
    """Train a model and open it.

    task: "lm" or "classifier". files: one or several texts to learn from: files, folders, patterns or "datasets:ID".
    out: the model folder. valid: a text to validate on; else some of the files is held out. source, target: two files
    of lines that belong together, instead of files that hold pairs; valid_source, valid_target: two instead of `valid`.
    input_format: one of text.formats.FORMATS, else by the name. column: the field of a table that holds the text;
    label_column: that of its label; source_column, target_column: those of a pair; condition_column: that of a label or
    of numbers that a text begins with. condition_file, valid_condition_file: .npy files of such numbers instead, row n
    for record n. ordinal: the labels from the lowest
    to the highest, with commas between. unlabelled: further texts without labels. cell: the name of one of the
    package's, or a cell of your own. settings: see settings.TrainingSettings.

    >>> model = train("lm", ["novel.txt"], out="novel", minutes=3)  # doctest: +SKIP
    """
    if isinstance(cell, Cell):
        add_cells([cell])
    asked = training_settings({**settings, "cell": cell.name if isinstance(cell, Cell) else cell})
    given = [files] if isinstance(files, str | Path) else files
    if input_format not in ("auto", *FORMATS):
        raise UsageError(f"{input_format!r} is not one of auto, {', '.join(FORMATS)}")
    data = Data(
        files=tuple(map(str, given)),
        valid=name_of(valid),
        source=name_of(source),
        target=name_of(target),
        valid_source=name_of(valid_source),
        valid_target=name_of(valid_target),
        input_format=input_format,
        column=column,
        label_column=label_column,
        source_column=source_column,
        target_column=target_column,
        condition_column=condition_column,
        condition_file=name_of(condition_file),
        valid_condition_file=name_of(valid_condition_file),
        ordinal=ordinal,
        unlabelled=tuple(map(str, unlabelled)),
    )
    for _ in begin(task, data, Path(out), asked).rows():
        pass
    return load(out)


def name_of(path: str | Path | None) -> str | None:
    """A path as text, where there is one."""
    return None if path is None else str(path)
