"""A file's bytes before they are records: their hash, their line ends, and whether an encoding decodes them."""

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from textrnn.text.records import newline_is_one_byte, opened

AT_ONCE = 1 << 20  # bytes decoded together, and the rest of their last line
MARKS = (  # the longer first: a mark of UTF-32 begins with one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WITHOUT_MARK = ("utf-8", "cp1252", "latin-1")  # the strictest first; the last decodes anything


@dataclass(frozen=True)
class Content:
    """What the bytes of a file are, unpacked where it is a .gz."""

    size: int
    sha256: str
    mark: str | None  # the encoding that a byte-order mark names
    line_ends: int
    carriage_returns: int  # of the line ends, those that are CRLF
    is_ended: bool  # the last line has an end too
    undecodable: int  # places where the encoding does not fit
    first_undecodable: int | None  # their first line
    fitting: tuple[str, ...]  # encodings that decode all of it, looked for where the one asked for does not


def measure_content(source: str, *, encoding: str) -> Content:
    """Read a file once, or twice where the encoding does not fit."""
    digest, size, line_ends, returns, undecodable = hashlib.sha256(), 0, 0, 0, 0
    first: int | None = None
    begin, end = b"", ""
    with opened(source) as file:
        for piece in pieces(file, encoding):
            begin = begin or piece[:4]
            digest.update(piece)
            size += len(piece)
            text = piece.decode(encoding, errors="replace")
            try:
                piece.decode(encoding)
            except UnicodeDecodeError as error:
                undecodable += len(text) - len(piece.decode(encoding, errors="ignore"))
                before = piece[: error.start].decode(encoding, errors="ignore")
                first = first or line_ends + before.count("\n") + 1
            line_ends += text.count("\n")
            returns += text.count("\r\n")
            end = text[-1:]
    mark = next((name for mark, name in MARKS if begin.startswith(mark)), None)
    return Content(
        size=size,
        sha256=digest.hexdigest(),
        mark=mark,
        line_ends=line_ends,
        carriage_returns=returns,
        is_ended=end in ("\n", ""),
        undecodable=undecodable,
        first_undecodable=first,
        fitting=fitting_encodings(source, mark) if undecodable else (),
    )


def pieces(file: IO[bytes], encoding: str) -> Iterator[bytes]:
    """Whole lines together; all of the file where a newline is not one byte (UTF-16)."""
    if not newline_is_one_byte(encoding):
        yield file.read()
        return
    while lines := file.readlines(AT_ONCE):
        yield b"".join(lines)


def fitting_encodings(source: str, mark: str | None) -> tuple[str, ...]:
    """Which of the usual encodings decode the whole file."""
    names = ((mark,) if mark else ()) + WITHOUT_MARK
    decoders = {name: codecs.getincrementaldecoder(name)() for name in names}
    with opened(source) as file:
        while decoders:
            chunk = file.read(AT_ONCE)
            for name, decoder in list(decoders.items()):
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError:
                    del decoders[name]
            if not chunk:
                break
    return tuple(decoders)
