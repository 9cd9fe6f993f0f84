"""Bits a byte of a model of pieces on held-out texts, beside a KenLM 5-gram over the same pieces of the same text."""

import argparse
import math
from pathlib import Path

from bench import print_machine, print_table
from kenlm import NGrams
from words import lines_of


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a model folder or the name of a bundled model; its unit is the line")
    parser.add_argument("train", type=Path, help="the text that it was trained on")
    parser.add_argument("texts", type=Path, nargs="+", help="held-out texts")
    parser.add_argument("--kenlm", type=Path, required=True, help="folder of KenLM's programs")
    given = parser.parse_args()
    import textrnn

    print_machine("onnxruntime")
    model = textrnn.load(given.model)
    tokenizer = model.tokenizer

    def spelt(lines: list[str]) -> list[str]:
        return [" ".join(f"p{index}" for index in ids) for ids in tokenizer.encode_many(lines)]

    five = NGrams(given.kenlm, spelt(lines_of(given.train)))
    rows = []
    for path in given.texts:
        lines = lines_of(path)
        text = "".join(line + "\n" for line in lines)
        figures = {row.metric: row.value for row in model.evaluate(text)}
        found = five.query(spelt(lines))
        theirs = -found.logprob * math.log2(10) / len(text.encode())
        mine = figures["bits_per_byte"] or math.nan
        rows.append([path.name, f"{len(text.encode()):,}", f"{mine:.4f}", f"{theirs:.4f}", f"{mine / theirs:.3f}"])
    print_table(("text", "bytes", given.model.split("/")[-1], "KenLM 5-gram", "ratio"), rows)
    print("each line from its start, its end counted; the 5-gram has the model's pieces as words")


if __name__ == "__main__":
    main()
