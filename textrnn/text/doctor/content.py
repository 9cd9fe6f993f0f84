"""A file's bytes before they are records: their hash, their line ends, and which encodings decode them."""

import codecs
import hashlib
from dataclasses import dataclass

from textrnn.text.records import opened

AT_ONCE = 1 << 20  # bytes
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
    """What the bytes of a file are, unpacked where it is a .gz; of a file that is no text, size and hash alone."""

    size: int
    sha256: str
    mark: str | None = None  # the encoding that a byte-order mark names
    line_ends: int = 0
    carriage_returns: int = 0  # of the line ends, those that are CRLF
    is_ended: bool = True  # the last line has an end too


def measure_bytes(source: str) -> Content:
    """Read a file that is no text."""
    digest, size = hashlib.sha256(), 0
    with opened(source) as file:
        while piece := file.read(AT_ONCE):
            digest.update(piece)
            size += len(piece)
    return Content(size, digest.hexdigest())


def measure_content(source: str, *, encoding: str) -> Content:
    """Read a file of text."""
    digest, size, line_ends, returns = hashlib.sha256(), 0, 0, 0
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    begin, last = b"", ""
    with opened(source) as file:
        while piece := file.read(AT_ONCE):
            begin = begin or piece[:4]
            digest.update(piece)
            size += len(piece)
            text = decoder.decode(piece)
            line_ends += text.count("\n")
            returns += text.count("\r\n") + (last == "\r" and text.startswith("\n"))
            last = text[-1:] or last
    last = decoder.decode(b"", True)[-1:] or last
    mark = next((name for mark, name in MARKS if begin.startswith(mark)), None)
    return Content(size, digest.hexdigest(), mark, line_ends, returns, is_ended=last in ("\n", ""))


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
