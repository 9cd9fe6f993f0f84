"""Records in, one after another: what a file, standard input or an option holds, and nothing lost on the way.

A record is a line ended by LF or CRLF; nothing else ends a line. A byte-order mark and the last newline make no
difference; a blank line is a record.
"""

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from textrnn.errors import DataError, UsageError

STANDARD_INPUT = "-"


@contextmanager
def opened(source: str) -> Iterator[IO[bytes]]:
    """The bytes of a file (unpacked where its name ends in .gz) or of standard input, for '-'."""
    if source == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    path = Path(source)
    if os.path.isdir(path):
        raise DataError(f"{source} is a directory, not a file of text")
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield io.BufferedReader(file) if isinstance(file, gzip.GzipFile) else file
    except FileNotFoundError:
        raise DataError(f"there is no file {source}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{source} is not a whole gzip file: {error}") from None
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}") from None


def read_lines(source: str, *, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a source, without their ends; in constant memory, unless a newline is not one byte (UTF-16)."""
    if not newline_is_one_byte(encoding):
        text = read_text(source, encoding=encoding)
        yield from text.removesuffix("\n").split("\n") if text else ()
        return
    with opened(source) as file:
        for number, line in enumerate(file, start=1):
            text = decode(line, source, encoding=encoding, line=number)
            if number == 1:
                text = text.removeprefix("\ufeff")
                if not text:  # a byte-order mark and nothing else
                    return
            yield text.removesuffix("\r\n").removesuffix("\n")


def newline_is_one_byte(encoding: str) -> bool:
    """Whether lines can be told apart before they are decoded."""
    try:
        return "\n".encode(encoding) == b"\n"
    except LookupError:
        raise UsageError(f"unknown encoding {encoding!r}") from None


def read_text(source: str, *, encoding: str = "utf-8") -> str:
    """The whole text of a source; CRLF becomes LF, a byte-order mark goes."""
    with opened(source) as file:
        content = file.read()
    return decode(content, source, encoding=encoding).removeprefix("\ufeff").replace("\r\n", "\n")


def decode(content: bytes, source: str, *, encoding: str, line: int | None = None) -> str:
    """Bytes as text, or an error that names file, line and byte."""
    try:
        return content.decode(encoding)
    except LookupError:
        raise UsageError(f"unknown encoding {encoding!r}") from None
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, errors="ignore")
        number = line or before.count("\n") + 1
        begin = len(before[: before.rfind("\n") + 1].encode(encoding))
        name = "standard input" if source == STANDARD_INPUT else source
        raise DataError(
            f"{name}, line {number}, byte {error.start - begin + 1}: not {encoding} (0x{content[error.start]:02x}); "
            "name the encoding with --encoding"
        ) from None


def read_records(source: str | None, texts: Iterable[str], *, encoding: str = "utf-8") -> Iterator[str]:
    """The records of a command: those given as options, or those of a source (None is standard input)."""
    given = list(texts)
    if given and source is not None:
        raise UsageError(f"give a file or --text, not both ({source})")
    return iter(given) if given else read_lines(source or STANDARD_INPUT, encoding=encoding)
