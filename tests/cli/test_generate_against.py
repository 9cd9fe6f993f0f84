"""textrnn generate --against and --novelty: how much of a sample is copied."""

import gzip
import io
import json
from contextlib import redirect_stderr
from pathlib import Path

import pytest

import textrnn
from tests.conftest import Result, Run, Terminal
from tests.reading import jsonl, refused
from tests.small_models import TEXT, small_model
from textrnn.cli import novelty
from textrnn.cli.app import main
from textrnn.cli.novelty import describe_copy
from textrnn.metrics.novelty import Copied, longest_copies
from textrnn.text.levels import LEVELS

COPY_FIELDS = ("copied", "copied_characters", "copied_from", "copied_line")


@pytest.mark.parametrize("level", LEVELS)
def test_against_a_text_every_sample_has_its_longest_span(
    run: Run, small_folders: dict[str, Path], tmp_path: Path, level: str
) -> None:
    """The text is made of what the samples say, cut up; CRLF in a file is the LF that a sample has."""
    arguments = ("generate", small_folders[level], "-p", "The cat", "-n", "5", "--seed", "4", "--max-tokens", "40")
    plain = jsonl(run(*arguments, "--format", "jsonl").stdout)
    texts = [row["text"] for row in plain]
    assert min(map(len, texts[:3])) > 12
    one, two = tmp_path / "one.txt", tmp_path / "two.txt.gz"
    one.write_bytes(("#\n#\n" + texts[0][3:9] + "#" + texts[1]).replace("\n", "\r\n").encode())
    two.write_bytes(gzip.compress(("The cat" + texts[2][:8] + "\n#" + texts[0][2:11]).encode()))
    result = run(*arguments, "--against", one, "--against", two, "--format", "jsonl")
    assert (result.code, result.stderr) == (0, "")
    rows = jsonl(result.stdout)
    found = longest_copies(
        texts,
        {
            str(one): [one.read_bytes().decode().replace("\r\n", "\n")],
            str(two): [gzip.decompress(two.read_bytes()).decode()],
        },
    )
    assert rows == [
        row | dict(zip(COPY_FIELDS, (each.text, len(each.text), each.source, each.line), strict=True))
        for row, each in zip(plain, found, strict=True)
    ]
    assert rows[0]["copied_characters"] >= 9
    assert (rows[1]["copied"], rows[1]["copied_from"]) == (texts[1], str(one))
    assert rows[1]["copied_line"] == 3 + texts[0][3:9].count("\n")
    assert not rows[2]["copied"].startswith("The cat")  # that is the prompt


