"""What is read to learn from and to validate on: every symbol counted, each held-out text in its place."""

import hashlib
from dataclasses import replace
from itertools import cycle, islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.data import Data
from textrnn.errors import DataError, UsageError
from textrnn.settings import TrainingSettings, training_settings
from textrnn.text import corpora
from textrnn.text.corpora import Piece, Section
from textrnn.text.levels import LEVELS
from textrnn.text.tokenizer import EOS, UNK, Tokenizer
from textrnn.training import corpus as module
from textrnn.training.corpus import Corpus, all_but_end, hold, read_corpus, stream_corpus, texts_of
from textrnn.training.defaults import with_level_defaults
from textrnn.training.ids import encoded, smallest_type
from textrnn.training.language_model import LanguageModelTraining, validation
from textrnn.training.starting import begin

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
    data = Data(files=(str(folder / "ptb.txt"),), valid=str(folder / "valid.txt") if valid else None)
    held = texts_of([data.valid], data, settings) if data.valid else None
    return read_corpus(texts_of(data.files, data, settings), held, settings, store=folder / "ids.bin")


def learnt(corpus: Corpus) -> np.ndarray:
    """The ids to learn from."""
    return next(corpus.ids.shards(0))


def test_a_treebank_has_as_many_symbols_as_words_and_line_ends(treebank):
    corpus = corpus_of(treebank, level="word", literal_unk=True)
    words = (TREEBANK * 80).split()
    ids, facts = learnt(corpus), corpus.facts
    assert len(ids) == facts.symbols == len(words) + LINES
    assert facts.texts == LINES
    assert int((ids == EOS).sum()) == LINES
    assert facts.left_out == words.count("<unk>")
    assert facts.distinct == len(set(words))
    assert sorted(corpus.tokenizer.tokens[4:]) == sorted(set(words) - {"<unk>"})
    first = TREEBANK.split("\n")[0].split()
    assert [corpus.tokenizer.tokens[index] for index in ids[: len(first) + 1]] == [*first, "<eos>"]


def test_the_ids_are_small_and_lie_in_a_file_that_is_mapped(treebank):
    corpus = corpus_of(treebank, level="word")
    ids = learnt(corpus)
    assert ids.dtype == corpus.facts.dtype == "uint8"
    assert isinstance(ids.base, np.memmap)
    assert not ids.flags.writeable
    assert (treebank / "ids.bin").stat().st_size == corpus.facts.symbols
    assert [smallest_type(size) for size in (256, 257, 65_536, 65_537)] == ["uint8", "uint16", "uint16", "uint32"]


def test_the_facts_name_the_files_by_what_is_in_them(treebank):
    hashes = {name: hashlib.sha256((treebank / name).read_bytes()).hexdigest() for name in ("ptb.txt", "valid.txt")}
    assert corpus_of(treebank, level="word").facts.files == hashes
    assert corpus_of(treebank, valid=False, level="word").facts.files == {"ptb.txt": hashes["ptb.txt"]}


def test_the_facts_count_what_had_to_be_repaired_once(treebank):
    (treebank / "ptb.txt").write_bytes(b"caf\xe9 \xff\n" * 300)
    (treebank / "valid.txt").write_bytes(b"caf\xe9\n" * 2)
    for valid in (True, False):
        repairs = corpus_of(treebank, valid=valid, level="char").facts.repairs
        assert [line.partition(": ")[2][:44] for line in repairs] == [
            "undecodable bytes read as U+FFFD: 600, the f",
            *(["undecodable bytes read as U+FFFD: 2, the fir"] if valid else []),
        ]


def test_a_validation_text_has_its_unknown_words_and_its_line_ends_as_targets(treebank):
    corpus = corpus_of(treebank, level="word", literal_unk=True)
    held = validation(corpus.rows, unit="line")
    assert held.targets == corpus.facts.held.symbols == 3 + 4 + 2
    ((_, targets),) = held.batches
    assert [int((targets == index).sum()) for index in (UNK, EOS)] == [2, 2]
    assert not corpus.facts.held.gives_back
    assert corpus.facts.held.characters == len(" the <unk> fell \n the unheard rose N \n")


