"""What each cell reaches in the same time with as many parameters: `textrnn train lm` on a text with its end held out.

Every finished run is a line of a file of results; where that file is there, its runs are not made again.
"""

import argparse
import hashlib
import json
import math
import subprocess
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from bench import print_machine, print_table
from defaults import HELD_OUT, PROGRAM, evaluated, split

from textrnn.architecture import MOST_UNITS
from textrnn.cells import CELLS
from textrnn.model_folder import ModelFolder
from textrnn.weight_shapes import weight_shapes

UNITS = 512  # of the LSTM, whose parameters the others have
TOLERANCE = 0.01  # share of the parameters
SLOWER = 0.002  # a rate that is tried too for the cells without gates: the default was chosen for the LSTM
WITHOUT_GATES = ("elman", "elman-relu")
STARTS = {"elman-relu": "identity"}  # of the recurrent weights; of the others that of the program


@dataclass(frozen=True)
class Run:
    """What is trained. text: the sha256 of the whole text."""

    text: str
    held_out: int
    minutes: float
    seed: int
    cell: str
    units: int
    rate: float
    start: str

    @property
    def settings(self) -> list[str]:
        """Of `textrnn train lm`; whatever is not among them is as it is by default."""
        sizes = ["--cell", self.cell, "--units", str(self.units), "--layers", "1"]
        course = ["--rate", f"{self.rate:g}", "--minutes", f"{self.minutes:g}", "--seed", str(self.seed)]
        return [*sizes, *course, "--set", f"recurrent_start={self.start}"]


@dataclass(frozen=True)
class Result:
    """What came of a run.

    nats: a character, by the best of its networks; None where the perplexity is beyond all numbers, or where there is
    no model. steps: to the last evaluation.
    symbols_per_second and gradient_norm (before any clipping): the median over its evaluations.
    """

    run: Run
    nats: float | None
    protocol: str
    parameters: int
    steps: int
    symbols_per_second: float
    gradient_norm: float
    ended: str


def parameters(cell: str, units: int, symbols: int) -> int:
    """Of the network that is trained by default, with one layer of this cell."""
    from textrnn.settings import training_settings
    from textrnn.training.defaults import architecture, by_size, with_level_defaults

    given = training_settings({"cell": cell, "units": units, "layers": 1})
    shapes = weight_shapes(architecture(by_size(with_level_defaults(given), symbols=0), symbols=symbols))
    return sum(rows * columns for _, rows, columns in shapes)


def units_of(cell: str, wanted: int, symbols: int) -> int:
    """The units with which a network has as many parameters as wanted, nearly."""
    above = max(2, bisect_left(range(MOST_UNITS), wanted, lo=1, key=lambda units: parameters(cell, units, symbols)))
    units = min(above - 1, above, key=lambda units: abs(parameters(cell, units, symbols) - wanted))
    if abs(parameters(cell, units, symbols) - wanted) > TOLERANCE * wanted:
        raise SystemExit(f"no number of units gives {cell} {wanted:,} parameters: take more --units")
    return units


def symbols_of(text: Path) -> int:
    """How many symbols the characters of a text are, special ones included."""
    from textrnn.text.levels import Vocabulary
    from textrnn.text.tokenizer import Tokenizer

    return len(Tokenizer.learn([text.read_bytes().decode("utf-8")], "char", Vocabulary()))


def default_rate() -> float:
    """The rate of `textrnn train lm` on characters."""
    from textrnn.training.defaults import ALWAYS

    return ALWAYS["characters"]["rate"]


