"""Pictures of figures: what matplotlib draws, and nothing else of this package."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np

from textrnn.errors import DataError
from textrnn.extras import require
from textrnn.metrics.labels import Confusion, column_names

POINTS = 9  # of every letter
DIGIT = 0.1  # inches for each digit of the largest count, and some air
SMALLEST_CELL = 0.46  # inches: two lines, and 100%
DARK = 0.62  # the share from which on white is read better than black
DOTS_PER_INCH = 120


def confusion_picture(confusion: Confusion, names: Sequence[str], path: str | Path) -> None:
    """Write a PNG of the confusion: in each cell how many texts and which share of its row, the larger the darker."""
    require("eval", "a picture")
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # by name: which backend the program uses is not ours
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    columns = column_names(confusion, names)
    counts = confusion.counts[:, : len(columns)]
    shares = counts / np.maximum(confusion.support, 1)[:, None]
    cell = max(SMALLEST_CELL, DIGIT * len(f"{counts.max():,}"))
    figure = Figure(figsize=(cell * len(columns), cell * len(names)))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))  # the labels stand outside: the picture is as large as they need
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        if share:
            colour = "white" if share >= DARK else "black"
            text = f"{counts[row, column]:,}\n{percent(float(share))}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=POINTS)
    for place in range(len(names)):
        axes.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, fill=False, linewidth=1.5))
    rows = [f"{name} ({support:,})" for name, support in zip(names, confusion.support, strict=True)]
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
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold (texts)")
    axes.set_xticks(np.arange(len(columns) - 1) + 0.5, minor=True)  # between the cells
    axes.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="grey", linewidth=0.5)
    axes.tick_params(which="minor", length=0, top=False)
    image = BytesIO()  # whole before anything is written
    figure.savefig(image, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", pad_inches=0.15)
    try:
        Path(path).write_bytes(image.getvalue())
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from None


def percent(share: float) -> str:
    """A share of some texts, which are not none."""
    return f"{share:.0%}" if share >= 0.005 else "<1%"
