"""A classifier that breaks a promise is found, and one that keeps them is not blamed."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import textrnn
from tests.conftest import Run
from tests.fakes import FakeLabeller, fake_classifier
from tests.reading import jsonl
from tests.small_models import save_small_classifier
from textrnn.architecture import LabelPerSequence, ReadoutName
from textrnn.config import Precision
from textrnn.engines.labeller import Labelled, Padded
from textrnn.selfcheck import check_folder, labelling
from textrnn.selfcheck.check import FLOAT32, Check
from textrnn.selfcheck.labelling import Labelling
from textrnn.tasks.classifier import Classifier

TEXTS = ("ab", "ba", "aa", "bb", "a b") * 8
OFF = 1e-3


def raised(found: Labelled, by: np.ndarray | float) -> Labelled:
    """The first label raised, of each text by its own: the probabilities are made to sum to 1 later."""
    found.logprobs[:, 0] += by
    return found


class KnowsTheBatch(FakeLabeller):
    """It computes many texts otherwise than one."""

    def run(self, batch: Padded) -> Labelled:
        return raised(super().run(batch), len(batch.lengths) * OFF)


class ListensToNeighbours(FakeLabeller):
    """A text hears what is read beside it."""

    def run(self, batch: Padded) -> Labelled:
        return raised(super().run(batch), np.roll(batch.ids.sum(0), 1) * OFF)


class CountsTexts(FakeLabeller):
    """It counts the texts, and begins anew when it has read all of them: only their order matters."""

    workers, seen = 1, 0

    def run(self, batch: Padded) -> Labelled:
        numbers = (self.seen + np.arange(len(batch.lengths))) % len(TEXTS)
        self.seen += len(batch.lengths)
        return raised(super().run(batch), numbers * OFF)


class SlightlyOff(FakeLabeller):
    """Many texts are not bit for bit as one alone."""

    def run(self, batch: Padded) -> Labelled:
        return raised(super().run(batch), 1e-6 * (len(batch.lengths) > 1))


def subject(
    engine: FakeLabeller | None = None,
    *,
    texts: Sequence[str] = TEXTS,
    precision: Precision = "float32",
    readouts: tuple[ReadoutName, ...] = ("last",),
) -> Labelling:
    model = fake_classifier()
    head = LabelPerSequence(classes=3, readouts=readouts)
    architecture = model.config.architecture.model_copy(update={"head": head})
    config = model.config.model_copy(update={"precision": precision, "architecture": architecture})
    return Labelling(Classifier(engine or FakeLabeller(3), model.tokenizer, config), texts)


def failing(checked: Labelling) -> set[str]:
    """The promises that need no folder, of those that fail."""
    checks = [promise(checked, "") for promise in (labelling.batch_size, labelling.order)]
    return {check.check for check in checks if check.passed is False}


def test_a_classifier_that_keeps_its_promises_passes() -> None:
    for check in (labelling.batch_size(subject(), ""), labelling.order(subject(texts=["", *TEXTS, " ", ""]), "")):
        assert (check.passed, check.largest_difference) == (True, 0.0)
    assert labelling.batch_size(subject(), "").detail.endswith(": 40 texts, 120 figures")


@pytest.mark.parametrize(
    ("engine", "broken"),
    [
        (KnowsTheBatch, {"batch size", "order and neighbours"}),
        (ListensToNeighbours, {"batch size", "order and neighbours"}),
        (CountsTexts, {"order and neighbours"}),
    ],
)
def test_a_broken_promise_is_found(engine: Callable[[int], FakeLabeller], broken: set[str]) -> None:
    assert failing(subject(engine(3), texts=[text for text in TEXTS if len(text) == 2] + ["ab"] * 8)) == broken


@pytest.mark.parametrize(
    ("precision", "readouts", "tolerance"),
    [
        ("int8", ("last", "max"), 0.0),
        ("int8", ("max", "attention"), FLOAT32),
        ("int8", ("mean",), FLOAT32),
        ("float32", ("max",), FLOAT32),
    ],
)
def test_int8_has_no_tolerance_unless_it_sums_over_a_text(
    precision: Precision, readouts: tuple[ReadoutName, ...], tolerance: float
) -> None:
    checked = subject(SlightlyOff(3), precision=precision, readouts=readouts)
    assert checked.tolerance == tolerance
    assert ("batch size" in failing(checked)) == (tolerance == 0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Classifiers of one vocabulary in both precisions, and one that is another."""
    root = tmp_path_factory.mktemp("classifiers")
    return {
        "float32": save_small_classifier(root / "float32", "word", precision="float32"),
        "int8": save_small_classifier(root / "int8", "word", ("last", "max")),
        "other": save_small_classifier(root / "other", "word", ("mean",), precision="float32"),
    }


def test_a_float32_folder_is_held_to_pytorch_threads_and_another_process(folders: dict[str, Path]) -> None:
    checks = list(check_folder(str(folders["float32"]), ["The cat sat.", "", "the mat"]))
    assert [check for check in checks if not check.passed] == []
    found = {check.check: check.largest_difference for check in checks}
    names = {"batch size", "order and neighbours", "threads", "another process: classify", "engines"}
    assert found.keys() == names
    assert 0 < (found["engines"] or 0) < 1e-4


def test_an_int8_folder_is_exact_and_has_no_other_engine(run: Run, folders: dict[str, Path]) -> None:
    result = run("selfcheck", folders["int8"], "-", "--format", "jsonl", stdin=b"the cat\n\nthe mat\n")
    assert result.code == 0, result.stderr
    *rows, skipped = jsonl(result.stdout)
    assert (skipped["check"], skipped["passed"]) == ("engines", None)
    assert [row["passed"] for row in rows] == [True] * 4
    exact = [row["largest_difference"] for row in rows if not row["check"].startswith("another process")]
    assert exact == [0, 0, 0]
    assert "4 hold, 0 fail, 1 skipped" in result.stderr


@pytest.mark.parametrize(
    "promise",
    [labelling.threads, labelling.fresh_classify, labelling.engines],
    ids=lambda promise: promise.__name__,
)
def test_a_classifier_that_is_another_when_loaded_anew_is_found(
    folders: dict[str, Path], promise: Callable[[Labelling, str], Check]
) -> None:
    checked = Labelling(textrnn.load(folders["float32"], Classifier), ["the cat", "", "the mat"])
    check = promise(checked, str(folders["other"]))
    assert check.passed is False
    assert (check.largest_difference or 0) > 1e-3


def test_the_checks_here_are_all_there_are() -> None:
    tried = (labelling.batch_size, labelling.order, labelling.threads, labelling.fresh_classify, labelling.engines)
    assert tried == labelling.CHECKS


def test_a_failed_check_is_an_error_with_its_name(
    run: Run, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labelling, "CHECKS", (labelling.batch_size, labelling.engines))
    logprobs = Classifier.logprobs

    def knows_the_batch(self: Classifier, texts: Sequence[str], *, batch_size: int = 64) -> np.ndarray:
        return logprobs(self, texts, batch_size=batch_size) - batch_size * OFF

    monkeypatch.setattr(Classifier, "logprobs", knows_the_batch)
    result = run("selfcheck", folders["int8"], "--format", "jsonl")
    assert result.code == 1
    assert [row["passed"] for row in jsonl(result.stdout)] == [False, None]
    assert result.stderr.splitlines()[-1] == f"error: {folders['int8']} fails 1 of 2 checks: batch size"
