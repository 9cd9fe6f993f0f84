"""Characters that a text seldom means: what each is, and what to do about it."""

import unicodedata
from dataclasses import dataclass
from functools import cache

ENDS_LINES_ELSEWHERE = frozenset("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")  # for str.splitlines, among others


@dataclass(frozen=True)
class Suspicion:
    """What is the matter with a character."""

    kind: str
    advice: str
    warns: bool = True


CARRIAGE_RETURN = Suspicion("carriage return inside a line", "other programs end the line there: make it a newline")
LINE_SEPARATOR = Suspicion("line separator", "other programs end the line there: make it a newline or a space")
BYTE_ORDER_MARK = Suspicion("byte-order mark inside the text", "left where files were joined: remove it")
REPLACEMENT = Suspicion("replacement character", "stands for bytes that could not be decoded, here or earlier")
NULL = Suspicion("NUL", "every second character of UTF-16 read as something else: try --encoding utf-16")
LATE_CONTROL = Suspicion("control character", "a Windows-1252 text read as Latin-1 has these: try --encoding cp1252")
BY_CATEGORY = {
    "Cc": Suspicion("control character", "remove it"),
    "Cf": Suspicion("invisible character", "two words that look alike differ by it", warns=False),
    "Cn": Suspicion("unassigned code point", "no character at all, or newer than this Python"),
    "Co": Suspicion("private use", "means something in one font only: replace it"),
    "Cs": Suspicion("half a character", "a surrogate without the other: repair the text where it was written"),
}


@cache
def suspicion(character: str) -> Suspicion | None:
    """What is the matter with a character, if anything; tabs and newlines part words and the lines of a record."""
    if character in "\t\n":
        return None
    if character == "\r":
        return CARRIAGE_RETURN
    if character in ENDS_LINES_ELSEWHERE:
        return LINE_SEPARATOR
    if character == "\ufeff":
        return BYTE_ORDER_MARK
    if character == "\ufffd":
        return REPLACEMENT
    if character == "\0":
        return NULL
    if "\x80" <= character <= "\x9f":
        return LATE_CONTROL
    return BY_CATEGORY.get(unicodedata.category(character))


def suspects(text: str) -> set[str]:
    """The characters of a text with which something is the matter."""
    if text.isprintable() and "\ufffd" not in text:  # most texts; no other suspect is printable
        return set()
    return {character for character in set(text) if suspicion(character)}
