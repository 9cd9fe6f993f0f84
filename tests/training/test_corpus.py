"""What is read to learn from and to validate on: every symbol counted, each held-out text in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.config import TrainingSettings, training_settings
from textrnn.errors import DataError
from textrnn.text.levels import LEVELS
from textrnn.text.tokenizer import EOS, UNK
from textrnn.training.corpus import Corpus, encoded, read_corpus, split_end
from textrnn.training.defaults import with_level_defaults
from textrnn.training.language_model import LanguageModelTraining, validation

TREEBANK = " no it was n't <unk> monday \n the <unk> of N shares fell \n but <unk> of <unk> rose N N \n"  # 18 words
LINES = 3 * 80


@pytest.fixture
def treebank(tmp_path):
    """A text in the manner of the Penn Treebank: words between spaces, <unk> for the rare ones."""
    (tmp_path / "ptb.txt").write_text(TREEBANK * 80)
    (tmp_path / "valid.txt").write_text(" the <unk> fell \n the unheard rose N \n")
    return tmp_path


def corpus_of(folder, *, valid: bool = True, **values) -> Corpus:
    settings = with_level_defaults(training_settings(values))
    return read_corpus([str(folder / "ptb.txt")], valid=str(folder / "valid.txt") if valid else None, settings=settings)


def test_a_treebank_has_as_many_symbols_as_words_and_line_ends(treebank):
    corpus = corpus_of(treebank, level="word", literal_unk=True)
    words = (TREEBANK * 80).split()
    assert len(corpus.train) == len(words) + LINES
    assert corpus.texts == LINES
    assert int((corpus.train == EOS).sum()) == LINES
    assert corpus.left_out == words.count("<unk>")
    assert corpus.distinct == len(set(words))
    assert sorted(corpus.tokenizer.tokens[4:]) == sorted(set(words) - {"<unk>"})
    assert [corpus.tokenizer.tokens[index] for index in corpus.train[: len(TREEBANK.split("\n")[0].split()) + 1]] == [
        *TREEBANK.split("\n")[0].split(),
        "<eos>",
    ]


def test_a_validation_text_has_its_unknown_words_and_its_line_ends_as_targets(treebank):
    corpus = corpus_of(treebank, level="word", literal_unk=True)
    held = validation(corpus.valid, corpus.tokenizer, most=1000, unit="line")
    assert (held.targets, held.all_targets) == (3 + 4 + 2, 3 + 4 + 2)
    ((_, targets),) = held.batches
    assert [int((targets == index).sum()) for index in (UNK, EOS)] == [2, 2]
    assert not held.gives_back
    assert held.characters == len(" the <unk> fell \n the unheard rose N \n")


def test_without_literal_unk_the_spelling_is_a_word_like_others(treebank):
    corpus = corpus_of(treebank, level="word", split="spaces")
    assert corpus.left_out == 0
    assert corpus.tokenizer.decode(corpus.tokenizer.encode("the <unk> of")) != "the \ufffd of"


@pytest.mark.parametrize("level", ["word", "bpe"])
def test_a_level_of_words_or_their_pieces_reads_the_literal_word_as_unknown(treebank, level):
    corpus = corpus_of(treebank, level=level, literal_unk=True, vocabulary_size=300)
    assert corpus.left_out == (TREEBANK * 80).split().count("<unk>")
    assert (corpus.tokenizer.encode("the <unk> fell") == UNK).sum() == 1


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("unit", ["line", "text"])
def test_the_symbols_of_a_corpus_are_those_of_its_texts_each_with_an_end(treebank, level, unit):
    corpus = corpus_of(treebank, level=level, unit=unit, vocabulary_size=300)
    text = TREEBANK * 80
    texts = text.splitlines() if unit == "line" else [text]
    expected = [index for one in texts for index in [*corpus.tokenizer.encode(one).tolist(), EOS]]
    assert corpus.train.tolist() == expected
    assert corpus.texts == len(texts)
    if LEVELS[level].is_lossless:
        ends = [index for index, symbol in enumerate(expected) if symbol == EOS]
        begins = [0, *(end + 1 for end in ends[:-1])]
        again = [corpus.tokenizer.decode(expected[begin:end]) for begin, end in zip(begins, ends, strict=True)]
        assert again == texts


def test_many_texts_are_encoded_as_few_are(monkeypatch, treebank):
    corpus = corpus_of(treebank, level="word")
    texts = (TREEBANK * 3).split("\n")
    whole = encoded(corpus.tokenizer, texts).tolist()
    monkeypatch.setattr("textrnn.training.corpus.AT_ONCE", 2)
    assert encoded(corpus.tokenizer, texts).tolist() == whole


@pytest.mark.parametrize(
    ("level", "unit", "vocabulary_size", "min_count", "tied"),
    [
        ("char", "text", 0, 1, False),
        ("ngram", "text", 10_000, 2, True),
        ("word", "line", 33_000, 2, True),
        ("bpe", "line", 8_000, 2, True),
    ],
)
def test_what_is_left_open_about_the_text_is_chosen_by_its_level(level, unit, vocabulary_size, min_count, tied):
    chosen = with_level_defaults(TrainingSettings(level=level))
    assert (chosen.unit, chosen.vocabulary_size, chosen.min_count) == (unit, vocabulary_size, min_count)
    assert (chosen.tied, chosen.split) == (tied, "punctuation")
    given = {"level": level, "unit": "text", "vocabulary_size": 7, "min_count": 3, "tied": False}
    given |= {"lower": True} if level in ("word", "bpe") else {}
    given |= {"split": "spaces"} if level == "word" else {}
    kept = with_level_defaults(TrainingSettings(**given)).model_dump()
    assert {name: kept[name] for name in given} == given
    assert with_level_defaults(TrainingSettings(level=level, input="one-hot")).tied is False


def test_where_unk_is_literal_every_word_is_kept_and_words_end_at_spaces():
    chosen = with_level_defaults(TrainingSettings(level="word", literal_unk=True))
    assert (chosen.vocabulary_size, chosen.min_count, chosen.split) == (0, 1, "spaces")
    given = with_level_defaults(TrainingSettings(level="word", literal_unk=True, min_count=3, split="punctuation"))
    assert (given.min_count, given.split) == (3, "punctuation")
    assert with_level_defaults(TrainingSettings(level="bpe", literal_unk=True)).min_count == 2


def test_the_held_out_end_is_the_last_of_the_text():
    assert split_end(["abcdef", "gh"], 3 / 8, "text") == (["abcde"], ["fgh"])
    assert split_end(["abcdef"], 0, "text") == (["abcde"], ["f"])
    assert split_end(["ab", "c"], 0.99, "text") == ([], ["abc"])
    assert split_end(["a", "b", "c", "d"], 0.5, "line") == (["a", "b"], ["c", "d"])
    assert split_end(["a", "b", "c", "d"], 0.01, "line") == (["a", "b", "c"], ["d"])
    assert split_end(["a", "b", "c", "d"], 0.99, "line") == (["a"], ["b", "c", "d"])


@given(st.lists(st.text("ab", max_size=5), min_size=2, max_size=12), st.floats(0.01, 0.99))
def test_held_out_and_kept_together_are_the_text(texts, share):
    kept, held = split_end(texts, share, "line")
    assert kept + held == texts
    assert kept
    assert held
    kept, held = split_end(texts, share, "text")
    assert "".join(kept + held) == "".join(texts)
    assert all(text.startswith(part) for text, part in zip(texts, kept, strict=False))
    assert texts[: len(kept[:-1])] == kept[:-1]
    assert len(held) == 1


@pytest.mark.parametrize("unit", ["line", "text"])
@pytest.mark.parametrize("level", LEVELS)
def test_an_empty_file_is_refused_to_learn_from_and_to_validate_on(treebank, level, unit):
    (treebank / "valid.txt").write_text("")
    with pytest.raises(DataError, match=r"valid\.txt is empty"):
        corpus_of(treebank, level=level, unit=unit)
    (treebank / "ptb.txt").write_text("")
    with pytest.raises(DataError, match=r"ptb\.txt is empty"):
        corpus_of(treebank, level=level, unit=unit, valid=False)


def test_a_line_with_a_validation_file_of_its_own_is_learnt_from(treebank):
    (treebank / "ptb.txt").write_text("she sells sea shells " * 300)
    corpus = corpus_of(treebank, level="word")
    assert (corpus.texts, len(corpus.train)) == (1, 1201)


def test_a_text_of_one_line_alone_is_refused(treebank):
    (treebank / "ptb.txt").write_text("she sells sea shells " * 300)
    settings = training_settings({"level": "word"})
    with pytest.raises(DataError, match="validat"):
        LanguageModelTraining([str(treebank / "ptb.txt")], settings, valid=None, encoding="utf-8")


def test_a_text_of_one_character_is_refused(treebank):
    (treebank / "ptb.txt").write_text("x")
    with pytest.raises(DataError, match="too few to learn from"):
        corpus_of(treebank, valid=False, level="char")


def test_a_validation_text_without_symbols_is_refused(treebank):
    (treebank / "valid.txt").write_text("   ")
    settings = training_settings({"level": "word", "unit": "text"})
    with pytest.raises(DataError, match="validat"):
        LanguageModelTraining(
            [str(treebank / "ptb.txt")], settings, valid=str(treebank / "valid.txt"), encoding="utf-8"
        )
