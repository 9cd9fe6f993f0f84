"""Teacher forcing and running free, held to scoring and greedy generation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ALPHABET
from tests.fakes import fake_language_model
from textrnn.engines import engine as engine_module
from textrnn.errors import DataError
from textrnn.tasks import forcing
from textrnn.tasks.forcing import forced_and_free
from textrnn.tasks.language_model import LanguageModel


@given(prompt=st.text(ALPHABET, max_size=4), text=st.text(ALPHABET, min_size=1, max_size=9))
@settings(max_examples=20)
def test_forced_is_the_score_and_free_follows_greedy_generation(near: LanguageModel, prompt: str, text: str) -> None:
    found = forced_and_free(near, text, prompt=prompt)
    assert found.tokens == list(text)
    (score,) = near.score([prompt + text], eos=False, per_token=True)
    expected = [row.logprob for row in score.token_logprobs[len(prompt) :]]
    assert found.forced == pytest.approx(expected, abs=1e-5)
    (greedy,) = near.generate(prompt, max_tokens=len(text), temperature=0, seed=0)
    written = [token for token in greedy.tokens if token != "<eos>"]  # which ends the one, and is passed over here
    assert found.own[: len(written)] == written
    for place, true in enumerate(text):
        (score,) = near.score([prompt + "".join(found.own[:place]) + true], eos=False, per_token=True)
        assert found.free[place] == pytest.approx(score.token_logprobs[-1].logprob, abs=1e-5)


def test_blocks_make_no_difference(near: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = forced_and_free(near, "to be or not to be", prompt="or ")
    monkeypatch.setattr(forcing, "READ_AT_ONCE", 5)
    parts = forced_and_free(near, "to be or not to be", prompt="or ")
    assert engine_module.READ_AT_ONCE > 18
    assert (parts.tokens, parts.guesses, parts.own) == (whole.tokens, whole.guesses, whole.own)
    assert np.allclose(parts.forced, whole.forced, atol=1e-5)
    assert np.allclose(parts.free, whole.free, atol=1e-5)


def test_an_end_is_guessed_but_not_written() -> None:
    model = fake_language_model(tenths=(0, 0, 0, 5, 3, 2))  # <eos> is likeliest, then a, then b
    found = forced_and_free(model, "ba")
    assert found.guesses == ["<eos>", "<eos>"]
    assert found.own == ["a", "a"]
    assert found.forced == pytest.approx([math.log(0.2), math.log(0.3)])
    assert found.astray == 0
    assert forced_and_free(model, "aab").astray == 2
    assert forced_and_free(model, "aa").astray is None


def test_a_text_without_symbols_is_refused(near: LanguageModel) -> None:
    with pytest.raises(DataError, match="no symbol"):
        forced_and_free(near, "", prompt="to")
