"""Drawing: the right distribution, the right filters, the same numbers wherever they are drawn."""

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.fakes import TENTHS, FakeEngine
from textrnn.decoding.sampling import HOTTEST, READ_AT_ONCE, GumbelNoise, Sampler, Sampling
from textrnn.errors import UsageError
from textrnn.text.tokenizer import EOS, PAD, START, UNK

A, B = 4, 5
EULER = 0.57721566  # mean of the standard Gumbel distribution; its variance is pi^2 / 6


def draw(
    sampling: Sampling, *, steps: int = 200, samples: int = 100, seed: int = 0, size: int = 32, first: int = 0
) -> np.ndarray:
    """Choices (steps, samples) from a FakeEngine."""
    indices = range(first, first + samples)
    sampler = Sampler(FakeEngine(), [START, A], sampling, seed=seed, indices=indices)
    return np.concatenate([drawn.choices for drawn in sampler.blocks(steps=steps, size=size)])


def test_noise_has_the_mean_and_variance_of_gumbel() -> None:
    noise = GumbelNoise(seed=1, index=2).draw(1000, 101).astype(np.float64)
    deviation = (np.pi**2 / 6 / noise.size) ** 0.5
    assert abs(noise.mean() - EULER) < 4 * deviation
    assert noise.var() == pytest.approx(np.pi**2 / 6, rel=0.03)
    assert np.isfinite(noise).all()


def test_noise_is_worked_out_from_philox_bits_and_each_step_begins_with_fresh_ones() -> None:
    bits = np.random.Philox(key=np.array([7, 3], np.uint64)).random_raw(4)
    first, last = ([int(word) & 0xFFFFFFFF, int(word) >> 32] for word in bits[1::2])
    steps = [[int(bits[0]) & 0xFFFFFFFF, int(bits[0]) >> 32, first[0]]]
    steps += [[int(bits[2]) & 0xFFFFFFFF, int(bits[2]) >> 32, last[0]]]
    expected = [[gumbel(word) for word in step] for step in steps]
    np.testing.assert_allclose(GumbelNoise(seed=7, index=3).draw(2, 3), expected, rtol=1e-5)


def gumbel(word: int) -> float:
    """The variate of 32 random bits."""
    return -math.log(-math.log(((word >> 9) + 0.5) / 2**23))


def test_noise_of_the_most_extreme_bits_is_finite() -> None:
    noise = GumbelNoise(0, 0)
    noise._bits = SimpleNamespace(random_raw=lambda count: np.array([2**32 - 1], np.uint64))  # all ones, all zeros
    np.testing.assert_allclose(noise.draw(1, 2), [[gumbel(2**32 - 1), gumbel(0)]], rtol=1e-5)


@pytest.mark.parametrize("classes", [1, 6, 7])
def test_a_block_of_noise_is_as_many_blocks_of_one(classes: int) -> None:
    whole, pieces = GumbelNoise(5, 0), GumbelNoise(5, 0)
    np.testing.assert_array_equal(whole.draw(32, classes), np.concatenate([pieces.draw(1, classes) for _ in range(32)]))


def test_noise_differs_by_seed_and_by_index() -> None:
    pairs = [(0, 0), (0, 1), (1, 0), (2**64 - 1, 0)]
    first = {GumbelNoise(seed, index).draw(1, 1).item() for seed, index in pairs}
    assert len(first) == len(pairs)


@pytest.mark.parametrize(
    "sampling", [Sampling(), Sampling(temperature=0.5), Sampling(top_p=0.9)], ids=["plain", "sharp", "filtered"]
)
def test_a_sample_is_the_same_alone_and_among_others_and_in_blocks_of_any_size(sampling: Sampling) -> None:
    together = draw(sampling, steps=50, samples=5, size=32)
    for index in range(5):
        alone = draw(sampling, steps=50, samples=1, first=index, size=7)
        np.testing.assert_array_equal(alone[:, 0], together[:, index])


@pytest.mark.parametrize(
    ("sampling", "weights"),
    [
        (Sampling(), {EOS: 2, A: 3, B: 4}),
        (Sampling(allow_unk=True), {UNK: 1, EOS: 2, A: 3, B: 4}),
        (Sampling(temperature=0.5), {EOS: 2**2, A: 3**2, B: 4**2}),
        (Sampling(temperature=2), {EOS: 2**0.5, A: 3**0.5, B: 4**0.5}),
        (Sampling(top_k=2), {A: 3, B: 4}),
        (Sampling(top_k=1), {B: 4}),
        (Sampling(top_k=99), {EOS: 2, A: 3, B: 4}),
        (Sampling(top_p=0.7), {A: 3, B: 4}),  # 4/9 alone is less, 7/9 is enough
        (Sampling(top_p=0.4), {B: 4}),
        (Sampling(min_p=0.6), {A: 3, B: 4}),  # at least 0.6 x 4
        (Sampling(temperature=0.5, min_p=0.6), {B: 4}),  # after the temperature: 9/16 is less than 0.6
        (Sampling(temperature=2, top_k=2), {A: 3**0.5, B: 4**0.5}),
    ],
    ids=str,
)
def test_symbols_are_drawn_as_often_as_they_are_likely(sampling: Sampling, weights: dict[int, float]) -> None:
    choices = draw(sampling)
    counts = np.bincount(choices.ravel(), minlength=len(TENTHS))
    assert set(np.flatnonzero(counts)) == set(weights)
    expected = np.array(list(weights.values())) / sum(weights.values()) * choices.size
    chi_square = ((counts[list(weights)] - expected) ** 2 / expected).sum()
    assert chi_square < 16.3  # exceeded once in a thousand with 3 degrees of freedom


