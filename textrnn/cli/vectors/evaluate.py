"""textrnn vectors evaluate"""

from typing import Annotated

import typer

from textrnn.cli.options import EncodingOption, FormatOption, OutOption, example
from textrnn.cli.vectors.opened import VectorsArgument

EXAMPLES = example(
    "textrnn vectors evaluate vectors.txt --similarity pairs.tsv",
    "textrnn vectors evaluate vectors.txt --analogies analogies.txt --format jsonl",
)


def evaluate(
    vectors: VectorsArgument,
    similarity: Annotated[
        list[str] | None,
        typer.Option(
            "--similarity",
            help="Pairs that people have rated, such as SimLex-999 and WordSim-353: two words and a number a line, "
            "with tabs between; # before what is no pair. May be given again.",
            show_default=False,
        ),
    ] = None,
    analogies: Annotated[
        list[str] | None,
        typer.Option(
            "--analogies",
            help='Analogies, such as questions-words.txt: four words a line, in sections below ": name". May be given '
            "again.",
            show_default=False,
        ),
    ] = None,
    encoding: EncodingOption = "utf-8",
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Measure vectors on pairs that people have rated and on analogies: each figure with how much of them is known."""
    from textrnn.cli.output import write_metrics
    from textrnn.errors import UsageError
    from textrnn.extras import require
    from textrnn.text.word_questions import read_analogies, read_pairs
    from textrnn.word_vectors.evaluation import analogy_metrics, similarity_metrics
    from textrnn.word_vectors.opening import open_vectors

    if not (similarity or analogies):
        raise UsageError("name what to measure on: --similarity FILE, --analogies FILE")
    if similarity:
        require("eval", "--similarity", packages=("scipy",))
    pairs = {file: read_pairs(file, encoding=encoding) for file in similarity or ()}
    sections = {file: read_analogies(file, encoding=encoding) for file in analogies or ()}
    opened = open_vectors(vectors)
    metrics = [metric for file in pairs for metric in similarity_metrics(opened, pairs[file], on=file)]
    metrics += [metric for file in sections for metric in analogy_metrics(opened, sections[file], on=file)]
    write_metrics(metrics, out, format)
