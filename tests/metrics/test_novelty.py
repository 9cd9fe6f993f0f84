"""The longest copied span, against a search of every substring."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textrnn.metrics import novelty
from textrnn.metrics.novelty import Copied, longest_copies

ALPHABETS = ("ab", "a\n", "ab\nc", "aé\u01e9猫🐈\ud800\ufffd", "abcdefghijklmnop \n")  # é and \u01e9: one low byte


def by_all_substrings(sample: str, text: str) -> Copied:
    """The same by definition: the longest, and of several the first in the text."""
    spans = {sample[i:j] for i in range(len(sample)) for j in range(i + 1, len(sample) + 1)}
    found = [(len(span), -text.index(span)) for span in spans if span in text]
    if not found:
        return Copied()
    length, minus_place = max(found)
    place = -minus_place
    return Copied(text[place : place + length], "text", 1 + text[:place].count("\n"))


@st.composite
def texts_and_samples(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """A text in blocks, and samples with pieces of it."""
    letters = st.text(draw(st.sampled_from(ALPHABETS)), max_size=25)
    blocks = draw(st.lists(letters, max_size=8))
    text = "".join(blocks)
    places = st.integers(0, len(text))
    pieces = st.builds(lambda begin, end: text[begin:end], places, places)
    samples = st.lists(letters | pieces, max_size=4).map("".join)
    return blocks, draw(st.lists(samples, max_size=4))


@given(texts_and_samples(), st.sampled_from([1, 2, 16]), st.sampled_from([1, 8, 64]))
@example((["ab" * 20, "ab" * 20], ["ba" * 40, "ab" * 60, "b"]), 1, 1)  # samples longer than a piece and than the text
@example((["x\n", "", "y\n", "été"], ["", "té", "\n"]), 1, 64)
def test_the_longest_span_is_found(given: tuple[list[str], list[str]], first: int, last: int) -> None:
    blocks, samples = given
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty, "FIRST_PIECE", first)
        patch.setattr(novelty, "LAST_PIECE", last)
        found = longest_copies(samples, {"text": blocks})
    assert found == [by_all_substrings(sample, "".join(blocks)) for sample in samples]


@given(st.integers(0, 2**32), st.integers(0, 90))
def test_a_planted_span_of_any_length_is_found_at_any_place(seed: int, length: int) -> None:
    """Among letters of which the sample has none."""
    draw = random.Random(seed)
    text = [draw.choice("abcdefg\n") for _ in range(3_000)]
    sample = "".join(draw.choices("nopqrstuvwxyz", k=100))
    begin, place = draw.randrange(100 - length), draw.randrange(3_000 - length)
    text[place : place + length] = sample[begin : begin + length]
    (found,) = longest_copies([sample], {"text": ["".join(text)]})
    line = 1 + text[:place].count("\n")
    assert found == (Copied(sample[begin : begin + length], "text", line) if length else Copied())


@pytest.mark.parametrize("characters", [2**19 + 5, 2**20])
@pytest.mark.parametrize("size", [4_099, 2**18, 2**20])
def test_a_span_across_any_edge_is_found_whole(characters: int, size: int) -> None:
    """In a text of many pieces, whose edges are where the doubling puts them."""
    text = bytearray(random.Random(0).randbytes(characters).translate(bytes(97 + byte % 26 for byte in range(256))))
    places = range(600, characters - 300, 40_961)
    samples = []
    for number, place in enumerate([*places, 1024 - 7, 3 * 1024 - 150, 2**18 - 1024 - 299, characters - 300]):
        sample = f"{number:04}".replace("", "-") * 40
        samples.append(sample[:300])
        text[place : place + 300] = samples[-1].encode()
    whole = text.decode()
    samples = [sample for sample in samples if sample in whole]  # some stand over others
    blocks = [whole[begin : begin + size] for begin in range(0, characters, size)]
    assert len(samples) > 10
    assert longest_copies(samples, {"text": blocks}) == [Copied(sample, "text", 1) for sample in samples]


def test_of_several_texts_the_longest_span_counts_and_none_goes_from_one_into_the_next() -> None:
    texts = {"one": ["the cat\nsat"], "two": [" on the mat\nand sat", " on"], "three": ["sat on"]}
    found = longest_copies(["he sat on the", "the cat sat", "q", "sat on the mat"], texts)
    assert found == [
        Copied(" on the", "two", 1),
        Copied("the cat", "one", 1),
        Copied(),
        Copied(" on the mat", "two", 1),
    ]


def test_no_text_and_no_samples() -> None:
    assert longest_copies(["a", ""], {}) == [Copied(), Copied()]
    assert longest_copies([], {"text": ["a"]}) == []
    assert longest_copies(["a"], {"text": ["", ""]}) == [Copied()]


def test_a_long_text_is_looked_at_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever size its blocks are."""
    sizes: list[int] = []
    low_bytes = novelty.low_bytes
    monkeypatch.setattr(novelty, "low_bytes", lambda text: sizes.append(len(text)) or low_bytes(text))
    blocks = ["hay\n" * 500_000, *["hay\n"] * 100_000, "a needle"]
    assert longest_copies(["a needle\n"], {"text": blocks}) == [Copied("a needle", "text", 600_001)]
    assert max(sizes) <= novelty.LAST_PIECE + len("a needle")
    assert sum(sizes) < 1.1 * sum(map(len, blocks))
