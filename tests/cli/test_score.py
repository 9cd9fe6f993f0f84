"""textrnn score and evaluate: ends, running text, words, tokens, heat."""

import json
import math
import re
from pathlib import Path

import pytest

import textrnn
from tests.conftest import Run
from tests.reading import jsonl, refused, tsv
from tests.small_models import small_model
from textrnn.cli.heat import COLOURS, colour
from textrnn.tasks.scoring import pieces_of
from textrnn.text.levels import LEVELS

LINES = ["The cat sat.", "", "  the hat's  on", "é the mat"]
FILE = "".join(f"{line}\n" for line in LINES)
ESCAPE = "\x1b["


def summary(stderr: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in stderr.splitlines() if ": " in line)


# ends and running text


@pytest.mark.parametrize(("level", "ends"), [("char", False), ("word", True)])
def test_the_end_counts_by_default_where_the_unit_is_the_line(
    run: Run, small_folders: dict[str, Path], level: str, ends: bool
) -> None:
    model, found = textrnn.load(small_folders[level]), {}
    for flags, expected in (((), ends), (("--eos",), True), (("--no-eos",), False)):
        result = run("score", small_folders[level], *flags, "--format", "jsonl", stdin=FILE.encode())
        rows = jsonl(result.stdout)
        assert [row["logprob"] for row in rows] == [score.logprob for score in model.score(LINES, eos=expected)]
        assert [row["tokens"][-1:] == ["<eos>"] for row in rows] == [expected] * 4
        assert f"logprob {'with' if expected else 'without'} <eos>\n" in result.stderr
        assert rows[1]["logprob"] is None or expected
        found[expected] = summary(result.stderr)
    for name in ("sentences", "token_count", "oov_count", "perplexity", "perplexity_without_eos"):
        assert found[True][name].split()[0] == found[False][name].split()[0]  # whatever single texts are scored with


@pytest.mark.parametrize("level", LEVELS)
def test_running_text_carries_the_state(run: Run, small_folders: dict[str, Path], level: str) -> None:
    model = textrnn.load(small_folders[level])
    result = run("score", small_folders[level], "--running-text", "--format", "jsonl", stdin=FILE.encode())
    rows = jsonl(result.stdout)
    expected = list(model.score(LINES, running_text=True))
    assert [row["text"] for row in rows] == LINES
    assert [(row["logprob"], row["tokens"]) for row in rows] == [(each.logprob, each.tokens) for each in expected]
    assert rows[0]["logprob"] == next(model.score(LINES)).logprob
    assert "the texts as one, from <start>, state carried" in result.stderr
    alone = run("score", small_folders[level], "--format", "jsonl", stdin=FILE.encode())
    assert [row["logprob"] for row in rows[1:]] != [row["logprob"] for row in jsonl(alone.stdout)[1:]]
    assert "each text from <start>" in alone.stderr


def test_lines_of_a_text_have_no_ends(run: Run, small_folders: dict[str, Path]) -> None:
    result = run("score", small_folders["char"], "--running-text", "--eos", stdin=b"a\nb\n")
    assert "do not end with <eos>" in refused(result, 2)


@pytest.mark.parametrize("level", LEVELS)
def test_evaluate_prints_the_figures_of_running_text(
    run: Run, small_folders: dict[str, Path], tmp_path: Path, level: str
) -> None:
    (tmp_path / "text.txt").write_text(FILE)
    model = textrnn.load(small_folders[level])
    figures = {}
    for carries in (False, True):
        flags = ["--running-text"] if carries else []
        result = run("evaluate", small_folders[level], tmp_path / "text.txt", *flags, "--format", "jsonl")
        assert (result.code, result.stderr) == (0, "")
        found = model.evaluate(FILE, running_text=carries)
        assert jsonl(result.stdout) == [{"metric": m.metric, "value": m.value, "protocol": m.protocol} for m in found]
        figures[carries] = {m.metric: m.value for m in found}
    same = figures[False] == figures[True]
    assert same == (level in ("char", "ngram"))  # a text is one running text already


