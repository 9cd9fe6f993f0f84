"""Damaged and hostile folders: each refused in one line, nothing executed, memory bounded."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import textrnn
from tests.conftest import Run
from tests.small_models import save_small_model
from tests.zoo import ANIMALS, CONFIG, GRAPH, PARTS, TOKENIZER, WEIGHTS, Animal, marker, sign
from textrnn.errors import ModelError
from textrnn.export.save import load_network
from textrnn.model_folder import ModelFolder

COMMANDS = {
    "generate": ("--max-tokens", "2", "--seed", "0"),
    "score": ("--text", "a"),
    "choose": ("a {b|c}",),
    "next": ("a",),
    "evaluate": ("-",),
    "inspect": (),
    "quantize": ("--out", "small"),
}
MEMORY_MARGIN = 64 << 10  # kilobytes more than for a healthy model


def named(*names: str) -> list[Animal]:
    found = [animal for animal in ANIMALS if animal.name in names]
    assert len(found) == len(names)
    return found


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    """A healthy folder to do harm to."""
    return Path(shutil.copytree(tiny_model, tmp_path / "copy"))


def check_refusal(result: tuple[int, str, str], folder: Path, says: str) -> None:
    code, stdout, stderr = result
    assert code == 1, stderr
    assert stdout == ""
    assert stderr.endswith("\n")
    [line] = stderr.splitlines()
    assert line.startswith("error: ")
    assert says in line
    assert line.isprintable()
    assert len(line) < 600
    assert not marker(folder).exists()


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name)
def test_every_animal_is_refused_in_one_line(copy: Path, run: Run, animal: Animal) -> None:
    animal.harm(copy)
    result = run(animal.command, copy, *COMMANDS[animal.command], "--engine", animal.engine)
    check_refusal(result, copy, animal.says)


def test_the_zoo_is_as_large_as_promised() -> None:
    assert len({animal.name for animal in ANIMALS}) == len(ANIMALS) > 40


def test_a_healthy_folder_that_is_signed_anew_runs(copy: Path, run: Run) -> None:
    sign(copy)
    for engine in ("onnx", "torch"):
        assert run("generate", copy, "--max-tokens", "2", "--seed", "0", "--engine", engine).code == 0


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "animal",
    named(
        "config.json a link",
        "config nested deep",
        "a million layers",
        "an edit that is not sealed",
        "a part above the folder",
        "tokenizer.json with a flipped bit",
        "a pattern that takes for ever",
        "tokenizer.json a pickle of protocol 5",
    ),
    ids=lambda animal: animal.name,
)
def test_every_command_refuses(
    copy: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, animal: Animal
) -> None:
    monkeypatch.chdir(tmp_path)
    animal.harm(copy)
    check_refusal(run(command, copy, *COMMANDS[command], stdin=b"a text"), copy, animal.says)


@pytest.mark.parametrize("part", [TOKENIZER, GRAPH, WEIGHTS])
def test_parts_of_another_model_are_refused(copy: Path, run: Run, tmp_path: Path, part: str) -> None:
    other = save_small_model(tmp_path / "other", "word").with_name("other-float32")
    shutil.copy(other / part, copy / part)
    engine = "torch" if part == WEIGHTS else "onnx"
    result = run("score", copy, "--text", "a", "--engine", engine)
    check_refusal(result, copy, f"{part} was changed or damaged")
    sign(copy)
    check_refusal(run("score", copy, "--text", "a", "--engine", engine), copy, part)
    check_refusal(run("inspect", copy), copy, part)


@pytest.mark.parametrize("part", [TOKENIZER, GRAPH, WEIGHTS])
def test_inspect_looks_into_every_part(copy: Path, run: Run, part: str) -> None:
    [animal] = named(f"{part} a pickle of protocol 0")
    animal.harm(copy)
    check_refusal(run("inspect", copy), copy, animal.says)


def test_inspect_shows_no_command_to_the_terminal(copy: Path, run: Run) -> None:
    config = json.loads((copy / CONFIG).read_bytes())
    config["training"]["data"] = "\x1b]0;owned\x07\u202e"
    (copy / CONFIG).write_text(json.dumps(config))
    sign(copy)
    result = run("inspect", copy)
    assert result.code == 0
    assert r"data: \x1b]0;owned\x07\u202e" in result.stderr
    assert all(line.isprintable() for line in result.stderr.splitlines())


def test_a_folder_behind_a_link_is_as_good_as_another(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(copy)
    assert textrnn.load(tmp_path / "link").generate(max_tokens=3, seed=0)


PROGRAM = """
import resource, sys
from textrnn.cli.app import main
for engine, *folders in zip(*[iter(sys.argv[1:])] * 2):
    sys.argv = ["textrnn", "score", *folders, "--text", "a", "--engine", engine]
    try:
        main()
    except SystemExit as ended:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print("measured", ended.code, kilobytes, file=sys.stderr)
