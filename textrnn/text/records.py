"""Records in, one after another: what a file or standard input holds, and nothing lost on the way.

A line ends with LF or CRLF, and with nothing else. A byte-order mark and the last newline make no difference; a blank
line is a record. What cannot be read as it stands is counted in a ledger; without one it is an error.
"""

import codecs
import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from textrnn.errors import DataError, UsageError, meant
from textrnn.text.formats import FORMATS, Opened, Row, without_end
from textrnn.text.ledger import STANDARD_INPUT as STANDARD_INPUT
from textrnn.text.ledger import UNDECODABLE
from textrnn.text.ledger import Ledger as Ledger

AT_ONCE = 2**20  # bytes
SIGNATURES = {  # of files that are no UTF-8
    b"\x1f\x8b\x08": "is packed by gzip: let its name end in .gz, or unpack it",
    b"\xff\xfe": "begins as UTF-16 does: --encoding utf-16",
    b"\xfe\xff": "begins as UTF-16 does: --encoding utf-16",
}
UNDECODED = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of a byte


@dataclass(frozen=True)
class Record:
    """A text and what came with it."""

    text: str
    fields: Mapping[str, Any] | None  # in the order of the input; None for a text alone
    line: int  # on which it begins, from 1


def read_records(
    source: str,
    *,
    format: str = "auto",
    column: str | None = None,
    encoding: str = "utf-8",
    ledger: Ledger | None = None,
) -> Iterator[Record]:
    """The records of a source, in constant memory.

    format: one of FORMATS; "auto" goes by the ending of the name. column: the field that holds the text; if None the
    one called `text`, else the only one.
    """
    format = format_of(source) if format == "auto" else format
    if format == "text" and column is not None:
        raise UsageError(f"plain text has no column {column!r}: --input-format names another format")
    ledger = ledger or Ledger(source, strict=True)
    chosen: str | None = None
    check_header = partial(column_of_text, column=column)  # before any row, for there may be none
    read = FORMATS[format]
    for line, value in read_rows(source, read, encoding=encoding, ledger=ledger, check_header=check_header):
        if isinstance(value, str):
            yield Record(value, None, line)
            continue
        chosen = column_of_text(list(value), column) if chosen is None else chosen
        yield Record(text_in(value, chosen, line=line, ledger=ledger), value, line)


def format_of(source: str) -> str:
    """The format that a file's name ends in; plain text if it ends in none."""
    ending = Path(source.removesuffix(".gz")).suffix.removeprefix(".").lower()
    return ending if ending in FORMATS else "text"


def column_of_text(columns: list[str], column: str | None) -> str:
    """The column that holds the text."""
    wanted = "text" if column is None else column
    if wanted in columns:
        return wanted
    if column is None and len(columns) == 1:
        return columns[0]
    raise no_column(columns, column, advice="name the column of the text with --column")


def no_column(columns: list[str], column: str | None, *, advice: str) -> UsageError:
    """An error that lists the columns there are. advice: what to do where none was asked for."""
    there_are = ", ".join(map(repr, columns)) or "none"
    says = advice if column is None else f"there is no column {column!r}{meant(column, columns)}"
    return UsageError(f"{says}; there are {there_are}")


def text_in(fields: Mapping[str, Any], column: str, *, line: int, ledger: Ledger) -> str:
    """The text in a column, empty for null; DataError where there is none."""
    if column not in fields:
        raise ledger.error(line, f"a record without {column!r}")
    text = fields[column]
    if text is not None and not isinstance(text, str):
        raise ledger.error(line, f"{column!r} is no text but {type(text).__name__}")
    return text or ""


def read_rows(
    source: str,
    read: Callable[[Opened], Iterator[Row]],
    *,
    encoding: str = "utf-8",
    ledger: Ledger | None = None,
    check_header: Callable[[list[str]], object] = list,
) -> Iterator[Row]:
    """What one of the readers of text/formats.py finds in a source."""
    ledger = ledger or Ledger(source, strict=True)
    with opened(source) as file:
        lines = whole_lines(decoded(file, Decoder(encoding, ledger)))
        yield from read(Opened(file, lines, ledger, check_header))


def read_lines(source: str, *, encoding: str = "utf-8", ledger: Ledger | None = None) -> Iterator[str]:
    """The lines of a source, without their ends; in constant memory."""
    ledger = ledger or Ledger(source, strict=True)
    with opened(source) as file:
        yield from map(without_end, whole_lines(decoded(file, Decoder(encoding, ledger))))


def read_blocks(source: str, *, encoding: str = "utf-8", ledger: Ledger | None = None) -> Iterator[str]:
    """The whole text of a source in blocks of at most about a million characters; CRLF becomes LF.

    A block may end anywhere.
    """
    ledger = ledger or Ledger(source, strict=True)
    held = ""  # a return, until it is known whether a newline follows
    with opened(source) as file:
        for text in decoded(file, Decoder(encoding, ledger)):
            block = held + text
            held = "\r" if block.endswith("\r") else ""
            if block := block.removesuffix(held).replace("\r\n", "\n"):
                yield block
    if held:
        yield held