def test_against_a_text_people_are_told_of_each_sample(
    run: Run, small_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("generate", small_folders["char"], "--seed", "4", "--max-tokens", "40")
    samples = textrnn.load(small_folders["char"]).generate(n=2, seed=4, max_tokens=40)
    Path("novel.txt").write_text(f"#\n{samples[0].text}#{samples[1].text[:20]}#")
    Path("other.txt").write_text("#")
    count = len(samples[0].text)
    copied = [(samples[0].text, count), (samples[1].text[:20], len(samples[1].text))]
    lines = [
        f"longest span found in novel.txt, line {line}: {len(span)} of {count} characters, "
        f"{json.dumps(span, ensure_ascii=False)}\n"
        for (span, count), line in zip(copied, (2, 2 + samples[0].text.count("\n")), strict=True)
    ]
    plain = run(*arguments, "-n", "2")
    assert run(*arguments, "-n", "2", "--against", "novel.txt") == Result(0, plain.stdout, "".join(lines))
    nothing = run(*arguments, "--against", "other.txt")
    assert nothing.stderr == "no character of it found in other.txt\n"
    assert run(*arguments, "--max-tokens", "0", "--against", "novel.txt").stderr == (
        "no character of it found in novel.txt\n"
    )
    terminal = Terminal()
    monkeypatch.setattr("textrnn.cli.output.sys.stdout", terminal)
    monkeypatch.setattr("sys.argv", ["textrnn", *map(str, arguments), "--against", "novel.txt"])
    errors = io.StringIO()
    with redirect_stderr(errors), pytest.raises(SystemExit):
        main()
    assert terminal.getvalue() == f"{samples[0].text}\n"
    assert errors.getvalue().endswith("a token\n" + lines[0])


def test_a_long_span_is_shown_to_people_by_its_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    (sample,) = textrnn.load("shakespeare").generate(seed=0, max_tokens=200)
    describe_copy(sample, Copied(sample.text, "a.txt", 1_234), ["a.txt"])
    shown = json.dumps(sample.text[:99] + "…", ensure_ascii=False)
    assert capsys.readouterr().err == f"longest span found in a.txt, line 1,234: 200 of 200 characters, {shown}\n"


def test_novelty_is_against_the_text_that_the_model_learnt_from(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.txt").write_text(TEXT * 3)
    steps = ("--steps", "2", "--set", "units=8", "--set", "embedding_size=8")
    assert run("train", "lm", "mine.txt", "--out", "mine", *steps).code == 0
    arguments = ("generate", "mine", "--seed", "1", "-n", "3", "--format", "jsonl")
    result = run(*arguments, "--novelty")
    assert result.code == 0
    assert result == run(*arguments, "--against", "mine.txt")
    assert "mine.txt" in {row["copied_from"] for row in jsonl(result.stdout)}  # an empty sample has nowhere
    Path("mine.txt").write_text(TEXT * 3 + "more")
    line = refused(run(*arguments, "--novelty"), 2)
    assert "mine.txt is not in this directory as it was" in line
    assert run(*arguments, "--novelty", "--against", "mine.txt").code == 0
    Path("mine.txt").unlink()
    assert "--against FILE" in refused(run(*arguments, "--novelty"), 2)


def test_novelty_without_a_text_exits_2(run: Run, small_folders: dict[str, Path]) -> None:
    line = refused(run("generate", small_folders["char"], "--novelty"), 2)
    assert "the model does not name it; give a text by --against FILE" in line


def test_a_text_that_cannot_be_compared_with_is_refused_before_anything_is_printed(
    run: Run, small_folders: dict[str, Path], tmp_path: Path
) -> None:
    arguments = ("generate", small_folders["char"], "--against")
    (tmp_path / "empty").write_text("")
    (tmp_path / "bytes").write_bytes(b"a\xff")
    assert "there is no file" in refused(run(*arguments, tmp_path / "missing"), 1)
    assert "is a directory" in refused(run(*arguments, tmp_path), 1)
    assert "is empty" in refused(run(*arguments, tmp_path / "empty"), 1)
    assert "line 1, byte 2: not utf-8" in refused(run(*arguments, tmp_path / "bytes", "--strict"), 1)
    assert run(*arguments, tmp_path / "bytes", "--encoding", "latin-1").code == 0
    assert "unknown encoding 'klingon'" in refused(run(*arguments, tmp_path / "bytes", "--encoding", "klingon"), 2)
    assert "standard input" in refused(run(*arguments, "-"), 2)


def test_many_samples_are_compared_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text").write_text("the cat sat on the mat")
    samples = small_model("char").generate(n=7, seed=1, max_tokens=30)
    sources = [str(tmp_path / "text")]
    whole = list(novelty.with_copies(samples, sources, encoding="utf-8", strict=False))
    monkeypatch.setattr(novelty, "SAMPLES_AT_ONCE", 3)
    assert list(novelty.with_copies(samples, sources, encoding="utf-8", strict=False)) == whole
    assert [sample for sample, _ in whole] == samples
    assert all(copied and copied.text in sample.text for sample, copied in whole)


def test_what_had_to_be_repaired_is_counted_or_refused(
    run: Run, small_folders: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "odd.txt").write_bytes(b"the cat\nthe \xff mat\n")
    arguments = ("generate", small_folders["char"], "--max-tokens", "3", "--against", tmp_path / "odd.txt")
    assert "odd.txt: undecodable bytes read as U+FFFD: 1, the first on line 2" in run(*arguments).stderr
    assert "odd.txt, line 2, byte 5: not utf-8" in refused(run(*arguments, "--strict"), 1)
