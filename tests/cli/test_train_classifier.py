"""What a user can get wrong about labelled records and their settings: one line, and the code that says whose fault."""

from pathlib import Path

import pytest

from tests.conftest import Run
from tests.training.labelled import LEARNT_BY_HEART, written

RECORDS = LEARNT_BY_HEART * 2


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the tests work in, with files that are as they should be and files that are not."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "good.jsonl", RECORDS)
    written(tmp_path / "one-class.jsonl", [(text, "a") for text, _ in RECORDS])
    written(tmp_path / "each-its-own.jsonl", [(text, str(place)) for place, (text, _) in enumerate(RECORDS)])
    written(tmp_path / "without-texts.jsonl", [("", label) for _, label in RECORDS])
    written(tmp_path / "another-class.jsonl", [*RECORDS, ("odd", "odd")])
    written(tmp_path / "unnamed.jsonl", [(text, "") for text, _ in RECORDS])
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "three.csv").write_text(
        "body,stars,place\n" + "".join(f"{text},{label},1\n" for text, label in RECORDS)
    )
    (tmp_path / "plain.txt").write_text("no label before it\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("three.csv",), 2, "name the column of the label with --label-column; there are 'body', 'stars', 'place'"),
        (
            ("three.csv", "--label-column", "star"),
            2,
            "no column 'star' (did you mean 'stars'?); there are 'body', 'stars', 'place'",
        ),
        (("one-class.jsonl",), 1, "there is only one class, 'a': is --label-column the right one?"),
        (("each-its-own.jsonl", "--valid", "good.jsonl"), 1, "every one of 40 records has a class of its own"),
        (("empty.jsonl",), 1, "there are no labelled records"),
        (("unnamed.jsonl",), 1, "unnamed.jsonl, line 1: a record without a label"),
        (("plain.txt",), 1, "plain.txt, line 1: labelled plain text needs __label__NAME before each text"),
        (("absent.jsonl",), 1, "there is no file absent.jsonl"),
        (("good.jsonl", "--valid", "empty.jsonl"), 1, "there is nothing to validate on in empty.jsonl\n"),
        (("good.jsonl", "--set", "valid_share=0.0001"), 1, "(0% of the records, by chance): name a file with --valid"),
        (("good.jsonl", "--set", "valid_share=0.9999"), 1, "all records of good.jsonl are held out: choose a lower"),
        (
            ("good.jsonl", "--valid", "another-class.jsonl"),
            1,
            "the label 'odd' is among what is validated on (another-",
        ),
        (("good.jsonl", "--valid", "without-texts.jsonl"), 1, "no text of without-texts.jsonl has a symbol"),
        (
            ("without-texts.jsonl", "--valid", "good.jsonl", "--level", "char"),
            1,
            "no text of without-texts.jsonl has a",
        ),
        (("good.jsonl", "--ordinal", "a,b"), 2, "--ordinal leaves out the class 'c'"),
        (("good.jsonl", "--ordinal", "numeric"), 2, "--ordinal numeric: the class 'a' is no number"),
        (("good.jsonl", "--valid", "good.jsonl", "--readout", "max,max"), 2, "a readout is named twice"),
        (("good.jsonl", "--readout", "first"), 2, "'first' is not one of last, mean, max, attention"),
        (("good.jsonl", "--streaming"), 2, "a classifier reads its records more than once: without --streaming"),
        (
            ("good.jsonl", "--column", "text", "--label-column", "text"),
            2,
            "cannot be the column of the text and of the",
        ),
        *(
            (("good.jsonl", *flag), 2, f"{flag[0][2:]} is for lm, not for classifier")
            for flag in (("--window", "3"), ("--unit", "text"), ("--windows", "shift"))
        ),
        (("good.jsonl", "--tied"), 2, "tied is for lm and translator, not for classifier"),
        (("good.jsonl", "--metric", "bleu"), 2, "metric bleu is for translator, not for classifier"),
        (("good.jsonl", "--source-column", "text"), 2, "source_column is for translator, not for classifier"),
        (("--source", "good.jsonl", "--target", "good.jsonl"), 2, "source is for translator, not for classifier"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_refused_in_one_line(
    run: Run, place: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run("train", "classifier", *arguments, "--out", "model")
    assert (result.code, result.stdout) == (code, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (place / "model").exists()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--readout", "max"), "readout is for classifier, not for lm"),
        (("--bidirectional",), "bidirectional is for classifier and translator, not for lm"),
        (("--metric", "accuracy"), "metric is for classifier and translator, not for lm"),
        (("--class-weights", "balanced"), "class_weights is for classifier, not for lm"),
        (("--label-smoothing", "0.1"), "label_smoothing is for classifier and translator, not for lm"),
        (("--label-column", "label"), "label_column is for classifier, not for lm"),
        (("--ordinal", "a,b"), "ordinal is for classifier, not for lm"),
        (("--valid-target", "plain.txt"), "valid_target is for translator, not for lm"),
        (("--attention", "dot"), "attention is for translator, not for lm"),
        (("--unlabelled", "plain.txt"), "unlabelled is for classifier, not for lm"),
    ],
)
def test_a_language_model_has_no_labels(run: Run, place: Path, flags: tuple[str, ...], says: str) -> None:
    result = run("train", "lm", "plain.txt", *flags, "--out", "model")
    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
