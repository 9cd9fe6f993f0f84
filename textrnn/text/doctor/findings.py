"""Measures → findings: what is so, whether it deserves a warning, and what to do about it."""

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from textrnn.settings import TrainingSettings
from textrnn.text.doctor.content import Content
from textrnn.text.doctor.measures import Measures, as_array
from textrnn.text.doctor.overlap import Repeated, Shared
from textrnn.text.doctor.suspects import suspicion
from textrnn.text.doctor.vocabulary import CUT_OFFS, Counts, kept_by_default, unknown
from textrnn.text.ledger import UNDECODABLE, Ledger
from textrnn.text.levels import LEVELS, Level
from textrnn.text.registry import find_split

MOST_SUSPECTS = 20  # different characters with a finding of their own
SHOWN = 60  # characters of a record
FOLDED = "without regard to case and white space"
MANY_REPEATS = 0.05  # of the records: worth a warning
MANY_UNKNOWN = 0.05  # of a held-out text: worth a warning
VALID_SYMBOLS: int = TrainingSettings.model_fields["valid_symbols"].default


@dataclass(frozen=True)
class Finding:
    """One thing about a file; share: of all that could be so."""

    check: str
    value: int | float | str
    share: float | None = None
    finding: Literal["ok", "warn"] = "ok"
    line: int | None = None
    detail: str = ""


def share_of(count: int, total: int) -> float:
    return count / total if total else 0.0


def about_bytes(content: Content) -> Iterator[Finding]:
    """Which they are."""
    yield Finding("bytes", content.size, detail=f"sha256 {content.sha256}")
    if known := find_split(content.sha256):
        corpus, split = known
        yield Finding("known as", f"{corpus.name} {split.name}", detail=f"licence: {corpus.licence}")


def about_text(content: Content, *, encoding: str) -> Iterator[Finding]:
    """How the bytes are a text."""
    yield Finding("encoding", encoding, detail="with a byte-order mark, which is no text" if content.mark else "")
    yield about_line_ends(content)
    if not content.is_ended:
        yield Finding("last line", "not ended", detail="makes no difference")


def about_line_ends(content: Content) -> Finding:
    """Which they are."""
    feeds = content.line_ends - content.carriage_returns
    if feeds and content.carriage_returns:
        counts = f"{feeds:,} LF and {content.carriage_returns:,} CRLF"
        detail = f"{counts}, which end records alike here; other programs keep the return"
        return Finding("line ends", "mixed", finding="warn", detail=detail)
    return Finding("line ends", "CRLF" if content.carriage_returns else "LF" if feeds else "none")


def about_repairs(ledger: Ledger, *, encoding: str, fitting: Collection[str]) -> Iterator[Finding]:
    """What no reader takes as it stands. fitting: the encodings that decode all of the file."""
    for repair, (count, line) in ledger.repairs.items():
        if repair is UNDECODABLE:
            names = ", ".join(fitting)
            detail = f"bytes that are not {encoding}; all of it could be {names}: name that with --encoding"
            yield Finding("undecodable", count, finding="warn", line=line, detail=detail)
        else:
            yield Finding("repaired", count, finding="warn", line=line, detail=repair.what)


def about_records(measures: Measures) -> Iterator[Finding]:
    """How many there are, and what is at their edges and inside."""
    symbols, count = measures.symbols, len(measures)
    if not count:
        yield Finding("records", 0, finding="warn", detail="there is nothing to learn from")
        return
    yield Finding("records", count)
    ends = "line ends included" if measures.line_ends else ""
    yield Finding("characters", symbols.characters.total(), detail=ends)
    once = sum(number == 1 for number in symbols.characters.values())
    yield Finding("distinct characters", len(symbols.characters), detail=f"{once:,} occur once")
    yield Finding("words", symbols.chunks.total(), detail="between white space")
    yield Finding("distinct words", len(symbols.chunks), detail="between white space")
    if measures.blank:
        yield Finding("blank records", measures.blank, share_of(measures.blank, count), line=measures.first_blank)
    if measures.padded:
        detail = "white space at an end: part of the text for characters, n-grams and pieces"
        yield Finding(
            "padded records",
            measures.padded,
            share_of(measures.padded, count),
            line=measures.first_padded,
            detail=detail,
        )
    if spelt := symbols.chunks["<unk>"]:
        detail = "--literal-unk trains with the symbol of that name; without it, it is ordinary text"
        yield Finding("<unk>", spelt, share_of(spelt, symbols.chunks.total()), finding="warn", detail=detail)
    yield from about_suspects(measures)


def about_suspects(measures: Measures) -> Iterator[Finding]:
    """The characters that a text seldom means, the most frequent first."""
    counts = {character: measures.symbols.characters[character] for character in measures.first_suspect}
    ordered = sorted(counts, key=lambda character: (-counts[character], character))
    for character in ordered[:MOST_SUSPECTS]:
        what = suspicion(character)
        assert what is not None
        name = unicodedata.name(character, "").lower()
        yield Finding(
            f"U+{ord(character):04X}",
            counts[character],
            finding="warn" if what.warns else "ok",
            line=measures.first_suspect[character],
            detail=f"{what.kind}{f' ({name})' if name else ''}: {what.advice}",
        )
    if rest := ordered[MOST_SUSPECTS:]:
        total = sum(counts[character] for character in rest)
        yield Finding("more suspects", total, finding="warn", detail=f"{len(rest):,} other characters: is this text?")


