"""Bytes, against what Python says of the whole file at once."""

import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.errors import DataError
from textrnn.text.doctor import content
from textrnn.text.doctor.content import Content, fitting_encodings, measure_bytes, measure_content

PIECES = st.lists(st.sampled_from(["a", "é", "\n", "\r\n", "\r", "\ufffd", "\u2028", "\U0001f600"])).map("".join)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("content") / "file.txt"


@given(
    text=PIECES,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    at_once=st.integers(1, 8),
)
def test_counts_are_those_of_the_whole_text(file: Path, text: str, encoding: str, at_once: int) -> None:
    whole = text.encode(encoding)
    file.write_bytes(whole)
    with pytest.MonkeyPatch.context() as patch:  # pieces of a few bytes, so that there are many
        patch.setattr(content, "AT_ONCE", at_once)
        found = measure_content(str(file), encoding=encoding)
        assert measure_bytes(str(file)) == Content(found.size, found.sha256)
    assert (found.size, found.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert (found.line_ends, found.carriage_returns) == (text.count("\n"), text.count("\r\n"))
    assert found.is_ended == (not text or text.endswith("\n"))


@pytest.mark.parametrize(
    ("whole", "fitting"),
    [
        ("naïve\n".encode("cp1252"), ("cp1252", "latin-1")),
        (b"\x81\n", ("latin-1",)),  # no character in Windows-1252
        ("naïve\n".encode("utf-16"), ("utf-16", "cp1252", "latin-1")),
    ],
)
def test_the_encodings_that_would_do_are_named(file: Path, whole: bytes, fitting: tuple[str, ...]) -> None:
    file.write_bytes(whole)
    mark = measure_content(str(file), encoding="utf-8").mark
    assert fitting_encodings(str(file), mark) == fitting


def test_a_character_cut_off_at_the_end_is_no_utf_8(file: Path) -> None:
    file.write_bytes("naï".encode()[:-1])
    assert "utf-8" not in fitting_encodings(str(file), None)


def test_a_mark_is_looked_for_at_the_beginning_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "AT_ONCE", 4)
    file.write_bytes("\ufeffone\ntwo\nthree\n".encode())
    assert measure_content(str(file), encoding="utf-8").mark == "utf-8-sig"
    file.write_bytes("one\ntwo\n\ufeffthree\n".encode())
    assert measure_content(str(file), encoding="utf-8").mark is None


def test_utf_8_is_named_where_another_encoding_was_asked_for(file: Path) -> None:
    file.write_bytes("naïve 日本\n".encode())
    assert "utf-8" in fitting_encodings(str(file), None)


def test_gzip_is_measured_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\n")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    plain, packed = (measure_content(str(tmp_path / name), encoding="utf-8") for name in ("a.txt", "a.txt.gz"))
    assert plain == packed


def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        measure_content(str(tmp_path / "absent.txt"), encoding="utf-8")
