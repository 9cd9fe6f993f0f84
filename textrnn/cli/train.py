"""textrnn train"""

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from textrnn.cli.given_settings import assignments, file_settings, given_settings
from textrnn.cli.options import (
    NEXT,
    ColumnOption,
    ConditionColumnOption,
    EncodingOption,
    InputFormatOption,
    LabelColumnOption,
    SourceColumnOption,
    SourceFileOption,
    StrictOption,
    TargetColumnOption,
    TargetFileOption,
    example,
    one_of,
    setting,
)
from textrnn.errors import UsageError
from textrnn.settings import TrainingSettings

if TYPE_CHECKING:
    from textrnn.training.run import TrainingRun

EXAMPLES = example(
    "textrnn train lm novel.txt --out novel --minutes 3",
    "textrnn train lm novel.txt --dry-run",
    "textrnn train lm novel.txt --out novel --units 256 --layers 2 --set weight_decay=0.2 --minutes 3",
    "textrnn train lm novel.txt --out novel --level word --embedding vectors.txt --minutes 3",
    "textrnn train lm reviews.csv --column review --condition-column label --out reviewer --minutes 3",
    "textrnn train lm novel.txt --out novel --cell gru --layers 2 --residual --recurrent-dropout 0.2 --minutes 3",
)
TASKS = tuple(NEXT)