@pytest.mark.parametrize("index", [PAD, UNK, START])
@pytest.mark.parametrize("temperature", [0, 1e-30, 1, HOTTEST])
@pytest.mark.parametrize("top_p", [1.0, 0.9])
def test_forbidden_symbols_are_never_drawn(index: int, temperature: float, top_p: float) -> None:
    tenths = [0] * len(TENTHS)
    tenths[index], tenths[A] = 9, 1
    sampling = Sampling(temperature, top_p=top_p)
    sampler = Sampler(FakeEngine(tenths), [START], sampling, seed=0, indices=range(9))
    (drawn,) = sampler.blocks(steps=1, size=1)
    assert not set(drawn.choices.ravel()) & {PAD, UNK, START}


def test_temperature_0_takes_the_likeliest_whatever_the_filters() -> None:
    assert (draw(Sampling(temperature=0)) == B).all()
    assert (draw(Sampling(temperature=0, top_k=3, top_p=0.9, min_p=0.1)) == B).all()


@pytest.mark.parametrize("length", [1, READ_AT_ONCE - 1, READ_AT_ONCE, 2 * READ_AT_ONCE + 5])
def test_the_state_counts_the_prompt_and_every_choice_but_the_last(length: int) -> None:
    prompt = [START, *[A] * length]
    sampler = Sampler(FakeEngine(), prompt, Sampling(), seed=0, indices=range(3))
    assert sampler.state is not None
    assert (sampler.state["symbols.0"] == len(prompt) - 1).all()
    for _ in sampler.blocks(steps=10, size=4):
        pass
    np.testing.assert_array_equal(sampler.state["symbols.0"], [[len(prompt) + 9]] * 3)


def test_rows_that_are_dropped_leave_the_others_as_they_were() -> None:
    whole = draw(Sampling(), steps=20, samples=3)
    sampler = Sampler(FakeEngine(), [START, A], Sampling(), seed=0, indices=range(3))
    blocks = sampler.blocks(steps=20, size=10)
    next(blocks)
    sampler.keep(np.array([True, False, True]))
    np.testing.assert_array_equal(sampler.last, whole[9:10, [0, 2]])
    rest = next(blocks)
    assert rest.rows.tolist() == [0, 2]
    np.testing.assert_array_equal(rest.choices, whole[10:, [0, 2]])


def test_drawing_ends_when_no_row_is_left() -> None:
    sampler = Sampler(FakeEngine(), [START], Sampling(), seed=0, indices=range(2))
    for _ in sampler.blocks(steps=10**9, size=10):
        sampler.keep(np.array([False, False]))
    assert not len(sampler.rows)


def test_symbols_that_are_just_likely_enough_are_kept() -> None:
    filtered = Sampling(min_p=1).filter(np.array([[0, 1, 0.999, 1]], np.float32))
    assert np.isfinite(filtered).tolist() == [[False, True, False, True]]


LOGITS = hnp.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 9)), elements=st.integers(-4, 4).map(float))


def kept_by_force(
    logits: np.ndarray, temperature: float, top_k: int, top_p: float, min_p: float
) -> tuple[set[int], float]:
    """The symbols that all three filters keep, one by one; and how near a probability came to a bound."""
    weights = [np.exp((float(logit) - float(logits.max())) / temperature) for logit in logits]
    ranked = sorted(range(len(logits)), key=lambda index: (-weights[index], index))
    kept, reached, nearest = set(), 0.0, 1.0
    for place, index in enumerate(ranked):
        probability = weights[index] / sum(weights)
        nearest = min(nearest, abs(reached - top_p), abs(weights[index] - min_p))
        if (not top_k or place < top_k) and reached < top_p and weights[index] >= min_p:
            kept.add(index)
        reached += probability
    return kept, nearest


@given(
    logits=LOGITS,
    temperature=st.sampled_from([0.3, 1.0, 2.5]),
    top_k=st.integers(0, 10),
    top_p=st.floats(0.01, 1),
    min_p=st.floats(0, 1),
)
def test_filters_keep_what_the_definition_keeps(
    logits: np.ndarray, temperature: float, top_k: int, top_p: float, min_p: float
) -> None:
    sampling = Sampling(temperature, top_k, top_p, min_p)
    filtered = sampling.filter(logits)
    for row, result in zip(logits, filtered, strict=True):
        kept, nearest = kept_by_force(row, temperature, top_k, top_p, min_p)
        assume(nearest > 1e-9 or (top_p, min_p) == (1, 0))
        assert set(np.flatnonzero(np.isfinite(result))) == kept
        np.testing.assert_array_equal(result[list(kept)], row[list(kept)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sampling(temperature=-0.1),
        lambda: Sampling(temperature=float("nan")),
        lambda: Sampling(temperature=2 * HOTTEST),
        lambda: Sampling(top_k=-1),
        lambda: Sampling(top_p=0),
        lambda: Sampling(top_p=1.1),
        lambda: Sampling(top_p=float("nan")),
        lambda: Sampling(min_p=-0.1),
        lambda: Sampling(min_p=1.1),
        lambda: Sampling(min_p=float("nan")),
    ],
)
def test_an_option_out_of_range_is_a_usage_error(make: Callable[[], Sampling]) -> None:
    with pytest.raises(UsageError, match="must be") as caught:
        make()
    assert caught.value.exit_code == 2
