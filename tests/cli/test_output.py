"""What a record looks like in each format."""

import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.cli.output import Sink, finite, shown

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(record=st.dictionaries(st.text(max_size=3), JSON, max_size=3))
def test_a_record_is_json_whatever_its_numbers(record: dict) -> None:
    stream = io.StringIO()
    Sink(stream, "jsonl").write(record)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(stream.getvalue(), parse_constant=refuse) == finite(record)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_number_without_end_is_null_at_any_depth(value: float) -> None:
    record = {"odds": value, "rows": [{"logprob": value, "rank": 1}, [value, 2.5]], "text": "inf", "none": None}
    expected = {"odds": None, "rows": [{"logprob": None, "rank": 1}, [None, 2.5]], "text": "inf", "none": None}
    assert finite(record) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0000"), (1e-5, "1.0e-05"), (-4e-4, "-4.0e-04"), (5e-4, "0.0005"), (1234.5, "1,234.5000"), (True, "true")],
)
def test_a_table_shows_small_figures_as_they_are(value: float, text: str) -> None:
    assert shown(value) == text
