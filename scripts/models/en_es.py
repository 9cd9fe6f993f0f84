"""Make the bundled model `en-es` of a float32 model that was trained on sentence pairs of Tatoeba.

Usage: python scripts/models/en_es.py FLOAT32 DATA OUT

FLOAT32 is the folder `en-es` that `scripts/bench/translation.py` has trained. DATA holds tatoeba-en-es/pairs.tsv.gz.
OUT gets the int8 model, and its card the figures of that model on the test split, none of whose English sentences was
learnt from.
"""

import argparse
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from textrnn.export.price import Price
from textrnn.export.quantize import quantize
from textrnn.metrics.metric import Metric
from textrnn.tasks.translation_evaluation import evaluate_pairs
from textrnn.tasks.translator import Translator
from textrnn.text.pairs import Pair

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from translation import pairs_of, write_tatoeba

SHOWN = ("bleu", "bleu_low", "bleu_high", "chrf", "length_ratio", "copied_source_bleu")


@dataclass(frozen=True)
class TestSplit:
    """What the card gives figures on; a sample as `quantize` takes it."""

    pairs: list[Pair]

    def metrics(self, model: Translator) -> list[Metric]:
        on = "2,000 English sentences of Tatoeba that were not learnt from, the first translation of each as reference"
        found = evaluate_pairs(model, self.pairs, on=on).metrics()
        return [Metric(**asdict(row)) for row in found if row.metric in SHOWN]

    def prices(self, old: Translator, new: Translator) -> list[Price]:
        return []


def main() -> None:
    """Write the model and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("float32", type=Path, metavar="FLOAT32", help="a trained model")
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of the data sets")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write to")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_tatoeba(given.data, Path(folder) / "tatoeba")
        test = TestSplit(pairs_of("en-es", given.data, Path(folder), "test"))
    made = "the splits are made by scripts/bench/translation.py DATA en-es, which runs the command above"
    command = f"python scripts/models/en_es.py {given.float32.name} data {given.out.name}\n({made})"
    quantize(given.float32, given.out, test, command=command, overwrite=True)
    print((given.out / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
