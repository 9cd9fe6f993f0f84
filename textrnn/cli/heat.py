"""Scored text on a terminal, each token coloured by how surprising it is."""

from collections.abc import Iterable
from typing import IO

from rich.console import Console
from rich.text import Text

from textrnn.metrics.tokens import TokenLogprob

# Bits up to which a colour is used; each step is twice the surprise or more.
COLOURS = ((1.0, "default"), (3.0, "green"), (6.0, "yellow"), (10.0, "dark_orange"), (float("inf"), "bold red"))


def heated(rows: Iterable[tuple[str, TokenLogprob]]) -> Text:
    """One text from its pieces and their figures."""
    text = Text()
    for piece, row in rows:
        text.append(piece, style=colour(row.surprisal_bits))
    return text


def colour(bits: float) -> str:
    """The style of a token."""
    return next(style for most, style in COLOURS if bits <= most)


def console(stream: IO[str]) -> Console:
    """A console that keeps lines whole, in a pipe without colours."""
    return Console(file=stream, soft_wrap=True, highlight=False)


def legend() -> Text:
    """What the colours mean."""
    text = Text("bits: ")
    below = 0.0
    for most, style in COLOURS:
        text.append(f"{below:g}+ " if most == float("inf") else f"{below:g}-{most:g} ", style=style)
        below = most
    return text
