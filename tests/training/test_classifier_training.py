"""A classifier learns from labelled records: each text with its label, what is held out apart, the best kept."""

import itertools
import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch

import textrnn
from tests.fakes import answers
from tests.training.labelled import LEARNT_BY_HEART, QUICK, begun, written
from tests.training.test_resume import finish, outcome, stopped
from textrnn.cells import CELLS
from textrnn.data import Data
from textrnn.errors import DataError, UsageError
from textrnn.metrics.calibration import at_temperature, fit_temperature
from textrnn.model_folder import ModelFolder
from textrnn.settings import training_settings
from textrnn.training import labelled_corpus
from textrnn.training.labelled_corpus import lengths_of
from textrnn.training.loop import Found
from textrnn.training.run import TrainingRun
from textrnn.training.starting import extend, resume

NAMES = ("bad", "good", "so-so")
PLACES = ["here", "there", "now", "then", "today", "tonight"]
RECORDS = [
    (f"{'very ' * (n % 4)}{NAMES[n % 3]} film {PLACES[n % 5]} {PLACES[n // 20]}", NAMES[n % 3]) for n in range(120)
]


@pytest.fixture
def file(tmp_path) -> Path:
    return written(tmp_path / "train.jsonl", RECORDS)


def learnt(run: TrainingRun) -> list[tuple[str, str]]:
    """The texts that a run learns from, as it reads them, with their labels."""
    task, found = run.task, []
    for batch in task._in_order(0):
        for column, label, length in zip(batch.inputs.T, batch.targets[0], batch.lengths, strict=True):
            found.append((task.tokenizer.decode(column[:length].tolist()), task.facts.names[label]))
    return found


def held(run: TrainingRun) -> list[tuple[str, str]]:
    """Those that it is validated on."""
    corpus = run.task.corpus
    pairs = zip(corpus.rows, corpus.held_labels, strict=True)
    return [(run.task.tokenizer.decode(row.tolist()), run.task.facts.names[label]) for row, label in pairs]


def test_every_record_is_learnt_from_with_its_label_or_held_out_and_equal_texts_are_on_one_side(file, tmp_path):
    run = begun(file, tmp_path / "model", valid_share=0.3)
    there, here = learnt(run), held(run)
    assert sorted(there + here) == sorted(RECORDS)
    assert not {text for text, _ in there} & {text for text, _ in here}
    assert 0.15 < len(here) / len(RECORDS) < 0.45


def test_what_is_held_out_depends_on_the_texts_alone(file, tmp_path):
    mixed = random.Random(0).sample(RECORDS, len(RECORDS))
    longer = [("an excellent film", "good"), *mixed, ("a film", "bad")]
    first, second, third = (
        {text for text, _ in held(begun(written(tmp_path / f"{n}.jsonl", records), tmp_path / str(n), valid_share=0.3))}
        for n, records in enumerate((RECORDS, mixed, longer))
    )
    assert first == second == third - {"an excellent film", "a film"}


@pytest.mark.parametrize("together", [2, 4096])
def test_labels_follow_their_texts_where_texts_without_a_symbol_are_left_out(tmp_path, monkeypatch, together):
    monkeypatch.setattr(labelled_corpus, "TEXTS_AT_ONCE", together)
    gaps = [("", "bad"), ("   ", "good"), ("", "so-so")]
    records = [pair for record, gap in zip(RECORDS, itertools.cycle(gaps), strict=False) for pair in (gap, record)]
    file = written(tmp_path / "gaps.jsonl", records)
    run = begun(file, tmp_path / "model", data={"valid": str(file)})
    assert sorted(learnt(run)) == sorted(RECORDS)
    assert held(run) == RECORDS
    assert run.task.facts.without == 240
    assert "240 texts have no symbol and are left out" in run.task.describe()
    assert run.task.facts.learnt == (80, 80, 80)  # of the records, as they are


