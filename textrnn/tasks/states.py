"""What the units of a network do while it reads texts: which of them follow a property, and the course of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.cells import CELLS
from textrnn.engines.engine import Floats, State
from textrnn.engines.numpy_layers import NumpyLayers, Values, last_state
from textrnn.errors import DataError, UsageError
from textrnn.metrics.correlation import Sums
from textrnn.model_folder import ModelFolder
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.conditions import Given
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.translator import Translator
from textrnn.text.properties import PROPERTIES
from textrnn.text.tokenizer import START, Span, Tokenizer

FEWEST, FEW = 4, 1000  # symbols that correlations are made of, and below which chance makes many of them


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

    def scale(self, place: int, name: str) -> "Scale":
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


def tokenizer_of(model: LanguageModel | Classifier | Translator) -> Tokenizer:
    """That of the texts that a model reads."""
    return model.source_tokenizer if isinstance(model, Translator) else model.tokenizer


def read_texts(
    texts: Iterable[str], tokenizer: Tokenizer, *, property: str | None, symbols: int | None
) -> tuple[list[ReadText], bool]:
    """The texts as they are read, `symbols` of them all together at most; and whether that is less than all."""
    found: list[ReadText] = []
    for text in texts:
        left = None if symbols is None else symbols - sum(len(each.spans) for each in found)
        if left == 0 and text:
            return found, True
        spans = list(islice(tokenizer.spans(text), left))
        numbers = None
        if property is not None:
            of_characters = np.fromiter(PROPERTIES[property].numbers(text), np.float64, len(text))
            numbers = of_characters[[max(span.end - 1, 0) for span in spans]]
        found.append(ReadText(text, spans, [tokenizer.tokens[span.id] for span in spans], numbers))
        if spans and len(spans) == left and spans[-1].end < len(text.rstrip()):
            return found, True
    return found, False


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


class Reader:
    """A network that reads texts, each from its beginning. part: of the state, that is looked at; None: its last.

    The last part is the memory, of cells that have one.
    """

    def __init__(
        self,
        folder: ModelFolder,
        model: LanguageModel | Classifier | Translator,
        *,
        part: str | None = None,
        condition: Given | None = None,
    ) -> None:
        """condition: what each text begins with, for a language model that was trained so."""
        self.layers = NumpyLayers.of(folder)
        self.cell = CELLS[self.layers.core.cell]
        self.part = part if part is not None else self.cell.state[-1]
        if self.part not in self.cell.state:
            carried = " and ".join(self.cell.state)
            raise UsageError(f"the state of {self.cell.name} has no part {self.part!r}: it carries {carried}")
        self._begin: State | None = None
        if isinstance(model, LanguageModel):
            vector = model.conditions.of_text(condition)
            begin = model.engine.initial_state(1, None if vector is None else vector[None])
            (values,) = self.layers.run(np.array([START]), {name: rows[0] for name, rows in begin.items()})
            self._begin = last_state(values)

    def size(self, layer: str) -> int:
        """How many units a layer has in the part."""
        shape = self.layers.shapes[layer]
        return shape.outputs if self.part == self.cell.state[0] else shape.units

    def top(self) -> list[str]:
        """The names of the layers of the top level."""
        return [shape.name for shape in self.layers.levels[-1]]

    def unit(self, written: str) -> Unit:
        """A unit as users write it, LAYER.UNIT."""
        layer, dot, number = written.strip().partition(".")
        if not dot or not number.isdecimal():
            raise UsageError(f"a unit is LAYER.UNIT, such as {self.top()[0]}.0, not {written!r}")
        if int(number) >= self.size(self.layer(layer)):
            raise UsageError(f"layer {layer} has {self.size(layer)} units, the first is 0: not {number}")
        return Unit(layer, int(number))

    def layer(self, name: str) -> str:
        """The name, if there is such a layer."""
        if name not in self.layers.shapes:
            raise UsageError(f"there is no layer {name!r}; there are: {', '.join(self.layers.shapes)}")
        return name

    def stretches(self, texts: Iterable[ReadText]) -> Iterator[Values]:
        """The values after every symbol of the texts, a stretch after another."""
        for text in texts:
            yield from self.layers.run(text.ids, self._begin)

    def varying(self, texts: Sequence[ReadText], layers: Sequence[str], *, count: int) -> list[Found]:
        """The units of these layers whose values vary most, by their standard deviation."""
        sums = {layer: Sums(self.size(layer)) for layer in layers}
        for values in self.stretches(texts):
            for layer, each in sums.items():
                rows = values[layer].state[self.part]
                each.add(rows, np.zeros(len(rows)))
        return [Found(unit) for unit in largest({layer: each.deviations() for layer, each in sums.items()}, count)]

    def following(
        self, texts: Sequence[ReadText], units: Sequence[Unit], layers: Sequence[str], *, count: int
    ) -> list[Found]:
        """The units of these layers whose values follow the property most, or these units, with their correlations."""
        numbers = np.concatenate([text.numbers for text in texts if text.numbers is not None])
        middle = len(numbers) // 2
        check_varies(numbers, middle)
        layers = list(dict.fromkeys(unit.layer for unit in units)) or layers
        halves = [{layer: Sums(self.size(layer)) for layer in layers} for _ in range(2)]
        begin = 0
        for values in self.stretches(texts):
            steps = len(values[layers[0]].state[self.part])
            split = min(max(middle - begin, 0), steps)
            now = numbers[begin : begin + steps]
            for half, part in zip(halves, (slice(0, split), slice(split, steps)), strict=True):
                for layer, sums in half.items():
                    sums.add(values[layer].state[self.part][part], now[part])
            begin += steps
        first, second = ({layer: sums.correlations() for layer, sums in half.items()} for half in halves)
        chosen = units or largest({layer: np.abs(each) for layer, each in first.items()}, count)
        return [
            Found(unit, float(first[unit.layer][unit.index]), float(second[unit.layer][unit.index])) for unit in chosen
        ]

    def states(self, texts: list[ReadText], units: list[Found], *, follows: str | None) -> States:
        """What the chosen units do over the texts."""
        courses = [self.courses(text, [found.unit for found in units]) for text in texts]
        return States(self.part, self.cell.state, follows, units, texts, courses)

    def courses(self, text: ReadText, units: Sequence[Unit]) -> list[Course]:
        """What these units do over a text."""
        parts: list[dict[str, list[Floats]]] = [{} for _ in units]
        for values in self.stretches([text]):
            for unit, found in zip(units, parts, strict=True):
                for name, rows in self._side_by_side(values, unit.layer).items():
                    found.setdefault(name, []).append(rows[:, unit.index].copy())
        return [
            Course(unit, {name: np.concatenate(rows) for name, rows in found.items()})
            for unit, found in zip(units, parts, strict=True)
        ]

    def _side_by_side(self, values: Values, layer: str) -> dict[str, Floats]:
        """The gates and parts of the state whose entries are those of the same units: a projection has others."""
        found = values[layer]
        output = self.cell.state[0]
        if self.layers.core.projection is None:
            return {**found.gates, **found.state}
        if self.part == output:
            return {output: found.state[output]}
        return {**found.gates, **{name: rows for name, rows in found.state.items() if name != output}}


def largest(figures: Mapping[str, NDArray[np.float64]], count: int) -> list[Unit]:
    """The units with the largest figures, the largest first."""
    units = [Unit(layer, index) for layer, each in figures.items() for index in range(len(each))]
    order = np.argsort(-np.concatenate(list(figures.values())), kind="stable")[:count]
    return [units[place] for place in order]


def check_varies(numbers: NDArray[np.float64], middle: int) -> None:
    """Raise DataError for numbers with which nothing can be correlated."""
    if len(numbers) < FEWEST:
        raise DataError(f"a text of {len(numbers)} symbols is too short to say which units follow a property")
    for half, name in ((numbers[:middle], "first"), (numbers[middle:], "second")):
        if (half == half[0]).all():
            raise DataError(
                f"the property is {half[0]:g} at every symbol of the {name} half of the text: it never varies there, "
                "so give a text in which it does"
            )
