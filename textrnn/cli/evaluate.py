"""textrnn evaluate"""

from typing import TYPE_CHECKING, Annotated

import typer

from textrnn.cli.options import (
    ColumnOption,
    ConditionColumnOption,
    ConditionOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    InputFormatOption,
    LabelColumnOption,
    MergeOption,
    ModelArgument,
    OutOption,
    RunningTextOption,
    StrictOption,
    ThreadsOption,
    example,
    merges,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textrnn.metrics.metric import Metric
    from textrnn.tasks.label_evaluation import LabelEvaluation
    from textrnn.text.labelled import LabelledTexts

EXAMPLES = example(
    "textrnn evaluate shakespeare README.md",
    "textrnn evaluate sentiment reviews.csv --column review --confusion sentiment.png",
)

PICTURE = ".png"
CONFUSIONS = (PICTURE, ".tsv", ".csv", ".jsonl")


def evaluate(
    model: ModelArgument,
    file: Annotated[str, typer.Argument(help="A file of text or records (.gz too), or - for standard input.")],
    running_text: RunningTextOption = False,
    condition: ConditionOption = None,
    condition_column: ConditionColumnOption = None,
    column: ColumnOption = None,
    label_column: LabelColumnOption = None,
    merge: MergeOption = None,
    confusion: Annotated[
        str | None,
        typer.Option(
            help="Write how often each label was taken for each: a picture (.png) or a table (.tsv, .csv, .jsonl).",
            show_default=False,
        ),
    ] = None,
    baselines: Annotated[
        list[str] | None,
        typer.Option(
            "--baselines",
            help="Labelled texts to train baselines on: the commonest label, and logistic regression on words.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Another classifier, to test which is better on the same texts.", show_default=False),
    ] = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Measure a model on a text, or a classifier on labelled records: each figure with its protocol."""
    from pathlib import Path

    from textrnn.cli.conditions import begun_records
    from textrnn.cli.output import chosen_format
    from textrnn.cli.stream import Source, report_repairs
    from textrnn.errors import DataError, UsageError
    from textrnn.extras import require
    from textrnn.tasks import load
    from textrnn.tasks.classifier import Classifier
    from textrnn.tasks.label_evaluation import check_same_labels, evaluate_labels
    from textrnn.text.labelled import LabelledTexts
    from textrnn.text.records import read_blocks

    check_confusion(confusion)
    if baselines:
        require("eval", "--baselines")
    opened = load(model, engine=engine, threads=threads)
    if isinstance(opened, Classifier):
        if running_text or condition or condition_column:
            raise UsageError(
                "--running-text, --condition and --condition-column are for a language model, and this is a classifier"
            )

        def labelled(*sources: str) -> LabelledTexts:
            return LabelledTexts(
                sources,
                format=input_format,
                column=column,
                label_column=label_column,
                encoding=encoding,
                strict=strict,
            )

        groups, records = merges(merge or []), labelled(file)
        opened = opened.merged(groups) if groups else opened
        other = load(against, Classifier, engine=engine, threads=threads) if against else None
        other = other.merged(groups) if other and groups else other
        if other:
            check_same_labels(opened.labels.names, other.labels.names)
        learnt = labelled(*baselines) if baselines else None
        found = evaluate_labels(opened, records, on=Path(file).name, keeps_texts=bool(learnt))
        metrics = found.metrics()
        metrics += found.against(evaluate_labels(other, records, on=Path(file).name)) if other else []
        metrics += of_baselines(found, learnt) if learnt else []
        write_metrics(metrics, out, format)
        show_confusion(found, confusion, is_shown=chosen_format(format, out) == "table")
        report_repairs(records, *([learnt] if learnt else []))
        return
    if label_column or merge or confusion or baselines or against:
        raise UsageError("--label-column, --merge, --confusion, --baselines and --against are for a classifier")
    given = Source(file, encoding=encoding, strict=strict)
    is_plain = column is None and given.format(input_format) == "text" and condition is None
    if is_plain and not opened.predicts_end:
        metrics = opened.evaluate_blocks(read_blocks(file, encoding=encoding, ledger=given.ledger))
    else:
        texts, begun = begun_records(
            given, opened.conditions, condition, condition_column, format=input_format, column=column
        )
        metrics = opened.evaluate((text for text, _ in texts), running_text=running_text, condition=begun)
    if not given.ledger.bytes_read:
        raise DataError(f"{file} is empty")
    write_metrics(metrics, out, format)
    given.report()


def check_confusion(file: str | None) -> None:
    """Raise UsageError, before any work, for a file that the confusion cannot be written to."""
    from pathlib import Path

    from textrnn.errors import UsageError
    from textrnn.extras import require

    if file and Path(file).suffix not in CONFUSIONS:
        raise UsageError(f"--confusion writes a file that ends in {', '.join(CONFUSIONS)}, not {file}")
    if file and Path(file).suffix == PICTURE:
        require("eval", "--confusion with a picture")


def write_metrics(metrics: "Iterable[Metric]", out: str | None, format: str) -> None:
    """A row for each figure."""
    from dataclasses import asdict

    from textrnn.cli.output import open_sink

    with open_sink(out, format) as sink:
        for metric in metrics:
            sink.write(asdict(metric))


def of_baselines(found: "LabelEvaluation", training: "LabelledTexts") -> "list[Metric]":
    """What baselines that learn from other labelled texts are worth on the same ones."""
    import numpy as np

    from textrnn.errors import DataError
    from textrnn.metrics import baselines

    places = {name: place for place, name in enumerate(found.names)}
    texts, classes = [], []
    for record in training:
        if record.label not in places:
            raise DataError(f"{record.place}: the label {record.label!r} is none of the model's")
        texts.append(record.text)
        classes.append(places[record.label])
    learnt = baselines.LabelledTexts(texts, np.array(classes, np.int64))
    held = baselines.LabelledTexts(found.texts, found.gold)
    return baselines.baseline_metrics(learnt, held, classes=len(found.names), conditions=found.on)


def show_confusion(found: "LabelEvaluation", file: str | None, *, is_shown: bool) -> None:
    """Which labels were taken for which: on a terminal, and in a file where one is named."""
    from pathlib import Path

    from textrnn.cli.output import open_sink
    from textrnn.metrics.labels import confusion_table

    rows = confusion_table(found.confusion, found.names)
    if is_shown:
        with open_sink(None, "table") as sink:
            for row in rows:
                sink.write(row)
    if file and Path(file).suffix == PICTURE:
        from textrnn.metrics.pictures import confusion_picture

        confusion_picture(found.confusion, found.names, file)
    elif file:
        with open_sink(file, "auto") as sink:
            for row in rows:
                sink.write(row)
