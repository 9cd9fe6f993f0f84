"""Files → the ids to learn from and those to validate on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrnn.config import Unit
from textrnn.errors import DataError
from textrnn.text.levels import LEVELS, Vocabulary
from textrnn.text.records import read_lines, read_text
from textrnn.text.tokenizer import EOS, UNK, Tokenizer
from textrnn.training.defaults import LevelSettings

FEWEST_SYMBOLS = 1000  # to learn from; under it nothing can be said of the result
AT_ONCE = 10_000  # texts encoded together


@dataclass(frozen=True)
class Corpus:
    """A training text as ids, each text of it (a file or a line) with <eos> behind; and the texts to validate on."""

    tokenizer: Tokenizer
    train: NDArray[np.uint32]
    texts: int  # in `train`
    distinct: int | None  # symbols in the training text, before the vocabulary was cut
    valid: list[str]
    valid_origin: str

    @property
    def left_out(self) -> int:
        """Occurrences of <unk> in the training text."""
        return int((self.train == UNK).sum())


def read_corpus(files: Sequence[str], *, valid: str | None, settings: LevelSettings, encoding: str = "utf-8") -> Corpus:
    """Read files as texts; where the unit is the line, each line is one.

    Without a validation file the last share of the text is held out.
    """
    unit = settings.unit
    texts = [text for file in files for text in read_texts(file, unit, encoding=encoding)]
    if valid is not None:
        held, origin = read_texts(valid, unit, encoding=encoding), Path(valid).name
    else:
        texts, held = split_end(texts, settings.valid_share, unit)
        origin = f"the last {settings.valid_share:.0%} of the text"
    learnt = LEVELS[settings.level].learn(texts, vocabulary(settings))
    tokenizer = Tokenizer(learnt.tokenizer, settings.level)
    train = encoded(tokenizer, texts)
    if len(train) < FEWEST_SYMBOLS:
        raise DataError(f"{len(train)} symbols are too few to learn from: at least {FEWEST_SYMBOLS} are needed")
    return Corpus(tokenizer, train, len(texts), learnt.distinct, held, origin)


def vocabulary(settings: LevelSettings) -> Vocabulary:
    """What the settings say of the vocabulary."""
    return Vocabulary(
        size=settings.vocabulary_size,
        min_count=settings.min_count,
        ngram=settings.ngram,
        lower=settings.lower,
        literal_unk=settings.literal_unk,
        splits_at_spaces=settings.split == "spaces",
    )


def read_texts(file: str, unit: Unit, *, encoding: str) -> list[str]:
    """The texts of a file, which must hold some."""
    texts = list(read_lines(file, encoding=encoding)) if unit == "line" else [read_text(file, encoding=encoding)]
    if not any(texts):
        raise DataError(f"{file} is empty")
    return texts


def encoded(tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.uint32]:
    """All texts one after another, <eos> behind each."""
    end = np.array([EOS], np.uint32)
    rows: list[NDArray[np.uint32]] = []
    for begin in range(0, len(texts), AT_ONCE):
        for ids in tokenizer.encode_many(texts[begin : begin + AT_ONCE]):
            rows += [ids, end]
    return np.concatenate(rows) if rows else end[:0]


def split_end(texts: Sequence[str], share: float, unit: Unit) -> tuple[list[str], list[str]]:
    """The texts without the last share of them, and that share: whole lines, or a run of characters; at least one."""
    if unit == "line":
        count = len(texts) - min(len(texts) - 1, max(1, round(len(texts) * share)))
        return list(texts[:count]), list(texts[count:])
    kept, held, wanted = list(texts), "", max(1, round(sum(map(len, texts)) * share))
    while kept and len(held) < wanted:
        missing = wanted - len(held)
        last = kept.pop()
        held = last[-missing:] + held
        if len(last) > missing:
            kept.append(last[:-missing])
    return kept, [held]
