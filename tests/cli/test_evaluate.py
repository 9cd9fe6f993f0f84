"""textrnn evaluate for a classifier: its figures on labelled records, its confusion, baselines, another beside it."""

import csv
import io
import json
from pathlib import Path

import pytest

import textrnn
from tests.conftest import Run
from tests.reading import jsonl, refused, tsv
from tests.small_models import NAMES, save_small_classifier
from textrnn import extras
from textrnn.tasks import label_evaluation
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.label_evaluation import evaluate_labels
from textrnn.text.labelled import LabelledTexts

TEXTS = ("The cat sat.", "the mat", "never mind", "a b c", "how long!", "the hat", "Call me", "it's 5%")
RECORDS = [(text, NAMES[place % 3]) for place, text in enumerate(TEXTS)] + [("", "good")]
GOLD_BY_PREDICTED = "gold \\ predicted"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the tests work in, with the same records in each format."""
    monkeypatch.chdir(tmp_path)
    table = io.StringIO(newline="")
    csv.writer(table).writerows([("id", "said", "stars"), *((7, text, label) for text, label in RECORDS)])
    Path("gold.csv").write_text(table.getvalue(), newline="")
    rows = [{"text": text, "label": label} for text, label in RECORDS]
    Path("gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("gold.txt").write_text("".join(f"__label__{label} {text}\n" for text, label in RECORDS))
    Path("gold.fasttext").write_text(Path("gold.txt").read_text())
    Path("strange.jsonl").write_text('{"text": "a", "label": "good"}\n{"text": "a", "label": "odd"}\n')
    Path("empty.jsonl").write_text("")
    return tmp_path


def expected(model: Path, file: str, **columns: str) -> list[dict[str, object]]:
    found = evaluate_labels(textrnn.load(model, Classifier), LabelledTexts([file], **columns), on=file)  # type: ignore[arg-type]
    return [{"metric": row.metric, "value": row.value, "protocol": row.protocol} for row in found.metrics()]


@pytest.mark.parametrize(
    ("file", "flags"),
    [
        ("gold.csv", ("--column", "said", "--label-column", "stars")),
        ("gold.jsonl", ()),
        ("gold.txt", ()),
        ("gold.fasttext", ()),
    ],
)
def test_the_figures_are_those_of_the_api(
    run: Run, tiny_classifier: Path, place: Path, file: str, flags: tuple[str, ...]
) -> None:
    result = run("evaluate", tiny_classifier, file, *flags, "--format", "jsonl")
    assert (result.code, result.stderr) == (0, "")
    names = {"column": "said", "label_column": "stars"} if flags else {}
    rows = jsonl(result.stdout)
    assert rows == expected(tiny_classifier, file, **names)
    figures = {row["metric"]: row["value"] for row in rows}
    assert [figures[f"support[{name}]"] for name in NAMES] == [3, 3, 3]
    assert "1 without a prediction count as wrong; " + file in rows[0]["protocol"]
    if file == "gold.jsonl":
        piped = run("evaluate", tiny_classifier, "-", "--input-format", "jsonl", stdin=Path(file).read_bytes())
        assert [float(row["value"]) for row in tsv(piped.stdout)[:4]] == [row["value"] for row in rows[:4]]


def test_repairs_are_told_and_strict_refuses_them(run: Run, tiny_classifier: Path, place: Path) -> None:
    Path("broken.txt").write_bytes(b"__label__good fine\n__label__bad caf\xe9\n")
    result = run("evaluate", tiny_classifier, "broken.txt", "--baselines", "broken.txt")
    assert result.code == 0
    assert result.stderr.count("broken.txt: undecodable bytes read as U+FFFD: 1, the first on line 2 ") == 2
    assert "line 2, byte 17" in refused(run("evaluate", tiny_classifier, "broken.txt", "--strict"), 1)


def test_labels_are_merged_and_say_the_same_as_the_api(run: Run, tiny_classifier: Path, place: Path) -> None:
    rows = [(text, "fine" if label == "good" else "poor") for text, label in RECORDS]
    Path("two.jsonl").write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    flags = ("--merge", "poor=so-so, bad", "--merge", "fine=good")
    found = jsonl(run("evaluate", tiny_classifier, "two.jsonl", *flags, "--format", "jsonl").stdout)
    model = textrnn.load(tiny_classifier, Classifier).merged({"poor": ["bad", "so-so"], "fine": ["good"]})
    metrics = evaluate_labels(model, LabelledTexts(["two.jsonl"]), on="two.jsonl").metrics()
    assert [(row["metric"], row["value"]) for row in found] == [(row.metric, row.value) for row in metrics]
    assert [row["metric"] for row in found if row["metric"].startswith("support")] == ["support[poor]", "support[fine]"]
    error = refused(run("evaluate", tiny_classifier, "gold.jsonl", *flags), 1)
    assert "gold.jsonl, line 1: the label 'bad' is none of the model's: poor, fine" in error


@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl"])
def test_the_confusion_is_a_table_in_a_file(run: Run, tiny_classifier: Path, place: Path, ending: str) -> None:
    assert run("evaluate", tiny_classifier, "gold.jsonl", "--confusion", f"confusion.{ending}").code == 0
    content = Path(f"confusion.{ending}").read_text()
    rows = {"tsv": tsv, "csv": lambda text: list(csv.DictReader(io.StringIO(text))), "jsonl": jsonl}[ending](content)
    found = evaluate_labels(textrnn.load(tiny_classifier, Classifier), LabelledTexts(["gold.jsonl"]), on="")
    assert [list(row) for row in rows] == [[GOLD_BY_PREDICTED, *NAMES, "(no prediction)"]] * 3
    assert [row[GOLD_BY_PREDICTED] for row in rows] == [*NAMES]
    counts = [[int(count) for name, count in row.items() if name != GOLD_BY_PREDICTED] for row in rows]
    assert counts == found.confusion.counts.tolist()


def test_the_confusion_is_a_picture(run: Run, tiny_classifier: Path, place: Path) -> None:
    result = run("evaluate", tiny_classifier, "gold.jsonl", "--confusion", "confusion.png")
    assert (result.code, result.stderr) == (0, "")
    assert Path("confusion.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert GOLD_BY_PREDICTED not in result.stdout


@pytest.mark.parametrize("file", ["confusion.txt", "confusion", "confusion.PNG", "png"])
def test_another_ending_is_refused_before_any_work(
    run: Run, tiny_classifier: Path, place: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setattr(Classifier, "logprobs", None)  # not asked
    error = refused(run("evaluate", tiny_classifier, "gold.jsonl", "--confusion", file), 2)
    assert error == f"error: --confusion writes a file that ends in .png, .tsv, .csv, .jsonl, not {file}"
    assert not Path(file).exists()


@pytest.mark.parametrize("ending", ["png", "csv"])
def test_where_the_confusion_cannot_be_written_nothing_is_measured(
    run: Run, tiny_classifier: Path, place: Path, ending: str
) -> None:
    command = ("evaluate", tiny_classifier, "gold.jsonl", "--confusion")
    assert "absent is no folder that can be written to" in refused(run(*command, f"absent/a.{ending}"), 1)
    assert "two options would write to" in refused(run(*command, f"a.{ending}", "--out", f"./a.{ending}"), 2)


@pytest.mark.parametrize("flags", [("--confusion", "a.png"), ("--baselines", "gold.jsonl")])
def test_an_extra_that_is_absent_is_said_before_any_work(
    run: Run, tiny_classifier: Path, place: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, str]
) -> None:
    monkeypatch.setattr(Classifier, "logprobs", None)  # not asked
    monkeypatch.setitem(extras.NEEDS, "eval", ("no_such_package",))
    assert f"{flags[0]}" in refused(run("evaluate", tiny_classifier, "gold.jsonl", *flags), 2)


def test_a_table_for_people_shows_the_confusion(run: Run, tiny_classifier: Path, place: Path) -> None:
    shown = run("evaluate", tiny_classifier, "gold.jsonl", "--format", "table").stdout
    assert "accuracy" in shown
    assert GOLD_BY_PREDICTED in shown
    assert "(no prediction)" in shown.rpartition(GOLD_BY_PREDICTED)[2].splitlines()[0]
    for format in ("tsv", "csv", "jsonl"):
        assert GOLD_BY_PREDICTED not in run("evaluate", tiny_classifier, "gold.jsonl", "--format", format).stdout


def test_baselines_learn_from_other_records(run: Run, tiny_classifier: Path, place: Path) -> None:
    learnt = [("fine", "good"), ("dull", "bad"), ("so so", "so-so"), ("very fine", "good")]
    Path("train.jsonl").write_text("".join(json.dumps({"text": a, "label": b}) + "\n" for a, b in learnt))
    result = run("evaluate", tiny_classifier, "gold.jsonl", "--baselines", "train.jsonl", "--format", "jsonl")
    rows = {row["metric"]: row for row in jsonl(result.stdout)}
    assert rows["majority_accuracy"]["value"] == pytest.approx(3 / 9)
    assert "always the commonest label; trained on 4 texts; gold.jsonl" in rows["majority_accuracy"]["protocol"]
    assert 0 <= rows["bag_of_words_accuracy"]["value"] <= 1
    assert list(rows)[: len(rows) - 4] == [row["metric"] for row in expected(tiny_classifier, "gold.jsonl")]
    error = refused(run("evaluate", tiny_classifier, "gold.jsonl", "--baselines", "strange.jsonl"), 1)
    assert "strange.jsonl, line 2: the label 'odd' is none of the model's" in error


def test_another_model_is_held_against_it(run: Run, tiny_classifier: Path, place: Path) -> None:
    result = run("evaluate", tiny_classifier, "gold.jsonl", "--against", tiny_classifier, "--format", "jsonl")
    rows = {row["metric"]: row for row in jsonl(result.stdout)}
    figures = ("accuracy_difference", "macro_f1_difference", "p_value")
    assert tuple(rows)[-3:] == figures
    assert [rows[name]["value"] for name in figures] == [0, 0, 1]
    other = save_small_classifier(place / "other", "char")
    merges = ("--merge", "poor=bad,so-so", "--merge", "fine=good")
    Path("two.jsonl").write_text('{"text": "the cat", "label": "fine"}\n{"text": "the mat", "label": "poor"}\n')
    command = ("evaluate", tiny_classifier, "two.jsonl", "--against", other, *merges, "--format", "jsonl")
    found = {row["metric"]: row["value"] for row in jsonl(run(*command).stdout)}
    accuracies = []
    for path in (tiny_classifier, other):
        model = textrnn.load(path, Classifier).merged({"poor": ["bad", "so-so"], "fine": ["good"]})
        labels = [each.label for each in model.classify(["the cat", "the mat"])]
        accuracies.append(sum(map(str.__eq__, labels, ["fine", "poor"])) / 2)
    assert found["accuracy_difference"] == pytest.approx(accuracies[0] - accuracies[1])


def test_a_model_of_other_labels_is_refused_before_any_work(
    run: Run, tiny_classifier: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("good", "so-so", "bad")
    monkeypatch.setattr("tests.small_models.NAMES", names)
    other = save_small_classifier(place / "other", "char")
    monkeypatch.setattr(label_evaluation, "predictions", None)
    monkeypatch.setattr(Classifier, "logprobs", None)  # not asked
    error = refused(run("evaluate", tiny_classifier, "gold.jsonl", "--against", other), 2)
    assert error.endswith("have the same labels in one order, not bad, so-so, good and good, so-so, bad")


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (("gold.csv",), 2, "name the column of the label with --label-column; there are 'id', 'said', 'stars'"),
        (
            ("gold.csv", "--label-column", "star"),
            2,
            "no column 'star' (did you mean 'stars'?); there are 'id', 'said', 'stars'",
        ),
        (("gold.csv", "--label-column", "stars"), 2, "name the column of the text with --column"),
        (("gold.jsonl", "--column", "label", "--label-column", "label"), 2, "cannot be the column of the text and of"),
        (("strange.jsonl",), 1, "strange.jsonl, line 2: the label 'odd' is none of the model's: bad, so-so, good"),
        (("empty.jsonl",), 1, "empty.jsonl is empty"),
        (("absent.jsonl",), 1, "there is no file absent.jsonl"),
        (("gold.jsonl", "--running-text"), 2, "--running-text is for a language model, and this is a classifier"),
        (("gold.jsonl", "--merge", "good"), 2, "--merge takes name=label,label, not 'good'"),
        (("gold.jsonl", "--merge", "a=good"), 2, "labels are merged into two groups or more, each of some"),
        (("gold.jsonl", "--merge", "a=good", "--merge", "a=bad"), 2, "--merge names 'a' twice"),
        (("gold.jsonl", "--merge", "a=good", "--merge", "b=good"), 2, "the label 'good' is merged twice"),
        (("gold.jsonl", "--merge", "a=good", "--merge", "b="), 2, "labels are merged into two groups or more"),
        (("gold.jsonl", "--merge", "a=good", "--merge", "b=sad"), 2, "there is no label 'sad' to merge"),
        (("gold.jsonl", "--merge", "a=good,\nbad"), 2, "--merge takes name=label,label, not"),
        (("gold.jsonl", "--against", "LM"), 2, "is a language model, not a classifier"),
        (("gold.jsonl", "--against", "absent"), 1, "neither a folder nor one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_refused_in_one_line(
    run: Run, tiny_classifier: Path, tiny_int8: Path, place: Path, flags: tuple[str, ...], code: int, says: str
) -> None:
    arguments = [str(tiny_int8) if flag == "LM" else flag for flag in flags]
    assert says in refused(run("evaluate", tiny_classifier, *arguments), code)


@pytest.mark.parametrize(
    "flags",
    [
        ("--label-column", "label"),
        ("--merge", "a=b"),
        ("--confusion", "a.tsv"),
        ("--baselines", "gold.jsonl"),
    ],
    ids=lambda flags: flags[0],
)
def test_a_language_model_has_no_labels(run: Run, tiny_int8: Path, place: Path, flags: tuple[str, str]) -> None:
    error = refused(run("evaluate", tiny_int8, "gold.txt", *flags), 2)
    assert error == f"error: {flags[0]} is for a classifier, and this is a language model"


def test_language_models_are_not_held_against_each_other_here(run: Run, tiny_int8: Path, place: Path) -> None:
    error = refused(run("evaluate", tiny_int8, "gold.txt", "--against", tiny_int8), 2)
    assert "--against is for a classifier or a translator; compare is for two language models" in error
