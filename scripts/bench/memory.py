"""Anonymous memory of `train` and `score` on large files, beside the same on small ones.

Text that is mapped from a file is the system's to take back; anonymous memory is what a program asks for itself. Linux
only: read from /proc while the program runs, so a peak shorter than the pause between two looks can be missed.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import print_machine

LIGHTHOUSE = Path(__file__).parents[2] / "corpora" / "lighthouse.txt"
MEGABYTE = 2**20
PAUSE = 0.02  # seconds between two looks


def peak_anonymous(*arguments: str) -> tuple[float, float]:
    """The most anonymous memory of the program with these arguments, in MB, and its seconds."""
    begin, peak = time.monotonic(), 0
    with subprocess.Popen(
        [sys.executable, "-m", "textrnn", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")), 0)
            time.sleep(PAUSE)
    if process.returncode:
        raise SystemExit(f"textrnn {' '.join(arguments)} ended with {process.returncode}")
    return peak / 1024, time.monotonic() - begin


def write_text(path: Path, megabytes: float) -> Path:
    """A file of so many MB: the lighthouse again and again, each copy with its number, so that no two are alike."""
    text, size, copy = LIGHTHOUSE.read_text(encoding="utf-8"), 0, 0
    with path.open("w", encoding="utf-8") as file:
        while size < megabytes * MEGABYTE:
            copy += 1
            size += file.write(f"copy{copy}\n{text}"[: int(megabytes * MEGABYTE - size) + 1])
    return path


def main() -> None:
    """Print a row for each program and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=float, default=500, help="MB of the large file to train on")
    parser.add_argument("--score", type=float, default=1024, help="MB of the large file to score")
    parser.add_argument("--level", default="char")
    options = parser.parse_args()
    print_machine("torch", "tokenizers", "onnxruntime")
    with tempfile.TemporaryDirectory() as folder:
        small, model = write_text(Path(folder, "small.txt"), 0.2), str(Path(folder, "scorer"))
        sizes = ("--units", "16", "--embedding-size", "16", "--layers", "1", "--steps", "20")
        setting = ("--level", options.level, *sizes)
        rows = []
        for megabytes in (0.2, options.train) if options.train else ():
            file = write_text(Path(folder, "train.txt"), megabytes)
            rows.append(
                peak_anonymous("train", "lm", str(file), "--out", str(Path(folder, f"model-{megabytes:g}")), *setting)
            )
            print(
                f"train on {megabytes:,g} MB ({options.level}): {rows[-1][0]:,.0f} MB anonymous, {rows[-1][1]:,.0f} s"
            )
        if rows:
            print(f"train: {rows[1][0] - rows[0][0]:+,.0f} MB for {options.train:,g} MB of text")
        if options.score:
            words = ("--level", "word", *sizes)
            peak_anonymous("train", "lm", str(small), "--out", model, *words)
            rows = []
            for megabytes in (5, options.score):
                file = write_text(Path(folder, "score.txt"), megabytes)
                rows.append(peak_anonymous("score", model, str(file), "--format", "jsonl"))
                print(f"score {megabytes:,g} MB: {rows[-1][0]:,.0f} MB anonymous, {rows[-1][1]:,.0f} s")
            print(f"score: {rows[1][0] - rows[0][0]:+,.0f} MB for {options.score:,g} MB of text")


if __name__ == "__main__":
    main()
