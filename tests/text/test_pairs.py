"""Pairs: whatever holds them, every source with its target, in order; what cannot be paired is told in one line."""

import gzip
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
from textrnn.text.pairs import Pair, PairedLines, Pairs, open_pairs

ODD = "\x00\x0b\x0c\x1c\x85\u2028\u2029\r\n\t ab\"',;|\\{}[]\ufeff\ufffd\U0001f600"
TEXTS = st.text(st.sampled_from(ODD), max_size=8) | st.sampled_from(["", " ", "\\N", "null", "x" * 2**16])
LINES = TEXTS.map(lambda text: text.replace("\n", "").rstrip("\r"))
CELLS = LINES.map(lambda text: text.replace("\t", " "))
NAMES = st.lists(
    st.text(st.sampled_from('a\t\\n"é,\u2028 .'), max_size=3).filter(lambda name: name not in ("source", "target")),
    max_size=2,
    unique=True,
)
ENDS = st.sampled_from(["\n", "\r\n"])
SIDES = [("Where is it?", "¿Dónde está?"), ("", "nada"), ("It is\nhere.", "Está aquí.")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pairs")


def sides(pairs: Pairs | PairedLines) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in pairs]


def read(path: Path, content: str, **options: Any) -> list[tuple[str, str]]:
    path.write_bytes(content.encode())
    return sides(Pairs([path], **options))


def file_of(path: Path, lines: list[str], *, end: str = "\n", mark: bool = True, last: bool = True) -> Path:
    content = "".join(line + end for line in lines)
    content = content if last or not lines[-1] else content.removesuffix(end)
    written = (("\ufeff" if mark else "") + content).encode()
    path.write_bytes(gzip.compress(written, 1) if path.suffix == ".gz" else written)
    return path


# two files


@given(
    pairs=st.lists(st.tuples(LINES, LINES), min_size=1, max_size=6),
    ends=st.tuples(ENDS, ENDS),
    lasts=st.tuples(st.booleans(), st.booleans()),
    packed=st.booleans(),
)
@settings(max_examples=40)
def test_lines_of_two_files_come_back_in_pairs(
    folder: Path, pairs: list[tuple[str, str]], ends: tuple[str, str], lasts: tuple[bool, bool], packed: bool
) -> None:
    given_files = [
        file_of(folder / f"a.{name}{'.gz' if packed else ''}", [*lines], end=end, last=last)
        for name, lines, end, last in zip(("de", "en"), zip(*pairs, strict=True), ends, lasts, strict=True)
    ]
    both = open_pairs([], source=given_files[0], target=given_files[1])
    assert sides(both) == sides(both) == pairs
    assert [pair.place for pair in both] == [f"{given_files[0]}, line {line + 1}" for line in range(len(pairs))]
    assert both.files == [str(file) for file in given_files]


@given(counts=st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda counts: counts[0] != counts[1]))
def test_files_of_unequal_length_are_refused_with_both_counts(folder: Path, counts: tuple[int, int]) -> None:
    one, other = (
        file_of(folder / name, [""] * count, mark=False) for name, count in zip(("b.de", "b.en"), counts, strict=True)
    )
    with pytest.raises(DataError) as caught:
        list(PairedLines(one, other))
    assert f"{one} has {counts[0]} lines and {other} {counts[1]}: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_had_to_be_repaired_are_counted_for_each_file(tmp_path: Path) -> None:
    one, other = tmp_path / "a.de", tmp_path / "a.en"
    one.write_bytes(b"caf\xe9\n")
    other.write_bytes(b"coffee\n")
    pairs = PairedLines(one, other)
    assert sides(pairs) == [("caf\ufffd", "coffee")]
    assert {name: len(ledger.summary()) for name, ledger in pairs.ledgers.items()} == {str(one): 1, str(other): 0}
    assert sides(PairedLines(one, other, encoding="latin-1")) == [("café", "coffee")]
    with pytest.raises(DataError, match=r"a\.de, line 1, byte 4: not utf-8 \(0xe9\)"):
        list(PairedLines(one, other, strict=True))


