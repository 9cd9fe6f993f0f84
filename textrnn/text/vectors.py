"""Files of word vectors: word2vec's text and binary formats, fastText's .vec and GloVe's, packed by gzip or not.

In a text a row is a word and its numbers, with spaces between; a word may hold spaces too, so that the numbers are the
last fields, and end in a whole number where all of these have a point or an exponent. word2vec and fastText begin with
a header, the number of rows and of numbers in each; GloVe does not. In binary a row is the word, a space, and its
numbers as float32, little-endian. The file is read row by row.
"""

import codecs
import gzip
import io
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO

import numpy as np
from numpy.typing import NDArray

from textrnn.architecture import MOST_UNITS
from textrnn.errors import DataError
from textrnn.text.records import AT_ONCE, errors_named

TEXT, BINARY, GLOVE = "word2vec text", "word2vec binary", "GloVe text"
LONGEST = 2**22  # bytes of a row, above what the largest vectors take
GZIP = b"\x1f\x8b"
MARK = codecs.BOM_UTF8
OTHER_KINDS = {  # by what such a file begins with; none is the beginning of UTF-8
    b"PK\x03\x04": "is a zip archive: unpack it",
    b"BZh": "is packed by bzip2: unpack it",
    b"\xfd7zXZ": "is packed by xz: unpack it",
    b"\x28\xb5\x2f\xfd": "is packed by zstd: unpack it",
    b"\xba\x16\x4f\x2f": "is a whole fastText model: its vectors alone are in the .vec file",
    b"\x80": "is a Python pickle, as gensim's save writes: save_word2vec_format writes a file of vectors",
    b"\x93NUMPY": "is a NumPy array, which has no words",
}
HEADER = re.compile(rb"(\d{1,18})[ \t]+(\d{1,18})[ \t]*\r?\n?")
NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(rb"[+-]?\d+")
GAP = re.compile(rb"[ \t]+")
NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")

Floats = NDArray[np.float32]
Row = tuple[bytes, Callable[[], Floats]]  # a word, and what reads its numbers where they are wanted


@dataclass(frozen=True)
class VectorsFile:
    """A file of vectors and what its beginning tells. stated: the rows that its header speaks of, if it has one."""

    path: str
    format: str
    size: int
    stated: int | None


@dataclass(frozen=True)
class Found:
    """What a file knows of some tokens. rows: a vector for each token, zeros where `is_found` says that it has none.

    lowered: how many were found by their lower case alone. total: rows of the file. repeated: rows of words that were
    wanted and had come before, which were passed over.
    """

    rows: Floats  # (tokens, size)
    is_found: NDArray[np.bool_]
    lowered: int
    total: int
    repeated: int


def sniff(path: str) -> VectorsFile:
    """Format and size of a file of vectors, by its beginning; DataError where it is none."""
    with unpacked(path) as file:
        first = file.readline(LONGEST).removeprefix(MARK)
        if not first:
            raise DataError(f"{path} is empty")
        for signature, says in OTHER_KINDS.items():
            if first.startswith(signature):
                raise DataError(f"{path} {says}")
        header = HEADER.fullmatch(first)
        following = file.read(AT_ONCE) if header else b""
    if header:
        stated, size = map(int, header.groups())
        format = TEXT if is_text(following, size) else BINARY
    else:
        stated, size, format = None, numbers_behind_a_word(first), GLOVE
    if not 0 < size <= MOST_UNITS:
        raise DataError(
            f"{path}, line 1: neither a header nor a word and up to {MOST_UNITS:,} numbers: files of word2vec (text or "
            "binary), GloVe and fastText (.vec) can be read"
        )
    return VectorsFile(path, format, size, stated)


def find_vectors(file: VectorsFile, spellings: Sequence[Sequence[str]]) -> Found:
    """The vectors of tokens. Memory does not grow with the file.

    spellings: how a file may write each token, the best first; behind these its lower case is tried. Of a word that
    the file has twice the first row counts. Numbers are checked where they are wanted, the length of rows everywhere.
    """
    wanted: dict[bytes, list[tuple[int, int]]] = defaultdict(list)  # token and rank of the spelling
    for token, ways in enumerate(spellings):
        for rank, way in enumerate(dict.fromkeys([*ways, *(way.lower() for way in ways)])):
            wanted[way.encode(errors="surrogatepass")].append((token, rank))
    rows = np.zeros((len(spellings), file.size), np.float32)
    worst = np.array([len(ways) for ways in spellings])
    best = np.full(len(spellings), np.iinfo(np.int64).max)
    seen: set[bytes] = set()
    total = repeated = 0
    for word, numbers in rows_of(file):
        total += 1
        if word not in wanted:
            continue
        repeated += word in seen
        for token, rank in wanted[word]:
            if rank < best[token]:
                rows[token], best[token] = numbers(), rank
        seen.add(word)
    if not total:
        raise DataError(f"{file.path} has a header and no rows")
    is_found = best < np.iinfo(np.int64).max
    return Found(rows, is_found, int((is_found & (best >= worst)).sum()), total, repeated)


