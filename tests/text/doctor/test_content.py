"""Bytes, against what Python says of the whole file at once."""

import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textrnn.errors import DataError, UsageError
from textrnn.text.doctor import content
from textrnn.text.doctor.content import measure_content

PIECES = st.lists(st.sampled_from(["a", "é", "\n", "\r\n", "\r", "\ufffd", "\u2028", "\U0001f600"])).map("".join)
DAMAGED = st.lists(st.sampled_from([b"a", b"\n", "é".encode(), b"\xff", b"\xc3", b"\xe2\x80", "\ufffd".encode()]))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("content") / "file.txt"


@given(text=PIECES, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]))
def test_counts_are_those_of_the_whole_text(file: Path, text: str, encoding: str) -> None:
    whole = text.encode(encoding)
    file.write_bytes(whole)
    found = measure_content(str(file), encoding=encoding)
    assert (found.size, found.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert (found.line_ends, found.carriage_returns) == (text.count("\n"), text.count("\r\n"))
    assert found.is_ended == (not text or text.endswith("\n"))
    assert (found.undecodable, found.first_undecodable, found.fitting) == (0, None, ())


@given(parts=DAMAGED, at_once=st.integers(1, 8))
@example(parts=[b"one\n", b"two\n", b"three\n", b"\xff", b"a\n", b"\xff"], at_once=1)
def test_every_undecodable_place_is_counted_and_the_first_line_found(
    file: Path, parts: list[bytes], at_once: int
) -> None:
    whole = b"".join(parts)
    file.write_bytes(whole)
    with pytest.MonkeyPatch.context() as patch:  # pieces of a few bytes, so that there are many
        patch.setattr(content, "AT_ONCE", at_once)
        found = measure_content(str(file), encoding="utf-8")
    bad = 0
    rest, first = whole, None
    while True:
        try:
            rest.decode("utf-8")
            break
        except UnicodeDecodeError as error:
            bad += 1
            first = first or whole[: len(whole) - len(rest) + error.start].count(b"\n") + 1
            rest = rest[error.end :]
    assert (found.undecodable, found.first_undecodable) == (bad, first)


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
    assert measure_content(str(file), encoding="utf-8").fitting == fitting


def test_a_character_cut_off_at_the_end_is_no_utf_8(file: Path) -> None:
    file.write_bytes("naï".encode()[:-1])
    assert "utf-8" not in measure_content(str(file), encoding="ascii").fitting


def test_a_mark_is_looked_for_at_the_beginning_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "AT_ONCE", 1)
    file.write_bytes("\ufeffone\ntwo\nthree\n".encode())
    assert measure_content(str(file), encoding="utf-8").mark == "utf-8-sig"
    file.write_bytes("one\ntwo\n\ufeffthree\n".encode())
    assert measure_content(str(file), encoding="utf-8").mark is None


def test_utf_8_is_named_where_another_encoding_was_asked_for(file: Path) -> None:
    file.write_bytes("naïve 日本\n".encode())
    assert "utf-8" in measure_content(str(file), encoding="ascii").fitting


def test_gzip_is_measured_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\n")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    plain, packed = (measure_content(str(tmp_path / name), encoding="utf-8") for name in ("a.txt", "a.txt.gz"))
    assert plain == packed


def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        measure_content(str(tmp_path / "absent.txt"), encoding="utf-8")
    (tmp_path / "a.txt").write_bytes(b"x")
    with pytest.raises(UsageError, match="unknown encoding 'utf-9'"):
        measure_content(str(tmp_path / "a.txt"), encoding="utf-9")
