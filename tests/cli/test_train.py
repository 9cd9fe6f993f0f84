"""textrnn train: from files to a folder, what it shows, and what it refuses."""

import hashlib
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from textrnn.cli.training_display import picture
from textrnn.config import training_settings
from textrnn.training.run import TrainingRun

TEXT = "she sells sea shells by the sea shore.\n" * 60
TINY = ("--units", "8", "--embedding", "4", "--batch", "4", "--window", "8", "--steps", "6", "--set", "evaluations=2")


LEARNT = (TEXT * 3)[: -round(3 * len(TEXT) * 0.05)]
PAIRS = len({*(LEARNT[begin : begin + 2] for begin in range(0, len(LEARNT), 2)), *LEARNT})  # and characters


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    path = tmp_path / "novel.txt"
    path.write_text(TEXT)
    return path


def settings_of(folder: Path) -> dict[str, object]:
    return json.loads((folder / "config.json").read_text())["training"]["settings"]


def test_it_trains_shows_figures_and_says_what_to_type_next(run, novel, tmp_path):
    out = tmp_path / "novel"
    code, stdout, stderr = run(
        "train", "lm", str(novel), "--out", str(out), *TINY, "--licence", "public domain", "--source", "a nursery"
    )
    assert code == 0
    assert stdout == ""
    figures = ("perplexity", "bits a character", "symbols/s")
    for part in ("vocabulary: ", "6 steps are planned", *figures, "model card", "next:"):
        assert part in stderr
    card = (out / "README.md").read_text()
    assert "public domain" in card
    assert "a nursery" in card
    assert hashlib.sha256(novel.read_bytes()).hexdigest() in card
    assert f"--out {out}" in card
    assert run("generate", str(out), "--max-tokens", "5", "--seed", "1")[0] == 0


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--level", "char"), f"{len(set(TEXT))} of {len(set(TEXT))} distinct characters (vocabulary-size all"),
        (("--level", "ngram", "--ngram", "2", "--vocabulary-size", "16"), f"16 of {PAIRS} distinct n-grams"),
        (("--level", "word"), "8 of 8 distinct words (vocabulary-size 33000, min-count 2)"),  # the full stop is one
        (("--level", "word", "--unit", "text"), "9 of 9 distinct words"),  # and the line end
        (("--level", "word", "--literal-unk"), "7 of 7 distinct words (vocabulary-size all, min-count 1)"),
        (("--level", "word", "--vocabulary-size", "2"), "2 of 8 distinct words"),
        (("--level", "bpe", "--vocabulary-size", "300"), " pieces (vocabulary-size 300"),
    ],
)
def test_each_level_says_what_its_symbols_are_and_what_it_trained_can_be_used(run, novel, tmp_path, flags, says):
    novel.write_text(TEXT * 3)
    out = tmp_path / "novel"
    code, _, stderr = run("train", "lm", novel, "--out", out, *TINY, *flags)
    assert code == 0, stderr
    assert says in stderr
    lines = run("score", out, "--text", "she sells sea shells", "--text", "", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["she sells sea shells", ""]
    assert run("generate", out, "--max-tokens", "5", "--seed", "1").code == 0
    assert run("evaluate", out, novel).code == 0


def test_flags_come_before_set_and_set_before_a_file(run, novel, tmp_path):
    (tmp_path / "settings.toml").write_text("dropout = 0.3\nrate = 0.5\nlayers = 2\n")
    out = tmp_path / "model"
    code, _, stderr = run(
        *("train", "lm", str(novel), "--out", str(out), *TINY, "--config", str(tmp_path / "settings.toml")),
        *("--set", "rate=0.25", "--set", "clip-value=2", "--layers", "1"),
    )
    assert code == 0, stderr
    settings = settings_of(out)
    assert (settings["dropout"], settings["rate"], settings["layers"], settings["clip_value"]) == (0.3, 0.25, 1, 2.0)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("lm", "absent.txt"), 1, "there is no file absent.txt"),
        (("classifier", "NOVEL"), 2, "'classifier' is not one of lm"),
        (("lm", "NOVEL", "--set", "units"), 2, "--set takes name=value"),
        (("lm", "NOVEL", "--set", "nunits=3"), 2, "unknown setting 'nunits'"),
        (("lm", "NOVEL", "--cell", "gruu"), 2, "unknown cell 'gruu'; one of lstm"),
        (("lm", "NOVEL", "--config", "absent.toml"), 2, "absent.toml cannot be read"),
        (("lm", "NOVEL", "--config", "NOVEL"), 2, "is not TOML"),
        (("lm", "NOVEL", "--valid", "absent.txt"), 1, "there is no file absent.txt"),
        (("lm", "NOVEL", "--device", "tpu"), 2, "there is no device 'tpu'"),
        (("lm", "NOVEL", "--steps", "5", "--minutes", "1"), 2, "give one end"),
        (("lm", "NOVEL", "--encoding", "klingon"), 2, "unknown encoding 'klingon'"),
        (("lm", "NOVEL", "--level", "letters"), 2, "level: Input should be 'char', 'ngram', 'word' or 'bpe'"),
        (("lm", "NOVEL", "--unit", "page"), 2, "unit: Input should be 'auto', 'text' or 'line'"),
        (("lm", "NOVEL", "--level", "ngram", "--ngram", "5"), 2, "ngram: Input should be less than or equal to 4"),
        (("lm", "NOVEL", "--level", "bpe", "--vocabulary-size", "200"), 2, "200 are too few"),
        (("lm", "NOVEL", "--ngram", "2"), 2, "ngram is for the level ngram, not for char"),
        (("lm", "NOVEL", "--literal-unk"), 2, "lower and literal_unk are for the levels word and bpe, not for char"),
        (("lm", "NOVEL", "--level", "bpe", "--set", "split=spaces"), 2, "split is for the level word, not for bpe"),
        (("lm", "NOVEL", "--set", "tied=true", *TINY[:4]), 2, "as many units as they have entries, not 8 and 4"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(run, novel, tmp_path, monkeypatch, arguments, code, says):
    monkeypatch.chdir(tmp_path)
    replaced = [str(novel) if argument == "NOVEL" else argument for argument in arguments]
    result = run("train", *replaced, "--out", "model")
    assert (result.code, result.stdout) == (code, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_text_that_is_not_utf_8_is_named_by_file_line_and_byte(run, tmp_path):
    (tmp_path / "latin.txt").write_bytes(b"one\ntwo caf\xe9\n" * 200)
    code, _, stderr = run("train", "lm", str(tmp_path / "latin.txt"), "--out", str(tmp_path / "model"))
    assert code == 1
    assert "latin.txt, line 2, byte 8: not utf-8 (0xe9)" in stderr
    command = ("train", "lm", str(tmp_path / "latin.txt"), "--out", str(tmp_path / "model"), *TINY)
    assert run(*command, "--encoding", "latin-1")[0] == 0


def test_several_files_are_several_documents(run, novel, tmp_path):
    (tmp_path / "other.txt").write_text("peter piper picked a peck of pickled pepper.\n" * 30)
    out = tmp_path / "model"
    code, _, _ = run("train", "lm", str(novel), str(tmp_path / "other.txt"), "--out", str(out), *TINY)
    assert code == 0
    assert "novel.txt, other.txt" in (out / "README.md").read_text()


def test_an_interrupted_run_keeps_its_best_model_and_says_so(run, novel, tmp_path, monkeypatch):
    sample = TrainingRun.sample

    def interrupt(self, **arguments):
        if len(self.history) == 2:
            raise KeyboardInterrupt
        return sample(self, **arguments)

    monkeypatch.setattr(TrainingRun, "sample", interrupt)
    out = tmp_path / "model"
    code, _, stderr = run("train", "lm", str(novel), "--out", str(out), *TINY, "--set", "evaluations=3")
    assert code == 130
    assert f"interrupted at step 4; the best model so far is in {out}" in stderr
    assert run("generate", str(out), "--max-tokens", "5", "--seed", "1")[0] == 0


def test_the_picture_on_a_terminal_shows_figures_progress_and_a_sample(novel, tmp_path):
    settings = training_settings({"units": 8, "embedding": 4, "steps": 6, "evaluations": 2})
    training = TrainingRun("lm", [str(novel)], tmp_path / "model", settings)
    console = Console(record=True, width=120, file=io.StringIO())
    console.print(picture(training, ""))
    list(training.rows())
    console.print(picture(training, "a sample text"))
    screen = console.export_text()
    for part in ("valid nats", "perplexity", "bits/character", "step 6 of 6", "s left", "best", "a sample text"):
        assert part in screen