def test_without_literal_unk_the_spelling_is_a_word_like_others(treebank):
    corpus = corpus_of(treebank, level="word", split="spaces")
    assert corpus.facts.left_out == 0
    assert corpus.tokenizer.decode(corpus.tokenizer.encode("the <unk> of")) != "the \ufffd of"


@pytest.mark.parametrize("level", ["word", "bpe"])
def test_a_level_of_words_or_their_pieces_reads_the_literal_word_as_unknown(treebank, level):
    corpus = corpus_of(treebank, level=level, literal_unk=True, vocabulary_size=300)
    assert corpus.facts.left_out == (TREEBANK * 80).split().count("<unk>")
    assert (corpus.tokenizer.encode("the <unk> fell") == UNK).sum() == 1


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("unit", ["line", "text"])
def test_the_symbols_of_a_corpus_are_those_of_its_texts_each_with_an_end(treebank, level, unit):
    corpus = corpus_of(treebank, level=level, unit=unit, vocabulary_size=300)
    text = TREEBANK * 80
    texts = text.splitlines() if unit == "line" else [text]
    expected = [index for one in texts for index in [*corpus.tokenizer.encode(one).tolist(), EOS]]
    assert learnt(corpus).tolist() == expected
    assert (corpus.facts.texts, corpus.facts.symbols) == (len(texts), len(expected))
    if LEVELS[level].is_lossless:
        ends = [index for index, symbol in enumerate(expected) if symbol == EOS]
        begins = [0, *(end + 1 for end in ends[:-1])]
        again = [corpus.tokenizer.decode(expected[begin:end]) for begin, end in zip(begins, ends, strict=True)]
        assert again == texts


def joined(pieces, tokenizer: Tokenizer) -> list[int]:
    return [index for ids in encoded(pieces, tokenizer) for index in ids.tolist()]


@pytest.mark.parametrize("at_once", ["TEXTS_AT_ONCE", "CHARACTERS_AT_ONCE"])
def test_many_texts_are_encoded_as_few_are(monkeypatch, treebank, at_once):
    tokenizer = corpus_of(treebank, level="word").tokenizer
    texts = (TREEBANK * 3).split("\n")
    expected = [index for text in texts for index in [*tokenizer.encode(text).tolist(), EOS]]
    assert joined(map(Piece, texts), tokenizer) == expected
    monkeypatch.setattr(f"textrnn.training.ids.{at_once}", 2)
    assert joined(map(Piece, texts), tokenizer) == expected


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
    assert with_level_defaults(TrainingSettings(level=level, embedding="one-hot")).tied is False


def test_where_unk_is_literal_every_word_is_kept_and_words_end_at_spaces():
    chosen = with_level_defaults(TrainingSettings(level="word", literal_unk=True))
    assert (chosen.vocabulary_size, chosen.min_count, chosen.split) == (0, 1, "spaces")
    given = with_level_defaults(TrainingSettings(level="word", literal_unk=True, min_count=3, split="punctuation"))
    assert (given.min_count, given.split) == (3, "punctuation")
    assert with_level_defaults(TrainingSettings(level="bpe", literal_unk=True)).min_count == 2


class Pieces(list):
    """Pieces in the place of Texts; a long one may be cut anywhere."""

    boundary = LEVELS["char"].boundary


def whole(texts: list[str]) -> Pieces:
    return Pieces(map(Piece, texts))


def texts_in(pieces) -> list[str]:
    """The texts that pieces are of, put together: a piece that begins none goes on with the one before."""
    texts: list[str] = []
    is_open = False
    for piece in pieces:
        assert piece.begins != is_open
        texts += [""] * piece.begins
        texts[-1] += piece.text
        is_open = not piece.ends
    assert not is_open
    return texts


def split_end(texts: list[str], share: float, unit: str) -> tuple[list[str], list[str]]:
    """What is learnt from, and what is held out."""
    kept = all_but_end(whole(texts), share, unit)
    return texts_in(Section(whole(texts), unit, end=kept)), texts_in(Section(whole(texts), unit, begin=kept))


