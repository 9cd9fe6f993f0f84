"""Texts that begin with a condition, on the command line: trained, generated, scored and measured with their own."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.tasks.test_conditions import MOODS, save
from textrnn.architecture import Condition
from textrnn.export.quantize import quantize

RECORDS = [(f"the cat {n} sat on the mat", MOODS[n % 3]) for n in range(9)]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with models that begin with labels and with numbers, and with records."""
    root = tmp_path_factory.mktemp("begun")
    save(root / "labels", Condition(size=3, labels=MOODS))
    save(root / "numbers", Condition(size=2))
    quantize(root / "labels", root / "small")
    with (root / "moods.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "mood"), *RECORDS])
    (root / "moods.jsonl").write_text(
        "".join(json.dumps({"text": t, "at": [n, 0.5]}) + "\n" for n, (t, _) in enumerate(RECORDS))
    )
    (root / "prompts.txt").write_text("the\nthe cat\n")
    for rows in (1, 2, 3):
        np.save(root / f"{rows}.npy", np.arange(2 * rows, dtype=np.float32).reshape(rows, 2))
    return root


@pytest.fixture(autouse=True)
def here(place, monkeypatch) -> None:
    monkeypatch.chdir(place)


def rows_of(stdout: str) -> list[dict]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_each_record_is_scored_with_its_own_condition(run):
    code, stdout, stderr = run("score", "small", "moods.csv", "--condition-column", "mood", "--format", "jsonl")
    assert code == 0
    assert "each text from its condition and <start>" in stderr
    found = rows_of(stdout)
    assert [(row["text"], row["mood"]) for row in found] == RECORDS
    for row in found[:3]:
        _, alone, _ = run("score", "small", "--text", row["text"], "--condition", row["mood"], "--format", "jsonl")
        assert rows_of(alone)[0]["logprob"] == row["logprob"]
    code, stdout, _ = run("score", "numbers", "moods.jsonl", "--condition-column", "at", "--format", "jsonl")
    assert code == 0
    _, alone, _ = run("score", "numbers", "--text", RECORDS[2][0], "--condition", "2,0.5", "--format", "jsonl")
    assert rows_of(stdout)[2]["logprob"] == pytest.approx(rows_of(alone)[0]["logprob"], rel=1e-6)


def test_rows_of_a_file_begin_the_texts_that_are_scored_and_measured(run):
    shared = ("--condition-file", "2.npy", "--format", "jsonl")
    code, stdout, _ = run("score", "numbers", "prompts.txt", *shared)
    assert code == 0
    found = [row["logprob"] for row in rows_of(stdout)]
    for text, at, logprob in zip(("the", "the cat"), ("0,1", "2,3"), found, strict=True):
        _, alone, _ = run("score", "numbers", "--text", text, "--condition", at, "--format", "jsonl")
        assert rows_of(alone)[0]["logprob"] == pytest.approx(logprob, rel=1e-6)
    code, stdout, _ = run("evaluate", "numbers", "prompts.txt", *shared)
    assert code == 0
    metrics = {row["metric"]: row["value"] for row in rows_of(stdout)}
    assert metrics["sentences"] == 2
    total = metrics["nats_per_character"] * len("the\nthe cat\n")
    assert total == pytest.approx(-sum(found), rel=1e-5)


def test_what_generate_writes_is_scored_the_same_with_the_same_condition(run):
    shared = ("--condition", "fog")
    _, stdout, _ = run("generate", "small", "-p", "the", *shared, "--seed", "1", "-n", "3", "--format", "jsonl")
    code, scored, _ = run("score", "small", "--tokens", *shared, "--format", "jsonl", stdin=stdout.encode())
    assert code == 0
    expected = [row["logprob"] for row in rows_of(stdout)]
    assert [row["predicted_logprob"] for row in rows_of(scored)] == pytest.approx(expected)


def test_rows_of_a_file_begin_the_texts_after_one_prompt_or_one_each(run):
    shared = ("--seed", "3", "--max-tokens", "6", "--format", "jsonl")

    def samples(*arguments: str) -> list[tuple]:
        code, stdout, stderr = run("generate", "numbers", *arguments, *shared)
        assert code == 0, stderr
        return [(row["prompt"], row["text"], row["logprob"]) for row in rows_of(stdout)]

    alone = [samples("-p", "the", "--condition", at)[0] for at in ("0,1", "2,3")]
    assert alone[0] != alone[1]
    assert samples("-p", "the", "--condition-file", "2.npy") == alone
    assert samples("-p", "the", "--condition-file", "1.npy") == alone[:1]
    each = samples("--prompts", "prompts.txt", "--condition-file", "2.npy")
    assert each == [alone[0], samples("-p", "the cat", "--condition", "2,3")[0]]
    assert samples("--prompts", "prompts.txt", "--condition-file", "1.npy")[0] == alone[0]


def test_figures_of_records_are_those_with_their_conditions(run):
    code, stdout, stderr = run("evaluate", "small", "moods.csv", "--condition-column", "mood", "--format", "jsonl")
    assert code == 0, stderr
    found = {row["metric"]: row for row in rows_of(stdout)}
    assert found["sentences"]["value"] == len(RECORDS)
    assert "its condition" in found["perplexity"]["protocol"]
    code, plain, _ = run("evaluate", "small", "prompts.txt", "--condition", "fog", "--format", "jsonl")
    assert code == 0
    assert rows_of(plain)[0]["value"] == 2
    code, stdout, stderr = run(
        "quantize", "labels", "--out", "again", "--data", "moods.csv", "--condition-column", "mood", "--format", "jsonl"
    )
    assert code == 0, stderr
    price = {row["figure"]: row for row in rows_of(stdout)}
    assert price["perplexity"]["int8"] == pytest.approx(found["perplexity"]["value"], rel=1e-6)
    assert "textrnn generate again --condition calm" in stderr


def test_next_and_choose_take_a_condition(run):
    code, stdout, _ = run("next", "small", "the", "--condition", "fog", "--format", "jsonl")
    assert code == 0
    _, other, _ = run("next", "small", "the", "--condition", "storm", "--format", "jsonl")
    assert stdout != other
    code, stdout, _ = run("choose", "small", "the {cat|hat}", "--condition", "fog", "--format", "jsonl")
    assert code == 0
    assert len(rows_of(stdout)) == 2


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("generate labels", 2, "begins with a condition: --condition gives one of 'calm', 'fog', 'storm'"),
        ("generate labels --condition rain", 2, "'rain' is no condition of this model: give one of 'calm'"),
        ("generate shakespeare --condition calm", 2, "begin with no condition"),
        ("generate numbers --condition 1,2,3", 2, "'1,2,3' is no condition of this model: give 2 numbers"),
        ("generate numbers --condition 1,2 --condition-file 1.npy", 2, "not both"),
        ("generate numbers --condition-file prompts.txt", 1, "prompts.txt is not an .npy file of numbers"),
        (
            "generate numbers --prompts moods.csv --condition-file 2.npy",
            2,
            "2.npy ends with row 2, and there are more texts",
        ),
        (
            "generate numbers --prompts prompts.txt --condition-file 3.npy",
            2,
            "3.npy has 3 rows, and the texts end with text 2",
        ),
        ("generate labels --condition-file 1.npy", 2, "'[0. 1.]' is no condition of this model: give one of"),
        ("score labels moods.csv", 2, "each text of this model begins with a condition"),
        (
            "score labels moods.csv --condition-column text",
            1,
            "moods.csv, line 2: 'the cat 0 sat on the mat' is no con",
        ),
        ("score labels moods.csv --condition-column sky", 2, "there is no column 'sky'; there are 'text', 'mood'"),
        ("score labels prompts.txt --condition-column mood", 2, "plain text has no column 'mood'"),
        ("score labels moods.csv --condition fog --condition-column mood", 2, "give one of them"),
        ("score numbers prompts.txt --condition 1,2 --condition-file 2.npy", 2, "give one of them"),
        ("score numbers prompts.txt --condition-file 3.npy", 2, "3.npy has 3 rows, and the texts end with text 2"),
        ("score numbers prompts.txt --condition-file 1.npy", 2, "1.npy ends with row 1, and there are more texts"),
        ("evaluate numbers prompts.txt --condition-file 3.npy", 2, "3.npy has 3 rows, and the texts end with text 2"),
        ("evaluate shakespeare prompts.txt --condition-file 2.npy", 2, "begin with no condition"),
        ("score labels prompts.txt --tokens --condition-file 2.npy", 2, "without --condition-column, --cond"),
        ("score labels prompts.txt --condition fog --running-text", 2, "and a running text"),
        ("score labels prompts.txt --tokens --condition-column mood", 2, "without --condition-column, --cond"),
        ("score shakespeare moods.csv --condition-column mood", 2, "begin with no condition"),
        ("evaluate labels prompts.txt", 2, "each text of this model begins with a condition"),
        ("evaluate shakespeare prompts.txt --condition fog", 2, "begin with no condition"),
        (
            "evaluate sentiment moods.csv --condition fog",
            2,
            "--condition is for a language model, and this is a",
        ),
        ("compare labels shakespeare prompts.txt", 2, "begins with a condition, and compare gives none"),
        ("selfcheck labels", 2, "begins with a condition, and selfcheck gives none"),
        ("quantize labels --out other --data moods.csv", 2, "name its field with --condition-column"),
        ("next labels the", 2, "each text of this model begins with a condition"),
        ("choose labels {a|b}", 2, "each text of this model begins with a condition"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(command, code, says, run):
    found, _, stderr = run(*command.split())
    assert says in stderr
    assert stderr.count("\n") == 1, stderr
    assert found == code


def test_a_model_is_trained_from_a_column_and_from_a_file_of_rows(run, tmp_path):
    quick = ("--steps", "4", "--set", "units=8", "--set", "embedding_size=4", "--set", "evaluations=1")
    out = tmp_path / "moods"
    code, _, stderr = run("train", "lm", "moods.csv", "--condition-column", "mood", "--out", out, *quick)
    assert code == 0, stderr
    assert "each text begins with a label: calm " in stderr
    assert f"next: textrnn generate {out} --condition calm" in stderr
    code, stdout, _ = run("generate", out, "--condition", "fog", "-p", "the", "--max-tokens", "5")
    assert (code, stdout.startswith("the")) == (0, True)
    np.save("rows.npy", np.eye(9))
    shown = ("--column", "text", "--condition-file", "rows.npy")
    code, _, stderr = run("train", "lm", "moods.csv", *shown, "--out", tmp_path / "rows", *quick)
    assert code == 0, stderr
    assert "each text begins with 9 numbers" in stderr
