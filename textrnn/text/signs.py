"""Symbols as people are shown them: what would not be seen has a sign."""

NEWLINE = "\u21b5"  # a return sign
SIGNS = {" ": "\u2423", "\n": NEWLINE, "\t": "\u21e5"}  # an open box and a tab sign


def visible(token: str) -> str:
    """A symbol with a sign or an escape for each character that would not be seen."""
    return printable("".join(SIGNS.get(mark, mark) for mark in token))


def printable(text: str, *, keep: str = "") -> str:
    """The text with an escape for each character that a terminal would obey rather than show, but those to keep."""
    return "".join(
        mark if mark.isprintable() or mark in keep else mark.encode("unicode_escape").decode() for mark in text
    )
