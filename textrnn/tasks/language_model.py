"""A language model: the probability of each next symbol, to score text with or to draw text from."""

import math
import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids, padded_columns
from textrnn.config import ModelConfig
from textrnn.decoding.sampling import Sampler, Sampling
from textrnn.engines.engine import MANY, Engine, State
from textrnn.errors import UsageError
from textrnn.metrics.metric import Metric
from textrnn.metrics.perplexity import Tally
from textrnn.metrics.tokens import TokenLogprob, log_probabilities, rank, token_table
from textrnn.tasks.generation import Generation, Writer
from textrnn.text.tokenizer import EOS, PAD, START, UNK, Tokenizer

STEPS_AT_ONCE = 4096  # in one call, of all its texts together: what the layers hand on stays in the cache
ENTRIES_AT_ONCE = 2**23  # logits of one call: bounds its memory
NO_IDS: Ids = np.zeros(0, np.int64)
RECORDS_AT_ONCE = 4096  # read, sorted by length and scored together
CHARACTERS_AT_ONCE = 2**21  # or fewer records, where they are long
BLOCK = 32  # steps drawn in one call; output is streamed in smaller ones
STREAM_BLOCK = 8
SAMPLES_AT_ONCE = 256


@dataclass(frozen=True)
class Score:
    """The probability of one text."""

    text: str
    logprob: float | None  # natural, of all tokens; None where there is nothing to predict
    tokens: list[str]
    oov: list[str]  # what the vocabulary lacks, in order; each is predicted as <unk>
    token_logprobs: list[TokenLogprob] = field(default_factory=list)


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
        per_token: bool = False,
        batch_size: int = 64,
        tally: Tally | None = None,
    ) -> Iterator[Score]:
        """The log-probability of each text given <start>, in order; memory does not grow with their number.

        eos: include <eos>; None is the model's default. per_token: fill `token_logprobs`. tally: also add up there.
        A text's score does not depend on its neighbours or on batch_size (int8: bit for bit).
        """
        with_end = self.predicts_end if eos is None else eos
        tally = tally if tally is not None else Tally()
        for group in groups(texts, records=RECORDS_AT_ONCE, characters=CHARACTERS_AT_ONCE):
            rows = [self.tokenizer.encode(text).astype(np.int64) for text in group]
            scored = self._logprobs_of_many([np.append(row, EOS) for row in rows], batch_size, ranks=per_token)
            for text, (targets, logprobs, ranks) in zip(group, scored, strict=True):
                yield self._score(text, targets, logprobs, ranks, with_end=with_end, tally=tally)

    def _logprobs_of_many(
        self, targets: Sequence[Ids], batch_size: int, *, ranks: bool
    ) -> list[tuple[Ids, NDArray[np.float64], Ids]]:
        """Each row's targets, log-probabilities and ranks: batches of like length, side by side, back in order."""
        by_length = sorted(range(len(targets)), key=lambda index: len(targets[index]), reverse=True)
        batches = [by_length[begin : begin + batch_size] for begin in range(0, len(targets), batch_size)]
        scored: list[tuple[Ids, NDArray[np.float64], Ids]] = [(NO_IDS, np.zeros(0), NO_IDS)] * len(targets)
        with ThreadPoolExecutor(self.engine.workers if batch_size >= MANY else 1) as pool:
            rows = pool.map(lambda members: self._logprobs([targets[i] for i in members], ranks=ranks), batches)
            for members, (logprobs, places) in zip(batches, rows, strict=True):
                for index, values, place in zip(members, logprobs, places, strict=True):
                    scored[index] = targets[index], values, place
        return scored

    def _score(
        self,
        text: str,
        targets: NDArray[np.int64],
        logprobs: NDArray[np.float64],
        ranks: NDArray[np.int64],
        *,
        with_end: bool,
        tally: Tally,
    ) -> Score:
        """One record from the log-probabilities of its symbols and, last, of <eos>."""
        symbols = slice(None, None if with_end else -1)
        tokens = [self.tokenizer.tokens[index] for index in targets[symbols]]
        unknown = targets == UNK
        tally.add_text(text)
        tally.symbols += len(targets) - 1
        tally.unknown += int(unknown.sum())
        tally.nats -= math.fsum(logprobs[:-1])
        tally.unknown_nats -= math.fsum(logprobs[unknown])
        tally.ends += 1
        tally.end_nats -= float(logprobs[-1])
        return Score(
            text,
            math.fsum(logprobs[symbols]) if tokens else None,
            tokens,
            self.tokenizer.out_of_vocabulary(text) if unknown.any() else [],
            token_table(tokens, logprobs[symbols], ranks[symbols]) if ranks.size else [],
        )

    def _logprobs(
        self, rows: Sequence[NDArray[np.int64]], *, ranks: bool, first: int = START, state: State | None = None
    ) -> tuple[list[NDArray[np.float64]], list[NDArray[np.int64]]]:
        """Log-probability (and rank, if asked for) of each id of each row, read behind `first` from `state`."""
        targets = padded_columns(rows, padding=PAD)
        inputs = np.concatenate([np.full((1, len(rows)), first), targets[:-1]])
        values = np.zeros(targets.shape)
        places = np.zeros(targets.shape, np.int64)
        steps = max(1, min(STEPS_AT_ONCE, ENTRIES_AT_ONCE // self.engine.classes) // max(1, len(rows)))
        for begin in range(0, len(targets), steps):
            now = slice(begin, begin + steps)
            logits, state = self.engine.run(inputs[now], state)
            values[now] = log_probabilities(logits, targets[now])
            if ranks:
                places[now] = rank(logits, targets[now])
        lengths = [len(row) for row in rows]
        return (
            [values[:length, column] for column, length in enumerate(lengths)],
            [places[:length, column] if ranks else places[:0, 0] for column, length in enumerate(lengths)],
        )

    def evaluate(self, text: str) -> list[Metric]:
        """The figures of one running text, read in one pass with the state carried from its first symbol to its last.

        A model of lines takes each line as a text of its own, from <start> to <eos>.
        """
        tally = Tally()
        if self.predicts_end:
            lines = text.removesuffix("\n").split("\n")
            for _ in self.score(lines, tally=tally):
                pass
            tally.characters, tally.bytes = len(text), len(text.encode(errors="surrogatepass"))
            conditions = "each line from <start>, state not carried; characters include line ends"
            return tally.metrics(includes_end=True, conditions=self._conditions(conditions))
        ids = self.tokenizer.encode(text).astype(np.int64)
        if len(ids):
            (logprobs,), _ = self._logprobs([ids], ranks=False)
            tally.symbols, tally.nats = len(ids), -math.fsum(logprobs)
            tally.unknown, tally.unknown_nats = int((ids == UNK).sum()), -math.fsum(logprobs[ids == UNK])
        tally.add_text(text)
        return tally.metrics(includes_end=False, conditions=self._conditions("one pass from <start>, state carried"))

    def _conditions(self, reading: str) -> str:
        return f"{reading}; {self.config.precision}; no adaptation"

    def generate(
        self,
        prompt: str = "",
        *,
        n: int = 1,
        max_tokens: int = 300,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        stop: Sequence[str] = (),
        seed: int | None = None,
        allow_unk: bool = False,
        logprobs: bool = False,
    ) -> list[Generation]:
        """`n` continuations of a prompt, drawn as one batch; sample i depends on (seed, i, prompt) alone.

        max_tokens: symbols to draw at most; a sample also ends with <eos>, or before the first of the `stop` strings.
        temperature, top_k, top_p, min_p, allow_unk: see decoding.sampling.Sampling. seed: None draws one.
        logprobs: fill `token_logprobs`.
        """
        sampling = Sampling(temperature, top_k, top_p, min_p, allow_unk)
        seed = new_seed() if seed is None else seed
        generations = []
        for begin in range(0, n, SAMPLES_AT_ONCE):
            writers = self._writers(prompt, range(begin, min(n, begin + SAMPLES_AT_ONCE)), stop, seed)
            for _ in self._draw(writers, sampling, max_tokens=max_tokens, block=BLOCK):
                pass
            generations += [writer.generation(logprobs=logprobs) for writer in writers]
        return generations

    def stream(
        self,
        prompt: str = "",
        *,
        index: int = 0,
        max_tokens: int = 300,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        seed: int | None = None,
        logprobs: bool = False,
    ) -> "Iterator[str | Generation]":
        """Sample `index` of `generate` piece by piece as it is drawn, and last the whole as a Generation."""
        seed = new_seed() if seed is None else seed
        (writer,) = writers = self._writers(prompt, [index], stop, seed)
        for _ in self._draw(writers, sampling or Sampling(), max_tokens=max_tokens, block=STREAM_BLOCK):
            if piece := writer.take():
                yield piece
        if piece := writer.take(is_final=True):
            yield piece
        yield writer.generation(logprobs=logprobs)

    def _writers(self, prompt: str, indices: Sequence[int], stop: Sequence[str], seed: int) -> "list[Writer]":
        if "" in stop:
            raise UsageError("a stop string must not be empty")
        if not 0 <= seed < 2**64:
            raise UsageError(f"seed must be from 0 to 2**64 - 1, not {seed}")
        return [Writer(self.tokenizer, prompt, tuple(stop), seed=seed, index=index) for index in indices]

    def _draw(self, writers: "Sequence[Writer]", sampling: Sampling, *, max_tokens: int, block: int) -> Iterator[None]:
        """Draw for all writers until each is done; pause after each block."""
        if max_tokens < 0:
            raise UsageError(f"max-tokens must be 0 or more, not {max_tokens}")
        if not max_tokens:
            return
        prompt = [START, *self.tokenizer.encode(writers[0].prompt).tolist()]
        indices = [writer.index for writer in writers]
        sampler = Sampler(self.engine, prompt, sampling, seed=writers[0].seed, indices=indices)
        for drawn in sampler.blocks(steps=max_tokens, size=block):
            values = log_probabilities(drawn.logits, drawn.choices)  # (steps, batch)
            places = rank(drawn.logits, drawn.choices)
            going_on = [
                writers[row].write(drawn.choices[:, column], values[:, column], places[:, column])
                for column, row in enumerate(drawn.rows)
            ]
            sampler.keep(np.array(going_on))
            yield


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


def new_seed() -> int:
    """A seed for whoever gave none; 32 bits, so that it is easily typed again."""
    return secrets.randbits(32)
