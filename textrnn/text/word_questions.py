"""Files that word vectors are measured by: pairs of words that people have rated, and analogies in sections."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from textrnn.errors import DataError
from textrnn.text.records import Ledger, read_records

COMMENT, SECTION = "#", ":"


@dataclass(frozen=True)
class RatedPair:
    """Two words, and how alike people find them."""

    first: str
    second: str
    rating: float


@dataclass(frozen=True)
class Section:
    """Analogies of one kind: a is to b as c is to d."""

    name: str
    questions: list[tuple[str, str, str, str]]


def read_pairs(path: str, *, encoding: str = "utf-8") -> list[RatedPair]:
    """The pairs of a file, such as those of SimLex-999 and WordSim-353: two words and a number, with tabs between.

    Blank lines and those that begin with # are passed over; any other line is DataError.
    """
    pairs = []
    for place, text in lines_of(path, encoding=encoding):
        fields = [field.strip() for field in text.split("\t")]
        if text.startswith(COMMENT):
            continue
        if len(fields) != 3 or not all(fields):
            raise DataError(f"{place}: a line is two words and a number, with tabs between; {len(fields)} fields here")
        pairs.append(RatedPair(fields[0], fields[1], rating(fields[2], place)))
    if not pairs:
        raise DataError(f"{path} has no pairs of words")
    return pairs


def rating(field: str, place: str) -> float:
    """A finite number."""
    try:
        value = float(field)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{place}: {field!r} is not a number; a line of names is marked by a # before it")
    return value


def read_analogies(path: str, *, encoding: str = "utf-8") -> list[Section]:
    """The sections of a file such as questions-words.txt: a line ": name" before its questions, four words each."""
    sections: list[Section] = []
    for place, text in lines_of(path, encoding=encoding):
        if text.startswith(SECTION):
            sections.append(Section(text.removeprefix(SECTION).strip(), []))
            continue
        words = text.split()
        if len(words) != 4:
            raise DataError(f"{place}: a question is four words, and here are {len(words)}")
        if not sections:
            raise DataError(f'{place}: questions stand below the name of their section, a line such as ": family"')
        a, b, c, d = words
        sections[-1].questions.append((a, b, c, d))
    if not any(section.questions for section in sections):
        raise DataError(f"{path} has no questions")
    return [section for section in sections if section.questions]


def lines_of(path: str, *, encoding: str) -> Iterator[tuple[str, str]]:
    """The lines of a file that are not blank, each with its place."""
    ledger = Ledger(path, strict=True)
    for record in read_records(path, format="text", column=None, encoding=encoding, ledger=ledger):
        if record.text.strip():
            yield f"{path}, line {record.line}", record.text
