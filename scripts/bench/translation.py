"""BLEU of translators: `textrnn train translator` as in RECIPES, then one reading of the test pairs.

How to decode is chosen on the validation pairs, of CHOICES; the test pairs are translated greedily and as chosen. A
model that has been trained is not trained again, one that was cut off goes on, and one that has been tested is not
tested again: all is in the folder of --out.
"""

import argparse
import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import print_machine, print_table
from trained import Run, train_all, words_of

from textrnn.metrics.metric import Metric
from textrnn.metrics.translation import corpus_bleu
from textrnn.model_folder import ModelFolder
from textrnn.tasks.translation_evaluation import evaluate_pairs
from textrnn.tasks.translator import Translator
from textrnn.text.pairs import Pair, open_pairs

OF_CAPTIONS = """
    --units 512 --layers 1 --embedding-size 256 --vocabulary-size 6000 --dropout 0.4 --input-dropout 0.3
    --average 0.998 --patience 0
"""
OF_SENTENCES = """
    {out}/tatoeba/train.tsv --valid {out}/tatoeba/valid.tsv --input-format pairs
    --units 448 --layers 1 --embedding-size 256 --no-joint-vocabulary --vocabulary-size 4000
    --dropout 0.2 --input-dropout 0.2 --average 0.998 --epochs 6 --set evaluations=6 --patience 0
    --origin "English-Spanish sentence pairs of the Tatoeba project (tatoeba.org), as manythings.org/anki had them in
     2018, without those of the 2,000 English sentences of the test split and of the 2,000 of the validation split."
    --licence "CC BY 2.0 France: the Tatoeba project and its contributors, www.manythings.org/anki and tatoeba.org."
"""
RECIPES = {  # what follows `textrnn train translator`, before --out
    "de-en": "--source {data}/multi30k/train.de.gz --target {data}/multi30k/train.en.gz "
    "--valid-source {data}/multi30k/valid.de.gz --valid-target {data}/multi30k/valid.en.gz "
    f"--epochs 18 --set evaluations=12 {OF_CAPTIONS}",
    "en-de": "--source {data}/multi30k/train.en.gz --target {data}/multi30k/train.de.gz "
    "--valid-source {data}/multi30k/valid.en.gz --valid-target {data}/multi30k/valid.de.gz "
    f"--epochs 22 --set evaluations=14 {OF_CAPTIONS}",
    "en-es": OF_SENTENCES,
    "en-es-plain": f"{OF_SENTENCES} --attention none",
}
CHOICES: list[dict[str, Any]] = [
    {"beam": beam, "length_penalty": penalty} for beam in (5, 10) for penalty in (0.6, 1.0, 1.4)
]
GREEDY: dict[str, Any] = {"beam": 1}
HELD = 2_000  # sources of the test split, and of the validation split, of Tatoeba


@dataclass(frozen=True)
class Result:
    """What a trained model is worth on the test pairs. chosen: how it decodes. minutes: of its training."""

    task: str
    command: str
    chosen: dict[str, float]
    valid_bleu: float
    greedy_bleu: float
    metrics: list[Metric]
    minutes: float


def write_tatoeba(data: Path, out: Path) -> None:
    """The pairs in three files, told apart by their English sentences, so that each is in one of them alone.

    The sentences are put in order by the hash of each: the first are the test split, the next the validation split.
    """
    with gzip.open(data / "tatoeba-en-es" / "pairs.tsv.gz", "rt", encoding="utf-8", newline="\n") as file:
        lines = file.read().removesuffix("\n").split("\n")
    sources = {line.partition("\t")[0] for line in lines}
    order = sorted(sources, key=lambda source: hashlib.sha256(source.encode()).digest())
    splits = {"test": set(order[:HELD]), "valid": set(order[HELD : 2 * HELD]), "train": set(order[2 * HELD :])}
    out.mkdir(parents=True, exist_ok=True)
    for name, members in splits.items():
        kept = [f"{line}\n" for line in lines if line.partition("\t")[0] in members]
        (out / f"{name}.tsv").write_text("".join(kept), encoding="utf-8", newline="\n")


