"""The formats of records: from an open file to rows, each a plain text or a mapping of named values.

A new format is one function and its line in FORMATS.
"""

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from textrnn.errors import DataError, UsageError
from textrnn.extras import require
from textrnn.strict_json import parse_json
from textrnn.text.ledger import BLANK_LINE, SHORT_ROW, Ledger

LONGEST_FIELD = 2**26  # characters of a CSV field
DEEPEST = 100  # levels of a JSON value
ROWS_AT_ONCE = 1024  # of a parquet file
LONE_RETURN = "a return outside quotes that ends no line: quote the cell, or write CRLF"
UNLABELLED = "labelled plain text needs __label__NAME before each text; --input-format names another format"
UNPAIRED = "a pair in plain text needs a tab between source and target; --input-format names another format"
ESCAPE = re.compile(r"\\([tnr\\])")
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
LABEL = "__label__"  # what a label of fastText begins with
SPACE = " \t\v\f\r\0"  # what separates its tokens; no other character does
LABELS = re.compile(rf"(?<![^{SPACE}]){LABEL}([^{SPACE}]*)")

Row = tuple[int, Any]  # the line on which it begins, from 1, and its value


@dataclass(frozen=True)
class Opened:
    """A source that is open: its bytes, or else its lines with their ends.

    check_header: is given the names of the columns where they stand before the rows; raises where they will not do.
    """

    file: IO[bytes]
    lines: Iterator[str]
    ledger: Ledger
    check_header: Callable[[list[str]], object] = list  # which accepts any


def text_rows(source: Opened) -> Iterator[Row]:
    """Each line as a text."""
    for number, line in enumerate(source.lines, start=1):
        yield number, without_end(line)


def tsv_rows(source: Opened) -> Iterator[Row]:
    """Each line as cells between tabs; in a cell backslash and t, n, r or backslash are one character."""
    rows = ((number, unescaped_cells(line)) for number, line in text_rows(source))
    return named(rows, source)


def fasttext_rows(source: Opened) -> Iterator[Row]:
    """Each line as fastText reads it: `__label__NAME text`, one label a line; a blank line is none."""
    accept_header(("label", "text"), source)
    for number, line in text_rows(source):
        line = line.strip(SPACE)
        if not line:
            source.ledger.add(BLANK_LINE, line=number, says="a blank line has no label")
            continue
        labels = LABELS.findall(line)
        if not line.startswith(LABEL) or not labels[0]:
            raise source.ledger.error(number, UNLABELLED)
        if len(labels) > 1:
            raise source.ledger.error(number, f"two labels, {labels[0]!r} and {labels[1]!r}: a text has one")
        text = line.removeprefix(LABEL + labels[0]).lstrip(SPACE)
        yield number, {"label": labels[0], "text": text}


def pair_rows(source: Opened) -> Iterator[Row]:
    """Each line as `source TAB target`, without a header; what stands behind a second tab is not read."""
    accept_header(("source", "target"), source)
    for number, line in text_rows(source):
        if not line:
            source.ledger.add(BLANK_LINE, line=number, says="a blank line is no pair")
            continue
        first, *others = line.split("\t")
        if not others:
            raise source.ledger.error(number, UNPAIRED)
        yield number, {"source": first, "target": others[0]}


def csv_rows(source: Opened) -> Iterator[Row]:
    """Rows by RFC 4180: a quoted cell may hold commas, quotes (doubled) and line ends."""
    return named(csv_cells(source), source)


def json_values(source: Opened) -> Iterator[Row]:
    """Each line as a JSON value; a blank line is none."""
    for number, line in text_rows(source):
        if not line.strip(" \t\r"):
            source.ledger.add(BLANK_LINE, line=number, says="a blank line is no JSON value")
            continue
        try:
            yield number, json_value(line)
        except ValueError as error:
            raise source.ledger.error(number, f"not JSON: {error}") from None


def jsonl_rows(source: Opened) -> Iterator[Row]:
    """Each line as a JSON object, or as a JSON string: a text alone."""
    for number, value in json_values(source):
        if not isinstance(value, dict | str):
            raise source.ledger.error(number, "neither an object nor a string")
        yield number, value


