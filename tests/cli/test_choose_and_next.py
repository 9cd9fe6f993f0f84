"""textrnn choose and textrnn next."""

import csv
import gzip
import io
import math
from dataclasses import asdict
from pathlib import Path

import pytest

import textrnn
from tests.conftest import Run
from tests.reading import jsonl, refused, tsv
from textrnn.cli.output import finite
from textrnn.text.levels import LEVELS

LINES = ["The {cat|hat|mat} sat", r"the \{cat\} {is|isn't} {on|of} the mat", "{|very }long"]
FILE = "".join(f"{line}\n" for line in LINES)
FIELDS = ["line", "rank", "choice", "text", "logprob", "probability", "odds", "oov"]


@pytest.mark.parametrize("level", LEVELS)
def test_choose_prints_what_the_api_gives(run: Run, small_folders: dict[str, Path], level: str) -> None:
    model = textrnn.load(small_folders[level])
    expected = [finite(asdict(row)) for rows in model.choose(LINES) for row in rows]
    rows = jsonl(run("choose", small_folders[level], *LINES, "--format", "jsonl").stdout)
    assert rows == expected
    assert all(list(row) == FIELDS for row in rows)
    assert [row["line"] for row in rows] == [1] * 3 + [2] * 4 + [3] * 2


def test_choose_reads_lines_a_file_and_standard_input_alike(
    run: Run, small_folders: dict[str, Path], tmp_path: Path
) -> None:
    model = small_folders["word"]
    (tmp_path / "lines.txt").write_text(FILE)
    (tmp_path / "lines.gz").write_bytes(gzip.compress(FILE.replace("\n", "\r\n").encode()))
    ways = [
        run("choose", model, *LINES),
        run("choose", model, "--file", tmp_path / "lines.txt"),
        run("choose", model, "--file", tmp_path / "lines.gz"),
        run("choose", model, "--file", "-", stdin=FILE.encode()),
        run("choose", model, stdin=FILE.encode()),
    ]
    assert {way.code for way in ways} == {0}
    assert len({way.stdout for way in ways}) == 1
    assert len(tsv(ways[0].stdout)) == 9


def test_best_gives_one_row_for_each_line_in_order(run: Run, small_folders: dict[str, Path]) -> None:
    for format in ("tsv", "csv", "jsonl"):
        readers = {"tsv": tsv, "jsonl": jsonl, "csv": lambda text: list(csv.DictReader(io.StringIO(text, newline="")))}
        every = readers[format](run("choose", small_folders["word"], *LINES * 20, "--format", format).stdout)
        best = readers[format](run("choose", small_folders["word"], *LINES * 20, "--format", format, "--best").stdout)
        assert [int(row["line"]) for row in best] == list(range(1, 61))
        assert best == [row for row in every if int(row["rank"]) == 1]


def test_choose_writes_a_table_and_a_file(
    run: Run, small_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert "isn't, of" in run("choose", small_folders["word"], *LINES, "--format", "table").stdout
    result = run("choose", small_folders["word"], *LINES, "--out", tmp_path / "out.jsonl")
    assert (result.code, result.stdout) == (0, "")
    assert len(jsonl((tmp_path / "out.jsonl").read_text())) == 9


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "line 2 has nothing to choose from"),
        ("the cat", "line 2 has nothing to choose from"),
        ("the {cat", "line 2: a { without its partner"),
        ("the cat}", "line 2: a } without its partner"),
        ("{a|b}" * 20, "line 2 has more than 10,000 wordings"),
    ],
)
def test_a_line_that_cannot_be_read_is_one_line_of_error(
    run: Run, small_folders: dict[str, Path], line: str, says: str
) -> None:
    assert f"error: {says}" in refused(run("choose", small_folders["word"], "{a|b}", line), 1)
    piped = run("choose", small_folders["word"], stdin=f"{{a|b}}\n{line}\n".encode())
    assert f"error: standard input, {says}" in refused(piped, 1)


