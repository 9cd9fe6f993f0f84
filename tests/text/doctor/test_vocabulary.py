"""What a vocabulary knows, against the vocabularies that training learns."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.text.doctor.measures import Symbols
from textrnn.text.doctor.vocabulary import CUT_OFFS, by_level, kept_by_default, unknown
from textrnn.text.levels import LEVELS, Vocabulary
from textrnn.text.tokenizer import UNK, Tokenizer

TEXTS = st.lists(st.text(st.sampled_from("aab b.'-<>1é日\t\x1c\u00a0\u2028"), max_size=20), min_size=1, max_size=5)


def symbols(texts: list[str]) -> Symbols:
    found = Symbols()
    for text in texts:
        found.add(text)
    return found


@given(train=TEXTS, held=TEXTS, cut=st.sampled_from(CUT_OFFS))
def test_words_and_oov_are_those_of_the_tokenizer(train: list[str], held: list[str], cut) -> None:
    tokenizer = Tokenizer.learn(train, "word", Vocabulary(size=cut.size, min_count=cut.min_count))
    words, held_words = by_level(symbols(train))["word"], by_level(symbols(held))["word"]
    assert set(cut.kept(words)) == set(tokenizer.tokens[4:])
    ids = [index for text in held for index in tokenizer.encode(text)]
    missed = unknown(held_words, cut.kept(words))
    assert (missed.count, missed.total) == (ids.count(UNK), len(ids))


@pytest.mark.parametrize("level", LEVELS)
@given(train=TEXTS, held=TEXTS)
def test_unk_by_default_is_what_training_maps_to_it(level: str, train: list[str], held: list[str]) -> None:
    wanted = Vocabulary(size=LEVELS[level].most_symbols, min_count=LEVELS[level].min_count)
    tokenizer = Tokenizer.learn(train, level, wanted)
    counts = by_level(symbols(train))
    for texts in (train, held):
        ids = [index for text in texts for index in tokenizer.encode(text)]
        if level not in counts:
            assert not ids.count(UNK)
        else:
            kept = kept_by_default(level, counts[level])
            assert unknown(by_level(symbols(texts))[level], kept).count == ids.count(UNK)


def test_shares_are_of_all_symbols() -> None:
    missed = unknown(Counter("aaab"), "a")
    assert (missed.count, missed.total, missed.share) == (1, 4, 0.25)
    assert unknown(Counter(), "a").share == 0.0
