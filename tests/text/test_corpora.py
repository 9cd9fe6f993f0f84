"""Corpora: whatever the sources, every text in its order, in pieces that are the text again and have its symbols."""

import gzip
import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.small_models import small_tokenizer
from textrnn.errors import DataError, UsageError
from textrnn.text import corpora
from textrnn.text.corpora import Piece, Texts, expanded, in_pieces
from textrnn.text.levels import LEVELS

SMALL = 24  # characters, a multiple of 12 as PIECE is
ANYWHERE = LEVELS["char"].boundary
TOKENIZERS = {level: small_tokenizer(level) for level in LEVELS}
LETTERS = st.text("theca.,' \n\tß汉\U0001f600\r0<>unk", max_size=200)


def texts_of(*sources, unit: str = "text", **options) -> Texts:
    return Texts(list(map(str, sources)), unit=unit, boundary=ANYWHERE, **options)


def read(texts: Texts) -> list[str]:
    """The texts, put together of their pieces."""
    found: list[str] = []
    is_open = False
    for piece in texts:
        assert piece.begins != is_open
        found += [""] * piece.begins
        found[-1] += piece.text
        is_open = not piece.ends
    assert not is_open
    return found


def test_a_piece_holds_whole_runs_of_every_length():
    assert all(corpora.PIECE % n == 0 for n in (2, 3, 4))


