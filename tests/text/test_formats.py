"""Rows written by others (the csv module, json, pyarrow) come back as they were, each one and in order."""

import codecs
import csv
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.writing import WRITERS
from textrnn.cli.output import Sink
from textrnn.errors import DataError, UsageError
from textrnn.text.formats import DEEPEST, FORMATS
from textrnn.text.ledger import Ledger
from textrnn.text.records import SIGNATURES, Record, read_blocks, read_records, read_text

ODD = "\x00\x0b\x0c\x1c\x85\u2028\u2029\r\n\t ab\"',;|\\{}[]\ufeff\ufffd\U0001f600"
CELLS = st.text(st.sampled_from(ODD), max_size=8) | st.sampled_from(["", " ", "\\t", "\\N", "text", "x" * 2**17])
NAMES = st.lists(
    st.text(st.sampled_from('a\t\\n"é,\u2028 '), max_size=3).filter(lambda name: name != "text"),
    min_size=1,
    max_size=3,
    unique=True,
)
ENDS = st.sampled_from(["\n", "\r\n"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("formats")


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows of like fields, `text` among them at any place."""
    names = draw(NAMES)
    names.insert(draw(st.integers(0, len(names))), "text")
    rows = st.lists(CELLS, min_size=len(names), max_size=len(names))
    return [dict(zip(names, row, strict=True)) for row in draw(st.lists(rows, min_size=1, max_size=6))]


def read(path: Path, content: bytes, **options: Any) -> list[Record]:
    path.write_bytes(content)
    return list(read_records(str(path), **options))


@pytest.mark.parametrize("format", WRITERS)
@given(rows=tables(), end=ENDS, mark=st.booleans(), last=st.booleans(), packed=st.booleans())
@settings(max_examples=60)
def test_rows_come_back_as_they_were(
    folder: Path, format: str, rows: list[dict[str, str]], end: str, mark: bool, last: bool, packed: bool
) -> None:
    content = WRITERS[format](rows, end)
    content = ("\ufeff" if mark or content.startswith("\ufeff") else "") + content
    content = content if last else content.removesuffix(end)
    written = content.encode()
    path = folder / f"rows.{format}{'.gz' if packed else ''}"
    found = read(path, gzip.compress(written, 1) if packed else written)
    assert [dict(record.fields or {}) for record in found] == rows
    assert [list(record.fields or {}) for record in found] == [list(row) for row in rows]
    assert [record.text for record in found] == [row["text"] for row in rows]
    if format != "csv":
        begin = 1 if format == "jsonl" else 2
        assert [record.line for record in found] == list(range(begin, begin + len(rows)))


@given(rows=tables())
@settings(max_examples=30)
def test_rows_of_parquet_come_back_as_they_were(folder: Path, rows: list[dict[str, str]]) -> None:
    path = folder / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)
    found = list(read_records(str(path)))
    assert [dict(record.fields or {}) for record in found] == rows
    assert [record.text for record in found] == [row["text"] for row in rows]


SPACES = " \t\v\f\r\0"  # of fastText
WORDS = st.text(st.sampled_from(ODD), min_size=1).map(lambda text: re.sub(f"[\n{SPACES}]", "-", text))


@given(
    rows=st.lists(
        st.tuples(WORDS, st.text(st.sampled_from(ODD)).map(lambda text: text.replace("\n", "").strip(SPACES))),
        min_size=1,
    ),
    space=st.text(st.sampled_from(SPACES), min_size=1),
    end=ENDS,
)
@settings(max_examples=60)
def test_lines_of_fasttext_come_back_as_they_were(
    folder: Path, rows: list[tuple[str, str]], space: str, end: str
) -> None:
    lines = [f"__label__{label}{space}{text}{space}" if text else f"__label__{label}" for label, text in rows]
    found = read(folder / "a.fasttext", "".join(line + end for line in lines).encode())
    assert found == [
        Record(text, {"label": label, "text": text}, line) for line, (label, text) in enumerate(rows, start=1)
    ]


def test_what_only_looks_like_a_label_of_fasttext_is_text(tmp_path: Path) -> None:
    (record,) = read(tmp_path / "a.fasttext", "__label____label__a a__label__b \u2028__label__c".encode())
    assert record == Record("a__label__b \u2028__label__c", {"label": "__label__a", "text": record.text}, 1)


@given(rows=st.lists(st.dictionaries(st.text(max_size=3), JSON, max_size=3), max_size=5))
@settings(max_examples=60)
def test_any_json_value_passes_through_with_halves_of_characters(folder: Path, rows: list[dict[str, Any]]) -> None:
    rows = [{**row, "text": "a\ud800b"} for row in rows]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    found = read(folder / "values.jsonl", content.encode())
    assert [record.fields for record in found] == rows
    file = folder / "again.jsonl"
    with file.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
        for record in found:
            Sink(stream, "jsonl").write(record.fields or {})
    assert [record.fields for record in read_records(str(file))] == rows


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("lines", [0, 1])
def test_nothing_and_a_header_alone_are_no_records(tmp_path: Path, format: str, lines: int) -> None:
    path = tmp_path / f"none.{format}"
    if format == "parquet":
        pyarrow.parquet.write_table(pyarrow.table({"text": pyarrow.array([], pyarrow.string())}), path)
    else:
        path.write_text("id\ttext\n" * lines if format == "tsv" else "id,text\n" * lines if format == "csv" else "")
    column = "source" if format == "pairs" else None
    assert list(read_records(str(path), column=column)) == []


@pytest.mark.parametrize(
    ("name", "column", "text"),
    [("a.csv", None, "2"), ("a.csv", "id", "1"), ("a.csv", "", "3"), ("a.tsv", None, "2"), ("a.tsv", "", "3")],
)
def test_a_column_is_chosen(tmp_path: Path, name: str, column: str | None, text: str) -> None:
    content = "id,text,\n1,2,3\n".replace(",", "," if name == "a.csv" else "\t")
    (record,) = read(tmp_path / name, content.encode(), column=column)
    assert record == Record(text, {"id": "1", "text": "2", "": "3"}, 2)


def test_an_only_column_is_the_text_and_its_blank_lines_are_records(tmp_path: Path) -> None:
    for name in ("a.csv", "a.tsv"):
        found = read(tmp_path / name, b"sentence\n\nb\n\n")
        assert found == [Record(text, {"sentence": text}, line) for line, text in enumerate(["", "b", ""], start=2)]


def test_a_string_of_jsonl_is_a_text_alone_and_null_an_empty_one(tmp_path: Path) -> None:
    found = read(tmp_path / "a.jsonl", b'"a"\n{"x": 1, "text": null}\n""\n')
    assert found == [Record("a", None, 1), Record("", {"x": 1, "text": None}, 2), Record("", None, 3)]


@pytest.mark.parametrize(
    ("name", "content", "column", "says"),
    [
        ("a.csv", "id,x\n1,2\n", None, "name the column of the text with --column; there are 'id', 'x'"),
        ("a.csv", "id,x\n1,2\n", "text", "there is no column 'text'; there are 'id', 'x'"),
        ("a.jsonl", '{"a": 1, "b": 2}', None, "there are 'a', 'b'"),
        ("a.jsonl", "{}", None, "there are none"),
        ("a.csv", "id,x\n", "tex", "there is no column 'tex'; there are 'id', 'x'"),
        ("a.csv", "id,x", None, "name the column of the text with --column; there are 'id', 'x'"),
        ("a.tsv", "id\tx\n", "tex", "there is no column 'tex'; there are 'id', 'x'"),
        ("a.fasttext", "", "tex", "there is no column 'tex' (did you mean 'text'?); there are 'label', 'text'"),
        ("a.txt", "a", "text", "plain text has no column 'text': --input-format"),
        ("a.parquet.gz", "", None, "unpack it"),
    ],
)
def test_a_wrong_column_is_a_usage_error(
    tmp_path: Path, name: str, content: str, column: str | None, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path / name, content.encode(), column=column)
    assert says in str(caught.value)


def test_a_wrong_column_of_parquet_without_rows_is_a_usage_error(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"id": pyarrow.array([], pyarrow.string())}), tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="there is no column 'tex'; there are 'id'"):
        list(read_records(str(tmp_path / "a.parquet"), column="tex"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "x,text\n1,a,b\n", "line 2: 3 cells under 2 names"),
        ("a.tsv", "x\ttext\n1\ta\n1\ta\tb\n", "line 3: 3 cells under 2 names"),
        ("a.csv", "a,text,a\n", "has two columns 'a'"),
        ("a.tsv", "\\t\ttext\t\\t\n", "has two columns '\\t'"),
        ("a.csv", 'x,text\n1,"a\nb"\n2,"b\n3,c\n', "line 4: a quote that is not closed"),
        ("a.csv", 'x,text\n1,"a"b\n', "line 2: text after a closing quote"),
        ("a.csv", "x,text\n1,a\rb\n", "line 2: a return outside quotes"),
        ("a.csv", 'x,text\n1,"a\n"\r\r\n', "line 3: a return outside quotes"),
        ("a.csv", "x,text\n1,a\r", "line 2: a return outside quotes"),
        ("a.jsonl", '{"text": NaN}', "line 1: not JSON: NaN is no number"),
        ("a.jsonl", '{"text": "", "x": [-1e999]}', "line 1: not JSON: -1e999 is no number"),
        ("a.jsonl", '"a"\n{"text": "a", "x": {"b": 1, "b": 1}}', "line 2: not JSON: 'b' is given twice"),
        ("a.jsonl", "[" * 100_000, "line 1: not JSON: it is nested too deep"),
        ("a.jsonl", "[" * 101 + "]" * 101, "line 1: not JSON: nested more than 100 levels deep"),
        ("a.jsonl", '{"text": "a"', "line 1: not JSON"),
        ("a.jsonl", "nothing", "line 1: not JSON"),
        ("a.jsonl", "[]", "line 1: neither an object nor a string"),
        ("a.jsonl", "null", "line 1: neither an object nor a string"),
        ("a.jsonl", '"a"\n{"text": 3}', "line 2: 'text' is no text but int"),
        ("a.jsonl", '{"text": "a"}\n\n{"b": "a"}', "line 3: a record without 'text'"),
        ("a.fasttext", "__label__a b\nplain\n", "line 2: labelled plain text needs __label__NAME before each text"),
        ("a.fasttext", "b __label__a", "line 1: labelled plain text needs __label__NAME before each text"),
        ("a.fasttext", "__label__ b", "line 1: labelled plain text needs __label__NAME before each text"),
        ("a.fasttext", "__label__a __label__b c", "line 1: two labels, 'a' and 'b'"),
        ("a.fasttext", "\n__label__a c\v__label__", "line 2: two labels, 'a' and ''"),
        ("a.parquet", "PAR1, or is it?", "cannot be read as parquet"),
    ],
)
def test_what_is_malformed_is_named_by_file_and_line(tmp_path: Path, name: str, content: str, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    with pytest.raises(DataError) as caught:
        list(read_records(str(path), ledger=Ledger(str(path))))
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_deep_json_is_read_down_to_a_level(tmp_path: Path) -> None:
    value = json.loads("[" * (DEEPEST - 1) + "]" * (DEEPEST - 1))
    content = json.dumps({"text": "[{" * DEEPEST, "x": value})
    assert read(tmp_path / "a.jsonl", content.encode())[0].fields == {"text": "[{" * DEEPEST, "x": value}


def test_a_quote_that_is_not_closed_ends_at_a_bound_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textrnn.text.formats.LONGEST_FIELD", 1000)
    try:
        with pytest.raises(DataError, match=r"line 3: a cell of more than 1,000 characters: is a quote not closed\?"):
            read(tmp_path / "a.csv", b'x\nb\n"c\n' + b"d,e\n" * 1000)
    finally:
        csv.field_size_limit(2**17)


@pytest.mark.parametrize(
    ("name", "content", "texts", "summary"),
    [
        (
            "a.txt",
            b"a\xff\n\xfe\xc3\nb",
            ["a\ufffd", "\ufffd\ufffd", "b"],
            "undecodable bytes read as U+FFFD: 3, .* 1 ",
        ),
        ("a.csv", b"x,text\n1,\xff\n", ["\ufffd"], r"undecodable bytes read as U\+FFFD: 1, the first on line 2 "),
        ("a.csv", b'x,text\n1,"a\nb"\n2\n\n', ["a\nb", "", ""], "rows with fewer cells .*: 2, the first on line 4 "),
        ("a.tsv", b"text\tx\na\n\n", ["a", ""], "rows with fewer cells .*: 2, the first on line 2 "),
        ("a.jsonl", b'"a"\n \r\n\n"b"\n', ["a", "b"], "blank lines that are no records: 2, the first on line 2 "),
        ("a.fasttext", b"__label__x a\n \r\n\n__label__y", ["a", ""], "blank lines .*: 2, the first on line 2 "),
    ],
)
def test_a_repair_is_counted_with_its_first_line_and_an_error_where_it_is_strict(
    tmp_path: Path, name: str, content: bytes, texts: list[str], summary: str
) -> None:
    path = tmp_path / name
    ledger = Ledger(str(path))
    assert [record.text for record in read(path, content, ledger=ledger)] == texts
    (line,) = ledger.summary()
    assert re.match(summary.replace("U+FFFD", "U.FFFD"), line)
    with pytest.raises(DataError, match=r"a\.\w+, line \d"):
        list(read_records(str(path), ledger=Ledger(str(path), strict=True)))
    with pytest.raises(DataError):
        list(read_records(str(path)))


@given(
    content=st.binary(max_size=40) | st.text(st.sampled_from(ODD), max_size=40).map(str.encode),
    at_once=st.integers(1, 9),
)
@settings(max_examples=200)
def test_any_bytes_are_read_whatever_the_blocks(folder: Path, content: bytes, at_once: int) -> None:
    assume(not content.startswith(tuple(SIGNATURES)))
    path = folder / "bytes.txt"
    path.write_bytes(content)
    ledger = Ledger(str(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textrnn.text.records.AT_ONCE", at_once)
        blocks = list(read_blocks(str(path), ledger=ledger))
        lines = [record.text for record in read_records(str(path), ledger=Ledger(str(path)))]
    undecodable: list[bytes] = []

    def note(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        undecodable.extend(error.object[index : index + 1] for index in range(error.start, error.end))
        return "\ufffd" * (error.end - error.start), error.end

    codecs.register_error("note", note)
    expected = content.removeprefix(codecs.BOM_UTF8).decode(errors="note").replace("\r\n", "\n")
    assert "".join(blocks) == expected
    assert read_text(str(path), ledger=Ledger(str(path))) == expected
    assert all(blocks)
    assert sum(count for count, _ in ledger.repairs.values()) == len(undecodable)
    assert [line.replace("\r\n", "\n") for line in lines] == (
        expected.removesuffix("\n").split("\n") if expected else []
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "shift_jis", "utf-8-sig"])
@given(text=st.text(st.sampled_from("a\n\r漢"), max_size=30))
@settings(max_examples=40)
def test_other_encodings_are_read_in_blocks(folder: Path, encoding: str, text: str) -> None:
    path = folder / "encoded.txt"
    path.write_bytes(text.encode(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textrnn.text.records.AT_ONCE", 3)
        found = "".join(read_blocks(str(path), encoding=encoding))
    assert found == text.replace("\r\n", "\n")


def test_what_is_undecodable_in_wide_characters_is_an_error_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("a\nb".encode("utf-16-le") + b"\x00\xd8a\x00")
    ledger = Ledger(str(tmp_path / "a.txt"))
    with pytest.raises(DataError, match="line 2, byte 3: not utf-16-le"):
        list(read_records(str(tmp_path / "a.txt"), encoding="utf-16-le", ledger=ledger))


@pytest.mark.parametrize(
    ("content", "says"),
    [("hello\n".encode("utf-16"), "--encoding utf-16"), (gzip.compress(b"hello", mtime=0), "packed by gzip")],
)
def test_another_kind_of_file_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        list(read_records(str(path), ledger=Ledger(str(path))))
