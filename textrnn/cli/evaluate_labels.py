"""What evaluate says of a classifier: its figures, beside another and beside baselines, and its confusion."""

from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.cli.output import chosen_format, open_sink, write_metrics
from textrnn.cli.stream import report_repairs
from textrnn.errors import DataError, UsageError
from textrnn.extras import require
from textrnn.metrics.labels import confusion_table
from textrnn.tasks.label_evaluation import LabelEvaluation, check_same_labels, evaluate_labels

if TYPE_CHECKING:
    from textrnn.metrics.metric import Metric
    from textrnn.tasks.classifier import Classifier
    from textrnn.text.labelled import LabelledTexts

PICTURE = ".png"
CONFUSIONS = (PICTURE, ".tsv", ".csv", ".jsonl")


def write_label_figures(
    classifier: "Classifier",
    records: "LabelledTexts",
    *,
    on: str,
    rival: "Classifier | None",
    training: "LabelledTexts | None",
    confusion: str | None,
    format: str,
    out: str | None,
) -> None:
    """A row for each figure, and the confusion. rival: to be compared with. training: what baselines learn from."""
    if rival:
        check_same_labels(classifier.labels.names, rival.labels.names)
    found = evaluate_labels(classifier, records, on=on, keeps_texts=bool(training))
    metrics = found.metrics()
    metrics += found.against(evaluate_labels(rival, records, on=on)) if rival else []
    metrics += of_baselines(found, training) if training else []
    write_metrics(metrics, out, format)
    show_confusion(found, confusion, is_shown=chosen_format(format, out) == "table")
    report_repairs(records, *([training] if training else []))


def check_confusion(file: str | None) -> None:
    """Raise UsageError, before any work, for a file that the confusion cannot be written to."""
    if file and Path(file).suffix not in CONFUSIONS:
        raise UsageError(f"--confusion writes a file that ends in {', '.join(CONFUSIONS)}, not {file}")
    if file and Path(file).suffix == PICTURE:
        require("eval", "--confusion with a picture")


def of_baselines(found: LabelEvaluation, training: "LabelledTexts") -> "list[Metric]":
    """What baselines that learn from other labelled texts are worth on the same ones."""
    import numpy as np

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


def show_confusion(found: LabelEvaluation, file: str | None, *, is_shown: bool) -> None:
    """Which labels were taken for which: on a terminal, and in a file where one is named."""
    rows = confusion_table(found.confusion, found.names)
    if is_shown:
        with open_sink(None, "table") as sink:
            for row in rows:
                sink.write(row)
    if file and Path(file).suffix == PICTURE:
        from textrnn.pictures.labels import confusion_picture

        confusion_picture(found.confusion, found.names, file)
    elif file:
        with open_sink(file, "auto") as sink:
            for row in rows:
                sink.write(row)