def test_records_are_numbered_in_the_results_and_lines_in_errors(
    run: Run, small_folders: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "lines.csv"
    file.write_text('id,said\n7,"{a|b}\n{c|d}"\n8,{e|f}\n')
    rows = jsonl(run("choose", small_folders["word"], "--file", file, "--column", "said", "--format", "jsonl").stdout)
    assert [(row["id"], row["line"]) for row in rows] == [("7", 1)] * 4 + [("8", 2)] * 2
    file.write_text('id,said\n7,"{a|b}\n{c|d}"\n8,e\n')
    line = refused(run("choose", small_folders["word"], "--file", file, "--column", "said"), 1)
    assert line.startswith(f"error: {file}, line 4 has nothing to choose from")


def test_choose_without_lines(run: Run, small_folders: dict[str, Path], tmp_path: Path) -> None:
    assert run("choose", small_folders["word"], stdin=b"").stdout == ""
    result = run("choose", small_folders["word"], stdin=None)
    assert (result.code, result.stdout) == (2, "")
    assert "choose [OPTIONS]" in result.stderr
    assert "not both" in refused(run("choose", small_folders["word"], "{a|b}", "--file", tmp_path / "x"), 2)
    assert "there is no file" in refused(run("choose", small_folders["word"], "--file", tmp_path / "x"), 1)


def test_choose_names_its_own_options_where_two_exclude_each_other(
    run: Run, small_folders: dict[str, Path], tmp_path: Path
) -> None:
    line = refused(run("choose", small_folders["word"], "{a|b}", "--file", tmp_path / "x"), 2)
    assert "--text" not in line


def test_odds_without_end_are_json(run: Run, small_folders: dict[str, Path]) -> None:
    line = "{a|" + "b" * 2000 + "}"
    result = run("choose", small_folders["char"], line, "--format", "jsonl")
    assert "Infinity" not in result.stdout
    assert [(row["probability"], row["odds"]) for row in jsonl(result.stdout)] == [(1, None), (0, 0)]


@pytest.mark.parametrize("flags", [(), ("--best",)])
def test_choose_warns_of_what_it_does_not_know(
    run: Run, small_folders: dict[str, Path], tmp_path: Path, flags: tuple[str, ...]
) -> None:
    lines = ["the {cat|hat} é", "{the zoo|the cat}"]
    result = run("choose", small_folders["word"], *lines, *flags, "--format", "jsonl")
    assert result.stderr == "unknown to the model, and read as <unk>: 'é', 'zoo' (3 in all)\n"
    lacking = {row["text"]: row["oov"] for row in jsonl(result.stdout)}
    assert lacking.get("the zoo", []) in ([], [{"text": "zoo", "offset": 4}])
    assert [{"text": "é", "offset": 8}] in lacking.values()
    assert run("choose", small_folders["word"], "the {cat|hat}", *flags).stderr == ""
    out = tmp_path / "out.tsv"
    assert run("choose", small_folders["word"], *lines, *flags, "--out", out).stderr == result.stderr


def test_a_warning_names_only_some_of_very_many(run: Run, small_folders: dict[str, Path]) -> None:
    words = [f"zoo{number}" for number in range(25)]
    stderr = run("choose", small_folders["word"], "{the|a} " + " ".join(words)).stderr
    assert stderr.endswith("'zoo19', … (50 in all)\n")
    assert len(stderr.splitlines()) == 1


# next


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("prefix", [(), ("The cat",), ("the cat ",)])
def test_next_lists_the_likeliest_tokens(
    run: Run, small_folders: dict[str, Path], level: str, prefix: tuple[str, ...]
) -> None:
    expected = textrnn.load(small_folders[level]).next(*prefix, count=5)
    result = run("next", small_folders[level], *prefix, "--count", "5", "--format", "jsonl")
    assert (result.code, result.stderr) == (0, "")
    assert jsonl(result.stdout) == [
        {"rank": row.rank, "token": row.token, "probability": math.exp(row.logprob), "logprob": row.logprob}
        for row in expected
    ]
    assert len(tsv(run("next", small_folders[level], *prefix).stdout)) == 10


def test_next_gives_a_space_a_sign_in_a_table_alone(run: Run, small_folders: dict[str, Path]) -> None:
    arguments = ("next", small_folders["char"], "the", "--count", "100000")
    assert " " in [row["token"] for row in jsonl(run(*arguments, "--format", "jsonl").stdout)]
    assert "│ ␣ " in run(*arguments, "--format", "table").stdout


def test_next_lists_all_there_are_and_they_add_up_to_1(run: Run, small_folders: dict[str, Path]) -> None:
    rows = jsonl(run("next", small_folders["word"], "the", "--count", "100000", "--format", "jsonl").stdout)
    assert len(rows) == len(textrnn.load(small_folders["word"]).tokenizer)
    assert math.fsum(row["probability"] for row in rows) == pytest.approx(1, abs=1e-5)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))


def test_next_warns_of_what_it_does_not_know(run: Run, small_folders: dict[str, Path]) -> None:
    result = run("next", small_folders["word"], "the zoo zoo")
    assert result.stderr == "unknown to the model, and read as <unk>: 'zoo' (2 in all)\n"
    assert "token" in run("next", small_folders["word"], "the", "--format", "table").stdout


@pytest.mark.parametrize(
    "arguments", [("the", "--count", "0"), ("the", "-n", "3"), ("the", "--format", "xml"), ("the", "cat")]
)
def test_next_refuses_what_it_does_not_do(run: Run, small_folders: dict[str, Path], arguments: tuple[str, ...]) -> None:
    refused(run("next", small_folders["word"], *arguments), 2)


@pytest.mark.parametrize("prefix", ["The cat", "the hat's"])
def test_a_space_at_the_end_of_a_prefix_is_left_to_the_next_piece(
    run: Run, small_folders: dict[str, Path], prefix: str
) -> None:
    found = [run("next", small_folders["bpe"], prefix + space, "--format", "jsonl").stdout for space in ("", " ", "  ")]
    assert found[0] == found[1] != found[2]
