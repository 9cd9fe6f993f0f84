"""The commands of explain, run: their records, pictures and errors."""

import json
import os
from pathlib import Path

import pytest

PNG = b"\x89PNG"
MANY = ",".join(f"{number / 100}" for number in range(150))  # temperatures


def records(stdout: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_sampling_gives_the_chances_at_each_temperature(run, tiny_int8: Path, tmp_path: Path) -> None:
    picture = tmp_path / "chances.png"
    arguments = ("explain", "sampling", str(tiny_int8), "to b", "--temperature", "0,1,1.0000001", "--count", "4")
    code, stdout, stderr = run(*arguments, "--format", "jsonl", "--png", str(picture))
    assert code == 0
    rows = records(stdout)
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]
    assert list(rows[0]) == ["rank", "token", "p_at_0", "p_at_1", "p_at_1.0000001"]
    assert [row["p_at_0"] for row in rows] == [1, 0, 0, 0]
    assert "temperature 0: as open as 1.0 equal choices" in stderr
    assert picture.read_bytes().startswith(PNG)


def test_forcing_gives_both_readings_of_a_text(run, tiny_int8: Path, tmp_path: Path) -> None:
    picture = tmp_path / "forcing.png"
    arguments = ("explain", "forcing", str(tiny_int8), "-p", "to b", "--text", "e or not\nto be")
    code, stdout, stderr = run(*arguments, "--format", "jsonl", "--png", str(picture))
    assert code == 0
    rows = records(stdout)
    assert "".join(str(row["token"]) for row in rows) == "e or not\nto be"
    assert rows[0]["forced_logprob"] == rows[0]["free_logprob"]
    assert "mean log-probability of a true symbol" in stderr
    assert picture.read_bytes().startswith(PNG)
    code, stdout, _ = run(*arguments, "--format", "table")
    assert "↵" in stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("sampling", "MODEL", "a", "--temperature", "1,x"), 2, "--temperature takes numbers with commas between"),
        (("sampling", "MODEL", "a", "--temperature=-1"), 2, "temperature must be from 0"),
        (("sampling", "absent", "a"), 1, "absent"),
        (("sampling", "MODEL", "--temperature", MANY, "--png", "x.png"), 2, "inches is too large, 200 is the most"),
        (("states", "shakespeare", "--text", "a", "--units", "2000", "--png", "x.png"), 2, "inches is too large"),
        (("cell", "lstm", "--unroll", "300", "--png", "x.png"), 2, "a picture has room for 20 steps"),
        (("sampling", "LABELS", "a"), 2, "classifier"),
        (("forcing", "MODEL", "--text", ""), 1, "the text has no symbol"),
        (("forcing", "MODEL", "--text", "a", "--png", "absent/x.png"), 1, "absent/x.png cannot be written"),
        (("forcing", "MODEL"), 2, "--text"),
        (("cell", "lstm", "--png", "lstm.svg"), 2, "--png writes a PNG, and lstm.svg would be called a svg"),
    ],
)
def test_what_cannot_be_explained_is_one_line(
    run, tiny_int8: Path, tiny_classifier: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    folders = {"MODEL": str(tiny_int8), "LABELS": str(tiny_classifier)}
    found, stdout, stderr = run("explain", *(folders.get(part, part) for part in arguments))
    assert found == code
    assert says in stderr.splitlines()[-1]
    assert not stdout


@pytest.mark.parametrize(
    "line",
    [
        *("attention sentiment --text a", "bptt", "cell gru", "forcing shakespeare --text a", "gradients"),
        *("sampling shakespeare", "states shakespeare --text a"),
    ],
)
def test_before_the_work_it_is_known_whether_a_picture_can_be_written(
    run, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr("textrnn.model_folder.find_model", lambda name: pytest.fail("the work began"))
    monkeypatch.setattr("textrnn.training.truncation.outcomes", lambda *_, **__: pytest.fail("the work began"))
    monkeypatch.setattr("textrnn.training.gradient_series.series_of_task", lambda *_, **__: pytest.fail("it began"))
    code, stdout, stderr = run("explain", *line.split(), "--png", "absent/picture.png")
    assert (code, stdout) == (1, "")
    assert stderr == "error: absent/picture.png cannot be written: absent is no folder that can be written to\n"
    code, stdout, stderr = run("explain", *line.split(), "--out", "absent/results.csv")
    assert (code, stdout) == (1, "")
    assert stderr == "error: absent/results.csv cannot be written: absent is no folder that can be written to\n"
    monkeypatch.setattr("textrnn.extras.find_spec", lambda package: None if package == "matplotlib" else package)
    code, stdout, stderr = run("explain", *line.split(), "--png", "picture.png")
    assert (code, stdout) == (2, "")
    assert stderr == "error: --png needs the 'eval' extra: pip install 'textrnn[eval]'\n"


@pytest.mark.parametrize("options", [("--png", "--out"), ("--html", "--out"), ("--png", "--html")], ids=" ".join)
def test_no_two_results_are_written_to_one_file(run, tmp_path: Path, options: tuple[str, str]) -> None:
    one, other = options
    arguments = ("explain", "attention", "sentiment", "--text", "a good film", "--format", "jsonl")
    code, stdout, stderr = run(*arguments, one, tmp_path / "x.png", other, tmp_path / "." / "x.png")
    assert (code, stdout) == (2, "")
    assert stderr == f"error: two options would write to {tmp_path / 'x.png'}: give each a file of its own\n"
    assert not any(tmp_path.iterdir())
    code, stdout, stderr = run(*arguments, one, os.devnull, other, os.devnull)
    assert code == 0, stderr
