"""How many lines of corpora/choices.txt a model gets right; the right word stands first, which it does not see."""

import argparse
from pathlib import Path

import textrnn

CHOICES = Path(__file__).parents[2] / "corpora" / "choices.txt"


def main() -> None:
    """Ask and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="english", help="a model (default: %(default)s)")
    given = parser.parse_args()
    lines = CHOICES.read_text(encoding="utf-8").splitlines()
    right = 0
    for line, (best, *_) in zip(lines, textrnn.load(given.model).choose(lines), strict=True):
        first = line.partition("{")[2].partition("|")[0]
        is_right = best.choice == first and best.odds > 1
        right += is_right
        print(f"{'right' if is_right else 'WRONG'}  odds {best.odds:12.2f}  {best.text}")
    print(f"\n{right} of {len(lines)} right (always the same word of a pair: {len(lines) // 2})")


if __name__ == "__main__":
    main()