def test_the_held_out_end_is_the_last_of_the_text():
    assert split_end(["abcdef", "gh"], 3 / 8, "text") == (["abcde"], ["f", "gh"])
    assert split_end(["abcdef", "gh"], 1 / 4, "text") == (["abcdef"], ["gh"])
    assert split_end(["abcdef"], 0, "text") == (["abcde"], ["f"])
    assert split_end(["ab", "c"], 0.99, "text") == ([], ["ab", "c"])
    assert split_end(["a", "b", "c", "d"], 0.5, "line") == (["a", "b"], ["c", "d"])
    assert split_end(["a", "b", "c", "d"], 0.01, "line") == (["a", "b", "c"], ["d"])
    assert split_end(["a", "b", "c", "d"], 0.99, "line") == (["a"], ["b", "c", "d"])


@given(st.lists(st.text("ab", max_size=5), min_size=2, max_size=12), st.floats(0.01, 0.99))
def test_held_out_and_kept_together_are_the_text(texts, share):
    kept, held = split_end(texts, share, "line")
    assert kept + held == texts
    assert kept
    assert held
    if not any(texts):
        return
    kept, held = split_end(texts, share, "text")
    assert "".join(kept + held) == "".join(texts)
    assert "".join(held)
    assert kept[:-1] == texts[: max(0, len(kept) - 1)]


def in_pieces(text: str, cuts: set[int]) -> list[Piece]:
    """A text in pieces that end at the cuts."""
    places = [0, *sorted(cut for cut in cuts if 0 < cut < len(text)), len(text)]
    return [Piece(text[begin:end], begins=begin == 0, ends=end == len(text)) for begin, end in pairwise(places)]


@given(st.lists(st.text("abc", max_size=9), min_size=1, max_size=5), st.sets(st.integers(1, 9)), st.integers(0, 40))
def test_a_section_of_pieces_is_the_section_of_the_text(texts, cuts, place):
    """Wherever pieces end, at the place of the cut above all: each text begins and ends once on either side."""
    before, after, seen = [], [], 0
    for text in texts:
        here = max(0, place - seen)
        if here:
            before.append(text[:here])
        if text[here:] or not here:
            after.append(text[here:])
        seen += len(text)
    pieces = Pieces(piece for text in texts for piece in in_pieces(text, cuts))
    assert texts_in(Section(pieces, "text", end=place)) == before
    assert texts_in(Section(pieces, "text", begin=place)) == after


@pytest.mark.parametrize("level", LEVELS)
def test_a_long_text_has_the_ids_of_its_two_sections_each_encoded_whole(level, tmp_path, monkeypatch):
    monkeypatch.setattr(corpora, "PIECE", 120)
    text = "".join(f"verse {n}: the ship sails on, {'la ' * (n % 7)}and away.\n" for n in range(150))
    (tmp_path / "ptb.txt").write_text(text)
    for share in (0.05, 0.5, (len(text) % 120 + 120) / len(text)):  # the last one: at the end of a piece
        corpus = corpus_of(tmp_path, valid=False, level=level, unit="text", vocabulary_size=400, valid_share=share)
        kept = len(text) - round(len(text) * share)
        assert learnt(corpus).tolist() == [*corpus.tokenizer.encode(text[:kept]).tolist(), EOS]
        (row,) = corpus.rows
        assert row.tolist() == corpus.tokenizer.encode(text[kept:]).tolist()
        held = corpus.facts.held
        assert (held.symbols, held.characters) == (len(row), len(text) - kept)


def test_several_texts_are_validated_on_with_an_end_between_them(treebank):
    (treebank / "valid.jsonl").write_text('"the shares"\n"fell"\n""\n"but rose"\n')
    settings = with_level_defaults(training_settings({"level": "word", "unit": "text"}))
    data = Data(files=(str(treebank / "ptb.txt"),), valid=str(treebank / "valid.jsonl"))
    texts, valid = (texts_of([name], data, settings) for name in (*data.files, data.valid))
    corpus = read_corpus(texts, valid, settings, store=treebank / "ids.bin")
    assert [len(row) for row in corpus.rows] == [2, 1, 0, 2]
    assert corpus.facts.held.symbols == 5 + 3
    found = validation(corpus.rows, unit="text")
    assert found.targets == 8
    ((_, targets),) = found.batches
    assert targets[targets >= 0].tolist() == [
        *(symbol for row in corpus.rows[:-1] for symbol in [*row.tolist(), EOS]),
        *corpus.rows[-1].tolist(),
    ]
    assert "without <eos> but the 3 between texts" in found.protocol


