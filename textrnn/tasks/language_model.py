"""A language model: the probability of each next symbol, to score text with or to draw text from."""

import math
import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import ClassVar, TypeVar

import numpy as np

from textrnn.batch import Ids
from textrnn.config import ModelConfig
from textrnn.decoding.sampling import Sampler, Sampling
from textrnn.engines.engine import Engine, state_after
from textrnn.errors import UsageError
from textrnn.metrics.metric import Metric
from textrnn.metrics.perplexity import Tally
from textrnn.metrics.tokens import TokenLogprob, of_chosen, rank, token_table
from textrnn.metrics.words import by_words
from textrnn.tasks.choosing import Choice, Wording, ranked, wordings
from textrnn.tasks.generation import Generation, Writer
from textrnn.tasks.reading import Continued, Reader, ScoredRow, SideBySide
from textrnn.tasks.scoring import Score, TokenList
from textrnn.text.tokenizer import EOS, START, UNK, OutOfVocabulary, Tokenizer

RECORDS_AT_ONCE = 4096  # read, sorted by length and scored together
CHARACTERS_AT_ONCE = 2**21  # or fewer records, where they are long
DEFAULT_TOKENS = 300  # of a generated text, at most
UNTIL_EOS_TOKENS = 10_000  # where it is to end by itself
BLOCK = 32  # steps drawn in one call; output is streamed in smaller ones
STREAM_BLOCK = 8
SAMPLES_AT_ONCE = 256

Item = TypeVar("Item")


