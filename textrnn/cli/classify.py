"""textrnn classify"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textrnn.cli.options import (
    ColumnOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    InputFormatOption,
    MergeOption,
    ModelArgument,
    OutOption,
    SourceArgument,
    StrictOption,
    TextOption,
    ThreadsOption,
    check_place,
    example,
    merges,
)

if TYPE_CHECKING:
    from textrnn.tasks.classifier import Classifier
    from textrnn.tasks.explaining import ExplainedWord, Explanation
    from textrnn.tasks.prediction import Prediction

EXAMPLES = example(
    'textrnn classify sentiment --text "I hate this movie" --text "A joy to read." --probs --format jsonl',
    "textrnn classify sentiment reviews.csv --column review --abstain-below 0.5 --format csv",
    'textrnn classify sentiment --text "It begins well, but the ending is dull." --explain --html page.html',
)
SHOWN = 20  # labels that the summary names


def classify(
    context: typer.Context,
    model: ModelArgument,
    source: SourceArgument = None,
    text: TextOption = None,
    labels: Annotated[
        int | None,
        typer.Option(min=1, help="Add the likeliest labels, so many of them, in `labels`.", show_default=False),
    ] = None,
    probs: Annotated[bool, typer.Option("--probs", help="Add the probability of every label.")] = False,
    abstain_below: Annotated[
        float, typer.Option(min=0, max=1, help="Give no label where the likeliest is less probable than this.")
    ] = 0.0,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the prediction after each word, and the word's attention if any.")
    ] = False,
    html: Annotated[
        str | None,
        typer.Option(
            callback=check_place,
            help="Write the explanations as a page to this file; with --explain implied.",
            show_default=False,
        ),
    ] = None,
    merge: MergeOption = None,
    batch: Annotated[
        int, typer.Option("--batch", "--batch-size", min=1, help="Texts computed side by side; changes no label.")
    ] = 128,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Label each text: N records in, N records out, in order; a summary on standard error."""
    from textrnn.cli.output import chosen_format, open_output, open_sink
    from textrnn.cli.stream import as_rows, open_source, paired, stream
    from textrnn.tasks import load
    from textrnn.tasks.classifier import Classifier

    given = open_source(context, source, text, encoding=encoding, strict=strict)
    classifier = load(model, Classifier, engine=engine, threads=threads)
    classifier = classifier.merged(merges(merge)) if merge else classifier
    records = given.records(format=input_format, column=column)
    summary = Summary()
    as_record = partial(record_of, summary=summary, probs=probs, is_ranked=labels is not None)
    if explain or html is not None:
        one = partial(classifier.explain, labels=labels, probs=probs, abstain_below=abstain_below)
        explanations = paired(records, partial(map, one))
        if html is not None:
            from textrnn.cli.explanation_page import explained_on_page

            explanations = explained_on_page(explanations, html)
        if chosen_format(format, out) == "table":
            from textrnn.cli.explanation import print_explanation, print_legend

            with open_output(out) as file:
                print_legend(file)
                for _, explanation in explanations:
                    summary.add(explanation.prediction)
                    print_explanation(explanation, file)
        else:
            with open_sink(out, format) as sink:
                as_explained = partial(explained_record, as_record=as_record, probs=probs)
                stream(as_rows(explanations, as_explained), sink, what="texts", source=given, out=out)
    else:
        run = partial(classifier.classify, labels=labels, probs=probs, abstain_below=abstain_below, batch_size=batch)
        with open_sink(out, format) as sink:
            stream(as_rows(paired(records, run), as_record), sink, what="texts", source=given, out=out)
    given.report()
    for line in summary.lines(classifier, abstain_below=abstain_below):
        typer.echo(line, err=True)


@dataclass
class Summary:
    """What was said of all the records."""

    labels: Counter[str | None] = field(default_factory=Counter)
    without: int = 0  # texts that have no symbol
    unknown: int = 0  # symbols that the vocabulary lacks
    lacking: int = 0  # texts that they are in

    def add(self, prediction: "Prediction") -> None:
        self.labels[prediction.label] += 1
        self.without += prediction.probability is None
        if prediction.oov:
            self.unknown += len(prediction.oov)
            self.lacking += 1

    def lines(self, classifier: "Classifier", *, abstain_below: float) -> Iterator[str]:
        """The same for people."""
        names, count = classifier.labels.names, self.labels.total()
        seen = [name for name in names if self.labels[name]]
        shown = ", ".join(f"{name} {self.labels[name]:,}" for name in seen[:SHOWN])
        others = sum(self.labels[name] for name in seen[SHOWN:])
        more = f", {len(seen) - SHOWN:,} other labels {others:,}" if others else ""
        conditions = f"temperature {classifier.labels.temperature:.3f}; {classifier.config.precision}"
        yield f"texts: {count:,}; {shown or 'no label'}{more}  ({conditions})"
        if abstained := self.labels[None] - self.without:
            yield f"abstained: {abstained:,}, the likeliest label is less probable than {abstain_below:g}"
        if self.without:
            yield f"without any symbol, and so without a label: {self.without:,}"
        if self.unknown:
            symbol = classifier.tokenizer.level.symbol
            yield f"unknown {symbol}s, read as <unk>: {self.unknown:,} in {self.lacking:,} texts, listed as `oov`"


def record_of(prediction: "Prediction", *, summary: Summary, probs: bool, is_ranked: bool) -> dict[str, Any]:
    """The fields of a prediction, which is added to the summary."""
    summary.add(prediction)
    record: dict[str, Any] = {
        "text": prediction.text,
        "label": prediction.label,
        "probability": prediction.probability,
    }
    if probs:
        record["probabilities"] = prediction.probabilities
    if is_ranked:
        ranked = prediction.labels
        record["labels"] = ranked and [{"label": each.label, "probability": each.probability} for each in ranked]
    record["oov"] = [{"text": place.text, "offset": place.offset} for place in prediction.oov]
    return record


def explained_record(
    explanation: "Explanation", *, as_record: "Callable[[Prediction], dict[str, Any]]", probs: bool
) -> dict[str, Any]:
    """The fields of the prediction, and the explanation."""
    words = [word_fields(word, probs=probs) for word in explanation.words]
    return {**as_record(explanation.prediction), "explanation": words}


def word_fields(word: "ExplainedWord", *, probs: bool) -> dict[str, Any]:
    """What there is to say of a word."""
    fields = asdict(word)
    left_out = {"attention"} if word.attention is None else set()
    left_out |= set() if probs else {"probabilities"}
    return {name: value for name, value in fields.items() if name not in left_out}