@pytest.mark.parametrize(("unit", "most", "lengths"), [("text", 5, [3, 2]), ("line", 5, [3, 6]), ("line", 4, [3])])
def test_a_limit_on_what_is_validated_on_cuts_a_text_but_no_line(treebank, unit, most, lengths):
    tokenizer = corpus_of(treebank, level="word").tokenizer
    pieces = whole(["the shares fell", "but the shares of N rose", "no"])
    rows, held = hold(pieces, tokenizer, most=most, unit=unit, origin="a test")
    assert [len(row) for row in rows] == lengths
    shown = [tokenizer.decode(row.tolist()) for row in rows]
    assert held.characters == sum(map(len, shown)) + len(rows) * (unit == "line")
    everything = sum(len(tokenizer.encode(piece.text)) for piece in pieces)
    assert held.symbols == everything + (3 if unit == "line" else 2)


def stream(text: str, monkeypatch, *, held: int = 100, shard: int = 700, **values):
    """What a stream of one text of records learns from, all of it small."""
    monkeypatch.setattr(module, "STREAM_HELD", held)
    settings = with_level_defaults(training_settings(values))
    data = Data(files=(text,), streaming=True)
    found = stream_corpus(texts_of(data.files, data, settings), None, settings)
    return replace(found, ids=replace(found.ids, symbols=shard))


@pytest.mark.parametrize("level", LEVELS)
def test_the_shards_of_a_stream_are_its_text_in_order_epoch_after_epoch(treebank, level, monkeypatch):
    monkeypatch.setattr("textrnn.training.ids.CHARACTERS_AT_ONCE", 300)
    corpus = stream(str(treebank / "ptb.txt"), monkeypatch, level=level, unit="line", vocabulary_size=300)
    lines = (TREEBANK * 80).splitlines()
    held = next(count for count in range(1, 99) if sum(map(len, lines[:count])) >= 100)
    assert [row.tolist() for row in corpus.rows] == [corpus.tokenizer.encode(line).tolist() for line in lines[:held]]
    epoch = [index for line in lines[held:] for index in [*corpus.tokenizer.encode(line).tolist(), EOS]]
    shards = [shard.tolist() for shard in islice(corpus.ids.shards(0), 40)]
    together = [index for shard in shards for index in shard]
    assert len(together) > 2 * len(epoch)
    assert together == list(islice(cycle(epoch), len(together)))
    for first in (1, 3, 20):
        assert [shard.tolist() for shard in islice(corpus.ids.shards(first), 2)] == shards[first : first + 2]
    assert (corpus.facts.symbols, corpus.facts.texts) == (None, None)


@pytest.mark.parametrize("streaming", [False, True])
def test_figures_on_a_text_that_is_learnt_from_too_say_so(treebank, streaming):
    settings = training_settings({"level": "word"})
    for files, origin in (
        ([treebank / "ptb.txt"], "valid.txt"),
        ([treebank], "valid.txt, which is learnt from too"),
    ):
        data = Data(files=tuple(map(str, files)), valid=str(treebank / "valid.txt"), streaming=streaming)
        corpus, _ = LanguageModelTraining.read(
            data, settings, store=treebank / "ids.bin", further=treebank / "further.bin"
        )
        assert corpus.facts.held.origin == origin


def test_a_stream_may_go_on_with_an_empty_line_behind_what_is_held_out(treebank, monkeypatch):
    (treebank / "ptb.txt").write_text("a b c d\n" + "\n" * 3 + "a b\n" * 400)
    corpus = stream(str(treebank / "ptb.txt"), monkeypatch, held=7, level="word")
    assert corpus.facts.held.symbols == 5
    assert len(next(corpus.ids.shards(0))) >= 700


