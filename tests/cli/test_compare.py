"""The compare command, in process."""

from pathlib import Path

import pytest

import textrnn
from tests.conftest import Run
from tests.reading import jsonl
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
