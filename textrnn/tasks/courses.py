"""What single units of a network do over texts, as it is shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.engines.engine import Floats
from textrnn.text.properties import PROPERTIES
from textrnn.text.tokenizer import Span, Tokenizer


@dataclass(frozen=True)
class Unit:
    """One entry of a part of a layer's state. layer: its name: "0" is the lowest, "0_reverse" reads backward."""

    layer: str
    index: int

    def __str__(self) -> str:
        return f"{self.layer}.{self.index}"


@dataclass(frozen=True)
class Found:
    """A unit that was chosen.

    first, second: for a property the correlation in the half of the symbols that the unit was chosen by, and in the
    other, where chance has not helped to choose it.
    """

    unit: Unit
    first: float | None = None
    second: float | None = None


@dataclass(frozen=True)
class ReadText:
    """A text as far as it is read. numbers: the property at the last character of each symbol."""

    text: str
    spans: list[Span]
    tokens: list[str]
    numbers: NDArray[np.float64] | None = None

    @property
    def ids(self) -> Ids:
        return np.array([span.id for span in self.spans], np.int64)

    @property
    def read(self) -> str:
        """The characters that are read."""
        return self.text[: self.spans[-1].end] if self.spans else ""

    def pieces(self) -> Iterator[tuple[str, str]]:
        """The characters of each symbol, and before them those that are no symbol's."""
        behind = 0
        for span in self.spans:
            begin = max(behind, span.begin)
            yield self.text[behind:begin], self.text[begin : span.end]
            behind = max(behind, span.end)


@dataclass(frozen=True)
class Course:
    """One unit over one text. values: each gate, as it acts, and each part of the state, after every symbol."""

    unit: Unit
    values: Mapping[str, Floats]


class Scale(NamedTuple):
    """From where to where values are shown; low is 0 or -high."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """From -1 to 1, where 0 stays 0."""
        return value / self.high

    def height(self, value: float) -> float:
        """From 0 to 1."""
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class States:
    """What some units do. part: of the state, that they were chosen by. follows: the property, if by one.

    carries: the parts of the state. courses: for each text that of each unit.
    """

    part: str
    carries: tuple[str, ...]
    follows: str | None
    units: list[Found]
    texts: list[ReadText]
    courses: list[list[Course]]

    @property
    def symbols(self) -> int:
        """How many there are in all texts."""
        return sum(len(text.spans) for text in self.texts)

    def values(self, place: int, name: str) -> Floats:
        """One of the values of the unit at a place, over all texts."""
        return np.concatenate([of_text[place].values[name] for of_text in self.courses])

    def heading(self, place: int) -> str:
        """The unit at a place, and from where to where its values go."""
        values = self.values(place, self.part)
        return f"unit {self.units[place].unit}: {self.part} {values.min():.2f} to {values.max():.2f}"

    def scale(self, place: int, name: str) -> Scale:
        """Where these values are shown: a gate, as a rule, from 0 or -1 to 1, a part of the state up to its largest."""
        values = self.values(place, name)
        low, high = float(values.min(initial=0)), float(np.abs(values).max(initial=0))
        if name not in self.carries and high <= 1:
            high = 1.0
        return Scale(-high if low < 0 else 0.0, high or 1.0)

    def beginning(self, symbols: int) -> "States":
        """The same of the first symbols alone, of all texts together."""
        texts, courses = [], []
        for text, of_text in zip(self.texts, self.courses, strict=True):
            kept = slice(0, symbols)
            numbers = None if text.numbers is None else text.numbers[kept]
            texts.append(replace(text, spans=text.spans[kept], tokens=text.tokens[kept], numbers=numbers))
            courses.append(
                [replace(each, values={name: rows[kept] for name, rows in each.values.items()}) for each in of_text]
            )
            symbols -= len(texts[-1].spans)
            if symbols <= 0:
                break
        return replace(self, texts=texts, courses=courses)


def read_texts(
    texts: Iterable[str], tokenizer: Tokenizer, *, property: str | None, symbols: int | None
) -> tuple[list[ReadText], bool]:
    """The texts as they are read, `symbols` of them all together at most; and whether that is less than all."""
    found: list[ReadText] = []
    left = symbols
    for text in texts:
        spans = list(islice(tokenizer.spans(text), None if left is None else left + 1))
        is_cut = left is not None and len(spans) > left
        spans = spans[:left]
        if spans or not is_cut:
            tokens = [tokenizer.tokens[span.id] for span in spans]
            found.append(ReadText(text, spans, tokens, None if property is None else at_ends(property, text, spans)))
        if is_cut:
            return found, True
        left = None if left is None else left - len(spans)
    return found, False


def at_ends(property: str, text: str, spans: Sequence[Span]) -> NDArray[np.float64]:
    """A property at the last character of each symbol; of a long text no more is looked at than was read."""
    end = max((span.end for span in spans), default=0)
    numbers = np.fromiter(islice(PROPERTIES[property].numbers(text[: end + 1]), end), np.float64, end)
    return numbers[[max(span.end - 1, 0) for span in spans]]
