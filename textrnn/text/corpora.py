"""Corpora: the texts of files, folders, patterns and sets of the `datasets` library, in pieces that fit in memory."""

import glob
import logging
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from textrnn.config import Unit
from textrnn.errors import DataError, UsageError
from textrnn.extras import require
from textrnn.text.formats import Row
from textrnn.text.records import (
    STANDARD_INPUT,
    Ledger,
    column_of_text,
    format_of,
    read_blocks,
    read_records,
    text_in,
)

DATASETS = "datasets:"  # what a source of that library begins with
PLAIN = (".txt", ".text", ".md")
ENDINGS = (*PLAIN, ".tsv", ".csv", ".jsonl", ".parquet", ".fasttext", ".pairs")  # in a folder, also with .gz
BUILDERS = {".txt": "text", ".json": "json", ".jsonl": "json", ".csv": "csv", ".parquet": "parquet", ".arrow": "arrow"}
PIECE = 1_002_000  # characters; a multiple of every n of n-grams


@dataclass(frozen=True)
class Piece:
    """A stretch of a text, cut where both sides are encoded as well alone. begins, ends: whether the text does."""

    text: str
    begins: bool = True
    ends: bool = True


class Sources:
    """Files, folders, patterns such as "books/*.txt", "-" or "datasets:ID[:SUBSET][@SPLIT]", to be read repeatedly."""

    def __init__(self, sources: Sequence[str | Path], *, strict: bool) -> None:
        self.sources, self.strict = expanded(list(map(str, sources))), strict
        self._readings: dict[str, list[Ledger]] = {}  # of each source
        self._standard_input = copied_input() if STANDARD_INPUT in self.sources else None

    def new_ledger(self, source: str) -> Ledger:
        """What another reading of a source counts its repairs in."""
        ledger = Ledger(source, strict=self.strict)
        self._readings.setdefault(source, []).append(ledger)
        return ledger

    def path_of(self, source: str) -> str:
        """The file that holds what a source says, each time it is read."""
        return self._standard_input.name if self._standard_input and source == STANDARD_INPUT else source

    @property
    def ledgers(self) -> dict[str, Ledger]:
        """What had to be repaired in each source, by the reading that went farthest: another may have stopped early."""
        return {source: max(ledgers, key=attrgetter("bytes_read")) for source, ledgers in self._readings.items()}

    @property
    def files(self) -> list[str]:
        """The sources that are files on this machine."""
        return [source for source in self.sources if source != STANDARD_INPUT and not source.startswith(DATASETS)]


class Texts(Sources):
    """The texts of sources, one after another, in pieces; every iteration reads them again, from the beginning.

    unit: whether a plain file is one text or each line of it; a row of any other format is a text. boundary: where a
    text may be cut. column: of the text, in tables alone. streaming: sets of the `datasets` library are read as they
    arrive, without a copy on the disk.
    """

    def __init__(
        self,
        sources: Sequence[str | Path],
        *,
        unit: Unit,
        boundary: re.Pattern[str],
        format: str = "auto",
        column: str | None = None,
        encoding: str = "utf-8",
        streaming: bool = False,
        strict: bool = False,
    ) -> None:
        super().__init__(sources, strict=strict)
        self.unit, self.boundary, self.format, self.column = unit, boundary, format, column
        self.encoding, self.streaming = encoding, streaming

    def __iter__(self) -> Iterator[Piece]:
        for source in self.sources:
            yield from self._pieces(source)

    def _pieces(self, source: str) -> Iterator[Piece]:
        ledger = self.new_ledger(source)
        if source.startswith(DATASETS):
            for text in dataset_texts(source, column=self.column, streaming=self.streaming, ledger=ledger):
                yield Piece(text)
            return
        path = self.path_of(source)
        format = format_of(source) if self.format == "auto" else self.format
        if format == "text" and self.unit == "text":
            yield from in_pieces(read_blocks(path, encoding=self.encoding, ledger=ledger), self.boundary)
            return
        column = None if format == "text" else self.column
        records = read_records(path, format=format, column=column, encoding=self.encoding, ledger=ledger)
        for record in records:
            yield Piece(record.text)


@dataclass(frozen=True)
class Section:
    """Texts from one place to another, in characters, or in texts where each is a line or a record of its own.

    A text that reaches across either place is cut there, and its pieces are counted from there.
    """

    texts: "Texts | Section"
    unit: Unit
    begin: int = 0
    end: int | None = None

    @property
    def boundary(self) -> re.Pattern[str]:
        """Where a text may be cut into pieces."""
        return self.texts.boundary

    def __iter__(self) -> Iterator[Piece]:
        if self.unit == "line":
            yield from islice(self.texts, self.begin, self.end)
            return
        for _, parts in groupby(self._parts(), key=itemgetter(0)):
            yield from in_pieces((part for _, part in parts), self.boundary)

    def _parts(self) -> Iterator[tuple[int, str]]:
        """What lies within, each with the number of its text."""
        place = number = 0
        for piece in self.texts:
            if self.end is not None and place >= self.end:
                return
            number += piece.begins
            if place < self.begin and not piece.text:
                continue
            first, last = max(0, self.begin - place), None if self.end is None else self.end - place
            place += len(piece.text)
            part = piece.text[first:last]
            if part or not piece.text:
                yield number, part


