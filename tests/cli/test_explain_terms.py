"""textrnn explain terms."""

import json

import pytest

from tests.small_models import save_small_model

QUICK = ("--units", "4")


def rows_of(stdout):
    return [json.loads(line) for line in stdout.splitlines()]


def test_every_term_is_a_row(run):
    code, stdout, stderr = run("explain", "terms", "--text", "a bat", *QUICK, "--window", "2", "--format", "jsonl")
    rows = rows_of(stdout)
    assert code == 0
    assert [(row["loss"], row["step"]) for row in rows] == [
        (loss, step) for loss in range(1, 6) for step in range(1, loss + 1)
    ]
    assert [row["predicted"] for row in rows if not row["distance"]] == list("a bat")
    assert [row["read"] for row in rows if row["loss"] == 5] == ["<start>", *"a ba"]
    assert [row["truncated"] for row in rows if row["loss"] == 4] == [True, True, False, False]
    assert all(row["norm"] > 0 for row in rows)
    assert "the sum of all 15 terms" in stderr
    assert "windows of 2 steps, the sum of 7, it has" in stderr


def test_the_map_has_a_row_for_each_loss_and_a_picture_beside_it(run, tmp_path):
    png = tmp_path / "picture.png"
    code, stdout, stderr = run("explain", "terms", "--text", "a b\nc", *QUICK, "--png", png, "--format", "table")
    assert code == 0
    assert stderr.startswith("a row is a loss, a column a step that reads; each shade is a tenth of the darker one\n")
    assert png.read_bytes().startswith(b"\x89PNG")
    head, _, *lines = stdout.splitlines()
    assert head == "1 <start>   2 a   3 ␣   4 b   5 ↵"
    assert [line.split()[0] for line in lines] == ["a", "␣", "b", "↵", "c"]
    assert [line.count("█") > 0 for line in lines] == [True] * 5


def test_a_model_is_taken_apart_to_the_end_of_its_text(run, tiny_model, tmp_path):
    code, stdout, _ = run("explain", "terms", tiny_model, "--text", "To be", "--format", "jsonl")
    assert code == 0
    assert [row["predicted"] for row in rows_of(stdout) if not row["distance"]] == list("To be")
    save_small_model(tmp_path / "words", "word")
    code, stdout, stderr = run("explain", "terms", tmp_path / "words-float32", "--text", "the xyz", "--format", "jsonl")
    assert code == 0
    assert [row["predicted"] for row in rows_of(stdout) if not row["distance"]] == ["the", "<unk>", "<eos>"]
    assert "xyz" in stderr


def test_the_same_seed_is_the_same_network(run):
    first, again, other = (
        run("explain", "terms", *QUICK, "--seed", seed, "--format", "csv").stdout for seed in ("1", "1", "2")
    )
    assert first == again != other


def test_a_byte_that_is_no_character_is_unknown(run):
    code, stdout, stderr = run("explain", "terms", *QUICK, "--text", "a\udcffb", "--format", "jsonl")
    assert code == 0
    assert [row["predicted"] for row in rows_of(stdout) if not row["distance"]] == ["a", "<unk>", "b"]
    assert "unknown to the model, and read as <unk>" in stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--text", ""), 1, "no symbol"),
        (("--text", "a" * 61), 1, "61 symbols, and 60 at most"),
        (("--cell", "lsmt"), 2, "'lsmt' (did you mean 'lstm'?) is not one of elman"),
        (("--start", "zero"), 2, "'zero' is not one of uniform"),
        (("--forget-bias", "1"), 2, "here is none: elman"),
        (("--cell", "lstm", "--forget-bias", "1000"), 2, "from -100 to 100"),
        (("--scale", "nan"), 2, "nan"),
        (("--scale", "x"), 2, "x"),
        (("--cell", "elman-relu", "--scale", "1e200"), 1, "larger than a number"),
        (("--window", "0"), 2, "--window"),
        (("shakespeare",), 1, "an int8 model, which no gradient goes through: give one from textrnn train lm"),
        (("sentiment",), 2, "sentiment is a classifier, not a language model: it is for classify"),
        (("shakespeare", "--units", "4"), 2, "--units is for a new network"),
        (("absent",), 1, "absent"),
        (("lstm", "--units", "4"), 2, "there is no model 'lstm': of new networks --cell lstm says which"),
    ],
)
def test_what_cannot_be_taken_apart_is_one_line(run, arguments, code, words):
    result = run("explain", "terms", *arguments)
    assert (result.code, result.stdout) == (code, "")
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