def parquet_rows(source: Opened) -> Iterator[Row]:
    """The rows of a parquet file; a row's number stands for its line."""
    require("parquet", "reading parquet")
    import pyarrow
    from pyarrow.parquet import ParquetFile

    if source.ledger.name.endswith(".gz"):
        raise UsageError(f"{source.ledger.name} is parquet, which is compressed in itself: unpack it")
    if not source.file.seekable():
        raise UsageError(f"parquet cannot be read from a pipe: give a file instead of {source.ledger.name}")
    try:
        source.ledger.bytes_read = source.file.seek(0, os.SEEK_END)
        file = ParquetFile(source.file)
        accept_header(file.schema_arrow.names, source)
        batches = file.iter_batches(batch_size=ROWS_AT_ONCE)
        yield from enumerate((row for batch in batches for row in batch.to_pylist()), start=1)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason, _, _ = str(error).partition("\n")
        raise DataError(f"{source.ledger.name} cannot be read as parquet: {reason}") from None


FORMATS: dict[str, Callable[[Opened], Iterator[Row]]] = {
    "text": text_rows,
    "tsv": tsv_rows,
    "csv": csv_rows,
    "jsonl": jsonl_rows,
    "parquet": parquet_rows,
    "fasttext": fasttext_rows,
    "pairs": pair_rows,
}


def without_end(line: str) -> str:
    """A line without its LF or CRLF."""
    return line.removesuffix("\r\n").removesuffix("\n")


def named(rows: Iterable[tuple[int, Sequence[str]]], source: Opened) -> Iterator[Row]:
    """Rows of cells under the names that the first row gives them."""
    ledger = source.ledger
    names: Sequence[str] | None = None
    for line, cells in rows:
        if names is None:
            names = cells
            accept_header(names, source)
            continue
        if len(cells) > len(names):
            raise ledger.error(line, f"{len(cells)} cells under {len(names)} names in the header")
        if len(cells) < len(names):
            says = f"only {len(cells)} cells under {len(names)} names in the header"
            if len(names) > 1:
                ledger.add(SHORT_ROW, line=line, says=says)
            cells = [*cells, *[""] * (len(names) - len(cells))]
        yield line, dict(zip(names, cells, strict=True))


def accept_header(names: Sequence[str], source: Opened) -> None:
    """Raise DataError where two columns have one name, and whatever the source has against them."""
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DataError(f"{source.ledger.name} has two columns {name!r}: rename one")
    source.check_header(list(names))


def unescaped_cells(line: str) -> list[str]:
    """The cells of a line of TSV, none of a blank one."""
    return [ESCAPE.sub(lambda mark: ESCAPES[mark[1]], cell) for cell in line.split("\t")] if line else []


def csv_cells(source: Opened) -> Iterator[tuple[int, list[str]]]:
    """The cells of each CSV row, with the line on which it begins."""
    last = ""  # of the lines read so far

    def seen(line: str) -> str:
        nonlocal last
        last = line
        return line

    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(map(seen, source.lines), strict=True)
    while True:
        begin = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise source.ledger.error(begin, csv_fault(error)) from None
        if cells is None:
            return
        if last.endswith(("\r\r\n", "\r")):
            raise source.ledger.error(reader.line_num, LONE_RETURN)
        yield begin, cells


def csv_fault(error: csv.Error) -> str:
    """What the csv module found wrong with a row, in words of our own."""
    says = str(error)
    if "field limit" in says:
        return f"a cell of more than {LONGEST_FIELD:,} characters: is a quote not closed?"
    if "unexpected end" in says:
        return "a quote that is not closed"
    return LONE_RETURN if "new-line" in says else "text after a closing quote: a quote within quotes is doubled"


def json_value(text: str) -> Any:
    """A JSON value by `parse_json` that is not too deep to be written again; else ValueError."""
    value = parse_json(text)
    if text.count("[") + text.count("{") > DEEPEST and depth(value) > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} levels deep")
    return value


def depth(value: Any) -> int:
    """How many levels of lists and objects a JSON value has."""
    levels, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        levels += 1
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each)]
    return levels
