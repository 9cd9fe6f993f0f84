"""The records of a file, measured in one pass: 32 bytes are kept for each, and counts of what differs."""

import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from textrnn.text.doctor.suspects import suspects
from textrnn.text.records import Ledger, Record, format_of, read_records

CHUNKS = re.compile(r"[\S\x1c-\x1f]+").findall  # what stands between white space, as the level `word` cuts it


@dataclass(frozen=True)
class Reading:
    """How the records of files are read; see `read_records`."""

    format: str = "auto"
    column: str | None = None
    encoding: str = "utf-8"

    def format_of(self, source: str) -> str:
        """The format of a file."""
        return format_of(source) if self.format == "auto" else self.format

    def records(self, source: str, ledger: Ledger) -> Iterator[Record]:
        """The records of a file."""
        return read_records(source, format=self.format, column=self.column, encoding=self.encoding, ledger=ledger)


@dataclass
class Symbols:
    """What a text is made of, counted."""

    characters: Counter[str] = field(default_factory=Counter)
    chunks: Counter[str] = field(default_factory=Counter)  # between white space

    def add(self, text: str) -> None:
        self.characters.update(text)
        self.chunks.update(CHUNKS(text))

    def add_all(self, other: "Symbols") -> None:
        """Count what another text is made of too."""
        self.characters.update(other.characters)
        self.chunks.update(other.chunks)

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
    line_ends: int = 0  # counted among the characters

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

    def add_line_ends(self, count: int) -> None:
        """Count the ends of records that are lines; those of any other format end with no character."""
        self.line_ends += count
        if count:
            self.symbols.characters["\n"] += count

    def __len__(self) -> int:
        return len(self.lines)


BLANK = hash("")  # of every blank record, folded


def folded(text: str) -> str:
    """A text without its case, and one space for any white space."""
    return " ".join(text.casefold().split())


def measure_records(source: str, reading: Reading, ledger: Ledger) -> Measures:
    """Read a file's records once."""
    measures = Measures()
    for record in reading.records(source, ledger):
        measures.add(record.line, record.text)
    return measures


def texts_at(source: str, reading: Reading, indices: Collection[int]) -> dict[int, str]:
    """The records of these indices."""
    records = islice(reading.records(source, Ledger(source)), max(indices, default=-1) + 1)
    return {index: record.text for index, record in enumerate(records) if index in indices}


def symbols_from(source: str, reading: Reading, begin: int) -> Symbols:
    """What the records from an index on are made of."""
    symbols = Symbols()
    for record in islice(reading.records(source, Ledger(source)), begin, None):
        symbols.add(record.text)
    return symbols


def as_array(values: "array[int]") -> NDArray[np.int64]:
    """The numbers, without a copy."""
    return np.frombuffer(values, np.int64) if values else np.zeros(0, np.int64)
