"""Text ↔ symbols, as a Hugging Face tokenizers file.

Ids 0 to 3 are <pad>, <unk>, <start> and <eos>. Text that happens to spell one of them is ordinary text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as HuggingFaceTokenizer

from textrnn.errors import ModelError

SPECIAL = ("<pad>", "<unk>", "<start>", "<eos>")
PAD, UNK, START, EOS = range(4)
SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which the library refuses
BLOCK = 2000  # characters encoded at once: the library keeps some 100 bytes for each


class Tokenizer:
    """Text to ids and back."""

    def __init__(self, inner: HuggingFaceTokenizer) -> None:
        inner.encode_special_tokens = True  # the file does not keep it
        self.inner = inner
        self.tokens: list[str] = [inner.id_to_token(index) or "" for index in range(inner.get_vocab_size())]
        known = set(self.tokens)
        self._stranger = next(chr(code) for code in range(0x10FFFF, 0, -1) if chr(code) not in known)

    @classmethod
    def of_characters(cls, characters: Iterable[str]) -> "Tokenizer":
        """A tokenizer with one symbol for each of these characters (Unicode code points), in this order."""
        vocabulary = {token: index for index, token in enumerate((*SPECIAL, *characters))}
        inner = HuggingFaceTokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL[UNK]))
        inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        inner.decoder = decoders.Fuse()
        inner.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
        return cls(inner)

    @classmethod
    def from_json(cls, content: bytes) -> "Tokenizer":
        """The tokenizer that `to_json` wrote."""
        try:
            inner = HuggingFaceTokenizer.from_str(content.decode())
        except Exception as error:  # the library raises bare Exception for every malformed file
            raise ModelError(f"tokenizer.json is not a tokenizer: {error}") from None
        if tuple(inner.id_to_token(index) for index in range(4)) != SPECIAL:
            raise ModelError(f"tokenizer.json does not begin with {' '.join(SPECIAL)}")
        return cls(inner)

    def to_json(self) -> bytes:
        """The tokenizer as a file of the tokenizers library."""
        return self.inner.to_str(pretty=True).encode()

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The ids of a text, without <start> or <eos>; a character outside the vocabulary is <unk>."""
        text = SURROGATE.sub(self._stranger, text)
        blocks = [text[begin : begin + BLOCK] for begin in range(0, len(text), BLOCK)]
        encodings = self.inner.encode_batch_fast(blocks, add_special_tokens=False)
        return np.concatenate([np.array([], np.uint32), *(np.array(e.ids, np.uint32) for e in encodings)])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; <unk> reads as U+FFFD, the other special tokens as nothing."""
        shown = {PAD: "", START: "", EOS: "", UNK: "\ufffd"}
        return "".join(shown[index] if index in shown else self.tokens[index] for index in ids)

    def out_of_vocabulary(self, text: str) -> list[str]:
        """The characters of a text that the vocabulary lacks, in order, each as often as it occurs."""
        known = self.inner.get_vocab()
        return [character for character in text if known.get(character, UNK) < len(SPECIAL)]


def character_vocabulary(texts: Iterable[str], *, size: int = 0, min_count: int = 1) -> tuple[list[str], Counter[str]]:
    """The characters to keep, the most frequent first and ties by code point, and the counts of all.

    size: keep at most this many; 0 is no limit. min_count: drop what occurs less often.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    ranked = sorted(counts, key=lambda character: (-counts[character], character))
    kept = [character for character in ranked if counts[character] >= min_count]
    return kept[: size or None], counts


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a model folder's part."""
    return Tokenizer.from_json(path.read_bytes())
