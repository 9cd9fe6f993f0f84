"""The records of a file, measured in one pass: 28 bytes are kept for each, and counts of what differs."""

import io
import re
from array import array
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from textrnn.text.doctor.suspects import suspects
from textrnn.text.records import opened

CHUNKS = re.compile(r"[\S\x1c-\x1f]+").findall  # what stands between white space, as the level `word` cuts it


def read_numbered(source: str, *, encoding: str) -> Iterator[tuple[int, str]]:
    """Each record with the number of its line; what cannot be decoded is U+FFFD."""
    with opened(source) as file:
        lines = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="\n")
        for number, line in enumerate(lines, start=1):
            text = line.removeprefix("\ufeff") if number == 1 else line
            if text:
                yield number, text.removesuffix("\r\n").removesuffix("\n")


@dataclass
class Symbols:
    """What a text is made of, counted."""

    characters: Counter[str] = field(default_factory=Counter)
    chunks: Counter[str] = field(default_factory=Counter)  # between white space

    def add(self, text: str) -> None:
        self.characters.update(text)
        self.chunks.update(CHUNKS(text))

    def without(self, part: "Symbols") -> "Symbols":
        """What is left when a part of the text is taken away."""
        return Symbols(self.characters - part.characters, self.chunks - part.chunks)


@dataclass
class Measures:
    """What the records of a file are like; the arrays have an entry for each record."""

    symbols: Symbols = field(default_factory=Symbols)
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    lengths: "array[int]" = field(default_factory=lambda: array("q"))  # characters
    hashes: "array[int]" = field(default_factory=lambda: array("q"))
    folded: "array[int]" = field(default_factory=lambda: array("q"))  # hashes without regard to case and white space
    blank: int = 0
    first_blank: int | None = None
    padded: int = 0  # with white space at an end, blank ones apart
    first_padded: int | None = None
    first_suspect: dict[str, int] = field(default_factory=dict)  # character → line

    def add(self, line: int, text: str) -> None:
        self.symbols.add(text)
        self.lines.append(line)
        self.lengths.append(len(text))
        self.hashes.append(hash(text))
        self.folded.append(hash(folded(text)))
        if not text or text.isspace():
            self.blank += 1
            self.first_blank = self.first_blank or line
        elif text != text.strip():
            self.padded += 1
            self.first_padded = self.first_padded or line
        for character in suspects(text):
            self.first_suspect.setdefault(character, line)

    def __len__(self) -> int:
        return len(self.lines)


BLANK = hash("")  # of every blank record, folded


def folded(text: str) -> str:
    """A text without its case, and one space for any white space."""
    return " ".join(text.casefold().split())


def measure_records(source: str, *, encoding: str) -> Measures:
    """Read a file's records once."""
    measures = Measures()
    for line, text in read_numbered(source, encoding=encoding):
        measures.add(line, text)
    return measures


def look_again(
    source: str, *, encoding: str, wanted: Container[int], begin: int | None
) -> tuple[dict[int, str], Symbols]:
    """The records of these indices, and what those from `begin` on are made of."""
    texts: dict[int, str] = {}
    symbols = Symbols()
    for index, (_, text) in enumerate(read_numbered(source, encoding=encoding)):
        if index in wanted:
            texts[index] = text
        if begin is not None and index >= begin:
            symbols.add(text)
    return texts, symbols


def as_array(values: "array[int]") -> NDArray[np.int64]:
    """The numbers, without a copy."""
    return np.frombuffer(values, np.int64) if values else np.zeros(0, np.int64)
