"""textrnn train: from files to a folder, what it shows, and what it refuses."""

import hashlib
import inspect
import io
import json
import os
import signal
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from textrnn.cli.train import train
from textrnn.cli.training_display import picture
from textrnn.data import Data
from textrnn.errors import DataError
from textrnn.model_folder import ModelFolder
from textrnn.settings import TrainingSettings, training_settings
from textrnn.training.run import TrainingRun
from textrnn.training.starting import begin

TEXT = "she sells sea shells by the sea shore.\n" * 60
TINY = (
    "--units",
    "8",
    "--embedding-size",
    "4",
    "--batch",
    "4",
    "--window",
    "8",
    "--steps",
    "6",
    "--set",
    "evaluations=2",
)


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
        "train", "lm", str(novel), "--out", str(out), *TINY, "--licence", "public domain", "--origin", "a nursery"
    )
    assert code == 0
    assert stdout == ""
    figures = ("perplexity", "bits/character", "symbols/s")
    for part in ("vocabulary: ", "6 steps are planned", *figures, "model card", "next:"):
        assert part in stderr
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
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
        (("crossword", "NOVEL"), 2, "'crossword' is not one of lm, classifier"),
        (("lm", "NOVEL", "--set", "units"), 2, "--set takes name=value"),
        (("lm", "NOVEL", "--set", "nunits=3"), 2, "unknown setting 'nunits'"),
        (("lm", "NOVEL", "--windows", "reshape", "--window", "9999999"), 2, "a window of 9,999,999 is longer than the"),
        (("lm", "NOVEL", "--cell", "gruu"), 2, "unknown cell 'gruu' (did you mean 'gru'?); one of elman"),
        (("lm", "NOVEL", "--config", "absent.toml"), 2, "absent.toml cannot be read"),
        (("lm", "NOVEL", "--config", "NOVEL"), 2, "is not TOML"),
        (("lm", "NOVEL", "--valid", "absent.txt"), 1, "there is no file absent.txt"),
        (("lm", "NOVEL", "--device", "tpu"), 2, "there is no device 'tpu'"),
        (("lm", "NOVEL", "--steps", "5", "--minutes", "1"), 2, "give one end"),
        (("lm", "NOVEL", "--encoding", "klingon"), 2, "unknown encoding 'klingon'"),
        (("lm", "NOVEL", "--level", "letters"), 2, "level: 'letters' is not one of char, ngram, word, bpe"),
        (("lm", "NOVEL", "--unit", "page"), 2, "unit: 'page' is not one of auto, text, line"),
        (("lm", "NOVEL", "--level", "ngram", "--ngram", "5"), 2, "ngram: Input should be less than or equal to 4"),
        (("lm", "NOVEL", "--level", "bpe", "--vocabulary-size", "200"), 2, "200 are too few"),
        (("lm", "NOVEL", "--ngram", "2"), 2, "ngram is for the level ngram, not for char"),
        (("lm", "NOVEL", "--literal-unk"), 2, "lower and literal_unk are for the levels word and bpe, not for char"),
        (("lm", "NOVEL", "--level", "bpe", "--set", "split=spaces"), 2, "split is for the level word, not for bpe"),
        (("lm", "NOVEL", "--set", "tied=true", *TINY[:4]), 2, "as many units as they have entries, not 8 and 4"),
        (
            ("lm", "NOVEL", "--embedding", "lerned"),
            2,
            "is learned, one-hot, word2vec or a file of vectors, and there is",
        ),
        (("lm", "NOVEL", "--embedding", "lerned"), 2, "there is no 'lerned'"),
        (("lm", "NOVEL", "--embedding", "300"), 2, "no '300'; --embedding-size 300 sets the size"),
        (("lm", "NOVEL", "--embedding", "NOVEL"), 1, "novel.txt, line 1: neither a header nor a word and up to"),
        (("lm", "NOVEL", "--embedding", "."), 1, ". is a folder or a pipe"),
        (
            ("lm", "NOVEL", "--embedding", "VECTORS", "--embedding-size", "4"),
            2,
            "have 3 numbers, not --embedding-size 4",
        ),
        (
            ("lm", "NOVEL", "--embedding", "VECTORS", "--freeze-embedding", "--tied"),
            2,
            "neither one-hot nor frozen ones",
        ),
        (("lm", "NOVEL", "--freeze-embedding"), 2, "of word2vec or of a file, not for learned"),
        (("lm", "NOVEL", "--embedding", "one-hot", "--freeze-embedding"), 2, "or of a file, not for one-hot"),
        (
            ("lm", "NOVEL", "--word2vec-window", "3"),
            2,
            "word2vec_window is for the embedding word2vec, not for learned",
        ),
        (("lm", "NOVEL", "--embedding", "word2vec", "--word2vec-model", "glove"), 2, "is not one of skip-gram, cbow"),
        (("lm", "NOVEL", "--embedding", "word2vec", "--streaming"), 2, "reads the whole text before the training"),
        (("lm", "NOVEL", "--cell", "gru", "--projection", "4"), 2, "the outputs of gru cannot be projected; those of"),
        (("lm", "NOVEL", "--projection", "-1"), 2, "projection: Input should be greater than or equal to 0"),
        (("lm", "NOVEL", "--residual", "--layers", "1"), 2, "needs a second layer that is as large as the first"),
        (
            ("lm", "NOVEL", "--tied", "--residual", "--layers", "2", "--embedding-size", "4"),
            2,
            "needs a second layer that is as large as the first",
        ),
        (
            ("lm", "NOVEL", "--tied", "--projection", "4", "--embedding-size", "8"),
            2,
            "vectors that are tied have as many entries as the projection, 4, not 8",
        ),
        (("lm", "NOVEL", "--recurrent-start", "zero"), 2, "'zero' is not one of uniform, identity, orthogonal"),
        (("lm", "NOVEL", "--dropout-mask", "window"), 2, "dropout_mask: 'window' is not one of step, sequence"),
        *(
            (("lm", "NOVEL", f"--{name}-dropout", "1"), 2, f"{name}_dropout: Input should be less than 1")
            for name in ("embedding", "recurrent", "weight")
        ),
        (("lm", "NOVEL", "--set", "l1_input=-1"), 2, "l1_input: Input should be greater than or equal to 0"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(run, novel, tmp_path, monkeypatch, arguments, code, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vectors.txt").write_text("shells 1 2 3\n")
    names = {"NOVEL": str(novel), "VECTORS": "vectors.txt"}
    replaced = [names.get(argument, argument) for argument in arguments]
    result = run("train", *replaced, "--out", "model")
    assert (result.code, result.stdout) == (code, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_flags_say_what_the_settings_are(run, novel, tmp_path):
    out = tmp_path / "novel"
    flags = ("--projection", "4", "--layers", "2", "--residual", "--recurrent-start", "identity", "--cell", "lstm")
    drops = ("--embedding-dropout", "0.1", "--recurrent-dropout", "0.2", "--weight-dropout", "0.3")
    code, _, stderr = run(
        *("train", "lm", str(novel), "--out", str(out), *TINY, *flags, *drops, "--dropout-mask", "sequence"),
        *("--no-freeze-embedding", "--set", "l2_recurrent=0.01"),
    )
    assert code == 0, stderr
    names = ("projection", "residual", "recurrent_start", "embedding_dropout", "recurrent_dropout", "weight_dropout")
    settings = settings_of(out)
    assert [settings[name] for name in names] == [4, True, "identity", 0.1, 0.2, 0.3]
    assert (settings["dropout_mask"], settings["l2_recurrent"]) == ("sequence", 0.01)
    assert "2 x 8 lstm (projected to 4, residual)" in stderr
    [*_, row] = map(json.loads, ModelFolder(out).read("history.jsonl").splitlines())
    assert f"gradient norm {row['gradient_norm']:.3g}, " in stderr
    code, _, stderr = run("train", "lm", "--out", str(out), "--extend", "--no-residual", "--steps", "1")
    assert (code, stderr.count("\n")) == (2, 1)
    assert "residual was True and is now False" in stderr


@pytest.mark.parametrize("parameter", inspect.signature(train).parameters.values(), ids=lambda row: row.name)
def test_a_flag_has_the_help_of_the_setting_of_its_name(parameter):
    [option] = parameter.annotation.__metadata__
    field = TrainingSettings.model_fields.get(parameter.name)
    assert (option.rich_help_panel == "Training") == (field is not None)
    assert field is None or option.help.startswith(field.description)


def test_a_text_that_is_not_utf_8_is_named_by_file_line_and_byte(run, tmp_path):
    (tmp_path / "latin.txt").write_bytes(b"one\ntwo caf\xe9\n" * 200)
    command = ("train", "lm", str(tmp_path / "latin.txt"), "--out", str(tmp_path / "model"), *TINY)
    code, _, stderr = run(*command, "--strict")
    assert code == 1
    assert stderr.splitlines()[-1].endswith(
        "latin.txt, line 2, byte 8: not utf-8 (0xe9); name the encoding with --encoding"
    )
    assert not (tmp_path / "model").exists()
    repaired = run(*command)
    assert repaired.code == 0
    assert "latin.txt: undecodable bytes read as U+FFFD: 200, the first on line 2" in repaired.stderr
    assert "undecodable bytes read as U+FFFD: 200" in (tmp_path / "model" / "README.md").read_text()
    named = run(*command, "--encoding", "latin-1", "--strict", "--overwrite")
    assert named.code == 0
    assert "undecodable" not in named.stderr


def test_several_files_are_several_documents(run, novel, tmp_path):
    (tmp_path / "other.txt").write_text("peter piper picked a peck of pickled pepper.\n" * 30)
    out = tmp_path / "model"
    code, _, _ = run("train", "lm", str(novel), str(tmp_path / "other.txt"), "--out", str(out), *TINY)
    assert code == 0
    assert "novel.txt, other.txt" in (out / "README.md").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_best_model_and_says_how_to_go_on(run, novel, tmp_path, monkeypatch, number):
    glimpse = TrainingRun.glimpse

    def interrupt(self, **arguments):
        if len(self.history) == 2:
            os.kill(os.getpid(), number)
        return glimpse(self, **arguments)

    out = tmp_path / "model"
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "glimpse", interrupt)
        code, stdout, stderr = run("train", "lm", novel, "--out", out, *TINY, "--set", "evaluations=3")
    assert (code, stdout) == (130, "")
    assert f"interrupted at step 4 of 6; the best model so far is in {out}" in stderr
    assert stderr.endswith(f"go on: textrnn train lm --out {out} --resume\n")
    assert run("generate", out, "--max-tokens", "5", "--seed", "1").code == 0
    resumed = run("train", "lm", "--out", out, "--resume")
    assert resumed.code == 0
    assert "step 6 of 6" in resumed.stderr
    assert "step 4 of 6" not in resumed.stderr
    assert [row["step"] for row in history(out)] == [2, 4, 6]


def history(folder: Path) -> list[dict]:
    return [json.loads(line) for line in ModelFolder(folder).read("history.jsonl").splitlines()]


def test_a_second_interruption_ends_at_once(run, novel, tmp_path, monkeypatch):
    def interrupt(self, **arguments):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the second one ends it")

    out = tmp_path / "model"
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "glimpse", interrupt)
        code, _, stderr = run("train", "lm", novel, "--out", out, *TINY)
    assert code == 130
    assert "ending after this step (again: at once" in stderr
    assert stderr.endswith("interrupted\n")
    assert run("train", "lm", "--out", out, "--resume").code == 0


def test_the_picture_on_a_terminal_shows_figures_progress_and_a_sample(novel, tmp_path):
    settings = training_settings({"units": 8, "embedding_size": 4, "steps": 6, "evaluations": 2})
    training = begin("lm", Data(files=(str(novel),)), tmp_path / "model", settings)
    console = Console(record=True, width=120, file=io.StringIO())
    console.print(picture(training, ""))
    list(training.rows())
    console.print(picture(training, "a sample text"))
    screen = console.export_text()
    for part in ("valid nats", "perplexity", "gradient", "step 6 of 6", "s left", "best", "a sample text"):
        assert part in screen


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """The same sentences as CSV, JSON lines, and files in a folder."""
    sentences = [f"she sells {number} sea shells" for number in range(120)]
    (tmp_path / "table.csv").write_text("id,review\n" + "".join(f'{n},"{s},\nnow"\n' for n, s in enumerate(sentences)))
    rows = [{"id": number, "review": sentence + ",\nnow"} for number, sentence in enumerate(sentences)]
    (tmp_path / "table.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "books" / ".hidden").mkdir(parents=True)
    (tmp_path / "books" / "b.txt").write_text("b" * 700)
    (tmp_path / "books" / "a.md").write_text("a" * 700)
    (tmp_path / "books" / ".hidden" / "c.txt").write_text("c" * 700)
    return tmp_path


@pytest.mark.parametrize("name", ["table.csv", "table.jsonl"])
def test_a_column_of_a_table_is_learnt_from(run, tables, name):
    command = ("train", "lm", tables / name, "--out", tables / "model", *TINY, "--unit", "line")
    refused = run(*command)
    assert (refused.code, refused.stderr.count("\n")) == (2, 1)
    assert "--column; there are 'id', 'review'" in refused.stderr
    absent = run(*command, "--column", "text")
    assert (absent.code, absent.stderr.count("\n")) == (2, 1)
    assert "there is no column 'text'" in absent.stderr
    assert not (tables / "model").exists()
    code, _, stderr = run(*command, "--column", "review")
    assert code == 0, stderr
    assert " symbols in 114 lines to learn from" in stderr
    characters = set("she sells sea shells,now\n0123456789")
    assert f"vocabulary: {len(characters)} of {len(characters)} distinct" in stderr


def test_standard_input_is_learnt_from_as_a_file_is(run, novel, tmp_path):
    code, _, stderr = run("train", "lm", "-", "--out", tmp_path / "piped", *TINY, stdin=novel.read_bytes())
    assert code == 0, stderr
    assert run("train", "lm", novel, "--out", tmp_path / "named", *TINY).code == 0
    piped, named = (ModelFolder(tmp_path / name).read("model.safetensors") for name in ("piped", "named"))
    assert piped == named


def test_jsonl_on_standard_input_is_read_as_its_format_says(run, tables):
    command = ("train", "lm", "-", "--out", tables / "model", *TINY, "--unit", "line", "--input-format", "jsonl")
    code, _, stderr = run(*command, "--column", "review", stdin=(tables / "table.jsonl").read_bytes())
    assert code == 0, stderr
    assert " symbols in 114 lines to learn from" in stderr


def test_the_files_of_a_folder_are_learnt_from_in_the_order_of_their_names(run, tables):
    code, _, stderr = run("train", "lm", tables / "books", "--out", tables / "model", *TINY)
    assert code == 0, stderr
    assert "vocabulary: 2 of 2 distinct" in stderr
    assert list(json.loads((tables / "model" / "config.json").read_text())["training"]["files"]) == ["a.md", "b.txt"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--resume", "--extend"), "give one"),
        (("--resume", "--overwrite"), "without --overwrite and --dry-run"),
        (("--extend", "--dry-run"), "without --overwrite and --dry-run"),
        (("--resume",), "there is no training in model to go on with"),
        (("--extend",), "there is no training in model to go on with"),
        ((), "name the texts to learn from"),
        (("absent*.txt",), "no file fits the pattern absent*.txt"),
    ],
)
def test_a_command_that_cannot_go_on_is_refused_in_one_line(run, tmp_path, monkeypatch, flags, says):
    monkeypatch.chdir(tmp_path)
    result = run("train", "lm", "--out", "model", *flags)
    assert result.code == (1 if "absent" in says or "pattern" in says else 2)
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_what_has_ended_is_extended_and_what_has_not_is_not_begun_anew(run, novel, tmp_path, monkeypatch):
    out = tmp_path / "model"
    command = ("train", "lm", novel, "--out", out, *TINY)
    assert run(*command).code == 0
    assert "has ended (done): --extend" in run("train", "lm", "--out", out, "--resume").stderr
    code, _, stderr = run("train", "lm", "--out", out, "--extend", "--steps", "4")
    assert code == 0, stderr
    assert "step 10 of 10" in stderr
    assert [row["step"] for row in history(out)] == [3, 6, 8, 10]

    def fail(self, **arguments):
        raise DataError("the lamp went out")

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "glimpse", fail)
        assert run(*command, "--overwrite").code == 1
    refused = run(*command)
    assert refused.code == 2
    assert "has not ended, at step 3 of 6: --resume goes on with it, --overwrite begins anew" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert run(*command, "--overwrite").code == 0


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--steps", "30"), "30 steps: about "),
        (("--minutes", "0.5"), "0.5 minutes: about "),
        (("--epochs", "2"), " steps: about "),
        (("--steps", "30", "--streaming", "--valid", "VALID"), "parameters for a stream of unknown length"),
    ],
)
def test_a_dry_run_says_what_it_would_cost_and_writes_nothing(run, novel, tmp_path, monkeypatch, flags, says):
    valid = tmp_path / "valid.txt"
    valid.write_text(TEXT[:300])
    (tmp_path / "kept").mkdir()
    flags = [str(valid) if flag == "VALID" else flag for flag in flags]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "kept"))
    code, stdout, stderr = run("train", "lm", novel, "--out", tmp_path / "model", "--dry-run", *TINY[:8], *flags)
    assert (code, stderr) == (0, ""), stderr
    assert says in stdout
    for part in (
        " parameters for ",
        " MB beside the program's own",
        " s a step, ",
        " s an evaluation",
        "nothing was written",
    ):
        assert part in stdout
    assert (" s an epoch of " in stdout) == ("--streaming" not in flags)
    assert not list((tmp_path / "kept").glob("textrnn-*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "novel.txt", "valid.txt"]


@pytest.mark.parametrize(
    ("flags", "first", "says"),
    [
        (
            ("--embedding", "word2vec", "--embedding-size", "4"),
            "word2vec: learning 4 numbers",
            "word2vec: epoch 5 of 5",
        ),
        (("--embedding", "vectors.txt"), "reading the vectors of vectors.txt", "2 of 8 words have a vector, "),
    ],
)
def test_vectors_of_others_are_announced_and_told_of(run, novel, tmp_path, monkeypatch, flags, first, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vectors.txt").write_text("shells 1 2 3 4\nsea 3 2 1 0\n")
    novel.write_text(TEXT * 3)
    command = ("train", "lm", novel, "--level", "word", *flags, *TINY[:2], *TINY[4:])
    code, stdout, stderr = run(*command, "--dry-run")
    assert (code, stderr.startswith(first)) == (0, True), stderr
    assert "vectors of 4 numbers from" in stdout
    assert not (tmp_path / "model").exists()
    code, _, stderr = run(*command, "--out", "model")
    assert code == 0, stderr
    assert stderr.startswith(first)
    assert says in stderr
    card = (tmp_path / "model" / "README.md").read_text()
    assert "pretrained input" in card
    assert next(line for line in stderr.splitlines() if line.startswith("vectors of 4 numbers from ")) in card
    if "vectors.txt" in flags:
        assert hashlib.sha256((tmp_path / "vectors.txt").read_bytes()).hexdigest() in card
    assert "vectors: " in run("inspect", "model").stderr
    assert run("selfcheck", "model").code == 0


def test_the_help_says_how_a_set_of_the_datasets_library_is_named(run):
    _, stdout, _ = run("train", "--help")
    assert "datasets:ID[:SUBSET][@SPLIT]" in "".join(stdout.split()).replace("│", "")


def test_a_model_is_replaced_only_where_that_is_asked_for(run, novel, tmp_path):
    command = ("train", "lm", str(novel), "--out", str(tmp_path / "model"), *TINY)
    assert run(*command).code == 0
    before = (tmp_path / "model" / "config.json").read_bytes()
    for again in (command, ("quantize", str(tmp_path / "model"), "--out", str(tmp_path / "model"))):
        refused = run(*again)
        assert refused.code == 2
        assert refused.stderr.startswith("error: ")
    assert (tmp_path / "model" / "config.json").read_bytes() == before
    assert run(*command, "--overwrite").code == 0


def test_an_end_of_0_is_refused(run, novel, tmp_path):
    code, _, stderr = run("train", "lm", str(novel), "--out", str(tmp_path / "model"), "--steps", "0")
    assert code == 2
    assert "more than 0" in stderr