def read_vectors(file: VectorsFile) -> tuple[list[str], Floats]:
    """The words of a file, each once, by the first of its rows, and their vectors; all of it in memory."""
    rows: dict[bytes, Floats] = {}
    for word, numbers in rows_of(file):
        if word not in rows:
            rows[word] = numbers()
    if not rows:
        raise DataError(f"{file.path} has a header and no rows")
    return [word.decode(errors="backslashreplace") for word in rows], np.stack([*rows.values()])


def write_vectors(file: IO[bytes], words: Sequence[str], rows: Floats, *, format: str) -> None:
    """Write vectors in word2vec's text or binary format. A word holds no white space."""
    file.write(f"{len(words)} {rows.shape[1]}\n".encode())
    for word, row in zip(words, rows, strict=True):
        numbers = row.astype("<f4").tobytes() if format == BINARY else " ".join(map(str, row)).encode()
        file.write(word.encode() + b" " + numbers + b"\n")


@contextmanager
def unpacked(path: str) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where it begins as gzip does."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise DataError(f"{path} is a folder or a pipe: vectors are read from a file")
    with errors_named(path), open(path, "rb") as file:
        is_packed = file.peek(len(GZIP)).startswith(GZIP)
        yield io.BufferedReader(gzip.GzipFile(fileobj=file), AT_ONCE) if is_packed else file


def is_text(beginning: bytes, size: int) -> bool:
    """Whether rows are text; if not, they are binary."""
    first, _, _ = beginning.partition(b"\n")
    if numbers_behind_a_word(first) >= size:
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return not NO_TEXT.search(beginning)


def numbers_behind_a_word(line: bytes) -> int:
    """How many fields at the end of a line are numbers; the first is the word, whatever it is."""
    _, *fields = GAP.split(line.rstrip(b" \t\r\n"))
    return next((count for count, field in enumerate(reversed(fields)) if not NUMBER.fullmatch(field)), len(fields))


def rows_of(file: VectorsFile) -> Iterator[Row]:
    """The rows of a file, in order."""
    with unpacked(file.path) as opened:
        if file.stated is not None:
            opened.readline(LONGEST)
        yield from binary_rows(opened, file) if file.format == BINARY else text_rows(opened, file)


def text_rows(opened: IO[bytes], file: VectorsFile) -> Iterator[Row]:
    """The rows of a text, behind its header."""
    place = 1 if file.stated is None else 2
    while line := opened.readline(LONGEST):
        if len(line) == LONGEST:
            raise DataError(f"{file.path}, line {place}: longer than any row of vectors")
        line = (line.removeprefix(MARK) if place == 1 else line).rstrip(b" \t\r\n")
        if line:
            word, *numbers = fields_of(line, file.size)
            if len(numbers) != file.size or is_longer(word, numbers) or not NUMBER.fullmatch(numbers[0]):
                count = numbers_behind_a_word(line)
                raise DataError(f"{file.path}, line {place}: {count} numbers behind the word, not {file.size}")
            yield word, partial(parsed, numbers, f"{file.path}, line {place}")
        place += 1


def is_longer(word: bytes, numbers: Sequence[bytes]) -> bool:
    """Whether a number too many stands before the numbers of a row, rather than a word such as "route 66"."""
    *before, last = GAP.split(word.strip(b" \t"))
    if not before or not NUMBER.fullmatch(last):
        return False
    return not last.isdigit() or any(WHOLE.fullmatch(number) for number in numbers)


def fields_of(line: bytes, size: int) -> list[bytes]:
    """The word and its numbers: between single spaces, so that a word may be a space, or any white space."""
    word, *numbers = line.rsplit(b" ", size)
    if len(numbers) == size and b"" not in numbers:
        return [word.rstrip(b" \t") or word, *numbers]
    return line.rsplit(None, size)


def parsed(fields: Sequence[bytes], where: str) -> Floats:
    """The numbers of a row of text."""
    for field in fields:
        if not NUMBER.fullmatch(field):
            raise DataError(f"{where}: {field.decode(errors='replace')!r} is not a finite number")
    with np.errstate(over="ignore"):
        return finite(np.array([float(field) for field in fields]).astype(np.float32), where)


def binary_rows(opened: IO[bytes], file: VectorsFile) -> Iterator[Row]:
    """The rows of a binary file, behind its header."""
    width = 4 * file.size
    held, begin, place = b"", 0, 1
    while True:
        space = held.find(b" ", begin)
        if space >= 0 and len(held) > space + width:
            end = space + 1 + width
            numbers = held[space + 1 : end]
            yield held[begin:space].lstrip(b"\n"), partial(unpacked_row, numbers, f"{file.path}, word {place}")
            begin, place = end, place + 1
            continue
        if len(held) - begin > LONGEST:
            raise DataError(f"{file.path}, word {place}: longer than any row of vectors")
        more = opened.read(AT_ONCE)
        held, begin = held[begin:] + more, 0
        if not more:
            if held.strip(b"\n"):
                raise DataError(f"{file.path}, word {place}: the file ends in the midst of it")
            return


def unpacked_row(content: bytes, where: str) -> Floats:
    """The numbers of a row in binary."""
    return finite(np.frombuffer(content, "<f4").astype(np.float32), where)


def finite(row: Floats, where: str) -> Floats:
    """The row, if all its numbers are finite."""
    if not np.isfinite(row).all():
        raise DataError(f"{where}: a number that is not finite, or too large for float32")
    return row
