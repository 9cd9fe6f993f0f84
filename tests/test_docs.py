"""The documentation is executed: README blocks, the examples of every command's help, the public names."""

import gzip
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

import textrnn
from textrnn.cli import app as app_module
from textrnn.cli import corpus, explain, vectors
from textrnn.data import Data
from textrnn.settings import training_settings
from textrnn.training.starting import begin

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", flags=re.DOTALL)
BLOCKS = BLOCK.findall(README)
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PRIMES = (2, 3, 5, 7, 11, 13, 17, 23)  # as many as the vectors of the quick commands have entries
QUICK = {  # the same commands, in seconds
    "--out novel.vec": "--out novel.vec --size 8",
    "--minutes 3": "--steps 8 --set evaluations=2 --set units=16 --set embedding_size=8",
    "minutes=3": "steps=8, evaluations=2, units=16, embedding_size=8",
    "--steps 300": "--steps 2 --units 8",
    "explain bptt": "explain bptt --steps 1 --units 4",
    "--length 100": "--length 20",
}
COMMANDS = (
    "train",
    "generate",
    "score",
    "choose",
    "next",
    "classify",
    "translate",
    "evaluate",
    "compare",
    "inspect",
    "selfcheck",
    "quantize",
    "models",
    "corpus",
)
SUBCOMMANDS = {
    "corpus list": corpus.LIST_EXAMPLES,
    "corpus check": corpus.CHECK_EXAMPLES,
    **{
        f"{group.__name__} {command.__name__.rpartition('.')[2]}".removeprefix("textrnn.cli."): command.EXAMPLES
        for group in (explain, vectors)
        for command in group.COMMANDS
    },
}


def quickened(command: str) -> str:
    for slow, quick in QUICK.items():
        command = command.replace(slow, quick)
    return command


def commands_of(text: str) -> list[str]:
    return [line.partition("  #")[0].strip() for line in text.splitlines() if line.startswith("textrnn ")]


