"""Text to symbols and back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.errors import ModelError
from textrnn.text.levels import LEVELS, PART, Vocabulary
from textrnn.text.tokenizer import EOS, PAD, SPECIAL, START, UNK, OutOfVocabulary, Tokenizer

ALPHABET = "abc <>/\t\r\n\x00é\u0301\u2028\U0001f600"  # with a combining accent, a line separator and an emoji
FIRST = len(SPECIAL)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.of_characters(ALPHABET)


def saved_and_loaded(tokenizer: Tokenizer) -> Tokenizer:
    return Tokenizer.from_json(tokenizer.to_json())


@given(text=st.text(ALPHABET))
def test_text_of_known_characters_comes_back(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert ids.tolist() == [FIRST + ALPHABET.index(character) for character in text]
    assert tokenizer.decode(ids.tolist()) == text
    assert tokenizer.out_of_vocabulary(text) == []


@given(text=st.text(st.characters() | st.sampled_from("\ud800\udc80\udfff")))  # with lone surrogates
def test_each_unknown_character_is_one_unk_and_is_listed(tokenizer: Tokenizer, text: str) -> None:
    expected = [FIRST + ALPHABET.index(character) if character in ALPHABET else UNK for character in text]
    assert tokenizer.encode(text).tolist() == expected
    assert tokenizer.out_of_vocabulary(text) == [
        OutOfVocabulary(character, offset) for offset, character in enumerate(text) if character not in ALPHABET
    ]


@pytest.mark.parametrize("text", SPECIAL)
def test_text_that_spells_a_special_token_is_ordinary_text(text: str) -> None:
    letters = sorted(set("".join(SPECIAL)))
    tokenizer = Tokenizer.of_characters(letters)
    expected = [FIRST + letters.index(letter) for letter in text]
    assert tokenizer.encode(text).tolist() == expected
    assert saved_and_loaded(tokenizer).encode(text).tolist() == expected


def test_saving_keeps_every_symbol_in_its_place(tokenizer: Tokenizer) -> None:
    assert saved_and_loaded(tokenizer).tokens == [*SPECIAL, *ALPHABET] == tokenizer.tokens


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("\U0001f469\u200d\U0001f680", 3),  # an emoji joined of two
        ("e\u0301", 2),  # a letter with its combining accent
        ("\r\n", 2),
        ("\udcff", 1),  # half a surrogate pair: a byte that was not UTF-8 in a command's argument
        ("\ud83d\ude00", 2),  # both halves, not joined
    ],
)
def test_a_symbol_is_a_code_point(text: str, characters: int) -> None:
    tokenizer = Tokenizer.of_characters("x")
    assert tokenizer.encode(text).tolist() == [UNK] * characters
    assert tokenizer.out_of_vocabulary(text) == [OutOfVocabulary(half, offset) for offset, half in enumerate(text)]


def test_a_surrogate_is_unknown_though_the_replacement_character_is_known() -> None:
    assert Tokenizer.of_characters("\ufffd").encode("\ufffd\ud800").tolist() == [FIRST, UNK]


def test_special_symbols_read_as_nothing_and_unk_as_the_replacement_character(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode([START, FIRST, UNK, FIRST + 1, EOS, PAD]) == "a\ufffdb"


@pytest.mark.parametrize("shift", [-2, -1, 0, 1])
def test_encoding_in_parts_equals_encoding_each_character(tokenizer: Tokenizer, shift: int) -> None:
    text = "a" * (PART + shift) + "\r\n" + "e\u0301\U0001f600" * PART  # two parts and more, "\r\n" about the edge
    one_by_one = np.concatenate([tokenizer.encode(character) for character in text])
    assert tokenizer.encode(text).tolist() == one_by_one.tolist()


def learnt(texts: list[str], **wanted: int) -> list[str]:
    """The characters of a vocabulary."""
    return Tokenizer.learn(texts, "char", Vocabulary(**wanted)).tokens[FIRST:]


def test_vocabulary_is_by_frequency_and_ties_are_by_code_point() -> None:
    assert learnt(["zzz", "bb\nn", "naa"]) == ["z", "a", "b", "n", "\n"]


@given(st.permutations("zzzbbnnaa\n"))
def test_vocabulary_does_not_depend_on_the_order_of_the_text(text: list[str]) -> None:
    assert learnt(text) == ["z", "a", "b", "n", "\n"]


@pytest.mark.parametrize(
    ("size", "min_count", "kept"),
    [(0, 1, "abcd"), (3, 1, "abc"), (9, 1, "abcd"), (0, 2, "abc"), (0, 3, "ab"), (1, 3, "a"), (3, 4, "a"), (0, 9, "")],
)
def test_vocabulary_is_cut_by_size_and_by_count(size: int, min_count: int, kept: str) -> None:
    assert learnt(["aaaabbbccd"], size=size, min_count=min_count) == list(kept)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b'{"model": 3}',
        Tokenizer.of_characters("ab").to_json()[:-20],
        Tokenizer.of_characters("ab").to_json().replace(b"<eos>", b"</s>"),
        json.dumps({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}).encode(),
    ],
    ids=["empty", "no model", "list", "not UTF-8", "wrong model", "cut off", "other special tokens", "unknown merge"],
)
@pytest.mark.parametrize("level", ["char", "ngram", "word", "bpe"])
def test_malformed_file_is_a_model_error_in_one_line(content: bytes, level: str) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json") as caught:
        Tokenizer.from_json(content, level)
    assert "\n" not in str(caught.value)


def test_tokenizers_segment_alike_where_only_ids_differ() -> None:
    assert Tokenizer.of_characters("ab").segments_like(Tokenizer.of_characters("ba"))
    assert not Tokenizer.of_characters("ab").segments_like(Tokenizer.of_characters("abc"))


@pytest.mark.parametrize("level", LEVELS)
def test_a_tokenizer_of_another_level_or_text_segments_otherwise(level: str) -> None:
    tokenizer, *others = (
        Tokenizer.learn([text], each, Vocabulary())
        for text, each in (
            ("ab ab abc", level),
            ("ab ab abd", level),
            ("ab ab abc", "bpe" if level != "bpe" else "word"),
        )
    )
    assert tokenizer.segments_like(Tokenizer.from_json(tokenizer.to_json(), level))
    assert not any(tokenizer.segments_like(other) for other in others)
