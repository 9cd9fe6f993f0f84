"""Pictures of translations."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from textrnn.metrics.translation import LengthRow
from textrnn.pictures.drawing import (
    POINTS,
    SMALL_POINTS,
    Weights,
    drawing,
    matrix,
    outline,
    write_in_cell,
    write_picture,
)

ATTENTION_CELL = 0.32  # inches, of a cell with a weight such as .97
SHOWN_WEIGHT = 0.1  # the least that is written into its cell
BAR, NARROWEST, BAR_HEIGHT = 0.75, 2.5, 2.8  # inches: for each bar, at least, and the height
HEADROOM = 1.2  # the height over that of the highest bar: two lines stand there


def attention_picture(sources: Sequence[str], targets: Sequence[str], weights: Weights, path: str | Path) -> None:
    """Write a PNG of attention: a row for each word of the translation, the more it looks at a source word the darker.

    weights: (targets, sources), from 0 to 1. The darkest cell of each row is framed.
    """
    figure, axes = matrix(weights, targets, sources, cell=ATTENTION_CELL)
    for (row, column), weight in np.ndenumerate(weights):
        if weight >= SHOWN_WEIGHT:
            text = f"{weight:.2f}".removeprefix("0")
            write_in_cell(axes, row, column, text, share=float(weight), points=SMALL_POINTS)
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
    axes.set_xlabel("words of the source")
    axes.set_ylabel("BLEU (pairs)")
    write_picture(figure, path)
