"""Text ↔ symbols, as a Hugging Face tokenizers file.

Ids 0 to 3 are <pad>, <unk>, <start> and <eos>. Text that happens to spell one of them is ordinary text.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as HuggingFaceTokenizer

from textrnn.errors import ModelError
from textrnn.text.chunks import ID, Chunks
from textrnn.text.joiners import DUMMY, EOS, PAD, REPLACEMENT, SPECIAL, START, UNK, Joiner
from textrnn.text.levels import LEVELS, Vocabulary, of_characters, parts
from textrnn.text.tokenizer_file import check_tokenizer

__all__ = ["EOS", "PAD", "SPECIAL", "START", "UNK", "OutOfVocabulary", "Tokenizer"]

SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which the library refuses
SILENT = frozenset((PAD, START, EOS))  # read as nothing


@dataclass(frozen=True)
class OutOfVocabulary:
    """What the vocabulary lacks, and where it stands in the text, in characters."""

    text: str
    offset: int


@dataclass(frozen=True)
class Span:
    """A symbol and the characters of the text that it stands for."""

    id: int
    begin: int
    end: int


@dataclass(frozen=True)
class Prompt:
    """A text that is to be continued: its ids, as `encode_prompt` makes them, and what the vocabulary lacks of it."""

    text: str
    ids: list[int]
    oov: list[OutOfVocabulary]


class Tokenizer:
    """Text to ids and back."""

    def __init__(self, inner: HuggingFaceTokenizer, level: str = "char") -> None:
        self.level = LEVELS[level]
        self.inner = inner
        self.tokens: list[str] = [inner.id_to_token(index) or "" for index in range(inner.get_vocab_size())]
        inner.encode_special_tokens = True  # the file does not keep it
        strangers = (chr(code) for code in range(0x10FFFF, 0, -1) if inner.token_to_id(chr(code)) is None)
        self._stand_in = REPLACEMENT if self.level.has_bytes else next(strangers, REPLACEMENT)  # for half a character

    @classmethod
    def of_characters(cls, characters: Iterable[str]) -> "Tokenizer":
        """A tokenizer with one symbol for each of these characters (Unicode code points), in this order."""
        return cls(of_characters(characters))

    @classmethod
    def learn(cls, texts: Iterable[str], level: str, wanted: Vocabulary) -> "Tokenizer":
        """The tokenizer of a level, its vocabulary read off texts."""
        return cls(LEVELS[level].learn(texts, wanted).tokenizer, level)

    @classmethod
    def from_json(cls, content: bytes, level: str = "char", *, name: str = "tokenizer.json") -> "Tokenizer":
        """The tokenizer that `to_json` wrote. name: of the file, for errors."""
        check_tokenizer(content, level, name=name)
        try:
            inner = HuggingFaceTokenizer.from_str(content.decode())
        except Exception as error:  # the library raises bare Exception for every malformed file
            raise ModelError(f"{name} is not a tokenizer: {error}") from None
        return cls(inner, level)

    def to_json(self) -> bytes:
        """The tokenizer as a file of the tokenizers library."""
        return self.inner.to_str().encode()

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def is_exact(self) -> bool:
        """Whether symbols give every text back in which none is <unk>."""
        content = json.loads(self.inner.to_str())["normalizer"] or {}
        steps = content.get("normalizers", [content])
        return self.level.is_lossless and all(step.get("type") != "Lowercase" for step in steps)

    @cached_property
    def _within(self) -> HuggingFaceTokenizer:
        """For a part that is not the first of its text: nothing is put before it."""
        content = json.loads(self.inner.to_str())
        steps = (content["normalizer"] or {}).get("normalizers", [])
        if not any(step["type"] == "Prepend" for step in steps):
            return self.inner
        content["normalizer"]["normalizers"] = [step for step in steps if step["type"] != "Prepend"]
        inner = HuggingFaceTokenizer.from_str(json.dumps(content))
        inner.encode_special_tokens = True
        return inner

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The ids of a text, without <start> or <eos>; what the vocabulary lacks is <unk>."""
        return self.encode_many([text])[0]

    def encode_many(self, texts: Sequence[str], *, continued: bool = False) -> list[NDArray[np.uint32]]:
        """The ids of each text. continued: they are what follows in another, so that nothing is put before them."""
        ids, lengths = self.encode_flat(texts, continued=continued)
        ends = lengths.cumsum().tolist()
        return [ids[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]

    def encode_flat(
        self, texts: Sequence[str], *, continued: bool = False
    ) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
        """The ids of all texts, one text after another, and how many each has; else as `encode_many`."""
        rows = self._chunks.encode([self._cut(text, continued=continued) for text in texts])
        lengths = np.fromiter(map(len, rows), np.intp, len(rows)) // ID.itemsize
        return np.frombuffer(bytearray().join(rows), ID), lengths

    def _cut(self, text: str, *, continued: bool = False) -> list[str]:
        """The chunks of a text, the first with what is put before it."""
        chunks = self.level.cut(self._readable(text))
        if chunks and not continued:
            chunks[0] = self._before + chunks[0]
        return chunks

    @cached_property
    def _before(self) -> str:
        """What is put before a text."""
        return "" if self._within is self.inner else DUMMY

    @cached_property
    def _chunks(self) -> Chunks:
        return Chunks(self._within)

    def ids(self, tokens: Iterable[str]) -> NDArray[np.int64]:
        """The ids of tokens; one that the vocabulary lacks is <unk>."""
        known = (None if SURROGATE.search(token) else self.inner.token_to_id(token) for token in tokens)
        return np.array([UNK if index is None else index for index in known], np.int64)

    def prompt(self, text: str) -> Prompt:
        """A text that is to be continued, read once for all that follows it."""
        return Prompt(text, self.encode_prompt(text).tolist(), self.out_of_vocabulary(text))

    def encode_prompt(self, prompt: str) -> NDArray[np.uint32]:
        """The ids of a text that is to be continued. A space at its end is left to the next piece, which brings it."""
        return self.encode(prompt[:-1] if self.awaits_space(prompt) else prompt)

    def awaits_space(self, prompt: str) -> bool:
        """Whether what follows a prompt is to begin with the space that the prompt ends with."""
        return self.level.has_bytes and re.search(r"[^ \n] \Z", prompt) is not None

    def cannot_follow(self, prompt: str) -> NDArray[np.intp]:
        """The ids that cannot come right after a prompt: pieces without the space that it ends with."""
        return self._without_space if self.awaits_space(prompt) else np.zeros(0, np.intp)

    @cached_property
    def _without_space(self) -> NDArray[np.intp]:
        return np.array([index for index, token in enumerate(self.tokens) if not token.startswith(" ")], np.intp)

    def spans(self, text: str, *, continued: bool = False) -> Iterator[Span]:
        """The symbols of a text, each with its place."""
        begin = 0
        for index, part in enumerate(self._parts(text)):
            inner = self._within if index or continued else self.inner
            encoding: Encoding = inner.encode(part, add_special_tokens=False)
            for symbol, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
                yield Span(symbol, begin + start, begin + end)
            begin += len(part)

    def _parts(self, text: str) -> list[str]:
        return list(parts(self._readable(text), self.level.boundary))

    def _readable(self, text: str) -> str:
        """The text as the library takes it."""
        return SURROGATE.sub(self._stand_in, text)

    def decode(self, ids: Iterable[int], *, after: str = "") -> str:
        """The text of ids, which follow a prompt; <unk> reads as U+FFFD, the other special tokens as nothing."""
        joiner = self.joiner(self.prompt(after) if after else None)
        return joiner.push(self.visible(ids)) + joiner.finish()

    def joiner(self, prompt: Prompt | None = None) -> Joiner:
        """Puts `visible` tokens together, a few at a time; they follow the prompt, if any."""
        joiner = self.level.joiner()
        if prompt and prompt.text:
            joiner.follow(prompt.text, self.visible(prompt.ids), awaits_space=self.awaits_space(prompt.text))
        return joiner

    def visible(self, ids: Iterable[int]) -> Iterator[str]:
        """The tokens of ids without those that read as nothing."""
        return (self.tokens[index] for index in ids if index not in SILENT)

    def gives_back(self, text: str, ids: Sequence[int] | NDArray[np.integer]) -> bool:
        """Whether these symbols of a text, decoded, are the text again."""
        return self.knows(text, ids) and (self.is_exact or self.decode(ids) == text)

    def knows(self, text: str, ids: Sequence[int] | NDArray[np.integer]) -> bool:
        """Whether the vocabulary lacks nothing of a text, given its ids."""
        return UNK not in ids and not SURROGATE.search(text)

    def segments_like(self, other: "Tokenizer") -> bool:
        """Whether every text is the same symbols here and there; their ids may differ."""
        mine, others = (json.loads(tokenizer.inner.to_str()) for tokenizer in (self, other))
        for content in (mine, others):
            content["model"]["vocab"] = sorted(content["model"]["vocab"])
        return self.level.name == other.level.name and bool(mine == others)

    def out_of_vocabulary(self, text: str) -> list[OutOfVocabulary]:
        """What the vocabulary lacks, in order, each as often as it occurs; half a character is always such."""
        put = len(self._before)
        found = self._chunks.unknown(self._before + self._readable(text), self._cut(text))
        places = {begin - put: text[begin - put : end - put] for begin, end in found}
        places |= {match.start(): match[0] for match in SURROGATE.finditer(text)}
        return [OutOfVocabulary(places[offset], offset) for offset in sorted(places)]
