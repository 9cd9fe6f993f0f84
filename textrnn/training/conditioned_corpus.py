"""Texts that each begin with a label or with numbers → a corpus: ids, and what each text begins with."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from textrnn.architecture import MOST_UNITS, Condition
from textrnn.data import Data
from textrnn.errors import DataError, UsageError
from textrnn.text.classes import class_names
from textrnn.text.corpora import Sources, Strings, Texts
from textrnn.text.labelled import Labelled, LabelledTexts, condition_in
from textrnn.text.levels import LEVELS
from textrnn.text.numbers import Vectors, numbers_in, read_vectors
from textrnn.text.tokenizer import Tokenizer
from textrnn.training.corpus import (
    Corpus,
    Facts,
    hashes_of,
    hold,
    names_of,
    origin_of,
    repairs_of,
    texts_of,
    vocabulary,
)
from textrnn.training.defaults import LevelSettings
from textrnn.training.holding import Share
from textrnn.training.ids import StoredIds, smallest_type, write_ids
from textrnn.training.labelled_corpus import AsPieces

Given = NDArray[Any]  # what each text begins with: the number of a label (texts,), or numbers (texts, size)


@dataclass(frozen=True)
class Numbered:
    """A text, and its place among the records, from 0."""

    text: str
    place: int


@dataclass(frozen=True)
class NumberedTexts:
    """The texts of sources in turn, as many as there are rows in a file; may be read more than once."""

    texts: Texts
    file: str
    rows: int

    def __iter__(self) -> Iterator[Numbered]:
        count = 0
        for count, piece in enumerate(self.texts, start=1):
            yield Numbered(piece.text, count - 1)
        if count != self.rows:
            raise DataError(
                f"{self.file} has {self.rows:,} rows, and there are {count:,} records in {names_of(self.texts)}: row n "
                "belongs to record n"
            )


class Door(Protocol):
    """Where records and what their texts begin with come from; valid: those to validate on, where they are named."""

    sources: Sources
    valid_sources: Sources | None
    records: Iterable[Any]
    valid: Iterable[Any] | None

    def given(self, learnt: Iterable[Any], held: Iterable[Any]) -> tuple[Condition, Given, Given]:
        """What there is to begin with, and what each text begins with; both may be read more than once."""


class OfColumn:
    """Records with what their texts begin with in a column."""

    def __init__(self, data: Data) -> None:
        def opened(*sources: str) -> LabelledTexts:
            return LabelledTexts(
                sources,
                format=data.input_format,
                column=data.column,
                label_column=data.condition_column,
                encoding=data.encoding,
                strict=data.strict,
                read_label=condition_in,
            )

        learnt, held = opened(*data.files), opened(data.valid) if data.valid else None
        self.sources: Sources = learnt
        self.records: Iterable[Any] = learnt
        self.valid_sources: Sources | None = held
        self.valid: Iterable[Any] | None = held

    def given(self, learnt: Iterable[Labelled], held: Iterable[Labelled]) -> tuple[Condition, Given, Given]:
        """What there is to begin with, and what each text does: numbers where every record has such, else labels."""
        if all(numbers_in(record.label) for record in chain(learnt, held)):
            size = next(len(numbers_in(record.label) or ()) for record in chain(learnt, held))
            rows = [np.stack([numbers_of(record, size) for record in each]) for each in (learnt, held)]
            return Condition(size=size), rows[0], rows[1]
        names = class_names(Counter(map(name_of, learnt)), option="--condition-column")
        places = {name: place for place, name in enumerate(names)}
        for record in held:
            if name_of(record) not in places:
                raise DataError(f"{record.place}: no text to learn from begins with {record.label!r}")
        of_learnt, of_held = (np.array([places[record.label] for record in each], np.int64) for each in (learnt, held))
        return Condition(size=len(names), labels=names), of_learnt, of_held


def numbers_of(record: Labelled, size: int) -> NDArray[np.float32]:
    """The numbers of a record, as many as the first one has."""
    found = numbers_in(record.label) or ()
    if len(found) != size:
        raise DataError(f"{record.place}: {len(found):,} numbers, and the first record has {size:,}")
    return np.array(found, np.float32)


def name_of(record: Labelled) -> str:
    """The label of a record."""
    if record.label.startswith("[") and numbers_in(record.label):
        raise DataError(f"{record.place}: a list of numbers, and other records have labels")
    return record.label


class OfFile:
    """Records with what their texts begin with in the rows of a file."""

    def __init__(self, data: Data, settings: LevelSettings) -> None:
        if bool(data.valid) != bool(data.valid_condition_file):
            raise UsageError("--valid and --valid-condition-file belong together where there is a --condition-file")
        assert data.condition_file is not None
        texts = texts_of(data.files, data, settings)
        self.rows = self.valid_rows = read_vectors(data.condition_file)
        self.sources: Sources = texts
        self.records: Iterable[Any] = NumberedTexts(texts, data.condition_file, len(self.rows))
        self.valid_sources: Sources | None = None
        self.valid: Iterable[Any] | None = None
        if data.valid and data.valid_condition_file:
            self.valid_sources = texts = texts_of([data.valid], data, settings)
            self.valid_rows = read_vectors(data.valid_condition_file)
            self.valid = NumberedTexts(texts, data.valid_condition_file, len(self.valid_rows))
            if self.rows.shape[1] != self.valid_rows.shape[1]:
                raise DataError(
                    f"{data.valid_condition_file} has {self.valid_rows.shape[1]:,} numbers in a row, and "
                    f"{data.condition_file} {self.rows.shape[1]:,}"
                )
        if not 0 < self.rows.shape[1] <= MOST_UNITS:
            raise DataError(f"{data.condition_file} has {self.rows.shape[1]:,} numbers in a row: 1 to {MOST_UNITS:,}")

    def given(self, learnt: Iterable[Numbered], held: Iterable[Numbered]) -> tuple[Condition, Vectors, Vectors]:
        """What there is to begin with, and what each text does."""
        places, held_places = ([record.place for record in records] for records in (learnt, held))
        return Condition(size=self.rows.shape[1]), self.rows[places], self.valid_rows[held_places]


def read_conditioned_corpus(data: Data, settings: LevelSettings, *, store: Path) -> Corpus:
    """Learn the vocabulary, encode the texts into the file `store`, and hold out what is validated on.

    Without a file to validate on, a share of the records is held out by chance, the same in every order of theirs and
    for every seed.
    """
    door: Door = OfFile(data, settings) if data.condition_file else OfColumn(data)
    learnt_from: Iterable[Any] = door.records
    if door.valid is not None and door.valid_sources is not None:
        held_from, origin = door.valid, origin_of(door.valid_sources, door.sources)
    else:
        share = partial(Share[Any], door.records, attrgetter("text"), settings.valid_share)
        learnt_from, held_from = share(is_held=False), share(is_held=True)
        origin = f"{settings.valid_share:.0%} of the records, by chance"
    if not any(True for _ in learnt_from):
        raise DataError(f"there is nothing to learn from in {names_of(door.sources)}")
    if not any(True for _ in held_from):
        raise DataError(f"there is nothing to validate on ({origin}): name a file with --valid")
    condition, conditions, held_conditions = door.given(learnt_from, held_from)
    learnt = LEVELS[settings.level].learn(Strings(AsPieces(learnt_from)), vocabulary(settings))
    tokenizer = Tokenizer(learnt.tokenizer, settings.level)
    dtype = smallest_type(len(tokenizer))
    symbols, number, left_out = write_ids(store, AsPieces(learnt_from), tokenizer, dtype)
    rows, held = hold(AsPieces(held_from), tokenizer, most=settings.valid_symbols, unit=settings.unit, origin=origin)
    vectors = texts_of([file for file in (data.condition_file, data.valid_condition_file) if file], data, settings)
    facts = Facts(
        files=hashes_of(door.sources, door.valid_sources, vectors),
        repairs=repairs_of(door.sources, door.valid_sources),
        dtype=dtype,
        symbols=symbols,
        texts=number,
        left_out=left_out,
        distinct=learnt.distinct,
        held=held,
        condition=condition,
    )
    ids = StoredIds(store, dtype)
    return Corpus(tokenizer, ids, rows, facts, conditions=conditions, held_conditions=held_conditions[: len(rows)])
