"""What the defaults reach: train on a text with its end held out, then one pass over that end; seed by seed."""

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import arguments, print_machine, print_table

PROGRAM = str(Path(sys.executable).with_name("textrnn"))
HELD_OUT = 111_540  # characters: the usual last tenth of tiny Shakespeare


@dataclass(frozen=True)
class Result:
    """One run."""

    seed: int
    nats: float  # per character
    unknown: int  # characters of the held-out text that training had not seen, each predicted as <unk>
    precision: str
    seconds: float  # of `textrnn train`, the whole process
    ended: str


def split(file: Path, held_out: int, folder: Path) -> tuple[Path, Path]:
    """The text and its last characters as two files."""
    text = file.read_bytes().decode("utf-8")
    if len(text) <= held_out:
        raise SystemExit(f"{file} has {len(text)} characters: too few to hold out {held_out}")
    train, valid = folder / "train.txt", folder / "valid.txt"
    train.write_bytes(text[:-held_out].encode())
    valid.write_bytes(text[-held_out:].encode())
    return train, valid


def run(command: Sequence[str]) -> str:
    """What a command prints, its messages passed on; the script ends where it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


def evaluated(model: Path, text: Path) -> list[dict[str, Any]]:
    """What `textrnn evaluate` finds: rows of metric, value and protocol."""
    lines = run([PROGRAM, "evaluate", str(model), str(text), "--format", "jsonl"]).splitlines()
    return [json.loads(line) for line in lines]


def train_and_evaluate(train: Path, valid: Path, out: Path, *, minutes: float, seed: int) -> Result:
    """One run, with everything else as it is by default."""
    begin = time.perf_counter()
    settings = ["--minutes", f"{minutes:g}", "--seed", str(seed)]
    run([PROGRAM, "train", "lm", str(train), "--valid", str(valid), "--out", str(out), *settings])
    seconds = time.perf_counter() - begin
    figures = {row["metric"]: row["value"] for row in evaluated(out, valid)}
    config = json.loads((out / "config.json").read_text())
    nats = math.log(figures["perplexity_without_eos"])  # per symbol; here a symbol is a character
    return Result(seed, nats, figures["oov_count"], config["precision"], seconds, config["training"]["ended"])


def print_results(results: Sequence[Result]) -> None:
    """A row for each run, and the median."""
    rows = [
        [
            str(result.seed),
            f"{result.nats:.4f}",
            str(result.unknown),
            result.precision,
            f"{result.seconds:.0f}",
            result.ended,
        ]
        for result in results
    ]
    middle = median(result.nats for result in results)
    print_table(
        ("seed", "nats a character", "unknown", "evaluated in", "seconds", "ended"),
        [*rows, ["median", f"{middle:.4f}", "", "", f"{median(result.seconds for result in results):.0f}", ""]],
    )


def main() -> None:
    """Train, evaluate, print."""
    parser = arguments(__doc__, rounds=1)
    parser.add_argument("file", type=Path, help="a text, UTF-8")
    parser.add_argument("--held-out", type=int, default=HELD_OUT, help="characters at its end (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=3, help="for each run (default: %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="(default: 0 1 2)")
    given = parser.parse_args()
    print_machine("torch", "onnxruntime")
    print(f"textrnn train lm on {given.file.name}, {given.minutes:g} minutes, and textrnn evaluate; threads: auto")
    print(f"evaluated on its last {given.held_out:,} characters: one pass, state carried\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train, valid = split(given.file, given.held_out, folder)
        results = [
            train_and_evaluate(train, valid, folder / f"model-{seed}-{turn}", minutes=given.minutes, seed=seed)
            for turn in range(given.rounds)
            for seed in given.seeds
        ]
    print()
    print_results(results)


if __name__ == "__main__":
    main()
