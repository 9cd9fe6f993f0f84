"""textrnn explain gradients and explain bptt."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.small_models import save_small_classifier, save_small_model, small_config, small_tokenizer, untrained
from textrnn.batch import begun
from textrnn.cells import CELLS
from textrnn.cli.explain import trained
from textrnn.export.save import save_model
from textrnn.text.tokenizer import EOS, START
from textrnn.training.gradient_series import stretches
from textrnn.training.gradients import gradient_flows

CONDITIONED = Path(__file__).parents[1] / "fixtures" / "format-4" / "conditioned-int8"
QUICK = ("--length", "6", "--units", "4", "--batch", "3")
QUICK_BPTT = ("--distance", "1,3", "--window", "3", "--units", "4", "--steps", "2")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """One with its weights in float32."""
    return save_small_classifier(tmp_path_factory.mktemp("classifier") / "words", "word", precision="float32")


def rows_of(stdout):
    return [json.loads(line) for line in stdout.splitlines()]


@pytest.mark.parametrize("option", ["--png", "--out"])
@pytest.mark.parametrize(("command", "quick"), [("gradients", QUICK), ("bptt", QUICK_BPTT)])
def test_a_file_that_cannot_be_is_refused_before_any_network_learns(run, tmp_path, command, quick, option):
    for place, says in ((tmp_path / "absent" / "file", "is no folder that can be"), (tmp_path, "it is a folder")):
        code, stdout, stderr = run("explain", command, *quick, option, place)
        assert (code, stdout) == (1, "")
        assert stderr.startswith(f"error: {place} cannot be written: ")
        assert says in stderr


def test_every_step_of_every_network_is_a_row(run):
    code, stdout, _ = run(
        *("explain", "gradients", "--cell", ",".join(CELLS), *QUICK, "--format", "jsonl", "--clip", "0.01")
    )
    rows = rows_of(stdout)
    assert code == 0
    assert [(row["cell"], row["step"], row["distance"]) for row in rows] == [
        (cell, step, 6 - step) for cell in CELLS for step in range(1, 7)
    ]
    assert all(row["hidden"] > 0 for row in rows)
    assert all((row["memory"] is not None) == ("memory" in CELLS[row["cell"]].state) for row in rows)
    assert all(row["weights"] > row["weights_clipped"] == pytest.approx(0.01) for row in rows)


def test_variants_are_every_combination_and_a_forget_bias_is_for_forget_gates(run):
    options = ("--cell", "elman,lstm", "--start", "identity,orthogonal", "--scale", "1,2", "--forget-bias", "1,3")
    code, stdout, _ = run("explain", "gradients", *options, *QUICK, "--format", "jsonl")
    rows = [row for row in rows_of(stdout) if row["step"] == 1]
    assert code == 0
    found = [(row["cell"], row["start"], row["scale"], row["forget_bias"]) for row in rows]
    assert found == [
        (cell, start, scale, bias)
        for cell, biases in (("elman", [None]), ("lstm", [1, 3]))
        for start in ("identity", "orthogonal")
        for scale in (1, 2)
        for bias in biases
    ]
    assert len({row["hidden"] for row in rows}) == len(rows)


def test_the_digest_has_a_column_for_each_and_says_why(run, tmp_path):
    png = tmp_path / "picture.png"
    options = ("--cell", "lstm", "--length", "30", "--units", "4", "--steps", "1", "--png", png)
    code, stdout, stderr = run("explain", "gradients", *options, "--format", "table")
    assert code == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    for word in ("before", "after", "vanishes", "factor", "29"):
        assert word in stdout
    assert "0.73 open" in stderr
    assert "it does not remember" in stderr
    assert "1.386 by chance" in stderr


def test_no_name_or_number_of_a_table_is_cut(run):
    names = ("--cell", "peephole-lstm", "--start", "uniform,orthogonal", "--scale", "1,0.9", "--steps", "1")
    digest = run("explain", "gradients", *QUICK, *names, "--format", "table").stdout
    distances = ("--distance", "1,2,3,4,5,6,7,8,9,10,11,12", "--cell", "elman", "--method", "full")
    losses = run("explain", "bptt", *QUICK_BPTT, *distances, "--format", "table").stdout
    temperatures = ("--temperature", "0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1,2")
    chances = run("explain", "sampling", "shakespeare", *temperatures, "--format", "table").stdout
    some = ("--text", "it is a good film and a long one", "--property", "word-position", "--unit", "0_reverse.123")
    states = run("explain", "states", "sentiment", *some, "--format", "table").stdout
    for table in (digest, losses, chances, states):
        assert "…" not in table
        assert len(table.splitlines()) > 5


def test_rows_in_a_pipe_have_one_header(run):
    _, stdout, _ = run("explain", "gradients", *QUICK, "--cell", "elman,lstm")
    header, *rows = (line.split("\t") for line in stdout.splitlines())
    assert header[8:10] == ["hidden", "memory"]
    assert {len(row) for row in rows} == {len(header)}


def test_a_model_is_followed_on_a_text_layer_by_layer(run, tiny_model):
    code, stdout, stderr = run(
        *("explain", "gradients", tiny_model, "--text", "To be, or not to be.", *QUICK[:2], "--format", "jsonl")
    )
    rows = rows_of(stdout)
    assert code == 0
    assert [(row["when"], row["layer"]) for row in rows if not row["distance"]] == [
        (when, layer) for when in ("before", "after") for layer in ("0", "1")
    ]
    assert "--steps" not in stderr
    again = run(
        "explain", "gradients", tiny_model, "-", *QUICK[:2], "--format", "jsonl", stdin=b"To be, or not to be.\n"
    )
    assert again.stdout == stdout


def test_a_classifier_is_followed_on_the_longest_texts_that_fit(run, classifier, tmp_path):
    rows = [("a", "the cat"), ("b", "the cat sat on the mat"), ("c", ""), ("d", "the cat sat"), ("e", "the " * 9)]
    (tmp_path / "texts.csv").write_text("name,review\n" + "".join(f"{name},{text}\n" for name, text in rows))
    options = ("--column", "review", "--length", "6", "--batch", "2", "--format", "jsonl")
    code, stdout, stderr = run("explain", "gradients", classifier, tmp_path / "texts.csv", *options)
    assert code == 0
    assert "texts: 2 of 3 to 6 symbols, the longest of at most 6; longer ones: 1 (--length)" in stderr
    ends = [(row["when"], row["layer"], row["step"]) for row in rows_of(stdout) if not row["distance"]]
    assert ends == [(when, layer, 6) for when in ("before", "after") for layer in ("0", "0_reverse")]
    named = ("--text", "the cat sat", "--text", "the cat sat on the mat", "--format", "jsonl")
    assert run("explain", "gradients", classifier, *named).stdout == stdout


def test_what_the_model_does_not_know_is_counted(run, tiny_model, classifier):
    options = ("--text", "the cat €€", "--text", "the €", "--batch", "1", "--format", "jsonl")
    for model, count in ((tiny_model, 3), (classifier, 2)):  # which reads the longest text alone
        code, _, stderr = run("explain", "gradients", model, *options)
        assert code == 0
        assert "unknown to the model, and read as <unk>: '€" in stderr
        assert f"({count} in all)" in stderr


@pytest.mark.parametrize(("level", "symbols"), [("char", 22), ("word", 6)])
def test_of_a_long_text_the_first_symbols_are_read_and_have_no_end(run, tmp_path, monkeypatch, level, symbols):
    save_small_model(tmp_path / level, level)
    model, source = tmp_path / f"{level}-float32", tmp_path / "long.txt"
    source.write_text("the cat sat on the mat the €\n" + "the €\n" * 50)
    monkeypatch.setattr(trained, "SYMBOLS", symbols)
    options = ("--length", "4", "--batch", "40", "--format", "jsonl")
    code, stdout, stderr = run("explain", "gradients", model, source, *options)
    assert (code, stderr.splitlines()[0]) == (0, f"read: the first {symbols} symbols")
    network, tokenizer, _ = trained.open_network(str(model), "lm")
    inputs, targets = stretches(tokenizer.encode("the cat sat on the mat").astype(np.int64), length=4, count=40)
    (flow,) = gradient_flows(network, begun(inputs, start=START, end=EOS), targets)
    assert [row["hidden"] for row in rows_of(stdout) if row["when"] == "after"] == flow.hidden.tolist()


def test_the_new_network_beside_a_model_begins_as_that_one_did(run, tmp_path):
    tokenizer = small_tokenizer("word")
    config, lengths = small_config(tokenizer, "line"), []
    for deviation in (0.01, 1.0):
        chosen = {"recurrent_start": "identity", "embedding_deviation": deviation}
        summary = config.training.model_copy(update={"settings": chosen})
        path = tmp_path / str(deviation)
        whole = config.model_copy(update={"training": summary})
        save_model(path, untrained(config.architecture), tokenizer, whole)
        result = run("explain", "gradients", path, "--text", "the cat sat", "--format", "jsonl")
        before = [row for row in rows_of(result.stdout) if row["when"] == "before"]
        assert {row["start"] for row in before} == {"identity"}
        lengths.append(before[0]["weights"])
    assert lengths[0] != lengths[1]


def test_what_has_to_be_repaired_is_said_and_refused_when_strict(run, tiny_model):
    given = ("explain", "gradients", tiny_model, "-", "--format", "jsonl")
    repaired = run(*given, stdin=b"To be\xff or not")
    assert repaired.code == 0
    assert "undecodable bytes read as U+FFFD: 1" in repaired.stderr
    refused = run(*given, "--strict", stdin=b"To be\xff or not")
    assert (refused.code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("error: standard input, line 1")


def test_a_short_text_is_one_sequence_and_said(run, tiny_model):
    code, stdout, stderr = run("explain", "gradients", tiny_model, "--text", "abc", "--format", "jsonl")
    assert code == 0
    assert max(row["distance"] for row in rows_of(stdout)) == 3
    assert "one sequence of 4 steps" in stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--cell", "lsmt"), 2, "'lsmt' (did you mean 'lstm'?) is not one of elman"),
        (("--cell", "lstm", "--forget-bias=1,-1000"), 2, "a forget bias is from -100 to 100, not -1000"),
        (("gru",), 2, "there is no model 'gru': of new networks --cell gru says which"),
        (("elman,lstm", "--scale", "2"), 2, "there is no model 'elman,lstm': of new networks --cell elman,lstm says"),
        (("--start", "zero"), 2, "'zero' is not one of uniform"),
        (("--scale", "1,x"), 2, "--scale takes numbers"),
        (("--scale", "nan"), 2, "--scale takes numbers"),
        (("--scale", "1,2,3,4,5"), 2, "15 networks"),
        (("--text", "abc"), 2, "MODEL --text"),
        (("--column", "text"), 2, "MODEL --text"),
        (("--input-format", "csv"), 2, "MODEL --text"),
        (("--steps", "2", "--rate", "0"), 2, "rate"),
        (("--rate", "0.1"), 2, "--rate is of the training that --steps asks for"),
        (("--cell", "elman,gru", "--forget-bias", "3"), 2, "a forget gate, and here is none: elman, gru"),
        (("--batch", "1000000000"), 2, "--batch"),
        (
            ("--batch", "1024", "--length", "1000", "--units", "64"),
            1,
            "1,000 steps of 1,024 sequences through 64 units are too many",
        ),
        (("--cell", "elman-relu", "--start", "identity", "--scale", "1e99"), 1, "larger than a number"),
    ],
)
def test_what_cannot_be_followed_is_one_line(run, arguments, code, words):
    result = run("explain", "gradients", *QUICK, *arguments)
    assert (result.code, result.stdout) == (code, "")
    assert words in result.stderr
    assert result.stderr.startswith("error: ")


def test_a_model_that_cannot_be_followed_is_one_line(run, tiny_int8, tiny_model, classifier, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    for arguments, code, words in (
        ((CONDITIONED, "--text", "abc"), 2, "begins with a condition"),
        ((tiny_int8, "--text", "abc"), 1, "an int8 model, which no gradient goes through"),
        (("sentiment", "--text", "abc"), 1, "an int8 model, which no gradient goes through"),
        (("en-es", "--text", "abc"), 2, "en-es is a translator, not a language model or a classifier"),
        ((classifier, "--text", "the"), 1, "the command line has no text of 2 to 100 symbols"),
        ((classifier, "--text", "the cat sat", "--length", "2"), 1, "2 symbols; longer ones: 1 (--length)"),
        ((tiny_model, "--text", "abc", "--cell", "gru"), 2, "--cell is for new networks"),
        ((tiny_model, "--text", "abc", "--units", "8"), 2, "--units is for new networks"),
        ((tiny_model, tmp_path / "empty.txt"), 1, "fewer than two symbols"),
    ):
        result = run("explain", "gradients", *arguments)
        assert (result.code, result.stdout) == (code, "")
        assert words in result.stderr


def test_every_trial_is_a_row(run):
    code, stdout, stderr = run(
        "explain", "bptt", *QUICK_BPTT, "--cell", "gru,elman", "--seeds", "2", "--format", "jsonl"
    )
    rows = rows_of(stdout)
    assert code == 0
    assert [(row["cell"], row["method"], row["distance"], row["seed"]) for row in rows] == [
        (cell, method, distance, seed)
        for cell in ("gru", "elman")
        for method in ("full", "truncated", "alone")
        for distance in (1, 3)
        for seed in (0, 1)
    ]
    assert all(row["chance"] == pytest.approx(np.log(4)) for row in rows)
    assert all(row["steps"] == 2 and row["solved"] is False for row in rows)
    assert "24 networks, each to learn from at most 2 batches" in stderr
    assert "from distance 3 on no gradient reaches" in stderr


def test_losses_by_distance_are_a_table_and_a_picture(run, tmp_path):
    png = tmp_path / "picture.png"
    code, stdout, stderr = run("explain", "bptt", *QUICK_BPTT, "--cell", "lstm", "--png", png, "--format", "table")
    assert code == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    for word in ("full", "truncated", "alone", "lstm, orthogonal"):
        assert word in stdout
    assert "lstm, orthogonal, full: solved at distances none of 1, 3" in stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--cell", "x"), "'x' is not one of elman"),
        (("--method", "half"), "'half' is not one of full, truncated, alone"),
        (("--distance", "0,2"), "--distance is from 1 to 1,000, not 0"),
        (("--distance", "2,99999999999"), "--distance is from 1 to 1,000, not 99,999,999,999"),
        (("--seeds", "2000000000"), "--seeds"),
        (("--distance", "2,b"), "--distance takes numbers"),
        (("--start", "x"), "'x' is not one of uniform"),
        (("--cell", "elman", "--forget-bias", "3"), "a forget gate, and here is none: elman"),
        (("--png", ""), "a file to write to has a name"),
    ],
)
def test_what_cannot_be_learnt_is_one_line(run, arguments, words):
    result = run("explain", "bptt", *arguments)
    assert (result.code, result.stdout) == (2, "")
    assert words in result.stderr
