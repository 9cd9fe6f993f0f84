"""Scoring: the probability of texts, or of tokens exactly as they are given."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from textrnn.batch import Ids
from textrnn.errors import DataError, UsageError
from textrnn.metrics.perplexity import Tally
from textrnn.metrics.tokens import TokenLogprob, token_table
from textrnn.metrics.words import by_words
from textrnn.tasks.grouping import groups, in_groups
from textrnn.tasks.reading import Reader, ScoredRow
from textrnn.text.corpora import Piece
from textrnn.text.tokenizer import EOS, PAD, START, UNK, OutOfVocabulary, Tokenizer

RECORDS_AT_ONCE = 4096  # read, sorted by length and scored together
CHARACTERS_AT_ONCE = 2**21  # or fewer records, where they are long


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


def parse_tokens(value: Any, *, place: str = "line 1") -> TokenList:
    """What a line of JSON holds: a list of tokens, or an object with one, which may name the prompt.

    place: what the error calls the line.
    """
    fields = value if isinstance(value, dict) else {"tokens": value}
    tokens, prompt = fields.get("tokens"), fields.get("prompt", "")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise DataError(f"{place} has no list of tokens: strings in brackets, or an object with `tokens`")
    if not isinstance(prompt, str):
        raise DataError(f"{place}: the prompt is not a text")
    return TokenList(tokens, prompt)


class ExactSum:
    """A sum of numbers that come in parts, rounded once: that of `math.fsum` over them all."""

    def __init__(self) -> None:
        self._parts: list[float] = []  # their sum is exact

    def add(self, values: Iterable[float]) -> None:
        terms = [*self._parts, *values]
        self._parts = [math.fsum(terms)]
        while math.isfinite(self._parts[0]) and (rest := math.fsum([*terms, *(-part for part in self._parts)])):
            self._parts.append(rest)

    @property
    def total(self) -> float:
        return math.fsum(self._parts)


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
                yield self.score(
                    text, row, tally, before=before, has_end=not is_stretch, shows_end=shows_end, by_word=by_word
                )
                before = "\n" if is_stretch else ""

    def score(
        self,
        text: str,
        row: ScoredRow,
        tally: Tally,
        *,
        before: str = "",
        has_end: bool = True,
        shows_end: bool = True,
        by_word: bool = False,
    ) -> Score:
        """The record of a text that is read, its figures added to the sums.

        before: what was read before it. has_end: <eos> is the last that was read. shows_end: it counts in the record.
        """
        symbols = row.targets[: -1 if has_end else None]
        gives_back = self.tokenizer.gives_back(before + text, symbols)
        line_end = "\n" if self.is_lines and shows_end else ""
        self._count(before + text, row, tally, has_end=has_end, gives_back=gives_back, line_end=line_end)
        shown = row if shows_end else row.part(slice(-1))
        score = self._score(text, shown, self._lacking(text, shown.targets))
        if not by_word:
            return score
        spans = self.tokenizer.spans(before + text, continued=bool(before))
        table = by_words(text, [span.end - len(before) for span in spans], score.token_logprobs)
        return replace(score, tokens=[word.token for word in table], token_logprobs=table)

    def stretch(self, pieces: Iterable[Piece], *, reader: Reader, tally: Tally) -> None:
        """Add up the figures of one text that comes in pieces: the same to the bit wherever it is cut."""
        nats, unknown_nats = ExactSum(), ExactSum()
        joiner = self.tokenizer.joiner()
        gives_back, awaited = True, ""  # what the symbols are still to give back
        for piece in pieces:
            (ids,) = self.tokenizer.encode_many([piece.text], continued=not piece.begins)
            (row,) = reader.read([ids.astype(np.int64)])
            unknown = row.targets == UNK
            nats.add(row.logprobs)
            unknown_nats.add(row.logprobs[unknown])
            tally.add_text(piece.text)
            tally.symbols += len(row.targets)
            tally.unknown += int(unknown.sum())
            if gives_back:
                given, awaited = joiner.push(self.tokenizer.visible(row.targets)), awaited + piece.text
                gives_back = self.tokenizer.knows(piece.text, ids) and awaited.startswith(given)
                awaited = awaited[len(given) :]
        tally.texts = 1
        tally.nats, tally.unknown_nats = -nats.total, -unknown_nats.total
        tally.altered = int(not gives_back or joiner.finish() != awaited)

    def _encode(self, texts: Sequence[str], *, is_stretch: bool, is_first: bool) -> list[Ids]:
        """The ids of each text; in one running text with the newline before it, unless it is the very first."""
        if not is_stretch:
            rows = self.tokenizer.encode_many(texts)
        else:
            alone = 1 if is_first else 0
            rows = self.tokenizer.encode_many(texts[:alone])
            rows += self.tokenizer.encode_many(["\n" + text for text in texts[alone:]], continued=True)
        return [ids.astype(np.int64) for ids in rows]

    def lists(self, lists: Iterable[TokenList], *, reader: Reader, tally: Tally) -> Iterator[Score]:
        """The score of each list of tokens; see LanguageModel.score_tokens."""
        for group in in_groups(lists, RECORDS_AT_ONCE):
            prompts = [self.tokenizer.encode_prompt(item.prompt).astype(np.int64) for item in group]
            rows = [self._checked(item) for item in group]
            scored = reader.read([np.append(prompt, row) for prompt, row in zip(prompts, rows, strict=True)])
            for prompt, row, item in zip(prompts, scored, group, strict=True):
                own = row.part(slice(len(prompt), None))
                has_end = EOS in own.targets
                text = self.tokenizer.decode(own.targets.tolist(), after=item.prompt)
                again = self.tokenizer.encode(item.prompt + text).tolist()
                gives_back = again == row.targets[: -1 if has_end else None].tolist()
                line_end = "\n" if self.is_lines and has_end else ""
                self._count(text, own, tally, has_end=has_end, gives_back=gives_back, line_end=line_end)
                lacking = [
                    OutOfVocabulary(token, place)
                    for place, (token, index) in enumerate(zip(item.tokens, own.targets, strict=True))
                    if index == UNK
                ]
                yield self._score(text, own, lacking)

    def _checked(self, item: TokenList) -> Ids:
        """The ids of tokens, which a model can predict in this order."""
        ids = self.tokenizer.ids(item.tokens)
        wrong = np.isin(ids, (PAD, START)) | ((ids == EOS) & (np.arange(len(ids)) < len(ids) - 1))
        if wrong.any():
            token = item.tokens[int(wrong.argmax())]
            raise DataError(
                f"a list of tokens has {token} where none can be: <eos> is the last, <pad> and <start> never are"
            )
        return ids

    def _lacking(self, text: str, ids: Ids) -> list[OutOfVocabulary]:
        """What the vocabulary lacks of a text, given its ids."""
        return [] if self.tokenizer.knows(text, ids) else self.tokenizer.out_of_vocabulary(text)

    def _count(
        self, text: str, row: ScoredRow, tally: Tally, *, has_end: bool, gives_back: bool, line_end: str
    ) -> None:
        """Add a text's figures to the sums. line_end: the character that <eos> stands for, where it counts."""
        symbols = row.part(slice(-1)) if has_end else row
        unknown = symbols.targets == UNK
        tally.add_text(text + line_end)
        tally.symbols += len(symbols.targets)
        tally.unknown += int(unknown.sum())
        tally.nats -= math.fsum(symbols.logprobs)
        tally.unknown_nats -= math.fsum(symbols.logprobs[unknown])
        if has_end:
            tally.ends += 1
            tally.end_nats -= float(row.logprobs[-1])
        tally.altered += not gives_back

    def _score(self, text: str, row: ScoredRow, lacking: list[OutOfVocabulary]) -> Score:
        """One record."""
        tokens = [self.tokenizer.tokens[index] for index in row.targets]
        return Score(
            text,
            math.fsum(row.logprobs) if tokens else None,
            tokens,
            lacking,
            token_table(tokens, row.logprobs, row.ranks) if row.ranks.size else [],
        )


def pieces_of(score: Score, tokenizer: Tokenizer, *, before: str = "") -> Iterator[tuple[str, TokenLogprob]]:
    """The rows of a score, each with its piece of the text; <eos> stands for itself.

    before: what was read between the text before and this one, "\n" within a running text.
    """
    rows = score.token_logprobs
    spans = list(tokenizer.spans(before + score.text, continued=bool(before)))
    begin = 0
    for place, (span, row) in enumerate(zip(spans, rows, strict=False), start=1):
        following = spans[place].begin if place < len(spans) else span.end  # what is put before a text has no place
        end = max(begin, min(span.end, following) - len(before))
        yield score.text[begin:end], row
        begin = end
    for row in rows[len(spans) :]:
        yield f" {row.token}", row
