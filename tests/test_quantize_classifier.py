"""What int8 costs a classifier: measured on labelled records, and told on its card."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import textrnn
from tests.conftest import Run
from tests.fakes import FakeLabeller, fake_classifier
from tests.reading import jsonl, refused
from tests.small_models import NAMES, classifier_config, save_small_classifier, small_tokenizer, untrained
from textrnn.engines.labeller import Labelled, Padded
from textrnn.export import price as module
from textrnn.export.price import LabelledSample
from textrnn.export.save import save_model
from textrnn.metrics.metric import Metric
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.label_evaluation import evaluate_labels
from textrnn.text import labelled
from textrnn.text.labelled import LabelledTexts

# What is said: one, two, zero, one, nothing.
GOLD = [("a", "one"), ("ab", "two"), ("abb", "zero"), ("b", "two"), ("", "zero")]


class Rounds(FakeLabeller):
    """A text of one symbol has label two with probability 0.7; the others are as they were."""

    def run(self, batch: Padded) -> Labelled:
        found = super().run(batch)
        found.logprobs[batch.lengths == 1] = np.log([0.1, 0.2, 0.7]).astype(np.float32)
        return found


def sample(pairs: Sequence[tuple[str, str]] = GOLD) -> LabelledSample:
    records = [labelled.Labelled(text, label, f"line {line}") for line, (text, label) in enumerate(pairs, start=1)]
    return LabelledSample(records, "gold.tsv")


def test_the_price_is_of_the_same_records() -> None:
    old = fake_classifier()
    rows = {row.figure: row for row in sample().prices(old, Classifier(Rounds(3), old.tokenizer, old.config))}
    assert list(rows) == [
        "texts a second",
        "accuracy",
        "macro_f1",
        "nats",
        "largest change of one label's probability",
        "texts with another label",
    ]
    accuracy, nats = rows["accuracy"], rows["nats"]
    assert (accuracy.float32, accuracy.int8, accuracy.change) == (3 / 5, 3 / 5, "x 1.0000")  # one lost, one found
    right, wrong = -math.log(0.6), -math.log(0.2)
    assert nats.float32 == pytest.approx((3 * right + wrong) / 4, rel=1e-6)
    assert nats.int8 == pytest.approx((2 * right + wrong - math.log(0.7)) / 4, rel=1e-6)
    assert rows["largest change of one label's probability"].change == "0.5000"  # of two, from 0.2 to 0.7
    assert rows["texts with another label"].change == "2 of 5"
    assert min(rows["texts a second"].float32 or 0, rows["texts a second"].int8 or 0) > 0


def test_no_more_records_are_read_than_the_most_and_the_protocol_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RECORDS", 4)
    model = fake_classifier()
    rows = {row.metric: row for row in sample().metrics(model)}
    assert rows["accuracy"] == Metric(
        "accuracy",
        3 / 4,
        "share of 4 texts whose predicted label is the gold one; the first 4 records of gold.tsv; "
        "temperature 1.000; float32",
    )
    assert not [name for name in rows if "[" in name]  # a label's own figures would fill the card
    assert "of gold.tsv" not in {row.metric: row for row in sample(GOLD[:4]).metrics(model)}["accuracy"].protocol


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the tests work in, with a float32 classifier and records."""
    monkeypatch.chdir(tmp_path)
    save_small_classifier(tmp_path / "model", "word", precision="float32")
    texts = ("The cat sat.", "the mat", "never mind", "a b c", "how long!", "")
    rows = [{"said": text, "stars": NAMES[place % 3]} for place, text in enumerate(texts)]
    Path("gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("strange.jsonl").write_text('{"text": "the cat", "label": "odd"}\n')
    Path("broken.txt").write_bytes(b"__label__good fine\n__label__bad caf\xe9\n")
    return tmp_path


def test_the_command_prints_the_price_and_the_card_has_the_figures_of_int8(run: Run, place: Path) -> None:
    columns = ("--column", "said", "--label-column", "stars")
    result = run("quantize", "model", "--out", "small", "--data", "gold.jsonl", *columns, "--format", "jsonl")
    assert result.code == 0
    assert result.stderr.startswith("\nnext: textrnn classify small")
    rows = {row["figure"]: row for row in jsonl(result.stdout)}
    texts = LabelledTexts(["gold.jsonl"], column="said", label_column="stars")
    for path in ("model", "small"):
        found = evaluate_labels(textrnn.load(path, Classifier), texts, on="gold.jsonl")
        expected = {row.metric: row for row in found.metrics()}
        precision = "float32" if path == "model" else "int8"
        for name in ("accuracy", "macro_f1", "nats"):
            assert rows[name][precision] == pytest.approx(expected[name].value, rel=1e-6)
        if path == "small":
            card = {row.metric: row for row in textrnn.load(path, Classifier).config.training.metrics}
            assert card["nats"].value == pytest.approx(expected["nats"].value)
            assert card["nats"].protocol.endswith("; gold.jsonl; temperature 1.250; int8")
            assert f"| {card['nats'].protocol} |" in Path("small/README.md").read_text()
    assert rows["texts with another label"]["change"].endswith(" of 6")


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (("strange.jsonl",), 1, "strange.jsonl, line 1: the label 'odd' is none of the model's: bad, so-so, good"),
        (
            ("gold.jsonl", "--label-column", "star"),
            2,
            "no column 'star' (did you mean 'stars'?); there are 'said', 'stars'",
        ),
        (("absent.jsonl",), 1, "there is no file absent.jsonl"),
        (("broken.txt", "--strict"), 1, "broken.txt, line 2, byte 17: not utf-8 (0xe9)"),
    ],
)
def test_what_is_wrong_with_the_records_is_said_before_anything_is_written(
    run: Run, place: Path, flags: tuple[str, ...], code: int, says: str
) -> None:
    assert says in refused(run("quantize", "model", "--out", "small", "--data", *flags), code)
    assert not [*Path("small").glob("*")]


