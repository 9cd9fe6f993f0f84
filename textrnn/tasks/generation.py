"""One generated text: how it is put together from drawn symbols, and the record that comes of it."""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.engines.engine import Floats
from textrnn.metrics.tokens import TokenLogprob, token_table
from textrnn.text.tokenizer import EOS, OutOfVocabulary, Prompt, Tokenizer

Ended = Literal["eos", "stop", "length"]  # by <eos>, before a stop string, or since no more tokens were allowed


@dataclass(frozen=True)
class Generation:
    """One generated text."""

    prompt: str
    text: str  # the continuation, without the prompt
    tokens: list[str]  # <eos> last, where it was drawn
    logprob: float  # natural; the model's own, at temperature 1 and without filters
    seed: int
    index: int
    oov: list[OutOfVocabulary]  # of the prompt
    canonical: bool  # whether prompt + text, read again, gives the same symbols
    ended: Ended
    token_logprobs: list[TokenLogprob] = field(default_factory=list)


class Writer:
    """Puts one sample together: its symbols so far, its text, and where it ends. vector: what it begins with."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        prompt: Prompt,
        stop: tuple[str, ...],
        *,
        seed: int,
        index: int,
        vector: Floats | None = None,
    ) -> None:
        self.tokenizer, self.prompt, self.stop, self.seed, self.index = tokenizer, prompt, stop, seed, index
        self.vector = vector
        self.ids: list[int] = []
        self.logprobs: list[float] = []
        self.ranks: list[int] = []
        self.text = ""
        self.ended: Ended = "length"
        self.given = 0  # characters handed out by `take`
        self._lengths: list[int] = []  # of the text after each symbol
        self._joiner = tokenizer.joiner(prompt)

    def write(self, ids: Ids, logprobs: NDArray[np.float64], ranks: Ids) -> bool:
        """Take in a block of symbols with their figures; whether the sample goes on after it."""
        ends = bool((ids == EOS).any())
        count = int(np.argmax(ids == EOS)) + 1 if ends else len(ids)
        self.ids += ids[:count].tolist()
        self.logprobs += logprobs[:count].tolist()
        self.ranks += ranks[:count].tolist()
        before = len(self.text)
        for index in ids[:count].tolist():
            self.text += self._joiner.push(self.tokenizer.visible([index]))
            self._lengths.append(len(self.text))
        if ends:
            self.finish()
        found = [place for stop in self.stop if (place := self.text.find(stop, max(0, before - len(stop) + 1))) >= 0]
        if found:
            self._cut(min(found))
        self.ended = "stop" if found else "eos" if ends else "length"
        return self.ended == "length"

    def finish(self) -> None:
        """No symbol follows: what was held back of the text is part of it."""
        self.text += self._joiner.finish()
        if self._lengths:
            self._lengths[-1] = len(self.text)

    def _cut(self, length: int) -> None:
        """Keep the text up to a stop string, and the symbols that spell it."""
        count = next((index for index, end in enumerate(self._lengths, start=1) if end >= length), len(self.ids))
        del self.ids[count if length else 0 :]
        self.text = self.text[:length]
        self._joiner = self.tokenizer.joiner()  # nothing of the old one's is held back

    def take(self, *, is_final: bool = False) -> str:
        """The text not yet handed out, without an end that could be the beginning of a stop string."""
        held = 0
        if is_final:
            self.finish()
        else:
            for stop in self.stop:
                for size in range(1, len(stop)):
                    if self.text.endswith(stop[:size]):
                        held = max(held, size)
        begin, self.given = self.given, max(self.given, len(self.text) - held)
        return self.text[begin : self.given]

    def generation(self, *, logprobs: bool) -> Generation:
        """The sample as a record."""
        self.finish()
        count = len(self.ids)
        tokens = [self.tokenizer.tokens[index] for index in self.ids]
        spelt = [index for index in self.ids if index != EOS]
        read = self.tokenizer.encode if self.text else self.tokenizer.encode_prompt
        again = read(self.prompt.text + self.text).tolist()
        return Generation(
            self.prompt.text,
            self.text,
            tokens,
            math.fsum(self.logprobs[:count]),
            self.seed,
            self.index,
            self.prompt.oov,
            again == [*self.prompt.ids, *spelt],
            self.ended,
            token_table(tokens, self.logprobs[:count], self.ranks[:count]) if logprobs else [],
        )
