"""Records measured without a file."""

from collections.abc import Iterable

from textrnn.text.doctor.measures import Measures


def measured(lines: Iterable[str]) -> Measures:
    """What there is to know of these lines."""
    measures = Measures()
    for number, line in enumerate(lines, start=1):
        measures.add(number, line)
    return measures
