"""textrnn corpus, by running it."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest

from tests.conftest import Run
from textrnn.text.registry import registry

FIELDS = ["file", "check", "value", "share", "finding", "line", "detail"]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    train, test = tmp_path / "train.txt", tmp_path / "test.txt.gz"
    train.write_text("the sea\nthe ship\nthe sky\n" * 4)
    test.write_bytes(gzip.compress(b"the moon\nthe ship\n"))
    return train, test


def test_list_has_a_row_for_each_split(run: Run) -> None:
    code, stdout, _ = run("corpus", "list", "--format", "jsonl")
    rows = [json.loads(line) for line in stdout.splitlines()]
    assert code == 0
    assert [(row["name"], row["split"]) for row in rows] == [
        (corpus.name, split.name) for corpus in registry().corpora for split in corpus.splits
    ]
    assert all(row["licence"] and row["origin"] for row in rows)


@pytest.mark.parametrize("format", ["tsv", "csv", "table"])
def test_list_in_other_formats(run: Run, format: str) -> None:
    code, stdout, _ = run("corpus", "list", "--format", format)
    assert code == 0
    assert all(name in stdout for name in ("ptb", "imdb", "trec", "29000"))


def test_list_of_a_name_tells_all(run: Run) -> None:
    code, stdout, _ = run("corpus", "list", "ptb", "--format", "jsonl")
    facts = {row["fact"]: row["value"] for row in map(json.loads, stdout.splitlines())}
    assert code == 0
    assert "Mikolov" in facts["citation"]
    assert facts["hub"] == "ptb-text-only/ptb_text_only"
    assert facts["train records"] == 42_068


def test_list_of_a_misspelt_name(run: Run) -> None:
    code, stdout, stderr = run("corpus", "list", "pbt")
    assert (code, stdout) == (2, "")
    assert stderr.count("\n") == 1
    assert "one of ptb, " in stderr


def test_check_writes_rows_of_one_shape(run: Run, files: tuple[Path, Path]) -> None:
    code, stdout, stderr = run("corpus", "check", *files, "--format", "jsonl")
    rows = [json.loads(line) for line in stdout.splitlines()]
    assert (code, stderr) == (0, "")
    assert all(list(row) == FIELDS and row["finding"] in ("ok", "warn") for row in rows)
    assert {row["file"] for row in rows} == set(map(str, files))
    leak = next(row for row in rows if row["check"] == f"also in {files[0]}")
    assert (leak["file"], leak["value"], leak["share"], leak["finding"]) == (str(files[1]), 1, 0.5, "warn")
    for format, separator in (("csv", ","), ("tsv", "\t")):
        _, stdout, _ = run("corpus", "check", *files, "--format", format)
        table = list(csv.reader(io.StringIO(stdout), delimiter=separator))
        assert table[0] == FIELDS
        assert len(table) == len(rows) + 1


def test_check_on_a_terminal_draws_the_lengths(run: Run, files: tuple[Path, Path]) -> None:
    code, stdout, _ = run("corpus", "check", *files, "--format", "table")
    assert code == 0
    assert [line for line in stdout.splitlines() if line in map(str, files)] == list(map(str, files))
    assert "█" in stdout
    assert "█" not in run("corpus", "check", *files, "--format", "csv").stdout


def test_check_goes_on_where_bytes_cannot_be_decoded(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "old.txt"
    file.write_bytes("naïve\nplain\n".encode("cp1252"))
    code, stdout, _ = run("corpus", "check", file)
    assert code == 0
    assert "undecodable\t1\t\twarn\t1\t" in stdout
    assert "undecodable" not in run("corpus", "check", file, "--encoding", "cp1252").stdout


@pytest.mark.parametrize(
    ("name", "content", "code"), [("absent.txt", None, 1), ("damaged.txt.gz", b"not gzip", 1), ("-", None, 2)]
)
def test_check_of_what_cannot_be_read(run: Run, tmp_path: Path, name: str, content: bytes | None, code: int) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    result = run("corpus", "check", name if name == "-" else file)
    assert (result.code, result.stderr.count("\n")) == (code, 1)


def test_check_writes_a_file_whole(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "findings.csv"
    assert run("corpus", "check", *files, "--out", out).code == 0
    assert out.read_text().startswith(",".join(FIELDS))


def test_nothing_but_files_shows_the_help(run: Run) -> None:
    assert "check" in run("corpus").stdout
    assert run("corpus", "check").code == 2
