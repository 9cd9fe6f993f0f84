"""Labelled records: whatever the format, every text with its label, in order; a missing label is named by its line."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.writing import WRITERS
from textrnn.errors import DataError, UsageError
from textrnn.text.labelled import Labelled, LabelledTexts, is_held, labelled_columns

ODD = "\x00\x0b\x0c\x1c\x85\u2028\u2029\r\n\t ab\"',;|\\{}[]_\ufeff\ufffd\U0001f600"
TEXTS = st.text(st.sampled_from(ODD), max_size=8) | st.sampled_from(["", " ", "__label__a", "\\N", "null", "x" * 2**17])
LABELS = st.text(st.sampled_from(ODD), max_size=4).filter(str.strip) | st.sampled_from(["good", "1", "null", "true"])
PAIRS = st.lists(st.tuples(TEXTS, LABELS), min_size=1, max_size=6)
NAMES = st.lists(
    st.text(st.sampled_from('a\t\\n"é,\u2028 '), max_size=3).filter(lambda name: name not in ("text", "label")),
    max_size=2,
    unique=True,
)
SPACES = " \t\v\f\r\0"  # of fastText
ROWS = [("It was good.", "good"), ("", "bad"), ("It was\nnot.", "bad")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("labelled")


def pairs_of(source: LabelledTexts) -> list[tuple[str, str]]:
    return [(record.text, record.label) for record in source]


def read(path: Path, content: str | bytes, **options: Any) -> list[tuple[str, str]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return pairs_of(LabelledTexts([path], **options))


def table(pairs: list[tuple[str, str]], others: list[str]) -> list[dict[str, str]]:
    """Rows of more columns than two, where the label comes first and the text last."""
    return [{"label": label, **dict.fromkeys(others, "other"), "text": text} for text, label in pairs]


@pytest.mark.parametrize("format", WRITERS)
@given(pairs=PAIRS, others=NAMES, end=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=50)
def test_records_come_back_with_their_labels(
    folder: Path, format: str, pairs: list[tuple[str, str]], others: list[str], end: str
) -> None:
    content = WRITERS[format](table(pairs, others), end)
    assert read(folder / f"rows.{format}", content) == [(text, label.strip()) for text, label in pairs]


@given(pairs=PAIRS, others=NAMES)
@settings(max_examples=30)
def test_records_of_parquet_come_back_with_their_labels(
    folder: Path, pairs: list[tuple[str, str]], others: list[str]
) -> None:
    path = folder / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table(pairs, others)), path)
    assert pairs_of(LabelledTexts([path])) == [(text, label.strip()) for text, label in pairs]


@pytest.mark.parametrize("name", ["rows.fasttext", "rows.txt", "rows"])
@given(pairs=PAIRS, space=st.text(st.sampled_from(SPACES), min_size=1))
@settings(max_examples=50)
def test_lines_of_fasttext_come_back_with_their_labels(
    folder: Path, name: str, pairs: list[tuple[str, str]], space: str
) -> None:
    pairs = [
        (text.replace("\n", " ").replace("__label__", "").strip(SPACES), re.sub(f"[\n{SPACES}]", "", label) + "x")
        for text, label in pairs
    ]
    lines = [f"__label__{label}{space}{text}\n" for text, label in pairs]
    assert read(folder / name, "".join(lines)) == [(text, label.strip()) for text, label in pairs]


# sources


def test_sources_of_all_kinds_are_read_in_order_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"__label__a piped \xff\n\n__label__b again")))
    (tmp_path / "b.csv").write_text('id,text,label\n1,"two\nlines",c\n2,,d\n')
    (tmp_path / "a.jsonl").write_text('{"label": "e", "text": null}\n')
    records = LabelledTexts([str(tmp_path), "-", tmp_path / "*.csv"])
    csv, jsonl = (str(tmp_path / name) for name in ("b.csv", "a.jsonl"))
    expected = [
        Labelled("", "e", f"{jsonl}, line 1"),
        Labelled("two\nlines", "c", f"{csv}, line 2"),
        Labelled("", "d", f"{csv}, line 4"),
        Labelled("piped \ufffd", "a", "standard input, line 1"),
        Labelled("again", "b", "standard input, line 3"),
        Labelled("two\nlines", "c", f"{csv}, line 2"),
        Labelled("", "d", f"{csv}, line 4"),
    ]
    next(iter(records))
    assert list(records) == list(records) == expected
    assert records.sources == [jsonl, csv, "-", csv]
    assert records.files == [jsonl, csv, csv]
    assert {source: len(ledger.summary()) for source, ledger in records.ledgers.items()} == {jsonl: 0, csv: 0, "-": 2}


def test_lines_of_fasttext_are_found_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.fasttext").write_text("__label__a b\n")
    assert pairs_of(LabelledTexts([tmp_path])) == [("b", "a")]


def test_repairs_are_refused_where_it_is_strict(tmp_path: Path) -> None:
    path, content = tmp_path / "a.csv", "label,text\na,caf\xe9\n".encode("latin-1")
    assert read(path, content) == [("caf\ufffd", "a")]
    assert read(path, content, encoding="latin-1") == [("caf\xe9", "a")]
    with pytest.raises(DataError, match=r"a\.csv, line 2, byte 6: not utf-8 \(0xe9\)"):
        read(path, content, strict=True)


def test_a_format_is_named_where_no_ending_does(tmp_path: Path) -> None:
    assert read(tmp_path / "a.dat", "label\ttext\na\tb\\nc\n", format="tsv") == [("b\nc", "a")]
    assert read(tmp_path / "a.csv", "__label__a b", format="text") == [("b", "a")]
    assert read(tmp_path / "a.csv", "__label__a b", format="fasttext", column="text") == [("b", "a")]


# columns


@pytest.mark.parametrize(
    ("columns", "column", "label_column", "found"),
    [
        (["id", "label", "text"], None, None, ("text", "label")),
        (["id", "label", "text"], "id", None, ("id", "label")),
        (["id", "label", "text"], None, "id", ("text", "id")),
        (["id", "label", "text"], "label", "text", ("label", "text")),
        (["text", "stars"], None, None, ("text", "stars")),
        (["review", "stars"], "review", None, ("review", "stars")),
        (["review", "stars"], None, "stars", ("review", "stars")),
        (["review", "label"], None, None, ("review", "label")),
        (["label", "stars"], "label", None, ("label", "stars")),
        (["text", "review"], None, "text", ("review", "text")),
        (["text", "label", ""], "", None, ("", "label")),
        (["text", "label", ""], None, "", ("text", "")),
    ],
)
def test_the_columns_are_chosen(
    columns: list[str], column: str | None, label_column: str | None, found: tuple[str, str]
) -> None:
    assert labelled_columns(columns, column=column, label_column=label_column) == found
    assert labelled_columns(columns[::-1], column=column, label_column=label_column) == found


@pytest.mark.parametrize(
    ("name", "content", "options", "says"),
    [
        ("a.csv", "review,stars", {}, "name the column of the label with --label-column; there are 'review', 'stars'"),
        ("a.csv", "text,a,b", {}, "name the column of the label with --label-column; there are 'text', 'a', 'b'"),
        ("a.tsv", "text\ta\tb\n", {"label_column": "c"}, "there is no column 'c'; there are 'text', 'a', 'b'"),
        ("a.csv", "stars", {}, "name the column of the label with --label-column; there are 'stars'"),
        ("a.csv", "text", {}, "name the column of the label with --label-column; there are 'text'"),
        ("a.csv", "", {"column": "a", "label_column": "a"}, "'a' cannot be the column of the text and of the label"),
        ("a.csv", "a,b,label", {}, "name the column of the text with --column; there are 'a', 'b'"),
        ("a.csv", "a,b,label", {"column": "c"}, "there is no column 'c'; there are 'a', 'b', 'label'"),
        ("a.jsonl", '{"text": "a"}', {}, "name the column of the label with --label-column; there are 'text'"),
        ("a.txt", "", {"column": "review"}, "there is no column 'review'; there are 'label', 'text'"),
    ],
)
def test_a_missing_column_is_a_usage_error_before_any_row(
    tmp_path: Path, name: str, content: str, options: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        read(tmp_path / name, content, **options)


def test_a_missing_column_of_parquet_without_rows_is_a_usage_error(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"text": pyarrow.array([], pyarrow.string())}), tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="with --label-column; there are 'text'"):
        list(LabelledTexts([tmp_path / "a.parquet"]))


# labels


@pytest.mark.parametrize(
    ("written", "label"),
    [("1", "1"), ("1.0", "1.0"), ("true", "true"), ("false", "false"), ("-0.5", "-0.5"), ('" a b\\u00a0"', "a b")],
)
def test_numbers_and_truth_values_are_labels_as_json_writes_them(tmp_path: Path, written: str, label: str) -> None:
    assert read(tmp_path / "a.jsonl", f'{{"text": " a ", "label": {written}}}') == [(" a ", label)]
    pyarrow.parquet.write_table(
        pyarrow.table({"text": [" a "], "label": [json.loads(written)]}), tmp_path / "a.parquet"
    )
    assert pairs_of(LabelledTexts([tmp_path / "a.parquet"])) == [(" a ", label)]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", 'text,label\n"a\nb",x\nc, \n', "line 4: a record without a label"),
        ("a.csv", "text,label\na,x\nb\n", "line 3: a record without a label"),
        ("a.tsv", "label\ttext\n\ta\n", "line 2: a record without a label"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n\n{"text": "a"}', "line 3: a record without a label"),
        ("a.jsonl", '{"text": "a", "label": null}', "line 1: a record without a label"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n"a"', "line 2: a record without a label"),
        ("a.jsonl", '{"text": "a", "label": ["x"]}', "line 1: 'label' is no name of a class but list"),
        ("a.jsonl", '{"text": "a", "label": {"x": 1}}', "line 1: 'label' is no name of a class but dict"),
        ("a.jsonl", '{"text": 1, "label": "x"}', "line 1: 'text' is no text but int"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n{"label": "x"}', "line 2: a record without 'text'"),
        ("a.jsonl", '{"text": "a", "label": "x\\ud83d"}', r"line 1: a label with half a character: 'x\ud83d'"),
        ("a.txt", "It was good.\n", "line 1: labelled plain text needs __label__NAME before each text; --input-format"),
        ("a.txt", "__label__a b\n__label__a __label__b c\n", "line 2: two labels, 'a' and 'b'"),
    ],
)
def test_a_record_without_one_label_is_named_by_file_and_line(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / name, content)
    assert f"{tmp_path / name}, {says}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_label_that_is_no_number_of_parquet_is_none(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(
        pyarrow.table({"text": ["a", "b"], "label": [1.0, float("nan")]}), tmp_path / "a.parquet"
    )
    with pytest.raises(DataError, match="line 2: a record without a label"):
        list(LabelledTexts([tmp_path / "a.parquet"]))


# the datasets library


@pytest.fixture
def set_of_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a set whose labels are classes by number, as most sets of the hub have them."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", tmp_path / "cache" / "downloads")
    datasets.disable_progress_bars()
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    root = tmp_path / "set"
    root.mkdir()
    for split, numbers in (("train", [1, 0, 0]), ("test", [0, -1, 1])):
        rows = [{"text": text, "label": number} for (text, _), number in zip(ROWS, numbers, strict=True)]
        datasets.Dataset.from_list(rows, features=features).to_parquet(root / f"{split}.parquet")
    return root


@pytest.mark.filterwarnings("ignore")  # the library's own
@pytest.mark.parametrize("streaming", [False, True])
def test_classes_of_the_datasets_library_have_their_names(set_of_classes: Path, streaming: bool) -> None:
    source = f"datasets:{set_of_classes}"
    records = LabelledTexts([source], streaming=streaming)
    assert pairs_of(records) == pairs_of(records) == ROWS
    assert [record.place for record in records] == [f"{source}, line {line}" for line in (1, 2, 3)]
    assert records.files == []
    with pytest.raises(DataError, match="set@test, line 2: a record without a label"):
        list(LabelledTexts([f"{source}@test"], streaming=streaming))
    with pytest.raises(UsageError, match="there is no column 'stars'; there are 'text', 'label'"):
        list(LabelledTexts([source], streaming=streaming, label_column="stars"))


# holding out


@given(texts=st.lists(st.text(), max_size=20), seed=st.integers(0, 2**64), shares=st.tuples(*[st.floats(0, 1)] * 2))
def test_a_larger_share_holds_what_a_smaller_one_does(texts: list[str], seed: int, shares: tuple[float, float]) -> None:
    less, more = sorted(shares)
    for text in [*texts, "half \ud800"]:
        assert is_held(text, share=more, seed=seed) or not is_held(text, share=less, seed=seed)
        assert is_held(text, share=1, seed=seed)
        assert not is_held(text, share=0, seed=seed)


def test_what_is_held_is_the_share_and_another_with_another_seed() -> None:
    texts = [f"text {number}" for number in range(10_000)]
    held = [{text for text in texts if is_held(text, share=0.1, seed=seed)} for seed in (0, 1)]
    deviation = (10_000 * 0.1 * 0.9) ** 0.5
    assert all(abs(len(each) - 1000) < 4 * deviation for each in held)
    assert abs(len(held[0] & held[1]) - 100) < 4 * 10
