"""Pictures of a cell: one step as a graph of operations, and several steps side by side, the unfolded network."""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from math import inf
from pathlib import Path
from random import Random
from statistics import mean
from typing import TYPE_CHECKING

from textrnn.cells.cell import Cell
from textrnn.cells.equations import Node
from textrnn.cells.written import named
from textrnn.pictures.drawing import POINTS, drawing, frame, write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    Ends = tuple[Text | None, Text | None]

Place = tuple[float, float]  # from the left and from below
Bend = tuple[Node, "Node | str", int]  # where the line from a node to another passes a column
Point = Node | Bend | str  # a name: of what is handed on, at the right edge

SIGNS = {
    "add": "+",
    "subtract": "−",
    "multiply": "×",
    "sigmoid": "\N{GREEK SMALL LETTER SIGMA}",
    "tanh": "tanh",
    "relu": "relu",
}
NO_NAME = re.compile(r"[^A-Za-z0-9-]")
ROUND = ("add", "subtract", "multiply")
COLUMN, ROW = 1.5, 0.6  # inches between two nodes of the graph
WIDTH, EDGE = 0.9, 1.2  # points: of a line, and of the edge of a cell
SWEEPS, BEGINNINGS = 12, 30  # of moving each point to the height of those that it is joined to
STEP, BOX, READ, LINE = 1.9, 1.0, 0.75, 0.5  # inches: to the next step, a cell's width, to what it reads, of its lines


def step_picture(cell: Cell, path: str | Path) -> None:
    """Write a PNG of one step: what it is given on the left, what it hands on at the right."""
    order, (ways, columns) = cell.equations.order, lines_of(cell)
    places = laid_out(ways, columns)
    right, top = (max(place[axis] for place in places.values()) for axis in (0, 1))
    figure, axes = drawing(width=COLUMN * (right + 0.6), height=ROW * (top + 1))
    empty(axes, width=COLUMN * (right + 0.6), height=ROW * (top + 1))
    inches = {point: (COLUMN * (column + 0.5), ROW * (row + 0.5)) for point, (column, row) in places.items()}
    boxes = {node: box(axes, inches[node], label_of(cell, node), is_round=node.operation in ROUND) for node in order}
    for way in ways:
        *before, last = (inches[point] for point in way)
        axes.plot(*zip(*before, strict=True), color="black", linewidth=WIDTH, zorder=0)
        first = boxes[way[0]] if len(way) == 2 and isinstance(way[0], Node) else None
        arrow(axes, before[-1], last, between=(first, boxes[way[-1]] if isinstance(way[-1], Node) else None))
        if isinstance(way[-1], str):
            axes.text(*last, f" {at(way[-1], 't')}", ha="left", va="center", fontsize=POINTS)
    for name, node in named(cell).items():
        if node not in cell.equations.after.values():
            column, row = inches[node]
            axes.text(column, row + 0.16, at(name, "t"), ha="center", va="bottom", fontsize=POINTS)
    write_picture(figure, path)


def unfolded_picture(cell: Cell, steps: int, path: str | Path) -> None:
    """Write a PNG of steps side by side: each box is the same cell with the same weights."""
    lines, height = len(cell.state), LINE * (len(cell.state) + 1)
    figure, axes = drawing(width=STEP * (steps + 1), height=height + 2 * READ)
    empty(axes, width=STEP * (steps + 1), height=height + 2 * READ)
    rows = [READ + LINE * (lines - place) for place in range(lines)]
    for step in range(1, steps + 1):
        middle, (left, right) = STEP * step, (STEP * step - BOX / 2, STEP * step + BOX / 2)
        frame(axes, (left, READ), width=BOX, height=height, points=EDGE)
        axes.text(middle, READ + height / 2, f"{cell.name}\nW, U, b", ha="center", va="center", fontsize=POINTS)
        axes.text(middle, READ - 0.5, at("x", step), ha="center", va="top", fontsize=POINTS)
        arrow(axes, (middle, READ - 0.48), (middle, READ))
        arrow(axes, (middle, READ + height), (middle, READ + height + 0.48))
        axes.text(middle, READ + height + 0.5, at(cell.state[0], step), ha="center", va="bottom", fontsize=POINTS)
        for part, row in zip(cell.state, rows, strict=True):
            arrow(axes, (right - STEP, row), (left, row))
            between = (right - STEP + left) / 2
            axes.text(between, row + 0.05, at(part, step - 1), ha="center", va="bottom", fontsize=POINTS)
    for part, row in zip(cell.state, rows, strict=True):
        begin = STEP * steps + BOX / 2
        arrow(axes, (begin, row), (begin + STEP - BOX, row))
        axes.text(begin + (STEP - BOX) / 2, row + 0.05, at(part, steps), ha="center", va="bottom", fontsize=POINTS)
    write_picture(figure, path)


