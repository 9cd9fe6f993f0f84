"""What the commands on word vectors share: their first argument, and the words that are asked for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from textrnn.word_vectors.opening import WordVectors

VectorsArgument = Annotated[
    str,
    typer.Argument(
        help="A file of vectors (word2vec text or binary, GloVe, fastText .vec; .gz too), a model folder or the name "
        "of a bundled model.",
        show_default=False,
    ),
]


def known_words(vectors: "WordVectors", words: Iterable[str]) -> list[str]:
    """Each word as the vectors write it, said on standard error where that is in lower case."""
    found = [(word, vectors.known(word)) for word in words]
    for word, known in dict.fromkeys(found):
        if not known.endswith(word):
            typer.echo(f"{vectors.name} has no word {word!r}: {known!r} is taken", err=True)
    return [known for _, known in found]
