"""What a record looks like in each format."""

import csv
import io
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reading import tsv
from textrnn.cli.output import Sink, finite, open_sink, shown
from textrnn.errors import DataError

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


CELLS = st.lists(st.text('a,"\t\r\n\\\0', min_size=1, max_size=4), min_size=2, max_size=2)


@given(rows=st.lists(CELLS, min_size=1, max_size=3))
@pytest.mark.parametrize("format", ["csv", "tsv"])
def test_cells_of_any_marks_are_read_back(format: str, rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    sink = Sink(stream, format)
    records = [dict(zip(("a", "b"), row, strict=True)) for row in rows]
    for record in records:
        sink.write(record)
    stream.seek(0)
    assert (tsv(stream.getvalue()) if format == "tsv" else list(csv.DictReader(stream))) == records


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A pipe by name, and its end to read from."""
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    yield str(tmp_path / "pipe"), reading
    os.close(reading)


def test_a_pipe_is_written_and_stays_one_as_a_device_does(pipe: tuple[str, int]) -> None:
    name, reading = pipe
    with open_sink(name, "tsv") as sink:
        sink.write({"a": 1})
    assert os.read(reading, 99) == b"a\n1\n"
    assert Path(name).is_fifo()


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with open_sink(str(tmp_path / "link"), "tsv") as sink:
        sink.write({"a": 1})
        assert (tmp_path / "file").read_text() == "before"
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "a\n1\n"


@pytest.mark.parametrize("place", ["absent/file", "file/below", ""])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"), open_sink(str(tmp_path / place), "tsv"):
        raise AssertionError("the work began")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
