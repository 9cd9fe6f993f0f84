"""A value and the conditions it was measured under, never apart."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One figure. `value` is None where it would mean nothing; the protocol then says why."""

    metric: str
    value: float | None
    protocol: str
