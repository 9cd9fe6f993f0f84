"""Alignments: attention between symbols as that between words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import TableTranslationEngine, fake_translator
from tests.small_models import small_tokenizer
from textrnn.errors import ModelError
from textrnn.tasks.alignment import Alignment, align
from textrnn.text.levels import LEVELS

TEXT = st.text(st.sampled_from("the ca\nsöm\U0001f600"), max_size=20)


def test_a_word_has_the_sum_of_its_columns_and_the_mean_of_its_rows() -> None:
    attention = np.array([[0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.0, 0.5, 0.5], [1, 0, 0]], np.float32)
    found = align("old cat", [1, 3, 7], "katze alt", [3, 5, 9], attention)  # the last row is that of <eos>
    assert (found.source, found.target) == (["old", "cat"], ["katze", "alt"])
    np.testing.assert_allclose(found.weights, [[0.5, 0.5], [0.5, 0.5]], atol=1e-7)
    found = align("old cat", [1, 3, 7], "katze alt", [5, 6, 9], attention)
    np.testing.assert_allclose(found.weights, [[0.3, 0.7], [0.6, 0.4]], atol=1e-7)


@pytest.mark.parametrize("row", [[0.0, 0.0], [1.0, 1.0], [np.nan, 1.0]])
def test_attention_that_does_not_sum_to_one_is_refused(row: list[float]) -> None:
    with pytest.raises(ModelError, match="do not sum to 1"):
        align("a b", [1, 3], "x", [1], np.array([row, [0.5, 0.5]], np.float32))


def test_links_go_from_each_word_to_the_one_that_it_looked_at() -> None:
    found = Alignment(["a", "b", "c"], ["x", "y"], [[0.2, 0.5, 0.3], [0.6, 0.2, 0.2]])
    assert found.links() == [(1, 0), (0, 1)]
    assert found.pharaoh() == "1-0 0-1"
    assert Alignment(["a"], [], []).pharaoh() == ""


@pytest.mark.parametrize("level", LEVELS)
@given(text=TEXT, seed=st.integers(0, 20))
@settings(max_examples=25)
def test_rows_sum_to_one_whatever_is_translated(level: str, text: str, seed: int) -> None:
    tokenizer = small_tokenizer(level)
    engine = TableTranslationEngine(len(tokenizer), seed=seed, sharpness=3)
    model = fake_translator(tokenizer=tokenizer, engine=engine)
    (found,) = model.translate(text[:20], attention=True, allow_unk=True, n_best=3, max_ratio=1.0)
    for candidate in found.hypotheses or []:
        alignment = candidate.alignment
        assert alignment is not None
        assert alignment.source == (text.split() or [text])
        assert alignment.target == (candidate.translation.split() or [candidate.translation][: len(alignment.target)])
        assert len(alignment.weights) == len(alignment.target)
        for row in alignment.weights:
            assert len(row) == len(alignment.source)
            assert min(row) >= 0
            assert sum(row) == pytest.approx(1, abs=1e-9)
    assert found.alignment == (found.hypotheses[0].alignment if found.hypotheses else Alignment([], [], []))


def test_the_fake_looks_at_the_word_that_it_copies() -> None:
    (found,) = fake_translator("abc ").translate("ab cab c", attention=True)
    assert found.alignment is not None
    assert found.alignment.pharaoh() == "0-0 1-1 2-2"
    assert found.alignment.weights[2] == pytest.approx([0.25 * 2 / 8, 0.25 * 4 / 8, 0.75 + 0.25 * 2 / 8])
