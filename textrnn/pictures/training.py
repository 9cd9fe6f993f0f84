"""A picture of how a training went."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.pictures.drawing import POINTS, drawing, write_picture

if TYPE_CHECKING:
    from textrnn.training.loop import Row

WIDTH, HEIGHT = 4.6, 2.8  # inches
MARKED = 40  # evaluations: of more, no point is marked


def curves_picture(history: "Sequence[Row]", path: str | Path) -> None:
    """Write a PNG of the losses by step: of training dashed, of validation solid, with a ring around what was kept."""
    rows = [row for row in history if not row.mean_of]
    figure, axes = drawing(width=WIDTH, height=HEIGHT)
    steps, mark = [row.step for row in rows], "." if len(rows) <= MARKED else ""
    losses = [row.train_nats for row in rows]
    axes.plot(steps, losses, "--", color="0.45", marker=mark, label="training, with any dropout")
    axes.plot(steps, [row.valid_nats for row in rows], "-", color="black", marker=mark, label="validation")
    best = [row for row in history if row.is_best][-1:]
    axes.plot(
        [row.step for row in best],
        [row.valid_nats for row in best],
        "o",
        color="black",
        markersize=9,
        mfc="none",
        label="kept",
    )
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats per target)")
    axes.legend(frameon=False, fontsize=POINTS)
    write_picture(figure, path)