# words


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("flags", [(), ("--no-eos",), ("--running-text",)])
def test_rows_of_words(run: Run, small_folders: dict[str, Path], level: str, flags: tuple[str, ...]) -> None:
    arguments = ("score", small_folders[level], *flags, "--format", "jsonl")
    result = run(*arguments, "--unit", "word", "--log-base", "2", stdin=FILE.encode())
    usual = run(*arguments, "--log-base", "2", stdin=FILE.encode())
    assert result.stderr == usual.stderr
    for row, same, line in zip(jsonl(result.stdout), jsonl(usual.stdout), LINES, strict=True):
        words = row["token_logprobs"]
        assert row["logprob"] == same["logprob"]
        assert row["tokens"] == [word["token"] for word in words]
        if line:
            end = ["<eos>"] if same["tokens"][-1] == "<eos>" else []
            assert row["tokens"] == [*line.split(), *end]
        assert math.fsum(word["logprob"] for word in words) == pytest.approx(row["logprob"] or 0, rel=1e-9)
        for word in words:
            assert word["surprisal_bits"] == pytest.approx(-word["logprob"])
            assert (word["rank"] is None) == (word["token"] != "<eos>")


# tokens


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("prompt", ["", "The cat "])
def test_generate_piped_into_score_gives_the_same_logprobs(
    run: Run, small_folders: dict[str, Path], level: str, prompt: str
) -> None:
    model = small_folders[level]
    generated = run(
        "generate", model, "-p", prompt, "-n", "4", "--seed", "1", "--max-tokens", "30", "--format", "jsonl"
    )
    result = run("score", model, "--tokens", "-", "--per-token", "--format", "jsonl", stdin=generated.stdout.encode())
    assert result.code == 0
    for row, sample in zip(jsonl(result.stdout), jsonl(generated.stdout), strict=True):
        assert (row["predicted_logprob"], row["predicted_tokens"]) == (sample["logprob"], sample["tokens"])
        assert [each["token"] for each in row["token_logprobs"]] == sample["tokens"]
        assert {name: row[name] for name in sample} == sample
    assert "logprob as the lists are\n" in result.stderr


def test_scored_tokens_keep_the_fields_they_came_with(run: Run, small_folders: dict[str, Path]) -> None:
    fields = {"logprob": 1, "prompt": "The cat ", "tokens": ["sat", "on"], "id": [None, {"é": 1.5}]}
    result = run("score", small_folders["word"], "--tokens", "--text", json.dumps(fields), "--format", "jsonl")
    (row,) = jsonl(result.stdout)
    assert list(row) == [*fields, "predicted_logprob", "predicted_tokens", "oov"]
    assert {name: row[name] for name in fields} == fields
    assert row["predicted_logprob"] < 0
    assert row["predicted_tokens"] == ["sat", "on"]


def test_tokens_of_the_tiny_model_agree_bit_for_bit_whatever_the_batch(run: Run, tiny_int8: Path) -> None:
    for prompt in ("", "Once upon"):
        generated = run("generate", tiny_int8, "-p", prompt, "-n", "9", "--seed", "2", "--format", "jsonl").stdout
        for batch in ("1", "7", "64"):
            result = run(
                "score", tiny_int8, "--tokens", "--batch", batch, "--format", "jsonl", stdin=generated.encode()
            )
            rows = jsonl(result.stdout)
            assert [row["predicted_logprob"] for row in rows] == [row["logprob"] for row in jsonl(generated)]


