"""textrnn explain attention"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from textrnn.cli.options import (
    ColumnOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    HtmlOption,
    InputFormatOption,
    ModelArgument,
    OutOption,
    PngOption,
    SourceArgument,
    StrictOption,
    TextOption,
    ThreadsOption,
    example,
)
from textrnn.errors import DataError, UsageError

if TYPE_CHECKING:
    from textrnn.cli.stream import Fields, Source
    from textrnn.tasks.classifier import Classifier
    from textrnn.tasks.explaining import Explanation
    from textrnn.tasks.translation import Translation
    from textrnn.tasks.translator import Translator
    from textrnn.text.tokenizer import OutOfVocabulary

EXAMPLES = example(
    'textrnn explain attention sentiment --text "It begins well, but the ending is dull." --format table',
    'textrnn explain attention en-es --text "I have never seen such a big dog." --png dog.png --html dog.html',
    'textrnn explain attention en-es --text "The door is open." --translation "La puerta está abierta." --format jsonl',
)
HAVE = "of the bundled models sentiment and en-es have it"
HOW = {"classifier": "trained with --readout attention", "translator": "trained without --attention none"}
LONGEST = 200  # words of a text or a translation that a picture shows
Result = TypeVar("Result")


def attention(
    context: typer.Context,
    model: ModelArgument,
    source: SourceArgument = None,
    text: TextOption = None,
    translation: Annotated[
        str | None,
        typer.Option(
            help="Of a translator: look at this translation of the text instead of its own.", show_default=False
        ),
    ] = None,
    png: PngOption = None,
    html: HtmlOption = None,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Show which words a network attends to: of a text for its label, of a source for each word of its translation.

    A map on a terminal, numbers elsewhere; beside them a page of all texts (--html) or a picture of one (--png).
    """
    from textrnn.cli.stream import open_source
    from textrnn.tasks import NAMES, load, task_of
    from textrnn.tasks.classifier import Classifier
    from textrnn.tasks.translator import Translator

    task = task_of(model)
    if task == Classifier.task and translation is not None:
        raise UsageError(f"--translation is for a translator, and this is {NAMES[task]}")
    if task not in (Classifier.task, Translator.task):
        raise UsageError(f"{model} is {NAMES.get(task, task)}, which has no attention: {HAVE}")
    given = open_source(context, source, text, encoding=encoding, strict=strict)
    opened = load(model, engine=engine, threads=threads)
    if not opened.has_attention:
        raise UsageError(f"{model} is {NAMES[task]} without attention: {HAVE}, and what is {HOW[task]}")
    if column is None and task == Translator.task and given.format(input_format) == "pairs":
        column = "source"
    texts = given.records(format=input_format, column=column)
    if png is not None or translation is not None:
        texts = only_one(texts, "--png" if translation is None else "--translation")
    if task == Classifier.task:
        show_words(opened, texts, given, png=png, html=html, format=format, out=out)
    else:
        show_alignments(opened, texts, given, translation=translation, png=png, html=html, format=format, out=out)
    given.report()


def only_one(texts: "Iterable[tuple[str, Fields]]", option: str) -> "Iterator[tuple[str, Fields]]":
    """The text, for an option that takes one alone."""
    first = list(islice(texts, 2))
    if len(first) != 1:
        raise UsageError(f"{option} is for one text, and here {'are more' if first else 'is none'}: --text gives one")
    return iter(first)


def show_words(
    classifier: "Classifier",
    texts: "Iterable[tuple[str, Fields]]",
    source: "Source",
    *,
    png: str | None,
    html: str | None,
    format: str,
    out: str | None,
) -> None:
    """The attention that a classifier pays to the words of each text."""
    from textrnn.cli.explanation import print_attention
    from textrnn.cli.explanation_page import attended_on_page
    from textrnn.cli.output import chosen_format, open_output, open_sink
    from textrnn.cli.stream import as_rows, paired, stream, warn_of_unknown

    unknown = Counter[str]()
    found = paired(texts, partial(map, classifier.explain))
    found = counting(found, unknown, lambda explanation: explanation.prediction.oov)
    found = drawn(found, draw_words, png) if png is not None else found
    found = attended_on_page(found, html) if html is not None else found
    if chosen_format(format, out) == "table":
        with open_output(out) as file:
            for _, explanation in found:
                print_attention(explanation, file)
    else:
        with open_sink(out, format) as sink:
            stream(as_rows(found, record_of), sink, what="texts", source=source, out=out)
    warn_of_unknown(unknown.elements())


def record_of(explanation: "Explanation") -> dict[str, Any]:
    """The fields of a text: its label, and its words with their weights."""
    prediction, words = explanation.prediction, explanation.words
    return {
        "text": prediction.text,
        "label": prediction.label,
        "probability": prediction.probability,
        "oov": [asdict(place) for place in prediction.oov],
        "attention": {"words": [word.token for word in words], "weights": [word.attention for word in words]},
    }


def show_alignments(
    translator: "Translator",
    texts: "Iterable[tuple[str, Fields]]",
    source: "Source",
    *,
    translation: str | None,
    png: str | None,
    html: str | None,
    format: str,
    out: str | None,
) -> None:
    """The attention that each word of a translation pays to the words of its source."""
    from textrnn.cli.stream import paired, warn_of_unknown
    from textrnn.cli.translations import write_translations

    unknown = Counter[str]()
    if translation is not None:
        unknown.update(place.text for place in translator.tokenizer.out_of_vocabulary(translation))
        found = paired(texts, partial(map, partial(translator.align, target=translation)))
    else:
        found = paired(texts, partial(translator.translate, attention=True))
    found = counting(found, unknown, lambda result: result.oov)
    found = drawn(found, draw_alignment, png) if png is not None else found
    write_translations(found, source, attention="jsonl", html=html, format=format, out=out)
    warn_of_unknown(unknown.elements())


def counting(
    found: "Iterable[tuple[Fields, Result]]",
    unknown: Counter[str],
    lacking: "Callable[[Result], list[OutOfVocabulary]]",
) -> "Iterator[tuple[Fields, Result]]":
    """The same; what the model does not know of each text is counted as it goes by."""
    for fields, result in found:
        unknown.update(place.text for place in lacking(result))
        yield fields, result


def drawn(
    found: "Iterable[tuple[Fields, Result]]", draw: "Callable[[Result, str], None]", png: str
) -> "Iterator[tuple[Fields, Result]]":
    """The same, the only one of them drawn as it goes by."""
    for fields, result in found:
        draw(result, png)
        yield fields, result


def draw_words(explanation: "Explanation", png: str) -> None:
    """Draw the weights of a text's words."""
    from textrnn.pictures.attention import words_picture

    words = explanation.words
    check_length("the text", len(words))
    words_picture([word.token for word in words], [word.attention or 0.0 for word in words], png)


def draw_alignment(translation: "Translation", png: str) -> None:
    """Draw the weights of a source's words for those of its translation."""
    import numpy as np

    from textrnn.pictures.translation import attention_picture

    alignment = translation.alignment
    assert alignment is not None  # it was asked for
    check_length("the text", len(alignment.source))
    check_length("the translation", len(alignment.target))
    weights = np.array(alignment.weights).reshape(len(alignment.target), len(alignment.source))
    attention_picture(alignment.source, alignment.target, weights, png)


def check_length(what: str, words: int) -> None:
    """Raise DataError where so many words do not go into a picture."""
    if not words:
        raise DataError(f"{what} has no word that a picture could show")
    if words > LONGEST:
        raise DataError(f"{what} has {words:,} words, and a picture shows {LONGEST} at most: --html shows any number")
