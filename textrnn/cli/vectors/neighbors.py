"""textrnn vectors neighbors"""

from typing import Annotated

import typer

from textrnn.cli.options import EncodingOption, FormatOption, OutOption, StrictOption, example
from textrnn.cli.vectors.opened import VectorsArgument

EXAMPLES = example(
    "textrnn vectors neighbors vectors.txt lamp ship",
    "textrnn vectors neighbors vectors.txt lamp --count 3 --format jsonl",
)


def neighbors(
    context: typer.Context,
    vectors: VectorsArgument,
    word: Annotated[list[str] | None, typer.Argument(help="Words to find the neighbours of.")] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="A file of words, one a line (.gz too), or - for standard input.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many neighbours of each word.")] = 10,
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Find the words nearest to a word, by the cosine of their vectors."""
    from dataclasses import asdict, replace

    from textrnn.cli.output import open_sink, symbol_writer
    from textrnn.cli.stream import open_source
    from textrnn.cli.vectors.opened import known_words
    from textrnn.extras import require
    from textrnn.word_vectors.nearest import neighbors
    from textrnn.word_vectors.opening import open_vectors

    given = open_source(context, file, word, encoding=encoding, strict=strict)
    require("train", "textrnn vectors neighbors", packages=("gensim",))
    words = [text for text, _ in given.records(format="text" if file else "auto", column=None)]
    opened = open_vectors(vectors)
    found = known_words(opened, words)
    written = symbol_writer(format, out)
    with open_sink(out, format) as sink:
        for each in found:
            for neighbor in neighbors(opened, each, count=count):
                named = replace(neighbor, word=written(neighbor.word), neighbor=written(neighbor.neighbor))
                sink.write(asdict(named))
    given.report()
