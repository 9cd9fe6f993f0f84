"""How much of a text is copied: the longest span of it that stands verbatim in another, however long that one is.

The samples are short and indexed; the text is read once, in pieces. If n characters would be more than was found of a
sample, they cover some multiple of `stride` in the text, and from there n - stride + 1 characters at least:

    stride 4, n = 7    . . . . | . . . . | . . . .      | a multiple of the stride
                           x x   X X X X   x            X the window of 4 that is looked up

So the windows of the sample are put into a table, only every stride-th place of the text is looked up there, and what
is found is compared character by character. The longer the spans already found, the fewer places there are to look at.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

FIRST_PIECE = 2**10  # characters; each piece is twice the one before, so that it is searched for what that one has not
LAST_PIECE = 2**18
FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)  # odd, and half of their bits are set
SPARSE_BITS = 5  # of 32 to 64 slots of the table one is taken
MOST_BITS = 24  # of a slot's number


@dataclass(frozen=True)
class Copied:
    """The longest span of a sample that stands in a text; of several as long, the first there."""

    text: str = ""
    source: str | None = None  # the name of the text that it stands in
    line: int | None = None  # where it begins, from 1


def longest_copies(samples: Iterable[str], texts: Mapping[str, Iterable[str]]) -> list[Copied]:
    """The longest copied span of each sample. texts: for each name the text, in consecutive blocks of any size."""
    given = list(samples)
    searches = {sample: Search(sample) for sample in given}
    overlap = max(map(len, searches), default=0) - 1
    for name, blocks in texts.items():
        indexes: dict[int, Index] = {}
        for piece in pieces(name, blocks, overlap=max(0, overlap)):
            indexes = renewed(indexes, searches.values())
            codes = low_bytes(piece.text)
            for index in indexes.values():
                for search, places in index.candidates(codes):
                    search.compare(piece, places)
    return [searches[sample].found for sample in given]


@dataclass(frozen=True)
class Piece:
    """Some of a text, with the line that it begins in."""

    text: str
    source: str
    line: int


def pieces(source: str, blocks: Iterable[str], *, overlap: int) -> Iterator[Piece]:
    """A text in pieces of growing size; each begins `overlap` characters before the end of the one before."""
    size, line = FIRST_PIECE, 1
    text, begin, end = "", 0, 0  # of the next piece in `text`: where it begins, and where what is new in it begins
    waiting: list[str] = []
    missing = size
    for block in blocks:
        waiting.append(block)
        missing -= len(block)
        if missing > 0:
            continue
        text, waiting = "".join([text, *waiting]), []
        while len(text) - end >= size:
            end += size
            yield Piece(text[begin:end], source, line)
            following = max(begin, end - overlap)
            line += text.count("\n", begin, following)
            begin, size = following, min(2 * size, max(LAST_PIECE, overlap))
        text, begin, end = text[begin:], 0, end - begin
        missing = size - (len(text) - end)
    text = "".join([text, *waiting])
    if len(text) > end:
        yield Piece(text, source, line)


class Search:
    """A sample, and the longest of its spans that was found."""

    def __init__(self, sample: str) -> None:
        self.sample, self.codes = sample, low_bytes(sample)
        self.found = Copied()

    @property
    def wanted(self) -> int:
        """The characters that would be more than was found."""
        return len(self.found.text) + 1

    def compare(self, piece: Piece, places: range) -> None:
        """Keep the longest span that begins at one of the places, if it is longer than the one found."""
        first, last = places[0], places[-1]
        if piece.text[last : first + self.wanted] not in self.sample:  # what every wanted span from there has in it
            return
        if first < last:
            self.compare(piece, places[: len(places) // 2])
            self.compare(piece, places[len(places) // 2 :])
            return
        lengths = range(self.wanted, min(len(self.sample), len(piece.text) - first) + 1)
        longer = bisect_left(lengths, True, key=lambda length: piece.text[first : first + length] not in self.sample)
        if longer:
            line = piece.line + piece.text.count("\n", 0, first)
            self.found = Copied(piece.text[first : first + lengths[longer - 1]], piece.source, line)


class Index:
    """The windows of some samples, and where a text has one of them."""

    def __init__(self, length: int, searches: Sequence[Search]) -> None:
        """length: of the spans to be found, at least."""
        self.searches = searches
        self.stride = 1 << max(0, length.bit_length() - 2)  # at most half the length, so that the window is the rest
        self.width = length - self.stride + 1
        self._owners: defaultdict[int, list[Search]] = defaultdict(list)
        for search in searches:
            for key in set(keys(search.codes, width=self.width, stride=1).tolist()):
                self._owners[key].append(search)
        self._shift = np.uint64(64 - min(MOST_BITS, len(self._owners).bit_length() + SPARSE_BITS))
        self._is_taken = np.zeros(1 << (64 - int(self._shift)), bool)
        self._is_taken[self._slots(np.array(list(self._owners), np.uint64))] = True

    def _slots(self, keys: Keys) -> NDArray[np.int64]:
        return (keys >> self._shift).view(np.int64)

    def candidates(self, codes: bytes) -> Iterator[tuple[Search, range]]:
        """In the order of the text: a sample, and the places where a span of it may begin."""
        of_text = keys(codes, width=self.width, stride=self.stride)
        found = np.flatnonzero(self._is_taken[self._slots(of_text)])
        for place, key in zip((found * self.stride).tolist(), of_text[found].tolist(), strict=True):
            for search in self._owners.get(key, ()):
                yield search, range(max(0, place - self.stride + 1), place + 1)


def renewed(indexes: Mapping[int, Index], searches: Iterable[Search]) -> dict[int, Index]:
    """An index for each length, rounded down to three binary digits, that some samples still want; as before if so."""
    members: defaultdict[int, list[Search]] = defaultdict(list)
    for search in searches:
        if search.wanted <= len(search.sample):
            rounding = max(0, search.wanted.bit_length() - 3)
            members[search.wanted >> rounding << rounding].append(search)
    return {
        length: indexes[length] if length in indexes and indexes[length].searches == wanting else Index(length, wanting)
        for length, wanting in members.items()
    }


def low_bytes(text: str) -> bytes:
    """The low byte of each character's code: enough to pass over most of what is not alike."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint8).tobytes()


def keys(codes: bytes, *, width: int, stride: int) -> Keys:
    """A number for each window at a multiple of the stride: the same where the first and the last 8 bytes are."""
    count = max(0, (len(codes) - width) // stride + 1)
    padded = codes + bytes(8)

    def eight_bytes(begin: int) -> Keys:
        return np.ndarray(count, "<u8", padded, begin, (stride,))

    if width < 8:
        mixed: Keys = (eight_bytes(0) & np.uint64(256**width - 1)) * FACTORS[0]
        return mixed
    mixed = eight_bytes(0) * FACTORS[0]
    mixed += eight_bytes(width - 8) * FACTORS[1]
    return mixed
