"""A network that reads texts while its units are watched: which of them follow a property, and what some do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from reprlib import repr as shortened

import numpy as np
from numpy.typing import NDArray

from textrnn.cells import CELLS
from textrnn.engines.engine import Floats, State
from textrnn.engines.numpy_layers import NumpyLayers, Values, last_state
from textrnn.errors import DataError, UsageError
from textrnn.metrics.correlation import Sums
from textrnn.model_folder import ModelFolder
from textrnn.tasks import Model
from textrnn.tasks.conditions import Given
from textrnn.tasks.courses import Course, Found, ReadText, States, Unit
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.translator import Translator
from textrnn.text.tokenizer import START, Tokenizer

FEWEST, FEW = 4, 1000  # symbols that correlations are made of, and below which chance makes many of them
MOST_DIGITS = 9  # of a unit's number, zeros before it included


def tokenizer_of(model: Model) -> Tokenizer:
    """That of the texts that a model reads."""
    return model.source_tokenizer if isinstance(model, Translator) else model.tokenizer


class Reader:
    """A network that reads texts, each from its beginning. part: of the state, that is looked at; None: its last.

    The last part is the memory, of cells that have one.
    """

    def __init__(
        self,
        folder: ModelFolder,
        model: Model,
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
        if not dot or not number.isdecimal() or len(number) > MOST_DIGITS:
            raise UsageError(f"a unit is LAYER.UNIT, such as {self.top()[0]}.0, not {shortened(written)}")
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
