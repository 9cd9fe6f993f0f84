"""textrnn score"""

import math
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from textrnn.cli.options import (
    LOG_BASES,
    EncodingOption,
    EngineOption,
    FormatOption,
    ModelArgument,
    OutOption,
    SourceArgument,
    TextOption,
    ThreadsOption,
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
    eos: Annotated[
        bool | None,
        typer.Option("--eos/--no-eos", help="Count the end of each text; by default where a model's unit is the line."),
    ] = None,
    log_base: Annotated[
        str, typer.Option(callback=one_of(LOG_BASES), help="Base of log-probabilities: e, 2, 10.")
    ] = "e",
    batch: Annotated[int, typer.Option(min=1, help="Texts computed side by side; changes no score.")] = 64,
    encoding: EncodingOption = "utf-8",
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Give the log-probability of each line: N lines in, N records out, in order; a summary on standard error."""
    from textrnn.cli.output import open_sink
    from textrnn.cli.stream import open_records, stream
    from textrnn.metrics.perplexity import Tally
    from textrnn.tasks import load
    from textrnn.tasks.language_model import Score

    texts = open_records(context, source, text, encoding=encoding)
    language_model = load(model, engine=engine, threads=threads)
    tally = Tally()
    unit = LOG_BASES[log_base]

    def rows(scores: Iterable[Score]) -> Iterator[dict[str, Any]]:
        for score in scores:
            record: dict[str, Any] = {
                "text": score.text,
                "logprob": None if score.logprob is None else score.logprob / unit,
                "tokens": score.tokens,
                "oov": score.oov,
            }
            if per_token:
                record["token_logprobs"] = [
                    {
                        "token": row.token,
                        "logprob": row.logprob / unit,
                        "surprisal_bits": row.surprisal_bits,
                        "rank": row.rank,
                    }
                    for row in score.token_logprobs
                ]
            yield record

    with open_sink(out, format, hidden=("tokens",)) as sink:
        scores = language_model.score(texts, eos=eos, per_token=per_token, batch_size=batch, tally=tally)
        stream(rows(scores), sink, what="texts")
    includes_end = language_model.predicts_end if eos is None else eos
    conditions = f"each text from <start>; {language_model.config.precision}"
    says = "with <eos>" if includes_end else "without <eos>"
    typer.echo(f"log base {log_base}; logprob {says}", err=True)
    for metric in tally.metrics(includes_end=includes_end, conditions=conditions):
        value = "-" if metric.value is None else f"{metric.value:,.6g}" if math.isfinite(metric.value) else "inf"
        typer.echo(f"{metric.metric}: {value}  ({metric.protocol})", err=True)
