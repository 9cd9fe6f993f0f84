"""Scores out: records, and the figures of them all on standard error."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from textrnn.cli.options import LOG_BASES
from textrnn.cli.output import open_sink
from textrnn.cli.stream import counted, joined, paired, report_repairs
from textrnn.metrics.perplexity import Tally

if TYPE_CHECKING:
    from textrnn.tasks.scoring import Score
    from textrnn.tasks.translator import Translator
    from textrnn.text.pairs import Pair, PairedLines, Pairs


def score_fields(score: "Score", *, log_base: str, per_token: bool) -> dict[str, Any]:
    """The fields of a score besides its text, log-probabilities in the base asked for."""
    nats_per_unit = LOG_BASES[log_base]
    fields: dict[str, Any] = {
        "logprob": None if score.logprob is None else score.logprob / nats_per_unit,
        "tokens": score.tokens,
        "oov": [asdict(place) for place in score.oov],
    }
    if per_token:
        fields["token_logprobs"] = [
            {**asdict(row), "logprob": row.logprob / nats_per_unit} for row in score.token_logprobs
        ]
    return fields


def report_figures(tally: Tally, *, log_base: str, says: str, includes_end: bool, conditions: str) -> None:
    """The perplexities, each with its protocol. says: what a log-probability includes."""
    typer.echo(f"log base {log_base}; logprob {says}", err=True)
    for metric in tally.metrics(includes_end=includes_end, conditions=conditions):
        value = "-" if metric.value is None else f"{metric.value:,.6g}" if math.isfinite(metric.value) else "inf"
        typer.echo(f"{metric.metric}: {value}  ({metric.protocol})", err=True)


def ends_in_words(*, includes_end: bool) -> str:
    """Whether <eos> counts."""
    return "with <eos>" if includes_end else "without <eos>"


def score_pairs(
    translator: "Translator",
    pairs: "Pairs | PairedLines",
    *,
    eos: bool,
    per_token: bool,
    by_word: bool,
    log_base: str,
    batch: int,
    format: str,
    out: str | None,
) -> None:
    """A record for each pair: the log-probability of its target given its source."""
    tally = Tally()
    items = (((pair.source, pair.target), fields_of(pair)) for pair in pairs)
    run = partial(translator.score, per_token=per_token, by_word=by_word, eos=eos, batch_size=batch, tally=tally)
    as_fields = partial(score_fields, log_base=log_base, per_token=per_token or by_word)
    rows = (joined(fields, as_fields(score)) for fields, score in paired(items, run))
    with open_sink(out, format, hidden=("tokens",)) as sink:
        for row in counted(rows, what="pairs", out=out):
            sink.write(row)
    report_repairs(pairs)
    conditions = f"each translation given its source; {translator.config.precision}"
    says = f"{ends_in_words(includes_end=eos)}, given the source"
    report_figures(tally, log_base=log_base, says=says, includes_end=eos, conditions=conditions)


def fields_of(pair: "Pair") -> Mapping[str, Any]:
    """The record that a pair is of; of two lines both."""
    return {"source": pair.source, "target": pair.target} if pair.fields is None else pair.fields
