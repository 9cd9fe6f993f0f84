"""Every command as a real process: its exit code, its one line of error, and never a traceback unless asked for."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from textrnn.cli.app import app

SENTENCE = "To be, or not to bé: that is the question.\n"


class Command(NamedTuple):
    """How a command is run in the workplace; None where that cannot happen to it."""

    good: str
    bad_data: str | None
    bad_usage: str
    waiting: str | None  # reads the pipe named `waiting`
    results: bool = True  # whether standard output gets any
    out: bool = True  # whether it has an --out for its results
    is_heavy: bool = False  # seconds rather than a fraction


TRAINING = "lm {} --out new --steps 4 --units 4 --embedding-size 4 --batch 2 --window 8 --seed 1"
COMMANDS = {
    "train": Command(
        TRAINING.format("long.txt"),
        TRAINING.format("absent.txt"),
        "lm long.txt",
        TRAINING.format("waiting"),
        results=False,
        out=False,
        is_heavy=True,
    ),
    "generate": Command(
        "int8 --prompts text.txt --max-tokens 9 --seed 1 --format csv",
        "absent",
        "int8 --temperature=-1",
        "int8 --prompts waiting",
    ),
    "score": Command("int8 text.txt", "int8 absent.txt", "int8 text.txt --text a", "int8 waiting"),
    "choose": Command(
        "int8 --file choices.txt", "int8 {a", "int8 --file text.txt a", "int8 --file waiting", is_heavy=True
    ),
    "next": Command("int8 To", "absent", "int8 --count 0", None, out=False),
    "classify": Command("labels text.txt --probs --format csv", "labels absent.txt", "int8 text.txt", "labels waiting"),
    "translate": Command(
        "words text.txt --max-length 0 --format csv", "words absent.txt", "int8 text.txt", "words waiting"
    ),
    "evaluate": Command("int8 text.txt", "int8 empty.txt", "int8 text.txt --encoding x", "int8 waiting"),
    "compare": Command(
        "int8 float32 text.txt", "int8 absent", "int8 int8 --lines --running-text", "int8 int8 waiting", is_heavy=True
    ),
    "inspect": Command("int8", "absent", "int8 --format xml", None, out=False),
    "selfcheck": Command("int8 text.txt", "int8 empty.txt", "int8 --encoding", "int8 waiting", is_heavy=True),
    "quantize": Command(
        "float32 --out new --overwrite",
        "int8 --out new",
        "float32",
        "int8 --out new --data waiting",
        out=False,
        is_heavy=True,
    ),
    "explain attention": Command(
        "labels text.txt", "labels absent.txt", "int8 text.txt", "labels waiting", is_heavy=True
    ),
    "explain cell": Command("lstm", None, "mgu", None, is_heavy=True),
    "models": Command("", None, "--format xml", None, out=False),
    "explain forcing": Command("int8 --text To", "absent --text To", "int8", None, is_heavy=True),
    "explain sampling": Command("int8 To", "absent", "int8 --temperature x", None, is_heavy=True),
    "explain states": Command(
        "int8 text.txt --units 2 --format jsonl", "absent", "int8 --text a --unit 9.0", "int8 waiting", is_heavy=True
    ),
    "explain bptt": Command("--cell elman --distance 1 --steps 1 --units 2", None, "--cell x", None, is_heavy=True),
    "explain gradients": Command(
        "--length 3 --units 2 --batch 1", "int8 text.txt", "--cell x", "float32 waiting", is_heavy=True
    ),
    "explain terms": Command("--units 2 --text abc", "int8", "--cell x", None, is_heavy=True),
    "vectors train": Command(
        "long.txt --out new.vec --size 4 --epochs 1",
        "absent.txt --out new.vec",
        "long.txt --out new.vec --size 0",
        "waiting --out new.vec",
        results=False,
        out=False,
        is_heavy=True,
    ),
    "vectors neighbors": Command(
        "vectors.txt a b --format csv",
        "vectors.txt absent",
        "vectors.txt a --count 0",
        "vectors.txt --file waiting",
        is_heavy=True,
    ),
    "vectors analogy": Command("vectors.txt a b c", "vectors.txt a b absent", "vectors.txt a b", None, is_heavy=True),
    "vectors evaluate": Command(
        "vectors.txt --similarity pairs.tsv",
        "vectors.txt --similarity text.txt",
        "vectors.txt",
        "vectors.txt --similarity waiting",
        is_heavy=True,
    ),
    "vectors plot": Command(
        "vectors.txt --format csv", "vectors.txt a b absent", "vectors.txt --method absent", None, is_heavy=True
    ),
    "corpus list": Command("", None, "absent", None),
    "corpus check": Command("text.txt", "absent.txt", "", "waiting"),
}


def commands_of_the_program() -> set[str]:
    names = {str(command.name) for command in app.registered_commands}
    for group in app.registered_groups:
        inner = group.typer_instance
        assert inner
        names |= {f"{inner.info.name} {command.name}" for command in inner.registered_commands}
    return names


def test_every_command_is_in_the_table() -> None:
    assert set(COMMANDS) == commands_of_the_program()


def table(*, heavy: bool = True, **wanted: bool) -> list[Any]:
    """The commands that have what is wanted; the heavy ones in the long suite alone, unless asked for."""
    return [
        pytest.param(name, marks=[pytest.mark.slow] if command.is_heavy and not heavy else [])
        for name, command in COMMANDS.items()
        if all((getattr(command, field) not in (None, False)) is value for field, value in wanted.items())
    ]


@pytest.fixture
def workplace(tmp_path: Path, tiny_model: Path, tiny_int8: Path, tiny_classifier: Path, tiny_translator: Path) -> Path:
    """A folder with models and texts under short names."""
    (tmp_path / "float32").symlink_to(tiny_model)
    (tmp_path / "int8").symlink_to(tiny_int8)
    (tmp_path / "labels").symlink_to(tiny_classifier)
    (tmp_path / "words").symlink_to(tiny_translator)
    (tmp_path / "text.txt").write_text(SENTENCE * 2, encoding="utf-8")
    (tmp_path / "long.txt").write_text(SENTENCE * 50, encoding="utf-8")
    (tmp_path / "choices.txt").write_text("To {be|bee}, or nót.\n", encoding="utf-8")
    (tmp_path / "vectors.txt").write_text("a 1 2 3\nb 2 1 0\nc 0 1 2\nd 3 0 1\n", encoding="utf-8")
    (tmp_path / "pairs.tsv").write_text("a\tb\t1\nb\tc\t2\na\tc\t3\n", encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    return tmp_path


class Ended(NamedTuple):
    """What a process left behind; None where its stream was not read."""

    code: int
    stdout: bytes | None
    stderr: bytes | None


def arguments(name: str, rest: str, *, before: str = "") -> list[str]:
    return [sys.executable, "-m", "textrnn", *before.split(), *name.split(), *rest.split()]


def start(command: list[str], workplace: Path, *, env: dict[str, str] | None = None, **streams: Any):
    """The process, its streams pipes unless given."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=workplace, env=os.environ | (env or {}), **(pipes | streams))


