"""A translator: another text for each text, with its probability."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

import numpy as np

from textrnn.architecture import Decoder
from textrnn.batch import Ids
from textrnn.config import ModelConfig
from textrnn.decoding.beam import WIDEST, Beam, search
from textrnn.decoding.drawing import draw
from textrnn.decoding.forcing import attend, force
from textrnn.decoding.hypotheses import Hypothesis
from textrnn.decoding.sampling import Sampling, check_seed
from textrnn.engines.ensemble import Ensemble
from textrnn.engines.labeller import Padded
from textrnn.engines.translating import TranslationEngine
from textrnn.errors import ModelError, UsageError
from textrnn.metrics.perplexity import Tally
from textrnn.tasks.alignment import Alignment, align
from textrnn.tasks.batches import Batches, begin_batches
from textrnn.tasks.grouping import groups, in_groups, one_ahead, one_or_many
from textrnn.tasks.labelling import side_by_side
from textrnn.tasks.language_model import new_seed
from textrnn.tasks.reading import ScoredRow
from textrnn.tasks.scoring import Score, Scorer
from textrnn.tasks.translation import Translation, Wanted, Writer
from textrnn.text.tokenizer import EOS, OutOfVocabulary, Tokenizer

RECORDS_AT_ONCE, CHARACTERS_AT_ONCE = 1024, 2**20  # sorted by length together
BATCH = 64
PADDED_AT_ONCE = 2**14  # symbols of a batch of sources with its padding
ATTENDED_AT_ONCE = 2**12  # fewer where the attention of every step is kept
ENTRIES_AT_ONCE = 2**24  # log-probabilities of one step: bounds its memory


Decode = Callable[[Padded], list[list[Hypothesis]]]


class Translator:
    """A trained translator.

    >>> import textrnn
    >>> model = textrnn.load("en-es")
    >>> [found.translation for found in model.translate(["I am tired.", "Where is the train station?"])]
    ['Estoy cansado.', '¿Dónde está la estación de tren?']
    """

    task: ClassVar[str] = "translator"
    head: ClassVar[type] = Decoder

    def __init__(
        self,
        engine: TranslationEngine,
        tokenizer: Tokenizer,
        config: ModelConfig,
        source_tokenizer: Tokenizer | None = None,
    ) -> None:
        """tokenizer: of translations, and of sources too unless these have one of their own."""
        if not isinstance(config.architecture.head, Decoder):
            raise ModelError("config.json has a head that is not for 'translator'")
        self.engine, self.tokenizer, self.config = engine, tokenizer, config
        self.source_tokenizer = source_tokenizer or tokenizer
        self.has_attention = config.architecture.head.attention is not None

    def with_others(self, others: Iterable["Translator"]) -> "Translator":
        """An ensemble: each next symbol has the mean of the probabilities that this and the others give it.

        Raises UsageError where their symbols differ. Attention is the mean of those that have it.
        """
        members = [self, *others]
        if len({(each.tokenizer.to_json(), each.source_tokenizer.to_json()) for each in members}) > 1:
            raise UsageError(
                "translators decode together only where their symbols are the same: train them on one text"
            )
        config = next((each.config for each in members if each.has_attention), self.config)
        engine = Ensemble([each.engine for each in members])
        return Translator(engine, self.tokenizer, config, self.source_tokenizer)

    def translate(
        self,
        texts: str | Iterable[str],
        *,
        beam: int = 5,
        length_penalty: float = 1.0,
        coverage_penalty: float = 0.0,
        n_best: int | None = None,
        max_ratio: float = 2.0,
        sampling: Sampling | None = None,
        seed: int | None = None,
        replace_unk: bool = False,
        attention: bool = False,
        allow_unk: bool = False,
        batch_size: int = BATCH,
    ) -> Iterator[Translation]:
        """The translation of a text or of each, in order; memory does not grow with their number.

        beam, length_penalty, coverage_penalty: see decoding.beam.Beam; beam 1 is greedy. n_best: how many to list in
        the field `hypotheses`, at most as many as the beam is wide. max_ratio: a translation has at most so many
        symbols for each of its source, and 10 more.
        sampling: draw instead of searching, n_best times; draw i depends on (seed, i, text) alone. seed: None takes a
        new one. attention: fill `alignment`. allow_unk: <unk> may be chosen. replace_unk: so it may, and is written as
        the word of the text with the most attention; for models of words.
        But for rounding, a translation does not depend on its neighbours or on batch_size.
        """
        allow_unk = allow_unk or replace_unk
        how = Beam(beam, length_penalty, coverage_penalty, allow_unk)
        wanted = Wanted(n_best, max_ratio, replace_unk, attention)
        wanted.check(
            self.tokenizer.level.name, width=beam if sampling is None else WIDEST, has_attention=self.has_attention
        )
        if coverage_penalty and not self.has_attention:
            raise UsageError("a coverage penalty needs attention, and this model has none")
        check_batch_size(batch_size)
        if sampling is None:
            decode = self._decode(partial(search, beam=how), wanted)
        else:
            sampling = replace(sampling, allow_unk=sampling.allow_unk or allow_unk)
            seed = new_seed() if seed is None else seed
            check_seed(seed)
            decode = self._decode(partial(draw, sampling=sampling, seed=seed), wanted)
        most = self._most(beam if sampling is None else n_best or 1)
        return self._translate(one_or_many(texts), decode, wanted, batch_size=min(batch_size, most))

    def _most(self, hypotheses: int) -> int:
        """How many sources may be decoded at once, with so many hypotheses each."""
        return max(1, ENTRIES_AT_ONCE // (hypotheses * self.engine.classes))

    def _decode(self, find: Callable[..., list[list[Hypothesis]]], wanted: Wanted) -> Decode:
        """How a batch of sources becomes hypotheses."""
        return lambda sources: find(
            self.engine,
            sources,
            longest=wanted.longest(sources.lengths),
            count=wanted.n_best or 1,
            attention=wanted.reads_attention,
        )

    def _translate(
        self, texts: Iterable[str], decode: Decode, wanted: Wanted, *, batch_size: int
    ) -> Iterator[Translation]:
        """While a group is decoded, the next is taken and encoded, and the one before is put to use."""
        writer = Writer(self.tokenizer, self.source_tokenizer, wanted)
        padded = ATTENDED_AT_ONCE if wanted.reads_attention else PADDED_AT_ONCE

        def begin(group: Sequence[str]) -> tuple[Sequence[str], list[Ids], Batches[list[Hypothesis]]]:
            sources = self._sources(group)
            batches = begin_batches(
                [len(source) for source in sources],
                lambda places: decode(Padded.of([sources[place] for place in places])),
                pool,
                count=batch_size,
                padded=padded,
            )
            return group, sources, batches

        with side_by_side(self.engine, batch_size=batch_size) as pool:
            taken = groups(texts, records=RECORDS_AT_ONCE, characters=CHARACTERS_AT_ONCE)
            for group, sources, batches in one_ahead(map(begin, taken)):
                for text, source, hypotheses in zip(group, sources, batches.results(), strict=True):
                    yield writer.translation(text, self._lacking(text, source), hypotheses or [])

    def score(
        self,
        pairs: Iterable[tuple[str, str]],
        *,
        per_token: bool = False,
        by_word: bool = False,
        eos: bool = True,
        batch_size: int = BATCH,
        tally: Tally | None = None,
    ) -> Iterator[Score]:
        """The log-probability of each translation given its source, of pairs (source, translation); in order.

        It is None where the source has no symbol. Each score is of the translation, its `text`. per_token: fill
        `token_logprobs`. by_word: with a row for each word between white space; the total is the same. eos: include
        <eos>. tally: also add up there.
        """
        check_batch_size(batch_size)
        batch_size = min(batch_size, self._most(1))
        tally = tally if tally is not None else Tally()
        return self._score(
            pairs, ranks=per_token or by_word, by_word=by_word, eos=eos, batch_size=batch_size, tally=tally
        )

    def _score(
        self,
        pairs: Iterable[tuple[str, str]],
        *,
        ranks: bool,
        by_word: bool,
        eos: bool,
        batch_size: int,
        tally: Tally,
    ) -> Iterator[Score]:
        """While a group is read, the next is taken and encoded, and the one before is put to use."""
        scorer = Scorer(self.tokenizer, is_lines=True)

        def begin(group: Sequence[tuple[str, str]]) -> tuple[Sequence[tuple[str, str]], Batches[ScoredRow]]:
            sources = self._sources([source for source, _ in group])
            targets = [np.append(row, EOS) for row in self.tokenizer.encode_many([target for _, target in group])]
            lengths = [len(row) and len(row) + len(target) for row, target in zip(sources, targets, strict=True)]

            def make(places: list[int]) -> list[ScoredRow]:
                rows = [targets[place] for place in places]
                logprobs, ranked = force(
                    self.engine, Padded.of([sources[place] for place in places]), Padded.of(rows), ranks=ranks
                )
                return [
                    ScoredRow(row, logprobs[: len(row), column], ranked[: len(row), column])
                    for column, row in enumerate(rows)
                ]

            return group, begin_batches(lengths, make, pool, count=batch_size, padded=PADDED_AT_ONCE)

        with side_by_side(self.engine, batch_size=batch_size) as pool:
            for group, batches in one_ahead(map(begin, in_groups(pairs, RECORDS_AT_ONCE))):
                for (_, target), row in zip(group, batches.results(), strict=True):
                    if row is None:
                        yield Score(target, None, [], self.tokenizer.out_of_vocabulary(target))
                    else:
                        yield scorer.score(target, row, tally, shows_end=eos, by_word=by_word)

    def align(self, text: str, target: str) -> Translation:
        """A given translation of a text, with its score and the attention of its words; UsageError where there is none.

        Of a text without symbols neither.
        """
        if not self.has_attention:
            raise UsageError("an alignment needs attention, and this model has none")
        (score,) = self.score([(text, target)])
        (source,) = self._sources([text])
        lacking = self._lacking(text, source)
        spans = list(self.tokenizer.spans(target))
        ids = [*(span.id for span in spans), EOS]
        tokens = [self.tokenizer.tokens[index] for index in ids]
        if not len(source):
            return Translation(text, target, None, tokens, lacking, None, Alignment([], [], []), None)
        weights = attend(self.engine, Padded.of([source]), np.array(ids, np.int64))
        source_ends = [span.end for span in self.source_tokenizer.spans(text)]
        alignment = align(text, source_ends, target, [span.end for span in spans], weights)
        return Translation(text, target, score.logprob, tokens, lacking, None, alignment, "eos")

    def _sources(self, texts: Sequence[str]) -> list[Ids]:
        """The symbols of each text."""
        return [ids.astype(np.int64) for ids in self.source_tokenizer.encode_many(texts)]

    def _lacking(self, text: str, ids: Ids) -> list[OutOfVocabulary]:
        """What the vocabulary lacks of a text, given its ids."""
        tokenizer = self.source_tokenizer
        return [] if tokenizer.knows(text, ids) else tokenizer.out_of_vocabulary(text)


def check_batch_size(batch_size: int) -> None:
    """Raise UsageError where it is none."""
    if batch_size < 1:
        raise UsageError(f"batch-size must be 1 or more, not {batch_size}")
