"""Symbols → text again, a few at a time, so that a text can be shown while it is written."""

import codecs
import re
from collections.abc import Iterable
from typing import Protocol

from textrnn.text.spacing import Spacing

SPECIAL = ("<pad>", "<unk>", "<start>", "<eos>")
PAD, UNK, START, EOS = range(4)
REPLACEMENT = "\ufffd"  # what <unk> and undecodable bytes read as
BYTE = re.compile(r"<0x([0-9A-F]{2})>")
DUMMY = " "  # before the first word of a text, so that it is the same symbol there as elsewhere


def shown(token: str) -> str:
    """The symbol as text; <unk> is U+FFFD."""
    return REPLACEMENT if token == SPECIAL[UNK] else token


class Joiner(Protocol):
    """Symbols → text, a few at a time."""

    def follow(self, prompt: str, tokens: Iterable[str], *, awaits_space: bool) -> None:
        """What comes is to follow a prompt, given as its text and its symbols.

        awaits_space: the prompt's last space is not among its symbols, but comes with the next.
        """

    def push(self, tokens: Iterable[str]) -> str:
        """The text that these symbols add."""

    def finish(self) -> str:
        """What was held back because it was not whole."""


class Concatenation:
    """Symbols that are the text itself."""

    def follow(self, prompt: str, tokens: Iterable[str], *, awaits_space: bool) -> None:
        pass

    def push(self, tokens: Iterable[str]) -> str:
        return "".join(map(shown, tokens))

    def finish(self) -> str:
        return ""


class Words:
    """Words with spaces between them where they belong."""

    def __init__(self) -> None:
        self._spacing = Spacing()

    def follow(self, prompt: str, tokens: Iterable[str], *, awaits_space: bool) -> None:
        self.push(tokens)
        if prompt[-1:].isspace():
            self._spacing.glue()

    def push(self, tokens: Iterable[str]) -> str:
        return self._spacing.join(map(shown, tokens))

    def finish(self) -> str:
        return ""


class PiecesAndBytes:
    """Pieces of text and single bytes of characters; the space of the first piece, which nobody wrote, goes."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._is_first = True

    def follow(self, prompt: str, tokens: Iterable[str], *, awaits_space: bool) -> None:
        self.push(tokens)
        self._is_first = awaits_space

    def push(self, tokens: Iterable[str]) -> str:
        text = "".join(self._decode(DUMMY + REPLACEMENT if token == SPECIAL[UNK] else token) for token in tokens)
        if self._is_first and text:
            self._is_first = False
            return text.removeprefix(DUMMY)
        return text

    def _decode(self, token: str) -> str:
        byte = BYTE.fullmatch(token)
        return self._decoder.decode(bytes([int(byte[1], 16)]) if byte else token.encode())

    def finish(self) -> str:
        return self._decoder.decode(b"", final=True)
