"""textrnn score"""

from functools import partial
from typing import Annotated

import typer

from textrnn.cli.options import (
    LOG_BASES,
    ColumnOption,
    ConditionColumnOption,
    ConditionFileOption,
    ConditionOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    InputFormatOption,
    ModelArgument,
    OutOption,
    RunningTextOption,
    SourceArgument,
    SourceColumnOption,
    SourceFileOption,
    StrictOption,
    TargetColumnOption,
    TargetFileOption,
    TextOption,
    ThreadsOption,
    check_options,
    example,
    one_of,
)

EXAMPLES = example(
    'textrnn score shakespeare --text "To be, or not to be" --text "To bee, or knot to bee"',
    "textrnn score shakespeare README.md --per-token --format jsonl",
)


def score(
    context: typer.Context,
    model: ModelArgument,
    source: SourceArgument = None,
    text: TextOption = None,
    per_token: Annotated[bool, typer.Option("--per-token", help="Add each token's log-probability and rank.")] = False,
    unit: Annotated[
        str,
        typer.Option(callback=one_of(("token", "word")), help="Rows of --per-token: tokens, or your words (implied)."),
    ] = "token",
    heat: Annotated[
        bool, typer.Option("--heat", help="Print the texts, each token coloured by its surprisal.")
    ] = False,
    eos: Annotated[
        bool | None,
        typer.Option("--eos/--no-eos", help="Count the end of each text; by default where a model's unit is the line."),
    ] = None,
    running_text: RunningTextOption = False,
    tokens: Annotated[
        bool,
        typer.Option(
            "--tokens",
            help="Each line is JSON: a list of tokens, or an object with `tokens` and, if any, `prompt`, "
            "as generate --format jsonl writes it.",
        ),
    ] = False,
    log_base: Annotated[
        str, typer.Option(callback=one_of(LOG_BASES), help="Base of log-probabilities: e, 2, 10.")
    ] = "e",
    batch: Annotated[int, typer.Option(min=1, help="Texts computed side by side; changes no score.")] = 64,
    condition: ConditionOption = None,
    condition_column: ConditionColumnOption = None,
    condition_file: ConditionFileOption = None,
    source_file: SourceFileOption = None,
    target_file: TargetFileOption = None,
    source_column: SourceColumnOption = None,
    target_column: TargetColumnOption = None,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Give the log-probability of each text, or of each translation given its source: N records in, N records out."""
    from textrnn.cli.conditions import begun_records
    from textrnn.cli.output import open_output, open_sink
    from textrnn.cli.scores import ends_in_words, report_figures, score_fields, score_pairs
    from textrnn.cli.stream import as_rows, open_source, paired, stream
    from textrnn.errors import UsageError
    from textrnn.metrics.perplexity import Tally
    from textrnn.tasks import load, task_of
    from textrnn.tasks.language_model import LanguageModel
    from textrnn.tasks.scoring import parse_tokens, pieces_of
    from textrnn.tasks.translator import Translator
    from textrnn.text.pairs import open_pairs

    by_word = unit == "word"
    if tokens and (running_text or eos is not None or by_word):
        raise UsageError("--tokens scores the lists as they are: without --eos, --no-eos, --running-text, --unit word")
    if heat and (format != "auto" or by_word or tokens or per_token):
        raise UsageError("--heat prints coloured texts: without --format, --per-token, --tokens, --unit word")
    if tokens and (condition_column is not None or condition_file is not None):
        raise UsageError("--tokens takes --condition, that of all lists: without --condition-column, --condition-file")
    if tokens and (column is not None or input_format not in ("auto", "jsonl")):
        raise UsageError("--tokens reads JSON lines: without --column and --input-format")
    is_split = source_file is not None or target_file is not None
    given = None if is_split else open_source(context, source, text, encoding=encoding, strict=strict)
    of_pairs = {"--source": source_file, "--target": target_file}
    of_columns = {"--source-column": source_column, "--target-column": target_column}
    of_texts = {"--text": text, "--heat": heat, "--running-text": running_text, "--tokens": tokens, "--column": column}
    of_texts |= {"--condition": condition, "--condition-column": condition_column}
    of_texts |= {"--condition-file": condition_file}
    task = task_of(model)
    check_options(task, "translator", of_pairs | of_columns)
    if task == Translator.task:
        check_options(task, "lm", of_texts)
        translator = load(model, Translator, engine=engine, threads=threads)  # refused before anything is read
        pairs = open_pairs(
            [] if given is None else [given.name],
            source=source_file,
            target=target_file,
            format=input_format,
            source_column=source_column,
            target_column=target_column,
            encoding=encoding,
            strict=strict,
        )
        score_pairs(
            translator,
            pairs,
            eos=eos is not False,
            per_token=per_token,
            by_word=by_word,
            log_base=log_base,
            batch=batch,
            format=format,
            out=out,
        )
        return
    assert given is not None  # without one there are options of translators
    language_model = load(model, LanguageModel, engine=engine, threads=threads)
    tally = Tally()
    per_token = per_token or by_word or heat
    if tokens:
        lists = (
            (parse_tokens(value, place=given.place(line)), value if isinstance(value, dict) else None)
            for line, value in given.values()
        )
        scores = paired(
            lists,
            partial(
                language_model.score_tokens,
                per_token=per_token,
                batch_size=batch,
                tally=tally,
                condition=condition,
            ),
        )
    else:
        records, begun = begun_records(
            given,
            language_model.conditions,
            condition,
            condition_column,
            condition_file,
            format=input_format,
            column=column,
        )
        scores = paired(
            records,
            partial(
                language_model.score,
                eos=eos,
                running_text=running_text,
                per_token=per_token,
                by_word=by_word,
                batch_size=batch,
                tally=tally,
                condition=begun,
            ),
        )
    if heat:
        from textrnn.cli.heat import console, heated, legend

        with open_output(out) as file:
            printer = console(file)
            printer.print(legend())
            before = ""
            for _, score in scores:
                printer.print(heated(pieces_of(score, language_model.tokenizer, before=before)))
                before = "\n" if running_text and not language_model.predicts_end else ""
    else:
        as_fields = partial(score_fields, log_base=log_base, per_token=per_token)
        rows = as_rows(scores, lambda score: {"text": score.text, **as_fields(score)})
        with open_sink(out, format, hidden=("tokens",)) as sink:
            stream(rows, sink, what="texts", source=given, out=out)
    includes_end = language_model.predicts_end if eos is None else eos
    begins = "its condition and <start>" if language_model.conditions.spec else "<start>"
    state = "the texts as one, from <start>, state carried" if running_text else f"each text from {begins}"
    ends = "; characters include line ends" if language_model.predicts_end and includes_end else ""
    given.report()
    report_figures(
        tally,
        log_base=log_base,
        says="as the lists are" if tokens else ends_in_words(includes_end=includes_end),
        includes_end=includes_end or tokens,
        conditions=f"{state}{ends}; {language_model.config.precision}",
    )