@given(blocks=st.lists(LETTERS, max_size=6), level=st.sampled_from(list(LEVELS)))
def test_the_pieces_of_a_text_are_the_text_and_have_its_symbols(blocks, level):
    tokenizer, text = TOKENIZERS[level], "".join(blocks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpora, "PIECE", SMALL)
        pieces = list(in_pieces(iter(blocks), tokenizer.level.boundary))
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.begins for piece in pieces] == [index == 0 for index in range(len(pieces))]
    assert [piece.ends for piece in pieces] == [index + 1 == len(pieces) for index in range(len(pieces))]
    ids = [
        index
        for piece in pieces
        for index in tokenizer.encode_many([piece.text], continued=not piece.begins)[0].tolist()
    ]
    assert ids == tokenizer.encode(text).tolist()
    if level in ("char", "ngram"):
        assert all(len(piece.text) == SMALL for piece in pieces[:-1])
        assert len(pieces[-1].text) <= SMALL
        assert len(pieces) == max(1, -(-len(text) // SMALL))


def test_a_text_is_cut_wherever_its_level_allows_and_no_sooner(monkeypatch):
    monkeypatch.setattr(corpora, "PIECE", SMALL)
    text = "a" * 30 + " bcd" * 20
    pieces = [piece.text for piece in in_pieces(iter([text]), LEVELS["word"].boundary)]
    assert pieces[0] == "a" * 30
    assert pieces[1:] == [" bcd" * 6] * 3 + [" bcd" * 2]


@pytest.fixture
def library(tmp_path):
    """Texts in files, in folders and hidden."""
    root = tmp_path / "library"
    for name in ("b.txt", "a.md", "c/d.text", "c/.e.txt", ".f/g.txt", "h.jpg", "i.txt~"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name} ends\n")
    with gzip.open(root / "c" / "z.txt.gz", "wt") as file:
        file.write("packed\n")
    return root


IN_ORDER = ["a.md ends\n", "b.txt ends\n", "c/d.text ends\n", "packed\n"]


def test_a_folder_is_its_files_of_text_by_name_without_the_hidden_ones(library):
    assert read(texts_of(library)) == IN_ORDER


def test_a_folder_that_is_hidden_itself_or_above_here_is_read_as_any_other(library, monkeypatch):
    hidden = library.rename(library.with_name(".hidden"))
    assert read(texts_of(hidden)) == IN_ORDER
    monkeypatch.chdir(hidden / "c")
    assert read(texts_of("..")) == IN_ORDER
    assert read(texts_of(".")) == IN_ORDER[2:]


def test_patterns_are_the_files_that_fit_in_the_order_of_their_names_and_sources_keep_theirs(library):
    assert read(texts_of(library / "*.txt", library / "a.md")) == ["b.txt ends\n", "a.md ends\n"]
    assert expanded([str(library / "**" / "*.t*xt")]) == [str(library / "b.txt"), str(library / "c" / "d.text")]
    (library / "[b].txt").write_text("its own name\n")
    assert read(texts_of(library / "[b].txt")) == ["its own name\n"]


def test_what_is_absent_is_said_in_one_line(library, tmp_path):
    (tmp_path / "empty").mkdir()
    for source, says in (
        (library / "absent.txt", r"there is no file .*absent\.txt"),
        (library / "*.pdf", r"no file fits the pattern .*\*\.pdf"),
        (tmp_path / "empty", r"there is no file of text in the folder .*empty: names end in \.txt"),
    ):
        with pytest.raises(DataError, match=says) as caught:
            read(texts_of(source))
        assert "\n" not in str(caught.value)


def test_every_iteration_reads_from_the_beginning(library):
    texts = texts_of(library)
    next(iter(texts))
    assert read(texts) == read(texts) == IN_ORDER


def test_lines_are_texts_where_the_unit_is_the_line(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\r\n\ntwo\x0bthree")
    assert read(texts_of(tmp_path / "a.txt", unit="line")) == ["one", "", "two\x0bthree"]
    assert read(texts_of(tmp_path / "a.txt")) == ["one\n\ntwo\x0bthree"]
    (tmp_path / "empty.txt").write_text("")
    assert read(texts_of(tmp_path / "empty.txt", tmp_path / "a.txt")) == ["", "one\n\ntwo\x0bthree"]
    assert read(texts_of(tmp_path / "empty.txt", tmp_path / "a.txt", unit="line")) == ["one", "", "two\x0bthree"]


@pytest.mark.parametrize("unit", ["text", "line"])
def test_a_row_of_a_table_is_a_text_whatever_the_unit(tmp_path, unit):
    (tmp_path / "a.csv").write_text('id,said\n1,"two\nlines"\n2,\n3,three\n')
    (tmp_path / "a.jsonl").write_text('{"said": "two\\nlines"}\n{"said": null}\n{"said": "three"}\n')
    for name in ("a.csv", "a.jsonl"):
        assert read(texts_of(tmp_path / name, unit=unit, column="said")) == ["two\nlines", "", "three"]
    (tmp_path / "a.dat").write_text('{"said": "unnamed"}\n')
    assert read(texts_of(tmp_path / "a.dat", unit=unit, format="jsonl")) == ["unnamed"]
    with pytest.raises(UsageError, match="there are 'id', 'said'"):
        read(texts_of(tmp_path / "a.csv", unit=unit))


def test_standard_input_can_be_read_again(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("a file\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped \xff\n")))
    texts = texts_of("-", tmp_path / "a.txt")
    for _ in range(3):
        assert read(texts) == ["piped \ufffd\n", "a file\n"]
    assert [ledger.name for ledger in texts.ledgers.values()] == ["standard input", str(tmp_path / "a.txt")]
    assert texts.ledgers["-"].summary()[0].startswith("undecodable bytes read as U+FFFD: 1, the first on line 1")
    assert texts.files == [str(tmp_path / "a.txt")]


def test_repairs_are_counted_for_each_source_or_refused(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"fine\ncaf\xe9\n")
    texts = texts_of(tmp_path / "a.txt")
    assert read(texts) == read(texts) == ["fine\ncaf\ufffd\n"]
    (line,) = texts.ledgers[str(tmp_path / "a.txt")].summary()
    assert line.startswith("undecodable bytes read as U+FFFD: 1, the first on line 2")
    with pytest.raises(DataError, match=r"a\.txt, line 2, byte 4: not utf-8 \(0xe9\)"):
        read(texts_of(tmp_path / "a.txt", strict=True))
    assert read(texts_of(tmp_path / "a.txt", strict=True, encoding="latin-1")) == ["fine\ncafé\n"]


ROWS = [{"id": 1, "said": "two\nlines"}, {"id": 2, "said": None}, {"id": 3, "said": "three"}]


@pytest.fixture
def sets(tmp_path, monkeypatch):
    """The same rows as a set of the datasets library, in each format that it reads; its cache is the test's own."""
    datasets = pytest.importorskip("datasets")
    from pyarrow import Table, parquet

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", tmp_path / "cache" / "downloads")
    root = tmp_path / "set"
    (root / "folder").mkdir(parents=True)
    table = Table.from_pylist(ROWS)
    parquet.write_table(table, root / "rows.parquet")
    parquet.write_table(table, root / "folder" / "train.parquet")
    parquet.write_table(table.slice(2), root / "folder" / "test.parquet")
    for name in ("rows.json", "rows.jsonl"):
        (root / name).write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (root / "lines.txt").write_text("one\n\ntwo\n")
    return root


@pytest.mark.filterwarnings("ignore")  # the library's own
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("name", ["rows.parquet", "rows.json", "rows.jsonl", "folder"])
def test_a_set_of_the_datasets_library_is_its_rows(sets, name, streaming):
    texts = texts_of(f"datasets:{sets / name}", column="said", streaming=streaming)
    assert read(texts) == read(texts) == ["two\nlines", "", "three"]
    assert texts.files == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("streaming", [False, True])
def test_a_split_of_a_set_and_a_set_of_plain_text(sets, streaming):
    assert read(texts_of(f"datasets:{sets / 'folder'}@test", column="said", streaming=streaming)) == ["three"]
    assert read(texts_of(f"datasets:{sets / 'lines.txt'}", streaming=streaming)) == ["one", "", "two"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("streaming", [False, True])
def test_a_set_that_cannot_be_read_is_said_in_one_line(sets, streaming, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    for source, column, error, says in (
        (f"datasets:{sets / 'absent'}", None, DataError, r"absent cannot be read: "),
        (f"datasets:{sets / 'folder'}@dev", "said", DataError, r"folder@dev cannot be read: .*dev"),
        (f"datasets:{sets / 'rows.json'}", None, UsageError, "there are 'id', 'said'"),
        (f"datasets:{sets / 'rows.json'}", "id", DataError, "'id' is no text but int"),
        ("datasets:", None, UsageError, "names no set"),
    ):
        with pytest.raises(error, match=says) as caught:
            read(texts_of(source, column=column, streaming=streaming))
        assert "\n" not in str(caught.value)


def test_a_text_of_one_piece_begins_and_ends_with_it():
    assert list(in_pieces(iter(["", "a", "", "b"]), ANYWHERE)) == [Piece("ab")]
    assert list(in_pieces(iter([""]), ANYWHERE)) == list(in_pieces(iter([]), ANYWHERE)) == [Piece("")]