class LanguageModel:
    """A trained language model.

    >>> import textrnn
    >>> model = textrnn.load("shakespeare")
    >>> model.generate("ROMEO:", max_tokens=20, seed=1)[0].logprob < 0
    True
    >>> [score.logprob < 0 for score in model.score(["To be", "or not to be"])]
    [True, True]
    """

    task: ClassVar[str] = "lm"

    def __init__(self, engine: Engine, tokenizer: Tokenizer, config: ModelConfig) -> None:
        self.engine, self.tokenizer, self.config = engine, tokenizer, config

    @property
    def predicts_end(self) -> bool:
        """Whether a text's probability includes <eos> by default: it does where each line is a text."""
        return self.config.text.unit == "line"

    def score(
        self,
        texts: Iterable[str],
        *,
        eos: bool | None = None,
        running_text: bool = False,
        per_token: bool = False,
        by_word: bool = False,
        batch_size: int = 64,
        tally: Tally | None = None,
    ) -> Iterator[Score]:
        """The log-probability of each text, in order; memory does not grow with their number.

        eos: include <eos>; None is the model's default. per_token: fill `token_logprobs`. by_word: with a row for each
        word between white space; the total is the same. tally: also add up there.
        A text is read from <start>, and its score does not depend on its neighbours or on batch_size (int8: bit for
        bit). running_text: the texts are the lines of one text, and each is read in the state that those before it
        left; where the model's unit is the text, the newline before a line is the first of its symbols.
        """
        is_stretch = running_text and not self.predicts_end  # each text is a stretch of one, which ends nowhere
        if is_stretch and eos:
            raise UsageError("the lines of a running text do not end with <eos> where the model's unit is the text")
        with_end = self.predicts_end if eos is None else eos
        tally = tally if tally is not None else Tally()
        reader = self._reader(batch_size, running_text=running_text, ranks=per_token or by_word)
        before = ""  # what is read between this text and the one before it
        for group in groups(texts, records=RECORDS_AT_ONCE, characters=CHARACTERS_AT_ONCE):
            rows = self._encode(group, is_stretch=is_stretch, is_first=not before)
            scored = reader.read(rows if is_stretch else [np.append(row, EOS) for row in rows])
            for text, row in zip(group, scored, strict=True):
                tally.add_text(before + text)
                self._count(before + text, row, tally, has_end=not is_stretch)
                score = self._score(text, row, slice(None, None if with_end or is_stretch else -1))
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

    def score_tokens(
        self, lists: Iterable[TokenList], *, per_token: bool = False, batch_size: int = 64, tally: Tally | None = None
    ) -> Iterator[Score]:
        """The log-probability of each list of tokens, exactly these, after its prompt: what `generate` says of its own.

        A token that the vocabulary lacks is <unk>, and listed with its index. <eos> counts where it is in the list.
        """
        tally = tally if tally is not None else Tally()
        reader = self._reader(batch_size, running_text=False, ranks=per_token)
        for group in in_groups(lists, RECORDS_AT_ONCE):
            prompts = [self.tokenizer.encode(item.prompt).astype(np.int64) for item in group]
            rows = [self.tokenizer.ids(item.tokens) for item in group]
            scored = reader.read([np.append(prompt, row) for prompt, row in zip(prompts, rows, strict=True)])
            for prompt, row, item in zip(prompts, scored, group, strict=True):
                own = row.part(slice(len(prompt), None))
                text = self.tokenizer.decode(own.targets.tolist(), after=prompt.tolist())
                if item.prompt[-1:].isspace() and not self.tokenizer.level.is_lossless:
                    text = text.removeprefix(" ")  # as Writer has it
                tally.add_text(text)
                has_end = bool(len(own.targets)) and own.targets[-1] == EOS
                self._count(text, own, tally, has_end=has_end)
                score = self._score(text, own, slice(None))
                unknown = [
                    OutOfVocabulary(token, place)
                    for place, (token, index) in enumerate(zip(item.tokens, own.targets, strict=True))
                    if index == UNK
                ]
                yield replace(score, oov=unknown)

    def _reader(self, batch_size: int, *, running_text: bool, ranks: bool) -> "Reader":
        if running_text:
            return Continued(self.engine, ranks=ranks, is_lines=self.predicts_end)
        return SideBySide(self.engine, ranks=ranks, batch_size=batch_size)

    def _count(self, text: str, row: ScoredRow, tally: Tally, *, has_end: bool) -> None:
        """Add a text's figures to the sums."""
        symbols = slice(None, -1 if has_end else None)
        unknown = row.targets == UNK
        tally.symbols += len(row.targets[symbols])
        tally.unknown += int(unknown.sum())
        tally.nats -= math.fsum(row.logprobs[symbols])
        tally.unknown_nats -= math.fsum(row.logprobs[unknown])
        if has_end:
            tally.ends += 1
            tally.end_nats -= float(row.logprobs[-1])
        tally.altered += not self.tokenizer.gives_back(text, row.targets[symbols])

    def _score(self, text: str, row: ScoredRow, symbols: slice) -> Score:
        """One record."""
        shown = row.part(symbols)
        tokens = [self.tokenizer.tokens[index] for index in shown.targets]
        return Score(
            text,
            math.fsum(shown.logprobs) if tokens else None,
            tokens,
            [] if self.tokenizer.knows(text, shown.targets) else self.tokenizer.out_of_vocabulary(text),
            token_table(tokens, shown.logprobs, shown.ranks) if shown.ranks.size else [],
        )

    def evaluate(self, text: str, *, running_text: bool = False) -> list[Metric]:
        """The figures of one text.

        A model of texts reads it in one pass, the state carried from its first symbol to its last. A model of lines
        takes each line as a text of its own, from <start> to <eos>; with running_text it carries the state across.
        """
        tally = Tally()
        if self.predicts_end:
            lines = text.removesuffix("\n").split("\n")
            for _ in self.score(lines, tally=tally, running_text=running_text):
                pass
            tally.characters, tally.bytes = len(text), len(text.encode(errors="surrogatepass"))
            state = "state carried across lines" if running_text else "state not carried"
            conditions = f"each line from <start>, {state}; characters include line ends"
            return tally.metrics(includes_end=True, conditions=self._conditions(conditions))
        for _ in self.score([text], tally=tally, running_text=True):
            pass
        return tally.metrics(includes_end=False, conditions=self._conditions("one pass from <start>, state carried"))

    def _conditions(self, reading: str) -> str:
        return f"{reading}; {self.config.precision}; no adaptation"

    def choose(self, lines: Iterable[str]) -> Iterator[list[Choice]]:
        """Rank the wordings of each line, such as "The city is on a {plain|plane}", the likeliest first.

        >>> import textrnn
        >>> [best, other] = next(textrnn.load("shakespeare").choose(["To be, or {not|knot} to be"]))
        >>> best.choice
        'not'
        """
        pending: deque[list[Wording]] = deque()

        def texts() -> Iterator[str]:
            for number, line in enumerate(lines, start=1):
                pending.append(wordings(line, number=number))
                yield from (wording.text for wording in pending[-1])

        logprobs: list[float] = []
        number = 1
        for score in self.score(texts()):
            logprobs.append(score.logprob or 0.0)
            if len(logprobs) == len(pending[0]):
                yield ranked(number, pending.popleft(), logprobs)
                logprobs, number = [], number + 1

    def next(self, prefix: str = "", *, count: int = 10) -> list[TokenLogprob]:
        """The likeliest tokens after a prefix, the likeliest first."""
        ids = np.array([START, *self.tokenizer.encode(prefix)], np.int64)[:, None]
        logprobs, _ = self.engine.run(ids[-1:], state_after(self.engine, ids[:-1]))
        order = np.argsort(-logprobs[-1, 0], kind="stable")[:count]
        return token_table(
            [self.tokenizer.tokens[index] for index in order], logprobs[-1, 0, order], range(1, len(order) + 1)
        )

    def generate(
        self,
        prompt: str | Iterable[str] = "",
        *,
        n: int = 1,
        max_tokens: int | None = None,
        until_eos: bool = False,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        stop: Sequence[str] = (),
        seed: int | None = None,
        allow_unk: bool = False,
        logprobs: bool = False,
    ) -> list[Generation]:
        """`n` continuations of a prompt, or of each of several; sample i depends on (seed, i, prompt) alone.

        A sample ends with <eos>, before the first of the `stop` strings, or after max_tokens (300 if not given).
        until_eos: only with <eos> (or a stop string), whatever it takes; max_tokens is then 10,000 if not given.
        temperature, top_k, top_p, min_p, allow_unk, repetition_penalty: see decoding.sampling.Sampling.
        seed: None draws one. logprobs: fill `token_logprobs`.
        """
        sampling = Sampling(temperature, top_k, top_p, min_p, allow_unk, repetition_penalty)
        prompts = [prompt] if isinstance(prompt, str) else prompt
        return list(
            self.generate_each(
                prompts,
                n=n,
                max_tokens=longest(max_tokens, until_eos),
                sampling=sampling,
                stop=stop,
                seed=seed,
                logprobs=logprobs,
            )
        )

    def generate_each(
        self,
        prompts: Iterable[str],
        *,
        n: int = 1,
        max_tokens: int = DEFAULT_TOKENS,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        seed: int | None = None,
        logprobs: bool = False,
    ) -> Iterator[Generation]:
        """The same one by one, for any number of prompts; many are drawn as one batch."""
        seed = new_seed() if seed is None else seed
        wanted = ((prompt, index) for prompt in prompts for index in range(n))
        for group in in_groups(wanted, SAMPLES_AT_ONCE):
            writers = [self._writer(prompt, index, stop, seed) for prompt, index in group]
            for _ in self._draw(writers, sampling or Sampling(), max_tokens=max_tokens, block=BLOCK):
                pass
            yield from (writer.generation(logprobs=logprobs) for writer in writers)

    def stream(
        self,
        prompt: str = "",
        *,
        index: int = 0,
        max_tokens: int = DEFAULT_TOKENS,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        seed: int | None = None,
        logprobs: bool = False,
    ) -> "Iterator[str | Generation]":
        """Sample `index` of `generate` piece by piece as it is drawn, and last the whole as a Generation."""
        seed = new_seed() if seed is None else seed
        writer = self._writer(prompt, index, stop, seed)
        for _ in self._draw([writer], sampling or Sampling(), max_tokens=max_tokens, block=STREAM_BLOCK):
            if piece := writer.take():
                yield piece
        if piece := writer.take(is_final=True):
            yield piece
        yield writer.generation(logprobs=logprobs)

    def _writer(self, prompt: str, index: int, stop: Sequence[str], seed: int) -> Writer:
        if "" in stop:
            raise UsageError("a stop string must not be empty")
        if not 0 <= seed < 2**64:
            raise UsageError(f"seed must be from 0 to 2**64 - 1, not {seed}")
        return Writer(self.tokenizer, prompt, tuple(stop), seed=seed, index=index)

    def _draw(self, writers: Sequence[Writer], sampling: Sampling, *, max_tokens: int, block: int) -> Iterator[None]:
        """Draw for all writers until each is done; pause after each block."""
        if max_tokens < 0:
            raise UsageError(f"max-tokens must be 0 or more, not {max_tokens}")
        if not max_tokens:
            return
        prompts = [(START, *writer.prompt_ids) for writer in writers]
        indices = [writer.index for writer in writers]
        sampler = Sampler(self.engine, prompts, sampling, seed=writers[0].seed, indices=indices)
        for drawn in sampler.blocks(steps=max_tokens, size=block):
            values = of_chosen(drawn.logprobs, drawn.choices)  # (steps, batch)
            places = rank(drawn.logprobs, drawn.choices)
            going_on = [
                writers[row].write(drawn.choices[:, column], values[:, column], places[:, column])
                for column, row in enumerate(drawn.rows)
            ]
            sampler.keep(np.array(going_on))
            yield


def longest(max_tokens: int | None, until_eos: bool) -> int:
    """How many tokens a sample may have."""
    if max_tokens is not None:
        return max_tokens
    return UNTIL_EOS_TOKENS if until_eos else DEFAULT_TOKENS


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


def new_seed() -> int:
    """A seed for whoever gave none; 32 bits, so that it is easily typed again."""
    return secrets.randbits(32)
