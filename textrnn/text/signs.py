"""Symbols as people are shown them: what would not be seen has a sign."""

NEWLINE = "\u21b5"  # a return sign
SIGNS = {" ": "\u2423", "\n": NEWLINE, "\t": "\u21e5"}  # an open box and a tab sign


def visible(token: str) -> str:
    """A symbol with a sign for each character that would not be seen, and the code of what a terminal would obey."""
    return "".join(SIGNS.get(mark) or (mark if mark.isprintable() else f"\\x{ord(mark):02x}") for mark in token)
