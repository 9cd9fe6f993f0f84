"""textrnn vectors plot"""

from typing import Annotated

import typer

from textrnn.cli.options import FormatOption, OutOption, PngOption, example, one_of
from textrnn.cli.vectors.opened import VectorsArgument

EXAMPLES = example(
    "textrnn vectors plot vectors.txt --png map.png",
    "textrnn vectors plot vectors.txt lamp light ship sea --method tsne --format csv",
)
METHODS = ("pca", "tsne")
MOST = 5_000  # words: the memory that t-SNE takes grows with their square


def plot(
    vectors: VectorsArgument,
    word: Annotated[
        list[str] | None,
        typer.Argument(help="Words to draw; else the first of the file, which are the most frequent in most."),
    ] = None,
    png: PngOption = None,
    count: Annotated[int, typer.Option(min=3, max=MOST, help="How many words, where none are named.")] = 100,
    method: Annotated[
        str,
        typer.Option(
            callback=one_of(METHODS),
            help="pca (the two directions of most variance) or tsne (neighbours stay neighbours; no unit).",
        ),
    ] = "pca",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of tsne.")] = 0,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Draw a map of words by the directions of their vectors; or, without --png or with a --format, its coordinates."""
    from textrnn.cli.output import open_sink, symbol_writer
    from textrnn.cli.vectors.opened import known_words
    from textrnn.extras import require
    from textrnn.word_vectors.opening import open_vectors
    from textrnn.word_vectors.projection import word_map

    require("eval", "textrnn vectors plot", packages=("sklearn",))
    opened = open_vectors(vectors)
    chosen = known_words(opened, word) if word else opened.words[:count]
    found = word_map(opened, chosen, method=method, seed=seed)
    if png is None or out or format != "auto":
        written = symbol_writer(format, out)
        with open_sink(out, format) as sink:
            for name, (x, y) in zip(found.words, found.points.tolist(), strict=True):
                sink.write({"word": written(name), "x": x, "y": y})
    typer.echo(f"x: {found.axes[0]}; y: {found.axes[1]}; of vectors of length 1", err=True)
    if png is not None:
        from textrnn.pictures.vectors import map_picture

        named = map_picture(found, png)
        typer.echo(f"{png}: {len(found.words):,} words, {named:,} of them with room for their name", err=True)
