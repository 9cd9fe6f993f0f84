"""Pictures of figures: what matplotlib draws, and nothing else of this package."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import DataError
from textrnn.extras import require
from textrnn.metrics.labels import Confusion, column_names
from textrnn.metrics.translation import LengthRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 9  # of every letter
DIGIT = 0.1  # inches for each digit of the largest count, and some air
SMALLEST_CELL = 0.46  # inches: two lines, and 100%
DARK = 0.62  # the share from which on white is read better than black
DOTS_PER_INCH = 120
ATTENTION_CELL = 0.32  # inches, of a cell with a weight such as .97
SMALL_POINTS = 7  # of the letters in it
SHOWN_WEIGHT = 0.1  # the least that is written into its cell
BAR, NARROWEST, BAR_HEIGHT = 0.75, 2.5, 2.8  # inches: for each bar, at least, and the height
HEADROOM = 1.2  # the height over that of the highest bar: two lines stand there

Weights = NDArray[np.floating]


def confusion_picture(confusion: Confusion, names: Sequence[str], path: str | Path) -> None:
    """Write a PNG of the confusion: in each cell how many texts and which share of its row, the larger the darker."""
    columns = column_names(confusion, names)
    counts = confusion.counts[:, : len(columns)]
    shares = counts / np.maximum(confusion.support, 1)[:, None]
    cell = max(SMALLEST_CELL, DIGIT * len(f"{counts.max():,}"))
    rows = [f"{name} ({support:,})" for name, support in zip(names, confusion.support, strict=True)]
    figure, axes = matrix(shares, rows, columns, cell=cell)
    for (row, column), share in np.ndenumerate(shares):
        if share:
            text = f"{counts[row, column]:,}\n{percent(float(share))}"
            axes.text(column, row, text, ha="center", va="center", color=readable_on(float(share)), fontsize=POINTS)
    for place in range(len(names)):
        outline(axes, place, place)
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold (texts)")
    write_picture(figure, path)


def attention_picture(sources: Sequence[str], targets: Sequence[str], weights: Weights, path: str | Path) -> None:
    """Write a PNG of attention: a row for each word of the translation, the more it looks at a source word the darker.

    weights: (targets, sources), from 0 to 1. The darkest cell of each row is framed.
    """
    figure, axes = matrix(weights, targets, sources, cell=ATTENTION_CELL)
    for (row, column), weight in np.ndenumerate(weights):
        if weight >= SHOWN_WEIGHT:
            text = f"{weight:.2f}".removeprefix("0")
            axes.text(
                column, row, text, ha="center", va="center", color=readable_on(float(weight)), fontsize=SMALL_POINTS
            )
    for row, column in enumerate(weights.argmax(1).tolist() if weights.size else []):
        outline(axes, row, column)
    axes.set_xlabel("source")
    axes.set_ylabel("translation")
    write_picture(figure, path)


def bleu_by_length_picture(rows: Sequence[LengthRow], path: str | Path) -> None:
    """Write a PNG of BLEU by the words of the sources: a bar for each group, over it the figure and how many pairs."""
    figure, axes = drawing(width=max(NARROWEST, BAR * len(rows)), height=BAR_HEIGHT)
    axes.bar(range(len(rows)), [row.bleu for row in rows], color="0.6", edgecolor="black", width=0.7)
    for place, row in enumerate(rows):
        axes.text(place, row.bleu, f"{row.bleu:.1f}\n({row.pairs:,})", ha="center", va="bottom", fontsize=POINTS)
    axes.set_xticks(range(len(rows)), [row.words for row in rows], fontsize=POINTS)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    axes.set_ylim(0, HEADROOM * max((row.bleu for row in rows), default=0) or 1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("words of the source")
    axes.set_ylabel("BLEU (pairs)")
    write_picture(figure, path)


def matrix(shares: Weights, rows: Sequence[str], columns: Sequence[str], *, cell: float) -> "tuple[Figure, Axes]":
    """A grid of cells, from white, 0, to black, 1, with names on the left and above. cell: its side, in inches."""
    figure, axes = drawing(width=cell * max(len(columns), 1), height=cell * max(len(rows), 1))
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    axes.set_yticks(range(len(rows)), rows, fontsize=POINTS, parse_math=False)
    axes.set_xticks(
        range(len(columns)),
        columns,
        fontsize=POINTS,
        parse_math=False,
        rotation=45,
        ha="left",
        rotation_mode="anchor",
    )
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.xaxis.set_label_position("top")
    axes.set_xticks(np.arange(len(columns) - 1) + 0.5, minor=True)  # between the cells
    axes.set_yticks(np.arange(len(rows) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="grey", linewidth=0.5)
    axes.tick_params(which="minor", length=0, top=False)
    return figure, axes


def drawing(*, width: float, height: float) -> "tuple[Figure, Axes]":
    """An empty picture; sizes, of what is within the axes, in inches: the names outside take what they need."""
    require("eval", "a picture")
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # by name: which backend the program uses is not ours
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure, figure.add_axes((0, 0, 1, 1))


def readable_on(share: float) -> str:
    """The colour of letters on a cell."""
    return "white" if share >= DARK else "black"


def outline(axes: "Axes", row: int, column: int) -> None:
    """A frame around a cell."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, linewidth=1.5))


def write_picture(figure: "Figure", path: str | Path) -> None:
    """Write a PNG, whole or not at all."""
    image = BytesIO()
    figure.savefig(image, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", pad_inches=0.15)
    try:
        Path(path).write_bytes(image.getvalue())
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from None


def percent(share: float) -> str:
    """A share of some texts, which are not none."""
    return f"{share:.0%}" if share >= 0.005 else "<1%"
