"""textrnn evaluate and score for a translator: pairs in, figures or records out."""

import json
from pathlib import Path
from typing import Any

import pytest

import textrnn
from tests.conftest import Run
from tests.fakes import fake_translator
from tests.reading import jsonl, refused, tsv
from tests.small_models import save_small_translator
from tests.writing import WRITERS
from textrnn import extras
from textrnn.tasks.translation_evaluation import evaluate_pairs
from textrnn.tasks.translator import Translator
from textrnn.text.pairs import Pairs

PAIRS = [
    ("The cat sat.", "Call me"),
    ("the mat", ""),
    ("", "the hat"),
    ("a zoo", "the cat's\thats"),
    ("a " * 12, "a b c"),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the tests work in, with the same pairs in each format."""
    monkeypatch.chdir(tmp_path)
    rows = [{"id": str(number), "source": source, "target": target} for number, (source, target) in enumerate(PAIRS)]
    for format, write in WRITERS.items():
        Path(f"pairs.{format}").write_text(write(rows, "\n"), newline="")
    for side, number in (("source", 0), ("target", 1)):
        Path(f"{side}.txt").write_text("".join(f"{pair[number]}\n" for pair in PAIRS))
    named = [{"text": {"de": source, "en": target}} for source, target in PAIRS]
    Path("named.jsonl").write_text("".join(json.dumps(row) + "\n" for row in named))
    Path("empty.jsonl").touch()
    Path("one.txt").write_text("a\n")
    return tmp_path


WAYS = [
    ("pairs.tsv",),
    ("pairs.csv",),
    ("pairs.jsonl",),
    ("--source", "source.txt", "--target", "target.txt"),
    ("named.jsonl", "--source-column", "text.de", "--target-column", "text.en"),
]
EACH_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way[0])


# evaluate


@EACH_WAY
def test_the_figures_are_those_of_the_api(run: Run, tiny_translator: Path, place: Path, way: tuple[str, ...]) -> None:
    result = run("evaluate", tiny_translator, *way, "--format", "jsonl")
    assert (result.code, result.stderr) == (0, "")
    name = "source.txt" if way[0] == "--source" else way[0]
    found = evaluate_pairs(textrnn.load(tiny_translator, Translator), Pairs(["pairs.jsonl"]), on=name)
    rows = [{"metric": row.metric, "value": row.value, "protocol": row.protocol} for row in found.metrics()]
    assert jsonl(result.stdout) == rows
    names = [row["metric"] for row in rows]
    assert names[:3] == ["bleu", "chrf", "length_ratio"]
    assert names[-2:] == ["bleu[0-5 words]", "bleu[11-15 words]"]
    assert all(
        f"{name}; beam 5, length penalty 1; int8" in row["protocol"] for row in rows if "copied" not in row["metric"]
    )


def test_a_beam_and_others_are_as_asked_for(run: Run, tiny_translator: Path, place: Path) -> None:
    other = save_small_translator(place / "other", "word", seed=1)
    flags = ("--beam", "2", "--length-penalty", "0.5", "--with", other, "--format", "jsonl")
    rows = jsonl(run("evaluate", tiny_translator, "pairs.tsv", *flags).stdout)
    model = textrnn.load(tiny_translator, Translator).with_others([textrnn.load(other, Translator)])
    found = evaluate_pairs(model, Pairs(["pairs.tsv"]), on="pairs.tsv", beam=2, length_penalty=0.5)
    assert [row["value"] for row in rows] == [row.value for row in found.metrics()]
    assert f"pairs.tsv; decoded with {other}; beam 2, length penalty 0.5; int8" in rows[0]["protocol"]


def test_a_translator_is_held_against_another(run: Run, tiny_translator: Path, place: Path) -> None:
    other = save_small_translator(place / "other", "bpe")
    rows = tsv(run("evaluate", tiny_translator, "pairs.csv", "--against", other).stdout)
    assert [row["metric"] for row in rows][-2:] == ["bleu_difference", "p_value"]
    (rows, others) = (
        {row["metric"]: row["value"] for row in jsonl(run("evaluate", *models, "--format", "jsonl").stdout)}
        for models in ((tiny_translator, "pairs.csv", "--against", other), (other, "pairs.csv"))
    )
    assert rows["bleu_difference"] == pytest.approx(rows["bleu"] - others["bleu"])


def test_bleu_by_length_is_a_picture(
    run: Run, tiny_translator: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("evaluate", tiny_translator, "pairs.tsv", "--by-length", "lengths.png").code == 0
    assert Path("lengths.png").read_bytes().startswith(b"\x89PNG")
    command = ("evaluate", tiny_translator, "pairs.tsv", "--by-length")
    assert "whose name ends in .png, not a.jpg" in refused(run(*command, "a.jpg"), 2)
    monkeypatch.setattr(extras, "find_spec", lambda package: None)
    assert "--by-length needs the 'eval' extra" in refused(run(*command, "a.png"), 2)
    assert "BLEU needs the 'eval' extra" in refused(run(*command[:-1]), 2)


def test_what_was_repaired_is_said(run: Run, tiny_translator: Path, place: Path) -> None:
    Path("odd.jsonl").write_bytes(b'{"source": "the c\xffat", "target": "a"}\n')
    result = run("evaluate", tiny_translator, "odd.jsonl")
    assert result.stderr.startswith("odd.jsonl: undecodable bytes read as U+FFFD: 1, the first on line 1 ")


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        ((), 2, "name a file to measure the model on, or - for standard input"),
        (("empty.jsonl",), 1, "empty.jsonl is empty"),
        (("absent.jsonl",), 1, "there is no file absent.jsonl"),
        (("pairs.tsv", "--source", "source.txt"), 2, "a source and a target file are given together"),
        (("--source", "source.txt", "--target", "one.txt"), 1, "source.txt has 5 lines and one.txt 1"),
        (("pairs.tsv", "--source-column", "text"), 2, "there is no column 'text'; there are 'id', 'source', 'target'"),
        (("pairs.tsv", "--column", "id"), 2, "pairs have two columns, --source-column and --target-column"),
        (("pairs.tsv", "--running-text"), 2, "--running-text is for a language model, and this is a translator"),
        (("pairs.tsv", "--merge", "a=b"), 2, "--merge is for a classifier, and this is a translator"),
        (("pairs.tsv", "--against", "LM"), 2, "is a language model, not a translator"),
        (("pairs.tsv", "--with", "LM"), 2, "is a language model, not a translator"),
        (("pairs.tsv", "--beam", "1001"), 2, "beam must be from 1 to 1000"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_refused_in_one_line(
    run: Run, tiny_translator: Path, tiny_int8: Path, place: Path, flags: tuple[str, ...], code: int, says: str
) -> None:
    arguments = [str(tiny_int8) if flag == "LM" else flag for flag in flags]
    assert says in refused(run("evaluate", tiny_translator, *arguments), code)


# score


def expected(model: Path, **options: Any) -> list[dict[str, Any]]:
    """The result fields by the API."""
    return [
        {
            "logprob": each.logprob,
            "tokens": each.tokens,
            "oov": [{"text": place.text, "offset": place.offset} for place in each.oov],
        }
        for each in textrnn.load(model, Translator).score(PAIRS, **options)
    ]


@EACH_WAY
def test_pairs_come_out_in_order_with_their_fields_first(
    run: Run, tiny_translator: Path, place: Path, way: tuple[str, ...]
) -> None:
    result = run("score", tiny_translator, *way, "--format", "jsonl")
    assert result.code == 0, result.stderr
    rows = jsonl(result.stdout)
    if way[0] == "named.jsonl":
        assert [row.pop("text") for row in rows] == [{"de": source, "en": target} for source, target in PAIRS]
    else:
        assert [row.pop("id", "") for row in rows] == ["" if "--source" in way else str(n) for n in range(len(PAIRS))]
        assert [(row.pop("source"), row.pop("target")) for row in rows] == PAIRS
    assert rows == expected(tiny_translator)
    assert rows[2]["logprob"] is None
    assert result.stderr.startswith("log base e; logprob with <eos>, given the source\nsentences: 4 ")
    assert "(with OOV, with <eos>; each translation given its source; int8)" in result.stderr


def test_tokens_sum_to_the_logprob_in_any_base(run: Run, tiny_translator: Path, place: Path) -> None:
    for flags, last in (
        (("--per-token",), "<eos>"),
        (("--unit", "word", "--log-base", "2"), "<eos>"),
        (("--per-token", "--no-eos"), "me"),
    ):
        (row, *_) = jsonl(run("score", tiny_translator, "pairs.tsv", *flags, "--format", "jsonl").stdout)
        assert sum(token["logprob"] for token in row["token_logprobs"]) == pytest.approx(row["logprob"])
        assert row["token_logprobs"][-1]["token"] == last
    (bits, *_), (nats, *_) = (
        jsonl(run("score", tiny_translator, "pairs.tsv", "--log-base", base, "--format", "jsonl").stdout)
        for base in "2e"
    )
    assert bits["logprob"] * 0.6931471805599453 == pytest.approx(nats["logprob"])


def test_a_copy_is_scored_by_hand(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each symbol of a copy has 0.9, and so has its end."""
    monkeypatch.setattr("textrnn.tasks.load", lambda *model, **options: fake_translator())
    monkeypatch.setattr("textrnn.tasks.task_of", lambda model: "translator")
    Path("copies.jsonl").write_text('{"source": "ab a", "target": "ab a"}\n')
    (row,) = tsv(run("score", "model", "copies.jsonl").stdout)
    assert float(row["logprob"]) == pytest.approx(5 * -0.105360516)


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (("one.txt",), 1, "one.txt, line 1: a pair in plain text needs a tab"),
        (("--text", "a"), 2, "--text is for a language model, and this is a translator"),
        (("pairs.tsv", "--heat"), 2, "--heat is for a language model, and this is a translator"),
        (("pairs.tsv", "--tokens"), 2, "--tokens is for a language model, and this is a translator"),
        (("pairs.tsv", "--column", "a", "--running-text"), 2, "are for a language model, and this is a translator"),
        (("pairs.tsv", "--target", "target.txt"), 2, "a source and a target file are given together"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_scored_is_one_line(
    run: Run, tiny_translator: Path, place: Path, flags: tuple[str, ...], code: int, says: str
) -> None:
    assert says in refused(run("score", tiny_translator, *flags), code)


@pytest.mark.parametrize("command", ["score", "evaluate"])
def test_other_models_have_no_pairs(
    run: Run, tiny_int8: Path, tiny_classifier: Path, place: Path, command: str
) -> None:
    for model, what in ((tiny_int8, "a language model"), (tiny_classifier, "a classifier")):
        line = refused(run(command, model, "--source", "source.txt", "--target", "target.txt"), 2)
        assert f"--source and --target are for a translator, and this is {what}" in line
