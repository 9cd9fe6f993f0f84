"""A file of word vectors, learnt by word2vec from texts."""

import gzip
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from textrnn.data import Data
from textrnn.errors import DataError, UsageError
from textrnn.text.corpora import Section, Strings
from textrnn.text.levels import LEVELS
from textrnn.text.spelling import spellings
from textrnn.text.tokenizer import SPECIAL, Tokenizer
from textrnn.text.vectors import BINARY, TEXT, write_vectors
from textrnn.training.corpus import names_of, repairs_of, texts_of, vocabulary
from textrnn.training.defaults import LevelSettings
from textrnn.training.ids import StoredIds, smallest_type, write_ids
from textrnn.training.word2vec import Say, Sentences, Word2VecSettings, unheard, word2vec
from textrnn.whole_file import whole_file

FORMATS = {".txt": TEXT, ".vec": TEXT, ".bin": BINARY}  # by the ending of the file's name, before .gz
PACKED = ".gz"
WHITE = re.compile(r"[ \t\r\n]")  # what a word of a file cannot hold


@dataclass(frozen=True)
class VectorsWritten:
    """What was learnt from. words, special: with a vector. symbols, covered: of the texts, and those of these words."""

    words: int
    special: tuple[str, ...]
    symbols: int
    covered: int
    repairs: tuple[str, ...]


def check_destination(out: str) -> None:
    """Raise, before the work, where no file of vectors can be written under this name."""
    path = Path(out)
    if Path(out.removesuffix(PACKED)).suffix not in FORMATS or path.is_dir():
        raise UsageError(f"--out names a file that ends in {', '.join(FORMATS)}, or one of these and .gz, not {out}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise DataError(f"{out} cannot be written: {path.parent} is no folder that can be written to")


def learn_vectors(
    data: Data,
    settings: LevelSettings,
    wanted: Word2VecSettings,
    out: str,
    *,
    say: Say = unheard,
    watch: Callable[[int], Callable[[int], object]] = lambda total: unheard,
) -> VectorsWritten:
    """Learn vectors of the words of texts, by frequency, and write them whole or not at all.

    The words are those that a model of these settings reads. What is too rare is one word, <unk>; each text begins with
    <s> and ends with </s>: their vectors come last. watch: is told how many symbols will be read, and gives what is
    told each time how many more have been.
    """
    check_destination(out)
    texts = texts_of(data.files, data, settings)
    if os.path.realpath(out) in map(os.path.realpath, texts.files):
        raise UsageError(f"{out} is one of the texts to learn from: --out names another file")
    pieces = Section(texts, settings.unit)
    tokenizer = Tokenizer(LEVELS[settings.level].learn(Strings(pieces), vocabulary(settings)).tokenizer, settings.level)
    dtype = smallest_type(len(tokenizer))
    with tempfile.TemporaryDirectory(prefix="textrnn-") as folder:
        stored = StoredIds(Path(folder) / "ids", dtype)
        symbols, number, _ = write_ids(stored.path, pieces, tokenizer, dtype)
        if symbols == number:  # nothing but <eos>
            raise DataError(f"{names_of(texts)} is empty")
        ids = next(stored.shards(0))
        counts = np.bincount(ids, minlength=len(tokenizer))
        names = names_in_a_file(tokenizer)
        order = sorted(names, key=lambda index: (index < len(SPECIAL), -counts[index]))
        words = [index for index in order if index >= len(SPECIAL)]
        if not words:
            kind = tokenizer.level.symbol
            raise DataError(f"no {kind} of {names_of(texts)} is there {settings.min_count} times: give --min-count 1")
        say(
            f"{symbols - number:,} {tokenizer.level.symbol}s in {number:,} texts, {len(words):,} of them different and "
            f"there at least {settings.min_count} times"
        )
        passed = watch(symbols * (wanted.epochs + 1))  # once to count them
        found = word2vec(Sentences([ids], len(tokenizer), passed), wanted, say)
        order = [index for index in order if found.is_found[index]]
        format = FORMATS[Path(out.removesuffix(PACKED)).suffix]
        with whole_file(out) as opened, packed(opened, out) as file:
            write_vectors(file, [names[index] for index in order], found.rows[order], format=format)
        special = tuple(names[index] for index in order if index < len(SPECIAL))
        return VectorsWritten(len(words), special, symbols - number, int(counts[words].sum()), repairs_of(texts, None))


def names_in_a_file(tokenizer: Tokenizer) -> dict[int, str]:
    """How a file writes each symbol, but those that it cannot; none as another."""
    names: dict[str, int] = {}
    for index in (*range(len(SPECIAL), len(tokenizer)), *range(len(SPECIAL))):
        spelt = spellings(tokenizer, index)
        if spelt and not WHITE.search(spelt[0]):
            names.setdefault(spelt[0], index)
    return {index: name for name, index in names.items()}


@contextmanager
def packed(file: IO[bytes], out: str) -> Iterator[IO[bytes]]:
    """The file, packed where its name ends in .gz."""
    if not out.endswith(PACKED):
        yield file
        return
    unnamed = gzip.GzipFile("", "wb", fileobj=file, mtime=0)  # no name and no time: the same bytes
    with unnamed, io.BufferedWriter(unnamed) as buffered:
        yield buffered
