"""Drawing: the right distribution, the right filters, the same numbers wherever they are drawn."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import textrnn
from tests.fakes import TENTHS, FakeEngine
from textrnn.decoding.sampling import HOTTEST, GumbelNoise, Sampler, Sampling
from textrnn.engines.engine import READ_AT_ONCE
from textrnn.errors import UsageError
from textrnn.text.tokenizer import EOS, PAD, START, UNK

A, B = 4, 5
EULER = 0.57721566  # mean of the standard Gumbel distribution; its variance is pi^2 / 6


def draw(
    sampling: Sampling, *, steps: int = 200, samples: int = 100, seed: int = 0, size: int = 32, first: int = 0
) -> np.ndarray:
    """Choices (steps, samples) from a FakeEngine."""
    indices = range(first, first + samples)
    sampler = Sampler(FakeEngine(), [[START, A]] * samples, sampling, seed=seed, indices=indices)
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


PENALISED = {
    "twice": (Sampling(repetition_penalty=2), lambda weights: weights),
    "less": (Sampling(repetition_penalty=0.5), lambda weights: weights),
    "sharp": (Sampling(temperature=0.5, repetition_penalty=1.5), lambda weights: {k: w**2 for k, w in weights.items()}),
    "two": (Sampling(top_k=2, repetition_penalty=1.5), lambda weights: dict(sorted(weights.items(), key=lowest)[1:])),
    "unk": (Sampling(allow_unk=True, repetition_penalty=2), lambda weights: weights),
}


def lowest(item: tuple[int, float]) -> float:
    return item[1]


def after(seen: set[int], name: str) -> dict[int, float]:
    """The distribution where these symbols were seen, by hand: p, raised to the penalty for what was seen."""
    sampling, change = PENALISED[name]
    allowed = {EOS: 0.2, A: 0.3, B: 0.4} | ({UNK: 0.1} if sampling.allow_unk else {})
    penalised = {symbol: p ** (sampling.repetition_penalty if symbol in seen else 1) for symbol, p in allowed.items()}
    weights = change(penalised)
    return {symbol: weight / sum(weights.values()) for symbol, weight in weights.items()}


@pytest.mark.parametrize("name", PENALISED)
def test_what_was_read_or_drawn_before_is_as_likely_as_the_penalty_makes_it(name: str) -> None:
    sampling, _ = PENALISED[name]
    first, second = draw(sampling, steps=2, samples=6000)
    pairs = {
        (one, two): p_one * p_two
        for one, p_one in after({A}, name).items()
        for two, p_two in after({A, one}, name).items()
    }
    counts = {pair: 0 for pair in pairs}
    for pair in zip(first.tolist(), second.tolist(), strict=True):
        counts[pair] += 1
    chi_square = sum((counts[pair] - 6000 * p) ** 2 / (6000 * p) for pair, p in pairs.items())
    assert chi_square < len(pairs) + 5 * (2 * len(pairs)) ** 0.5  # five deviations


def test_a_penalised_greedy_text_is_the_one_worked_out_by_hand() -> None:
    sampling = Sampling(temperature=0, repetition_penalty=2)
    # A was read: A 0.09. B 0.4 is drawn, then it is 0.16 and <eos> 0.2 the likeliest; then <eos> is 0.04.
    assert draw(sampling, steps=5, samples=2).T.tolist() == [[B, EOS, B, B, B]] * 2


def test_the_probabilities_beside_a_penalised_choice_are_the_model_s_own() -> None:
    sampler = Sampler(FakeEngine(), [[START, A]], Sampling(repetition_penalty=3), seed=0, indices=[0])
    for drawn in sampler.blocks(steps=3, size=9):
        np.testing.assert_array_equal(drawn.logprobs[0, 0], FakeEngine().logprobs)


ALL_KINDS = {
    "plain": Sampling(),
    "sharp": Sampling(temperature=0.5),
    "filtered": Sampling(top_p=0.8),
    "penalised": Sampling(repetition_penalty=1.4),
    "greedy and penalised": Sampling(temperature=0, repetition_penalty=2),
}


@pytest.mark.parametrize("name", ALL_KINDS)
def test_samples_of_different_prompts_in_one_batch_are_those_of_each_alone(tiny_int8: Path, name: str) -> None:
    engine = textrnn.load(tiny_int8).engine
    prompts = [[START], [START, 5, 6, 7], [START, 9], [START, *range(4, 40)], [START, 5, 6, 7]]
    indices = [0, 1, 0, 7, 2]

    def choices(some: list[int], size: int) -> np.ndarray:
        sampler = Sampler(
            engine, [prompts[i] for i in some], ALL_KINDS[name], seed=3, indices=[indices[i] for i in some]
        )
        return np.concatenate([drawn.choices for drawn in sampler.blocks(steps=24, size=size)])

    together = choices([0, 1, 2, 3, 4], 16)
    for place in range(len(prompts)):
        np.testing.assert_array_equal(choices([place], 5)[:, 0], together[:, place])
    assert len({tuple(column) for column in together.T.tolist()}) >= 4


def test_rows_that_are_dropped_take_what_they_saw_with_them() -> None:
    prompts = [[START, A], [START, B], [START]]
    sampling = Sampling(temperature=0, repetition_penalty=2)
    sampler = Sampler(FakeEngine(), prompts, sampling, seed=0, indices=range(3))
    blocks = sampler.blocks(steps=3, size=1)
    assert next(blocks).choices.tolist() == [[B, A, B]]  # 0.3 against 0.16 where B was read
    sampler.keep(np.array([False, True, True]))
    assert next(blocks).choices.tolist() == [[EOS, A]]
    assert next(blocks).choices.tolist() == [[B, EOS]]


@pytest.mark.parametrize("index", [PAD, UNK, START])
@pytest.mark.parametrize("temperature", [0, 1e-30, 1, HOTTEST])
@pytest.mark.parametrize("top_p", [1.0, 0.9])
def test_forbidden_symbols_are_never_drawn(index: int, temperature: float, top_p: float) -> None:
    tenths = [0] * len(TENTHS)
    tenths[index], tenths[A] = 9, 1
    sampling = Sampling(temperature, top_p=top_p)
    sampler = Sampler(FakeEngine(tenths), [[START]] * 9, sampling, seed=0, indices=range(9))
    (drawn,) = sampler.blocks(steps=1, size=1)
    assert not set(drawn.choices.ravel()) & {PAD, UNK, START}


def test_temperature_0_takes_the_likeliest_whatever_the_filters() -> None:
    assert (draw(Sampling(temperature=0)) == B).all()
    assert (draw(Sampling(temperature=0, top_k=3, top_p=0.9, min_p=0.1)) == B).all()


@pytest.mark.parametrize("length", [0, 1, READ_AT_ONCE - 1, READ_AT_ONCE, 2 * READ_AT_ONCE + 5])
def test_the_state_counts_the_prompt_and_every_choice_but_the_last(length: int) -> None:
    prompt = [START, *[A] * length]
    sampler = Sampler(FakeEngine(), [prompt] * 3, Sampling(), seed=0, indices=range(3))
    assert sampler.state is not None
    assert (sampler.state["symbols.0"] == len(prompt) - 1).all()
    for _ in sampler.blocks(steps=10, size=4):
        pass
    np.testing.assert_array_equal(sampler.state["symbols.0"], [[len(prompt) + 9]] * 3)


def test_rows_that_are_dropped_leave_the_others_as_they_were() -> None:
    whole = draw(Sampling(), steps=20, samples=3)
    sampler = Sampler(FakeEngine(), [[START, A]] * 3, Sampling(), seed=0, indices=range(3))
    blocks = sampler.blocks(steps=20, size=10)
    next(blocks)
    sampler.keep(np.array([True, False, True]))
    np.testing.assert_array_equal(sampler.last, whole[9:10, [0, 2]])
    rest = next(blocks)
    assert rest.rows.tolist() == [0, 2]
    np.testing.assert_array_equal(rest.choices, whole[10:, [0, 2]])


def test_drawing_ends_when_no_row_is_left() -> None:
    sampler = Sampler(FakeEngine(), [[START]] * 2, Sampling(), seed=0, indices=range(2))
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
        lambda: Sampling(repetition_penalty=0),
        lambda: Sampling(repetition_penalty=-1),
        lambda: Sampling(repetition_penalty=2 * HOTTEST),
        lambda: Sampling(repetition_penalty=float("nan")),
    ],
)
def test_an_option_out_of_range_is_a_usage_error(make: Callable[[], Sampling]) -> None:
    with pytest.raises(UsageError, match="must be") as caught:
        make()
    assert caught.value.exit_code == 2
