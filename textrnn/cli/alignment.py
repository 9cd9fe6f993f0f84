"""Attention on a terminal: which words of the source each word of a translation looks at, as a map of shades."""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from textrnn.cli.heat import console
from textrnn.text.signs import printable

if TYPE_CHECKING:
    from textrnn.tasks.alignment import Alignment

SHADES = " ░▒▓█"  # told apart without colours
CELL = 3  # columns of a weight, at least: its shade and one between
LONGEST_WORD = 24  # columns of a word of the translation; of a longer one the beginning stands


def print_alignment(alignment: "Alignment", file: IO[str]) -> None:
    """The map of a translation: a row for each of its words, a column for each word of the source, by number."""
    printer = console(file)
    numbered = (f"{number} {printable(word)}" for number, word in enumerate(alignment.source, start=1))
    printer.print(Text("   ".join(numbered)))
    for line in heat_map(alignment, width=printer.width):
        printer.print(Text(line))


def heat_map(alignment: "Alignment", *, width: int) -> Iterator[str]:
    """The lines of the map; where the source has more words than columns fit, their columns stand below one another."""
    words = [shortened(printable(word)) for word in alignment.target]
    margin = max((cell_len(word) for word in words), default=0) + 1
    cell = max(CELL, len(f"{len(alignment.source)} "))
    fitting = max(1, (width - margin) // cell)
    for begin in range(0, len(alignment.source), fitting):
        numbers = range(begin + 1, min(begin + fitting, len(alignment.source)) + 1)
        yield (" " * margin + "".join(f"{number:<{cell}}" for number in numbers)).rstrip()
        for word, row in zip(words, alignment.weights, strict=True):
            shades = "".join(shade(weight) * (cell - 1) + " " for weight in row[begin : begin + fitting])
            yield (word + " " * (margin - cell_len(word)) + shades).rstrip()


def shade(weight: float) -> str:
    """A character for a weight, the larger the darker."""
    return SHADES[round(weight * (len(SHADES) - 1))]


def shortened(word: str) -> str:
    """A word that fits beside its row."""
    text = Text(word)
    text.truncate(LONGEST_WORD, overflow="ellipsis")
    return text.plain
