"""What word2vec's vectors of a text are worth beside vectors that others have made, on all pairs and on shared ones.

Usage: python scripts/bench/vectors.py TEXT QUESTIONS VECTORS

TEXT is a file such as WikiText-2's training split, in which <unk> is a word. QUESTIONS is a folder of simlex999.txt,
wordsim353.tsv and questions-words.txt; VECTORS one of files of vectors. The settings of word2vec are the defaults of
`textrnn vectors train`, fixed before anything was measured, and the same with more epochs.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textrnn.data import Data
from textrnn.metrics.metric import Metric
from textrnn.settings import training_settings
from textrnn.text.word_questions import RatedPair, Section, read_analogies, read_pairs
from textrnn.training.defaults import with_level_defaults
from textrnn.training.vectors_file import learn_vectors
from textrnn.training.word2vec import Word2VecSettings
from textrnn.word_vectors.evaluation import analogy_metrics, similarity_metrics
from textrnn.word_vectors.opening import WordVectors, open_vectors

PAIRS, ANALOGIES = ("simlex999.txt", "wordsim353.tsv"), "questions-words.txt"
SETTINGS = Word2VecSettings(model="skip-gram", size=100, window=5, negative=5, epochs=5, seed=0)
COLUMNS = f"{'':42}{'SimLex-999':>22}{'WordSim-353':>22}{'analogies':>26}"


def main() -> None:
    """Learn, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", metavar="TEXT", help="the text to learn from (.gz too)")
    parser.add_argument("questions", type=Path, metavar="QUESTIONS", help="folder of pairs and analogies")
    parser.add_argument("vectors", type=Path, metavar="VECTORS", help="folder of files of vectors to compare with")
    parser.add_argument("--epochs", type=int, nargs="+", default=[5, 15], help="(default: %(default)s)")
    parser.add_argument("--min-count", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/vectors"), help="keeps ours (default: %(default)s)")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    pairs = [read_pairs(str(given.questions / name)) for name in PAIRS]
    sections = read_analogies(str(given.questions / ANALOGIES))
    print(f"{SETTINGS}, min-count {given.min_count}; Spearman, and the share that 3CosAdd solves\n\n{COLUMNS}")
    ours = [learnt(given.text, given.out, epochs, given.min_count) for epochs in given.epochs]
    others = [open_vectors(str(path)) for path in sorted(given.vectors.iterdir())]
    for vectors in (*ours, *others):
        print(row(vectors, pairs, sections))
    for other in others:
        print(f"\non what {Path(other.name).name} and ours both know:\n{COLUMNS}")
        shared = [[pair for pair in each if knows_all((*ours, other), pair.first, pair.second)] for each in pairs]
        asked = [
            Section(each.name, [question for question in each.questions if knows_all((*ours, other), *question)])
            for each in sections
        ]
        for vectors in (*ours, other):
            print(row(vectors, shared, [section for section in asked if section.questions]))


def learnt(text: str, folder: Path, epochs: int, min_count: int) -> WordVectors:
    """Vectors of the text's words, by one worker."""
    out = folder / f"ours-{epochs}-epochs.vec"
    settings = with_level_defaults(training_settings({"level": "word", "literal_unk": True, "min_count": min_count}))
    began = time.monotonic()
    written = learn_vectors(Data(files=(text,)), settings, replace(SETTINGS, epochs=epochs), str(out))
    seconds = time.monotonic() - began
    print(f"{out.name}: {written.words:,} words, {written.covered:,} of {written.symbols:,} read; {seconds:.0f} s")
    return open_vectors(str(out))


def knows_all(everyone: Sequence[WordVectors], *words: str) -> bool:
    """Whether all of these vectors have all of these words."""
    return all(vectors.find(word) is not None for vectors in everyone for word in words)


def row(vectors: WordVectors, pairs: Sequence[list[RatedPair]], sections: Sequence[Section]) -> str:
    """The figures of some vectors, each with how many pairs or questions it is of."""
    cells = [cell(similarity_metrics(vectors, each, on=""), len(each)) if each else "none" for each in pairs]
    total = sum(len(section.questions) for section in sections)
    cells.append(cell(analogy_metrics(vectors, sections, on=""), total) if total else "none")
    return f"{Path(vectors.name).name:42}" + f"{cells[0]:>22}{cells[1]:>22}{cells[2]:>26}"


def cell(metrics: Sequence[Metric], total: int) -> str:
    """The first figure, and how many of all it is of, which the second says."""
    figure, share = metrics[0].value, metrics[1].value or 0
    return f"{'none' if figure is None else f'{figure:.3f}'} of {round(share * total):,}/{total:,}"


if __name__ == "__main__":
    main()
