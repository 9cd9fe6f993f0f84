"""One translation: how it is put together from symbols, and the record that comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textrnn.batch import Ids
from textrnn.decoding.hypotheses import Hypothesis
from textrnn.errors import UsageError
from textrnn.tasks.alignment import Alignment, align
from textrnn.tasks.generation import Ended
from textrnn.text.tokenizer import SILENT, UNK, OutOfVocabulary, Tokenizer

HIGHEST_RATIO = 1000.0
ROOM = 10  # symbols that a translation may have however short its source


@dataclass(frozen=True)
class Candidate:
    """One of several translations of a text.

    score: the natural log-probability of the tokens, <eos> last, given the text. rank_score: what it was ranked by.
    ended: "length" where no more tokens were allowed. alignment: None unless it was asked for.
    """

    translation: str
    score: float
    rank_score: float
    tokens: list[str]
    ended: Ended
    alignment: Alignment | None


@dataclass(frozen=True)
class Translation:
    """The translation of one text; of one without symbols an empty one, whose score is None.

    score, tokens, ended, alignment: see Candidate. oov: what the vocabulary lacks of the text. hypotheses: the best,
    the best first; None unless they were asked for.
    """

    text: str
    translation: str
    score: float | None
    tokens: list[str]
    oov: list[OutOfVocabulary]
    hypotheses: list[Candidate] | None
    alignment: Alignment | None
    ended: Ended | None


@dataclass(frozen=True)
class Wanted:
    """What a translation is to be and to say. See `Translator.translate`."""

    n_best: int | None = None
    max_ratio: float = 2.0
    replace_unk: bool = False
    attention: bool = False

    @property
    def reads_attention(self) -> bool:
        """Whether the attention of each hypothesis is needed."""
        return self.attention or self.replace_unk

    def longest(self, lengths: Ids) -> Ids:
        """How many symbols a translation may have, for sources of these lengths."""
        return np.asarray(self.max_ratio * lengths, np.int64) + ROOM

    def check(self, level: str, *, width: int, has_attention: bool) -> None:
        """Raise UsageError where a model of this level cannot say it, or has not as many hypotheses as `width`."""
        if self.n_best is not None and not 1 <= self.n_best <= width:
            raise UsageError(f"n-best must be from 1 to {width}, which are looked for, not {self.n_best}")
        if not 0 <= self.max_ratio <= HIGHEST_RATIO:
            raise UsageError(f"max-length must be from 0 to {HIGHEST_RATIO:.0f}, not {self.max_ratio}")
        if self.reads_attention and not has_attention:
            raise UsageError("alignments and replace-unk need attention, and this model has none")
        if self.replace_unk and level != "word":
            raise UsageError("replace-unk is for models of words: others spell what they have no symbol for")


@dataclass(frozen=True)
class Writer:
    """Puts translations together."""

    tokenizer: Tokenizer
    source_tokenizer: Tokenizer
    wanted: Wanted

    def candidate(self, text: str, hypothesis: Hypothesis) -> Candidate:
        """A hypothesis as text, given what it translates."""
        tokens = [self.tokenizer.tokens[index] for index in hypothesis.ids]
        pieces = self._replaced(text, hypothesis, tokens) if self.wanted.replace_unk else tokens
        joiner = self.tokenizer.joiner()
        translation, ends = "", []
        for index, piece in zip(hypothesis.ids, pieces, strict=True):
            if index not in SILENT:
                translation += joiner.push([piece])
                ends.append(len(translation))
        if rest := joiner.finish():  # of the last symbol, which leaves a character half made
            translation += rest
            ends[-1] = len(translation)
        alignment = None
        if self.wanted.attention and hypothesis.attention is not None:
            source_ends = [span.end for span in self.source_tokenizer.spans(text)]
            alignment = align(text, source_ends, translation, ends, hypothesis.attention)
        ended: Ended = "length" if hypothesis.is_cut else "eos"
        return Candidate(translation, hypothesis.logprob, hypothesis.rank_score, tokens, ended, alignment)

    def translation(self, text: str, oov: list[OutOfVocabulary], hypotheses: Sequence[Hypothesis]) -> Translation:
        """One record, of the best hypothesis; a text without symbols has none."""
        lists = self.wanted.n_best is not None
        if not hypotheses:
            nothing = Alignment([], [], []) if self.wanted.attention else None
            return Translation(text, "", None, [], oov, [] if lists else None, nothing, None)
        first, *others = [self.candidate(text, hypothesis) for hypothesis in hypotheses]
        return Translation(
            text,
            first.translation,
            first.score,
            first.tokens,
            oov,
            [first, *others] if lists else None,
            first.alignment,
            first.ended,
        )

    def _replaced(self, text: str, hypothesis: Hypothesis, tokens: list[str]) -> list[str]:
        """The tokens, <unk> as the word of the text with the most attention."""
        if UNK not in hypothesis.ids or hypothesis.attention is None:
            return tokens
        words = [text[span.begin : span.end] for span in self.source_tokenizer.spans(text)]
        looked_at = hypothesis.attention.argmax(1).tolist()
        return [
            words[place] if index == UNK else token
            for index, token, place in zip(hypothesis.ids, tokens, looked_at, strict=True)
        ]
