"""Texts → the ids to learn from, in a file that is mapped into memory or as a stream, and those to validate on."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from textrnn.architecture import Condition, Core, Input
from textrnn.batch import Ids
from textrnn.config import Unit
from textrnn.data import Data
from textrnn.errors import DataError
from textrnn.model_folder import sha256_of
from textrnn.spec import Spec
from textrnn.text.corpora import Piece, Section, Sources, Strings, Texts
from textrnn.text.levels import LEVELS, Learnt, Vocabulary
from textrnn.text.tokenizer import Tokenizer
from textrnn.training.defaults import LevelSettings
from textrnn.training.ids import FEWEST_SYMBOLS, IdType, StoredIds, StreamedIds, smallest_type, write_ids

STREAM_HELD = 1_000_000  # characters at the beginning of a stream that are validated on
STREAM_VOCABULARY = 50_000_000  # characters of a stream that its vocabulary is read off
MOST_NAMED = 100  # files


class Held(Spec):
    """What is validated on, in figures. symbols: with the <eos> of lines. gives_back: the symbols are the text."""

    origin: str
    symbols: int
    characters: int
    bytes: int
    gives_back: bool


class Origin(Spec):
    """Where the vectors come from that symbols begin with; lines: that, and which symbols have one, for people."""

    name: str
    lines: tuple[str, ...]


class LabelFacts(Spec):
    """What was found out about the labels of a training text.

    names: in order. learnt, held: how many examples of each there are, to learn from and to validate on. without: how
    many have no symbol, and so are neither.
    """

    names: tuple[str, ...]
    is_ordinal: bool
    learnt: tuple[int, ...]
    held: tuple[int, ...]
    without: int


class PairFacts(Spec):
    """What was found out about the pairs of a training text.

    learnt, held: how many there are, to learn from and to validate on. Left out of those to learn from: without, as one
    side has no symbol; too_long and too_unlike, by `longest_pair` and `length_ratio`. held_without: left out of the
    others. seen: how many to validate on have a source that is learnt from, too. source_symbols, source_left_out,
    source_distinct: of the sources alone what `Facts` says of both sides or, where each has its vocabulary, of targets.
    """

    learnt: int
    held: int
    without: int
    held_without: int
    too_long: int
    too_unlike: int
    seen: int
    source_symbols: int
    source_left_out: int
    source_distinct: int | None


class Start(Spec):
    """The language model that a classifier goes on from: its name, and what both have in common."""

    name: str
    core: Core
    input: Input


class Facts(Spec):
    """What was found out about a training text while it was read.

    symbols, texts: to learn from; None of a stream, whose end nobody has seen. distinct: symbols before the vocabulary
    was cut. left_out: occurrences of <unk>. held: what is validated on, of which the rows in `Corpus` are the first.
    vectors: of the symbols, where others made them. labels: where the texts have any. pairs: where they are such, and
    each side is a text. start: the language model that a classifier goes on from. condition: where texts begin with
    one.
    """

    files: dict[str, str]  # name → sha256
    repairs: tuple[str, ...]  # what had to be mended in the texts, in lines for people
    dtype: IdType
    symbols: int | None
    texts: int | None
    left_out: int
    distinct: int | None
    held: Held
    vectors: Origin | None = None
    labels: LabelFacts | None = None
    pairs: PairFacts | None = None
    start: Start | None = None
    condition: Condition | None = None


@dataclass(frozen=True)
class Corpus:
    """A training text as ids, <eos> behind each text of it (a file, a line or a record), and what is validated on.

    rows: the symbols of each text to validate on, up to the limit of the settings, without <eos>.
    labels, held_labels: the number of the label of each text to learn from and of each to validate on, if they have
    any. vectors: what those of the symbols are when a run begins, where others made them. weights: the same of
    the whole network but its head. unlabelled: further texts, for word2vec alone.
    Of pairs each source is a text, and its target the next one, in `rows` too. source_tokenizer: that of the sources,
    where they have one of their own. references: source and target to validate on as they were read.
    conditions, held_conditions: what each text to learn from and each to validate on begins with, if with anything: the
    number of a label (texts,), or numbers (texts, size).
    """

    tokenizer: Tokenizer
    ids: StoredIds | StreamedIds
    rows: list[Ids]
    facts: Facts
    labels: Ids | None = None
    held_labels: Ids | None = None
    vectors: NDArray[np.float32] | None = None
    weights: Mapping[str, Tensor] | None = None
    unlabelled: StoredIds | None = None
    source_tokenizer: Tokenizer | None = None
    references: list[tuple[str, str]] | None = None
    conditions: NDArray[Any] | None = None
    held_conditions: NDArray[Any] | None = None


def texts_of(sources: Sequence[str], data: Data, settings: LevelSettings) -> Texts:
    """The texts of sources, read as the data and the level say."""
    return Texts(
        sources,
        unit=settings.unit,
        boundary=LEVELS[settings.level].boundary,
        format=data.input_format,
        column=data.column,
        encoding=data.encoding,
        streaming=data.streaming,
        strict=data.strict,
    )


def read_corpus(texts: Texts, valid: Texts | None, settings: LevelSettings, *, store: Path) -> Corpus:
    """Learn the vocabulary of texts, encode them into the file `store`, and hold out what is validated on.

    Without texts to validate on, the last share of the text is held out.
    """
    unit = settings.unit
    if valid is None:
        kept = all_but_end(texts, settings.valid_share, unit)
        learnt_from, held_from = Section(texts, unit, end=kept), Section(texts, unit, begin=kept)
        origin = f"the last {settings.valid_share:.0%} of the text"
    else:
        learnt_from, held_from, origin = Section(texts, unit), Section(valid, unit), origin_of(valid, texts)
    learnt = LEVELS[settings.level].learn(Strings(learnt_from), vocabulary(settings))
    tokenizer = Tokenizer(learnt.tokenizer, settings.level)
    dtype = smallest_type(len(tokenizer))
    counts = symbols, _, _ = write_ids(store, learnt_from, tokenizer, dtype)
    if symbols < FEWEST_SYMBOLS:
        raise DataError(f"{symbols} symbols are too few to learn from: at least {FEWEST_SYMBOLS} are needed")
    rows, held = hold(held_from, tokenizer, most=settings.valid_symbols, unit=unit, origin=origin)
    facts = facts_of(texts, valid, dtype=dtype, learnt=learnt, held=held, counts=counts)
    return Corpus(tokenizer, StoredIds(store, dtype), rows, facts)


def stream_corpus(texts: Texts, valid: Texts | None, settings: LevelSettings) -> Corpus:
    """The same for texts too many to be stored: vocabulary and what is held out come from the beginning."""
    unit = settings.unit
    begin = 0 if valid else beginning(texts, unit, characters=STREAM_HELD)
    learnt_from = Section(texts, unit, begin=begin)
    origin = origin_of(valid, texts) if valid else f"the first {STREAM_HELD:,} characters of the stream"
    if not any(piece.text for piece in learnt_from):
        raise DataError(f"nothing is left to learn from behind {origin}: give --valid, or leave out --streaming")
    most = begin + beginning(learnt_from, unit, characters=STREAM_VOCABULARY)
    learnt = LEVELS[settings.level].learn(Strings(Section(texts, unit, begin=begin, end=most)), vocabulary(settings))
    tokenizer = Tokenizer(learnt.tokenizer, settings.level)
    dtype = smallest_type(len(tokenizer))
    held_from = Section(valid, unit) if valid else Section(texts, unit, end=begin)
    rows, held = hold(held_from, tokenizer, most=settings.valid_symbols, unit=unit, origin=origin)
    facts = facts_of(texts, valid, dtype=dtype, learnt=learnt, held=held, counts=(None, None, 0))
    return Corpus(tokenizer, StreamedIds(learnt_from, tokenizer, dtype), rows, facts)


def facts_of(
    texts: Texts,
    valid: Texts | None,
    *,
    dtype: IdType,
    learnt: Learnt,
    held: Held,
    counts: tuple[int | None, int | None, int],
) -> Facts:
    """What was found out. counts: symbols, texts and <unk> to learn from."""
    symbols, number, left_out = counts
    return Facts(
        files=hashes_of(texts, valid),
        repairs=repairs_of(texts, valid),
        dtype=dtype,
        symbols=symbols,
        texts=number,
        left_out=left_out,
        distinct=learnt.distinct,
        held=held,
    )


def stream_of(data: Data, settings: LevelSettings, tokenizer: Tokenizer, facts: Facts) -> StreamedIds:
    """What a run that was saved goes on to learn from: the stream, read again."""
    texts = texts_of(data.files, data, settings)
    begin = 0 if data.valid else beginning(texts, settings.unit, characters=STREAM_HELD)
    return StreamedIds(Section(texts, settings.unit, begin=begin), tokenizer, facts.dtype)


def names_of(texts: Sources) -> str:
    """What the sources are called, for people."""
    return ", ".join(Path(source).name for source in texts.sources)


def origin_of(valid: Sources, texts: Sources) -> str:
    """What the sources to validate on are called; figures on a text that is learnt from too are of another kind."""
    learnt, held = (set(map(os.path.realpath, each.files)) for each in (texts, valid))
    return names_of(valid) + (", which is learnt from too" if learnt & held else "")


def hashes_of(*read: Sources | None) -> dict[str, str]:
    """The sha256 of each file; of many files, one of them all, since config.json is small."""
    hashes = {}
    for file in (file for sources in read if sources for file in sources.files):
        name = Path(file).name
        try:
            hashes[file if name in hashes else name] = sha256_of(file)
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror}") from None
    if len(hashes) > MOST_NAMED:
        return {f"{len(hashes):,} files": hashlib.sha256("".join(hashes.values()).encode()).hexdigest()}
    return hashes


def repairs_of(texts: Sources, valid: Sources | None) -> tuple[str, ...]:
    """What had to be mended in the texts, in lines for people."""
    ledgers = [*texts.ledgers.values(), *(valid.ledgers.values() if valid else ())]
    return tuple(f"{ledger.name}: {line}" for ledger in ledgers for line in ledger.summary())


def size_of(piece: Piece, unit: Unit) -> int:
    """How many places a piece takes: one where it is a line or a record, else its characters."""
    return 1 if unit == "line" else len(piece.text)


def all_but_end(texts: Texts, share: float, unit: Unit) -> int:
    """The places of texts without the last share of them, which has at least one."""
    total = sum(size_of(piece, unit) for piece in texts)
    if not total:
        raise DataError(f"{names_of(texts)} is empty")
    return total - min(total - (unit == "line"), max(1, round(total * share)))


def beginning(pieces: Iterable[Piece], unit: Unit, *, characters: int) -> int:
    """How many places the first so many characters take."""
    place = seen = 0
    for piece in pieces:
        if seen >= characters:
            break
        room = characters - seen
        place += 1 if unit == "line" else min(room, len(piece.text))
        seen += len(piece.text)
    return place


def vocabulary(settings: LevelSettings) -> Vocabulary:
    """What the settings say of the vocabulary."""
    return Vocabulary(
        size=settings.vocabulary_size,
        min_count=settings.min_count,
        ngram=settings.ngram,
        lower=settings.lower,
        literal_unk=settings.literal_unk,
        split=settings.split,
    )


def hold(
    pieces: Iterable[Piece], tokenizer: Tokenizer, *, most: int, unit: Unit, origin: str
) -> tuple[list[Ids], Held]:
    """The symbols of the first texts to validate on, up to `most`, and what they cover. A line has room for <eos>."""
    rows: list[Ids] = []
    ends = int(unit == "line")
    symbols = taken = characters = size = 0
    gives_back = True
    for piece in pieces:
        (found,) = tokenizer.encode_many([piece.text], continued=not piece.begins)
        symbols += len(found) + (ends or int(piece.begins and bool(rows)))  # <eos> behind lines, else between texts
        if taken >= most:
            continue
        ids = (found[: most - taken] if unit == "text" else found).astype(np.int64)
        if piece.begins:
            rows.append(ids)
        else:
            rows[-1] = np.append(rows[-1], ids)
        taken += len(ids) + ends
        text = piece.text if len(ids) == len(found) else tokenizer.decode(ids.tolist())
        text += "\n" * ends
        characters += len(text)
        size += len(text.encode(errors="surrogatepass"))
        gives_back = gives_back and tokenizer.gives_back(piece.text, found)
    return rows, Held(origin=origin, symbols=symbols, characters=characters, bytes=size, gives_back=gives_back)
