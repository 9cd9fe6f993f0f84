"""textrnn translate"""

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated

import typer

from textrnn.cli.options import (
    WIDTH,
    BeamOption,
    ColumnOption,
    CoveragePenaltyOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    InputFormatOption,
    LengthPenaltyOption,
    ModelArgument,
    OutOption,
    SourceArgument,
    StrictOption,
    TextOption,
    ThreadsOption,
    WithOption,
    check_place,
    example,
    one_of,
)
from textrnn.errors import DataError, UsageError

if TYPE_CHECKING:
    from textrnn.cli.stream import Fields, Source
    from textrnn.tasks.translation import Translation
    from textrnn.tasks.translator import Translator

EXAMPLES = example(
    'textrnn translate en-es --text "Where is the train station?"',
    "textrnn translate en-es sentences.txt --format csv --out translated.csv",
    'textrnn translate en-es --text "I have never seen such a big dog." --attention html --html aligned.html',
)
PROMPT = "> "
ATTENTION = ("jsonl", "pharaoh", "html")


def translate(
    context: typer.Context,
    model: ModelArgument,
    source: SourceArgument = None,
    text: TextOption = None,
    beam: BeamOption = None,
    greedy: Annotated[bool, typer.Option("--greedy", help="Take the likeliest symbol at each step: --beam 1.")] = False,
    length_penalty: LengthPenaltyOption = 1.0,
    coverage_penalty: CoveragePenaltyOption = 0.0,
    n_best: Annotated[
        int | None,
        typer.Option(min=1, help="Add the best translations, so many of them, in `translations`.", show_default=False),
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Draw translations at random instead of searching.")] = False,
    temperature: Annotated[
        float, typer.Option("--temperature", "-t", help="With --sample: below 1 safer, above 1 bolder.")
    ] = 1.0,
    top_k: Annotated[int, typer.Option(help="With --sample: draw from the k likeliest symbols only; 0 from all.")] = 0,
    top_p: Annotated[
        float, typer.Option(help="With --sample: draw from the likeliest symbols that reach this probability.")
    ] = 1.0,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="With --sample: the same seed gives the same translations.", show_default=False),
    ] = None,
    max_length: Annotated[
        float, typer.Option(help="Symbols of a translation for each of its source, at most, and 10 more.")
    ] = 2.0,
    replace_unk: Annotated[
        bool,
        typer.Option(
            "--replace-unk", help="Write an unknown word as the word of the source with the most attention; word level."
        ),
    ] = False,
    allow_unk: Annotated[bool, typer.Option("--allow-unk", help="Permit the unknown symbol.")] = False,
    others: WithOption = None,
    score_reference: Annotated[
        str | None,
        typer.Option(
            help="Translate nothing, but score the lines of this file as translations: log P(reference | source).",
            show_default=False,
        ),
    ] = None,
    attention: Annotated[
        str | None,
        typer.Option(
            callback=one_of(ATTENTION),
            help="Which words of the source each word looks at: in the field `attention` (jsonl), as pairs of numbers "
            "in the field `alignment` (pharaoh), or on the page --html; in a table as a map.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        str | None,
        typer.Option(
            callback=check_place, help="Write translations and attention as a page to this file.", show_default=False
        ),
    ] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Translate each line as soon as it is typed, and print that alone.")
    ] = False,
    batch: Annotated[
        int, typer.Option("--batch", "--batch-size", min=1, help="Texts computed side by side; changes no translation.")
    ] = 64,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Translate each text: N records in, N records out, in order; a summary on standard error."""
    from textrnn.cli.stream import Source, open_source, paired
    from textrnn.cli.translations import Summary, searched, write_translations
    from textrnn.decoding.sampling import Sampling
    from textrnn.tasks import load
    from textrnn.tasks.language_model import new_seed
    from textrnn.tasks.translator import Translator

    sampling = Sampling(temperature, top_k, top_p)
    if sample and (greedy or beam is not None):
        raise UsageError("--sample draws, --beam and --greedy search: give one of them")
    if greedy and beam is not None:
        raise UsageError(f"--greedy is --beam 1: without --beam {beam}")
    if not sample and (sampling != Sampling() or seed is not None):
        raise UsageError("--temperature, --top-k, --top-p and --seed are for --sample")
    if attention == "html" and html is None:
        raise UsageError("--attention html is written to the page that --html names")
    if interactive and (source or text or score_reference or html or out or format != "auto"):
        raise UsageError("--interactive takes what is typed and prints translations: without a file and --format")
    if score_reference and (sample or greedy or beam or n_best or attention or html or replace_unk):
        raise UsageError("--score-reference translates nothing: without options of searching, drawing and attention")
    typed = Source(None, encoding=encoding, strict=strict) if interactive else None
    given = typed or open_source(context, source, text, encoding=encoding, strict=strict)
    translator = load(model, Translator, engine=engine, threads=threads)
    if others:
        translator = translator.with_others([load(name, Translator, engine=engine, threads=threads) for name in others])
    if column is None and given.format(input_format) == "pairs":
        column = "source"
    texts = given.records(format=input_format, column=column)
    if score_reference:
        references = Source(score_reference, encoding=encoding, strict=strict)
        write_scores(translator, texts, given, references, batch=batch, format=format, out=out)
        return
    width = 1 if greedy else WIDTH if beam is None else beam
    seed = new_seed() if sample and seed is None else seed
    run = partial(
        translator.translate,
        beam=width,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        n_best=n_best,
        max_ratio=max_length,
        sampling=sampling if sample else None,
        seed=seed,
        replace_unk=replace_unk,
        attention=attention is not None or html is not None,
        allow_unk=allow_unk,
        batch_size=batch,
    )
    if interactive:
        converse(run, texts)
        given.report()
        return
    how = f"drawn, temperature {temperature:g}, seed {seed}" if sample else searched(width, length_penalty)
    how += f", with {', '.join(others)}" if others else ""
    symbol = translator.source_tokenizer.level.symbol
    summary = Summary(f"{how}; {translator.config.precision}", symbol, is_strict=strict)
    found = summary.count(paired(texts, run))
    write_translations(found, given, attention=attention, html=html, format=format, out=out)
    given.report()
    for line in summary.lines():
        typer.echo(line, err=True)


def converse(run: "Callable[[str], Iterator[Translation]]", typed: "Iterable[tuple[str, Fields]]") -> None:
    """Answer each line that is typed with its translation, at once, until there are no more."""
    from textrnn.cli.output import open_output
    from textrnn.cli.stream import warn_of_unknown
    from textrnn.cli.translations import print_translation

    prompt = PROMPT if sys.stdin.isatty() else ""
    with open_output(None) as file:
        typer.echo(prompt, err=True, nl=False)
        for line, _ in typed:
            (translation,) = run(line)
            warn_of_unknown(place.text for place in translation.oov)
            print_translation(translation, file)
            file.flush()
            typer.echo(prompt, err=True, nl=False)


def write_scores(
    translator: "Translator",
    texts: "Iterable[tuple[str, Fields]]",
    source: "Source",
    references: "Source",
    *,
    batch: int,
    format: str,
    out: str | None,
) -> None:
    """A record for each text, with how likely its line of the references is as a translation."""
    from textrnn.cli.output import open_sink
    from textrnn.cli.stream import joined, paired, stream

    scores = paired(with_references(texts, references), partial(translator.score, batch_size=batch))
    rows = (joined(fields, {"reference": score.text, "score": score.logprob}) for fields, score in scores)
    with open_sink(out, format) as sink:
        stream(rows, sink, what="pairs", source=source, out=out)
    for each in (source, references):
        each.report()


def with_references(
    texts: "Iterable[tuple[str, Fields]]", references: "Source"
) -> "Iterator[tuple[tuple[str, str], Fields]]":
    """Each text with its line of the references, and the fields of its record."""
    lines = (line for line, _ in references.records(format="text", column=None))
    for number, (record, reference) in enumerate(zip_longest(texts, lines)):
        if record is None or reference is None:
            fewer = "fewer texts than lines" if record is None else "more texts than lines"
            raise DataError(f"there are {fewer} in {references.name}, which belong together: one has only {number:,}")
        text, fields = record
        yield (text, reference), {"text": text} if fields is None else fields