COURSE = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
COURSE_COMMANDS = [command for kind, block in BLOCK.findall(COURSE) if kind == "bash" for command in commands_of(block)]
HURRIED = {
    "textrnn vectors train": "--size 4 --epochs 1",
    "textrnn train": "--steps 3 --units 4 --embedding-size 4",
    "textrnn explain gradients --cell elman,gru,lstm --forget-bias 3": "--units 4 --batch 2 --length 6 --steps 1",
    "textrnn explain gradients by-": "--batch 2",
    "textrnn explain gradients": "--units 4 --batch 2 --length 6",
    "textrnn explain terms": "--units 4",
    "textrnn explain bptt": "--units 4 --distance 1,2 --steps 1",
}
README_COMMANDS = [command for kind, block in BLOCKS if kind == "bash" for command in commands_of(block)]
HELP_EXAMPLES = [
    command
    for examples in (*(getattr(app_module, name).EXAMPLES for name in COMMANDS), *SUBCOMMANDS.values())
    for command in re.findall(r"\[bold\](.*?)\[/bold\]", examples)
]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with the files that the documentation speaks of."""
    folder = tmp_path_factory.mktemp("docs")
    text = (ROOT / "corpora" / "lighthouse.txt").read_text(encoding="utf-8")
    (folder / "novel.txt").write_text(text[:20_000])
    (folder / "sentences.txt").write_text(text[:2_000])
    (folder / "prompts.txt").write_text("The ship\nThe lamp\n")
    for name, lines in (("train", text.splitlines()[:200]), ("valid", text.splitlines()[200:240])):
        (folder / f"ptb.{name}.txt").write_text("".join(f" {line} <unk> \n" for line in lines))
    for name in ("choices.txt", "phrases.tsv", "questions.tsv", "reviews.csv"):
        shutil.copy(ROOT / "corpora" / name, folder)
    (folder / "reviews.csv.gz").write_bytes(gzip.compress((folder / "reviews.csv").read_bytes()))
    (folder / "samples.jsonl.gz").write_bytes(gzip.compress(b'{"id": 1, "text": "The lamp."}\n"A line."\n'))
    shutil.copy(ROOT / "README.md", folder)
    (folder / "books").mkdir()
    for number in (1, 2):
        (folder / "books" / f"{number}.txt").write_text(text[20_000 * number : 20_000 * (number + 1)])
    words = sorted(set(text[:20_000].lower().split()))
    rows = (
        f"{word} {' '.join(str((number * prime) % 19 - 9) for prime in PRIMES)}\n" for number, word in enumerate(words)
    )
    (folder / "vectors.txt").write_text("".join(rows))
    ratings = "".join(f"lamp\t{word}\t{rating}\n" for rating, word in enumerate(("ship", "sea", "light", "night")))
    (folder / "pairs.tsv").write_text(ratings)
    (folder / "analogies.txt").write_text(": things\nlamp light ship sea\nnight light sea ship\n")
    lines = list(filter(None, text.splitlines()))[:100]
    (folder / "captions.txt").write_text("".join(f"{line}\n" for line in lines))
    for name, count in (("features", len(lines)), ("one", 1)):
        np.save(folder / f"{name}.npy", np.arange(count * 4).reshape(count, 4) / count)
    interrupted_run(folder / "novel.txt", folder / "night")
    return folder


def interrupted_run(text: Path, out: Path) -> None:
    """A folder as Ctrl-C leaves it."""
    settings = training_settings({"steps": 8, "units": 16, "embedding_size": 8, "evaluations": 4})
    run = begin("lm", Data(files=(str(text),)), out, settings)
    for _ in run.rows():
        run.stop()


def test_every_documented_command_runs_in_order(workplace, run, monkeypatch):
    monkeypatch.chdir(workplace)
    assert README_COMMANDS
    for command in dict.fromkeys([*README_COMMANDS, *HELP_EXAMPLES]):
        names = shlex.split(command)
        if names[1] in ("train", "quantize") and "--out" in names and not {"--resume", "--extend"} & set(names):
            shutil.rmtree(names[names.index("--out") + 1], ignore_errors=True)  # each reader begins with none
        code, _, stderr = run(*shlex.split(quickened(command))[1:])
        assert code == 0, f"{command}\n{stderr}"


def hurried(command: str) -> str:
    """A command of the course, in seconds: a later flag counts."""
    found = next((more for beginning, more in HURRIED.items() if command.startswith(beginning)), "")
    return f"{command} {found}"


def test_every_command_of_the_course_runs_and_makes_its_pictures(tmp_path, run, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpora").symlink_to(ROOT / "corpora")
    assert COURSE_COMMANDS
    for command in COURSE_COMMANDS:
        code, _, stderr = run(*shlex.split(hurried(command))[1:])
        assert code == 0, f"{command}\n{stderr}"
    (by_hand,) = (block for kind, block in BLOCK.findall(COURSE) if kind == "python")
    exec(compile(by_hand, "course.md", "exec"), {})
    token, probability = capsys.readouterr().out[:-1].rsplit(" ", 1)
    likeliest = json.loads(run("next", "elman", "The lam", "--count", "1", "--format", "jsonl").stdout)
    assert (likeliest["token"], likeliest["probability"]) == (token, pytest.approx(float(probability), rel=1e-4))
    shown = {*re.findall(r"\]\(course/([^)]+)\)", COURSE)}
    pictures = ROOT / "docs" / "course"
    kept = {path.relative_to(pictures).as_posix() for path in pictures.rglob("*.png")}
    assert shown == kept
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")}
    assert shown <= made


def test_every_command_has_help_with_an_example_and_a_place_in_the_readme(run):
    for name in (*COMMANDS, *SUBCOMMANDS):
        code, stdout, _ = run(*name.split(), "--help")
        assert code == 0
        assert "Examples:" in stdout
        assert f"textrnn {name}" in README
    code, stdout, _ = run("--help")
    assert all(name in stdout for name in COMMANDS)


def test_python_blocks_run(capsys):
    blocks = [block for kind, block in BLOCKS if kind == "python"]
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert "To be, or not to be" in capsys.readouterr().out


@pytest.mark.usefixtures("package_cells")
def test_the_cell_of_the_instructions_is_trained_and_opened(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    names = {}
    for kind, block in BLOCK.findall(CONTRIBUTING):
        assert kind == "python"
        exec(compile(quickened(block), "CONTRIBUTING.md", "exec"), names)
    assert names["model"].config.architecture.core.cell == names["MGU"].name == "mgu"
    assert names["model"].generate("The", max_tokens=5, seed=1)[0].logprob < 0


def test_the_public_names_are_these_and_exist():
    results = {"Explanation", "Generation", "Prediction", "Score", "TokenList", "Translation"}
    classes = {"Cell", "Classifier", "LanguageModel", "Translator", *results}
    assert set(textrnn.__all__) == {*classes, "__version__", "load", "train"}
    for name in textrnn.__all__:
        assert getattr(textrnn, name)


def test_the_two_commands_of_the_readme_are_those_that_ci_runs():
    assert "scripts/demo" in README
    assert "scripts/test" in README
    assert "scripts/test" in (ROOT / ".ci" / "run").read_text()
    assert "scripts/demo" in (ROOT / ".ci" / "runtime-alone").read_text()
