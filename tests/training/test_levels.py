"""Training at each level, by texts and by lines: what is saved can be opened, and its figures are the same again."""

import math
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

import textrnn
from textrnn.batch import Batch, begun
from textrnn.data import Data
from textrnn.errors import UsageError
from textrnn.networks.torch_engine import TorchEngine
from textrnn.settings import training_settings
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.levels import LEVELS
from textrnn.text.tokenizer import EOS, START
from textrnn.training.run import TrainingRun
from textrnn.training.starting import begin
from textrnn.windows import shift

LIGHTHOUSE = Path(__file__).parents[2] / "corpora" / "lighthouse.txt"
TINY = {"units": 9, "embedding_size": 6, "layers": 2, "batch": 4, "window": 8, "precision": "float32", "dropout": 0.1}
SONG = (
    "sphinx of black quartz, judge my vow.",
    "the quick brown fox jumps over a lazy dog.",
    "pack my box with five dozen liquor jugs.",
)


@pytest.fixture(scope="module")
def head(tmp_path_factory) -> str:
    """The first 60 lines of a text."""
    path = tmp_path_factory.mktemp("texts") / "head.txt"
    path.write_text("".join(LIGHTHOUSE.read_text().splitlines(keepends=True)[:60]))
    return str(path)


def training(head: str, out: Path, **values) -> TrainingRun:
    return begin("lm", Data(files=(head,)), out, training_settings({**TINY, "vocabulary_size": 400, **values}))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("unit", ["line", "text"])
def test_each_level_and_unit_trains_and_what_is_saved_scores_and_writes(head, tmp_path, level, unit):
    run = training(head, tmp_path / "model", level=level, unit=unit, steps=40, evaluations=2, warmup=5, rate=0.01)
    rows = list(run.rows())
    assert rows[-1].valid_nats < math.log(len(run.task.tokenizer))  # better than a draw
    assert rows[-1].valid_nats < rows[0].valid_nats
    assert isinstance(run.glimpse(symbols=5), str)
    model = textrnn.load(tmp_path / "model")
    assert (model.config.text.level, model.config.text.unit) == (level, unit)
    assert model.predicts_end == (unit == "line")
    texts = ["The glass gave up its ground.", "", "zzz", "It is kept by four of us"]
    scores = list(model.score(texts, per_token=True))
    own = list(LanguageModel(TorchEngine(run.network), run.task.tokenizer, run.config()).score(texts))
    for score, same, text in zip(scores, own, texts, strict=True):
        assert (score.text, score.tokens) == (text, same.tokens)
        assert score.logprob == pytest.approx(same.logprob, abs=1e-3)
        assert (score.tokens[-1:] == ["<eos>"]) == (unit == "line")
    (sample,) = model.generate("The glass", max_tokens=12, seed=1)
    again = torch_twin(tmp_path / "model").generate("The glass", max_tokens=12, seed=1)[0]
    assert (sample.text, len(sample.tokens)) == (again.text, len(again.tokens))
    assert 0 < len(sample.tokens) <= 12


def torch_twin(folder: Path) -> LanguageModel:
    return textrnn.load(folder, engine="torch")


@pytest.mark.parametrize("level", LEVELS)
def test_the_figure_of_a_model_of_lines_is_that_of_evaluate_on_the_held_out_lines(head, tmp_path, level):
    run = training(head, tmp_path / "model", level=level, unit="line", steps=10, evaluations=1)
    (row,) = run.rows()
    held = LIGHTHOUSE.read_text().splitlines()[57:60]
    assert [ids.tolist() for ids in run.task.corpus.rows] == [run.task.tokenizer.encode(line).tolist() for line in held]
    measured = {figure.metric: figure.value for figure in textrnn.load(run.out).evaluate("\n".join(held) + "\n")}
    assert math.exp(row.valid_nats) == pytest.approx(measured["perplexity"], rel=1e-4)
    in_config = {figure.metric: figure.value for figure in textrnn.load(run.out).config.training.metrics}
    assert in_config["perplexity"] == pytest.approx(measured["perplexity"], rel=1e-4)
    assert in_config["nats_per_symbol"] == row.valid_nats
    for name in ("bits_per_character", "bits_per_byte"):
        expected = measured[name]
        assert in_config[name] == (expected if expected is None else pytest.approx(expected, rel=1e-4))


def test_lines_are_validated_on_as_if_alone_whatever_stands_beside_them(head, tmp_path, monkeypatch):
    run = training(head, tmp_path / "model", level="word", steps=1)
    run.network.eval()
    with torch.no_grad():
        for parameter in run.network.parameters():
            parameter.mul_(4)  # untrained weights are so small that what was read before hardly shows
        together = run.task.validate(run.network).nats
        monkeypatch.setattr("textrnn.training.language_model.VALID_STREAMS", 1)
        alone = training(head, tmp_path / "again", level="word", steps=1).task.validate(run.network).nats
        monkeypatch.setattr("textrnn.training.language_model.VALID_OVERLAP", 3)  # steps of one call
        in_pieces = run.task.validate(run.network).nats
    assert together == pytest.approx(alone, rel=1e-5)
    assert together == pytest.approx(in_pieces, rel=1e-5)


def test_a_model_of_texts_is_validated_on_every_symbol_in_streams_that_overlap(head, tmp_path, monkeypatch):
    run = training(head, tmp_path / "model", level="char", steps=3, evaluations=1)
    (row,) = run.rows()
    text = Path(head).read_text()
    text = text[-run.task.corpus.facts.held.characters :]
    assert run.task._valid.targets == len(text) == round(0.05 * len(Path(head).read_text()))
    measured = {figure.metric: figure.value for figure in textrnn.load(run.out).evaluate(text)}
    assert math.exp(row.valid_nats) == pytest.approx(measured["perplexity_without_eos"], rel=0.02)  # quick, not exact


