"""Chunks of text with their ids, remembered: what a text is made of has mostly been read before."""

from collections.abc import Iterator, Sequence

import numpy as np
from tokenizers import Encoding
from tokenizers import Tokenizer as HuggingFaceTokenizer

from textrnn.text.joiners import UNK

MOST_CHARACTERS = 2**18  # in the chunks that are remembered: some 10 MB in all with their ids
ID = np.dtype(np.uint32)
UNKNOWN = np.array([UNK], ID).tobytes()


class Chunks:
    """Encodes texts that are cut into chunks, each as the tokenizer encodes it alone.

    Threads may share it: what one of them adds is true for all, and nothing is taken away from a dictionary in use.
    """

    def __init__(self, tokenizer: HuggingFaceTokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, bytes] = {}
        self._characters = 0

    def encode(self, texts: Sequence[Sequence[str]]) -> list[bytes]:
        """The ids of each text, as bytes."""
        known = self._known_with(texts)
        return [b"".join([known[chunk] for chunk in chunks]) for chunks in texts]

    def unknown(self, text: str, chunks: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Where the symbols of a text that are <unk> begin and end, given its chunks in order."""
        known = self._known_with([chunks])
        if not any(UNKNOWN in known[chunk] for chunk in chunks):
            return
        begin = 0
        for chunk in chunks:
            begin = text.index(chunk, begin)
            if known[chunk] == UNKNOWN and chunk == chunk.strip():
                yield begin, begin + len(chunk)
            elif UNKNOWN in known[chunk]:
                encoding: Encoding = self._tokenizer.encode(chunk, add_special_tokens=False)
                for symbol, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
                    if symbol == UNK:
                        yield begin + start, begin + end
            begin += len(chunk)

    def _known_with(self, texts: Sequence[Sequence[str]]) -> dict[str, bytes]:
        """The ids of all chunks of these texts, and of others, as bytes: they are quickly put together."""
        if self._characters > MOST_CHARACTERS:
            self._known, self._characters = {}, 0
        known = self._known
        if new := list(set[str]().union(*texts).difference(known)):
            encodings = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
            known.update(zip(new, (np.array(each.ids, ID).tobytes() for each in encodings), strict=True))
            self._characters += sum(map(len, new))
        return known
