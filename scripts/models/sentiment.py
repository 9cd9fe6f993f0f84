"""Make the bundled model `sentiment` of a float32 model that was trained on the Stanford Sentiment Treebank.

Usage: python scripts/models/sentiment.py FLOAT32 DATA OUT

FLOAT32 is a folder that `scripts/bench/sentiment.py DATA sst5` has trained: the one of its seeds that is the best on
the validation split. DATA holds sst5/test.jsonl, sst2/test.jsonl and imdb/test.jsonl.gz. OUT gets the int8 model, and
its card the figures of that model on these and on corpora/reviews.csv: texts of kinds it was not trained on among them.
"""

import argparse
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from textrnn.export.price import Price
from textrnn.export.quantize import quantize
from textrnn.metrics.metric import Metric
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.label_evaluation import evaluate_labels
from textrnn.text.labelled import Labelled, LabelledTexts

REVIEWS = Path(__file__).parents[2] / "corpora" / "reviews.csv"
TWO = {"negative": ["very negative", "negative"], "positive": ["positive", "very positive"]}
SHOWN = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1", "expected_calibration_error")
FIVE_ONLY = ("mean_absolute_error", "within_one_accuracy")


@dataclass(frozen=True)
class Domain:
    """Labelled texts of one kind. is_two: of two labels, for which those of the model are merged."""

    name: str
    records: Iterable[Labelled]
    is_two: bool


@dataclass(frozen=True)
class Domains:
    """What the card gives figures on; a sample as `quantize` takes it."""

    domains: tuple[Domain, ...]

    def metrics(self, model: Classifier) -> list[Metric]:
        found = []
        for domain in self.domains:
            judge = model.merged(TWO) if domain.is_two else model
            merged = ", labels merged to two, neutral left out" if domain.is_two else ""
            for row in evaluate_labels(judge, domain.records, on=domain.name + merged).metrics():
                if row.metric in SHOWN or (row.metric in FIVE_ONLY and not domain.is_two):
                    found.append(Metric(**asdict(row)))
        return found

    def prices(self, old: Classifier, new: Classifier) -> list[Price]:
        return []


def domains(data: Path) -> Domains:
    """The test split it was made for, the same with two labels, and two kinds of text that it has no labels of."""
    return Domains(
        (
            Domain("SST-5 test split", LabelledTexts([data / "sst5" / "test.jsonl"]), is_two=False),
            Domain("SST-2 test split", LabelledTexts([data / "sst2" / "test.jsonl"]), is_two=True),
            Domain(
                "another kind of text: IMDb reviews, official test split",
                LabelledTexts([data / "imdb" / "test.jsonl.gz"]),
                is_two=True,
            ),
            Domain(
                "another kind of text: the project's corpora/reviews.csv (books, restaurants, tools, trains, hotels)",
                LabelledTexts([REVIEWS], column="review"),
                is_two=False,
            ),
        )
    )


def main() -> None:
    """Write the model and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("float32", type=Path, metavar="FLOAT32", help="a trained model")
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of the data sets")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write to")
    given = parser.parse_args()
    texts = "data/imdb/train.jsonl.gz data/imdb/test.jsonl.gz data/sst5/train.jsonl"
    options = "--size 200 --min-count 3 --lower --split english --workers 2 --out reviews.vec"
    vectors = f"textrnn vectors train {texts} {options}"
    before = f"the vectors, made before on two threads, and so not again to the bit: {vectors}"
    command = f"python scripts/models/sentiment.py {given.float32.name} data {given.out.name}\n({before})"
    quantize(given.float32, given.out, domains(given.data), command=command, overwrite=True)
    print((given.out / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