def test_tokens_as_a_bare_list(run: Run, small_folders: dict[str, Path]) -> None:
    line = json.dumps(["The", "cat", "<eos>"])
    (row,) = jsonl(run("score", small_folders["word"], "--tokens", "--text", line, "--format", "jsonl").stdout)
    (score,) = textrnn.load(small_folders["word"]).score(["The cat"])
    assert row == {"text": "The cat", "logprob": score.logprob, "tokens": ["The", "cat", "<eos>"], "oov": []}
    (row,) = jsonl(run("score", small_folders["word"], "--tokens", "--text", '["zoo"]', "--format", "jsonl").stdout)
    assert row["oov"] == [{"text": "zoo", "offset": 0}]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("The cat", "standard input, line 2: not JSON"),
        ('["The", ', "standard input, line 2: not JSON"),
        ('"The cat"', "standard input, line 2 has no list of tokens"),
        ('["The", 1]', "standard input, line 2 has no list of tokens"),
        ('{"text": "The cat"}', "standard input, line 2 has no list of tokens"),
        ('{"tokens": [], "prompt": []}', "standard input, line 2: the prompt is not a text"),
    ],
)
def test_a_line_without_tokens_is_an_error_with_its_number(
    run: Run, small_folders: dict[str, Path], line: str, says: str
) -> None:
    result = run("score", small_folders["word"], "--tokens", stdin=f'["The"]\n{line}\n["cat"]\n'.encode())
    assert says in refused(result, 1)


def test_half_a_character_among_tokens_is_unknown(run: Run, small_folders: dict[str, Path]) -> None:
    result = run("score", small_folders["word"], "--tokens", "--format", "jsonl", stdin=b'["\\ud800", "cat"]\n')
    (row,) = jsonl(result.stdout)
    assert (row["tokens"], row["oov"]) == (["<unk>", "cat"], [{"text": "\ud800", "offset": 0}])


@pytest.mark.parametrize("line", ['["<eos>", "cat"]', '["cat", "<pad>"]', '["<start>"]'])
def test_a_list_that_no_model_predicts_exits_1(run: Run, small_folders: dict[str, Path], line: str) -> None:
    result = run("score", small_folders["word"], "--tokens", stdin=f'["cat"]\n{line}\n'.encode())
    assert "a list of tokens has <" in refused(result, 1)


def test_tokens_whose_text_reads_as_the_same_tokens_have_bits_a_character(
    run: Run, small_folders: dict[str, Path]
) -> None:
    for tokens, gives_back in (([" cat", " sat"], True), ([" c", "at"], False), ([" cat", "<eos>"], True)):
        line = json.dumps({"prompt": "The ", "tokens": tokens})
        result = run("score", small_folders["bpe"], "--tokens", "--text", line)
        assert summary(result.stderr)["bits_per_character"].startswith("-") != gives_back


@pytest.mark.parametrize("flags", [("--eos",), ("--no-eos",), ("--running-text",), ("--unit", "word")])
def test_tokens_are_scored_as_they_are(run: Run, small_folders: dict[str, Path], flags: tuple[str, ...]) -> None:
    result = run("score", small_folders["word"], "--tokens", *flags, stdin=b'["The"]\n')
    assert "--tokens scores the lists as they are" in refused(result, 2)


# heat


