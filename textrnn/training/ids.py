"""A training text as ids: in a file that is mapped into memory, or as a stream that is encoded as it is read."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import DataError
from textrnn.text.corpora import Piece, Section
from textrnn.text.tokenizer import EOS, UNK, Tokenizer

FEWEST_SYMBOLS = 1000  # to learn from; under it nothing can be said of the result
TEXTS_AT_ONCE, CHARACTERS_AT_ONCE = 10_000, 1_000_000  # encoded together
SHARD = 4_000_000  # symbols of a stream that are learnt from together

IdType = Literal["uint8", "uint16", "uint32"]
Stored = NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class StoredIds:
    """The ids of a text in a file, each in the smallest integer that holds all, mapped into memory."""

    path: Path
    dtype: IdType

    def shards(self, first: int) -> Iterator[Stored]:
        """What is learnt from, epoch after epoch: always the whole. first: how many shards are behind already."""
        ids = np.asarray(np.memmap(self.path, self.dtype, mode="r"))
        while True:
            yield ids


@dataclass(frozen=True)
class StreamedIds:
    """The ids of texts that are encoded as they are read, and read again when they end."""

    texts: Section
    tokenizer: Tokenizer
    dtype: IdType
    symbols: int = SHARD

    def shards(self, first: int) -> Iterator[Stored]:
        """What is learnt from, a shard after another. first: how many shards are behind already, and skipped."""
        return islice(self._all(), first, None)

    def _all(self) -> Iterator[Stored]:
        while True:
            held: list[Stored] = []
            total = 0
            for ids in encoded(self.texts, self.tokenizer):
                held.append(ids.astype(self.dtype))
                total += len(ids)
                if sum(map(len, held)) >= self.symbols:
                    yield np.concatenate(held)
                    held = []
            if total < FEWEST_SYMBOLS:
                raise DataError(f"the stream ends after {total} symbols: at least {FEWEST_SYMBOLS} are needed")
            if held:
                yield np.concatenate(held)


def smallest_type(symbols: int) -> IdType:
    """The smallest integer that holds every id of a vocabulary."""
    return "uint8" if symbols <= 2**8 else "uint16" if symbols <= 2**16 else "uint32"


def encoded(pieces: Iterable[Piece], tokenizer: Tokenizer) -> Iterator[NDArray[np.uint32]]:
    """All texts one after another, <eos> behind each, in arrays that end anywhere."""
    end = np.array([EOS], np.uint32)
    whole: list[str] = []  # texts that wait for others to be encoded together
    size = 0

    def waiting() -> Iterator[NDArray[np.uint32]]:
        rows = tokenizer.encode_many(whole)
        if rows:
            yield np.concatenate([part for row in rows for part in (row, end)])

    for piece in pieces:
        if piece.begins and piece.ends:
            whole.append(piece.text)
            size += len(piece.text)
        if size >= CHARACTERS_AT_ONCE or len(whole) == TEXTS_AT_ONCE or not (piece.begins and piece.ends):
            yield from waiting()
            whole, size = [], 0
        if not (piece.begins and piece.ends):
            (ids,) = tokenizer.encode_many([piece.text], continued=not piece.begins)
            yield np.append(ids, end) if piece.ends else ids
    yield from waiting()


def write_ids(path: Path, pieces: Iterable[Piece], tokenizer: Tokenizer, dtype: IdType) -> tuple[int, int, int]:
    """Encode texts into a file; how many symbols, texts and <unk> it holds."""
    return write_encoded(path, encoded(pieces, tokenizer), dtype)


def write_encoded(path: Path, parts: Iterable[Stored], dtype: IdType) -> tuple[int, int, int]:
    """Write texts that are ids already into a file, <eos> behind each; else as `write_ids`."""
    symbols = texts = left_out = 0
    try:
        with path.open("wb") as file:
            for ids in parts:
                file.write(ids.astype(dtype).tobytes())
                symbols += len(ids)
                texts += int((ids == EOS).sum())
                left_out += int((ids == UNK).sum())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise DataError(f"{path} cannot be written: {error.strerror}: the text as numbers needs room there") from None
    return symbols, texts, left_out
