"""Which of many values go up and down with a number, over more steps than are kept."""

import numpy as np
from numpy.typing import NDArray

STILL = 1e-6  # a deviation up to which a value is taken to be always the same


class Sums:
    """Sums over steps, of which deviations and correlations are made: memory does not grow with their number."""

    def __init__(self, units: int) -> None:
        self._count, self._y, self._yy = 0, 0.0, 0.0
        self._x, self._xx, self._xy = (np.zeros(units) for _ in range(3))

    def add(self, values: NDArray[np.float32], numbers: NDArray[np.float64]) -> None:
        """The values of all units (steps, units), and the number of each step (steps,)."""
        x = values.astype(np.float64)
        self._count += len(x)
        self._x += x.sum(0)
        self._xx += (x * x).sum(0)
        self._xy += numbers @ x
        self._y += float(numbers.sum())
        self._yy += float(numbers @ numbers)

    def deviations(self) -> NDArray[np.float64]:
        """The standard deviation of each unit."""
        count = max(self._count, 1)
        return np.asarray(np.sqrt(np.maximum(self._xx / count - (self._x / count) ** 2, 0)))

    def correlations(self) -> NDArray[np.float64]:
        """Pearson's correlation of each unit with the number; 0 where either hardly varies."""
        covariance = self._xy / self._count - self._x / self._count * self._y / self._count
        of_units, of_number = self.deviations(), np.sqrt(max(self._yy / self._count - (self._y / self._count) ** 2, 0))
        varies = np.minimum(of_units, of_number) > STILL
        found = np.divide(covariance, of_units * of_number, out=np.zeros_like(covariance), where=varies)
        return np.asarray(np.clip(found, -1, 1))
