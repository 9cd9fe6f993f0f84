"""A language model: the probability of each next symbol, to score text with or to draw text from."""

import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import ClassVar

import numpy as np

from textrnn.architecture import LabelPerStep
from textrnn.config import ModelConfig
from textrnn.decoding.sampling import Sampler, Sampling, check_seed
from textrnn.engines.engine import Engine, Floats, state_after
from textrnn.errors import UsageError
from textrnn.metrics.metric import Metric
from textrnn.metrics.perplexity import Tally
from textrnn.metrics.tokens import TokenLogprob, of_chosen, rank, token_table
from textrnn.tasks.choosing import Choice, Wording, ranked, wordings
from textrnn.tasks.conditions import Conditions, Given
from textrnn.tasks.generation import Generation, Writer
from textrnn.tasks.grouping import in_groups, one_or_many
from textrnn.tasks.reading import Continued, Reader, SideBySide
from textrnn.tasks.scoring import Score, Scorer, TokenList
from textrnn.text.corpora import in_pieces
from textrnn.text.tokenizer import START, Prompt, Tokenizer

DEFAULT_TOKENS = 300  # of a generated text, at most
UNTIL_EOS_TOKENS = 10_000  # where it is to end by itself
BLOCK = 32  # steps drawn in one call; output is streamed in smaller ones
STREAM_BLOCK = 8
SAMPLES_AT_ONCE = 256


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
    head: ClassVar[type] = LabelPerStep

    def __init__(self, engine: Engine, tokenizer: Tokenizer, config: ModelConfig) -> None:
        self.engine, self.tokenizer, self.config = engine, tokenizer, config
        self._scorer = Scorer(tokenizer, is_lines=self.predicts_end)
        self.conditions = Conditions(config.architecture.condition)

    @property
    def predicts_end(self) -> bool:
        """Whether a text's probability includes <eos> by default: it does where each line is a text."""
        return self.config.text.unit == "line"

    def score(
        self,
        texts: str | Iterable[str],
        *,
        eos: bool | None = None,
        running_text: bool = False,
        per_token: bool = False,
        by_word: bool = False,
        batch_size: int = 64,
        tally: Tally | None = None,
        condition: Given | Iterator[Given] | None = None,
    ) -> Iterator[Score]:
        """The log-probability of a text or of each, in order; memory does not grow with their number.

        eos: include <eos>; None is the model's default. per_token: fill `token_logprobs`. by_word: with a row for each
        word between white space; the total is the same. tally: also add up there.
        A text is read from <start>, and its score does not depend on its neighbours or on batch_size (int8: bit for
        bit). running_text: the texts are the lines of one text, and each is read in the state that those before it
        left; where the model's unit is the text, the newline before a line is the first of its symbols, and eos raises
        UsageError.
        condition: what every text begins with, for a model that was trained so: a label or numbers; an iterator has one
        for each text in turn.
        """
        vectors = self.conditions.of_texts(condition)
        reader: Reader = SideBySide(self.engine, per_token or by_word, batch_size, vectors)
        if running_text:
            self.conditions.refuse("a running text has no beginning but its first")
            reader = Continued(self.engine, ranks=per_token or by_word)
        tally = tally if tally is not None else Tally()
        return self._scorer.texts(
            one_or_many(texts), eos=eos, running_text=running_text, by_word=by_word, reader=reader, tally=tally
        )

    def score_tokens(
        self,
        lists: Iterable[TokenList],
        *,
        per_token: bool = False,
        batch_size: int = 64,
        tally: Tally | None = None,
        condition: Given | Iterator[Given] | None = None,
    ) -> Iterator[Score]:
        """The log-probability of each list of tokens, exactly these, after its prompt: what `generate` says of its own.

        A token that the vocabulary lacks is <unk>, and listed with its index. <eos> counts where it is last; elsewhere,
        like <pad> and <start>, it raises DataError. condition: as in `score`.
        """
        reader = SideBySide(self.engine, per_token, batch_size, self.conditions.of_texts(condition))
        return self._scorer.lists(lists, reader=reader, tally=tally if tally is not None else Tally())

    def evaluate(
        self,
        texts: str | Iterable[str],
        *,
        running_text: bool = False,
        condition: Given | Iterator[Given] | None = None,
    ) -> list[Metric]:
        """The figures of one text, or of several; memory does not grow with the number of several.

        A model of texts reads each in one pass, the state carried from its first symbol to its last. A model of lines
        takes each line as a text of its own, from <start> to <eos>; with running_text it carries the state across.
        condition: as in `score`.
        """
        is_lines, tally = self.predicts_end, Tally()
        if isinstance(texts, str) and not is_lines and condition is None:
            return self.evaluate_blocks([texts])
        if isinstance(texts, str):
            texts = texts.removesuffix("\n").split("\n")
        for _ in self.score(texts, running_text=running_text, tally=tally, condition=condition):
            pass
        state = "state carried across lines" if running_text else "state not carried"
        begins = "its condition and <start>" if condition is not None else "<start>"
        reading = f"each {self.config.text.unit} from {begins}, {state}"
        if is_lines:
            reading += "; characters include line ends"
        conditions = f"{reading}; {self.config.precision}; no adaptation"
        return tally.metrics(includes_end=is_lines, conditions=conditions)

    def evaluate_blocks(self, blocks: Iterable[str]) -> list[Metric]:
        """The figures of one text that comes in blocks, read in one pass without its end; in constant memory."""
        self.conditions.refuse("a text in blocks has none")
        tally = Tally()
        pieces = in_pieces(iter(blocks), self.tokenizer.level.boundary)
        self._scorer.stretch(pieces, reader=Continued(self.engine, ranks=False), tally=tally)
        conditions = f"one pass from <start>, state carried; {self.config.precision}; no adaptation"
        return tally.metrics(includes_end=False, conditions=conditions)

    def choose(self, lines: str | Iterable[str], *, condition: Given | None = None) -> Iterator[list[Choice]]:
        """Rank the wordings of a line or of each, such as "The city is on a {plain|plane}", the likeliest first.

        Raises DataError for a line with nothing to choose from. condition: as in `score`, for all wordings.

        >>> import textrnn
        >>> [best, other] = next(textrnn.load("shakespeare").choose(["To be, or {not|knot} to be"]))
        >>> best.choice
        'not'
        """
        numbered = enumerate(one_or_many(lines), start=1)
        found = (wordings(line, place=f"line {number}") for number, line in numbered)
        return self.choose_among(found, condition=condition)

    def choose_among(self, lines: Iterable[list[Wording]], *, condition: Given | None = None) -> Iterator[list[Choice]]:
        """The same for lines whose wordings are known."""
        pending: deque[list[Wording]] = deque()

        def texts() -> Iterator[str]:
            for found in lines:
                pending.append(found)
                yield from (wording.text for wording in found)

        scores: list[Score] = []
        number = 1
        for score in self.score(texts(), condition=condition):
            scores.append(score)
            if len(scores) == len(pending[0]):
                yield ranked(number, pending.popleft(), scores)
                scores, number = [], number + 1

    def next(self, prefix: str = "", *, count: int = 10, condition: Given | None = None) -> list[TokenLogprob]:
        """The likeliest tokens after a prefix, the likeliest first; <unk> and <eos> may be among them.

        condition: as in `score`.
        """
        if count < 1:
            raise UsageError(f"count must be 1 or more, not {count}")
        logprobs = self.logprobs_after(prefix, condition=condition)
        order = np.argsort(-logprobs, kind="stable")[:count]
        return token_table([self.tokenizer.tokens[index] for index in order], logprobs[order], range(1, len(order) + 1))

    def logprobs_after(self, prefix: str = "", *, condition: Given | None = None) -> Floats:
        """The log-probability of every symbol after a prefix, (classes,). condition: as in `score`."""
        ids = np.array([START, *self.tokenizer.encode_prompt(prefix)], np.int64)[:, None]
        vector = self.conditions.of_text(condition)
        logprobs, _ = self.engine.run(ids[-1:], state_after(self.engine, ids[:-1], vector))
        return np.asarray(logprobs[-1, 0])

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
        condition: Given | Iterator[Given] | None = None,
    ) -> list[Generation]:
        """`n` continuations of a prompt, or of each of several; sample i depends on (seed, i, prompt, condition) alone.

        A sample ends with <eos>, before the first of the `stop` strings, or after max_tokens (300 if not given).
        until_eos: max_tokens is 10,000 if not given, so that a sample ends by itself.
        temperature, top_k, top_p, min_p, allow_unk, repetition_penalty: see decoding.sampling.Sampling.
        seed: None draws one. logprobs: fill `token_logprobs`. condition: as in `score`; an iterator has one for each
        prompt.
        """
        sampling = Sampling(temperature, top_k, top_p, min_p, allow_unk, repetition_penalty)
        return list(
            self.generate_each(
                one_or_many(prompt),
                n=n,
                max_tokens=longest(max_tokens, until_eos),
                sampling=sampling,
                stop=stop,
                seed=seed,
                logprobs=logprobs,
                condition=condition,
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
        condition: Given | Iterator[Given] | None = None,
    ) -> Iterator[Generation]:
        """The same one by one, for any number of prompts; many are drawn as one batch."""
        seed = new_seed() if seed is None else seed
        vectors: Iterator[Floats | None] = self.conditions.of_texts(condition) or repeat(None)
        begun = zip(map(self.tokenizer.prompt, prompts), vectors, strict=False)
        wanted = ((prompt, index, vector) for prompt, vector in begun for index in range(n))
        for group in in_groups(wanted, SAMPLES_AT_ONCE):
            writers = [self._writer(prompt, index, stop, seed, vector) for prompt, index, vector in group]
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
        condition: Given | None = None,
    ) -> "Iterator[str | Generation]":
        """Sample `index` of `generate` piece by piece as it is drawn, and last the whole as a Generation."""
        seed = new_seed() if seed is None else seed
        vector = self.conditions.of_text(condition)
        writer = self._writer(self.tokenizer.prompt(prompt), index, stop, seed, vector)
        for _ in self._draw([writer], sampling or Sampling(), max_tokens=max_tokens, block=STREAM_BLOCK):
            if piece := writer.take():
                yield piece
        if piece := writer.take(is_final=True):
            yield piece
        yield writer.generation(logprobs=logprobs)

    def _writer(self, prompt: Prompt, index: int, stop: Sequence[str], seed: int, vector: Floats | None) -> Writer:
        if "" in stop:
            raise UsageError("a stop string must not be empty")
        check_seed(seed)
        return Writer(self.tokenizer, prompt, tuple(stop), seed=seed, index=index, vector=vector)

    def _draw(self, writers: Sequence[Writer], sampling: Sampling, *, max_tokens: int, block: int) -> Iterator[None]:
        """Draw for all writers until each is done; pause after each block."""
        if max_tokens < 0:
            raise UsageError(f"max-tokens must be 0 or more, not {max_tokens}")
        if not max_tokens:
            return
        prompts = [(START, *writer.prompt.ids) for writer in writers]
        indices = [writer.index for writer in writers]
        vectors = [writer.vector for writer in writers]
        sampler = Sampler(self.engine, prompts, sampling, seed=writers[0].seed, indices=indices, vectors=vectors)
        sampler.forbid_once([self.tokenizer.cannot_follow(writer.prompt.text) for writer in writers])
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


def new_seed() -> int:
    """A seed for whoever gave none; 32 bits, so that it is easily typed again."""
    return secrets.randbits(32)
