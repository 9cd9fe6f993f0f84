"""A language model whose texts begin with a label or with numbers learns what follows each of them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import textrnn
from tests.training.test_resume import finish, outcome, stopped
from textrnn.architecture import Condition
from textrnn.batch import IGNORE
from textrnn.data import Data
from textrnn.errors import DataError, UsageError
from textrnn.model_folder import ModelFolder
from textrnn.settings import training_settings
from textrnn.text.tokenizer import EOS, START
from textrnn.training.run import TrainingRun
from textrnn.training.starting import begin, extend, resume

QUICK = {
    **{"units": 6, "embedding_size": 4, "batch": 3, "window": 8, "dropout": 0.2, "precision": "float32", "patience": 0},
    **{"steps": 12, "evaluations": 3, "save_seconds": 0.0},
}
NAMES = ("calm", "storm", "fog")
RECORDS = [(f"the {name} of {'long ' * (n % 4)}day {n}", name) for n, name in enumerate(NAMES * 12)]


def written(path: Path, records: Iterable[tuple[str, Any]]) -> Path:
    """A file of texts, each with what it begins with in the field `mood`."""
    rows = [json.dumps({"id": number, "text": text, "mood": mood}) for number, (text, mood) in enumerate(records)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def begun(file: Path, out: Path, *, data: dict[str, Any] | None = None, **values: Any) -> TrainingRun:
    chosen = {"condition_column": "mood"} if data is None else data
    return begin("lm", Data(files=(str(file),), **chosen), out, training_settings({**QUICK, **values}))


def learnt(run: TrainingRun) -> list[tuple[str, tuple[float, ...]]]:
    """The texts of an epoch, put together from their windows, with the vectors that they begin with."""
    found, texts, vectors = [], [], None
    for batch in [*run.task._in_order(0), None]:
        if batch is None or batch.vectors is not None:
            ended = [[index for index in text if index != IGNORE] for text in texts]
            assert all(text[-1] == EOS for text in ended)
            found += [
                (run.task.tokenizer.decode(text[:-1]), tuple(vector.tolist()))
                for text, vector in zip(ended, vectors if vectors is not None else [], strict=True)
            ]
            texts, vectors = ([], None) if batch is None else ([[] for _ in batch.vectors], batch.vectors)
        if batch is not None:
            assert batch.continues.all() == (batch.vectors is None)
            assert batch.lengths is None
            for text, column in zip(texts, batch.targets.T.tolist(), strict=True):
                text += column
    return found


def test_every_text_is_learnt_from_with_the_label_of_its_own_or_held_out(tmp_path):
    run = begun(written(tmp_path / "moods.jsonl", RECORDS), tmp_path / "model", valid_share=0.3)
    assert run.task.condition == Condition(size=3, labels=("calm", "fog", "storm"))  # in the order of their names
    hot = {name: tuple(float(name == label) for label in run.task.condition.labels) for name in NAMES}
    held = [
        (run.task.tokenizer.decode(row.tolist()), hot[run.task.condition.labels[label]])
        for row, label in zip(run.task.corpus.rows, run.task.corpus.held_conditions, strict=True)
    ]
    assert held
    assert sorted(learnt(run) + held) == sorted((text, hot[name]) for text, name in RECORDS)


@pytest.mark.parametrize("levels", [("7", "10", "9", "x"), ("7.5", "10", "9", "1e1")])
def test_labels_are_in_the_order_of_their_names_and_numbers_are_numbers(tmp_path, levels):
    records = [(f"{text} {n}", levels[n % 4]) for n in range(6) for text, _ in RECORDS]
    condition = begun(written(tmp_path / "moods.jsonl", records), tmp_path / "model").task.condition
    assert condition == (Condition(size=4, labels=("10", "7", "9", "x")) if "x" in levels else Condition(size=1))


@pytest.mark.parametrize("as_text", [False, True])
def test_numbers_and_lists_of_them_are_vectors(tmp_path, as_text):
    rows = [(text, [n / 8, -n]) for n, (text, _) in enumerate(RECORDS)]
    records = [(text, json.dumps(row) if as_text else row) for text, row in rows]
    run = begun(written(tmp_path / "moods.jsonl", records), tmp_path / "model")
    assert run.task.condition == Condition(size=2)
    assert set(learnt(run)) <= {(text, tuple(map(float, row))) for text, row in rows}


def test_row_n_of_a_file_belongs_to_record_n(tmp_path):
    (tmp_path / "captions.txt").write_text("".join(f"{text}\n" for text, _ in RECORDS))
    rows = np.arange(len(RECORDS) * 2, dtype=np.float64).reshape(-1, 2)
    np.save(tmp_path / "rows.npy", rows)
    data = {"condition_file": str(tmp_path / "rows.npy")}
    run = begun(tmp_path / "captions.txt", tmp_path / "model", data=data, valid_share=0.3)
    found = learnt(run)
    corpus = run.task.corpus
    found += [
        (run.task.tokenizer.decode(row.tolist()), tuple(vector.tolist()))
        for row, vector in zip(corpus.rows, corpus.held_conditions, strict=True)
    ]
    assert sorted(found) == sorted((text, tuple(row.tolist())) for (text, _), row in zip(RECORDS, rows, strict=True))
    assert "rows.npy" in corpus.facts.files
    np.save(tmp_path / "own.npy", rows[:5])
    (tmp_path / "own.txt").write_text("".join(f"{text}\n" for text, _ in RECORDS[:5]))
    own = {"valid": str(tmp_path / "own.txt"), "valid_condition_file": str(tmp_path / "own.npy")}
    run = begun(tmp_path / "captions.txt", tmp_path / "other", data={**data, **own})
    assert run.task.corpus.held_conditions.tolist() == rows[:5].tolist()
    assert len(learnt(run)) == len(RECORDS)


@pytest.mark.parametrize(
    ("records", "data", "values", "error", "says"),
    [
        (
            RECORDS,
            {"condition_column": "nobody"},
            {},
            UsageError,
            "there is no column 'nobody'; there are 'id', 'text'",
        ),
        (RECORDS, {"column": "mood", "condition_column": "mood"}, {}, UsageError, "cannot be the column of the text"),
        ([(text, "calm") for text, _ in RECORDS], None, {}, DataError, "is --condition-column the right one"),
        (
            [(text, f"x{n}") for n, (text, _) in enumerate(RECORDS)],
            None,
            {},
            DataError,
            "is --condition-column the right one",
        ),
        ([*RECORDS, ("a text", [1, 2])], None, {}, DataError, "line 37: a list of numbers, and other records have la"),
        ([*RECORDS, ("a text", ["a"])], None, {}, DataError, "line 37: 'mood' is a list, and not of numbers"),
        ([*RECORDS, ("a text", {})], None, {}, DataError, "line 37: 'mood' is no name"),
        ([*((t, [1]) for t, _ in RECORDS), ("a", [1, 2])], None, {}, DataError, "37: 2 numbers, and the first record"),
        (RECORDS, None, {"unit": "text"}, UsageError, "without --unit text"),
        (RECORDS, None, {"windows": "shift"}, UsageError, "without windows, shift and fresh"),
        (RECORDS, {"condition_column": "mood", "streaming": True}, {}, UsageError, "without --streaming"),
        (RECORDS, {"condition_column": "mood", "condition_file": "a"}, {}, UsageError, "in a column or in a file"),
    ],
)
def test_what_is_wrong_with_conditions_is_said_in_one_line(records, data, values, error, says, tmp_path):
    file = written(tmp_path / "moods.jsonl", records)
    with pytest.raises(error, match=says) as raised:
        begun(file, tmp_path / "model", data=data, **values)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("rows", "more", "says"),
    [
        (35, {}, "rows.npy has 35 rows, and there are 36 records in moods.jsonl: row n belongs to record n"),
        (37, {}, "rows.npy has 37 rows, and there are 36 records"),
        (36, {"valid": "moods.jsonl"}, "--valid and --valid-condition-file belong together"),
    ],
)
def test_rows_that_belong_to_no_record_are_refused(rows, more, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "moods.jsonl", RECORDS)
    np.save(tmp_path / "rows.npy", np.zeros((rows, 2)))
    with pytest.raises((DataError, UsageError), match=says):
        begun(Path("moods.jsonl"), tmp_path / "model", data={"condition_file": "rows.npy", **more})


def test_a_label_that_is_learnt_from_nowhere_cannot_be_validated_on(tmp_path):
    valid = written(tmp_path / "valid.jsonl", [("a text", "calm"), ("another", "snow")])
    data = {"condition_column": "mood", "valid": str(valid)}
    with pytest.raises(DataError, match=r"valid.jsonl, line 2: no text to learn from begins with 'snow'"):
        begun(written(tmp_path / "moods.jsonl", RECORDS), tmp_path / "model", data=data)


def test_conditions_are_for_a_language_model(tmp_path):
    with pytest.raises(UsageError, match="condition_column is for lm, not for classifier"):
        begin("classifier", Data(files=("a",), condition_column="mood"), tmp_path / "model", training_settings({}))


@pytest.mark.parametrize("kind", ["labels", "numbers"])
def test_a_run_that_stopped_in_the_midst_of_a_text_ends_with_the_same_weights(kind, tmp_path):
    records = RECORDS if kind == "labels" else [(text, [n % 5, 1]) for n, (text, _) in enumerate(RECORDS)]
    file = written(tmp_path / "moods.jsonl", records)
    whole = finish(begun(file, tmp_path / "whole"))
    for step in (1, 5):
        run = begun(file, tmp_path / str(step))
        stopped(run, step)
        assert any(run.task.position().place[1:])  # a text has begun
        assert finish(resume(tmp_path / str(step))) == whole
    assert whole[0]["condition.weight"] != begun(file, tmp_path / "new").network.condition.weight.tolist()


def test_a_run_goes_on_with_its_own_conditions_alone(tmp_path):
    file = written(tmp_path / "moods.jsonl", RECORDS)
    finish(begun(file, tmp_path / "model"))
    asked = training_settings({"steps": 2})
    with pytest.raises(UsageError, match="condition_column was mood and is now id"):
        extend(tmp_path / "model", asked=asked, data=Data(files=(str(file),), condition_column="id"))
    assert outcome(tmp_path / "model") != finish(extend(tmp_path / "model", asked=asked))


def test_the_gradient_reaches_the_bridge_through_the_first_window_alone(tmp_path):
    run = begun(written(tmp_path / "moods.jsonl", RECORDS), tmp_path / "model", window=4)
    batches = iter(run.task.batches())
    norms = []
    for batch in (next(batches), next(batches)):
        state = run.state.carried_to(batch)
        output, after = run.network(run.state.tensor(batch.inputs), state)
        run.network.zero_grad()
        nats, _ = run.network.head.loss(output, run.state.tensor(batch.targets))
        nats.backward()
        gradient = run.network.condition.weight.grad
        norms.append(None if gradient is None else float(gradient.norm()))
        run.state.carried = {name: value.detach() for name, value in after.items()}
    assert (norms[0] or 0) > 0
    assert norms[1] is None
    assert (batch.inputs[0] != START).all()


def test_twenty_lines_are_learnt_by_heart_each_by_its_condition(tmp_path):
    words = ("bread", "lamp", "tide", "rope", "gull")
    moods = ("calm", "fog", "frost", "storm")
    records = [
        (f"{word}: {'so ' * n}{words[(n + 2 * m) % 5]} in {mood}", mood)
        for m, mood in enumerate(moods)
        for n, word in enumerate(words)
    ]
    file = written(tmp_path / "moods.jsonl", records)
    data = {"condition_column": "mood", "valid": str(file)}
    settings = {
        "units": 48,
        "embedding_size": 16,
        "batch": 20,
        "window": 64,
        "dropout": 0.0,
        "rate": 0.03,
        "steps": 300,
    }
    finish(begun(file, tmp_path / "model", data=data, **{**settings, "warmup": 10, "evaluations": 1}))
    model = textrnn.load(tmp_path / "model")
    for text, mood in records:
        prompt, colon, rest = text.partition(":")
        [found] = model.generate(prompt + colon, condition=mood, temperature=0)
        assert found.text == rest
    told = {model.generate("tide:", condition=mood, temperature=0)[0].text for mood in moods}
    assert len(told) == 4
    assert ModelFolder(tmp_path / "model").config.architecture.condition == Condition(size=4, labels=moods)
