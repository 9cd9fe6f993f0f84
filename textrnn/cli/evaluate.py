"""textrnn evaluate"""

from typing import Annotated

import typer

from textrnn.cli.options import (
    WIDTH,
    BeamOption,
    ColumnOption,
    ConditionColumnOption,
    ConditionFileOption,
    ConditionOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    InputFormatOption,
    LabelColumnOption,
    LengthPenaltyOption,
    MergeOption,
    ModelArgument,
    OutOption,
    RunningTextOption,
    SourceColumnOption,
    SourceFileOption,
    StrictOption,
    TargetColumnOption,
    TargetFileOption,
    ThreadsOption,
    WithOption,
    check_options,
    check_place,
    example,
    merges,
)

EXAMPLES = example(
    "textrnn evaluate shakespeare README.md",
    "textrnn evaluate sentiment reviews.csv --column review --confusion sentiment.png",
)


def evaluate(
    model: ModelArgument,
    file: Annotated[
        str | None,
        typer.Argument(help="A file of text or records (.gz too), or - for standard input.", show_default=False),
    ] = None,
    running_text: RunningTextOption = False,
    condition: ConditionOption = None,
    condition_column: ConditionColumnOption = None,
    condition_file: ConditionFileOption = None,
    column: ColumnOption = None,
    label_column: LabelColumnOption = None,
    merge: MergeOption = None,
    confusion: Annotated[
        str | None,
        typer.Option(
            callback=check_place,
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
        typer.Option(
            help="Another classifier or translator, to test which is better on the same records.", show_default=False
        ),
    ] = None,
    source: SourceFileOption = None,
    target: TargetFileOption = None,
    source_column: SourceColumnOption = None,
    target_column: TargetColumnOption = None,
    beam: BeamOption = None,
    length_penalty: LengthPenaltyOption = 1.0,
    others: WithOption = None,
    by_length: Annotated[
        str | None,
        typer.Option(
            callback=check_place,
            help="Write BLEU by the length of the source as a picture (.png).",
            show_default=False,
        ),
    ] = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Measure a model on a text, labelled records or pairs: each figure with its protocol."""
    from functools import partial
    from pathlib import Path

    from textrnn.cli.conditions import begun_records
    from textrnn.cli.evaluate_labels import check_confusion, write_label_figures
    from textrnn.cli.evaluate_pairs import check_picture, write_translation_figures
    from textrnn.cli.output import write_metrics
    from textrnn.cli.stream import Source
    from textrnn.errors import DataError, UsageError
    from textrnn.extras import require
    from textrnn.tasks import load
    from textrnn.tasks.classifier import Classifier
    from textrnn.tasks.translator import Translator
    from textrnn.text.labelled import LabelledTexts
    from textrnn.text.pairs import open_pairs
    from textrnn.text.records import read_blocks

    check_confusion(confusion)
    check_picture(by_length)
    if baselines:
        require("eval", "--baselines")
    if (file or source or target) is None:
        raise UsageError("name a file to measure the model on, or - for standard input")
    opened = load(model, engine=engine, threads=threads)
    of_classifiers: dict[str, object] = {"--label-column": label_column, "--merge": merge, "--confusion": confusion}
    of_pairs: dict[str, object] = {"--source": source, "--target": target, "--source-column": source_column}
    of_translators = {"--target-column": target_column, "--beam": beam, "--with": others, "--by-length": by_length}
    of_texts = {"--running-text": running_text, "--condition": condition, "--condition-column": condition_column}
    of_texts |= {"--condition-file": condition_file}
    check_options(opened.task, "lm", of_texts)
    check_options(opened.task, "classifier", of_classifiers | {"--baselines": baselines})
    check_options(opened.task, "translator", of_pairs | of_translators)
    if against and not isinstance(opened, Classifier | Translator):
        raise UsageError("--against is for a classifier or a translator; compare is for two language models")
    rival = load(against, type(opened), engine=engine, threads=threads) if against else None
    on = Path(file or source or "").name
    if isinstance(opened, Translator):
        if column:
            raise UsageError("pairs have two columns, --source-column and --target-column, and no --column")
        opened = opened.with_others([load(name, Translator, engine=engine, threads=threads) for name in others or []])
        pairs = open_pairs(
            [] if file is None else [file],
            source=source,
            target=target,
            format=input_format,
            source_column=source_column,
            target_column=target_column,
            encoding=encoding,
            strict=strict,
        )
        write_translation_figures(
            opened,
            pairs,
            on=f"{on}; decoded with {', '.join(others)}" if others else on,
            beam=WIDTH if beam is None else beam,
            length_penalty=length_penalty,
            rival=rival,
            by_length=by_length,
            format=format,
            out=out,
        )
        return
    assert file is not None  # without one there are options of translators
    if isinstance(opened, Classifier):
        labelled = partial(
            LabelledTexts,
            format=input_format,
            column=column,
            label_column=label_column,
            encoding=encoding,
            strict=strict,
        )
        groups = merges(merge or [])
        write_label_figures(
            opened.merged(groups) if groups else opened,
            labelled([file]),
            on=on,
            rival=rival.merged(groups) if rival and groups else rival,
            training=labelled(baselines) if baselines else None,
            confusion=confusion,
            format=format,
            out=out,
        )
        return
    given = Source(file, encoding=encoding, strict=strict)
    is_plain = column is None and given.format(input_format) == "text" and condition is condition_file is None
    if is_plain and not opened.predicts_end:
        metrics = opened.evaluate_blocks(read_blocks(file, encoding=encoding, ledger=given.ledger))
    else:
        texts, begun = begun_records(
            given,
            opened.conditions,
            condition,
            condition_column,
            condition_file,
            format=input_format,
            column=column,
        )
        metrics = opened.evaluate((text for text, _ in texts), running_text=running_text, condition=begun)
    if not given.ledger.bytes_read:
        raise DataError(f"{file} is empty")
    write_metrics(metrics, out, format)
    given.report()
