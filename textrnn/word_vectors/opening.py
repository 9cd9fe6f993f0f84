"""Word vectors by name: those of a file, or those that a model has learnt to read its symbols by."""

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from textrnn.engines.graph_weights import input_vectors
from textrnn.errors import DataError, ModelError
from textrnn.extras import require
from textrnn.model_folder import ModelFolder, bundled_models, find_model
from textrnn.tasks import check_sizes, read_tokenizers
from textrnn.text.spelling import SENTENCEPIECE_SPACE, spellings
from textrnn.text.tokenizer import SPECIAL
from textrnn.text.vectors import Floats, read_vectors, sniff

if TYPE_CHECKING:
    from gensim.models import KeyedVectors

CLOSE, LEAST_ALIKE = 5, 0.7  # spellings that are named for an unknown word, by difflib's ratio
MOST_COMPARED = 100_000  # words, the first: the most frequent in most files


@dataclass(frozen=True)
class WordVectors:
    """Words with a vector each, in the order of the file. name: of the file or the model."""

    name: str
    words: list[str]
    rows: Floats  # (words, size)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each word."""
        return {word: place for place, word in enumerate(self.words)}

    @cached_property
    def directions(self) -> Floats:
        """The vectors, each of length 1."""
        directions: Floats = self.rows / np.abs(self.rows).max(axis=1, keepdims=True)  # whose squares are in range
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        return directions

    @cached_property
    def keyed(self) -> "KeyedVectors":
        """The directions, for gensim: a cosine knows no lengths."""
        require("train", "textrnn vectors", packages=("gensim",))
        from gensim.models import KeyedVectors

        keyed = KeyedVectors(self.rows.shape[1])
        keyed.add_vectors(self.words, self.directions)
        return keyed

    @cached_property
    def _has_pieces(self) -> bool:
        return any(word.startswith(SENTENCEPIECE_SPACE) for word in self.words)

    def ways(self, word: str) -> Iterator[str]:
        """How this word may be written here, the best way first: as it is, then in lower case."""
        for spelt in dict.fromkeys((word, word.lower())):
            if self._has_pieces:
                yield SENTENCEPIECE_SPACE + spelt
            yield spelt

    def find(self, word: str) -> str | None:
        """The word as it is written here, if it is."""
        return next((way for way in self.ways(word) if way in self.places), None)

    def known(self, word: str) -> str:
        """The same; DataError, with spellings close to it, where there is none."""
        found = self.find(word)
        if found is not None:
            return found
        close = difflib.get_close_matches(word.lower(), self.words[:MOST_COMPARED], CLOSE, LEAST_ALIKE)
        hint = f"; close to it: {', '.join(close)}" if close else ", and no word close to it"
        raise DataError(f"{self.name} has no word {word!r}{hint}")


def open_vectors(name: str) -> WordVectors:
    """The vectors of a file, or of a model given by its folder or by the name of a bundled one.

    Words whose vector is zeros, which points nowhere, are left out.
    """
    is_model = os.path.isdir(name) or (not os.path.exists(name) and name in bundled_models())
    words, rows = of_model(name) if is_model else read_vectors(sniff(name))
    kept = np.flatnonzero(np.abs(rows).max(axis=1))
    if not len(kept):
        raise DataError(f"{name}: all vectors are zeros")
    return WordVectors(name, [words[place] for place in kept.tolist()], rows[kept])


def of_model(name: str) -> tuple[list[str], Floats]:
    """The symbols that a model reads, special ones and bytes left out, and their vectors."""
    folder = ModelFolder(find_model(name))
    vectors = input_vectors(folder)
    if vectors is None:
        raise ModelError(
            f"{name} reads its symbols one-hot: each is as far from every other, and there are no neighbours to find; "
            "a model trained with --embedding learned has vectors"
        )
    tokenizers = read_tokenizers(folder)
    check_sizes(name, folder.config, *tokenizers)
    tokenizer = tokenizers[-1]
    spelt = {index: spellings(tokenizer, index) for index in range(len(SPECIAL), len(tokenizer))}
    places = [index for index, ways in spelt.items() if ways]
    return [spelt[index][0] for index in places], vectors[places]
