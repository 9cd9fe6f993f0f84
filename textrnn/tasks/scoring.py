"""What scoring gives and takes: the score of a text, and tokens to score as they are."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from textrnn.errors import DataError
from textrnn.metrics.tokens import TokenLogprob
from textrnn.text.tokenizer import OutOfVocabulary, Tokenizer


@dataclass(frozen=True)
class Score:
    """The probability of one text."""

    text: str
    logprob: float | None  # natural, of all tokens; None where there is nothing to predict
    tokens: list[str]
    oov: list[OutOfVocabulary]  # what the vocabulary lacks, in order; each is predicted as <unk>
    token_logprobs: list[TokenLogprob] = field(default_factory=list)


@dataclass(frozen=True)
class TokenList:
    """Tokens to score as they are, and the text that they follow."""

    tokens: list[str]
    prompt: str = ""


def parse_tokens(line: str, *, number: int) -> TokenList:
    """A line of JSON: a list of tokens, or an object that holds one and may name the prompt."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"line {number} is not JSON: {error}") from None
    fields = value if isinstance(value, dict) else {"tokens": value}
    tokens, prompt = fields.get("tokens"), fields.get("prompt", "")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise DataError(f"line {number} has no list of tokens: strings in brackets, or an object with `tokens`")
    if not isinstance(prompt, str):
        raise DataError(f"line {number}: the prompt is not a text")
    return TokenList(tokens, prompt)


def pieces_of(score: Score, tokenizer: Tokenizer) -> Iterator[tuple[str, TokenLogprob]]:
    """The rows of a score, each with the text that it adds."""
    joiner = tokenizer.joiner()
    ids = tokenizer.ids(score.tokens).tolist()
    for index, row in zip(ids, score.token_logprobs, strict=True):
        visible = list(tokenizer.visible([index]))
        yield joiner.push(visible) if visible else " " + row.token, row
    yield joiner.finish(), TokenLogprob("", 0.0, 0.0, None)
