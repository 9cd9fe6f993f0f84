"""Accuracy of classifiers by seed: `textrnn train classifier` as in RECIPES, then one reading of the test texts each.

Beside them the commonest label, logistic regression on words, and fastText; what these learn from, and fastText's
settings, are chosen on the validation texts. A seed that has been trained is not trained again, one that was cut off
goes on, and one that has been tested is not tested again: all is in the folder of --out.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
from bench import print_machine, print_table
from label_baselines import Baseline, Records, apart, baselines_of, confusion_with, labelled
from label_peers import Peers
from polarity import POLARITIES, polar_logprobs
from trained import Run, train_all, words_of

from textrnn.metrics.calibration import at_temperature, expected_calibration_error
from textrnn.metrics.labels import confusion_of, predictions
from textrnn.model_folder import ModelFolder
from textrnn.tasks.classifier import Classifier
from textrnn.text.labelled import LabelledTexts

VECTORS = {  # word2vec's, which are made once for all seeds: the texts without their labels
    "films.vec": ("imdb/train.jsonl.gz", "sst5/train.jsonl"),
    "reviews.vec": ("imdb/train.jsonl.gz", "imdb/test.jsonl.gz", "sst5/train.jsonl"),
}
RECIPES = {  # what follows `textrnn train classifier`, before --seed and --out
    "sst5": """
        {data}/sst5/train.jsonl {data}/sst5/train.jsonl {data}/sst5/train.jsonl {data}/sst5/train_phrases.jsonl.gz
        --valid {data}/sst5/valid.jsonl --unlabelled {data}/imdb/train.jsonl.gz
        --ordinal "very negative,negative,neutral,positive,very positive"
        --embedding {vectors}/reviews.vec --units 150 --vocabulary-size 24000 --split english
        --input-dropout 0.5 --word-dropout 0.1 --average 0.998 --epochs 2.5 --set evaluations=8 --metric loss
        --origin "Sentences and phrases of the Stanford Sentiment Treebank (Socher et al., 2013), of film reviews (Pang
         and Lee, 2005). Vocabulary and word vectors also from the reviews of the Large Movie Review Dataset (Maas et
         al., 2011), without their labels: the training split for the vocabulary, both splits for the vectors."
        --licence "None is stated for either data set; both were published for research: cite the papers. The folder
         holds none of their texts."
    """,
    "trec": """
        {data}/trec/train.jsonl --set valid_share=0.1
        --embedding {vectors}/films.vec --units 200 --min-count 1 --split english --readout last,max,attention
        --input-dropout 0.5 --word-dropout 0.1 --label-smoothing 0.1 --batch 32 --set batch_symbols=1024
        --average 0.99 --epochs 16 --set evaluations=4 --patience 0 --metric loss
    """,
    "imdb": """
        {data}/imdb/train.jsonl.gz --set valid_share=0.05
        --embedding {vectors}/reviews.vec --units 256 --min-count 4 --set split=english --piece 200
        --input-dropout 0.5 --word-dropout 0.1 --label-smoothing 0.1 --batch 32 --set batch_symbols=8192
        --epochs 4 --set evaluations=4 --metric loss
    """,
}


@dataclass(frozen=True)
class Task:
    """What is tested. learnt: the files that baselines may learn from, one choice or several. is_polar: two classes.

    A recipe with more classes than that is judged by the sums of its probabilities, what is neutral left out.
    """

    recipe: str
    test: str
    learnt: tuple[tuple[str, ...], ...]
    valid: str | None = None
    is_polar: bool = False


TASKS = {
    "sst5": Task(
        "sst5",
        "sst5/test.jsonl",
        (("sst5/train.jsonl",), ("sst5/train.jsonl", "sst5/train_phrases.jsonl.gz")),
        "sst5/valid.jsonl",
    ),
    "sst2": Task(
        "sst5",
        "sst2/test.jsonl",
        (("sst2/train.jsonl",), ("sst2/train.jsonl", "sst5/train_phrases.jsonl.gz")),
        "sst2/valid.jsonl",
        is_polar=True,
    ),
    "trec": Task("trec", "trec/test.jsonl", (("trec/train.jsonl",),)),
    "imdb": Task("imdb", "imdb/test.jsonl.gz", (("imdb/train.jsonl.gz",),)),
}


FORMATS = ("{:.2%}", "{:.4f}", "{:.4f}", "{:.4f}", "{:.1f}")  # of the figures in a row


@dataclass(frozen=True)
class Result:
    """What a trained model is worth on the test texts. minutes: of its training, up to its last evaluation."""

    task: str
    seed: int
    command: str
    accuracy: float
    macro_f1: float
    calibration_error: float  # at temperature 1
    calibrated_error: float  # at the model's
    temperature: float
    texts: int
    minutes: float


@dataclass(frozen=True)
class Seed(Run):
    """One seed of a recipe."""

    seed: int


def seeds_of(recipe: str, data: Path, folder: Path, vectors: Path, count: int) -> list[Seed]:
    """So many seeds of a recipe, from 0 on."""
    settings = words_of(RECIPES[recipe], data=data, vectors=vectors)
    return [
        Seed("classifier", (*settings, "--seed", str(seed)), folder / f"seed-{seed}", seed) for seed in range(count)
    ]


def evaluate(name: str, run: Seed, data: Path) -> Result:
    """One reading of the test texts."""
    from textrnn.tasks import load
    from textrnn.tasks.label_evaluation import evaluate_labels

    task, model = TASKS[name], load(run.out, Classifier)
    found = evaluate_labels(model, LabelledTexts([data / task.test]), on=Path(task.test).name)
    gold, temperature = found.gold, model.labels.temperature
    sure, believed = at_temperature(found.logprobs, 1 / temperature), found.logprobs
    if task.is_polar:
        gold = np.array([POLARITIES.index(found.names[place]) for place in gold])
        sure, believed = (polar_logprobs(logprobs, found.names) for logprobs in (sure, believed))
    confusion = confusion_of(gold, predictions(believed), classes=believed.shape[1])
    folder = ModelFolder(run.out)
    history = [json.loads(line) for line in folder.read("history.jsonl").decode().splitlines()]
    return Result(
        task=name,
        seed=run.seed,
        command=run.shown,
        accuracy=confusion.accuracy or 0.0,
        macro_f1=confusion.macro_f1 or 0.0,
        calibration_error=expected_calibration_error(gold, sure) or 0.0,
        calibrated_error=expected_calibration_error(gold, believed) or 0.0,
        temperature=temperature,
        texts=len(gold),
        minutes=history[-1]["seconds"] / 60,
    )


def results_of(name: str, runs: Sequence[Seed], data: Path, file: Path) -> list[Result]:
    """Of each run; those in the file are not made again, and the others join them there."""
    rows = map(json.loads, file.read_text().splitlines() if file.exists() else [])
    done = {(row["task"], row["command"]): Result(**row) for row in rows}
    results = []
    for run in runs:
        result = done.get((name, run.shown))
        if result is None:
            result = evaluate(name, run, data)
            with file.open("a", encoding="utf-8") as added:
                added.write(json.dumps(asdict(result)) + "\n")
        results.append(result)
    return results


def print_results(results: Sequence[Result], others: Sequence[Baseline], test: Records) -> None:
    """A row for each seed, their mean and standard deviation, and the baselines."""
    rows = [[f"textrnn, seed {result.seed}", *map(shown, figures(result), FORMATS)] for result in results]
    columns = list(zip(*map(figures, results), strict=True))
    rows.append(["textrnn, mean", *map(shown, map(fmean, columns), FORMATS)])
    if len(results) > 1:
        rows.append(["textrnn, standard deviation", *map(shown, map(stdev, columns), FORMATS)])
    for other in others:
        confusion = confusion_with(test, other.labels)
        known = map(shown, (confusion.accuracy or 0.0, confusion.macro_f1 or 0.0), FORMATS)
        rows.append([other.name, *known, "-", "-", "-"])
    head = ("labeller", "accuracy", "macro-F1", "calibration error", "at temperature", "minutes")
    print_table(head, rows)


def figures(result: Result) -> tuple[float, ...]:
    """Those that are printed."""
    errors = (result.calibration_error, result.calibrated_error)
    return (result.accuracy, result.macro_f1, *errors, result.minutes)


def shown(value: float, format: str) -> str:
    """A figure."""
    return format.format(value)


def options() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA", help="the folder that holds sst5, sst2, trec and imdb")
    parser.add_argument("task", choices=TASKS, help="what is tested; sst2 by the models of sst5")
    parser.add_argument("--seeds", type=int, default=3, help="from 0 on (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/sentiment"), help="(default: %(default)s)")
    parser.add_argument("--side-by-side", type=int, default=1, help="seeds at a time; above 1 with one thread each")
    parser.add_argument("--peers", metavar="PYTHON", help="of an environment with fastText, see README.md")
    return parser.parse_args()


def splits(task: Task, data: Path) -> Iterator[tuple[Records, Records]]:
    """Each choice of what baselines learn from, and what it is validated on."""
    for files in task.learnt:
        records = labelled([data / file for file in files], is_polar=task.is_polar)
        yield (records, labelled([data / task.valid], is_polar=task.is_polar)) if task.valid else apart(records)


def make_vectors(recipe: str, data: Path, folder: Path) -> None:
    """The file of vectors that a recipe names, unless it is there."""
    for name in (name for name in VECTORS if name in RECIPES[recipe] and not (folder / name).exists()):
        folder.mkdir(parents=True, exist_ok=True)
        texts = [str(data / text) for text in VECTORS[name]]
        options = ["--size", "200", "--min-count", "3", "--lower", "--split", "english", "--workers", "2"]
        command = [sys.executable, "-m", "textrnn", "vectors", "train", *texts, *options, "--out", str(folder / name)]
        subprocess.run(command, check=True)


def print_conditions(task: Task, test: Records, peers: Peers | None) -> None:
    """Of the figures that follow."""
    print(f"{task.test}, {len(test):,} texts, read once by each seed; minutes: of training, up to the last evaluation")
    print("calibration error: 15 bins, at temperature 1 and at the one that was fitted to the validation texts")
    print("baselines: the best on the validation texts, of what they may learn from and of fastText's settings")
    if peers:
        print(f"fastText: {peers.versions.get('fastText', 'not installed')}, one thread")
    if task.is_polar:
        print(f"models of {task.recipe}: P(positive) + P(very positive) against P(negative) + P(very negative)")
    print()


def main() -> None:
    """Train, test, print."""
    given = options()
    task = TASKS[given.task]
    folder = given.out / task.recipe
    peers = Peers(given.peers) if given.peers else None
    vectors = given.out / "vectors"
    runs = seeds_of(task.recipe, given.data, folder, vectors, given.seeds)
    print_machine("torch", "onnxruntime")
    make_vectors(task.recipe, given.data, vectors)
    train_all(runs, given.side_by_side)
    results = results_of(given.task, runs, given.data, given.out / "results.jsonl")
    test = labelled([given.data / task.test], is_polar=task.is_polar)
    print_conditions(task, test, peers)
    print_results(results, list(baselines_of(list(splits(task, given.data)), test, peers)), test)


if __name__ == "__main__":
    main()
