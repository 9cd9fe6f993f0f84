"""Files of vectors that are learnt from texts: what train begins with, the same again, whole or not at all."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from textrnn.data import Data
from textrnn.errors import DataError, UsageError
from textrnn.settings import training_settings
from textrnn.text.tokenizer import EOS, START, UNK
from textrnn.text.vectors import read_vectors, sniff
from textrnn.training import vectors_file
from textrnn.training.defaults import with_level_defaults
from textrnn.training.starting import begin
from textrnn.training.vectors_file import VectorsWritten, learn_vectors
from textrnn.training.word2vec import Word2VecSettings

SETTINGS = Word2VecSettings(model="skip-gram", size=6, window=2, negative=3, epochs=1, seed=3)
SMALL = {"steps": 1, "units": 4, "layers": 1, "valid_symbols": 50, "evaluations": 1}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    """The folder that the tests work in, with a text."""
    text = "".join(f"Verse {n % 40}: the ship sails on, {'la ' * (n % 7)}and away.\n" for n in range(120))
    (tmp_path / "song.txt").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def learnt(out: str, *files: str, watch=None, wanted: Word2VecSettings = SETTINGS, **values) -> VectorsWritten:
    settings = with_level_defaults(training_settings({"level": "word", "min_count": 2, "vocabulary_size": 0, **values}))
    more = {"watch": watch} if watch else {}
    return learn_vectors(Data(files=files or ("song.txt",)), settings, wanted, out, **more)


def rows_of(path: str) -> dict[str, list[float]]:
    words, rows = read_vectors(sniff(path))
    return dict(zip(words, rows.tolist(), strict=True))


@pytest.mark.parametrize("ending", [".txt", ".vec", ".bin", ".txt.gz", ".bin.gz"])
def test_gensim_reads_what_is_written_and_so_do_we(ending):
    name = f"vectors{ending}"
    learnt(name)
    is_binary = ".bin" in ending
    oracle = KeyedVectors.load_word2vec_format(name, binary=is_binary)
    ours = rows_of(name)
    assert oracle.index_to_key == [*ours]
    np.testing.assert_array_equal(oracle.vectors, np.array([*ours.values()], np.float32))
    assert sniff(name).stated == len(ours)


@pytest.mark.parametrize("name", ["a.txt", "a.bin.gz"])
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(name):
    contents = []
    for wanted in (SETTINGS, SETTINGS, Word2VecSettings(**{**vars(SETTINGS), "seed": 4})):
        learnt(name, wanted=wanted)
        contents.append(Path(name).read_bytes())
    assert contents[0] == contents[1] != contents[2]


@pytest.mark.parametrize("level", ["word", "bpe"])
@pytest.mark.parametrize("values", [{}, {"lower": True}, {"literal_unk": True}])
def test_a_model_begins_with_the_file_as_with_word2vec_on_the_same_text(level, values):
    if level == "bpe":
        values = {**values, "vocabulary_size": 400}
    Path("valid.txt").write_text("the ship\n" * 9)
    Path("song.txt").write_text("hapax\n" + Path("song.txt").read_text())
    learnt("song.vec", level=level, **values)
    both = {**SMALL, "level": level, "min_count": 2, "vocabulary_size": 0, **values}
    word2vec = {"embedding": "word2vec", "embedding_size": 6, "seed": 3, "word2vec_window": 2}
    word2vec |= {"word2vec_negative": 3, "word2vec_epochs": 1}
    data = Data(files=("song.txt",), valid="valid.txt")
    runs = [
        begin("lm", data, Path(str(number)), training_settings({**both, **given}))
        for number, given in enumerate((word2vec, {"embedding": "song.vec", "seed": 3}))
    ]
    tokenizer = runs[0].task.tokenizer
    assert runs[1].task.tokenizer.tokens == tokenizer.tokens
    tables = [run.network.input.table.detach().numpy() for run in runs]
    ids = np.unique(next(runs[0].task.corpus.ids.shards(0)))
    seen = [index for index in (START, *ids) if not re.fullmatch("<0x..>", tokenizer.tokens[index])]
    assert {START, EOS} <= set(seen)
    assert (UNK in seen) == (level == "word")
    np.testing.assert_array_equal(tables[0][seen], tables[1][seen])


def test_words_come_by_how_often_they_are_there_and_special_ones_last():
    text = Path("song.txt").read_text()
    Path("rare.txt").write_text("once\n")
    written = learnt("song.vec", "song.txt", "rare.txt", min_count=30)
    words = [*rows_of("song.vec")]
    assert words[-3:] == ["<unk>", "</s>", "<s>"]
    found = [*re.findall(r"\w+|[^\w\s]", text), "once"]
    counts = {word: found.count(word) for word in found if found.count(word) >= 30}
    assert set(words[:-3]) == set(counts)
    assert [counts[word] for word in words[:-3]] == sorted(counts.values(), reverse=True)
    assert written == VectorsWritten(len(counts), ("<unk>", "</s>", "<s>"), len(found), sum(counts.values()), ())


def test_unk_is_a_word_where_it_is_literal():
    Path("song.txt").write_text("the <unk> ship\n" * 9)
    learnt("a.vec", literal_unk=True)
    assert set(rows_of("a.vec")) == {"the", "ship", "<unk>", "<s>", "</s>"}
    learnt("b.vec")
    assert set(rows_of("b.vec")) == {"the", "ship", "<", "unk", ">", "<s>", "</s>"}


def test_a_word_of_the_text_comes_before_a_special_one_that_is_written_like_it():
    Path("song.txt").write_text("a </s> </s> b\n" * 9)
    learnt("a.vec", split="spaces")
    words = [*rows_of("a.vec")]
    assert (words[0], words[3:]) == ("</s>", ["<s>"])


def test_a_newline_within_a_record_is_no_row():
    Path("song.csv").write_text('text\n"one\ntwo"\n"one\ntwo"\n')
    learnt("a.vec", "song.csv")
    assert set(rows_of("a.vec")) == {"one", "two", "<s>", "</s>"}


def test_what_is_read_is_told_to_its_end():
    told = []
    written = learnt("a.vec", watch=lambda total: (told.append(total), lambda more: told.append(-more))[1])
    assert told[0] == 2 * (written.symbols + 120)  # with the end of each line; once to count, then one epoch
    assert sum(told) == 0


def test_an_interrupted_write_leaves_what_was_there(monkeypatch):
    def write_half(file, words, rows, *, format):
        file.write(b"3 2\nthe 1 2\n")
        raise KeyboardInterrupt

    Path("a.vec").write_text("the 1 2\n")
    monkeypatch.setattr(vectors_file, "write_vectors", write_half)
    with pytest.raises(KeyboardInterrupt):
        learnt("a.vec")
    assert Path("a.vec").read_text() == "the 1 2\n"
    assert sorted(os.listdir()) == ["a.vec", "song.txt"]


@pytest.mark.parametrize(
    ("out", "error", "says"),
    [
        ("a", UsageError, "--out names a file that ends in .txt, .vec, .bin, or one of these and .gz, not a"),
        ("a.csv", UsageError, "--out names a file that ends in"),
        ("folder.txt", UsageError, "--out names a file that ends in"),
        ("absent/a.vec", DataError, "absent/a.vec cannot be written: absent is no folder that can be written to"),
    ],
)
def test_a_name_that_cannot_be_written_is_refused_before_the_work(out, error, says):
    Path("folder.txt").mkdir()
    with pytest.raises(error) as raised:
        learnt(out, "absent.txt")
    assert str(raised.value).startswith(says)


@pytest.mark.parametrize("source", ["song.txt", ".", "*.txt"])
def test_the_text_that_is_learnt_from_is_not_written_over(source):
    before = Path("song.txt").read_bytes()
    with pytest.raises(UsageError, match=r"song.txt is one of the texts to learn from"):
        learnt("./song.txt", source)
    assert Path("song.txt").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty.txt is empty"),
        (b"\n\n", "empty.txt is empty"),
        (b"each word once\n", "no word of empty.txt is there 2 times: give --min-count 1"),
    ],
)
def test_a_text_with_nothing_to_learn_is_one_line_and_writes_nothing(content, says):
    Path("empty.txt").write_bytes(content)
    with pytest.raises(DataError, match=says):
        learnt("a.vec", "empty.txt")
    assert not Path("a.vec").exists()
