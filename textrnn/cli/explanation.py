"""Explained predictions on a terminal: each word coloured by what it changes, and the course of the probability."""

from typing import IO

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from textrnn.cli.alignment import shortened
from textrnn.cli.heat import console
from textrnn.tasks.explaining import ExplainedWord, Explanation
from textrnn.text.signs import printable

# Changes of a probability from which on a colour is used: where it rises and where it falls.
COLOURS = (
    (0.3, "bold reverse cyan", "bold reverse dark_orange"),
    (0.1, "bold cyan", "bold dark_orange"),
    (0.02, "cyan", "dark_orange"),
)
BAR = 40  # columns of the longest bar
ROWS = 30  # of the table: the words that change most


def print_legend(file: IO[str]) -> None:
    """What the colours mean."""
    text = Text("change of the label's probability: ")
    for least, rising, falling in reversed(COLOURS):
        text.append(f"+{least:g}", style=rising).append(" ").append(f"-{least:g}", style=falling).append(" ")
    console(file).print(text)


def print_explanation(explanation: Explanation, file: IO[str]) -> None:
    """A text in colours under its label, and a table of its words."""
    printer = console(file)
    printer.print()
    printer.print(heading(explanation), style="bold")
    printer.print(coloured(explanation))
    if explanation.words:
        printer.print(course(explanation))


def print_attention(explanation: Explanation, file: IO[str]) -> None:
    """A text under its label, a line for each of its words: its weight, and a bar against the heaviest."""
    printer = console(file)
    printer.print()
    printer.print(heading(explanation), style="bold")
    most = max((word.attention or 0.0 for word in explanation.words), default=0.0) or 1.0
    words = [shortened(printable(word.token)) for word in explanation.words]
    margin = max(map(cell_len, words), default=0) + 1
    for name, word in zip(words, explanation.words, strict=True):
        bar = "█" * round(BAR * (word.attention or 0.0) / most)
        printer.print(Text(f"{name}{' ' * (margin - cell_len(name))}{number(word.attention)} {bar}"))


def heading(explanation: Explanation) -> Text:
    """The label and its probability."""
    prediction = explanation.prediction
    if prediction.probability is None:
        return Text("no label: the text has no symbol")
    abstains = " (abstained)" if prediction.label is None else ""
    return Text(printable(f"{explanation.label} {prediction.probability:.3f}{abstains}"))


def coloured(explanation: Explanation) -> Text:
    """The text, each word in the colour of its change."""
    whole, text, behind = explanation.prediction.text, Text(), 0
    for word in explanation.words:
        text.append(printable(whole[behind : word.begin], keep="\n\t"))
        text.append(printable(whole[word.begin : word.end], keep="\n\t"), style=colour(word.change))
        behind = word.end
    return text.append(printable(whole[behind:], keep="\n\t"))


def colour(change: float) -> str:
    """The style of a word."""
    for least, rising, falling in COLOURS:
        if abs(change) >= least:
            return rising if change > 0 else falling
    return ""


def course(explanation: Explanation) -> Table:
    """The probability of the text's label after each word; of a long text after those that change most."""
    words = explanation.words
    kept = sorted(words, key=lambda word: abs(word.change), reverse=True)[:ROWS]
    says = f"the {ROWS} words of {len(words):,} that change most" if len(words) > ROWS else None
    table = Table(caption=says)
    for name in columns(explanation):
        table.add_column(Text(name))
    for word in sorted(kept, key=lambda word: word.begin):
        table.add_row(*map(Text, cells(explanation, word)))
    return table


def columns(explanation: Explanation) -> list[str]:
    """The names of what `cells` gives."""
    has_attention = any(word.attention is not None for word in explanation.words)
    names = ["word", printable(f"{explanation.label}"), "change", "likeliest so far"]
    return [*names, "attention"] if has_attention else names


def cells(explanation: Explanation, word: ExplainedWord) -> list[str]:
    """What there is to say of a word, as text."""
    likeliest = "-" if word.label is None else f"{printable(word.label)} {number(word.probability)}"
    after = number(explanation.probability_after(word))
    found = [printable(word.token), after, f"{word.change:+.3f}", likeliest]
    return found if word.attention is None else [*found, number(word.attention)]


def number(value: float | None) -> str:
    """A probability or weight."""
    return "-" if value is None else f"{value:.3f}"
