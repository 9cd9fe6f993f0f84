"""The data doctor: what is in files of text, and what would surprise whoever trains on them or tests with them.

The first source is the training text; the others are held out. A lone one's end is, as in training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from textrnn.errors import UsageError
from textrnn.settings import TrainingSettings
from textrnn.text.corpora import expanded
from textrnn.text.doctor import findings
from textrnn.text.doctor.content import fitting_encodings, measure_bytes, measure_content
from textrnn.text.doctor.findings import Finding
from textrnn.text.doctor.measures import Measures, Reading, Symbols, measure_records, symbols_from, texts_at
from textrnn.text.doctor.overlap import repeated, shared
from textrnn.text.doctor.vocabulary import by_level
from textrnn.text.ledger import STANDARD_INPUT, UNDECODABLE, Ledger

MOST_REPEATED = 3  # records shown
MOST_PAIRS = 5  # of lines that two files share
VALID_SHARE: float = TrainingSettings.model_fields["valid_share"].default
THE_END = (
    f"the last {VALID_SHARE:.0%} of the records; where characters and n-grams are learnt, training holds out as large "
    "a share of the characters"
)

Measured = list[tuple[str, Measures]]  # by file, without their symbols


def check(
    sources: Sequence[str], *, format: str = "auto", column: str | None = None, encoding: str = "utf-8"
) -> Iterator[tuple[str, list[Finding]]]:
    """The findings of each file, also against every earlier one; behind the training text those of it as a whole.

    sources: files, folders, or patterns such as "books/*.txt". format, column, encoding: see `read_records`.
    """
    if STANDARD_INPUT in sources:
        raise UsageError("a file is read more than once to check it: give a file, not standard input")
    reading = Reading(format, column, encoding)
    training, *others = [expanded([source]) for source in sources]
    measured: Measured = []
    whole = Symbols()
    for file in training:
        measures, found = examine(file, reading)
        yield file, found + against(measures, measured)
        whole.add_all(measures.symbols)
        measured.append((file, replace(measures, symbols=Symbols())))
    end = Symbols() if others else end_of(measured, reading)
    train = by_level(whole.without(end))
    found = list(findings.about_training(train))
    if end.characters:
        held = by_level(end)
        found += [*findings.about_held_out(train, held, THE_END), *findings.about_validation(held)]
    yield sources[0], found
    for file in chain.from_iterable(others):
        measures, found = examine(file, reading)
        held = by_level(measures.symbols)
        found += [*findings.about_held_out(train, held, "this file"), *findings.about_validation(held)]
        yield file, found + against(measures, measured)
        measured.append((file, replace(measures, symbols=Symbols())))


def examine(source: str, reading: Reading) -> tuple[Measures, list[Finding]]:
    """A file's measures, and what there is to say of the file alone."""
    ledger = Ledger(source)
    measures = measure_records(source, reading, ledger)
    format = reading.format_of(source)
    if format == "parquet":
        found = list(findings.about_bytes(measure_bytes(source)))
    else:
        content = measure_content(source, encoding=reading.encoding)
        found = [*findings.about_bytes(content), *findings.about_text(content, encoding=reading.encoding)]
        fitting = fitting_encodings(source, content.mark) if UNDECODABLE in ledger.repairs else ()
        found += findings.about_repairs(ledger, encoding=reading.encoding, fitting=fitting)
        measures.add_line_ends(content.line_ends if format == "text" else 0)
    exactly, folded = (repeated(measures, exactly=exactly) for exactly in (True, False))
    texts = texts_at(source, reading, {row.first for row in exactly[:MOST_REPEATED]})
    found += findings.about_records(measures)
    found += findings.about_lengths(measures)
    found += findings.about_repeated(measures, exactly, folded, texts)
    return measures, found


def against(measures: Measures, earlier: Measured) -> list[Finding]:
    """What a file has in common with earlier ones."""
    found: list[Finding] = []
    for name, other in earlier:
        exactly, folded = (shared(measures, other, exactly=exactly, most=MOST_PAIRS) for exactly in (True, False))
        found += findings.about_shared(measures, name, exactly, folded)
    return found


def end_of(measured: Measured, reading: Reading) -> Symbols:
    """What the last records of a text in files are made of, as many as training would hold out."""
    symbols, left = Symbols(), held_out(sum(len(measures) for _, measures in measured))
    for file, measures in reversed(measured):
        count = min(left, len(measures))
        if count:
            symbols.add_all(symbols_from(file, reading, len(measures) - count))
        left -= count
    return symbols


def held_out(records: int) -> int:
    """How many records training would hold out, at the end; never the only one."""
    return min(max(0, records - 1), max(1, round(records * VALID_SHARE)))
