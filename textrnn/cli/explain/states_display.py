"""Units of a network on a terminal: the text in the colours of each, and under a short one the course of its gates."""

from collections.abc import Iterator, Mapping
from typing import IO

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from textrnn.cli.heat import console
from textrnn.engines.engine import Floats
from textrnn.tasks.courses import Course, ReadText, Scale, States
from textrnn.text.signs import NEWLINE, printable

# Shares of a unit's largest value from which on a colour is used: above 0 bold, below 0 underlined.
COLOURS = ((0.6, "bold reverse cyan", "underline reverse dark_orange"), (0.2, "bold cyan", "underline dark_orange"))
LEVELS = "▁▂▃▄▅▆▇█"
LONGEST, WITH_COURSES = 1000, 300  # symbols that are shown, and up to which each value has a line of its own
NOTHING = "·"


def print_states(states: States, file: IO[str]) -> None:
    """The texts in the colours of each unit, and a table of the units."""
    printer, shown = console(file), states.beginning(LONGEST)
    printer.print(legend(states))
    has_courses = shown.symbols <= WITH_COURSES
    for number, (text, courses) in enumerate(zip(shown.texts, shown.courses, strict=True), start=1):
        if len(shown.texts) > 1:
            printer.print(f"\ntext {number}", style="bold")
        for place, course in enumerate(courses):
            scales = {name: states.scale(place, name) for name in course.values}
            printer.print(Text(f"\n{heading(states, place)}", style="italic"))
            if has_courses:
                for line in lines(text, course, scales, states.part, width=printer.width):
                    printer.print(line)
            else:
                printer.print(coloured(text, course.values[states.part], scales[states.part]))
    if shown.symbols < states.symbols:
        printer.print(f"\nshown: the first {shown.symbols:,} of {states.symbols:,} symbols", style="italic")
    printer.print()
    printer.print(table(states))


def legend(states: States) -> Text:
    """What the colours mean."""
    text = Text(f"{states.part}, as a share of a unit's largest: ")
    for least, above, below in reversed(COLOURS):
        text.append(f"+{least:g}", style=above).append(" ").append(f"-{least:g}", style=below).append(" ")
    return text


def heading(states: States, place: int) -> str:
    """A unit, from where to where its values go, and how well they follow the property."""
    line, second = states.heading(place), states.units[place].second
    return line if second is None else f"{line}; {states.follows} r = {second:+.2f}"


def coloured(text: ReadText, values: Floats, scale: Scale) -> Text:
    """The text, each symbol in the colour of the value after it."""
    result = Text()
    for (gap, piece), value in zip(text.pieces(), values.tolist(), strict=True):
        result.append(printable(gap, keep="\n\t"))
        result.append(printable(piece, keep="\n\t"), style=colour(scale.share(value)))
    return result


def colour(share: float) -> str:
    """The style of a symbol, from -1 to 1."""
    for least, above, below in COLOURS:
        if abs(share) >= least:
            return above if share > 0 else below
    return ""


def lines(text: ReadText, course: Course, scales: Mapping[str, Scale], part: str, *, width: int) -> Iterator[Text]:
    """The text in lines that fit, under each a line for each value, as high as it is within its scale."""
    margin = max(map(cell_len, course.values)) + 1
    pieces = [(visible(gap), visible(piece) or NOTHING) for gap, piece in text.pieces()]
    for begin, end in fitting([cell_len(gap + piece) for gap, piece in pieces], width - margin):
        line = Text(" " * margin)
        for (gap, piece), value in zip(pieces[begin:end], course.values[part][begin:end].tolist(), strict=True):
            line.append(gap).append(piece, style=colour(scales[part].share(value)))
        yield line
        for name, values in course.values.items():
            bars = (
                " " * cell_len(gap) + level(scales[name].height(value)) * cell_len(piece)
                for (gap, piece), value in zip(pieces[begin:end], values[begin:end].tolist(), strict=True)
            )
            yield Text(f"{name:<{margin}}{''.join(bars)}")


def visible(text: str) -> str:
    """The text on one line."""
    return printable(text.replace("\n", NEWLINE))


def fitting(widths: list[int], most: int) -> Iterator[tuple[int, int]]:
    """Which symbols stand in each line, by their widths: from and to."""
    begin = used = 0
    for place, width in enumerate(widths):
        if used + width > most and place > begin:
            yield begin, place
            begin, used = place, 0
        used += width
    if widths:
        yield begin, len(widths)


def level(height: float) -> str:
    """A bar, of a height from 0 to 1."""
    return LEVELS[min(int(height * len(LEVELS)), len(LEVELS) - 1)]


def table(states: States) -> Table:
    """The units: how they follow the property, where their values lie, and the mean of each gate."""
    gates = [name for name in states.courses[0][0].values if name not in states.carries]
    says = [f"r: of {states.follows}, in the half that chose the unit and in the other"] if states.follows else []
    caption = "; ".join([*says, *(["gates: their means"] if gates else [])])
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    for name in ("unit", *(("r (1st)", "r (2nd)") if states.follows else ()), states.part, *gates):
        result.add_column(Text(name), justify="right", overflow="fold")
    for place, found in enumerate(states.units):
        values = states.values(place, states.part)
        numbers = [f"{r:+.3f}" for r in (found.first, found.second) if r is not None]
        numbers += [f"{values.min():.2f} to {values.max():.2f}"]
        numbers += [f"{states.values(place, gate).mean():.2f}" for gate in gates]
        result.add_row(Text(str(found.unit)), *map(Text, numbers))
    return result