def pairs_of(task: str, data: Path, out: Path, split: str) -> list[Pair]:
    """The validation or the test pairs; of a source with several translations the first."""
    if task.startswith("en-es"):
        first: dict[str, Pair] = {}
        for pair in open_pairs([out / "tatoeba" / f"{split}.tsv"], format="pairs"):
            first.setdefault(pair.source, pair)
        return list(first.values())
    source, target = (data / "multi30k" / f"{split}.{language}.gz" for language in task.split("-"))
    return list(open_pairs([], source=source, target=target))


def translated(model: Translator, pairs: Sequence[Pair], **how: Any) -> list[str]:
    """The translation of each source."""
    return [found.translation for found in model.translate((pair.source for pair in pairs), **how)]


def evaluate(task: str, run: Run, data: Path, out: Path) -> Result:
    """Choose how to decode on the validation pairs, then read the test pairs once."""
    from textrnn.tasks import load

    model = load(run.out, Translator)
    valid = pairs_of(task, data, out, "valid")
    references = [pair.target for pair in valid]
    scores = [corpus_bleu(translated(model, valid, **choice), references) for choice in CHOICES]
    best = max(range(len(CHOICES)), key=scores.__getitem__)
    split = "test" if task.startswith("en-es") else "test2016"
    test = pairs_of(task, data, out, split)
    greedy = translated(model, test, **GREEDY)
    history = [json.loads(line) for line in ModelFolder(run.out).read("history.jsonl").decode().splitlines()]
    return Result(
        task=task,
        command=run.shown,
        chosen=CHOICES[best],
        valid_bleu=scores[best],
        greedy_bleu=corpus_bleu(greedy, [pair.target for pair in test]),
        metrics=evaluate_pairs(model, test, on=f"{split} of {task}", **CHOICES[best]).metrics(),
        minutes=history[-1]["seconds"] / 60,
    )


def result_of(task: str, run: Run, data: Path, out: Path) -> Result:
    """The result of a run: from the file, or made and put there."""
    file = out / "results.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        row = json.loads(line)
        if (row["task"], row["command"]) == (task, run.shown):
            return Result(**{**row, "metrics": [Metric(**metric) for metric in row["metrics"]]})
    result = evaluate(task, run, data, out)
    with file.open("a", encoding="utf-8") as added:
        added.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
    return result


def options() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA", help="the folder that holds multi30k and tatoeba-en-es")
    parser.add_argument("tasks", nargs="+", choices=RECIPES, help="what is trained and tested")
    parser.add_argument("--out", type=Path, default=Path("build/translation"), help="(default: %(default)s)")
    parser.add_argument("--side-by-side", type=int, default=1, help="trainings at a time; above 1 with one thread each")
    return parser.parse_args()


def main() -> None:
    """Train, choose, test, print."""
    given = options()
    print_machine("torch", "onnxruntime", "sacrebleu")
    if any(task.startswith("en-es") for task in given.tasks) and not (given.out / "tatoeba").exists():
        write_tatoeba(given.data, given.out / "tatoeba")
    runs = {
        task: Run("translator", words_of(RECIPES[task], data=given.data, out=given.out), given.out / task)
        for task in given.tasks
    }
    train_all(list(runs.values()), given.side_by_side)
    for task, run in runs.items():
        result = result_of(task, run, given.data, given.out)
        print(f"\n{task}: decoding chosen on the validation pairs, BLEU {result.valid_bleu:.2f} there: {result.chosen}")
        print(f"trained in {result.minutes:.0f} minutes; BLEU of greedy translations {result.greedy_bleu:.2f}\n")
        rows = [[row.metric, "-" if row.value is None else f"{row.value:.2f}", row.protocol] for row in result.metrics]
        print_table(("metric", "value", "protocol"), rows)


if __name__ == "__main__":
    main()
