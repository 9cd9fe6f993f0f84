"""Vectors that others made: where a run begins, what stays of them, and that nothing else depends on where they lie."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load

import textrnn
from tests.training.test_resume import finish, outcome, stopped
from textrnn.architecture import Pretrained
from textrnn.data import Data
from textrnn.errors import DataError, MissingExtra, UsageError
from textrnn.export.quantize import quantize
from textrnn.model_folder import ModelFolder
from textrnn.settings import training_settings
from textrnn.text.levels import Vocabulary
from textrnn.text.spelling import spellings
from textrnn.text.tokenizer import EOS, PAD, START, UNK, Tokenizer
from textrnn.text.vectors import Found
from textrnn.training import word2vec
from textrnn.training.run import TrainingRun
from textrnn.training.starting import begin, extend, resume
from textrnn.training.word2vec import Sentences
from textrnn.training.word_vectors import filled

QUICK = {
    **{"level": "word", "units": 6, "layers": 1, "batch": 2, "window": 8, "dropout": 0.2, "precision": "float32"},
    **{"steps": 6, "evaluations": 3, "patience": 0, "valid_symbols": 50, "save_seconds": 0.0},
}
VECTORS = "the 1 2 3 4\nship -1 0 0.5 0\nverse 3 -3 0 1\nla 0 0 0 2\n"
WAYS = {"word2vec": {"embedding_size": 5}, "vectors.txt": {}}
FOR_WORD2VEC = {"embedding": "word2vec", "embedding_size": 5}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    """The folder that the tests work in, with a text and vectors of four of its words."""
    text = "".join(f"Verse {n % 50}: the ship sails on, {'la ' * (n % 7)}and away.\n" for n in range(150))
    (tmp_path / "song.txt").write_text(text)
    (tmp_path / "vectors.txt").write_text(VECTORS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begun(out: str, text: str = "song.txt", **values) -> TrainingRun:
    return begin("lm", Data(files=(text,)), Path(out), training_settings({**QUICK, **values}))


def vectors_of(run: TrainingRun) -> dict[str, list[float]]:
    """The vector of each symbol."""
    return dict(zip(run.task.tokenizer.tokens, run.network.input.table.detach().tolist(), strict=True))


def test_a_run_begins_with_the_vectors_of_a_file_and_says_which_symbols_have_none():
    run = begun("model", embedding="vectors.txt")
    found = vectors_of(run)
    assert [found[word] for word in ("the", "ship", "la")] == [[1, 2, 3, 4], [-1, 0, 0.5, 0], [0, 0, 0, 2]]
    assert found["Verse"] == [3, -3, 0, 1]
    assert found["<pad>"] == [0] * 4
    origin, coverage, misses = run.task.describe()[3:]
    assert origin.startswith("vectors of 4 numbers from vectors.txt (GloVe text, sha256 ")
    assert origin.endswith(", learnt further")
    ids = np.fromfile(next(Path("model/training").glob("ids-*")), run.task.corpus.facts.dtype)
    tokens = [run.task.tokenizer.tokens[index] for index in ids if index != EOS]
    share = sum(token in ("the", "ship", "la", "Verse") for token in tokens) / len(tokens)
    kept = len(found) - 4
    assert (
        coverage
        == f"4 of {kept} words have a vector, 1 of them by their lower case alone, {share:.1%} of the training text"
    )
    assert misses.startswith(f"{kept - 4} begin with a random one, the most frequent: ")
    most = sorted(
        {*tokens} - {"the", "ship", "la", "Verse", "<unk>"},
        key=lambda token: (-tokens.count(token), run.task.tokenizer.ids([token])[0]),
    )
    assert misses.split(": ", 1)[1] == ", ".join(map(repr, most[:10]))


@pytest.mark.parametrize(("name", "values"), WAYS.items())
@pytest.mark.parametrize("freeze", [False, True])
def test_what_is_trained_is_saved_quantised_scored_and_generated_as_any_other(name, values, freeze):
    run = begun("model", embedding=name, freeze_embedding=freeze, **values)
    before = run.network.input.table.detach().numpy().copy()
    weights, _ = finish(run)
    entry = ModelFolder(Path("model")).config.architecture.input
    assert isinstance(entry, Pretrained)
    assert (entry.size, entry.frozen) == (before.shape[1], freeze)
    assert np.array_equal(np.array(weights["input.table"], np.float32), before) == freeze
    learnt = sum(value.numel() for value in run.network.state_dict().values()) - freeze * before.size
    assert ModelFolder(Path("model")).config.training.parameters == run.parameters == learnt
    quantize(Path("model"), Path("int8"))
    texts = ["the ship", "", "absent words"]
    exact = [score.logprob for score in textrnn.load("model", engine="torch").score(texts, eos=True)]
    for folder, tolerance in (("model", 1e-5), ("int8", 0.02)):
        model = textrnn.load(folder)
        np.testing.assert_allclose([score.logprob for score in model.score(texts, eos=True)], exact, rtol=tolerance)
        assert model.generate("the", max_tokens=5, seed=1)[0].tokens


@pytest.mark.parametrize(("name", "values"), WAYS.items())
@pytest.mark.parametrize("freeze", [False, True])
def test_a_run_that_is_stopped_goes_on_to_the_same_weights_without_the_vectors_it_began_with(name, values, freeze):
    settings = {"embedding": name, "freeze_embedding": freeze, **values}
    expected = finish(begun("whole", **settings))
    folder = stopped(begun("model", **settings), 3)
    for used in ("song.txt", "vectors.txt"):
        os.remove(used)
    run = resume(folder.rename("moved"), asked=training_settings({**QUICK, **settings}))
    assert finish(run) == expected
    longer = extend(Path("moved"), asked=training_settings({"steps": 2}))
    table = longer.network.input.table.detach().numpy().copy()
    assert np.array_equal(np.array(finish(longer)[0]["input.table"], np.float32), table) == freeze


def test_a_run_keeps_the_vectors_that_it_began_with():
    folder = stopped(begun("model", embedding="vectors.txt"), 2)
    shutil.copy("vectors.txt", "others.txt")
    for values, says in (
        ({"embedding": "others.txt"}, "embedding was vectors.txt and is now others.txt"),
        ({"embedding": "learned"}, "embedding was vectors.txt and is now learned"),
        ({"embedding": "vectors.txt", "freeze_embedding": True}, "freeze_embedding was False and is now True"),
        ({"embedding_size": 5}, "embedding_size was 4 and is now 5"),
    ):
        with pytest.raises(UsageError, match=says):
            resume(folder, asked=training_settings(values))
    assert resume(folder, asked=training_settings({"embedding_size": 4})).state.step == 2


def test_word2vec_reads_the_training_text_alone():
    Path("valid.txt").write_text("ship ship away\n" * 30)
    settings = training_settings({**QUICK, **FOR_WORD2VEC})
    data = Data(files=("song.txt",), valid="song.txt")
    runs = [
        begin("lm", data.model_copy(update={"valid": valid}), Path(valid + ".model"), settings)
        for valid in ("song.txt", "valid.txt")
    ]
    assert vectors_of(runs[0]) == vectors_of(runs[1])
    others = [
        begun(f"{number}.model", **FOR_WORD2VEC, **other) for number, other in enumerate(({}, {"valid_share": 0.5}))
    ]
    assert vectors_of(others[0])["ship"] != vectors_of(others[1])["ship"]


def test_each_setting_of_word2vec_counts_and_its_seed_is_that_of_the_run_unless_given():
    plain = vectors_of(begun("0", **FOR_WORD2VEC))
    for number, values in enumerate(
        (
            {"word2vec_model": "cbow"},
            {"word2vec_window": 1},
            {"word2vec_negative": 1},
            {"word2vec_epochs": 1},
            {"word2vec_seed": 3},
        )
    ):
        assert vectors_of(begun(f"a{number}", **FOR_WORD2VEC, **values))["ship"] != plain["ship"]
    seeded = {
        name: vectors_of(begun(name, **FOR_WORD2VEC, **values))["ship"]
        for name, values in {"seed": {"seed": 2**32 + 3}, "both": {"seed": 5, "word2vec_seed": 3}}.items()
    }
    assert seeded["seed"] == seeded["both"] == vectors_of(begun("given", **FOR_WORD2VEC, word2vec_seed=3))["ship"]


@pytest.mark.slow
def test_word2vec_learns_the_same_in_another_process():
    words = np.random.default_rng(0).integers(0, 99, (6000, 10))  # more than gensim takes at once, for several workers
    Path("long.txt").write_text("".join(" ".join(f"w{word}" for word in line) + "\n" for line in words))
    code = "from tests.training.test_word_vectors import *; print(vectors_of(begun('a', 'long.txt', **FOR_WORD2VEC)))"
    root = str(Path(textrnn.__file__).parents[1])
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert ast.literal_eval(done.stdout) == vectors_of(begun("b", "long.txt", **FOR_WORD2VEC))


def test_a_word_that_occurs_once_has_a_vector_of_word2vec_too():
    Path("once.txt").write_text("hapax\n" + Path("song.txt").read_text())
    run = begun("model", "once.txt", min_count=1, **FOR_WORD2VEC)
    kept = len(run.task.tokenizer) - 4
    assert run.task.describe()[4:] == [f"{kept} of {kept} words have a vector, 100.0% of the training text"]


def test_words_of_like_contexts_come_to_have_like_vectors():
    """Of eight words two by two stand in the same contexts, never beside each other."""
    random = np.random.default_rng(0)
    pairs = (("cat", "dog"), ("red", "blue"), ("six", "ten"), ("paris", "rome"))
    around = ("fur purr tail", "paint hue shade", "sum digit count", "river bridge town")
    lines = []
    for _ in range(1500):
        kind = random.integers(4)
        before, between, after = random.permutation(around[kind].split())
        lines.append(f"{before} {pairs[kind][random.integers(2)]} {between} {after}\n")
    Path("pairs.txt").write_text("".join(lines))
    found = vectors_of(begun("model", "pairs.txt", embedding="word2vec", embedding_size=12, word2vec_epochs=10))
    words = [word for pair in pairs for word in pair]
    unit = np.array([found[word] / np.linalg.norm(found[word]) for word in words])
    alike = unit @ unit.T - 2 * np.eye(8)
    assert alike.argmax(1).tolist() == [1, 0, 3, 2, 5, 4, 7, 6]


@given(st.lists(st.integers(4, 30), min_size=0, max_size=40), st.sets(st.integers(0, 39)))
def test_sentences_are_the_whole_text_in_pieces_that_gensim_takes(ids, ends):
    text = np.array([EOS if place in ends else index for place, index in enumerate(ids)] + [EOS], np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word2vec, "LONGEST", 7)
        sentences = [[int(name) for name in sentence] for sentence in Sentences([text], 31)]
    assert max(map(len, sentences)) <= 8
    joined = [index for sentence in sentences for index in sentence]
    assert [index for index in joined if index != START] == text.tolist()
    expected = [START]
    for place, index in enumerate(text.tolist()):
        expected += [index] + ([START] if index == EOS and place < len(text) - 1 else [])
    assert joined == expected
    assert all(sentence.count(EOS) <= 1 for sentence in sentences)


def test_a_text_longer_than_gensim_takes_is_learnt_from_to_its_end():
    Path("long.txt").write_text("a" * 15_000 + "bc" * 5_000)
    found = begun(
        "model", "long.txt", level="char", unit="text", embedding="word2vec", embedding_size=4, valid_share=0.01
    )
    assert word2vec.LONGEST + 1 <= 10_000
    ids = next(found.task.corpus.ids.shards(0))
    sentences = list(Sentences([ids], len(found.task.tokenizer)))
    assert sum(map(len, sentences)) == found.task.corpus.facts.symbols + 1


def test_symbols_without_a_vector_are_like_those_with_one_and_come_again():
    rows = np.random.default_rng(1).normal([5, -2, 0], [1, 3, 0.1], (4000, 3)).astype(np.float32)
    is_found = np.arange(4000) % 2 == 0
    rows[~is_found] = 0
    found = Found(rows, is_found, lowered=0, total=9, repeated=0)
    first = filled(found, seed=1)
    np.testing.assert_array_equal(first, filled(found, seed=1))
    assert (first[~is_found] != filled(found, seed=2)[~is_found]).all()
    np.testing.assert_array_equal(first[2::2], rows[2::2])
    assert not first[PAD].any()
    random = first[~is_found]
    np.testing.assert_allclose(random.mean(0), [5, -2, 0], atol=0.3)
    np.testing.assert_allclose(random.std(0), [1, 3, 0.1], rtol=0.1)


def test_a_symbol_is_looked_up_as_a_reader_would_write_it():
    tokenizer = Tokenizer.learn(["the cat\n" * 9], "bpe", Vocabulary(size=300))
    spelt = {token: spellings(tokenizer, index) for index, token in enumerate(tokenizer.tokens)}
    assert spelt[" the"] == ("▁the", "the")
    assert spelt["a"] == ("a",)
    assert spelt[" "] == ("▁", " ")
    assert spelt["<0x41>"] == spelt["<pad>"] == ()
    assert spelt["<start>"] == ("<s>", "</s>")
    assert (spellings(tokenizer, UNK), spellings(tokenizer, EOS)) == (("<unk>",), ("</s>",))
    words = Tokenizer.learn(["the <0x41> <0x41>"], "word", Vocabulary(split="spaces"))
    assert [spellings(words, index) for index in range(4, 6)] == [("<0x41>",), ("the",)]


def test_a_stream_begins_with_the_vectors_of_a_file_but_not_with_word2vec(monkeypatch):
    monkeypatch.setattr("textrnn.training.corpus.STREAM_HELD", 500)
    data = Data(files=("song.txt",), streaming=True)
    run = begin("lm", data, Path("model"), training_settings({**QUICK, "embedding": "vectors.txt"}))
    assert vectors_of(run)["ship"] == [-1, 0, 0.5, 0]
    assert "begin with a random one, the first: " in run.task.describe()[-1]
    assert "of the training text" not in run.task.describe()[-2]
    expected = finish(run)
    again = stopped(begin("lm", data, Path("again"), training_settings({**QUICK, "embedding": "vectors.txt"})), 4)
    assert finish(resume(again)) == expected == outcome(Path("model"))
    with pytest.raises(UsageError, match="word2vec reads the whole text before the training: without --streaming"):
        begin("lm", data, Path("new"), training_settings({**QUICK, **FOR_WORD2VEC}))
    assert not Path("new").exists()


def test_a_path_is_as_good_as_its_name_and_learnt_vectors_may_be_tied():
    model = textrnn.train(
        "lm", ["song.txt"], out="model", embedding=Path("vectors.txt"), **{**QUICK, "units": 4}, tied=True
    )
    assert model.config.architecture.head.tied
    assert "head.weight" not in load(ModelFolder(Path("model")).read("model.safetensors"))
    assert not begun("plain", embedding="vectors.txt").task.architecture.head.tied


def test_what_a_file_repeats_or_misstates_is_said():
    Path("vectors.txt").write_text("9 2\nthe 1 2\nship 3 4\nthe 5 6\n")
    described = begun("model", embedding="vectors.txt").task.describe()
    assert described[-2:] == [
        "vectors.txt: its header speaks of 9 rows, and it has 3",
        "vectors.txt: rows that repeat a word of this text: 1; the first of each counts",
    ]


def test_a_file_that_knows_nothing_of_the_text_is_refused():
    Path("vectors.txt").write_text("elsewhere 1 2\nnowhere 3 4\n")
    with pytest.raises(DataError, match=r"vectors\.txt has no vector for any word: 'la', ',', "):
        begun("model", embedding="vectors.txt")
    assert not Path("model").exists()


def test_without_gensim_word2vec_says_what_to_install(monkeypatch):
    monkeypatch.setattr("textrnn.training.word_vectors.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"--embedding word2vec needs the 'train' extra: pip install"):
        begun("model", **FOR_WORD2VEC)
