"""Pictures of the terms of back-propagation through time."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from textrnn.pictures.drawing import POINTS, SMALL_POINTS, frame, matrix, write_in_cell, write_picture
from textrnn.text.signs import visible

if TYPE_CHECKING:
    from textrnn.training.terms import Terms

CELL = 0.3  # inches, of a cell with a number such as -12
GAP = -0.02  # of the height, between the cells and what is written below


def terms_picture(
    terms: "Terms", read: Sequence[str], predicted: Sequence[str], path: str | Path, *, window: int
) -> None:
    """Write a PNG of the norms: a row for each loss, a column for each step, and a frame around what windows keep.

    A number is the power of ten of a norm against the largest.
    """
    figure, axes = matrix(terms.shades, list(map(visible, predicted)), list(map(visible, read)), cell=CELL)
    largest = terms.norms.max()
    for row, column in zip(*terms.norms.nonzero(), strict=True):
        power = round(np.log10(terms.norms[row, column] / largest)) + 0  # no minus before 0
        write_in_cell(axes, row, column, f"{power}", share=float(terms.shades[row, column]), points=SMALL_POINTS)
    steps = len(terms.norms)
    for begin in range(0, steps, window):
        size = min(window, steps - begin)
        frame(axes, (begin - 0.5, begin - 0.5), width=size, height=size, points=1.5)
    axes.set_xlabel("step k, which reads", fontsize=POINTS)
    axes.set_ylabel("loss at step t, which predicts", fontsize=POINTS)
    says = f"log10 of a term's norm against the largest\nframes: the terms within windows of {window} steps"
    axes.text(0, GAP, says, transform=axes.transAxes, va="top", fontsize=POINTS)
    write_picture(figure, path)
