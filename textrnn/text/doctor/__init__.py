"""The data doctor: what is in files of text, and what would surprise whoever trains on them or tests with them.

The first file is the training text; the others are held out. A lone file's end is, as in training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from textrnn.config import TrainingSettings
from textrnn.errors import UsageError
from textrnn.text.doctor import findings
from textrnn.text.doctor.content import measure_content
from textrnn.text.doctor.findings import Finding
from textrnn.text.doctor.measures import Measures, Symbols, look_again, measure_records
from textrnn.text.doctor.overlap import repeated, shared
from textrnn.text.doctor.vocabulary import Counts, by_level
from textrnn.text.records import STANDARD_INPUT

MOST_REPEATED = 3  # records shown
MOST_PAIRS = 5  # of lines that two files share
VALID_SHARE: float = TrainingSettings.model_fields["valid_share"].default


def check(sources: Sequence[str], *, encoding: str = "utf-8") -> Iterator[tuple[str, Finding]]:
    """The findings of each file, and of each later file against every earlier one."""
    if STANDARD_INPUT in sources:
        raise UsageError("a file is read more than once to check it: give a file, not standard input")
    train: Counts = {}
    earlier: list[tuple[str, Measures]] = []
    for source in sources:
        measures, end, found = examine(source, encoding=encoding, holds_out_end=len(sources) == 1)
        counts = by_level(measures.symbols.without(end))
        if not earlier:
            train = counts
            found += findings.about_training(train)
            if end.characters:
                found += findings.about_held_out(train, by_level(end), f"the last {VALID_SHARE:.0%} of the records")
        else:
            found += findings.about_held_out(train, counts, "this file")
        for name, other in earlier:
            exactly, folded = (shared(measures, other, exactly=exactly, most=MOST_PAIRS) for exactly in (True, False))
            found += findings.about_shared(measures, name, exactly, folded)
        yield from ((source, finding) for finding in found)
        earlier.append((source, replace(measures, symbols=Symbols())))


def examine(source: str, *, encoding: str, holds_out_end: bool) -> tuple[Measures, Symbols, list[Finding]]:
    """A file's measures, what its end is made of if that is held out, and what there is to say of the file alone."""
    content = measure_content(source, encoding=encoding)
    measures = measure_records(source, encoding=encoding)
    if content.line_ends:
        measures.symbols.characters["\n"] = content.line_ends
    exactly, folded = (repeated(measures, exactly=exactly) for exactly in (True, False))
    begin = len(measures) - held_out(len(measures)) if holds_out_end else None
    wanted = {row.first for row in exactly[:MOST_REPEATED]}
    texts, end = look_again(source, encoding=encoding, wanted=wanted, begin=begin)
    found = [
        *findings.about_content(content, encoding=encoding),
        *findings.about_records(measures),
        *findings.about_lengths(measures),
        *findings.about_repeated(measures, exactly, folded, texts),
    ]
    return measures, end, found


def held_out(records: int) -> int:
    """How many records training would hold out, at the end; never the only one."""
    return min(max(0, records - 1), max(1, round(records * VALID_SHARE)))