def ended(process: subprocess.Popen[bytes]) -> Ended:
    """The process at its end: whatever happened, it showed no traceback."""
    with process:
        stdout, stderr = process.communicate(timeout=300)
    for stream in (stdout, stderr):
        assert not any(words in (stream or b"") for words in (b"Traceback", b"Exception ignored", b"Warning"))
    return Ended(process.returncode, stdout, stderr)


def one_line(stderr: bytes | None) -> str:
    assert stderr is not None
    (line,) = stderr.decode().splitlines()
    assert line.startswith("error: ")
    return line


# A locale of ASCII that Python takes as it is, and nothing to find programs or settings by.
BARE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
BARE |= {"PATH": "", "HOME": ""}


@pytest.mark.parametrize("name", table(heavy=False))
def test_a_command_succeeds_and_its_surroundings_change_nothing(name: str, workplace: Path) -> None:
    command = COMMANDS[name]
    other = shutil.copytree(workplace, workplace / "other", symlinks=True)  # for what is written there
    line = arguments(name, command.good)
    processes = (
        start(line, workplace, env={"PYTHONHASHSEED": "1"}),
        start(line, other, env=BARE | {"PYTHONHASHSEED": "2"}),
    )
    first, second = map(ended, processes)
    assert (first.code, second.code) == (0, 0), (first, second)
    assert bool(first.stdout) is command.results
    assert first.stdout == second.stdout


@pytest.mark.parametrize("name", table(heavy=False, bad_data=True))
def test_data_at_fault_is_one_line_and_exit_1(name: str, workplace: Path) -> None:
    before = sorted(os.listdir(workplace))
    code, stdout, stderr = ended(start(arguments(name, str(COMMANDS[name].bad_data)), workplace))
    assert (code, stdout) == (1, b"")
    assert one_line(stderr)
    assert sorted(os.listdir(workplace)) == before


@pytest.mark.parametrize("name", table(heavy=False))
def test_a_command_at_fault_is_one_line_and_exit_2(name: str, workplace: Path) -> None:
    code, stdout, stderr = ended(start(arguments(name, COMMANDS[name].bad_usage), workplace))
    assert (code, stdout) == (2, b""), stderr
    assert one_line(stderr)


