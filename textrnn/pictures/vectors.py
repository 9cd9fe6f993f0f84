"""Pictures of word vectors."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textrnn.pictures.drawing import POINTS, boxes_for_missing_letters, drawing, families_with, write_picture
from textrnn.text.signs import visible
from textrnn.word_vectors.projection import WordMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 8.0, 6.5  # inches
MARGIN = 0.06  # of the axes, around the points
DOT = 2.5  # points, the radius that letters keep away from
GAP = 4  # points from a dot to its word
SIDES = ((1, 0, "left", "center"), (-1, 0, "right", "center"), (0, 1, "center", "bottom"), (0, -1, "center", "top"))

Boxes = NDArray[np.float64]  # (count, 4): left, bottom, right, top, in pixels


def map_picture(found: WordMap, path: str | Path) -> int:
    """Write a PNG of a map of words; how many of the words have found room to be named beside their dot.

    The first words come first: a later one whose name would cover another name or a dot is a dot alone.
    """
    figure, axes = drawing(width=WIDTH, height=HEIGHT, is_framed=True)
    axes.margins(MARGIN)
    axes.plot(found.points[:, 0], found.points[:, 1], linestyle="none", marker="o", markersize=3, color="0.4")
    axes.set_xlabel(found.axes[0])
    axes.set_ylabel(found.axes[1])
    axes.tick_params(labelsize=POINTS)
    with boxes_for_missing_letters():
        named = name_points(axes, list(map(visible, found.words)), found.points)
    write_picture(figure, path)
    return named


def name_points(axes: "Axes", names: Sequence[str], points: NDArray[np.float64]) -> int:
    """Write a name beside each point where there is room; how many there are."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.canvas.draw()  # the limits are chosen now
    frame = np.array(axes.get_window_extent().extents)
    radius = DOT * figure.dpi / 72
    centers = axes.transData.transform(points)
    taken: Boxes = np.hstack([centers - radius, centers + radius])
    named, families = 0, families_with(names)  # which are measured as they will be drawn
    for place, (name, point) in enumerate(zip(names, points, strict=True)):
        for right, up, horizontal, vertical in SIDES:
            text = axes.annotate(
                name,
                (float(point[0]), float(point[1])),
                xytext=(GAP * right, GAP * up),
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=POINTS,
                fontfamily=families,
                parse_math=False,
            )
            box = np.array(text.get_window_extent().extents)
            if is_within(box, frame) and not overlaps(box, np.delete(taken, place, axis=0)):
                taken = np.vstack([taken, box])
                named += 1
                break
            text.remove()
    return named


def is_within(box: Boxes, frame: Boxes) -> bool:
    """Whether a box lies in a frame."""
    return bool((box[:2] >= frame[:2]).all() and (box[2:] <= frame[2:]).all())


def overlaps(box: Boxes, others: Boxes) -> bool:
    """Whether a box covers a part of any other."""
    return bool(((box[:2] < others[:, 2:]) & (box[2:] > others[:, :2])).all(axis=1).any())
