"""What every picture is drawn with: the one module that knows matplotlib. Pictures are read in black and white too."""

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import DataError
from textrnn.extras import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 9  # of every letter
DARK = 0.62  # the share from which on white is read better than black
DOTS_PER_INCH = 120
LONGEST_NAME = 60  # characters
PANEL_GAP = 0.25  # inches

Weights = NDArray[np.floating]


def matrix(shares: Weights, rows: Sequence[str], columns: Sequence[str], *, cell: float) -> "tuple[Figure, Axes]":
    """A grid of cells, from white, 0, to black, 1, with names on the left and above. cell: its side, in inches."""
    figure, axes = drawing(width=cell * max(len(columns), 1), height=cell * max(len(rows), 1))
    rows, columns = list(map(shortened, rows)), list(map(shortened, columns))
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

    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH)  # as it is written: letters are measured before
    FigureCanvasAgg(figure)
    return figure, figure.add_axes((0, 0, 1, 1))


def shortened(name: str) -> str:
    """A name that a picture has room for: of a long one the beginning."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def panels(count: int, *, width: float, height: float) -> "tuple[Figure, list[Axes]]":
    """An empty picture of axes side by side; sizes as in `drawing`, of each."""
    figure, first = drawing(width=width, height=height)
    gap = PANEL_GAP / width
    return figure, [first, *(figure.add_axes((place * (1 + gap), 0, 1, 1)) for place in range(1, count))]


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
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # an empty box stands there, to be seen
        figure.savefig(image, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", pad_inches=0.15)
    try:
        Path(path).write_bytes(image.getvalue())
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from None
