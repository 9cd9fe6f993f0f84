"""textrnn vectors: each command by running it."""

import json
from pathlib import Path

import pytest

from tests.small_models import save_one_hot_model
from textrnn.cli.vectors import analogy, plot
from textrnn.word_vectors.nearest import METHODS
from textrnn.word_vectors.projection import PROJECTIONS

CIRCLE = "east 1 0\nnortheast 1.5 1.3\nnorth 0 3\nwest -4 0\nsouth 0 -5\n"


@pytest.fixture(scope="module")
def one_hot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose symbols have no vectors."""
    return save_one_hot_model(tmp_path_factory.mktemp("models") / "one-hot")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_hot: Path) -> None:
    """The folder that the commands work in."""
    (tmp_path / "one-hot").symlink_to(one_hot)
    (tmp_path / "circle.txt").write_text(CIRCLE)
    (tmp_path / "song.txt").write_text("The ship sails on, and away.\nthe ship\n" * 30)
    (tmp_path / "pairs.tsv").write_text("# a remark\neast\tnortheast\t9\neast\tnorth\t2\nEast\twest\t5\nup\tdown\t1\n")
    (tmp_path / "analogies.txt").write_text(": turn\neast north south west\nup down east west\n")
    (tmp_path / "empty.txt").touch()
    monkeypatch.chdir(tmp_path)


def rows(stdout: str) -> list[dict]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_vectors_are_trained_and_what_to_type_next_is_said(run):
    code, stdout, stderr = run("vectors", "train", "song.txt", "--out", "a.vec", "--size", "5", "--epochs", "2")
    assert (code, stdout) == (0, "")
    told = stderr.splitlines()
    assert told[0] == "300 words in 60 texts, 9 of them different and there at least 5 times"
    assert told[1:3] == ["word2vec: epoch 1 of 2 done", "word2vec: epoch 2 of 2 done"]
    assert told[3] == "a.vec: vectors of 5 numbers for 9 words, 100.0% of the text, and for </s>, <s>"
    assert Path("a.vec").read_text().startswith("11 5\n")
    assert told[4].startswith("textrnn vectors neighbors a.vec WORD    or    textrnn train lm")
    assert run("vectors", "neighbors", "a.vec", "ship").code == 0
    training = "train lm song.txt --level word --embedding a.vec --out m --steps 2 --units 4 --layers 1 --batch 2"
    assert run(*training.split()).code == 1  # too few symbols: what follows is long enough
    Path("long.txt").write_text(Path("song.txt").read_text() * 9)
    code, _, stderr = run(*training.replace("song", "long").split())
    assert code == 0
    assert "100.0% of the training text" in stderr


def test_that_most_words_are_too_rare_is_said(run):
    Path("rare.txt").write_text("the cat sat on the mat\nthe dog saw the cat and the rug\n")
    says = "the other words are too rare for a vector: --min-count 1 gives one to each"
    for least, size, is_said in (("5", "0", True), ("5", "1", False), ("2", "0", False), ("1", "0", False)):
        options = ("--size", "2", "--min-count", least, "--vocabulary-size", size)
        code, _, stderr = run("vectors", "train", "rare.txt", "--out", "rare.vec", *options)
        assert (code, says in stderr.splitlines()) == (0, is_said)


def test_several_workers_are_faster_and_say_that_they_do_not_come_again(run):
    options = ("--size", "4", "--workers", "2", "--model", "cbow", "--lower")
    code, _, stderr = run("vectors", "train", "song.txt", "--out", "a.bin", *options)
    assert code == 0
    assert "2 workers: the next file of the same seed will be another" in stderr


def test_neighbors_of_each_word_in_order(run):
    code, stdout, stderr = run(
        "vectors", "neighbors", "circle.txt", "North", "east", "--count", "1", "--format", "jsonl"
    )
    assert code == 0
    assert [(row["word"], row["neighbor"], row["rank"]) for row in rows(stdout)] == [
        ("north", "northeast", 1),
        ("east", "northeast", 1),
    ]
    assert stderr == "circle.txt has no word 'North': 'north' is taken\n"
    again = run("vectors", "neighbors", "circle.txt", "--count", "1", "--format", "jsonl", stdin=b"north\neast\n")
    assert again.stdout == stdout
    Path("words.txt").write_text("north\neast\n")
    asked = ("vectors", "neighbors", "circle.txt", "--file", "words.txt", "--count", "1", "--format", "jsonl")
    assert run(*asked).stdout == stdout
    Path("words.txt").write_bytes(b"north\xff\n")
    refused = run(*asked, "--strict")
    assert (refused.code, refused.stderr[:28]) == (1, "error: words.txt, line 1, by")


def test_a_space_has_a_sign_in_a_table_alone(run, tiny_model):
    for arguments in (("neighbors", tiny_model, "a", "--count", "1000"), ("plot", tiny_model)):
        assert "│ ␣ " in run("vectors", *arguments, "--format", "table").stdout
        names = (name for row in rows(run("vectors", *arguments, "--format", "jsonl").stdout) for name in row.values())
        assert " " in names


SIGNED = ("east", ":", "north", "::", "south", ":", "?")


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
@pytest.mark.parametrize("words", [("east", "north", "south"), (" ".join(SIGNED),), SIGNED])
def test_an_analogy_may_be_written_with_its_signs(run, words, method):
    code, stdout, stderr = run("vectors", "analogy", "circle.txt", *words, "--method", method, "--format", "jsonl")
    assert (code, stderr) == (0, "")
    best, *_ = rows(stdout)
    assert [best[name] for name in ("a", "b", "c", "answer", "rank")] == ["east", "north", "south", "west", 1]


def test_figures_come_with_how_much_is_known(run):
    files = ("--similarity", "pairs.tsv", "--analogies", "analogies.txt")
    code, stdout, _ = run("vectors", "evaluate", "circle.txt", *files, "--format", "jsonl")
    assert code == 0
    found = rows(stdout)
    assert all(set(row) == {"metric", "value", "protocol"} for row in found)
    assert [(row["metric"], row["value"]) for row in found] == [
        ("spearman", pytest.approx(0.5)),
        ("pairs_known", 0.75),
        ("analogy_accuracy", 1.0),
        ("analogies_known", 0.5),
        ("analogy_accuracy", 1.0),
    ]
    assert found[0]["protocol"].startswith("pairs.tsv: 3 of 4 pairs")


def test_a_map_is_a_picture_or_its_coordinates(run):
    code, stdout, stderr = run("vectors", "plot", "circle.txt", "--png", "map.png")
    assert (code, stdout) == (0, "")
    assert "map.png: 5 words, 5 of them with room for their name" in stderr
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")
    code, stdout, stderr = run("vectors", "plot", "circle.txt", "west", "east", "North", "--format", "csv")
    assert code == 0
    assert [line.split(",")[0] for line in stdout.splitlines()] == ["word", "west", "east", "north"]
    assert "% of variance" in stderr
    code, stdout, stderr = run("vectors", "plot", "circle.txt", "--count", "4", "--method", "tsne", "--out", "map.csv")
    assert (code, stdout, len(Path("map.csv").read_text().splitlines())) == (0, "", 5)
    assert "no unit" in stderr


ONE_HOT = "error: one-hot reads its symbols one-hot: each is as far from every other"


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("train empty.txt --out a.vec", 1, "error: empty.txt is empty"),
        ("train absent.txt --out a.vec", 1, "error: there is no file absent.txt"),
        ("train song.txt --out a.vec --size 0", 2, "error: Invalid value for '--size'"),
        ("train song.txt --out a.vec --window 0", 2, "error: Invalid value for '--window'"),
        ("train song.txt --out a.vec --model glove", 2, "error: 'glove' is not one of skip-gram, cbow"),
        ("train song.txt --out a.vec --level char", 2, "error: 'char' is not one of word, bpe"),
        ("train song.txt --out a.vec --level bpe --split english", 2, "error: split is for the level word"),
        ("train song.txt --out a.json", 2, "error: --out names a file that ends in"),
        ("train song.txt --out absent/a.vec", 1, "error: absent/a.vec cannot be written"),
        ("train song.txt", 2, "error: Missing option '--out'"),
        ("neighbors circle.txt nort", 1, "error: circle.txt has no word 'nort'; close to it: north"),
        ("neighbors circle.txt east up", 1, "error: circle.txt has no word 'up', and no word close to it"),
        ("neighbors circle.txt east --count 0", 2, "error: Invalid value for '--count'"),
        ("neighbors circle.txt east --file song.txt", 2, "error: give a file or texts on the command line"),
        ("neighbors . east", 1, "error: . is not a model folder"),
        ("neighbors absent east", 1, "error: there is no file absent"),
        ("neighbors empty.txt east", 1, "error: empty.txt is empty"),
        ("neighbors song.txt east", 1, "error: song.txt, line 1: neither a header"),
        ("neighbors one-hot a", 1, ONE_HOT),
        ("analogy one-hot a b c", 1, ONE_HOT),
        ("evaluate one-hot --similarity pairs.tsv", 1, ONE_HOT),
        ("plot one-hot --png map.png", 1, ONE_HOT),
        ("analogy circle.txt east north", 2, "error: an analogy has three words"),
        ("analogy circle.txt east north up", 1, "error: circle.txt has no word 'up'"),
        ("analogy circle.txt east north south --method cosine", 2, "error: 'cosine' is not one of 3cosadd, 3cosmul"),
        ("evaluate circle.txt", 2, "error: name what to measure on"),
        ("evaluate circle.txt --similarity circle.txt", 1, "error: circle.txt, line 1: a line is two words and a"),
        ("evaluate circle.txt --analogies pairs.tsv", 1, "error: pairs.tsv, line 1: a question is four words"),
        ("evaluate circle.txt --similarity empty.txt", 1, "error: empty.txt has no pairs"),
        ("plot circle.txt east west --png map.png", 2, "error: a map has at least 3 different words"),
        ("plot circle.txt --png absent/map.png", 1, "error: absent/map.png cannot be written"),
        ("plot circle.txt --method umap", 2, "error: 'umap' is not one of pca, tsne"),
    ],
)
def test_what_is_wrong_is_one_line(run, line, code, says):
    before = sorted(Path().iterdir())
    found = run("vectors", *line.split())
    assert (found.code, found.stdout) == (code, "")
    assert found.stderr.splitlines()[-1].startswith(says)
    assert "Traceback" not in found.stderr
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("line", "extra"),
    [
        ("train song.txt --out a.vec", "train"),
        ("neighbors circle.txt east", "train"),
        ("analogy circle.txt east north south", "train"),
        ("evaluate circle.txt --similarity pairs.tsv", "eval"),
        ("plot circle.txt --png map.png", "eval"),
    ],
)
def test_without_its_extra_a_command_says_what_to_install(run, monkeypatch, line, extra):
    monkeypatch.setattr("textrnn.extras.find_spec", lambda name: None)
    code, stdout, stderr = run("vectors", *line.split())
    assert (code, stdout) == (2, "")
    (said,) = stderr.splitlines()
    assert said.endswith(f"pip install 'textrnn[{extra}]'")


def test_every_method_that_there_is_can_be_chosen():
    assert tuple(METHODS) == analogy.METHODS
    assert tuple(PROJECTIONS) == plot.METHODS