def read_text(source: str, *, encoding: str = "utf-8", ledger: Ledger | None = None) -> str:
    """The whole text of a source; CRLF becomes LF."""
    return "".join(read_blocks(source, encoding=encoding, ledger=ledger))


@contextmanager
def opened(source: str) -> Iterator[IO[bytes]]:
    """The bytes of a file (unpacked where its name ends in .gz) or of standard input, for '-'."""
    name = Ledger(source).name
    if os.path.isdir(source):
        raise DataError(f"{source} is a directory, not a file of text")
    if source == STANDARD_INPUT:
        with errors_named(name):
            yield sys.stdin.buffer
        return
    with errors_named(name), gzip.open(source, "rb") if source.endswith(".gz") else open(source, "rb") as file:
        yield io.BufferedReader(file, AT_ONCE) if isinstance(file, gzip.GzipFile) else file


@contextmanager
def errors_named(name: str) -> Iterator[None]:
    """What goes wrong while a file is read, as a DataError that names it."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"there is no file {name}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{name} is not a whole gzip file: {error}") from None
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}") from None


def newline_is_one_byte(encoding: str) -> bool:
    """Whether lines can be told apart before they are decoded; a mark at the beginning of a text does not count."""
    try:
        is_one = len("\n\n".encode(encoding)) - len("\n".encode(encoding)) == 1
        codecs.getincrementaldecoder(encoding)("surrogateescape").decode(b"", True)
        return is_one
    except (LookupError, UnicodeError):
        raise UsageError(f"unknown encoding {encoding!r}") from None


class Decoder:
    """Bytes → text, piece by piece; what is undecodable is counted in the ledger."""

    def __init__(self, encoding: str, ledger: Ledger) -> None:
        errors = "surrogateescape" if newline_is_one_byte(encoding) else "strict"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self.encoding, self.ledger = encoding, ledger
        self._line, self._byte = 1, 0  # the current line, and how many of its bytes have been read

    def decode(self, content: bytes, *, is_last: bool = False) -> str:
        """The next piece of the text."""
        before = self._decoder.getstate()
        try:
            text = self._decoder.decode(content, is_last)
        except UnicodeDecodeError as error:
            self._decoder.setstate(before)
            self._advance(self._decoder.decode(content[: max(0, error.start - len(before[0]))]))
            raise self.ledger.error(self._line, self._fault(error.object[error.start])) from None
        except UnicodeError as error:  # such as UTF-16 without its mark
            raise self.ledger.error(self._line, f"not {self.encoding}: {error}") from None
        wrong = UNDECODED.search(text)
        if not wrong:
            self._advance(text)
            return text
        self._advance(text[: wrong.start()])
        repaired, count = UNDECODED.subn("\ufffd", text)
        self.ledger.add(UNDECODABLE, line=self._line, says=self._fault(ord(wrong[0]) - 0xDC00), count=count)
        self._advance(text[wrong.start() :])
        return repaired

    def _advance(self, text: str) -> None:
        """Count lines and the bytes of the last one."""
        newlines = text.count("\n")
        self._line += newlines
        rest = text[text.rfind("\n") + 1 :]
        mark = len("".encode(self.encoding))
        self._byte = (0 if newlines else self._byte) + len(rest.encode(self.encoding, "replace")) - mark

    def _fault(self, byte: int) -> str:
        return f", byte {self._byte + 1}: not {self.encoding} (0x{byte:02x}); name the encoding with --encoding"


def decoded(file: IO[bytes], decoder: Decoder) -> Iterator[str]:
    """The text of a file in pieces, without its byte-order mark."""
    has_begun = False
    while True:
        content = file.read1(AT_ONCE)  # type: ignore[attr-defined]  # of a pipe what is there
        if not decoder.ledger.bytes_read:
            refuse_signature(content, decoder)
        decoder.ledger.bytes_read += len(content)
        text = decoder.decode(content, is_last=not content)
        yield text if has_begun else text.removeprefix("\ufeff")
        has_begun = has_begun or bool(text)
        if not content:
            return


def refuse_signature(content: bytes, decoder: "Decoder") -> None:
    """Raise DataError where what is to be UTF-8 begins as another kind of file does."""
    if codecs.lookup(decoder.encoding).name != "utf-8":
        return
    for signature, advice in SIGNATURES.items():
        if content.startswith(signature):
            raise DataError(f"{decoder.ledger.name} {advice}")


def whole_lines(pieces: Iterator[str]) -> Iterator[str]:
    """The lines of a text that comes in pieces, with their ends."""
    begun: list[str] = []
    for piece in pieces:
        first, *others = piece.split("\n")
        begun.append(first)
        if others:
            yield "".join(begun) + "\n"
            yield from (line + "\n" for line in others[:-1])
            begun = [others[-1]]
    if last := "".join(begun):
        yield last
