"""Pictures of what is said of labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from textrnn.metrics.labels import Confusion, column_names
from textrnn.pictures.drawing import POINTS, matrix, outline, write_in_cell, write_picture

DIGIT = 0.1  # inches for each digit of the largest count, and some air
SMALLEST_CELL = 0.46  # inches: two lines, and 100%


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
            write_in_cell(axes, row, column, text, share=float(share), points=POINTS)
    for place in range(len(names)):
        outline(axes, place, place)
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold (texts)")
    write_picture(figure, path)


def percent(share: float) -> str:
    """A share of some texts, which are not none."""
    return f"{share:.0%}" if share >= 0.005 else "<1%"