def test_texts_without_labels_enter_the_vocabulary_and_word2vec_and_no_batch(file, tmp_path):
    further = tmp_path / "further.txt"
    further.write_text("splendid splendid splendid film\n" * 30)
    values = {"embedding": "word2vec", "embedding_size": 5, "word2vec_epochs": 1, "valid_share": 0.3}
    alone = begun(file, tmp_path / "alone", **values)
    run = begun(file, tmp_path / "model", data={"unlabelled": (str(further),)}, **values)
    assert "splendid" not in alone.task.tokenizer.tokens
    place = run.task.tokenizer.tokens.index("splendid")
    assert all(place not in batch.inputs for batch in run.task._in_order(0))
    *_, coverage = run.task.describe()
    assert coverage.startswith(f"{len(run.task.tokenizer) - 4} of {len(run.task.tokenizer) - 4} words have a vector")
    assert sorted(learnt(run)) == sorted(learnt(alone))
    assert held(run) == held(alone)


@pytest.mark.parametrize("cell", CELLS)
def test_twenty_examples_are_learnt_by_heart(tmp_path, cell):
    file = written(tmp_path / "train.jsonl", LEARNT_BY_HEART)
    values = {"cell": cell, "units": 16, "embedding_size": 8, "dropout": 0.0, "input_dropout": 0.0, "steps": 80}
    run = begun(file, tmp_path / "model", data={"valid": str(file)}, **values, rate=0.03, warmup=5, batch=20)
    *_, row = run.rows()
    assert row.figures["accuracy"] == 1.0
    model = textrnn.load(run.out)
    texts, gold = zip(*LEARNT_BY_HEART, strict=True)
    found = list(model.classify(texts))
    assert [prediction.label for prediction in found] == list(gold)
    assert {figure.metric: figure.value for figure in model.config.training.metrics}["accuracy"] == 1.0


def test_the_loss_of_an_example_is_that_of_torch_and_rare_labels_count_for_more(tmp_path):
    """The mean over the examples of a batch of each weighted loss; a weight is the mean count over its label's own."""
    records = [(f"film {n}", NAMES[0] if n < 8 else NAMES[1] if n < 12 else NAMES[2]) for n in range(15)]
    file = written(tmp_path / "train.jsonl", records)
    plain, weighted, smooth = (
        begun(file, tmp_path / name, data={"valid": str(file)}, batch=15, dropout=0.0, input_dropout=0.0, **values)
        for name, values in (
            ("plain", {}),
            ("weighted", {"class_weights": "balanced"}),
            ("smooth", {"label_smoothing": 0.3}),
        )
    )
    weights = torch.tensor([5 / 8, 5 / 4, 5 / 3])
    assert torch.allclose(weighted.network.head.class_weights, weights)
    (batch,) = plain.task._in_order(0)
    lengths, targets = torch.from_numpy(batch.lengths), torch.from_numpy(batch.targets)
    for run in (plain, weighted, smooth):
        network = run.network.train()
        hidden = network.read_out(network(torch.from_numpy(batch.inputs), lengths=lengths)[0], lengths)
        logprobs = network.head(hidden)[0].log_softmax(-1)
        of_gold = -logprobs[torch.arange(15), targets[0]]
        expected = {
            plain: of_gold.sum(),
            weighted: (of_gold * weights[targets[0]]).sum(),
            smooth: (0.7 * of_gold - 0.3 * logprobs.mean(-1)).sum(),
        }[run]
        nats, count = network.head.loss(hidden, targets)
        torch.testing.assert_close(nats, expected)
        assert count == 15
        torch.testing.assert_close(network.eval().head.loss(hidden, targets)[0], of_gold.sum())
        with torch.no_grad():
            validated = run.task.validate(network)
        assert validated.nats == pytest.approx(of_gold.mean().item(), rel=1e-5)  # neither weighted nor smoothed


