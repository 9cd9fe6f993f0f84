"""Runs that differ in their seed alone: what chance does to their figures."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from textrnn.config import Figure


@dataclass(frozen=True)
class Spread:
    """A figure of several runs. deviation: the standard deviation of a sample, over n - 1."""

    metric: str
    values: tuple[float, ...]
    protocol: str

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float:
        return statistics.stdev(self.values)


def spreads(runs: Sequence[Sequence[Figure]]) -> list[Spread]:
    """Each figure that every run has, in the order of the first, with the first's protocol."""
    tables = [{figure.metric: figure for figure in run} for run in runs]
    found = []
    for metric, figure in tables[0].items():
        values = [table[metric].value for table in tables if metric in table]
        known = [value for value in values if value is not None]
        if len(known) == len(tables):
            found.append(Spread(metric, tuple(known), figure.protocol))
    return found