def about_lengths(measures: Measures) -> Iterator[Finding]:
    """The lengths of the records in characters, in classes that double."""
    lengths = as_array(measures.lengths)
    if not len(lengths):
        return
    yield Finding("median length", float(np.median(lengths)), detail="characters of a record")
    yield Finding(
        "95 % length",
        int(np.percentile(lengths, 95, method="inverted_cdf")),
        detail="as long or shorter are 95 of 100 records",
    )
    longest = int(lengths.argmax())
    yield Finding(
        "longest", int(lengths[longest]), line=measures.lines[longest], detail="nothing is cut for its length"
    )
    classes = np.searchsorted(2 ** np.arange(63), lengths, side="right")  # the bits of each length
    counts = np.bincount(classes)
    for bits in range(int(classes.min()), len(counts)):
        low, high = 1 << bits >> 1, (1 << bits) - 1
        name = str(low) if low == high else f"{low}-{high}"
        yield Finding(f"length {name}", int(counts[bits]), share_of(int(counts[bits]), len(lengths)))


def about_repeated(
    measures: Measures, exactly: Sequence[Repeated], folded: Sequence[Repeated], texts: Mapping[int, str]
) -> Iterator[Finding]:
    """Records that repeat an earlier one. texts: of the most frequent, by index."""
    for name, found in (("repeated", exactly), ("repeated, folded", folded)):
        count = sum(row.count - 1 for row in found)
        share = share_of(count, len(measures))
        line = min((measures.lines[row.first] for row in found), default=None)
        what = "copies of an earlier record" if found is exactly else FOLDED
        if share >= MANY_REPEATS:
            yield Finding(name, count, share, "warn", line, f"{what}: keep one of each, unless the text is meant so")
        else:
            yield Finding(name, count, share, line=line, detail=what)
    for row in exactly:
        if row.first in texts:
            yield Finding("repeated record", row.count, line=measures.lines[row.first], detail=shown(texts[row.first]))


def about_shared(measures: Measures, other: str, exactly: Shared, folded: Shared) -> Iterator[Finding]:
    """Records of a file that an earlier file has too."""
    for name, found in ((f"also in {other}", exactly), (f"also in {other}, folded", folded)):
        share = share_of(found.records, len(measures))
        if not found.records:
            yield Finding(name, 0, 0.0)
            continue
        places = ", ".join(f"{here} = {there}" for here, there in found.pairs)
        detail = f"{found.distinct:,} different; lines here = there: {places}. Take them out of one of the two"
        yield Finding(name, found.records, share, "warn", found.pairs[0][0], detail)


def about_training(train: Counts) -> Iterator[Finding]:
    """How large each vocabulary would be, and what training reads as <unk> by the defaults of each level."""
    for cut in CUT_OFFS:
        yield Finding(f"vocabulary, {cut.name}", len(cut.kept(train["word"])), detail="words and punctuation marks")
    for level in LEVELS.values():
        name, rule = f"<unk> in training, {level.name}", default_rule(level)
        if level.has_bytes:
            yield Finding(name, 0, 0.0, detail="what has no symbol is spelt by its bytes")
            continue
        missed = unknown(train[level.name], kept_by_default(level.name, train[level.name]))
        yield Finding(name, missed.count, missed.share, detail=rule)


def default_rule(level: Level) -> str:
    """What a level keeps where no other number is asked for."""
    what = "words" if level.name == "word" else "characters"
    if not level.most_symbols and level.min_count == 1:
        return f"all {what} are kept"
    return f"{what} seen {level.min_count} times or more are kept, at most {level.most_symbols:,}"


def about_held_out(train: Counts, held: Counts, origin: str) -> Iterator[Finding]:
    """How much of a held-out text the vocabularies of the training text do not know."""
    for cut in CUT_OFFS:
        missed = unknown(held["word"], cut.kept(train["word"]))
        yield Finding(f"OOV, {cut.name}", missed.count, missed.share, detail=f"of {missed.total:,} words in {origin}")
    for level, counts in held.items():
        missed = unknown(counts, kept_by_default(level, train[level]))
        warns = missed.share >= MANY_UNKNOWN
        advice = "; --level bpe knows every text" if warns else ""
        detail = f"of {missed.total:,} {'words' if level == 'word' else 'characters'} in {origin}{advice}"
        yield Finding(f"<unk> held out, {level}", missed.count, missed.share, "warn" if warns else "ok", detail=detail)


def about_validation(held: Counts) -> Iterator[Finding]:
    """How little of a large held-out text is read while a model is trained."""
    characters = held["char"].total()
    if characters > VALID_SYMBOLS:
        detail = f"symbols at most, from the beginning of {characters:,} characters; --set valid_symbols=N changes it"
        yield Finding("validation reads", VALID_SYMBOLS, detail=detail)


def shown(text: str) -> str:
    """A record for people, on one line and not too long."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
