"""Words → readable text: where a space stands between two tokens and where not.

The decision before a token depends only on what came before it, so that text can be shown while it is written.
"""

import re
from collections.abc import Iterable

HUGS_LEFT = re.compile(
    r"[.,;:!?%)\]}»…]+|''"  # '' closes a quotation in the Penn Treebank
    r"|['’](?:s|ll|re|ve|d|m|t)|n['’]t",  # the second half of he's, don't
    re.IGNORECASE,
)
HUGS_RIGHT = frozenset("([{«$£€¥#¿¡“‘") | {"``"}
OPEN_OR_CLOSE = frozenset("\"'`")  # the same mark on both sides of what is quoted
CLOSES = frozenset("”’")
GLUE = re.compile(r"@([-,.])@")  # how WikiText writes a mark inside a word
NEWLINE = "\n"


class Spacing:
    """Joins tokens one after another."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._is_first, self._is_glued = True, False
        self._open: set[str] = set()  # quotations begun and not ended

    def join(self, tokens: Iterable[str]) -> str:
        """The text of these tokens, after those of the calls before."""
        return "".join(map(self._with_space, tokens))

    def glue(self) -> None:
        """No space before the next token."""
        self._is_glued = True

    def _with_space(self, token: str) -> str:
        if token == NEWLINE:
            self._begin()
            return token
        glue = GLUE.fullmatch(token)
        closes = token in self._open or token in CLOSES
        is_close = self._is_first or self._is_glued or glue or closes or HUGS_LEFT.fullmatch(token)
        self._is_first = False
        self._is_glued = bool(glue) or token in HUGS_RIGHT or (token in OPEN_OR_CLOSE and not closes)
        if token in OPEN_OR_CLOSE:
            self._open ^= {token}
        return ("" if is_close else " ") + (glue[1] if glue else token)
