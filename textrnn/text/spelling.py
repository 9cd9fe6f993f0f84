"""How files of vectors write the symbols of a tokenizer."""

from textrnn.text.levels import BYTES
from textrnn.text.tokenizer import EOS, SPECIAL, START, UNK, Tokenizer

SPELT = {UNK: ("<unk>",), START: ("<s>", "</s>"), EOS: ("</s>",)}
SENTENCEPIECE_SPACE = "▁"


def spellings(tokenizer: Tokenizer, index: int) -> tuple[str, ...]:
    """How a file of vectors may write a symbol, the best way first.

    A word, a character or an n-gram is written as it is. A piece that begins a word has a space before it here, "▁" in
    files of vectors of pieces and nothing in those of words; a piece within a word is looked up as it is. A single
    byte has no spelling.
    """
    if index < len(SPECIAL):
        return SPELT.get(index, ())
    token = tokenizer.tokens[index]
    if not tokenizer.level.has_bytes:
        return (token,)
    if token in BYTES:
        return ()
    inner = token.removeprefix(" ")
    return (SENTENCEPIECE_SPACE + inner, inner or token) if token != inner else (token,)