@pytest.mark.parametrize(
    ("given", "options", "says"),
    [
        ([], {"source": "a.de"}, "a.de is one side of the pairs: a source and a target file are given together"),
        ([], {"target": "a.en"}, "a.en is one side of the pairs: a source and a target file are given together"),
        (["a.tsv"], {"target": "a.en"}, "a.en is one side of the pairs"),
        (
            ["a.tsv"],
            {"source": "a.de", "target": "a.en"},
            "pairs are in a.tsv, or in a.de and a.en: give one file or two",
        ),
        (
            [],
            {"source": "a.de", "target": "a.en", "target_column": "en"},
            "the lines of a.de and a.en have no columns: without --source-column, --target-column",
        ),
        ([], {"source": "a.tsv", "target": "a.en"}, "a.tsv and a.en are to be plain text"),
        ([], {"source": "a.de", "target": "a.en", "format": "jsonl"}, "a.de and a.en are to be plain text"),
        ([], {"source": "folder", "target": "a.en"}, "folder and a.en are to be one file each"),
        ([], {"source": "a.*", "target": "a.en"}, "a.* and a.en are to be one file each"),
        ([], {"source": "datasets:a", "target": "a.en"}, "datasets:a and a.en are to be one file each"),
    ],
)
def test_pairs_are_given_in_one_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], options: dict[str, Any], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("a.de", "a.en", "folder/a.txt", "folder/b.txt"):
        (tmp_path / name).write_text("a\n")
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        open_pairs(given, **options)
    assert "\n" not in str(caught.value)


def test_two_files_are_plain_text_where_that_is_said(tmp_path: Path) -> None:
    one, other = file_of(tmp_path / "a.jsonl", ["{}"]), file_of(tmp_path / "a.tsv", ["a\tb"])
    assert sides(open_pairs([], source=one, target=other, format="text")) == [("{}", "a\tb")]


# one file


@pytest.mark.parametrize("format", WRITERS)
@given(pairs=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), others=NAMES, end=ENDS)
@settings(max_examples=30)
def test_records_come_back_in_pairs(
    folder: Path, format: str, pairs: list[tuple[str, str]], others: list[str], end: str
) -> None:
    rows = [{"target": target, **dict.fromkeys(others, "other"), "source": source} for source, target in pairs]
    content = WRITERS[format](rows, end)
    assert read(folder / f"rows.{format}", content) == pairs
    swapped = {"source_column": "target", "target_column": "source"}
    assert read(folder / f"rows.{format}", content, **swapped) == [(target, source) for source, target in pairs]


@pytest.mark.parametrize("name", ["rows.pairs", "rows.txt", "rows"])
@given(
    pairs=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6),
    further=st.sampled_from(["", "\t", "\tCC-BY\tmore\t"]),
    end=ENDS,
)
@settings(max_examples=30)
def test_lines_with_a_tab_come_back_in_pairs_without_what_follows(
    folder: Path, name: str, pairs: list[tuple[str, str]], further: str, end: str
) -> None:
    lines = [f"{source}\t{target}{further}" for source, target in pairs]
    file = file_of(folder / name, lines, end=end)
    assert sides(Pairs([file])) == sides(Pairs([file], format="pairs", encoding="utf-8")) == pairs
    both = Pairs([file], source_column="target", target_column="source")
    assert sides(both) == [(target, source) for source, target in pairs]


def test_sources_of_all_kinds_are_read_in_order_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped\twith \xff\n\nagain\t")))
    (tmp_path / "b.csv").write_text('id,source,target\n1,"two\nlines",c\n2,,d\n')
    (tmp_path / "a.pairs").write_text("e\tf\n")
    pyarrow.parquet.write_table(pyarrow.table({"target": ["h"], "source": ["g"]}), tmp_path / "c.parquet")
    pairs = open_pairs([str(tmp_path), "-"])
    expected = [
        Pair("e", "f", f"{tmp_path / 'a.pairs'}, line 1"),
        Pair("two\nlines", "c", f"{tmp_path / 'b.csv'}, line 2"),
        Pair("", "d", f"{tmp_path / 'b.csv'}, line 4"),
        Pair("g", "h", f"{tmp_path / 'c.parquet'}, line 1"),
        Pair("piped", "with \ufffd", "standard input, line 1"),
        Pair("again", "", "standard input, line 3"),
    ]
    next(iter(pairs))
    assert list(pairs) == list(pairs) == expected
    assert [len(ledger.summary()) for ledger in pairs.ledgers.values()] == [0, 0, 0, 2]