@dataclass(frozen=True)
class Strings:
    """The text of each piece; may be read more than once."""

    pieces: Iterable[Piece]

    def __iter__(self) -> Iterator[str]:
        return (piece.text for piece in self.pieces)


def expanded(sources: Sequence[str]) -> list[str]:
    """The sources with the files of each folder and of each pattern in their place, in the order of their names."""
    found: list[str] = []
    for source in sources:
        if source == STANDARD_INPUT or source.startswith(DATASETS) or os.path.isfile(source):
            found.append(source)
        elif os.path.isdir(source):
            found += files_of(source)
        elif glob.has_magic(source):
            matches = sorted(match for match in glob.glob(source, recursive=True) if os.path.isfile(match))
            if not matches:
                raise DataError(f"no file fits the pattern {source}")
            found += matches
        else:
            found.append(source)  # the reader says what is wrong with it
    return found


def files_of(folder: str) -> list[str]:
    """The files of text and of records in a folder and below, hidden ones left out."""
    paths = [path for path in Path(folder).rglob("*") if path.is_file()]
    seen = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    found = [path for path in seen if path.name.removesuffix(".gz").endswith(ENDINGS)]
    if not found:
        raise DataError(f"there is no file of text in the folder {folder}: names end in {', '.join(ENDINGS)}")
    return sorted(map(str, found))


def in_pieces(blocks: Iterator[str], boundary: re.Pattern[str]) -> Iterator[Piece]:
    """The pieces of one text that arrives in blocks, at least one."""
    held, begins = "", True
    for block in blocks:
        held += block
        while len(held) > PIECE and (found := boundary.search(held, PIECE)) and found.start() < len(held):
            yield Piece(held[: found.start()], begins=begins, ends=False)
            held, begins = held[found.start() :], False
    if held or begins:
        yield Piece(held, begins=begins)


def copied_input() -> Any:
    """Standard input as a file that can be read again; it goes when the program ends."""
    try:
        file = tempfile.NamedTemporaryFile(prefix="textrnn-")  # noqa: SIM115 - as long as whoever holds it
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
    except OSError as error:
        folder = tempfile.gettempdir()
        raise DataError(f"standard input cannot be kept in {folder} (TMPDIR): {error.strerror or error}") from None
    return file


def dataset_texts(source: str, *, column: str | None, streaming: bool, ledger: Ledger) -> Iterator[str]:
    """The texts of a set of the `datasets` library."""
    chosen: str | None = None
    for number, row in dataset_rows(source, streaming=streaming):
        chosen = column_of_text(list(row), column) if chosen is None else chosen
        yield text_in(row, chosen, line=number, ledger=ledger)


def dataset_rows(source: str, *, streaming: bool) -> Iterator[Row]:
    """The rows of a set of the `datasets` library: "datasets:ID[:SUBSET][@SPLIT]", ID a hub's name or a local path.

    A row's number stands for its line, the name of a class for its number.
    """
    require("train", source)
    import datasets

    location, _, split = source.removeprefix(DATASETS).partition("@")
    name, _, subset = location.partition(":")
    if not name:
        raise UsageError(f"{source!r} names no set: datasets:ID[:SUBSET][@SPLIT]")
    datasets.disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its retries; what fails for good is raised
    try:
        if os.path.isfile(name):
            ending = Path(name.removesuffix(".gz")).suffix
            rows = datasets.load_dataset(
                BUILDERS.get(ending, "text"), data_files=name, split=split or "train", streaming=streaming
            )
        else:
            rows = datasets.load_dataset(name, subset or None, split=split or "train", streaming=streaming)
        columns = (rows.features or {}).items()
        classes = {column: kind.names for column, kind in columns if isinstance(kind, datasets.ClassLabel)}
        for number, row in enumerate(rows, start=1):
            yield number, row | {column: class_name(row[column], names) for column, names in classes.items()}
    except Exception as error:  # the library raises many kinds, for an absent set, split, subset, network
        raise DataError(f"{source} cannot be read: {' '.join(str(error).split())[:300]}") from None


def class_name(number: int | None, names: Sequence[str]) -> str | None:
    """The name of a class; None where a row has none, which sets without labels write as -1."""
    return None if number is None or number < 0 else names[number]
