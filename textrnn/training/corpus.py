"""Files → the ids to learn from and those to validate on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrnn.config import TrainingSettings
from textrnn.errors import DataError
from textrnn.text.records import read_text
from textrnn.text.tokenizer import EOS, Tokenizer, character_vocabulary

FEWEST_SYMBOLS = 1000  # to learn from; under it nothing can be said of the result


@dataclass(frozen=True)
class Corpus:
    """A training and a validation text as ids; each document ends with <eos>."""

    tokenizer: Tokenizer
    train: NDArray[np.uint32]
    valid: NDArray[np.uint32]
    documents: int
    distinct: int  # symbols in the training text, before the vocabulary was cut
    left_out: int  # occurrences of symbols that the vocabulary lacks, in the training text
    valid_origin: str


def read_corpus(
    files: Sequence[str], *, valid: str | None, settings: TrainingSettings, encoding: str = "utf-8"
) -> Corpus:
    """Read files as documents. Without a validation file the last share of the text is held out."""
    documents = [read_text(file, encoding=encoding) for file in files]
    for file, text in zip(files, documents, strict=True):
        if not text:
            raise DataError(f"{file} is empty")
    if valid is not None:
        valid_text, origin = read_text(valid, encoding=encoding), valid
        if not valid_text:
            raise DataError(f"{valid} is empty")
    else:
        held_out = round(sum(map(len, documents)) * settings.valid_share)
        documents, valid_text = split_end(documents, held_out)
        origin = f"the last {settings.valid_share:.0%} of the text"
    characters, counts = character_vocabulary(documents, size=settings.vocabulary_size, min_count=settings.min_count)
    tokenizer = Tokenizer.of_characters(characters)
    end = np.array([EOS], np.uint32)
    train = np.concatenate([part for text in documents for part in (tokenizer.encode(text), end)])
    if len(train) < FEWEST_SYMBOLS:
        raise DataError(f"{len(train)} symbols are too few to learn from: at least {FEWEST_SYMBOLS} are needed")
    left_out = sum(counts.values()) - sum(counts[character] for character in characters)
    return Corpus(tokenizer, train, tokenizer.encode(valid_text), len(files), len(counts), left_out, origin)


def split_end(documents: Sequence[str], characters: int) -> tuple[list[str], str]:
    """The documents without their last characters, and those: at least 1 where there is text."""
    kept, held, wanted = list(documents), "", max(1, characters)
    while kept and len(held) < wanted:
        missing = wanted - len(held)
        last = kept.pop()
        held = last[-missing:] + held
        if len(last) > missing:
            kept.append(last[:-missing])
    return kept, held
