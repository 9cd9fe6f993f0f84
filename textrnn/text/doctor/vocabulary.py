"""What a vocabulary of a given size would know of a text, as training would choose it."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from textrnn.text.doctor.measures import Symbols
from textrnn.text.levels import LEVELS, ranked, word_splitter, words_of

Counts = dict[str, Counter[str]]  # by level


@dataclass(frozen=True)
class CutOff:
    """Which words a vocabulary keeps."""

    name: str
    size: int = 0  # at most; 0 is no limit
    min_count: int = 1

    def kept(self, words: Counter[str]) -> list[str]:
        """The words of a training text that the vocabulary would hold."""
        return ranked(words, size=self.size, min_count=self.min_count)


CUT_OFFS = (
    *(CutOff(f"min-count {count}", min_count=count) for count in (1, 2, 3, 5, 10)),
    *(CutOff(f"top {size:,}", size=size) for size in (10_000, LEVELS["word"].most_symbols)),
)


@dataclass(frozen=True)
class Unknown:
    """How much of a text a vocabulary does not know."""

    count: int
    total: int

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else 0.0


def word_counts(chunks: Counter[str]) -> Counter[str]:
    """Words by the level `word`, from counts of what stands between white space, each of which is cut once."""
    splitter = word_splitter()
    counts: Counter[str] = Counter()
    for chunk, count in chunks.items():
        for word in words_of(chunk, splitter):
            counts[word] += count
    return counts


def unknown(counts: Counter[str], kept: Collection[str]) -> Unknown:
    """The symbols of a text that are not kept."""
    total = counts.total()
    return Unknown(total - sum(counts[symbol] for symbol in kept), total)


def by_level(symbols: Symbols) -> Counts:
    """What each level can fail to know: words, or characters, by which it spells what else it lacks."""
    words = word_counts(symbols.chunks)
    return {
        level.name: words if level.name == "word" else symbols.characters
        for level in LEVELS.values()
        if not level.has_bytes
    }


def kept_by_default(level: str, counts: Counter[str]) -> list[str]:
    """The symbols of a training text that a level knows where no other number is asked for."""
    return ranked(counts, size=LEVELS[level].most_symbols, min_count=LEVELS[level].min_count)