"""
WORST = (
    "config.json of 100 MB",
    "model.onnx of 100 MB",
    "graph of a million fields",
    "a weight of a trillion numbers",
    "model.safetensors of 100 MB",
    "as many units as can be",
    "a shape of a trillion",
)


@pytest.mark.skipif(sys.platform != "linux", reason="the resource module tells a process's memory in this unit there")
def test_the_worst_take_little_more_memory_than_a_healthy_model(copy: Path, tmp_path: Path) -> None:
    arguments = ["onnx", str(copy), "torch", str(copy)]
    for number, animal in enumerate(named(*WORST)):
        folder = Path(shutil.copytree(copy, tmp_path / str(number)))
        animal.harm(folder)
        arguments += [animal.engine, str(folder)]
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    measured = [line.split()[1:] for line in result.stderr.splitlines() if line.startswith("measured")]
    codes, kilobytes = zip(*((code, int(size)) for code, size in measured), strict=True)
    assert codes == ("None", "None", *"1" * len(WORST))
    assert kilobytes[-1] < kilobytes[1] + MEMORY_MARGIN


def test_a_process_of_its_own_ends_with_one_line(copy: Path) -> None:
    [animal] = named("a pattern that takes for ever")
    animal.harm(copy)
    command = [sys.executable, "-m", "textrnn", "score", str(copy), "--text", "a" * 30]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    check_refusal((result.returncode, result.stdout, result.stderr), copy, animal.says)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.sampled_from(PARTS), place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_any_byte_changed_is_found_or_changes_nothing(copy: Path, part: str, place: float, change: int) -> None:
    file = copy / part
    whole = file.read_bytes()
    changed = bytearray(whole)
    changed[int(place * len(whole))] ^= change
    file.write_bytes(changed)
    try:
        if part == CONFIG and same_json(whole, changed):
            assert ModelFolder(copy).sizes()
        else:
            with pytest.raises(ModelError, match=part):
                ModelFolder(copy).sizes()
    finally:
        file.write_bytes(whole)


def same_json(one: bytes, other: bytes) -> bool:
    """Whether the change was of white space, or of the case of an exponent."""
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    part=st.sampled_from([TOKENIZER, GRAPH, WEIGHTS]),
    places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=3),
    change=st.integers(1, 255),
)
def test_any_byte_changed_and_signed_is_refused_in_one_line_or_runs(
    copy: Path, part: str, places: list[float], change: int
) -> None:
    file, config = copy / part, (copy / CONFIG).read_bytes()
    whole = file.read_bytes()
    changed = bytearray(whole)
    for place in places:
        changed[int(place * len(whole))] ^= change
    file.write_bytes(changed)
    sign(copy)
    try:
        assert "\n" not in complaint(copy, part)
    finally:
        file.write_bytes(whole)
        (copy / CONFIG).write_bytes(config)


def complaint(folder: Path, part: str) -> str:
    """What is said of a folder by those who read the part; nothing where it runs."""
    try:
        if part == WEIGHTS:
            load_network(ModelFolder(folder))
        else:
            list(textrnn.load(folder, threads=1).score(["Once upon a time"]))
    except ModelError as error:
        return str(error)
    return ""