def lines_of(cell: Cell) -> tuple[list[list[Point]], dict[Point, int]]:
    """Every line from one node to another or to the right edge, with its bends; and the column of each point."""
    order = cell.equations.order
    columns: dict[Point, int] = {}
    for node in order:
        columns[node] = 1 + max((columns[operand] for operand in node.operands), default=-1)
    for node in order:
        if not node.operands:
            columns[node] = min(columns[reader] for reader in order if node in reader.operands) - 1
    edge = max(columns.values()) + 1
    ends: list[tuple[Node, Node | str, int]] = [
        (operand, node, columns[node]) for node in order for operand in dict.fromkeys(node.operands)
    ]
    ends += [(node, part, edge) for part, node in cell.equations.after.items()]
    ways: list[list[Point]] = []
    for begin, end, last in ends:
        way: list[Point] = [begin, *((begin, end, column) for column in range(columns[begin] + 1, last)), end]
        columns |= dict(zip(way, range(columns[begin], last + 1), strict=True))
        ways.append(way)
    return ways, columns


def laid_out(ways: Sequence[Sequence[Point]], columns: Mapping[Point, int]) -> dict[Point, Place]:
    """A row for each point, and its column, so that few lines cross.

    After Sugiyama et al. (1981): columns by what depends on what, rows by the mean of the neighbours, again and again;
    of several beginnings the one with the fewest crossings and the shortest lines.
    """
    pairs = list(dict.fromkeys(pair for way in ways for pair in pairwise(way)))
    joined: dict[Point, list[Point]] = {}
    for one, other in pairs:
        joined.setdefault(one, []).append(other)
        joined.setdefault(other, []).append(one)
    within = {column: [point for point in joined if columns[point] == column] for column in set(columns.values())}

    def rows_from(beginning: int) -> dict[Point, float]:
        random, rows = Random(beginning), dict[Point, float]()
        for points in within.values():
            rows |= zip(random.sample(points, len(points)), map(float, range(len(points))), strict=True)
        for sweep in range(SWEEPS):
            for column in sorted(within, reverse=bool(sweep % 2)):
                rows |= spread({point: mean(rows[other] for other in joined[point]) for point in within[column]})
        return rows

    def cost(rows: dict[Point, float]) -> tuple[int, float]:
        lines = [(columns[one], rows[one], rows[other]) for one, other in pairs]
        crossed = sum(
            column == other and (begin - first) * (end - last) < 0
            for (column, begin, end), (other, first, last) in combinations(lines, 2)
        )
        return crossed, sum(abs(begin - end) for _, begin, end in lines)

    rows = min(map(rows_from, range(BEGINNINGS)), key=cost)
    lowest = min(rows.values())
    return {point: (columns[point], rows[point] - lowest) for point in joined}


def spread(wanted: Mapping[Point, float]) -> dict[Point, float]:
    """Rows for what stands in a column, at least 1 apart and about where they are wanted."""
    rows: dict[Point, float] = {}
    least = -inf
    for point in sorted(wanted, key=lambda point: wanted[point]):
        rows[point] = max(wanted[point], least)
        least = rows[point] + 1
    shift = mean(rows.values()) - mean(wanted.values())
    return {point: row - shift for point, row in rows.items()}


def label_of(cell: Cell, node: Node) -> str:
    """What stands in the box of a node."""
    if node.operation == "number":
        return f"{node.value:g}"
    weight, bias = at("U", node.name), f" + {at('c', node.name)}" if node.name in cell.second_biases else ""
    if node.operation == "product":
        return f"{weight} ·{bias}"
    read, last = f"{at('W', node.name)} {at('x', 't')}", f"{weight} {at(cell.state[0], 't-1')}"
    return {
        None: SIGNS.get(node.operation, ""),
        "before": at(node.name, "t-1"),
        "peephole": at("p", node.name),
        "x": f"{read} + {at('b', node.name)}",
        "u": f"{last}{bias}",
        "sum": f"{read} + {last}\n+ {at('b', node.name)}",
    }[node.source]


def at(name: str, index: str | int) -> str:
    """A name with an index below it; of letters, digits and the like alone, which mathtext takes."""
    name, index = (NO_NAME.sub(" ", str(part)) for part in (name, index))
    return f"{name}$_{{\\mathrm{{{index.replace(' ', '~')}}}}}$"


def empty(axes: "Axes", *, width: float, height: float) -> None:
    """Axes in inches, without lines."""
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()


def arrow(axes: "Axes", begin: Place, end: Place, *, between: "Ends" = (None, None)) -> None:
    """An arrow; between: from the frame of one text to that of another, where there are such."""
    first, last = (text and text.get_bbox_patch() for text in between)
    style = {"arrowstyle": "-|>", "linewidth": WIDTH, "color": "black", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, begin, arrowprops={**style, "patchA": first, "patchB": last})


def box(axes: "Axes", place: Place, label: str, *, is_round: bool) -> "Text":
    """A label in a frame, round for an operation of two values."""
    style = {"boxstyle": "circle,pad=0.2" if is_round else "square,pad=0.3", "facecolor": "white", "linewidth": WIDTH}
    return axes.text(*place, label, ha="center", va="center", fontsize=POINTS, bbox=style)