@pytest.mark.parametrize(
    ("metric", "best"), [("accuracy", 2), ("macro-f1", 3), ("loss", 1)], ids=["accuracy", "macro-f1", "loss"]
)
def test_the_metric_picks_the_best_and_its_temperature_is_kept(file, tmp_path, monkeypatch, metric, best):
    """Nats, accuracy and macro-F1 of four evaluations, each with its own best."""
    run = begun(file, tmp_path / "model", steps=4, evaluations=4, valid_share=0.3, metric=metric)
    figures = [(2.0, 0.5, 0.5), (1.0, 0.6, 0.6), (1.5, 0.9, 0.7), (1.2, 0.8, 0.8)]
    sharpness = iter([0.0, 1.0, 2.0, 3.0])
    validate = run.task.validate

    def found(network: object) -> Found:
        number = int(next(sharpness))
        nats, accuracy, macro_f1 = figures[number]
        own = {**validate(network).figures, "accuracy": accuracy, "macro_f1": macro_f1, "temperature": 1.5 + number}
        return Found(nats, {"accuracy": -accuracy, "macro-f1": -macro_f1, "loss": nats}[metric], own)

    monkeypatch.setattr(run.task, "validate", found)
    rows = list(run.rows())
    assert [row for row in rows if row.is_best][-1] is rows[best]
    config = ModelFolder(run.out).config
    assert (config.labels.names, config.labels.temperature) == (NAMES, 1.5 + best)
    assert config.training.best_step == best + 1


def test_what_a_validation_finds_is_what_its_metric_goes_by(file, tmp_path):
    nats, costs = set(), {}
    for metric in ("accuracy", "macro-f1", "loss"):
        run = begun(file, tmp_path / metric, valid_share=0.3, metric=metric)
        with torch.no_grad():
            found = run.task.validate(run.network.eval())
        nats.add(found.nats)
        costs[metric] = found.cost
    assert len(nats) == 1
    assert costs == {"accuracy": -found.figures["accuracy"], "macro-f1": -found.figures["macro_f1"], "loss": found.nats}


def test_the_temperature_is_fitted_where_it_is_validated_and_the_model_speaks_at_it(file, tmp_path):
    run = begun(file, tmp_path / "model", steps=30, evaluations=1, valid_share=0.7, rate=0.01, warmup=0)
    (row,) = run.rows()
    model = textrnn.load(run.out)
    labels = model.config.labels
    texts, gold = zip(*held(run), strict=True)
    places = np.array([labels.names.index(name) for name in gold])
    plain = textrnn.load(run.out)
    plain.labels = labels.model_copy(update={"temperature": 1.0})
    logprobs = plain.logprobs(texts)
    assert (
        labels.temperature == row.figures["temperature"] == pytest.approx(fit_temperature(logprobs, places), rel=1e-3)
    )
    assert labels.temperature != 1
    np.testing.assert_allclose(model.logprobs(texts), at_temperature(logprobs, labels.temperature), atol=1e-5)
    assert row.valid_nats == pytest.approx(-logprobs[np.arange(len(places)), places].mean(), rel=1e-4)
    assert row.figures["accuracy"] == pytest.approx((logprobs.argmax(1) == places).mean())


def test_labels_in_order_are_kept_as_they_are_ranked(file, tmp_path):
    run = begun(file, tmp_path / "model", data={"ordinal": "bad, so-so, good"}, steps=1, evaluations=1, valid_share=0.3)
    list(run.rows())
    labels = ModelFolder(run.out).config.labels
    assert (labels.names, labels.is_ordinal) == (("bad", "so-so", "good"), True)
    assert sorted(learnt(run) + held(run)) == sorted(RECORDS)


@pytest.mark.parametrize("step", [1, 5, 6, 8, 11])
def test_a_run_that_is_stopped_at_any_step_goes_on_from_it(file, tmp_path, step):
    """Also at the end of an epoch, and with vectors of word2vec whose text is there no more."""
    values = {"valid_share": 0.3, "batch": 16, "word_dropout": 0.1, "piece": 3}
    whole = begun(file, tmp_path / "whole", **values)
    assert 5 <= whole.task.steps_per_epoch <= 8
    expected = finish(whole)
    folder = stopped(begun(file, tmp_path / "model", **values), step)
    file.unlink()
    run = resume(folder)
    assert run.state.step == step
    assert finish(run) == expected
    assert ModelFolder(folder).config.labels == ModelFolder(whole.out).config.labels


