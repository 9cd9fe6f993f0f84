"""Labelled records → a corpus: ids to learn from, those to validate on, and the label of each text."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Protocol

import numpy as np

from textrnn.batch import Ids
from textrnn.data import Data
from textrnn.errors import DataError
from textrnn.text.classes import class_names
from textrnn.text.corpora import Piece, Strings
from textrnn.text.labelled import Labelled, LabelledTexts
from textrnn.text.levels import LEVELS
from textrnn.text.tokenizer import EOS, Tokenizer
from textrnn.training.corpus import (
    Corpus,
    Facts,
    Held,
    LabelFacts,
    hashes_of,
    names_of,
    origin_of,
    repairs_of,
    texts_of,
    vocabulary,
)
from textrnn.training.defaults import LevelSettings
from textrnn.training.holding import Share
from textrnn.training.ids import StoredIds, smallest_type, write_ids
from textrnn.training.language_start import LanguageStart

TEXTS_AT_ONCE = 4096  # encoded together


class HasText(Protocol):
    """A record, whatever else is in it."""

    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class AsPieces:
    """The texts of records, and of further texts without labels, as pieces; may be read more than once."""

    records: Iterable[HasText]
    others: Iterable[Piece] = ()

    def __iter__(self) -> Iterator[Piece]:
        for record in self.records:
            yield Piece(record.text)
        yield from self.others


def labelled_texts(sources: Iterable[str], data: Data) -> LabelledTexts:
    """The labelled records of sources, read as the data say."""
    return LabelledTexts(
        tuple(sources),
        format=data.input_format,
        column=data.column,
        label_column=data.label_column,
        encoding=data.encoding,
        streaming=data.streaming,
        strict=data.strict,
    )


def read_labelled_corpus(
    data: Data, settings: LevelSettings, start: LanguageStart | None, *, store: Path, further: Path
) -> Corpus:
    """Learn labels and vocabulary, encode the texts into the file `store`, and hold out what is validated on.

    start: whose vocabulary it is to be, if not one that is learnt. further: the file for the ids of the texts without
    labels. Without a file to validate on, a share of the records is held out by chance, the same in every order of
    theirs and for every seed.
    """
    texts = labelled_texts(data.files, data)
    valid = labelled_texts([data.valid], data) if data.valid else None
    share = 0.0 if valid else settings.valid_share
    text = attrgetter("text")
    learnt_from = Share(texts, text, share, is_held=False)
    held_from = valid if valid is not None else Share(texts, text, share, is_held=True)
    origin = origin_of(valid, texts) if valid else f"{settings.valid_share:.0%} of the records, by chance"
    plainly = data.model_copy(update={"input_format": "auto"})  # that of labelled records is theirs alone
    others = texts_of(data.unlabelled, plainly, settings) if data.unlabelled else None

    counts, held_counts = counted(learnt_from), counted(held_from)
    if not counts and held_counts:
        raise DataError(f"all records of {names_of(texts)} are held out: choose a lower valid_share, or give --valid")
    names = class_names(counts, data.ordinal)
    check_held(counts, held_counts, names_of(valid) if valid else None, origin)
    distinct = None
    if start is None:
        learnt = LEVELS[settings.level].learn(Strings(AsPieces(learnt_from, others or ())), vocabulary(settings))
        tokenizer, distinct = Tokenizer(learnt.tokenizer, settings.level), learnt.distinct
    else:
        tokenizer = start.tokenizer
    dtype = smallest_type(len(tokenizer))
    symbols, number, left_out = write_ids(store, AsPieces(learnt_from), tokenizer, dtype)
    if others:
        write_ids(further, others, tokenizer, dtype)
    places = {name: place for place, name in enumerate(names)}
    labels = np.array([places[record.label] for record in learnt_from], np.int64)
    rows, held_labels, held_without = held_rows(held_from, tokenizer, places)
    ids = StoredIds(store, dtype)
    without = int((lengths_of(next(ids.shards(0))) == 0).sum())
    if without == number or not rows:
        raise DataError(f"no text of {names_of(texts) if without == number else origin} has a symbol")
    facts = Facts(
        files=hashes_of(texts, valid, others),
        repairs=repairs_of(texts, valid) + (repairs_of(others, None) if others else ()),
        dtype=dtype,
        symbols=symbols,
        texts=number,
        left_out=left_out,
        distinct=distinct,
        held=Held(origin=origin, symbols=sum(map(len, rows)), characters=0, bytes=0, gives_back=False),
        labels=LabelFacts(
            names=names,
            is_ordinal=data.ordinal is not None,
            learnt=tuple(counts[name] for name in names),
            held=tuple(held_counts[name] for name in names),
            without=without + held_without,
        ),
        start=start.facts if start else None,
    )
    unlabelled = StoredIds(further, dtype) if others else None
    return Corpus(
        tokenizer,
        ids,
        rows,
        facts,
        labels,
        held_labels,
        weights=start.weights if start else None,
        unlabelled=unlabelled,
    )


def check_held(counts: Counter[str], held: Counter[str], file: str | None, origin: str) -> None:
    """Raise DataError where there is nothing to validate on, or a label that is not learnt. file: of its own."""
    if not held:
        why = f"in {file}" if file else f"({origin}): name a file with --valid, or choose a higher valid_share"
        raise DataError(f"there is nothing to validate on {why}")
    if strange := sorted(held.keys() - counts.keys()):
        raise DataError(
            f"the label {strange[0]!r} is among what is validated on ({origin}), and no record to learn from has it: "
            "add some, mend it, or name another file with --valid"
        )


def counted(records: Iterable[Labelled]) -> Counter[str]:
    """How many records have each label."""
    return Counter(record.label for record in records)


def held_rows(records: Iterable[Labelled], tokenizer: Tokenizer, places: dict[str, int]) -> tuple[list[Ids], Ids, int]:
    """The symbols and the label of each record to validate on that has any symbol, and how many have none."""
    pairs = [(record.text, places[record.label]) for record in records]
    rows: list[Ids] = []
    for begin in range(0, len(pairs), TEXTS_AT_ONCE):
        texts = [text for text, _ in pairs[begin : begin + TEXTS_AT_ONCE]]
        rows += [row.astype(np.int64) for row in tokenizer.encode_many(texts)]
    kept = [(row, label) for row, (_, label) in zip(rows, pairs, strict=True) if len(row)]
    return [row for row, _ in kept], np.array([label for _, label in kept], np.int64), len(rows) - len(kept)


def lengths_of(ids: np.ndarray) -> Ids:
    """How many symbols each text has, whose end is <eos>."""
    ends = np.flatnonzero(ids == EOS)
    return np.diff(ends, prepend=-1) - 1
