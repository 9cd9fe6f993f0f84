"""Texts encoded by their chunks, which are remembered: the same as the library makes of each text as a whole."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.text.test_symbols import ANY_TEXT, HALVES, LEARNT_FROM, LONG
from textrnn.text import chunks
from textrnn.text.levels import LEVELS, Vocabulary
from textrnn.text.tokenizer import UNK, OutOfVocabulary, Tokenizer

GREEK = "\u0391\u03a3 \u03b1\u03c3 \u03b1\u03c2"  # a sigma has two small letters
CHOICES = [
    {},
    {"lower": True},
    {"literal_unk": True},
    {"lower": True, "literal_unk": True, "split": "spaces"},
    {"split": "spaces"},
]
TOKENIZERS = [
    Tokenizer.learn(
        [*LEARNT_FROM, f"{GREEK} i\u0307\n" * 3, "a\t\t b\n" * 30],
        level,
        Vocabulary(size=420 if level == "bpe" else 0, **choice),
    )
    for level in LEVELS
    for choice in (CHOICES if level in ("word", "bpe") else [{}])
]
SPACES = st.text(
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2007\u200b\u2028\u202f\u3000\ufeff", max_size=3
)
MARKS = st.sampled_from(
    ["<unk>", "<unk>,", "(<unk>", "unk>", GREEK, "\u03a3", "\u0130", "\ufb01", "\u0301", "don't", "zebra"]
)
SPACED = st.lists(SPACES | MARKS | HALVES | ANY_TEXT, max_size=8).map("".join)


def whole(tokenizer: Tokenizer, text: str, *, continued: bool = False) -> list[int]:
    """The ids as the library makes them of the whole text."""
    inner = tokenizer._within if continued else tokenizer.inner
    return list(inner.encode(tokenizer._readable(text), add_special_tokens=False).ids)


@given(texts=st.lists(SPACED, max_size=5))
@example(
    texts=["", " ", "\n", "a\t b", "a \t b", "!\x1c", "! \x1c !", "a  \n b", "\n <unk>", " <unk>\n<unk> ", "x\t\t y"]
)
@settings(max_examples=150)
def test_chunks_are_encoded_as_the_whole_is(texts: list[str]) -> None:
    for tokenizer in TOKENIZERS:
        for continued in (False, True):
            expected = [whole(tokenizer, text, continued=continued) for text in texts]
            ids, lengths = tokenizer.encode_flat(texts, continued=continued)
            assert ids.tolist() == [symbol for row in expected for symbol in row]
            assert lengths.tolist() == list(map(len, expected))
            assert [row.tolist() for row in tokenizer.encode_many(texts, continued=continued)] == expected


@pytest.mark.parametrize("text", LONG)
def test_a_long_text_is_encoded_as_the_whole_is(text: str) -> None:
    for tokenizer in TOKENIZERS:
        assert tokenizer.encode(text).tolist() == whole(tokenizer, text)


@given(text=SPACED)
@example(text="zebra\tzebra  x <unk> zebra a\x1czebra")
@settings(max_examples=150)
def test_what_the_vocabulary_lacks_is_what_the_symbols_show(text: str) -> None:
    for tokenizer in TOKENIZERS:
        places = {span.begin: text[span.begin : span.end] for span in tokenizer.spans(text) if span.id == UNK}
        places |= {place: mark for place, mark in enumerate(text) if "\ud800" <= mark <= "\udfff"}
        found = tokenizer.out_of_vocabulary(text)
        assert found == [OutOfVocabulary(places[place], place) for place in sorted(places)]


def test_what_is_remembered_is_bounded_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MOST_CHARACTERS", 20)
    text = "the cat sat on a zebra " + " ".join(map(str, range(50)))
    for tokenizer in TOKENIZERS:
        for begin in range(len(text)):
            part = text[begin : begin + 10]
            assert tokenizer.encode(part).tolist() == whole(tokenizer, part)
            assert sum(map(len, tokenizer._chunks._known)) <= 20 + 2 * len(part)


def test_threads_share_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MOST_CHARACTERS", 200)
    texts = [f"the cat number {number % 97} sat\non {number % 89} zebras" for number in range(400)]
    for tokenizer in TOKENIZERS:
        expected = [whole(tokenizer, text) for text in texts]
        with ThreadPoolExecutor(8) as pool:
            assert [ids.tolist() for ids in pool.map(tokenizer.encode, texts)] == expected


def test_what_is_given_may_be_written_to() -> None:
    ids = TOKENIZERS[0].encode("the cat")
    ids[0] += 1
    assert ids.tolist() != TOKENIZERS[0].encode("the cat").tolist()
