"""What the texts of a model begin with: a label or numbers, as users give them, made into vectors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from textrnn.architecture import Condition
from textrnn.engines.engine import Floats
from textrnn.errors import UsageError
from textrnn.text.numbers import fits, numbers_in

Given = str | float | Sequence[float] | NDArray[np.floating]  # a label, or numbers: "0.5,1" too
MOST_NAMED = 20  # labels in an error


@dataclass(frozen=True)
class Conditions:
    """Those of a model; spec: None where its texts begin with none."""

    spec: Condition | None

    def __str__(self) -> str:
        """What there is to give, for people."""
        if self.spec is None:
            return "no condition"
        if not self.spec.labels:
            return f"{self.spec.size} number{'s' if self.spec.size > 1 else ''}"
        more = ", …" if len(self.spec.labels) > MOST_NAMED else ""
        return f"one of {', '.join(map(repr, self.spec.labels[:MOST_NAMED]))}{more}"

    def of_text(self, given: Given | None) -> Floats | None:
        """The vector (size,) that a text begins with, if any; UsageError for one too many or too few."""
        self._check(given)
        return None if given is None else self.vector(given)

    def of_texts(self, given: Given | Iterator[Given] | None) -> Iterator[Floats] | None:
        """The same for every text, without end; or of an iterator for each text in turn."""
        self._check(given)
        if given is None:
            return None
        return self._in_turn(given) if isinstance(given, Iterator) else repeat(self.vector(given))

    def _in_turn(self, given: Iterator[Given]) -> Iterator[Floats]:
        yield from map(self.vector, given)
        raise UsageError("there are fewer conditions than texts: each text begins with its own")

    def _check(self, given: object) -> None:
        """Raise UsageError where there is no condition to give, or one to be given."""
        if self.spec is None and given is not None:
            raise UsageError("the texts of this model begin with no condition: it was trained without one")
        if self.spec is not None and given is None:
            raise UsageError(f"each text of this model begins with a condition: --condition gives {self}")

    def vector(self, given: Given) -> Floats:
        """The vector (size,) of what was given."""
        assert self.spec is not None
        if self.spec.labels:
            name = given.strip() if isinstance(given, str) else None
            if name not in self.spec.labels:
                raise UsageError(f"{shown(given)} is no condition of this model: give {self}")
            is_own = [name == label for label in self.spec.labels]
            return np.array(is_own, np.float32)
        numbers = numbers_in(given) if isinstance(given, str) else tuple(np.ravel(given).tolist())
        if numbers is None or len(numbers) != self.spec.size or not all(map(fits, numbers)):
            raise UsageError(f"{shown(given)} is no condition of this model: give {self}")
        return np.array(numbers, np.float32)

    def refuse(self, why: str) -> None:
        """Raise UsageError where texts begin with a condition, which something has no place for."""
        if self.spec is not None:
            raise UsageError(f"each text of this model begins with a condition, and {why}")


def shown(given: Given) -> str:
    """What was given, short and in one line."""
    return repr(" ".join(str(given).split())[:60])