def test_what_lies_within_a_column_is_named_with_a_dot(tmp_path: Path) -> None:
    rows = [{"id": 1, "translation": {"en": source, "es": target}} for source, target in SIDES]
    named = {"source_column": "translation.en", "target_column": "translation.es"}
    assert read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)), **named) == SIDES
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert sides(Pairs([tmp_path / "a.parquet"], **named)) == SIDES
    with pytest.raises(UsageError, match=r"there are 'translation\.en', 'translation\.es', 'id', 'translation'"):
        list(Pairs([tmp_path / "a.parquet"]))
    row = {"a": {"b": "within"}, "a.b": "its own", "target": "c"}
    assert read(tmp_path / "b.jsonl", json.dumps(row), source_column="a.b") == [("its own", "c")]


@pytest.mark.parametrize(
    ("name", "content", "options", "says"),
    [
        ("a.tsv", "Go.\tVe.\nGo.\tVete.\n", {}, "or give --input-format pairs where lines have no names above them"),
        ("a.tsv", "Go.\tVe.\n", {}, "there are 'Go.', 'Ve.'"),
        ("a.csv", "de,en", {}, "name the columns of the pairs with --source-column and --target-column"),
        ("a.csv", "source,en", {}, "there are 'source', 'en'"),
        ("a.csv", "source,en", {"target_column": "es"}, "there is no column 'es'; there are 'source', 'en'"),
        ("a.csv", "de,target", {"source_column": ""}, "there is no column ''; there are 'de', 'target'"),
        (
            "a.csv",
            "source,a",
            {"target_column": "source"},
            "'source' cannot be the column of the source and of the target",
        ),
        ("a.txt", "", {"source_column": "de"}, "there is no column 'de'; there are 'source', 'target'"),
        ("a.jsonl", '{"source": "a"}', {}, "there are 'source'"),
        ("a.fasttext", "__label__a b", {}, "there are 'label', 'text'"),
    ],
)
def test_a_missing_column_is_a_usage_error_before_any_row(
    tmp_path: Path, name: str, content: str, options: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        read(tmp_path / name, content, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (
            "a.txt",
            "a\tb\nalone\n",
            "line 2: a pair in plain text needs a tab between source and target; --input-format",
        ),
        ("a.jsonl", '{"source": "a", "target": "b"}\n"alone"', "line 2: a text alone, where a pair is needed"),
        ("a.jsonl", '{"source": "a", "target": "b"}\n{"source": "a"}', "line 2: a record without 'target'"),
        ("a.jsonl", '{"source": "a", "target": 1}', "line 1: 'target' is no text but int"),
        ("a.jsonl", '{"source": {"de": "a"}, "target": "b"}', "line 1: 'source' is no text but dict"),
        ("a.tsv", "source\ttarget\na\tb\tc\n", "line 2: 3 cells under 2 names in the header"),
    ],
)
def test_what_is_no_pair_is_named_by_file_and_line(tmp_path: Path, name: str, content: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / name, content)
    assert f"{tmp_path / name}, {says}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_blank_lines_are_counted_or_refused(tmp_path: Path) -> None:
    pairs = Pairs([file_of(tmp_path / "a.txt", ["a\tb", "", "\t"])])
    assert sides(pairs) == [("a", "b"), ("", "")]
    (ledger,) = pairs.ledgers.values()
    assert ledger.summary() == ["blank lines that are no records: 1, the first on line 2 (--strict refuses)"]
    with pytest.raises(DataError, match="line 2: a blank line is no pair"):
        list(Pairs([tmp_path / "a.txt"], strict=True))


# the datasets library


@pytest.mark.filterwarnings("ignore")  # the library's own
@pytest.mark.parametrize("streaming", [False, True])
def test_translations_of_the_datasets_library_are_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, streaming: bool
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", tmp_path / "cache" / "downloads")
    datasets.disable_progress_bars()
    features = datasets.Features({"translation": datasets.Translation(languages=["en", "es"])})
    rows = [{"translation": {"en": source, "es": target}} for source, target in SIDES]
    (tmp_path / "set").mkdir()
    datasets.Dataset.from_list(rows, features=features).to_parquet(tmp_path / "set" / "train.parquet")
    source = f"datasets:{tmp_path / 'set'}"
    named = {"source_column": "translation.en", "target_column": "translation.es"}
    pairs = Pairs([source], streaming=streaming, **named)
    assert sides(pairs) == sides(pairs) == SIDES
    assert [pair.place for pair in pairs] == [f"{source}, line {line}" for line in (1, 2, 3)]
    with pytest.raises(UsageError, match=r"there are 'translation\.en', 'translation\.es', 'translation'"):
        list(Pairs([source], streaming=streaming))
