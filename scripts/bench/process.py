"""Whole processes, from nothing to their end: the commands a user types, and what their imports take."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench import arguments, print_machine, print_table

PROGRAM = str(Path(sys.executable).with_name("textrnn"))
TIMED = "import time\n{first}\nbegin = time.perf_counter()\n{then}\nprint(time.perf_counter() - begin)"
IMPORTS = (  # what is timed, and what was imported before it
    ("numpy", ""),
    ("onnxruntime", "numpy"),
    ("tokenizers", "numpy"),
    ("pydantic", ""),
    ("typer", ""),
    ("rich.console", ""),
    ("textrnn.cli.app", ""),
    ("textrnn.tasks", ""),
)


def commands(model: str) -> dict[str, tuple[list[str], float | None]]:
    """What is run, and the most seconds that it should take."""
    text = "To be, or not to be, that is the question"
    return {
        f'textrnn generate {model} -p "ROMEO:" --max-tokens 200': (
            [PROGRAM, "generate", model, "-p", "ROMEO:", "--max-tokens", "200"],
            0.6,
        ),
        f'textrnn score {model} --text "{text}"': ([PROGRAM, "score", model, "--text", text], None),
        "textrnn --help": ([PROGRAM, "--help"], 0.3),
        "python -c pass": ([sys.executable, "-c", "pass"], None),
    }


def output(command: Sequence[str]) -> str:
    """What a command prints; the script ends where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def seconds_of(command: Sequence[str]) -> float:
    """The wall time of a process."""
    begin = time.perf_counter()
    output(command)
    return time.perf_counter() - begin


def seconds_inside(first: str, then: str) -> float:
    """The time of one statement in a fresh process, after another."""
    return float(output([sys.executable, "-c", TIMED.format(first=first, then=then)]))


def print_commands(model: str, rounds: int) -> None:
    """In turns; a run before the first round is not counted, it reads the files from the disk."""
    rows = commands(model)
    times: dict[str, list[float]] = {name: [] for name in rows}
    for turn in range(rounds + 1):
        for name, (command, _) in rows.items():
            seconds = seconds_of(command)
            if turn:
                times[name].append(seconds)
    table = []
    for name, (_, most) in rows.items():
        middle = median(times[name])
        verdict = "" if most is None else f"at most {most:g}: {'met' if middle <= most else 'MISSED'}"
        table.append([name, f"{middle:.3f}", f"{min(times[name]):.3f} to {max(times[name]):.3f}", verdict])
    print_table(("whole process", "seconds", "range", "target"), table)


def parts(model: str) -> dict[str, tuple[str, str]]:
    """Name → what is done first, and what is then timed."""
    rows = {
        f"import {module}" + (f", after {before}" if before else ""): (f"import {before}" if before else "", module)
        for module, before in IMPORTS
    }
    statements = {name: (first, f"import {module}") for name, (first, module) in rows.items()}
    load = f"from textrnn.tasks import load\nmodel = load({model!r})"
    imported, loaded = load.partition("\n")[::2]
    statements[f"load({model!r}), after import textrnn.tasks"] = (imported, loaded)
    statements["generate(max_tokens=200), after load"] = (load, "model.generate('ROMEO:', max_tokens=200)")
    return statements


def print_parts(model: str, rounds: int) -> None:
    """Each timed in fresh processes."""
    statements = parts(model)
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds):
        for name, (first, then) in statements.items():
            times[name].append(seconds_inside(first, then))
    rows = [
        [name, f"{median(seconds):.3f}", f"{min(seconds):.3f} to {max(seconds):.3f}"] for name, seconds in times.items()
    ]
    print_table(("part, in a fresh process", "seconds", "range"), rows)


def main() -> None:
    """Commands, then parts."""
    parser = arguments(__doc__, rounds=9)
    parser.add_argument("--model", default="shakespeare", help="a model (default: %(default)s)")
    given = parser.parse_args()
    print_machine("onnxruntime", "numpy", "tokenizers", "pydantic", "typer", "rich")
    print(f"threads: auto; precision: the model's; medians of {given.rounds} runs, in turns\n")
    print_commands(given.model, given.rounds)
    print_parts(given.model, given.rounds)


if __name__ == "__main__":
    main()
