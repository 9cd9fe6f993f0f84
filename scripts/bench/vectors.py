"""word2vec's vectors of the words of texts, once for several trainings: `train --embedding FILE` reads them.

Usage: python scripts/bench/vectors.py TEXTS... --out FILE

TEXTS are read as `train` reads them (`--column` where they are tables), their words split as by `--split english`, in
lower case. `train --embedding word2vec` does the same inside a training, on one thread, so that its vectors come again
to the bit; these, on several, do not.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gensim.models import Word2Vec

from textrnn.text.corpora import Strings, Texts
from textrnn.text.levels import LEVELS, word_splitter, words_of


@dataclass(frozen=True)
class Sentences:
    """The words of each text, which may be read again."""

    texts: list[list[str]]

    def __iter__(self) -> Iterator[list[str]]:
        yield from self.texts


def main() -> None:
    """Read, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="+", metavar="TEXTS", help="files, folders, patterns")
    parser.add_argument("--out", type=Path, required=True, help="the file to write, in word2vec's text format")
    parser.add_argument("--column", help="the field that holds the text")
    parser.add_argument("--size", type=int, default=150, help="numbers of a vector")
    parser.add_argument("--min-count", type=int, default=3, help="drop words seen fewer times")
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negative", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    texts = Texts(given.texts, unit="line", boundary=LEVELS["word"].boundary, column=given.column)
    splitter = word_splitter(lower=True, split="english")
    sentences = Sentences([list(words_of(text, splitter)) for text in Strings(texts)])
    print(f"{len(sentences.texts):,} texts, {sum(map(len, sentences.texts)):,} words", flush=True)
    model = Word2Vec(
        sentences.texts,
        vector_size=given.size,
        min_count=given.min_count,
        window=given.window,
        negative=given.negative,
        epochs=given.epochs,
        sg=1,
        workers=given.threads,
        seed=given.seed,
    )
    model.wv.save_word2vec_format(str(given.out), binary=False)
    print(f"{len(model.wv):,} vectors of {given.size} numbers in {given.out}")


if __name__ == "__main__":
    main()
