"""What a symbol is drawn from, worked out by hand and held to what is drawn."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import fake_language_model
from textrnn.decoding.sampling import Sampling
from textrnn.errors import UsageError
from textrnn.tasks.chances import chances

DREW = 4_000


def test_chances_by_hand() -> None:
    model = fake_language_model(tenths=(0, 2, 0, 1, 4, 3))  # <unk> 0.2, <eos> 0.1, a 0.4, b 0.3
    found = chances(model, "ab", [Sampling(), Sampling(0), Sampling(0.5), Sampling(top_k=2)], count=9)
    assert found.tokens == ["a", "b", "<eos>"]  # <unk> is not drawn, whatever its probability
    assert found.shares[0] == pytest.approx([4 / 8, 3 / 8, 1 / 8])
    assert found.shares[1].tolist() == [1, 0, 0]
    assert found.shares[2] == pytest.approx([16 / 26, 9 / 26, 1 / 26])
    assert found.shares[3] == pytest.approx([4 / 7, 3 / 7, 0])
    assert found.choices[1] == 1
    assert found.choices[0] == pytest.approx(np.prod([(8 / n) ** (n / 8) for n in (4, 3, 1)]))
    first = chances(model, "ab", [Sampling()], count=1)
    assert (first.tokens, first.choices) == (["a"], found.choices[:1])  # as open, however many are shown
    with pytest.raises(UsageError, match="count"):
        chances(model, "", [Sampling()], count=0)


@pytest.mark.parametrize("sampling", [Sampling(0.7), Sampling(2, top_p=0.8), Sampling(1.3, min_p=0.5)])
def test_what_is_drawn_has_these_chances(sampling: Sampling) -> None:
    model = fake_language_model(tenths=(0, 0, 0, 1, 5, 4))
    found = chances(model, "", [sampling], count=3)
    drawn = Counter(
        "".join(sample.tokens) for sample in model.generate_each([""], n=DREW, max_tokens=1, sampling=sampling, seed=5)
    )
    for token, share in zip(found.tokens, found.shares[0].tolist(), strict=True):
        deviation = (share * (1 - share) / DREW) ** 0.5
        assert abs(drawn[token] / DREW - share) <= 5 * deviation


@given(st.lists(st.floats(-30, 0), min_size=5, max_size=9), st.floats(0.05, 20))
def test_chances_sum_to_one(values: list[float], temperature: float) -> None:
    shares = Sampling(temperature).probabilities(np.array([values], np.float32))
    assert shares.sum() == pytest.approx(1)
    assert (shares[0, :3] == 0).all()  # <pad>, <unk>, <start>
