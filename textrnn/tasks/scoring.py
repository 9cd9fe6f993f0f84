"""Scoring: the probability of texts, or of tokens exactly as they are given."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

import numpy as np

from textrnn.batch import Ids
from textrnn.errors import DataError, UsageError
from textrnn.metrics.perplexity import Tally
from textrnn.metrics.tokens import TokenLogprob, token_table
from textrnn.metrics.words import by_words
from textrnn.tasks.reading import Reader, ScoredRow
from textrnn.text.tokenizer import EOS, UNK, OutOfVocabulary, Tokenizer

RECORDS_AT_ONCE = 4096  # read, sorted by length and scored together
CHARACTERS_AT_ONCE = 2**21  # or fewer records, where they are long

Item = TypeVar("Item")


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


@dataclass(frozen=True)
class Scorer:
    """Scores what a reader reads. is_lines: the model's unit is the line, which ends with <eos>."""

    tokenizer: Tokenizer
    is_lines: bool

    def texts(
        self, texts: Iterable[str], *, eos: bool | None, running_text: bool, by_word: bool, reader: Reader, tally: Tally
    ) -> Iterator[Score]:
        """The score of each text; see LanguageModel.score."""
        is_stretch = running_text and not self.is_lines  # each text is a stretch of one, which ends nowhere
        if is_stretch and eos:
            raise UsageError("the lines of a running text do not end with <eos> where the model's unit is the text")
        shows_end = (self.is_lines if eos is None else eos) or is_stretch
        before = ""  # what is read between this text and the one before it
        for group in groups(texts, records=RECORDS_AT_ONCE, characters=CHARACTERS_AT_ONCE):
            rows = self._encode(group, is_stretch=is_stretch, is_first=not before)
            scored = reader.read(rows if is_stretch else [np.append(row, EOS) for row in rows])
            for text, row in zip(group, scored, strict=True):
                self._count(before + text, row, tally, has_end=not is_stretch)
                score = self._score(text, row if shows_end else row.part(slice(-1)))
                if by_word:
                    spans = self.tokenizer.spans(before + text, continued=bool(before))
                    table = by_words(text, [span.end - len(before) for span in spans], score.token_logprobs)
                    score = replace(score, tokens=[word.token for word in table], token_logprobs=table)
                yield score
                before = "\n" if is_stretch else ""

    def _encode(self, texts: Sequence[str], *, is_stretch: bool, is_first: bool) -> list[Ids]:
        """The ids of each text; in one running text with the newline before it, unless it is the very first."""
        if not is_stretch:
            rows = self.tokenizer.encode_many(texts)
        else:
            rows = self.tokenizer.encode_many(texts[:is_first])
            rows += self.tokenizer.encode_many(["\n" + text for text in texts[is_first:]], continued=True)
        return [ids.astype(np.int64) for ids in rows]

    def lists(self, lists: Iterable[TokenList], *, reader: Reader, tally: Tally) -> Iterator[Score]:
        """The score of each list of tokens; see LanguageModel.score_tokens."""
        for group in in_groups(lists, RECORDS_AT_ONCE):
            prompts = [self.tokenizer.encode(item.prompt).astype(np.int64) for item in group]
            rows = [self.tokenizer.ids(item.tokens) for item in group]
            scored = reader.read([np.append(prompt, row) for prompt, row in zip(prompts, rows, strict=True)])
            for prompt, row, item in zip(prompts, scored, group, strict=True):
                own = row.part(slice(len(prompt), None))
                text = self.tokenizer.decode(own.targets.tolist(), after=item.prompt)
                self._count(text, own, tally, has_end=EOS in own.targets[-1:])
                unknown = [
                    OutOfVocabulary(token, place)
                    for place, (token, index) in enumerate(zip(item.tokens, own.targets, strict=True))
                    if index == UNK
                ]
                yield replace(self._score(text, own), oov=unknown)

    def _count(self, text: str, row: ScoredRow, tally: Tally, *, has_end: bool) -> None:
        """Add a text's figures to the sums."""
        symbols = row.part(slice(-1)) if has_end else row
        unknown = symbols.targets == UNK
        tally.add_text(text)
        tally.symbols += len(symbols.targets)
        tally.unknown += int(unknown.sum())
        tally.nats -= math.fsum(symbols.logprobs)
        tally.unknown_nats -= math.fsum(symbols.logprobs[unknown])
        if has_end:
            tally.ends += 1
            tally.end_nats -= float(row.logprobs[-1])
        tally.altered += not self.tokenizer.gives_back(text, symbols.targets)

    def _score(self, text: str, row: ScoredRow) -> Score:
        """One record."""
        tokens = [self.tokenizer.tokens[index] for index in row.targets]
        return Score(
            text,
            math.fsum(row.logprobs) if tokens else None,
            tokens,
            [] if self.tokenizer.knows(text, row.targets) else self.tokenizer.out_of_vocabulary(text),
            token_table(tokens, row.logprobs, row.ranks) if row.ranks.size else [],
        )


def groups(texts: Iterable[str], *, records: int, characters: int) -> Iterator[list[str]]:
    """Consecutive records, as many as fit; one that is longer by itself is alone."""
    group: list[str] = []
    size = 0
    for text in texts:
        if group and (len(group) == records or size + len(text) > characters):
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text)
    if group:
        yield group


def in_groups(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Consecutive items, `size` at a time."""
    rest = iter(items)
    while group := list(islice(rest, size)):
        yield group


def pieces_of(score: Score, tokenizer: Tokenizer) -> Iterator[tuple[str, TokenLogprob]]:
    """The rows of a score, each with the text that it adds."""
    joiner = tokenizer.joiner()
    ids = tokenizer.ids(score.tokens).tolist()
    for index, row in zip(ids, score.token_logprobs, strict=True):
        visible = list(tokenizer.visible([index]))
        yield joiner.push(visible) if visible else " " + row.token, row
    yield joiner.finish(), TokenLogprob("", 0.0, 0.0, None)
