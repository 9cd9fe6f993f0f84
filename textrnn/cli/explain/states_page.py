"""Units of a network as a page: the text shaded by each, and under every symbol a thin row for each of its values."""

from typing import TYPE_CHECKING

from textrnn.cli.page import marked, on_page, shown
from textrnn.tasks.courses import Course, ReadText, Scale, States
from textrnn.text.signs import NEWLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 2000  # symbols on the page: a browser slows down with many more
NOTHING = "·"

STYLE = """.course { font-family: monospace; line-height: 1.3; margin: .5rem 0 1.5rem; white-space: pre-wrap; }
.course span { display: inline-block; vertical-align: top; text-align: center; white-space: pre; min-width: 1ch; }
.course b { display: block; font-weight: normal; border-bottom: 2px solid transparent; }
.course i { display: block; height: .3rem; margin-top: 1px; background: currentColor; opacity: var(--shade); }
.up, .course .up { background: rgb(0 130 200 / var(--shade)); border-bottom: 2px solid; }
.down, .course .down { background: rgb(230 120 0 / var(--shade)); border-bottom: 2px dotted; }
"""
INTRODUCTION = (
    "<p>The network reads the text symbol by symbol. For each unit the text is shaded by the unit's {part} after each "
    'symbol. <span class="up" style="--shade:.4">Underlined</span>: above 0; <span class="down" style="--shade:.4">'
    "dotted</span>: below; the stronger, the further from 0. A thin row under the text stands for each of the other "
    "values, which are named above it: the stronger, the larger, gates from 0 or -1 to 1, parts of the state up to "
    "their largest. A symbol's numbers are shown when the pointer rests on it.</p>\n"
)
FAINTEST = 0.06  # of a thin row, which is seen where its value is 0 too
NOTICED = 0.1  # the share of a unit's largest value from which on a symbol is underlined


def write_page(states: States, file: str) -> None:
    """Write the units over the beginning of the texts to a page."""
    kept = states.beginning(LONGEST)
    introduction = INTRODUCTION.format(part=shown(states.part))
    if kept.symbols < states.symbols:
        introduction += f"<p>Here are the first {kept.symbols:,} of {states.symbols:,} symbols.</p>\n"
    results = ((None, number) for number in range(len(kept.texts)))
    for _ in on_page(
        results,
        file,
        lambda number: section(states, kept, number),
        title="States of units",
        style=STYLE,
        introduction=introduction,
    ):
        pass


def section(states: States, kept: States, number: int) -> str:
    """One text, once for each unit."""
    parts, which = [], f"text {number + 1}, " if len(kept.texts) > 1 else ""
    for place, course in enumerate(kept.courses[number]):
        scales = {name: states.scale(place, name) for name in course.values}
        others = [name for name in course.values if name != states.part]
        parts.append(f"<h2>{which}{shown(heading(states, place))}</h2>")
        parts += [f"<div>{shown(', '.join(others))}</div>"] if others else []
        columns = symbols(kept.texts[number], course, scales, states.part)
        parts.append(f'<div class="course" dir="auto">{"".join(columns)}</div>')
    return "\n".join(parts) + "\n"


def heading(states: States, place: int) -> str:
    """A unit, from where to where its values go, and how well they follow the property."""
    line, found = states.heading(place), states.units[place]
    if found.first is None or found.second is None:
        return line
    return f"{line}; {states.follows} r = {found.second:+.3f} (first half, by which it was chosen: {found.first:+.3f})"


def symbols(text: ReadText, course: Course, scales: dict[str, Scale], part: str) -> "Iterator[str]":
    """Each symbol as a column: itself, shaded, and a bar for each of the other values."""
    rows = [values.tolist() for values in course.values.values()]
    for (gap, piece), values in zip(text.pieces(), zip(*rows, strict=True), strict=True):
        named = dict(zip(course.values, values, strict=True))
        numbers = "; ".join(f"{name} {value:.3f}" for name, value in named.items())
        share = scales[part].share(named[part])
        name = "" if abs(share) < NOTICED else "up" if share > 0 else "down"
        mark = marked("b", visible(piece), name=name, share=abs(share), numbers=numbers)
        heights = (scales[other].height(value) for other, value in named.items() if other != part)
        bars = "".join(f'<i style="--shade:{max(height, FAINTEST):.2f}"></i>' for height in heights)
        yield f"{shown(gap)}<span>{mark}{bars}</span>"
        if "\n" in piece:
            yield "\n"


def visible(piece: str) -> str:
    """A symbol on one line."""
    return piece.replace("\n", NEWLINE) or NOTHING
