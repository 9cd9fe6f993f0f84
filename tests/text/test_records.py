"""N records in, N records out."""

import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.errors import DataError, UsageError
from textrnn.text.records import read_lines, read_text

ODD = (
    "\x00\x0b\x0c\x1c\x85\u2028\u2029\r\t ab\ufeff\U0001f600"  # what str.splitlines, and others, take for a line's end
)
LINES = st.lists(st.text(st.sampled_from(ODD)).map(lambda line: line.rstrip("\r")), min_size=1)
MARK = b"\xef\xbb\xbf"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records") / "file.txt"


def read(file: Path, content: bytes) -> list[str]:
    file.write_bytes(content)
    return list(read_lines(str(file)))


@given(lines=LINES)
def test_n_lines_in_are_n_records_out(file: Path, lines: list[str]) -> None:
    lines = [lines[0].lstrip("\ufeff"), *lines[1:]]
    assert read(file, "".join(line + "\n" for line in lines).encode()) == lines


@given(lines=LINES, mark=st.sampled_from([b"", MARK]), end=st.sampled_from(["\n", "\r\n"]), last=st.booleans())
def test_mark_line_ends_and_last_newline_make_no_difference(
    file: Path, lines: list[str], mark: bytes, end: str, last: bool
) -> None:
    lines = [lines[0].lstrip("\ufeff"), *lines[1:-1], lines[-1] + "."]  # a last line that is blank needs its newline
    assert read(file, mark + end.join(lines).encode() + (end.encode() if last else b"")) == lines


@pytest.mark.parametrize(
    ("content", "records"),
    [
        (b"", []),
        (MARK, []),
        (b"\n", [""]),
        (MARK + b"\n", [""]),
        (b"\r\n", [""]),
        (b"a\n\n", ["a", ""]),
        (b"a\rb\n", ["a\rb"]),
        (b"a\r\r\n", ["a\r"]),
        (b"a\r", ["a\r"]),
        (MARK + MARK + b"a", ["\ufeffa"]),
        (b"a\n" + MARK + b"b", ["a", "\ufeffb"]),
    ],
)
def test_only_lf_and_crlf_end_a_line_and_only_the_first_mark_goes(
    file: Path, content: bytes, records: list[str]
) -> None:
    assert read(file, content) == records


def test_a_line_of_megabytes_is_one_record(file: Path) -> None:
    assert [len(line) for line in read(file, b"a\n" + b"b" * 3 * 2**20 + b"\nc")] == [1, 3 * 2**20, 1]


def test_whole_text_has_lf_and_no_mark(file: Path) -> None:
    file.write_bytes(MARK + b"a\r\nb\rc\n\x85".replace(b"\x85", "\x85".encode()))
    assert read_text(str(file)) == "a\nb\rc\n\x85"


def test_gz_is_unpacked(tmp_path: Path) -> None:
    packed = tmp_path / "lines.txt.gz"
    packed.write_bytes(gzip.compress(MARK + b"a\r\n\r\nb"))
    assert list(read_lines(str(packed))) == ["a", "", "b"]
    assert read_text(str(packed)) == "a\n\nb"


def test_minus_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\n\nb"), encoding="ascii"))
    assert list(read_lines("-")) == ["a", "", "b"]


READERS = [lambda source: list(read_lines(source)), read_text]


@pytest.mark.parametrize("reader", READERS, ids=["lines", "text"])
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.txt", None, "there is no file {}"),
        ("missing.txt.gz", None, "there is no file {}"),
        ("x" * 300, None, "{} cannot be read: File name too long"),
        ("cut.gz", gzip.compress(b"a line\n" * 99, mtime=0)[:-9], "{} is not a whole gzip file"),
        ("torn.gz", gzip.compress(b"", mtime=0)[:10] + b"\xff" * 30, "{} is not a whole gzip file"),
        ("plain.gz", b"plain\n", "{} is not a whole gzip file"),
        ("empty.gz", b"\x1f\x8b", "{} is not a whole gzip file"),
        ("bytes.txt", b"good\n\nab\xff\n", "{}, line 3, byte 3: not utf-8 (0xff)"),
        ("mark.txt", MARK + b"\xe9", "{}, line 1, byte 4: not utf-8 (0xe9)"),
        ("long.txt", "é\n".encode() * 9 + b"ab\xc3", "{}, line 10, byte 3: not utf-8 (0xc3)"),
        ("half.txt", b"a\n\xf0\x9f\x98", "{}, line 2, byte 1: not utf-8 (0xf0)"),
        ("folder", "a directory", "{} is a directory"),
    ],
)
def test_what_cannot_be_read_is_a_data_error_in_one_line(
    tmp_path: Path, reader: Callable[[str], object], name: str, content: bytes | str | None, says: str
) -> None:
    source = tmp_path / name
    if isinstance(content, bytes):
        source.write_bytes(content)
    elif content:
        source.mkdir()
    with pytest.raises(DataError, match=re.escape(says.format(source))) as caught:
        reader(str(source))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("reader", [read_lines, read_text])
def test_another_encoding_is_named(file: Path, reader: Callable[..., object]) -> None:
    file.write_bytes("é\n".encode("latin-1"))
    assert "".join(reader(str(file), encoding="latin-1")).rstrip("\n") == "é"


@pytest.mark.parametrize("encoding", ["klingon", "hex"])
def test_unknown_encoding_is_a_usage_error(file: Path, encoding: str) -> None:
    file.write_bytes(b"a\n")
    with pytest.raises(UsageError, match=f"unknown encoding '{encoding}'"):
        list(read_lines(str(file), encoding=encoding))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_encodings_of_wide_characters_are_read_by_line(file: Path, encoding: str) -> None:
    file.write_bytes("a\r\n\u0a0d\n\nb".encode(encoding))  # a letter whose bytes are those of CR and LF
    assert list(read_lines(str(file), encoding=encoding)) == ["a", "\u0a0d", "", "b"]


def test_a_place_in_wide_characters_is_right(file: Path) -> None:
    file.write_bytes("\u0a0d\nab".encode("utf-16-le") + b"\x00")
    with pytest.raises(DataError, match=re.escape("line 2, byte 5: not utf-16-le (0x00)")):
        list(read_lines(str(file), encoding="utf-16-le"))
