"""Vectors that word2vec (Mikolov et al., 2013) learns for the symbols of texts that are ids: the one place of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textrnn.text.tokenizer import EOS, START
from textrnn.text.vectors import Found
from textrnn.training.ids import Stored

LONGEST = 9_000  # symbols that word2vec is given at once: of more than 10,000 gensim passes over the rest in silence

Say = Callable[[str], object]


def unheard(_: object) -> None:
    """Say nothing: where nobody listens."""


@dataclass(frozen=True)
class Word2VecSettings:
    """How word2vec learns. workers: of one alone the same vectors come again."""

    model: str  # skip-gram or cbow
    size: int
    window: int
    negative: int
    epochs: int
    seed: int
    workers: int = 1


@dataclass(frozen=True)
class Sentences:
    """Each text as word2vec reads it: its ids, spelt, between <start> and <eos>.

    stored: one array of ids or several. A text that is too long for gensim comes in pieces. passed: is told how many
    ids more have been read, each time they are.
    """

    stored: Sequence[Stored]
    symbols: int
    passed: Callable[[int], object] = unheard

    def __iter__(self) -> Iterator[list[str]]:
        for ids in self.stored:
            yield from self._sentences(ids)

    def _sentences(self, ids: Stored) -> Iterator[list[str]]:
        names = [str(index) for index in range(self.symbols)]
        begin, before = 0, [names[START]]
        while begin < len(ids):
            block = ids[begin : begin + LONGEST]
            ends = np.flatnonzero(block == EOS) + 1
            block = block[: ends[-1]] if len(ends) else block
            for part in np.split(block, ends[:-1]):
                yield before + [names[index] for index in part.tolist()]
                before = [names[START]] if len(ends) else []
            begin += len(block)
            self.passed(len(block))


def word2vec(sentences: Sentences, settings: Word2VecSettings, say: Say) -> Found:
    """The vectors of the symbols that the sentences have. say: is told how far the work is."""
    from gensim.models import Word2Vec
    from gensim.models.callbacks import CallbackAny2Vec

    class Saying(CallbackAny2Vec):  # type: ignore[misc]
        """Tells that an epoch has ended."""

        epoch = 0

        def on_epoch_end(self, model: Any) -> None:
            self.epoch += 1
            say(f"word2vec: epoch {self.epoch} of {settings.epochs} done")

    model = Word2Vec(
        sentences,
        vector_size=settings.size,
        window=settings.window,
        negative=settings.negative,
        epochs=settings.epochs,
        sg=int(settings.model == "skip-gram"),
        seed=settings.seed,
        min_count=1,
        workers=settings.workers,
        callbacks=[Saying()],
    )
    known = np.array([int(name) for name in model.wv.index_to_key])
    rows = np.zeros((sentences.symbols, settings.size), np.float32)
    rows[known] = model.wv.vectors
    is_found = np.zeros(sentences.symbols, np.bool_)
    is_found[known] = True
    return Found(rows, is_found, lowered=0, total=len(known), repeated=0)