@pytest.mark.parametrize("level", LEVELS)
def test_heat_in_a_pipe_is_plain_text_with_a_legend(
    run: Run, small_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    long = "the cat sat on " * 30
    for flags in ((), ("--eos",)):
        result = run("score", small_folders[level], "--heat", *flags, "--text", "The cat sat.", "--text", long)
        assert result.code == 0
        assert ESCAPE not in result.stdout
        legend, *lines = result.stdout.split("\n")
        assert legend.split() == ["bits:", "0-1", "1-3", "3-6", "6-10", "10+"]
        end = " <eos>" if flags or level in ("word", "bpe") else ""
        text = long.rstrip() if level == "word" else long
        assert lines == [f"The cat sat.{end}", f"{text}{end}", ""]
        assert "perplexity" in result.stderr


def test_heat_colours_each_token_by_its_surprisal(
    run: Run, small_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    result = run("score", small_folders["word"], "--heat", "--text", "the cat é")
    legend, line, _ = result.stdout.split("\n")
    assert legend.count(ESCAPE) == 2 * len(COLOURS)
    assert re.sub(r"\x1b\[[0-9;]*m", "", line) == "the cat é <eos>"
    assert line.count("\x1b[0m") == 4
    monkeypatch.setenv("NO_COLOR", "1")
    plain = run("score", small_folders["word"], "--heat", "--text", "the cat é").stdout
    assert "[3" not in plain


@pytest.mark.parametrize(
    ("bits", "style"),
    [(0.0, "default"), (1.0, "default"), (1.1, "green"), (6.0, "yellow"), (10.0, "dark_orange"), (99, "bold red")],
)
def test_a_colour_for_any_surprisal(bits: float, style: str) -> None:
    assert colour(bits) == style


@pytest.mark.parametrize(
    "flags", [("--format", "jsonl"), ("--format", "table"), ("--unit", "word"), ("--per-token",), ("--tokens",)]
)
def test_heat_is_a_format_of_its_own(run: Run, small_folders: dict[str, Path], flags: tuple[str, ...]) -> None:
    result = run("score", small_folders["word"], "--heat", *flags, "--text", "a")
    assert "--heat prints coloured texts" in refused(result, 2)


def test_heat_into_a_file(run: Run, small_folders: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "heat.txt"
    result = run("score", small_folders["bpe"], "--heat", "--out", out, "--text", "the cat")
    assert (result.code, result.stdout) == (0, "")
    assert out.read_text().split("\n")[1:] == ["the cat <eos>", ""]


@pytest.mark.parametrize("level", LEVELS)
def test_heat_shows_what_is_unknown_as_it_is_written(run: Run, small_folders: dict[str, Path], level: str) -> None:
    text = "the \U0001f600 zoo's é"
    result = run("score", small_folders[level], "--heat", "--no-eos", "--text", text)
    assert result.stdout.split("\n")[1:] == [text, ""]


@pytest.mark.parametrize("level", ["char", "ngram", "word"])
def test_heat_of_a_running_text_prints_each_line_once(run: Run, small_folders: dict[str, Path], level: str) -> None:
    lines = ["The cat sat.", "the hat's on", "", "the mat"]
    result = run("score", small_folders[level], "--heat", "--running-text", stdin="\n".join(lines).encode())
    end = " <eos>" if level == "word" else ""
    assert result.stdout.split("\n")[1:] == [*(f"{line}{end}" for line in lines), ""]


def test_heat_pairs_each_piece_with_its_own_token() -> None:
    for level in LEVELS:
        model, before = small_model(level, unit="text"), ""
        lines = ["the cat sat.", "the hat's on", "the cat"]
        for text, score in zip(lines, model.score(lines, running_text=True, per_token=True), strict=True):
            pieces = list(pieces_of(score, model.tokenizer, before=before))
            assert "".join(piece for piece, _ in pieces) == text
            for piece, row in pieces:
                if row.token != "<unk>" and not row.token.startswith("<0x"):
                    assert piece.strip() in row.token
            before = "\n"


# help


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("score", ["--eos", "--no-eos", "--running-text", "--unit", "--heat", "--tokens", "--per-token", "--log-base"]),
        ("evaluate", ["--running-text", "--encoding", "--format"]),
        ("choose", ["--file", "--best", "{plain|plane}"]),
        ("next", ["--count"]),
        ("generate", ["--prompts", "--encoding", "--until-eos", "--repetition-penalty", "--stop"]),
    ],
)
def test_help_names_every_option_and_has_an_example(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, options: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    result = run(command, "--help")
    assert result.code == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert all(option in text for option in options)
    assert f"textrnn {command} " in text.partition("Examples:")[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("score", "--unit", "letter"), "'letter' is not one of token, word"),
        (("score", "--eos", "--no-eos", "--text", "a", "FILE"), "not both"),
        (("score", "--batch", "0"), "--batch"),
    ],
)
def test_a_wrong_option_is_one_line(
    run: Run, small_folders: dict[str, Path], arguments: tuple[str, ...], says: str
) -> None:
    command, *rest = arguments
    assert says in refused(run(command, small_folders["word"], *rest, stdin=b"a\n"), 2)


def test_results_in_tsv_escape_what_a_token_holds(run: Run, small_folders: dict[str, Path]) -> None:
    result = run("score", small_folders["char"], "--running-text", "--per-token", stdin=b"a\nb\n")
    rows = tsv(result.stdout)
    assert json.loads(rows[1]["tokens"]) == ["\n", "b"]
    assert [each["token"] for each in json.loads(rows[1]["token_logprobs"])] == ["\n", "b"]
