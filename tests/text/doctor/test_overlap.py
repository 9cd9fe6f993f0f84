"""Copies and leaks, against lists and sets in plain Python."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.measuring import measured
from textrnn.text.doctor.overlap import repeated, shared

RECORDS = st.lists(st.text(st.sampled_from("aA \t"), max_size=3), max_size=12)


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def key(text: str, exactly: bool) -> str:
    return text if exactly else folded(text)


@given(records=RECORDS, exactly=st.booleans())
def test_copies_are_counted(records: list[str], exactly: bool) -> None:
    counts = Counter(key(record, exactly) for record in records if record.strip())
    found = repeated(measured(records), exactly=exactly)
    assert {key(records[row.first], exactly): row.count for row in found} == {
        record: count for record, count in counts.items() if count > 1
    }
    keys = [key(record, exactly) for record in records]
    assert all(keys.index(keys[row.first]) == row.first for row in found)
    assert found == sorted(found, key=lambda row: (-row.count, row.first))


@given(here=RECORDS, there=RECORDS, exactly=st.booleans(), most=st.integers(0, 3))
def test_shared_records_are_counted_and_their_first_lines_named(
    here: list[str], there: list[str], exactly: bool, most: int
) -> None:
    keys_here, keys_there = ([key(record, exactly) for record in records] for records in (here, there))
    common = {key(record, exactly) for record in here if record.strip()} & set(keys_there)
    found = shared(measured(here), measured(there), exactly=exactly, most=most)
    assert found.records == sum(record in common for record in keys_here)
    assert found.distinct == len(common)
    pairs = sorted((keys_here.index(record) + 1, keys_there.index(record) + 1) for record in common)
    assert found.pairs == pairs[:most]
