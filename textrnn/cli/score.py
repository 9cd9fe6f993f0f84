"""textrnn score"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textrnn.cli.options import (
    LOG_BASES,
    ColumnOption,
    ConditionColumnOption,
    ConditionOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    InputFormatOption,
    ModelArgument,
    OutOption,
    RunningTextOption,
    SourceArgument,
    StrictOption,
    TextOption,
    ThreadsOption,
    example,
    one_of,
)

if TYPE_CHECKING:
    from textrnn.cli.stream import Fields
    from textrnn.tasks.scoring import Score

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
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Give the log-probability of each text: N records in, N records out, in order; a summary on standard error."""
    from textrnn.cli.conditions import begun_records
    from textrnn.cli.output import open_output, open_sink
    from textrnn.cli.stream import open_source, paired, stream
    from textrnn.errors import UsageError
    from textrnn.metrics.perplexity import Tally
    from textrnn.tasks import load
    from textrnn.tasks.language_model import LanguageModel
    from textrnn.tasks.scoring import parse_tokens, pieces_of

    by_word = unit == "word"
    if tokens and (running_text or eos is not None or by_word):
        raise UsageError("--tokens scores the lists as they are: without --eos, --no-eos, --running-text, --unit word")
    if heat and (format != "auto" or by_word or tokens or per_token):
        raise UsageError("--heat prints coloured texts: without --format, --per-token, --tokens, --unit word")
    if tokens and condition_column is not None:
        raise UsageError("--tokens takes --condition, that of all lists, and no --condition-column")
    if tokens and (column is not None or input_format not in ("auto", "jsonl")):
        raise UsageError("--tokens reads JSON lines: without --column and --input-format")
    given = open_source(context, source, text, encoding=encoding, strict=strict)
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
            given, language_model.conditions, condition, condition_column, format=input_format, column=column
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
        with open_sink(out, format, hidden=("tokens",)) as sink:
            stream(rows(scores, LOG_BASES[log_base], per_token=per_token), sink, what="texts", source=given, out=out)
    includes_end = language_model.predicts_end if eos is None else eos
    begins = "its condition and <start>" if language_model.conditions.spec else "<start>"
    state = "the texts as one, from <start>, state carried" if running_text else f"each text from {begins}"
    ends = "; characters include line ends" if language_model.predicts_end and includes_end else ""
    conditions = f"{state}{ends}; {language_model.config.precision}"
    says = "as the lists are" if tokens else "with <eos>" if includes_end else "without <eos>"
    given.report()
    typer.echo(f"log base {log_base}; logprob {says}", err=True)
    for metric in tally.metrics(includes_end=includes_end or tokens, conditions=conditions):
        value = "-" if metric.value is None else f"{metric.value:,.6g}" if math.isfinite(metric.value) else "inf"
        typer.echo(f"{metric.metric}: {value}  ({metric.protocol})", err=True)


def rows(
    scores: "Iterable[tuple[Fields, Score]]", nats_per_unit: float, *, per_token: bool
) -> Iterator[dict[str, Any]]:
    """Records with their scores, log-probabilities in the base asked for."""
    from textrnn.cli.stream import joined

    for fields, scored in scores:
        record: dict[str, Any] = {
            "text": scored.text,
            "logprob": None if scored.logprob is None else scored.logprob / nats_per_unit,
            "tokens": scored.tokens,
            "oov": [asdict(place) for place in scored.oov],
        }
        if per_token:
            record["token_logprobs"] = [
                {**asdict(row), "logprob": row.logprob / nats_per_unit} for row in scored.token_logprobs
            ]
        yield joined(fields, record, repeats="text")
