"""What a command loads, read from sys.modules at the end of a fresh process: the runtime never waits for PyTorch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_processes import COMMANDS

HEAVY = {"torch", "gensim", "datasets", "onnx", "pandas", "matplotlib", "sklearn", "scipy", "sacrebleu"}
RUNTIME = {"onnxruntime", "tokenizers"}
MARK = "modules: "
PROGRAM = f"""
import atexit, sys
atexit.register(lambda: print({MARK!r} + " ".join(sys.modules), file=sys.stderr))
from textrnn.cli.app import main
main()
"""
IN_TURN = f"""
import json, sys
from textrnn.cli.app import main
for command in json.loads(sys.argv[1]):
    sys.argv[1:] = command
    try:
        main()
    except SystemExit as end:
        assert not end.code, command
    print({MARK!r} + " ".join(command) + ":", sorted({HEAVY | RUNTIME} & set(sys.modules)))
"""


def loaded(*arguments: str | Path) -> set[str]:
    """The modules that a command has loaded when it ends."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        input="A line.\n",
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    *_, last = result.stderr.splitlines()
    assert last.startswith(MARK)
    return set(last.removeprefix(MARK).split())


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("generate", ()),
        ("generate", ("--prompts", "-", "--until-eos", "--max-tokens", "5")),
        ("score", ("--per-token",)),
        ("score", ("--heat",)),
        ("score", ("--unit", "word", "--running-text")),
        ("choose", ("a {b|c}",)),
        ("next", ("A",)),
        ("evaluate", ("-",)),
        ("compare", ("shakespeare", "-")),
        ("compare", ("shakespeare", "-", "--lines")),
        ("inspect", ()),
    ],
)
def test_running_a_model_loads_nothing_heavy(tiny_model: Path, command: str, more: tuple[str, ...]) -> None:
    modules = loaded(command, tiny_model, *more)
    assert not modules & HEAVY
    assert "onnxruntime" in modules or command == "inspect"


@pytest.mark.parametrize("more", [(), ("--explain", "--format", "table"), ("--explain", "--html", "/dev/null")])
def test_classifying_loads_nothing_heavy(tiny_classifier: Path, more: tuple[str, ...]) -> None:
    modules = loaded("classify", tiny_classifier, *more)
    assert not modules & HEAVY
    assert "onnxruntime" in modules


@pytest.mark.parametrize(
    "more",
    [
        ("translate",),
        ("translate", "--attention", "pharaoh", "--format", "table"),
        ("translate", "--html", "/dev/null"),
        ("translate", "--interactive"),
        ("translate", "--text", "a", "--score-reference", "-"),
    ],
    ids=" ".join,
)
def test_translating_loads_nothing_heavy(tiny_translator: Path, more: tuple[str, ...]) -> None:
    modules = loaded(more[0], tiny_translator, "--max-length", "0", *more[1:])
    assert not modules & HEAVY
    assert "onnxruntime" in modules


@pytest.mark.parametrize("more", [(), ("--format", "table"), ("--html", "/dev/null")])
def test_explaining_attention_loads_nothing_heavy(tiny_classifier: Path, more: tuple[str, ...]) -> None:
    assert not loaded("explain", "attention", tiny_classifier, *more) & HEAVY


@pytest.mark.parametrize("arguments", [("lstm",), ("elman", "--unroll", "3"), ()])
def test_explaining_a_cell_loads_no_runtime_either(arguments: tuple[str, ...]) -> None:
    assert not loaded("explain", "cell", *arguments) & (HEAVY | RUNTIME)


@pytest.mark.parametrize("more", [("--format", "table"), ("--html", "/dev/null")], ids=" ".join)
def test_looking_at_states_loads_nothing_heavy(tiny_model: Path, more: tuple[str, ...]) -> None:
    assert not loaded("explain", "states", tiny_model, *more) & HEAVY


def test_checking_a_model_without_weights_for_pytorch_loads_nothing_heavy(tiny_int8: Path) -> None:
    assert not loaded("selfcheck", tiny_int8, "-") & HEAVY


def test_no_help_loads_a_runtime_either() -> None:
    commands = [("--version",), ("--help",), *((*command.split(), "--help") for command in sorted(COMMANDS))]
    done = subprocess.run(
        [sys.executable, "-c", IN_TURN, json.dumps(commands)], capture_output=True, text=True, timeout=300, check=True
    )
    found = {line.removeprefix(MARK) for line in done.stdout.splitlines() if line.startswith(MARK)}
    assert found == {f"{' '.join(command)}: []" for command in commands}


def test_listing_models_loads_nothing_heavy() -> None:
    assert not loaded("models") & (HEAVY | RUNTIME)


def test_listing_corpora_loads_nothing_heavy() -> None:
    assert not loaded("corpus", "list") & (HEAVY | RUNTIME)


def test_checking_a_file_loads_no_engine(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("A line.\n")
    assert not loaded("corpus", "check", file) & (HEAVY | {"onnxruntime"})


def test_looking_for_neighbours_loads_gensim_but_nothing_to_train_or_draw_with(tiny_model: Path) -> None:
    assert loaded("vectors", "neighbors", tiny_model, "a") & HEAVY == {"gensim", "scipy"}


def test_importing_the_package_loads_nothing() -> None:
    code = f"import sys, textrnn; assert not set(sys.modules) & {HEAVY | RUNTIME | {'numpy', 'pydantic'}!r}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_the_probe_sees_what_is_loaded(tiny_model: Path) -> None:
    assert "torch" in loaded("score", tiny_model, "--engine", "torch")
