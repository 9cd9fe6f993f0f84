"""Pictures of what units do while a text is read."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np

from textrnn.pictures.drawing import POINTS, drawing, write_picture
from textrnn.tasks.courses import States
from textrnn.text.signs import visible

LONGEST = 400  # symbols in a picture
ROW, WIDEST = 0.2, 14.0  # inches: the height of a row, and the width of all symbols at most
NARROWEST, NEEDED = 3.0, 0.13  # inches: the width at least, and what a name of one character takes
LINE = 0.15  # inches between names of several characters, which stand upright


def states_picture(states: States, path: str | Path) -> None:
    """Write a PNG: a row for each value of each unit, a column for each symbol; the larger the value, the darker."""
    kept = states.beginning(LONGEST)
    names, ranges, rows, ends = [], [], [], []
    if states.follows is not None:
        numbers = np.concatenate([text.numbers for text in kept.texts if text.numbers is not None])
        low, high = numbers.min(), numbers.max()
        names, ranges, ends = [states.follows], [f"{low:g} … {high:g}"], [0]
        rows = [(numbers - low) / ((high - low) or 1)]
    for place, found in enumerate(states.units):
        values = list(kept.courses[0][place].values)
        for name in (states.part, *(name for name in values if name != states.part)):
            scale = states.scale(place, name)
            names.append(f"unit {found.unit}  {name}" if name == states.part else name)
            ranges.append(f"{scale.low:.3g} … {scale.high:.3g}")
            rows.append(np.array([scale.height(value) for value in kept.values(place, name).tolist()]))
        ends.append(len(rows) - 1)
    symbols = [piece for text in kept.texts for _, piece in text.pieces()]
    width = min(WIDEST, max(NARROWEST, spacing(symbols) * len(symbols)))
    figure, axes = drawing(width=width, height=ROW * len(rows), is_framed=True)
    axes.imshow(np.stack(rows), cmap="Greys", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(rows)), names, fontsize=POINTS, parse_math=False)
    shown = range(0, len(symbols), ceil(len(symbols) * spacing(symbols) / width))
    labels = [visible(symbols[place]) for place in shown]
    rotation = 0 if max(map(len, labels)) == 1 else 90
    axes.set_xticks(shown, labels, fontsize=POINTS, parse_math=False, rotation=rotation)
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False)
    for end in ends[:-1]:
        axes.axhline(end + 0.5, color="black", linewidth=1)
    for end in np.cumsum([len(text.spans) for text in kept.texts])[:-1]:
        axes.axvline(end - 0.5, color="black", linewidth=1, linestyle="--")
    axes.xaxis.set_label_position("top")
    some = "" if shown.step == 1 else f", one in {shown.step} named"
    axes.set_xlabel(f"symbols{part_of(len(symbols), states.symbols)}{some}, the values after each")
    axes.set_ylabel("units")
    scales = axes.secondary_yaxis("right")
    scales.set_yticks(range(len(rows)), ranges, fontsize=POINTS)
    scales.set_ylabel("white … black")
    write_picture(figure, path)


def spacing(symbols: Sequence[str]) -> float:
    """Inches from one name to the next."""
    return NEEDED if max(map(len, symbols)) == 1 else LINE


def part_of(shown: int, all: int) -> str:
    """Which symbols a picture has, where it has not all."""
    return "" if shown == all else f" 1 to {shown:,} of {all:,}"