@pytest.mark.parametrize(("fault", "code"), [("bad_usage", 2), pytest.param("bad_data", 1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", table(heavy=False, bad_data=True))
def test_debug_shows_the_traceback_and_keeps_the_exit_code(name: str, fault: str, code: int, workplace: Path) -> None:
    with start(arguments(name, getattr(COMMANDS[name], fault), before="--debug"), workplace) as process:
        stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stdout) == (code, b"")
    assert b"Traceback" in stderr


@pytest.fixture
def closed_pipe() -> Iterator[int]:
    """The end to write to of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("name", table(heavy=False, results=True))
def test_a_reader_that_went_away_is_no_error(name: str, workplace: Path, closed_pipe: int) -> None:
    line = arguments(name, COMMANDS[name].good)
    first = ended(start(line, workplace, stdout=closed_pipe))  # one after the other: both write what they make
    second = ended(start(line, workplace, stdout=closed_pipe, stderr=closed_pipe))
    assert (first.code, second.code) == (0, 0), first.stderr
    assert b"error" not in (first.stderr or b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("name", table(heavy=False, results=True))
def test_an_output_that_takes_nothing_is_exit_1(name: str, workplace: Path) -> None:
    with open("/dev/full", "wb") as full:
        code, _, stderr = ended(start(arguments(name, COMMANDS[name].good), workplace, stdout=full))
    assert code == 1
    assert stderr is not None
    assert stderr.decode().splitlines()[-1] == "error: standard output cannot be written: No space left on device"


@pytest.mark.parametrize("name", table(heavy=False, waiting=True))
def test_ctrl_c_is_exit_130_and_said(name: str, workplace: Path) -> None:
    os.mkfifo(workplace / "waiting")
    process = start(arguments(name, str(COMMANDS[name].waiting)), workplace)
    end = writing_end(workplace / "waiting", process)
    process.send_signal(signal.SIGINT)
    result = ended(process)
    os.close(end)
    assert (result.code, result.stdout) == (130, b"")
    assert result.stderr is not None
    assert result.stderr.endswith(b"interrupted\n")


def writing_end(pipe: Path, process: subprocess.Popen[bytes]) -> int:
    """The pipe, open to be written, once the process has opened it to read."""
    while process.poll() is None:
        with suppress(OSError):  # nobody reads it yet
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
    raise AssertionError(ended(process))


def in_shell(script: str, workplace: Path) -> Ended:
    """A line of the shell with "$0" for Python."""
    return ended(start(["sh", "-c", script, sys.executable], workplace))


@pytest.mark.parametrize(("more", "code"), [("", 0), ("--text a", 2)])
def test_with_standard_error_closed_results_alone_are_printed(more: str, code: int, workplace: Path) -> None:
    result = in_shell(f'exec "$0" -m textrnn score int8 text.txt {more} 2>&-', workplace)
    assert result.code == code
    assert (result.stdout or b"").startswith(b"text\t" if code == 0 else b"")
    assert b"error" not in (result.stdout or b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_standard_error_that_takes_nothing_does_not_change_the_exit_code(workplace: Path) -> None:
    assert in_shell('exec "$0" -m textrnn score int8 text.txt --text a 2>/dev/full', workplace).code == 2


def test_a_working_directory_that_is_gone_matters_to_relative_names_alone(workplace: Path) -> None:
    gone = f'mkdir gone; cd gone; rmdir ../gone; exec "$0" -m textrnn score {workplace}/int8'
    assert in_shell(f"{gone} {workplace}/text.txt", workplace).code == 0
    assert in_shell(f"{gone} {workplace}/text.txt --out {workplace}/new", workplace).code == 0
    for rest in ("text.txt", f"{workplace}/text.txt --out new"):
        result = in_shell(f"{gone} {rest}", workplace)
        assert result.code == 1
        assert one_line(result.stderr)


@pytest.mark.parametrize("name", table(heavy=False, out=True))
def test_results_that_cannot_be_written_are_one_line(name: str, workplace: Path) -> None:
    result = ended(start(arguments(name, f"{COMMANDS[name].good} --out absent/new"), workplace))
    assert (result.code, result.stdout) == (1, b"")
    assert result.stderr is not None
    assert result.stderr.decode() == "error: absent/new cannot be written: absent is no folder that can be written to\n"


def test_results_may_take_the_place_of_what_they_come_from(workplace: Path) -> None:
    before = ended(start(arguments("score", "int8 text.txt"), workplace)).stdout
    assert ended(start(arguments("score", "int8 text.txt --out text.txt"), workplace))[:2] == (0, b"")
    assert (workplace / "text.txt").read_bytes() == before