def test_a_run_that_has_ended_is_extended_and_the_best_is_to_be_beaten(file, tmp_path, monkeypatch):
    run = begun(file, tmp_path / "model", valid_share=0.3)
    weights, _ = finish(run)
    again = extend(run.out, asked=training_settings({"steps": 2, "evaluations": 2}))
    monkeypatch.setattr(again.task, "validate", answers(99.0, 98.0))
    now, rows = finish(again)
    assert now == weights
    assert [row["step"] for row in rows] == [4, 8, 12, 13, 14]


def test_labels_or_further_texts_that_have_changed_are_refused_on_resume(file, tmp_path):
    further = tmp_path / "further.txt"
    further.write_text("a splendid film\n")
    data = Data(files=(str(file),), unlabelled=(str(further),), label_column="label")
    folder = stopped(
        begun(file, tmp_path / "model", data={"unlabelled": data.unlabelled, "label_column": "label"}, valid_share=0.3),
        3,
    )
    assert resume(folder, data=data).state.step == 3
    moved = further.rename(tmp_path / "moved.txt")
    assert resume(folder, data=data.model_copy(update={"unlabelled": (str(moved),)})).state.step == 3
    with pytest.raises(UsageError, match=r"further\.txt was read when the run was begun, and is not given now"):
        resume(folder, data=data.model_copy(update={"unlabelled": ()}))
    with pytest.raises(UsageError, match="label_column was label and is now text: a run keeps how it reads its text"):
        resume(folder, data=data.model_copy(update={"label_column": "text"}))
    moved.write_text("another film\n")
    with pytest.raises(UsageError, match=r"moved\.txt was not read when the run was begun"):
        resume(folder, data=data.model_copy(update={"unlabelled": (str(moved),)}))
    moved.write_text("a splendid film\n")
    written(file, [(text, "good") for text, _ in RECORDS])
    with pytest.raises(UsageError, match=r"train\.jsonl has changed since the run was begun: a run keeps its text"):
        resume(folder, data=data.model_copy(update={"unlabelled": (str(moved),)}))


def test_two_files_of_one_name_are_told_apart_on_resume(file, tmp_path):
    further = tmp_path / "elsewhere" / file.name
    further.parent.mkdir()
    further.write_text('{"text": "a splendid film"}\n')
    run = begun(file, tmp_path / "model", data={"unlabelled": (str(further),)}, valid_share=0.3)
    assert len(run.task.corpus.facts.files) == 2


@pytest.mark.parametrize(
    ("train", "valid", "says"),
    [
        ([("", label) for label in NAMES * 2], RECORDS, "no text of train.jsonl has a symbol"),
        (RECORDS, [("", label) for label in NAMES], "no text of valid.jsonl has a symbol"),
    ],
)
def test_whose_texts_are_all_empty_is_named(tmp_path, train, valid, says):
    written(tmp_path / "valid.jsonl", valid)
    with pytest.raises(DataError, match=says):
        begun(
            written(tmp_path / "train.jsonl", train),
            tmp_path / "model",
            data={"valid": str(tmp_path / "valid.jsonl")},
            level="char",
        )
    assert not (tmp_path / "model").exists()


def test_lengths_are_of_the_texts_without_their_ends():
    assert lengths_of(np.array([5, 6, 3, 3, 7, 3], np.uint8)).tolist() == [2, 0, 1]
    assert lengths_of(np.array([3], np.uint8)).tolist() == [0]


def test_history_and_card_say_what_was_measured(file, tmp_path):
    run = begun(file, tmp_path / "model", valid_share=0.3)
    _, rows = finish(run)
    assert {"accuracy", "macro_f1", "temperature"} <= rows[0]["figures"].keys()
    assert all(math.isfinite(value) for row in rows for value in row["figures"].values())
    stored = json.loads((run.out / "config.json").read_text())["training"]["settings"]
    assert stored["readout"] == "max,attention"
    assert "window" not in stored
    assert training_settings({**stored, **QUICK}).readout == ("max", "attention")
    assert outcome(run.out)[1] == rows
