"""Labelled records: texts with the name of the class each belongs to, to train and to evaluate a classifier on."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from textrnn.errors import UsageError
from textrnn.text.corpora import DATASETS, Sources, dataset_rows
from textrnn.text.formats import FORMATS, Row
from textrnn.text.ledger import Ledger
from textrnn.text.numbers import numbers_in
from textrnn.text.records import column_of_text, format_of, no_column, read_rows, text_in


@dataclass(frozen=True)
class Labelled:
    """A text, the name of its class, and where both stand, for errors."""

    text: str
    label: str
    place: str


def label_in(fields: Mapping[str, Any], column: str, *, line: int, ledger: Ledger) -> str:
    """The label in a column, without outer white space; a number or a truth value as JSON writes it."""
    value = fields.get(column)
    if not isinstance(value, str | int | float | None):
        raise ledger.error(line, f"{column!r} is no name of a class but {type(value).__name__}")
    is_absent = value is None or (isinstance(value, float) and not math.isfinite(value))  # as parquet may hold it
    label = "" if is_absent else value.strip() if isinstance(value, str) else json.dumps(value)
    if not label:
        raise ledger.error(line, "a record without a label")
    if any("\ud800" <= character <= "\udfff" for character in label):
        raise ledger.error(line, f"a label with half a character: {label!r}")
    return label


def condition_in(fields: Mapping[str, Any], column: str, *, line: int, ledger: Ledger) -> str:
    """What a text begins with: a label as `label_in`, or a list of numbers as JSON writes it."""
    value = fields.get(column)
    if not isinstance(value, list):
        return label_in(fields, column, line=line, ledger=ledger)
    written = json.dumps(value)
    if numbers_in(written) is None:
        raise ledger.error(line, f"{column!r} is a list, and not of numbers: {written[:60]}")
    return written


class LabelledTexts(Sources):
    """The labelled records of sources; every iteration reads them again, from the beginning.

    format: one of FORMATS; "auto" goes by the ending of each name. Plain text is read as fastText writes it. column,
    label_column: where text and label stand; see `labelled_columns`. streaming: see `Texts`. read_label: `label_in`,
    or what else makes a text of what stands there.
    """

    def __init__(
        self,
        sources: Sequence[str | Path],
        *,
        format: str = "auto",
        column: str | None = None,
        label_column: str | None = None,
        encoding: str = "utf-8",
        streaming: bool = False,
        strict: bool = False,
        read_label: Callable[..., str] = label_in,
    ) -> None:
        if column is not None and column == label_column:
            raise UsageError(f"{column!r} cannot be the column of the text and of the label as well")
        super().__init__(sources, strict=strict)
        self.format, self.encoding, self.streaming = format, encoding, streaming
        self.read_label = read_label
        self.columns_in = partial(labelled_columns, column=column, label_column=label_column)

    def __iter__(self) -> Iterator[Labelled]:
        for source in self.sources:
            yield from self._records(source)

    def _records(self, source: str) -> Iterator[Labelled]:
        ledger = self.new_ledger(source)
        chosen: tuple[str, str] | None = None
        for line, row in self._rows(source, ledger):
            if isinstance(row, str):
                raise ledger.error(line, "a record without a label")
            chosen = self.columns_in(list(row)) if chosen is None else chosen
            column, label_column = chosen
            text = text_in(row, column, line=line, ledger=ledger)
            label = self.read_label(row, label_column, line=line, ledger=ledger)
            yield Labelled(text, label, f"{ledger.name}, line {line}")

    def _rows(self, source: str, ledger: Ledger) -> Iterator[Row]:
        if source.startswith(DATASETS):
            return dataset_rows(source, streaming=self.streaming)
        format = format_of(source) if self.format == "auto" else self.format
        read = FORMATS["fasttext" if format == "text" else format]  # plain text has no labels but these
        path = self.path_of(source)
        return read_rows(path, read, encoding=self.encoding, ledger=ledger, check_header=self.columns_in)


def labelled_columns(columns: list[str], *, column: str | None, label_column: str | None) -> tuple[str, str]:
    """The columns of the text and of the label.

    column: that of the text; if None the one called `text`, else the only one besides the label.
    label_column: that of the label; if None the one called `label`, else of two the one that is not the text.
    """
    others = [name for name in columns if name != ("text" if column is None else column)]
    label = label_column
    if label is None and "label" in others:
        label = "label"
    elif label is None and len(others) == 1 and len(columns) == 2:
        (label,) = others
    if label is None or label not in columns:
        raise no_column(columns, label_column, advice="name the column of the label with --label-column")
    candidates = [name for name in columns if column is not None or name != label]
    return column_of_text(candidates, column), label


def is_held(text: str, *, share: float, seed: int) -> bool:
    """Whether a text is among the share that is held out, wherever it stands and however often."""
    content = f"{seed}\n{text}".encode(errors="surrogatepass")
    drawn = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest())
    return drawn < share * 2**64
