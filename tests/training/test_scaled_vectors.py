"""How large the vectors of symbols are as a run begins: learned ones as they are drawn, others once they are scaled."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.labelled import written
from textrnn.data import Data
from textrnn.networks.inputs import LearnedInput
from textrnn.settings import training_settings
from textrnn.text.vectors import Found
from textrnn.training.starting import begin
from textrnn.training.word_vectors import scaled


def some_vectors() -> Found:
    """Of five symbols three have vectors."""
    rows = np.array([[0, 0], [1, -2], [9, 9], [3, 0.5], [-1, 4]], np.float32)
    return Found(rows, np.array([False, True, False, True, True]), lowered=1, total=7, repeated=2)


@pytest.mark.parametrize("deviation", [1.0, 0.25])
def test_the_vectors_that_were_found_have_the_deviation_afterwards_and_their_directions(deviation):
    found, before = scaled(some_vectors(), deviation), some_vectors()
    known = found.rows[found.is_found]
    assert known.std() == pytest.approx(deviation)
    assert found.rows.dtype == np.float32
    factor = deviation / np.std([1, -2, 3, 0.5, -1, 4])
    np.testing.assert_allclose(known, before.rows[before.is_found] * factor, rtol=1e-6)  # none is turned
    assert (found.lowered, found.total, found.repeated) == (1, 7, 2)
    assert found.is_found.tolist() == before.is_found.tolist()


def test_a_deviation_of_0_leaves_them_and_so_do_vectors_that_are_all_one_number():
    found = some_vectors()
    assert scaled(found, 0.0) is found
    alike = Found(np.full((5, 2), 3, np.float32), found.is_found, lowered=0, total=3, repeated=0)
    assert scaled(alike, 1.0) is alike


WRITTEN = {"the": [1, 2, 3, 4], "ship": [-1, 0, 0.5, 0], "away": [0.5, 0.5, 0.5, 0.5], "verse": [3, -3, 0, 1]}
EVERY = np.array([*WRITTEN.values()])


@pytest.mark.parametrize(
    ("task", "asked", "deviation"),
    [
        ("lm", {}, EVERY.std()),
        ("lm", {"embedding_deviation": 2.0}, 2.0),
        ("classifier", {}, 1.0),
        ("classifier", {"embedding_deviation": 0.0}, EVERY.std()),
    ],
)
def test_a_classifier_scales_vectors_and_a_language_model_leaves_them_unless_told_otherwise(
    tmp_path: Path, task: str, asked: dict[str, float], deviation: float
) -> None:
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("".join(f"{word} {' '.join(map(str, row))}\n" for word, row in WRITTEN.items()))
    lines = [f"verse {place % 20} the ship sails away {place % 3}" for place in range(250)]
    file = written(tmp_path / "song.jsonl", [(line, "ab"[place % 2]) for place, line in enumerate(lines)])
    quick = {
        "level": "word",
        "units": 4,
        "layers": 1,
        "steps": 1,
        "batch": 2,
        "embedding": str(vectors),
        "min_count": 1,
    }
    data = Data(files=(str(file),), column="text")
    run = begin(task, data, tmp_path / "model", training_settings({**quick, **asked}))
    table = run.network.input.table.detach().numpy()
    found = dict(zip(run.task.tokenizer.tokens, table, strict=True))
    for word, row in WRITTEN.items():
        np.testing.assert_allclose(found[word], np.array(row) * deviation / EVERY.std(), rtol=1e-5)
    others = np.array([row for word, row in found.items() if word not in (*WRITTEN, "<pad>")])
    assert len(others) > 15
    assert others.std() == pytest.approx(deviation, rel=0.35)  # the random ones are like them


@pytest.mark.parametrize(
    ("task", "asked", "deviation"),
    [
        ("lm", {"level": "char"}, 1.0),
        ("lm", {"tied": True}, 0.1),
        ("lm", {"tied": True, "embedding_deviation": 0.5}, 0.5),
        ("classifier", {}, 1.6 / 32**0.5),
        ("classifier", {"embedding_size": 64}, 0.2),
        ("classifier", {"embedding_deviation": 0.0}, 1.0),
        ("translator", {"embedding_size": 64}, 0.2),
        ("translator", {"joint_vocabulary": True, "level": "bpe", "vocabulary_size": 300}, 1.6 / 32**0.5),
        ("translator", {"embedding_deviation": 2.0, "tied": False}, 2.0),
    ],
)
def test_learned_vectors_begin_small_where_a_label_or_a_translation_is_learnt(
    tmp_path: Path, task: str, asked: dict[str, float], deviation: float
) -> None:
    lines = [f"verse {place % 20} the ship sails away {place % 3}" for place in range(250)]
    labels = lines if task == "translator" else ["a", "b"] * 125
    file = written(tmp_path / "song.jsonl", list(zip(lines, labels, strict=True)))
    columns = {"source_column": "text", "target_column": "label"} if task == "translator" else {"column": "text"}
    quick = {"level": "word", "units": 32, "embedding_size": 32, "layers": 1, "steps": 1, "batch": 2, "min_count": 1}
    data = Data(files=(str(file),), **columns)
    network = begin(task, data, tmp_path / "model", training_settings({**quick, **asked})).network
    inputs = [each for each in network.modules() if isinstance(each, LearnedInput)]
    assert len(inputs) == (2 if task == "translator" else 1)
    for each in inputs:
        assert each.table.std().item() == pytest.approx(deviation, rel=0.1)
