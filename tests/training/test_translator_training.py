"""A translator learns from pairs: teacher forcing, BLEU picks the best, what was stopped goes on, a run is whole."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import textrnn
from tests.training.test_resume import finish, outcome, stopped
from textrnn.batch import IGNORE
from textrnn.data import Data
from textrnn.errors import UsageError
from textrnn.export.quantize import prices, quantize
from textrnn.metrics.translation import corpus_bleu
from textrnn.model_folder import ModelFolder
from textrnn.settings import training_settings
from textrnn.text.tokenizer import EOS
from textrnn.training import translator
from textrnn.training.run import TrainingRun
from textrnn.training.starting import begin, resume

NUMBERS = {"one": "uno", "two": "dos", "three": "tres", "four": "cuatro", "five": "cinco"}
THINGS = {"cats": "gatos", "houses": "casas", "tables": "mesas", "books": "libros"}
PAIRS = [  # in the translation what is counted comes first
    (f"I see {number} {thing}.", f"{THINGS[thing]} veo {NUMBERS[number]}.") for number in NUMBERS for thing in THINGS
]
QUICK = {
    **{"units": 8, "embedding_size": 6, "batch": 8, "dropout": 0.2, "precision": "float32", "patience": 0},
    **{"steps": 12, "evaluations": 3, "save_seconds": 0.0, "min_count": 1, "level": "word", "warmup": 2},
}
HEART = {**QUICK, "units": 32, "embedding_size": 24, "dropout": 0.0, "input_dropout": 0.0, "label_smoothing": 0.0}
HEART |= {"steps": 250, "evaluations": 2, "save_seconds": 1000.0, "rate": 0.01, "warmup": 20, "weight_decay": 0.0}


def written(path: Path, pairs: list[tuple[str, str]]) -> Path:
    """A file of pairs."""
    rows = [json.dumps({"source": source, "target": target}) for source, target in pairs]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "pairs.jsonl", PAIRS * 3)


def begun(file: Path, out: Path, *, valid: bool = True, **values: Any) -> TrainingRun:
    """A run of a translator, validated on what it learns from unless told otherwise."""
    data = Data(files=(str(file),), valid=str(file) if valid else None)
    return begin("translator", data, out, training_settings({**QUICK, **values}))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"attention": "additive", "cell": "gru"},
        {"input_feeding": True, "attention": "dot", "scheduled_sampling": 0.1},
        {"attention": "none", "steps": 300},
        {"level": "bpe", "vocabulary_size": 320, "steps": 900, "tied": False},
        pytest.param({"level": "char"}, marks=pytest.mark.slow),
        pytest.param({"embedding": "one-hot", "tied": False}, marks=pytest.mark.slow),
        *(
            pytest.param({"cell": cell, "layers": 2, "residual": True, "steps": 500}, marks=pytest.mark.slow)
            for cell in ("elman", "gru-reset-before", "peephole-lstm", "coupled-lstm")
        ),
    ],
    ids=str,
)
def test_twenty_pairs_are_learnt_by_heart_and_reordered(tmp_path: Path, settings: dict) -> None:
    file = written(tmp_path / "pairs.jsonl", PAIRS)
    finish(begun(file, tmp_path / "model", **{**HEART, **settings}))
    model = textrnn.load(tmp_path / "model", textrnn.Translator)
    for beam in (1, 4):
        made = [found.translation for found in model.translate([source for source, _ in PAIRS], beam=beam)]
        assert corpus_bleu(made, [target for _, target in PAIRS]) > 95
    assert ModelFolder(tmp_path / "model").config.training.metrics[0].metric == "bleu"
    rough = tmp_path / "int8"
    quantize(tmp_path / "model", rough)
    small = textrnn.load(rough, textrnn.Translator)
    assert [found.translation for found in small.translate(source for source, _ in PAIRS)] == made
    assert {row.figure for row in prices(tmp_path / "model", rough)} >= {"bytes of the graphs"}


def test_a_batch_holds_each_pair_side_by_side_and_an_epoch_each_once(file: Path, tmp_path: Path) -> None:
    run = begun(file, tmp_path / "model")
    task, found = run.task, []
    for batch in task._in_order(3):
        for source, target, length in zip(batch.inputs.T, batch.targets.T, batch.lengths, strict=True):
            kept = target[target != IGNORE].tolist()
            assert kept[-1] == EOS
            assert EOS not in kept[:-1]
            sides = (task.source_tokenizer.decode(source[:length].tolist()), task.tokenizer.decode(kept))
            found.append(sides)
    assert sorted(found) == sorted(PAIRS * 3)


def test_validation_is_the_loss_of_the_targets_and_bleu_of_greedy_translations(file: Path, tmp_path: Path) -> None:
    run = begun(file, tmp_path / "model", metric="loss")
    network, task = run.network.eval(), run.task
    with torch.no_grad():
        found = task.validate(network)
    assert found.figures == {}
    model = task._model(network, run.config())
    scores = list(model.score(PAIRS))
    nats = -sum(score.logprob for score in scores) / sum(len(score.tokens) for score in scores)
    assert found.nats == found.cost == pytest.approx(nats, rel=1e-5)
    by_bleu = begun(file, tmp_path / "other", metric="bleu")
    with torch.no_grad():
        found = by_bleu.task.validate(by_bleu.network.eval())
    greedy = [
        made.translation
        for made in by_bleu.task._model(by_bleu.network, run.config()).translate(
            [source for source, _ in PAIRS * 3], beam=1
        )
    ]
    assert found.cost == -found.figures["bleu"] == -corpus_bleu(greedy, [target for _, target in PAIRS * 3])


def test_what_is_validated_is_translated_up_to_a_bound(file: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(translator, "MOST_TRANSLATED", 7)
    run = begun(file, tmp_path / "model")
    assert len(run.task._translated(run.network)) == 7
    finish(run)
    assert "of the first 7" in ModelFolder(tmp_path / "model").config.training.metrics[0].protocol


@pytest.mark.parametrize("step", [1, 5, 11])
@pytest.mark.parametrize(
    "settings", [{}, {"joint_vocabulary": True, "scheduled_sampling": 0.5, "average": 0.9}], ids=str
)
def test_a_run_that_is_stopped_at_any_step_goes_on_from_it(
    file: Path, tmp_path: Path, step: int, settings: dict
) -> None:
    whole = begun(file, tmp_path / "whole", valid=False, valid_share=0.2, **settings)
    finish(whole)
    stopped(begun(file, tmp_path / "model", valid=False, valid_share=0.2, **settings), step)
    file.unlink()
    run = resume(tmp_path / "model")
    assert run.task.references == whole.task.references
    finish(run)
    assert outcome(tmp_path / "model") == outcome(tmp_path / "whole")
    parts = ModelFolder(tmp_path / "model").config.parts
    assert ("source_tokenizer.json" in parts) == (not settings)


def test_no_source_that_is_held_out_is_learnt_from(file: Path, tmp_path: Path) -> None:
    run = begun(file, tmp_path / "model", valid=False, valid_share=0.3)
    task = run.task
    learnt = {
        task.source_tokenizer.decode(source[:length].tolist())
        for batch in task._in_order(0)
        for source, length in zip(batch.inputs.T, batch.lengths, strict=True)
    }
    held = {source for source, _ in task.references}
    assert held
    assert not held & learnt
    assert held | learnt == {source for source, _ in PAIRS}


def test_the_share_of_guesses_rises_to_its_height(file: Path, tmp_path: Path) -> None:
    run = begun(file, tmp_path / "model", scheduled_sampling=0.5, steps=60, evaluations=1, metric="loss")
    shares = []
    rows = run.rows()
    batches = run.task.batches

    def watched():
        for batch in batches():
            shares.append(run.network.head.guessed)
            yield batch

    run.task.batches = watched
    for _ in rows:
        pass
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.1
    assert shares[-1] == 0.5


def test_how_a_translator_is_described(file: Path, tmp_path: Path) -> None:
    random.seed(0)
    longer = written(tmp_path / "more.jsonl", [*PAIRS * 3, ("", "nada"), ("a " * 120, "b " * 120), ("a", "b " * 20)])
    run = begun(longer, tmp_path / "model", valid=False)
    says = "\n".join(run.task.describe())
    for part in ("1 pairs have a side without a symbol", "more than 100", "more than 9 times", "vocabulary of source"):
        assert part in says
    finish(run)
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "general attention" in card
    assert "nrefs:1\\|case:mixed" in card
    assert "textrnn translate model" in card
    lines = run.glimpse(symbols=80).split("\n")
    assert len(lines) == 6
    assert all("→" in line for line in lines[::2])
    made = [line.partition(" → ")[2].partition(" (it is: ")[0] for line in lines[::2]]
    assert [" ".join(word.partition("←")[0] for word in line.split()) for line in lines[1::2]] == made


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"embedding": "word2vec"}, "learned or one-hot"),
        ({"units": 7}, "7 is odd"),
        ({"attention": "dot", "projection": 5, "bidirectional": True}, "general and additive compare any"),
        ({"input_feeding": True, "recurrent_dropout": 0.1}, "leave out recurrent_dropout"),
        ({"tied": True, "embedding": "one-hot"}, "tied"),
        ({"window": 3}, "window is for lm"),
        ({"metric": "accuracy"}, "accuracy is for classifier"),
        ({"joint_vocabulary": True, "level": "nothing"}, "level"),
    ],
    ids=str,
)
def test_settings_that_do_not_fit_are_refused_before_anything_is_written(
    file: Path, tmp_path: Path, settings: dict, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        begun(file, tmp_path / "model", **settings)
    assert not (tmp_path / "model").exists()


def test_bounds_are_those_of_encoder_and_decoder(file: Path, tmp_path: Path) -> None:
    finish(begun(file, tmp_path / "model", cell="elman-relu", input_feeding=True, rate=0.001))
    config = ModelFolder(tmp_path / "model").config
    assert set(config.bounds) == set(config.architecture.unbounded())
    quantize(tmp_path / "model", tmp_path / "int8")
    exact, rough = (textrnn.load(tmp_path / name, textrnn.Translator) for name in ("model", "int8"))
    for a, b in zip(exact.score(PAIRS), rough.score(PAIRS), strict=True):
        assert a.logprob == pytest.approx(b.logprob, abs=1.0)


def test_a_sample_is_of_one_length_a_side(file: Path, tmp_path: Path) -> None:
    source, target = begun(file, tmp_path / "model").task.sample()
    assert source.shape[1] == target.shape[1]
    assert not np.isin(np.concatenate([source, target]), (0, 2, IGNORE)).any()