def test_what_is_repaired_behind_the_beginning_of_a_stream_is_counted(treebank, monkeypatch):
    monkeypatch.setattr("textrnn.text.records.AT_ONCE", 64)
    (treebank / "ptb.txt").write_bytes(b"a b c d\n" * 400 + b"\xff\n")
    corpus = stream(str(treebank / "ptb.txt"), monkeypatch, held=7, level="word")
    (line,) = corpus.facts.repairs
    assert "undecodable bytes read as U+FFFD: 1, the first on line 401" in line


def test_a_stream_that_is_too_short_is_refused(treebank, monkeypatch):
    (treebank / "ptb.txt").write_text(TREEBANK * 8)
    with pytest.raises(DataError, match=r"at least 1000 are needed"):
        next(stream(str(treebank / "ptb.txt"), monkeypatch, level="word").ids.shards(0))


@pytest.mark.parametrize("unit", ["line", "text"])
@pytest.mark.parametrize("level", LEVELS)
def test_an_empty_file_is_refused_to_learn_from_and_to_validate_on(treebank, level, unit):
    (treebank / "valid.txt").write_text("")
    data = Data(files=(str(treebank / "ptb.txt"),), valid=str(treebank / "valid.txt"))
    settings = training_settings({"level": level, "unit": unit, "vocabulary_size": 300})
    with pytest.raises(DataError, match=r"nothing to validate on in valid\.txt"):
        begin("lm", data, treebank / "model", settings)
    (treebank / "ptb.txt").write_text("")
    with pytest.raises(DataError, match=r"ptb\.txt is empty"):
        begin("lm", data.model_copy(update={"valid": None}), treebank / "model", settings)
    assert not (treebank / "model").exists()


def test_a_line_with_a_validation_file_of_its_own_is_learnt_from(treebank):
    (treebank / "ptb.txt").write_text("she sells sea shells " * 300)
    facts = corpus_of(treebank, level="word").facts
    assert (facts.texts, facts.symbols) == (1, 1201)


def test_a_text_of_one_line_alone_is_refused(treebank):
    (treebank / "ptb.txt").write_text("she sells sea shells " * 300)
    with pytest.raises(DataError, match="validat"):
        begin("lm", Data(files=(str(treebank / "ptb.txt"),)), treebank / "model", training_settings({"level": "word"}))
    assert not (treebank / "model").exists()


def test_a_text_of_one_character_is_refused(treebank):
    (treebank / "ptb.txt").write_text("x")
    with pytest.raises(DataError, match="too few to learn from"):
        corpus_of(treebank, valid=False, level="char")


def test_a_validation_text_without_symbols_is_refused(treebank):
    (treebank / "valid.txt").write_text("   ")
    settings = training_settings({"level": "word", "unit": "text"})
    data = Data(files=(str(treebank / "ptb.txt"),), valid=str(treebank / "valid.txt"))
    with pytest.raises(DataError, match="validat"):
        begin("lm", data, treebank / "model", settings)
    assert not (treebank / "model").exists()


def test_a_stream_that_cannot_be_learnt_from_is_refused_before_anything_is_written(treebank):
    settings = training_settings({"steps": 2})
    data = Data(files=(str(treebank / "ptb.txt"),), streaming=True)
    with pytest.raises(DataError, match="nothing is left to learn from behind the first 1,000,000 characters"):
        begin("lm", data, treebank / "model", settings)
    with pytest.raises(UsageError, match="without --epochs"):
        begin("lm", data, treebank / "model", training_settings({"epochs": 2}))
    with pytest.raises(UsageError, match="not from a pipe"):
        begin("lm", data.model_copy(update={"files": ("-",)}), treebank / "model", settings)
    assert not (treebank / "model").exists()


def test_a_stream_with_fewer_symbols_than_streams_is_learnt_from(treebank):
    """Of as many streams as there are symbols, each is one symbol long."""
    data = Data(files=(str(treebank / "ptb.txt"),), valid=str(treebank / "valid.txt"), streaming=True)
    values = {"units": 4, "embedding_size": 4, "level": "word", "batch": 5_000, "steps": 2, "evaluations": 1}
    run = begin("lm", data, treebank / "model", training_settings(values))
    (row,) = run.rows()
    assert row.step == 2
