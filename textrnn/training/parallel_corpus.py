"""Pairs → a corpus: ids to learn from, of each source and its target in turn, and the pairs to validate on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.data import Data
from textrnn.errors import DataError
from textrnn.text.corpora import Piece, Strings
from textrnn.text.levels import LEVELS
from textrnn.text.pairs import Pair, PairedLines, Pairs, open_pairs
from textrnn.text.tokenizer import EOS, UNK, Tokenizer
from textrnn.training.corpus import (
    Corpus,
    Facts,
    Held,
    PairFacts,
    hashes_of,
    names_of,
    origin_of,
    repairs_of,
    vocabulary,
)
from textrnn.training.defaults import LevelSettings
from textrnn.training.holding import Share
from textrnn.training.ids import Stored, StoredIds, smallest_type, write_encoded
from textrnn.training.labelled_corpus import lengths_of

PAIRS_AT_ONCE = 4096  # encoded together


@dataclass(frozen=True)
class Vocabularies:
    """A tokenizer for each side, the same one where they share it, and how many distinct symbols each side had."""

    source: Tokenizer
    target: Tokenizer
    source_distinct: int | None
    distinct: int | None

    def encode(self, pairs: Iterable[Pair]) -> Iterator[tuple[list[Pair], list[Stored], list[Stored]]]:
        """Pairs, some at a time, with the ids of their sources and of their targets."""
        left = iter(pairs)
        while group := list(islice(left, PAIRS_AT_ONCE)):
            sources = self.source.encode_many([pair.source for pair in group])
            yield group, sources, self.target.encode_many([pair.target for pair in group])


class Kept:
    """The ids of pairs to learn from, <eos> behind each side, those left out counted: by `why`, in the first that fits.

    To be read once, before the counts are.
    """

    def __init__(self, pairs: Iterable[Pair], vocabularies: Vocabularies, settings: LevelSettings) -> None:
        self.pairs, self.vocabularies = pairs, vocabularies
        self.longest, self.ratio = settings.longest_pair or np.inf, settings.length_ratio or np.inf
        self.learnt = self.without = self.too_long = self.too_unlike = 0
        self.source_symbols = self.source_left_out = 0

    def __iter__(self) -> Iterator[Stored]:
        end = np.array([EOS], np.uint32)
        for _, sources, targets in self.vocabularies.encode(self.pairs):
            kept = self._judge(np.array([list(map(len, side)) for side in (sources, targets)]))
            rows = [(sources[place], targets[place]) for place in np.flatnonzero(kept).tolist()]
            self.source_symbols += sum(len(source) + 1 for source, _ in rows)
            self.source_left_out += sum(int((source == UNK).sum()) for source, _ in rows)
            if rows:
                yield np.concatenate([part for source, target in rows for part in (source, end, target, end)])

    def _judge(self, lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which pairs are learnt from, by the symbols of each side: (2, pairs)."""
        least, most = lengths.min(0), lengths.max(0)
        has_both = least > 0
        fits = most <= self.longest
        is_alike = most <= self.ratio * np.maximum(least, 1)
        self.without += int((~has_both).sum())
        self.too_long += int((has_both & ~fits).sum())
        self.too_unlike += int((has_both & fits & ~is_alike).sum())
        kept: NDArray[np.bool_] = has_both & fits & is_alike
        self.learnt += int(kept.sum())
        return kept


@dataclass(frozen=True)
class Sides:
    """The sources of pairs, their targets, or both in turn, as pieces; may be read more than once."""

    pairs: Iterable[Pair]
    names: tuple[str, ...]

    def __iter__(self) -> Iterator[Piece]:
        for pair in self.pairs:
            for name in self.names:
                yield Piece(getattr(pair, name))


def pairs_of(data: Data, *, is_held: bool = False) -> Pairs | PairedLines:
    """The pairs that the data name to learn from, or to validate on."""
    files = ([data.valid] if data.valid else []) if is_held else data.files
    return open_pairs(
        files,
        source=data.valid_source if is_held else data.source,
        target=data.valid_target if is_held else data.target,
        format=data.input_format,
        source_column=data.source_column,
        target_column=data.target_column,
        encoding=data.encoding,
        streaming=data.streaming,
        strict=data.strict,
    )