def train(run: Run, text: Path, valid: Path, out: Path) -> Result:
    """One run, and one pass over the characters that were held out. A run that fails has the best model before that."""
    command = [PROGRAM, "train", "lm", str(text), "--valid", str(valid), "--out", str(out), *run.settings]
    code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    if code and not (out / "config.json").exists():
        return Result(run, None, "", 0, 0, 0.0, 0.0, f"failed, exit {code}: no model")
    [figure] = [row for row in evaluated(out, valid) if row["metric"] == "perplexity_without_eos"]
    folder = ModelFolder(out)
    history = [json.loads(line) for line in folder.read("history.jsonl").decode().splitlines()]
    return Result(
        run,
        None if figure["value"] is None else math.log(figure["value"]),  # per symbol; here a symbol is a character
        figure["protocol"],
        folder.config.training.parameters,
        history[-1]["step"],
        median(row["symbols_per_second"] for row in history),
        median(row["gradient_norm"] for row in history),
        f"failed, exit {code}" if code else folder.config.training.ended,
    )


def read_results(file: Path) -> dict[Run, Result]:
    """The runs that are done."""
    rows = map(json.loads, file.read_text().splitlines() if file.exists() else [])
    results = [Result(**{**row, "run": Run(**row["run"])}) for row in rows]
    return {result.run: result for result in results}


def by_nats(result: Result) -> float:
    """To sort by: the best first."""
    return math.inf if result.nats is None else result.nats


def print_results(results: Sequence[Result]) -> None:
    """A row for each run; among several rates of a cell the best is marked."""
    best = {result.run.cell: result for result in sorted(results, key=by_nats, reverse=True)}
    rows = [
        [
            result.run.cell,
            f"{result.run.units:,}",
            f"{result.parameters:,}",
            result.run.start,
            f"{result.run.rate:g}",
            f"{by_nats(result):.4f}{'*' if best[result.run.cell] is result else ' '}",
            f"{result.steps:,}",
            f"{result.symbols_per_second:,.0f}",
            f"{result.gradient_norm:.2f}",
            result.ended,
        ]
        for result in results
    ]
    about = ("cell", "units", "parameters", "start", "rate")
    head = (*about, "nats a character", "steps", "symbols/s", "gradient norm", "ended")
    print_table(head, rows)
    print("* the lowest of the rates tried for a cell, on the same characters")
    for protocol in sorted({result.protocol for result in results if result.protocol}):
        print(f"nats a character: {protocol}")


def runs(given: argparse.Namespace, text: Path) -> Iterator[Run]:
    """What is asked for, cell by cell."""
    digest = hashlib.sha256(given.file.read_bytes()).hexdigest()
    symbols = symbols_of(text)
    wanted = parameters("lstm", given.units, symbols)
    for cell in given.cells:
        units, start = units_of(cell, wanted, symbols), STARTS.get(cell, "uniform")
        for rate in given.rates or [default_rate(), *([SLOWER] if cell in WITHOUT_GATES else [])]:
            yield Run(digest, given.held_out, given.minutes, given.seed, cell, units, rate, start)


def main() -> None:
    """Train, evaluate, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="a text, UTF-8")
    parser.add_argument("results", type=Path, help="a file of results (JSONL), to which each run is added")
    parser.add_argument("--held-out", type=int, default=HELD_OUT, help="characters at its end (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=3, help="for each run (default: %(default)s)")
    parser.add_argument("--units", type=int, default=UNITS, help="of the lstm (default: %(default)s)")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS), metavar="CELL", help="(default: all)")
    parser.add_argument(
        "--rates",
        type=float,
        nargs="+",
        help=f"tried for each cell (default: that of the program; for {' and '.join(WITHOUT_GATES)} {SLOWER:g} too)",
    )
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    given = parser.parse_args()
    print_machine("torch", "onnxruntime")
    print(f"textrnn train lm on {given.file.name}, {given.minutes:g} minutes, seed {given.seed}; threads: auto")
    print(f"evaluated on its last {given.held_out:,} characters\n", flush=True)
    done, results = read_results(given.results), []
    with tempfile.TemporaryDirectory() as name:
        text, valid = split(given.file, given.held_out, Path(name))
        for number, run in enumerate(runs(given, text)):
            result = done.get(run)
            if result is None:
                result = train(run, text, valid, Path(name) / f"model-{number}")
                with given.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(result)) + "\n")
            results.append(result)
    print_results(results)


if __name__ == "__main__":
    main()
