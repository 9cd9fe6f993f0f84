"""textrnn vectors analogy"""

from typing import Annotated

import typer

from textrnn.cli.options import FormatOption, OutOption, example, one_of
from textrnn.cli.vectors.opened import VectorsArgument

EXAMPLES = example(
    "textrnn vectors analogy vectors.txt lamp light ship",
    'textrnn vectors analogy vectors.txt "lamp : light :: ship : ?" --method 3cosmul --count 3 --format jsonl',
)
METHODS = ("3cosadd", "3cosmul")
SIGNS = (":", "::", "?")  # of "man : woman :: king : ?"


def analogy(
    vectors: VectorsArgument,
    word: Annotated[
        list[str], typer.Argument(help="Three words: man woman king, or with signs between, as in the example.")
    ],
    method: Annotated[
        str,
        typer.Option(
            callback=one_of(METHODS), help="3cosadd (nearest to b - a + c) or 3cosmul (Levy and Goldberg, 2014)."
        ),
    ] = "3cosadd",
    count: Annotated[int, typer.Option(min=1, help="How many answers.")] = 10,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Ask which word is to the third as the second is to the first; the three are left out of the answers."""
    from dataclasses import asdict

    from textrnn.cli.output import open_sink
    from textrnn.cli.vectors.opened import known_words
    from textrnn.errors import UsageError
    from textrnn.extras import require
    from textrnn.word_vectors.nearest import analogy
    from textrnn.word_vectors.opening import open_vectors

    words = [part for given in word for part in given.split() if part not in SIGNS] if len(word) != 3 else word
    if len(words) != 3:
        raise UsageError(
            f"an analogy has three words, such as man woman king (for man : woman :: king : ?), not {len(words)}"
        )
    require("train", "textrnn vectors analogy", packages=("gensim",))
    opened = open_vectors(vectors)
    a, b, c = known_words(opened, words)
    with open_sink(out, format) as sink:
        for answer in analogy(opened, a, b, c, count=count, method=method):
            sink.write(asdict(answer))
