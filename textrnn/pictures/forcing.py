"""A picture of teacher forcing beside running free."""

import math
from pathlib import Path

from textrnn.pictures.drawing import POINTS, drawing, write_picture
from textrnn.tasks.forcing import Forcing
from textrnn.text.signs import visible

STEP, NARROWEST, WIDEST, HEIGHT = 0.16, 3.0, 9.0, 2.4  # inches
NAMED = 56  # symbols, the most that are written below the axis


def forcing_picture(forcing: Forcing, path: str | Path) -> None:
    """Write a PNG: the bits of each true symbol, solid where it read the text, dashed where it read its own."""
    count = len(forcing.tokens)
    figure, axes = drawing(width=min(max(STEP * count, NARROWEST), WIDEST), height=HEIGHT)
    steps = range(1, count + 1)
    axes.plot(steps, -forcing.free / math.log(2), "--", color="0.45", linewidth=1.2, label="reads its own symbols")
    axes.plot(steps, -forcing.forced / math.log(2), "-", color="black", linewidth=1.4, label="reads the true text")
    if forcing.astray is not None and forcing.astray + 1 < count:
        axes.axvline(
            forcing.astray + 1.5, color="black", linewidth=0.8, linestyle=":", label="from here on they differ"
        )
    axes.set_ylim(bottom=0)
    axes.set_xlim(0.5, count + 0.5)
    if count <= NAMED:
        names = [visible(token) for token in forcing.tokens]
        is_long = max(map(len, names)) > 1
        axes.set_xticks(steps, names, fontsize=POINTS, parse_math=False, rotation=90 if is_long else 0)
    axes.set_xlabel("true symbol" if count <= NAMED else "true symbol, by number")
    axes.set_ylabel("surprisal (bits)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=POINTS, ncols=1)
    write_picture(figure, path)
