"""A picture of what symbols are drawn from."""

from collections.abc import Sequence
from pathlib import Path

from textrnn.pictures.drawing import POINTS, panels, write_picture
from textrnn.tasks.chances import Chances
from textrnn.text.signs import visible

ROW, WIDTH = 0.24, 1.7  # inches: of a symbol, of a panel


def chances_picture(chances: Chances, names: Sequence[str], path: str | Path) -> None:
    """Write a PNG: a panel for each way to draw, in it a bar for each symbol, the likeliest above."""
    rows = len(chances.tokens)
    figure, axes = panels(len(names), width=WIDTH, height=max(1.0, ROW * rows))
    for axis, name, shares, choices in zip(axes, names, chances.shares, chances.choices, strict=True):
        axis.barh(range(rows), shares, color="0.6", edgecolor="black", height=0.7)
        for place, share in enumerate(shares.tolist()):
            text = "<.01" if 0 < share < 0.005 else f"{share:.2f}".removeprefix("0") if share else ""
            axis.text(share + 0.02, place, text, va="center", fontsize=POINTS)
        axis.set_ylim(rows - 0.5, -0.5)
        axis.set_xlim(0, 1.22)
        axis.set_xticks([0, 0.5, 1])
        axis.set_title(f"{name}\n{choices:,.1f} equal choices", fontsize=POINTS)
        axis.set_xlabel("probability")
    axes[0].set_yticks(range(rows), map(visible, chances.tokens), fontsize=POINTS, parse_math=False)
    axes[0].set_ylabel("next symbol")
    write_picture(figure, path)
