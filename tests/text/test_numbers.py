"""Vectors as text and as files: what is one, and what is wrong with what is none."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from textrnn.errors import DataError
from textrnn.text.numbers import numbers_in, read_vectors

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=1, max_size=5), st.sampled_from([", ", ",", " ", " , "]), st.booleans())
def test_numbers_are_read_as_they_were_written(numbers, between, in_brackets):
    written = between.join(map(repr, numbers))
    assert numbers_in(f" [{written}] " if in_brackets else written) == tuple(numbers)


@pytest.mark.parametrize(
    "text", ["", "[]", "a", "1,", "1,,2", "nan", "inf", "1e39", "[1", "[[1, 2]]", "1_0", "0x1", "٣"]
)
def test_anything_else_is_none(text):
    assert numbers_in(text) is None


@given(
    arrays.arrays(st.sampled_from([np.float32, np.int16, np.bool_]), st.tuples(st.integers(1, 4), st.integers(1, 3)))
)
def test_rows_are_read_as_they_were_saved(tmp_path_factory, values):
    file = tmp_path_factory.mktemp("vectors") / "rows.npy"
    np.save(file, np.nan_to_num(values, posinf=0, neginf=0))
    found = read_vectors(str(file))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.load(file).astype(np.float32))


def test_one_axis_is_a_number_in_each_row(tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(3))
    assert read_vectors(str(tmp_path / "rows.npy")).tolist() == [[0], [1], [2]]


class Opened:
    """Tells, when it is unpickled."""

    def __reduce__(self) -> tuple:
        return warnings.warn, ("the file was unpickled",)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.array([Opened()], dtype=object), "is not an .npy file of numbers"),
        (np.array(["a", "b"]), "is not an .npy file of numbers, but of <U1"),
        (np.zeros((2, 2), complex), "is not an .npy file of numbers"),
        (np.zeros((2, 2, 2)), r"has shape \(2, 2, 2\): a row of numbers for each record"),
        (np.float32(1), r"has shape \(\)"),
        (np.zeros((0, 2)), r"has shape \(0, 2\)"),
        (np.zeros((2, 0)), r"has shape \(2, 0\)"),
        (np.array([[1.0], [np.nan]]), "row 2: a number that is not finite"),
        (np.array([[1.0], [2.0], [1e300]]), "row 3: a number that is not finite"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_in_one_line_and_never_unpickled(values, says, tmp_path):
    np.save(tmp_path / "rows.npy", values, allow_pickle=True)
    with pytest.raises(DataError, match=says) as error:
        read_vectors(str(tmp_path / "rows.npy"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x93NUMPY", b"PK\x03\x04" + bytes(30)])
def test_what_is_no_npy_at_all_is_refused(content, tmp_path):
    (tmp_path / "rows.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"is not an \.npy file of numbers"):
        read_vectors(str(tmp_path / "rows.npy"))


def test_a_file_that_is_cut_off_or_not_there_is_refused(tmp_path):
    np.save(tmp_path / "rows.npy", np.zeros((50, 50)))
    content = (tmp_path / "rows.npy").read_bytes()
    (tmp_path / "rows.npy").write_bytes(content[:-8])
    with pytest.raises(DataError, match=r"rows.npy is not an .npy file of numbers"):
        read_vectors(str(tmp_path / "rows.npy"))
    with pytest.raises(DataError, match=r"there is no file absent\.npy"):
        read_vectors("absent.npy")
    with pytest.raises(DataError, match="cannot be read"):
        read_vectors(str(tmp_path))