def test_repairs_of_the_records_are_told(run: Run, place: Path) -> None:
    result = run("quantize", "model", "--out", "small", "--data", "broken.txt")
    assert result.code == 0
    assert result.stderr.count("broken.txt: undecodable bytes read as U+FFFD: 1, the first on line 2 ") == 1


@pytest.mark.parametrize(("is_ordinal", "order"), [(True, "from the lowest to the highest"), (False, "in no order")])
def test_card_and_inspect_name_labels_order_temperature_and_readouts(
    run: Run, tmp_path: Path, is_ordinal: bool, order: str
) -> None:
    tokenizer = small_tokenizer("word")
    config = classifier_config(tokenizer, ("last", "mean"))
    assert config.labels is not None
    labels = config.labels.model_copy(update={"is_ordinal": is_ordinal})
    save_model(
        tmp_path / "model", untrained(config.architecture), tokenizer, config.model_copy(update={"labels": labels})
    )
    card = (tmp_path / "model" / "README.md").read_text()
    for part in (
        "readout last and mean, ",
        f"Labels, {order}: bad, so-so, good.",
        "Probabilities are at temperature 1.250.",
        'textrnn classify model --text "a text"',
        "What it says of a text is a guess from its words",
    ):
        assert part in card
    shown = run("inspect", tmp_path / "model").stderr
    assert f"\nlabels: bad, so-so, good ({order}; temperature 1.250)\n" in shown
    assert "\nreadout: last and mean\n" in shown
    assert "\ntask: classifier, word level, unit line\n" in shown


def test_inspect_names_no_labels_of_a_language_model(run: Run, tiny_int8: Path) -> None:
    shown = run("inspect", tiny_int8).stderr
    assert "\nlabels: " not in shown
    assert "\nreadout: " not in shown