def test_a_limit_on_the_validation_symbols_is_said_in_the_protocol(head, tmp_path):
    run = training(head, tmp_path / "model", level="word", steps=1, valid_symbols=20, evaluations=1)
    (row,) = run.rows()
    first = LIGHTHOUSE.read_text().splitlines()[57]
    (perplexity,) = [metric for metric in run.task.metrics(row) if metric.metric == "perplexity"]
    targets = len(run.task.tokenizer.encode(first)) + 1
    assert targets > 20
    assert perplexity.protocol.startswith(f"the first {targets} symbols of the last 5% of the text")
    measured = {figure.metric: figure.value for figure in textrnn.load(run.out).evaluate(first)}
    assert perplexity.value == pytest.approx(measured["perplexity"], rel=1e-4)


def test_training_reads_each_symbol_once_an_epoch_and_begins_some_lines_afresh(head, tmp_path):
    run = training(head, tmp_path / "model", level="word", steps=1, fresh=0.5)
    columns, seen, restarts = run.task.streams, [], 0
    learnt = next(run.task.corpus.ids.shards(0))
    wanted = len(learnt) // columns * columns
    for batch in run.task.batches():
        assert not (batch.inputs == EOS).any()
        assert (batch.inputs[0][~batch.continues] == START).all()
        restarts += int((~batch.continues).sum())
        seen += batch.targets[batch.targets >= 0].tolist()
        if len(seen) >= wanted:
            break
    assert len(seen) == wanted
    assert restarts > columns
    symbols = len(run.task.tokenizer)
    left_over = np.bincount(learnt, minlength=symbols) - np.bincount(seen, minlength=symbols)
    assert (left_over >= 0).all()
    assert left_over.sum() < columns


@pytest.mark.parametrize("level", ["word", "bpe"])
def test_lines_are_learnt_by_heart_to_their_ends(tmp_path, level):
    (tmp_path / "song.txt").write_text("\n".join(SONG * 60) + "\n")
    model = textrnn.train(
        "lm",
        [tmp_path / "song.txt"],
        out=tmp_path / "model",
        **{"level": level, "vocabulary_size": 400, "embedding_size": 32, "layers": 1, "batch": 8, "window": 20},
        **{"steps": 600, "evaluations": 1, "warmup": 20, "rate": 0.02, "precision": "float32"},
        **{"dropout": 0.0, "input_dropout": 0.0},
    )
    prompts = [line[:10].rpartition(" ")[0] for line in SONG]
    found = model.generate(prompts, temperature=0, max_tokens=60)
    assert [sample.prompt + sample.text for sample in found] == list(SONG)
    assert all(sample.tokens[-1] == "<eos>" for sample in found)


def test_describe_counts_lines_words_and_what_is_left_out(head, tmp_path):
    run = training(head, tmp_path / "model", level="word", steps=1, min_count=2, vocabulary_size=100)
    first, second, third = run.task.describe()
    facts = run.task.corpus.facts
    assert f"{facts.symbols:,} symbols in 57 lines to learn from" in first
    assert second.startswith(f"vocabulary: 100 of {facts.distinct:,} distinct words")
    assert f"{facts.left_out:,} occurrences of others are <unk>" in second
    assert facts.left_out > 0
    assert third == "read in 4 streams, 8 steps at a time, the state carried on"


@pytest.mark.parametrize("unit", ["line", "text"])
@pytest.mark.parametrize(
    ("values", "every"), [({"windows": "reshape"}, 8), ({"windows": "shift"}, 4), ({"shift": 3}, 3)]
)
def test_examples_are_read_alone_each_once_an_epoch_in_an_order_that_a_seed_repeats(
    head, tmp_path, monkeypatch, unit, values, every
):
    values = {"windows": "shift", "level": "word", "unit": unit, "steps": 1, **values}
    task = training(head, tmp_path / "model", **values).task
    (ids,) = islice(task.corpus.ids.shards(0), 1)
    epochs = [list(islice(task.batches(), round(task.steps_per_epoch))) for _ in range(2)]
    assert [batch.continues.any() for batch in epochs[0]] == [False] * len(epochs[0])
    read, wanted = shift(np.append(START, ids), 8, shift=every)
    expected = sorted(zip(begun(read, start=START, end=EOS).T.tolist(), wanted.T.tolist(), strict=True))
    found = [[pair for batch in epoch for pair in examples(batch)] for epoch in epochs]
    assert sorted(found[0]) == sorted(found[1]) == expected
    assert found[0] != found[1]
    again = training(head, tmp_path / "again", **values).task.batches()
    assert [pair for batch in islice(again, len(epochs[0])) for pair in examples(batch)] == found[0]
    assert task.describe()[2] == (
        f"read in shuffled examples of 8 symbols, one every {every} ({values['windows']}), each with no state before "
        "it, 4 at a time"
    )


def examples(batch: Batch) -> list[tuple[list[int], list[int]]]:
    """Inputs and targets of each."""
    return list(zip(batch.inputs.T.tolist(), batch.targets.T.tolist(), strict=True))


def test_a_shift_that_would_leave_symbols_out_is_refused_before_anything_is_written(head, tmp_path):
    with pytest.raises(UsageError, match="shift is 9, but at most the window of 8"):
        training(head, tmp_path / "model", windows="shift", shift=9, steps=1)
    assert not (tmp_path / "model").exists()


def test_the_card_names_the_windows(head, tmp_path):
    run = training(head, tmp_path / "model", level="word", windows="shift", steps=2, evaluations=1)
    list(run.rows())
    assert "one every 4 (shift), each with no state before it" in (run.out / "README.md").read_text()
