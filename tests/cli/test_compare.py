"""The compare command, in process."""

import json
from pathlib import Path

import pytest

import textrnn
from tests.conftest import Run
from tests.reading import jsonl, refused
from textrnn.tasks.comparison import compare

TEXT = b"The cat sat on the mat\n\nthe hat\r\n"


def test_models_of_one_vocabulary_have_their_perplexities_compared(
    run: Run, tiny_model: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    (tmp_path / "lines.txt").write_bytes(TEXT)
    ways = [
        run("compare", tiny_model, tiny_int8, stdin=TEXT),
        run("compare", tiny_model, tiny_int8, "-", stdin=b"\xef\xbb\xbf" + TEXT.rstrip()),
        run("compare", tiny_model, tiny_int8, tmp_path / "lines.txt"),
        run("compare", tiny_model, tiny_int8, "--text", "The cat sat on the mat", "--text", "", "--text", "the hat"),
    ]
    assert len(set(ways)) == 1
    assert ways[0].stderr == f"a: {tiny_model}; b: {tiny_int8}\n"
    rows = jsonl(run("compare", tiny_model, tiny_int8, tmp_path / "lines.txt", "--format", "jsonl").stdout)
    expected = compare(textrnn.load(tiny_model), textrnn.load(tiny_int8), TEXT.decode().replace("\r", ""))
    assert [tuple(row.values()) for row in rows] == [tuple(vars(row).values()) for row in expected]
    assert [list(row) for row in rows] == [["metric", "a", "b", "difference", "ratio", "protocol"]] * len(rows)
    assert rows[0]["metric"] == "perplexity_without_eos"


def test_models_of_two_vocabularies_have_not_and_it_says_why(run: Run, small_folders: dict[str, Path]) -> None:
    result = run("compare", small_folders["char"], small_folders["bpe"], "--format", "jsonl", stdin=TEXT)
    assert [row["metric"] for row in jsonl(result.stdout)] == [
        "nats_per_character",
        "bits_per_character",
        "bits_per_byte",
    ]
    *_, why = result.stderr.splitlines()
    assert why.startswith("perplexities are not shown, for they count different symbols (the vocabularies differ: ")


def test_carries_the_state_where_it_is_told_to(run: Run, small_folders: dict[str, Path]) -> None:
    models = (small_folders["word"], small_folders["bpe"])
    alone, running = (run("compare", *models, *more, stdin=TEXT).stdout for more in ((), ("--running-text",)))
    assert "state not carried" in alone
    assert "state carried across lines" in running


@pytest.mark.parametrize("format", ["jsonl", "tsv"])
def test_lines_gives_a_record_for_each_line_and_counts_them(
    run: Run, small_folders: dict[str, Path], format: str
) -> None:
    models = (small_folders["char"], small_folders["bpe"])
    result = run("compare", *models, "--lines", "--format", format, stdin=TEXT + "é\n".encode())
    _, counts, missing = result.stderr.splitlines()
    assert missing.startswith("no log-odds for 1 lines: the vocabularies differ")
    if format == "jsonl":
        rows = jsonl(result.stdout)
        assert [row["text"] for row in rows] == ["The cat sat on the mat", "", "the hat", "é"]
        assert [list(row) for row in rows] == [["text", "a_logprob", "b_logprob", "log_odds", "likelier"]] * 4
        found = [row["likelier"] for row in rows]
        assert found[:3] == ["a" if row["a_logprob"] > row["b_logprob"] else "b" for row in rows[:3]]
        assert found[3] is None
        assert counts.startswith(
            f"likelier: {found.count('a')} lines with a, {found.count('b')} with b, 0 with neither"
        )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--lines", "--running-text"), 2, "--lines reads each line by itself"),
        (("no-such-file",), 1, "there is no file no-such-file"),
        (("-", "--text", "a"), 2, "not both"),
        ((), 1, "there is no text to compare on"),
    ],
)
def test_an_error_is_one_line(run: Run, tiny_int8: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    result = run("compare", tiny_int8, tiny_int8, *arguments, stdin=b"")
    *_, line = result.stderr.splitlines()
    assert result.code == code
    assert line.startswith("error: ")
    assert says in line


def test_a_terminal_without_a_source_shows_the_help(run: Run, tiny_int8: Path) -> None:
    result = run("compare", tiny_int8, tiny_int8, stdin=None)
    assert (result.code, result.stdout) == (2, "")
    assert "compare [OPTIONS]" in result.stderr


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.tsv"])
def test_records_of_any_format_are_compared_by_their_column(
    run: Run, small_folders: dict[str, Path], tmp_path: Path, name: str
) -> None:
    lines = ["The cat sat", "", "on the mat"]
    write = {
        "rows.csv": lambda: "id,said\n" + "".join(f'{id},"{line}"\n' for id, line in enumerate(lines)),
        "rows.tsv": lambda: "id\tsaid\n" + "".join(f"{id}\t{line}\n" for id, line in enumerate(lines)),
        "rows.jsonl": lambda: "".join(
            json.dumps({"id": str(id), "said": line}) + "\n" for id, line in enumerate(lines)
        ),
    }
    file = tmp_path / name
    file.write_text(write[name]())
    models = (small_folders["word"], small_folders["bpe"])
    plain = "".join(f"{line}\n" for line in lines).encode()
    for more in ((), ("--running-text",)):
        assert run("compare", *models, file, "--column", "said", *more) == run("compare", *models, *more, stdin=plain)
    rows = jsonl(run("compare", *models, file, "--column", "said", "--lines", "--format", "jsonl").stdout)
    alone = jsonl(run("compare", *models, "--lines", "--format", "jsonl", stdin=plain).stdout)
    figures = ("a_logprob", "b_logprob", "log_odds", "likelier")
    assert [list(row) for row in rows] == [["id", "said", *figures]] * 3
    assert [(row["id"], row["said"]) for row in rows] == list(zip("012", lines, strict=True))
    assert [[row[name] for name in figures] for row in rows] == [[row[name] for name in figures] for row in alone]
    says = refused(run("compare", *models, file, "--column", "sad"), 2, after=1)
    assert "there is no column 'sad' (did you mean 'said'?); there are 'id', 'said'" in says


@pytest.mark.parametrize("lines", [(), ("--lines",)])
def test_repairs_are_counted_or_refused(
    run: Run, small_folders: dict[str, Path], tmp_path: Path, lines: tuple[str, ...]
) -> None:
    (tmp_path / "odd.txt").write_bytes(b"the cat\nthe \xff mat\n")
    models = (small_folders["word"], small_folders["bpe"])
    result = run("compare", *models, tmp_path / "odd.txt", *lines)
    assert result.code == 0
    assert "undecodable bytes read as U+FFFD: 1, the first on line 2" in result.stderr
    strict = refused(run("compare", *models, tmp_path / "odd.txt", *lines, "--strict"), 1, after=1)
    assert f"{tmp_path / 'odd.txt'}, line 2, byte 5: not utf-8" in strict
