"""What can be counted or seen at each character of a text: what a unit of a network may have learnt to follow."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

OPENING, CLOSING = "([{", ")]}"
QUOTES = {"“": 1, "«": 1, "„": 1, "”": 0, "»": 0}  # those that tell whether they open; " opens and closes in turn
SENTENCE_ENDS = ".!?"


@dataclass(frozen=True)
class Property:
    """A number for each character, as it is once that character is read. says: what it is, for people."""

    says: str
    numbers: Callable[[str], Iterator[int]]


def line_position(text: str) -> Iterator[int]:
    """1, 2, 3 … from the beginning of each line, its newline too."""
    place = 0
    for mark in text:
        place += 1
        yield place
        place = 0 if mark == "\n" else place


def word_position(text: str) -> Iterator[int]:
    """1, 2, 3 … from the first letter of each word, 0 between words."""
    place = 0
    for mark in text:
        place = 0 if mark.isspace() else place + 1
        yield place


def sentence_position(text: str) -> Iterator[int]:
    """1, 2, 3 … from what follows the end of a sentence, or an empty line."""
    place, before = 0, ""
    for mark in text:
        place += 1
        yield place
        place = 0 if mark in SENTENCE_ENDS or mark == before == "\n" else place
        before = mark


def in_quotes(text: str) -> Iterator[int]:
    """1 from a quotation mark that opens up to the one that closes; an empty line closes too."""
    inside, before = 0, ""
    for mark in text:
        if mark == '"':
            inside = 1 - inside
        elif mark == before == "\n":
            inside = 0
        else:
            inside = QUOTES.get(mark, inside)
        yield inside
        before = mark


def bracket_depth(text: str) -> Iterator[int]:
    """How many brackets are open."""
    depth = 0
    for mark in text:
        depth = max(0, depth + (mark in OPENING) - (mark in CLOSING))
        yield depth


def word_ends(text: str) -> Iterator[int]:
    """1 at the last character of each word."""
    ends = {match.end() - 1 for match in re.finditer(r"\S+", text)}
    return (int(place in ends) for place in range(len(text)))


PROPERTIES = {
    "line-position": Property("characters since the beginning of the line", line_position),
    "word-position": Property("characters since the beginning of the word, 0 between words", word_position),
    "sentence-position": Property("characters since the beginning of the sentence", sentence_position),
    "in-quotes": Property("1 within quotation marks", in_quotes),
    "in-brackets": Property("how many brackets are open", bracket_depth),
    "capital": Property("1 at a capital letter", lambda text: (int(mark.isupper()) for mark in text)),
    "digit": Property("1 at a digit", lambda text: (int(mark.isdigit()) for mark in text)),
    "space": Property("1 at white space", lambda text: (int(mark.isspace()) for mark in text)),
    "word-end": Property("1 at the last character of a word, before what follows is read", word_ends),
}
