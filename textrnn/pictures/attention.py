"""Pictures of the attention to the words of one text."""

from collections.abc import Sequence
from pathlib import Path

from textrnn.pictures.drawing import POINTS, SMALL_POINTS, drawing, shortened, write_picture

LINE, BARS = 0.2, 3.0  # inches: of a word and its bar, and the longest bar
ROOM = 1.15  # beyond the longest bar, for its figure


def words_picture(words: Sequence[str], weights: Sequence[float], path: str | Path) -> None:
    """Write a PNG: below one another the words of a text, a bar for the weight of each."""
    figure, axes = drawing(width=BARS, height=LINE * len(words))
    places, most = range(len(words)), max(weights, default=0) or 1.0
    axes.barh(places, weights, color="0.6", edgecolor="black", height=0.7, linewidth=0.6)
    for place, weight in zip(places, weights, strict=True):
        axes.text(weight + 0.01 * most, place, f"{weight:.3f}", va="center", fontsize=SMALL_POINTS)
    axes.set_yticks(places, list(map(shortened, words)), fontsize=POINTS, parse_math=False)
    axes.set_ylim(len(words) - 0.5, -0.5)  # the first word above
    axes.set_xlim(0, ROOM * most)
    axes.set_xlabel("weight (of 1 in all)")
    axes.set_ylabel("words of the text")
    write_picture(figure, path)