def train(
    task: Annotated[str, typer.Argument(callback=one_of(TASKS), help=f"What to train: {', '.join(TASKS)}.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Texts to learn from: files (.gz, .tsv, .csv, .jsonl, .parquet too), folders, patterns, - for "
            "standard input, datasets:ID[:SUBSET]\\[@SPLIT] for a set of the datasets library, of a hub or at a path.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", help="The model folder to write or go on with.", show_default=False)
    ] = None,
    valid: Annotated[
        str | None,
        typer.Option("--valid", help="A file to validate on, instead of the end of the text.", show_default=False),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training in --out where it was interrupted.")
    ] = False,
    extend: Annotated[
        bool,
        typer.Option(
            "--extend", help="Go on with the training in --out that has ended: for more steps, by a new plan."
        ),
    ] = False,
    seeds: Annotated[
        int,
        typer.Option(min=1, help="Train so many models, each with a seed of its own, into OUT/seed-N; compare them."),
    ] = 1,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew where --out holds a model or a training.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be trained, how fast and in how much memory.")
    ] = False,
    source: SourceFileOption = None,
    target: TargetFileOption = None,
    valid_source: Annotated[
        str | None, typer.Option("--valid-source", help="The same to validate on, as --valid.", show_default=False)
    ] = None,
    valid_target: Annotated[
        str | None, typer.Option("--valid-target", help="What they are translated to.", show_default=False)
    ] = None,
    column: ColumnOption = None,
    condition_column: ConditionColumnOption = None,
    condition_file: Annotated[
        str | None,
        typer.Option(
            "--condition-file",
            help="An .npy file of what texts begin with instead, such as features of pictures: row n for record n.",
            show_default=False,
        ),
    ] = None,
    valid_condition_file: Annotated[
        str | None, typer.Option("--valid-condition-file", help="The same for --valid.", show_default=False)
    ] = None,
    label_column: LabelColumnOption = None,
    source_column: SourceColumnOption = None,
    target_column: TargetColumnOption = None,
    ordinal: Annotated[
        str | None,
        typer.Option(
            help="The labels from lowest to highest, with commas between, or `numeric`; else they have no order.",
            show_default=False,
        ),
    ] = None,
    unlabelled: Annotated[
        list[str] | None,
        typer.Option(
            "--unlabelled",
            help="Further texts without labels, for the vocabulary and word2vec; may be given again.",
            show_default=False,
        ),
    ] = None,
    input_format: InputFormatOption = "auto",
    streaming: Annotated[
        bool,
        typer.Option("--streaming", help="Read the text as it is needed, without a copy: for what fits on no disk."),
    ] = False,
    strict: StrictOption = False,
    level: Annotated[str | None, setting("level")] = None,
    unit: Annotated[str | None, setting("unit")] = None,
    literal_unk: Annotated[bool | None, setting("literal_unk")] = None,
    lower: Annotated[bool | None, setting("lower")] = None,
    split: Annotated[str | None, setting("split")] = None,
    minutes: Annotated[float | None, setting("minutes")] = None,
    epochs: Annotated[float | None, setting("epochs")] = None,
    steps: Annotated[int | None, setting("steps")] = None,
    units: Annotated[int | None, setting("units")] = None,
    layers: Annotated[int | None, setting("layers")] = None,
    cell: Annotated[str | None, setting("cell")] = None,
    projection: Annotated[int | None, setting("projection")] = None,
    residual: Annotated[bool | None, setting("residual")] = None,
    bidirectional: Annotated[bool | None, setting("bidirectional")] = None,
    readout: Annotated[str | None, setting("readout")] = None,
    attention: Annotated[str | None, setting("attention")] = None,
    input_feeding: Annotated[bool | None, setting("input_feeding")] = None,
    recurrent_start: Annotated[str | None, setting("recurrent_start")] = None,
    embedding: Annotated[str | None, setting("embedding")] = None,
    embedding_size: Annotated[int | None, setting("embedding_size")] = None,
    freeze_embedding: Annotated[bool | None, setting("freeze_embedding")] = None,
    word2vec_model: Annotated[str | None, setting("word2vec_model")] = None,
    word2vec_window: Annotated[int | None, setting("word2vec_window")] = None,
    word2vec_negative: Annotated[int | None, setting("word2vec_negative")] = None,
    word2vec_epochs: Annotated[int | None, setting("word2vec_epochs")] = None,
    word2vec_seed: Annotated[int | None, setting("word2vec_seed")] = None,
    vocabulary_size: Annotated[int | None, setting("vocabulary_size")] = None,
    min_count: Annotated[int | None, setting("min_count")] = None,
    ngram: Annotated[int | None, setting("ngram")] = None,
    joint_vocabulary: Annotated[bool | None, setting("joint_vocabulary")] = None,
    longest_pair: Annotated[int | None, setting("longest_pair")] = None,
    length_ratio: Annotated[float | None, setting("length_ratio")] = None,
    tied: Annotated[bool | None, setting("tied")] = None,
    word_dropout: Annotated[float | None, setting("word_dropout")] = None,
    embedding_dropout: Annotated[float | None, setting("embedding_dropout")] = None,
    input_dropout: Annotated[float | None, setting("input_dropout")] = None,
    dropout: Annotated[float | None, setting("dropout")] = None,
    dropout_mask: Annotated[str | None, setting("dropout_mask")] = None,
    recurrent_dropout: Annotated[float | None, setting("recurrent_dropout")] = None,
    weight_dropout: Annotated[float | None, setting("weight_dropout")] = None,
    weight_decay: Annotated[float | None, setting("weight_decay")] = None,
    label_smoothing: Annotated[float | None, setting("label_smoothing")] = None,
    scheduled_sampling: Annotated[float | None, setting("scheduled_sampling")] = None,
    class_weights: Annotated[str | None, setting("class_weights")] = None,
    init_from: Annotated[str | None, setting("init_from")] = None,
    layer_rate: Annotated[float | None, setting("layer_rate")] = None,
    unfreeze: Annotated[float | None, setting("unfreeze")] = None,
    batch: Annotated[int | None, setting("batch")] = None,
    piece: Annotated[int | None, setting("piece")] = None,
    window: Annotated[int | None, setting("window")] = None,
    windows: Annotated[str | None, setting("windows")] = None,
    shift: Annotated[int | None, setting("shift")] = None,
    rate: Annotated[float | None, setting("rate")] = None,
    warmup: Annotated[int | None, setting("warmup")] = None,
    average: Annotated[float | None, setting("average")] = None,
    average_checkpoints: Annotated[int | None, setting("average_checkpoints")] = None,
    average_which: Annotated[str | None, setting("average_which")] = None,
    clip_norm: Annotated[float | None, setting("clip_norm")] = None,
    clip_value: Annotated[float | None, setting("clip_value")] = None,
    metric: Annotated[str | None, setting("metric")] = None,
    patience: Annotated[int | None, setting("patience")] = None,
    seed: Annotated[int | None, setting("seed")] = None,
    device: Annotated[str | None, setting("device")] = None,
    precision: Annotated[str | None, setting("precision")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Any setting, as name=value; may be given again. A wrong name lists them all: penalties such as "
            "activation_penalty or l2_recurrent have no flag of their own.",
        ),
    ] = None,
    config: Annotated[str | None, typer.Option("--config", help="A TOML file of settings; flags come first.")] = None,
    origin: Annotated[
        str, typer.Option(help="Where the text comes from, for the model card.", show_default=False)
    ] = "",
    licence: Annotated[str, typer.Option(help="Licence of the text, for the model card.", show_default=False)] = "",
    encoding: EncodingOption = "utf-8",
) -> None:
    """Train a model on text files; it shows a fresh sample as it goes, and keeps the best model in the folder."""
    given = given_settings(locals())
    from pathlib import Path

    from textrnn.data import Data
    from textrnn.extras import require
    from textrnn.settings import training_settings

    settings = training_settings({**file_settings(config), **assignments(set_ or []), **given})
    if 0 in (minutes, epochs, steps):
        raise UsageError("--minutes, --epochs and --steps are more than 0: leave out what is to have no bound")
    goes_on = resume or extend
    if resume and extend:
        raise UsageError("--resume goes on with a run that was interrupted, --extend with one that has ended: give one")
    if goes_on and (overwrite or dry_run):
        raise UsageError("--resume and --extend go on with a run: without --overwrite and --dry-run")
    if not (files or source or target or goes_on):
        raise UsageError("name the texts to learn from, or - for standard input")
    if seeds > 1 and (extend or dry_run):
        raise UsageError("--seeds begins or resumes several runs: without --extend and --dry-run")
    if out is None and not dry_run:
        raise UsageError("name the model folder with --out")
    require("train", "textrnn train")
    from textrnn.cli.training_display import foresee, say
    from textrnn.cli.training_end import compared, finished, to_its_end
    from textrnn.training import starting
    from textrnn.training.saved_run import has_ended, is_begun

    data = Data(
        files=tuple(files or ()),
        valid=valid,
        source=source,
        target=target,
        valid_source=valid_source,
        valid_target=valid_target,
        input_format=input_format,
        column=column,
        condition_column=condition_column,
        condition_file=condition_file,
        valid_condition_file=valid_condition_file,
        label_column=label_column,
        source_column=source_column,
        target_column=target_column,
        ordinal=ordinal,
        unlabelled=tuple(unlabelled or ()),
        encoding=encoding,
        streaming=streaming,
        strict=strict,
    )
    if dry_run:
        foresee(task, data, settings)
        return
    command = shlex.join(["textrnn", *sys.argv[1:]])

    def started(folder: Path, settings: TrainingSettings, *, goes_on: bool) -> "TrainingRun":
        if extend:
            return starting.extend(folder, data=data, asked=settings, command=command)
        if goes_on:
            return starting.resume(folder, data=data, asked=settings)
        return starting.begin(
            task,
            data,
            folder,
            settings,
            command=command,
            origin=origin,
            licence=licence,
            overwrite=overwrite,
            say=say,
        )

    if seeds == 1:
        finished(to_its_end(started(Path(str(out)), settings, goes_on=resume)))
        return
    folders = {seed: Path(str(out)) / f"seed-{seed}" for seed in range(settings.seed, settings.seed + seeds)}
    absent = [seed for seed, folder in folders.items() if not is_begun(folder)]
    if absent and not data.learnt:
        raise UsageError(f"name the texts to learn from: the training of seed {absent[0]} has not begun")
    for folder in filter(Path.exists, () if resume else folders.values()):  # before the first of them is trained
        starting.free_folder(folder, overwrite=overwrite)
    for seed, folder in folders.items():
        if resume and has_ended(folder):
            continue
        say(f"seed {seed}")
        of_seed = settings.model_copy(update={"seed": seed})
        to_its_end(started(folder, of_seed, goes_on=resume and is_begun(folder)))
    compared([*folders.values()])