def read_parallel_corpus(data: Data, settings: LevelSettings, *, store: Path) -> Corpus:
    """Learn the vocabularies of pairs, encode them into the file `store`, and hold out what is validated on.

    In the file, and in the rows to validate on, each source is a text and its target the next. Without pairs to
    validate on, a share of the sources is held out by chance, each with all of its targets.
    """
    texts = pairs_of(data)
    valid = pairs_of(data, is_held=True) if data.held else None
    share = 0.0 if valid else settings.valid_share
    source = attrgetter("source")
    learnt_from = Share(texts, source, share, is_held=False)
    held = list(valid if valid is not None else Share(texts, source, share, is_held=True))
    origin = origin_of(valid, texts) if valid else f"{settings.valid_share:.0%} of the sources, by chance"
    check_given(learnt_from, held, names_of(texts), origin)
    vocabularies = learn_vocabularies(learnt_from, settings)
    dtype = smallest_type(max(len(vocabularies.source), len(vocabularies.target)))
    kept = Kept(learnt_from, vocabularies, settings)
    symbols, number, left_out = write_encoded(store, kept, dtype)
    rows, references = held_rows(held, vocabularies)
    facts = PairFacts(
        learnt=kept.learnt,
        held=len(references),
        without=kept.without,
        held_without=len(held) - len(references),
        too_long=kept.too_long,
        too_unlike=kept.too_unlike,
        seen=seen(references, learnt_from) if valid else 0,
        source_symbols=kept.source_symbols,
        source_left_out=kept.source_left_out,
        source_distinct=vocabularies.source_distinct,
    )
    if not facts.learnt:
        raise DataError(
            f"no pair of {names_of(texts)} is left to learn from: {'; '.join(left_out_of(facts, settings))}"
        )
    if not references:
        raise DataError(f"no pair to validate on ({origin}) has a symbol on both sides")
    return Corpus(
        vocabularies.target,
        StoredIds(store, dtype),
        rows,
        Facts(
            files=hashes_of(texts, valid),
            repairs=repairs_of(texts, valid),
            dtype=dtype,
            symbols=symbols,
            texts=number,
            left_out=left_out,
            distinct=vocabularies.distinct,
            held=Held(
                origin=origin,
                symbols=sum(len(target) + 1 for target in rows[1::2]),
                characters=0,
                bytes=0,
                gives_back=False,
            ),
            pairs=facts,
        ),
        source_tokenizer=None if settings.joint_vocabulary else vocabularies.source,
        references=references,
    )


def check_given(learnt_from: Iterable[Pair], held: list[Pair], names: str, origin: str) -> None:
    """Raise DataError where there is nothing to learn from, or nothing to validate on."""
    if next(iter(learnt_from), None) is None:
        raise DataError(
            f"all pairs of {names} are held out: choose a lower valid_share, or give pairs to validate on"
            if held
            else f"there is no pair in {names}"
        )
    if not held:
        raise DataError(
            f"there is nothing to validate on ({origin}): give --valid, or --valid-source and --valid-target, or a "
            "larger share, such as --set valid_share=0.2"
        )


def learn_vocabularies(pairs: Iterable[Pair], settings: LevelSettings) -> Vocabularies:
    """What is learnt of both sides together, or of each."""
    level, wanted = LEVELS[settings.level], vocabulary(settings)
    if settings.joint_vocabulary:
        learnt = level.learn(Strings(Sides(pairs, ("source", "target"))), wanted)
        both = Tokenizer(learnt.tokenizer, settings.level)
        return Vocabularies(both, both, learnt.distinct, learnt.distinct)
    ours, theirs = (level.learn(Strings(Sides(pairs, (name,))), wanted) for name in ("source", "target"))
    source, target = (Tokenizer(each.tokenizer, settings.level) for each in (ours, theirs))
    return Vocabularies(source, target, ours.distinct, theirs.distinct)


def held_rows(pairs: Iterable[Pair], vocabularies: Vocabularies) -> tuple[list[Ids], list[tuple[str, str]]]:
    """The symbols of source and target in turn, and the texts, of each pair that has any symbol on both sides."""
    rows: list[Ids] = []
    references = []
    for group, sources, targets in vocabularies.encode(pairs):
        for pair, source, target in zip(group, sources, targets, strict=True):
            if len(source) and len(target):
                rows += [source.astype(np.int64), target.astype(np.int64)]
                references.append((pair.source, pair.target))
    return rows, references


def seen(references: list[tuple[str, str]], learnt_from: Iterable[Pair]) -> int:
    """How many of these pairs have a source that is learnt from, too."""
    held = {source for source, _ in references}
    both = {pair.source for pair in learnt_from if pair.source in held}
    return sum(source in both for source, _ in references)


def left_out_of(facts: PairFacts, settings: LevelSettings) -> list[str]:
    """What was left out of the pairs and why, in lines for people."""
    unlike = f"pairs have more than {settings.length_ratio:g} times the symbols on one side (length-ratio)"
    counts = {
        "pairs have a side without a symbol": facts.without,
        f"pairs have a side of more than {settings.longest_pair:,} symbols (longest-pair)": facts.too_long,
        unlike: facts.too_unlike,
        "pairs to validate on have a side without a symbol": facts.held_without,
    }
    return [f"{count:,} {why}, and are left out" for why, count in counts.items() if count]


def sides_of(ids: Stored) -> tuple[Ids, Ids]:
    """Where each source and each target begins among the ids to learn from, and how many symbols it has: (2, pairs)."""
    lengths = lengths_of(ids)
    begins = np.cumsum(lengths + 1) - lengths - 1
    return begins.reshape(-1, 2).T, lengths.reshape(-1, 2).T
