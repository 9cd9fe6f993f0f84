"""What every picture is drawn with: the one module that knows matplotlib. Pictures are read in black and white too."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import UsageError
from textrnn.extras import require
from textrnn.text.signs import printable
from textrnn.whole_file import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS, SMALL_POINTS = 9, 7  # of letters, and of those for which there is little room
DARK = 0.62  # the share from which on white is read better than black
DOTS_PER_INCH = 120
LONGEST_SIDE = 200  # inches
LONGEST_NAME = 60  # characters
PANEL_GAP = 0.25  # inches
DASHES = ("-", "--", ":", "-.")
MARKS = ("o", "s", "^", "D", "v", "x", "P", "*", "<", ">", "p", "1")
GREYS = ("black", "0.45", "0.25", "0.6")
MARKS_ON_A_LINE = 10
LAST_RESORT = "Last Resort"  # a font that has a box for every mark, which matplotlib brings
ABOVE_GRIDS = 3  # where a grid's lines do not cut through it

Weights = NDArray[np.floating]


def matrix(shares: Weights, rows: Sequence[str], columns: Sequence[str], *, cell: float) -> "tuple[Figure, Axes]":
    """A grid of cells, from white, 0, to black, 1, with names on the left and above. cell: its side, in inches."""
    figure, axes = drawing(width=cell * max(len(columns), 1), height=cell * max(len(rows), 1), is_framed=True)
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


def drawing(*, width: float, height: float, is_framed: bool = False) -> "tuple[Figure, Axes]":
    """An empty picture; sizes, of what is within the axes, in inches: the names outside take what they need.

    is_framed: it has lines on all four sides, and not where the axes are alone.
    """
    require("eval", "a picture", packages=("matplotlib",))
    check_size(width, height)
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # by name: which backend the program uses is not ours
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH)  # as it is written: letters are measured before
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.spines[["top", "right"]].set_visible(is_framed)
    return figure, axes


def check_size(*inches: float) -> None:
    """Raise where a side of a picture is longer than can be drawn, and looked at."""
    if max(inches) > LONGEST_SIDE:
        raise UsageError(
            f"a picture of {max(inches):,.0f} inches is too large, {LONGEST_SIDE} is the most: let it show less"
        )


def shortened(name: str) -> str:
    """A name that a picture can show and has room for: of a long one the beginning."""
    name = printable(name)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def panels(count: int, *, width: float, height: float) -> "tuple[Figure, list[Axes]]":
    """An empty picture of axes side by side that share what stands on the left; sizes as in `drawing`, of each."""
    step = 1 + PANEL_GAP / width
    check_size(count * step * width)
    figure, first = drawing(width=width, height=height)
    others = [figure.add_axes((place * step, 0, 1, 1), sharey=first) for place in range(1, count)]
    for other in others:
        other.tick_params(labelleft=False)
        other.spines[["top", "right"]].set_visible(False)
    return figure, [first, *others]


@dataclass(frozen=True)
class Line:
    """One line of a plot. mark, dash: which of the marks and dashes tell it from others, by number."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    mark: int = 0
    dash: int = 0


def lines(axes: "Axes", drawn: Sequence[Line]) -> None:
    """Lines that are told apart without colour."""
    for number, line in enumerate(drawn):
        every = max(1, len(line.x) // MARKS_ON_A_LINE)
        axes.plot(
            line.x,
            line.y,
            label=line.name,
            color=GREYS[line.mark % len(GREYS)],
            linestyle=DASHES[line.dash % len(DASHES)],
            marker=MARKS[line.mark % len(MARKS)],
            markevery=(number * every // max(len(drawn), 1), every),  # not one over the other
            markersize=5,
            linewidth=1.2,
            fillstyle="none" if line.dash else "full",
        )
    axes.grid(color="0.9", linewidth=0.5)
    axes.tick_params(which="both", labelsize=POINTS)


def legend(axes: "Axes") -> None:
    """The names of the lines, to the right of the axes."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, fontsize=POINTS, handlelength=3.5)


def readable_on(share: float) -> str:
    """The colour of letters on a cell."""
    return "white" if share >= DARK else "black"


def write_in_cell(axes: "Axes", row: int, column: int, text: str, *, share: float, points: int) -> None:
    """Letters in the middle of a cell of this share, in the colour that is read on it."""
    axes.text(column, row, text, ha="center", va="center", color=readable_on(share), fontsize=points)


def outline(axes: "Axes", row: int, column: int) -> None:
    """A frame around a cell."""
    frame(axes, (column - 0.5, row - 0.5), width=1, height=1, points=1.5)


def frame(axes: "Axes", corner: tuple[float, float], *, width: float, height: float, points: float) -> None:
    """An empty box, its lower left corner at a place. points: of its lines."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle(corner, width, height, fill=False, linewidth=points, zorder=ABOVE_GRIDS))


def write_picture(figure: "Figure", path: str | Path) -> None:
    """Write a PNG, whole or not at all; letters that the usual font lacks are those of one that is installed."""
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    families = families_with(text.get_text() for text in texts)
    for text in texts:
        text.set_fontfamily(families)
    with boxes_for_missing_letters(), whole_file(path) as file:
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", pad_inches=0.15)


@contextmanager
def boxes_for_missing_letters() -> Iterator[None]:
    """Nothing is said of a letter that no font has: an empty box stands there, to be seen."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def families_with(texts: Iterable[str]) -> list[str]:
    """The usual family, and those installed that have the marks of these texts which it lacks, if any has."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager
    from matplotlib.ft2font import FT2Font

    families = ["sans-serif"]
    marks = {ord(mark) for text in texts for mark in text if not mark.isspace()}
    missing = marks.difference(FT2Font(findfont(FontProperties(family=families))).get_charmap())
    for entry in fontManager.ttflist:
        if not missing:
            break
        if entry.style == "normal" and entry.name not in families and not entry.name.startswith(LAST_RESORT):
            with suppress(OSError, RuntimeError):  # a file that is gone, or of a kind that cannot be read
                font = FT2Font(entry.fname)
                if font.scalable and missing.intersection(font.get_charmap()):
                    families.append(entry.name)
                    missing.difference_update(font.get_charmap())
    return families
