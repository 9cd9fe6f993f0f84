"""textrnn translate: N records in, N records out, and all that can be asked of each."""

import gzip
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from select import select
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import textrnn
from tests.conftest import Run
from tests.fakes import fake_translator
from tests.reading import READERS, Page, jsonl, refused, tsv
from tests.small_models import save_small_translator
from tests.tables import HOSTILE, tables
from tests.writing import WRITERS
from textrnn.cli.alignment import SHADES, heat_map
from textrnn.cli.alignment_page import section
from textrnn.tasks.alignment import Alignment
from textrnn.tasks.translator import Translator

RESULTS = ("translation", "score", "translations", "oov", "attention")
SHORT = ("--max-length", "0")  # ten symbols


@pytest.fixture(scope="module")
def model(tiny_translator: Path) -> Translator:
    return textrnn.load(tiny_translator, Translator)


@pytest.fixture
def copying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever model is named, a translation is its source, of the letters a and b and the space."""
    monkeypatch.setattr("textrnn.tasks.load", lambda *model, **options: fake_translator())


def expected(model: Translator, texts: list[str]) -> list[dict[str, Any]]:
    """The result fields by the API."""
    return [
        {
            "translation": each.translation,
            "score": each.score,
            "translations": [
                {"translation": one.translation, "score": one.score, "rank_score": one.rank_score}
                for one in each.hypotheses or ()
            ],
            "oov": [{"text": place.text, "offset": place.offset} for place in each.oov],
            "attention": {
                "source": each.alignment.source,
                "target": each.alignment.target,
                "weights": each.alignment.weights,
            },
        }
        for each in model.translate(texts, n_best=2, attention=True, max_ratio=0)
        if each.alignment is not None
    ]


ALL = ("--n-best", "2", "--attention", "jsonl", *SHORT)


def like(found: Any, wanted: Any) -> bool:
    """Whether values are the same, numbers but for the rounding that padding brings."""
    if isinstance(wanted, float):
        return bool(found == pytest.approx(wanted, abs=1e-4))
    if isinstance(wanted, dict):
        return list(found) == list(wanted) and all(like(found[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(like, found, wanted))
    return bool(found == wanted)


@pytest.mark.parametrize("format", READERS)
@given(
    rows=tables(["id", "translation", "predicted_score", "score", "oov", "a,b", "x\ty"]),
    end=st.sampled_from(["\n", "\r\n"]),
    is_packed=st.booleans(),
    batch=st.sampled_from([1, 7, 64]),
)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_records_come_out_in_order_with_their_fields_first(
    run: Run,
    tiny_translator: Path,
    model: Translator,
    tmp_path: Path,
    format: str,
    rows: list[dict[str, str]],
    end: str,
    is_packed: bool,
    batch: int,
) -> None:
    content = WRITERS[format](rows, end).encode()
    path = tmp_path / f"rows.{format}{'.gz' if is_packed else ''}"
    path.write_bytes(gzip.compress(content) if is_packed else content)
    result = run("translate", tiny_translator, path, *ALL, "--batch-size", str(batch), "--format", format)
    assert result.code == 0, result.stderr
    found = READERS[format](result.stdout)
    assert [{name: row[name] for name in rows[0]} for row in found] == rows
    names = list(rows[0])
    for name in RESULTS:
        while name in names:
            name = f"predicted_{name}"
        names.append(name)
    assert [list(row) for row in found] == [names] * len(rows)
    wanted = [list(each.values()) for each in expected(model, [row["text"] for row in rows])]
    for row, values in zip(found, wanted, strict=True):
        translation, *others = list(row.values())[len(rows[0]) :]
        assert translation == values[0]
        assert like(
            others if format == "jsonl" else [json.loads(cell) if cell else None for cell in others], values[1:]
        )


@given(
    lines=st.lists(st.sampled_from([text for text in HOSTILE if "\n" not in text]), min_size=1, max_size=9),
    end=st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_come_out_in_order_as_from_the_api(
    run: Run, tiny_translator: Path, model: Translator, lines: list[str], end: str
) -> None:
    lines = [lines[0].removeprefix("\ufeff"), *lines[1:]]
    content = "".join(line + end for line in lines).encode()
    found = jsonl(run("translate", tiny_translator, *ALL, "--format", "jsonl", stdin=content).stdout)
    assert [row.pop("text") for row in found] == lines
    assert like(found, expected(model, lines))
    texts = (part for line in lines for part in ("--text", line))
    assert [row["translation"] for row in tsv(run("translate", tiny_translator, *SHORT, *texts).stdout)] == [
        row["translation"] for row in found
    ]


def test_fields_by_flag(run: Run, tiny_translator: Path) -> None:
    command = ("translate", tiny_translator, "--text", "The cat sat.", "--text", "", *SHORT, "--format", "jsonl")
    rows = jsonl(run(*command).stdout)
    assert [list(row) for row in rows] == [["text", "translation", "score", "oov"]] * 2
    assert rows[1] == {"text": "", "translation": "", "score": None, "oov": []}
    rows = jsonl(run(*command, "--n-best", "3").stdout)
    assert [len(row["translations"]) for row in rows] == [3, 0]
    first, *others = rows[0]["translations"]
    assert (first["translation"], first["score"]) == (rows[0]["translation"], rows[0]["score"])
    assert all(a["rank_score"] >= b["rank_score"] for a, b in pairwise([first, *others]))
    rows = jsonl(run(*command, "--attention", "jsonl").stdout)
    assert rows[0]["attention"]["source"] == ["The", "cat", "sat."]
    assert " ".join(rows[0]["attention"]["target"]) == rows[0]["translation"]
    assert all(sum(row) == pytest.approx(1) and len(row) == 3 for row in rows[0]["attention"]["weights"])
    assert rows[1]["attention"] == {"source": [], "target": [], "weights": []}


@pytest.mark.usefixtures("copying")
def test_alignments_of_a_copy_are_straight(run: Run) -> None:
    command = ("translate", "model", "--text", "ab ba a", "--text", "")
    assert [row["alignment"] for row in tsv(run(*command, "--attention", "pharaoh").stdout)] == ["0-0 1-1 2-2", ""]
    (row, _) = jsonl(run(*command, "--attention", "jsonl", "--format", "jsonl").stdout)
    assert row["translation"] == "ab ba a"
    for place, weights in enumerate(row["attention"]["weights"]):
        assert weights.index(max(weights)) == place


def test_greedy_is_a_beam_of_one(run: Run, tiny_translator: Path) -> None:
    command = ("translate", tiny_translator, "--text", "The cat sat.", "--text", "the mat", *SHORT)
    greedy, one, five = (run(*command, *flags) for flags in (["--greedy"], ["--beam", "1"], []))
    assert greedy.stdout == one.stdout
    assert "texts: 2  (greedy; int8)\n" in greedy.stderr
    assert "texts: 2  (beam 5, length penalty 1; int8)\n" in five.stderr
    scores = [[float(row["score"]) for row in tsv(result.stdout)] for result in (greedy, five)]
    assert all(wide >= narrow - 1e-4 for narrow, wide in zip(*scores, strict=True))  # all are of ten symbols


def test_penalties_and_length_are_those_of_the_api(run: Run, tiny_translator: Path, model: Translator) -> None:
    flags = ("--beam", "3", "--length-penalty", "0.5", "--coverage-penalty", "0.3", "--max-length", "0.1")
    text = "the hat " * 12  # more symbols than may be made of them, so that not all are looked at
    command = ("translate", tiny_translator, "--text", text, "--n-best", "2", "--format", "jsonl")
    (row,), (other,) = (jsonl(run(*command, *more).stdout) for more in (flags, (*flags[:2], *flags[-2:])))
    (found,) = model.translate(text, beam=3, length_penalty=0.5, coverage_penalty=0.3, max_ratio=0.1, n_best=2)
    assert row["translation"] == found.translation
    ranks = [each["rank_score"] for each in row["translations"]]
    assert like(ranks, [each.rank_score for each in found.hypotheses or ()])
    assert not like(ranks, [each["rank_score"] for each in other["translations"]])
    assert len(found.tokens) == 2 + 10 + 1


def test_a_summary_counts_all_that_was_made(run: Run, tiny_translator: Path) -> None:
    stdin = b"\nThe cat sat.\n\na zoo, a zoo\nCall me\n"
    says = run("translate", tiny_translator, *SHORT, stdin=stdin).stderr
    assert says.startswith("texts: 5  (beam 5, length penalty 1; int8)\n")
    assert "without any symbol, and so without a translation: 2\n" in says
    assert "translations ended by --max-length: 3, the first of text 2\n" in says
    assert "unknown words, read as <unk>: 2 in 1 texts, listed as `oov`\n" in says


def test_a_translation_that_is_cut_is_an_error_where_it_is_asked_for(run: Run, tiny_translator: Path) -> None:
    found = run("translate", tiny_translator, *SHORT, "--strict", stdin=b"\nThe cat sat.\n")
    assert found.code == 1
    assert found.stderr == "error: the translation of text 2 is ended by --max-length\n"


@pytest.mark.usefixtures("copying")
def test_nothing_is_said_of_what_did_not_happen(run: Run) -> None:
    assert run("translate", "model", "--text", "ab").stderr == "texts: 1  (beam 5, length penalty 1; float32)\n"


def test_samples_are_drawn_and_come_again(run: Run, tiny_translator: Path) -> None:
    command = ("translate", tiny_translator, "--text", "The cat sat.", *SHORT, "--sample")
    (first, *_), (again, *_), (other, *_) = (
        tsv(run(*command, "--seed", seed, *more).stdout)
        for seed, more in (("1", ()), ("1", ("--text", "the mat")), ("2", ()))
    )
    assert first == again
    assert first["translation"] != other["translation"]
    result = run(*command, "--temperature", "0.5", "--top-k", "3", "--top-p", "0.9")
    assert "texts: 1  (drawn, temperature 0.5, seed " in result.stderr
    (likeliest,) = tsv(run(*command, "--temperature", "0").stdout)
    assert likeliest["translation"] == tsv(run(*command[:-1], "--greedy").stdout)[0]["translation"]


def test_models_decode_together(run: Run, tiny_translator: Path, tmp_path: Path) -> None:
    command = ("translate", tiny_translator, "--text", "The cat sat.", *SHORT, "--format", "jsonl")
    alone, twice = (jsonl(run(*command, *more).stdout) for more in ((), ("--with", tiny_translator)))
    assert like(twice, alone)
    other = save_small_translator(tmp_path / "other", "word", seed=1)
    result = run(*command, "--with", other)
    assert f"(beam 5, length penalty 1, with {other}; int8)" in result.stderr
    both = jsonl(result.stdout)
    assert both[0]["score"] != pytest.approx(alone[0]["score"], abs=0.01)
    pieces = save_small_translator(tmp_path / "pieces", "bpe")
    assert "translators decode together only where their symbols are the same" in refused(
        run(*command, "--with", pieces), 2
    )


def test_unknown_words_are_copied(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.small_models import small_tokenizer

    fake = fake_translator(tokenizer=small_tokenizer("word"))
    monkeypatch.setattr("textrnn.tasks.load", lambda *model, **options: fake)
    command = ("translate", "model", "--text", "the zoo sat")
    for flags, wanted in (
        ((), "the the sat"),
        (("--allow-unk",), "the \ufffd sat"),
        (("--replace-unk",), "the zoo sat"),
    ):
        (row,) = tsv(run(*command, *flags).stdout)
        assert row["translation"] == wanted


def test_pytorch_says_the_same(run: Run, tmp_path: Path) -> None:
    path = save_small_translator(tmp_path / "float32", "bpe", precision="float32")
    command = ("translate", path, "--text", "The cat sat.", *SHORT, "--format", "jsonl", "--engine")
    assert like(*(jsonl(run(*command, engine).stdout) for engine in ("onnx", "torch")))


# references


def test_references_are_scored_as_the_api_scores_them(
    run: Run, tiny_translator: Path, model: Translator, tmp_path: Path
) -> None:
    sources, references = ["The cat sat.", "", "a zoo", "the mat"], ["Call me", "x", "", "the cat's hat"]
    (tmp_path / "references.gz").write_bytes(gzip.compress("".join(f"{line}\r\n" for line in references).encode()))
    flags = ("--score-reference", tmp_path / "references.gz", "--format", "jsonl")
    scores = [each.logprob for each in model.score(list(zip(sources, references, strict=True)))]
    assert scores[1] is None
    assert None not in (scores[0], *scores[2:])
    rows = jsonl(run("translate", tiny_translator, *flags, stdin="\n".join(sources).encode() + b"\n").stdout)
    assert [list(row) for row in rows] == [["text", "reference", "score"]] * 4
    assert [row["text"] for row in rows] == sources
    assert [row["reference"] for row in rows] == references
    assert like([row["score"] for row in rows], scores)
    records = [{"reference": "r", "score": 1, "text": text} for text in sources]
    table = WRITERS["jsonl"](records, "\n").encode()
    rows = jsonl(run("translate", tiny_translator, *flags, "--input-format", "jsonl", stdin=table).stdout)
    names = ["reference", "score", "text", "predicted_reference", "predicted_score"]
    assert [list(row) for row in rows] == [names] * 4
    assert [row["predicted_reference"] for row in rows] == references


@pytest.mark.usefixtures("copying")
def test_a_translation_has_the_score_that_it_has_as_a_reference(run: Run, tmp_path: Path) -> None:
    lines = ["ab ba a", "b", "a" * 30]
    (tmp_path / "lines").write_text("".join(f"{line}\n" for line in lines))
    found = tsv(run("translate", "model", tmp_path / "lines").stdout)
    assert [row["translation"] for row in found] == lines
    scored = tsv(run("translate", "model", tmp_path / "lines", "--score-reference", tmp_path / "lines").stdout)
    assert [float(row["score"]) for row in scored] == pytest.approx([float(row["score"]) for row in found], abs=1e-4)


@pytest.mark.parametrize(("texts", "says"), [(1, "fewer texts than lines"), (3, "more texts than lines")])
def test_each_text_needs_its_reference(run: Run, tiny_translator: Path, tmp_path: Path, texts: int, says: str) -> None:
    (tmp_path / "two").write_text("a\nb\n")
    given = ("--text", "a") * texts
    result = run("translate", tiny_translator, *given, "--score-reference", tmp_path / "two", "--out", tmp_path / "out")
    assert f"{says} in {tmp_path / 'two'}, which belong together" in refused(result, 1)
    assert not (tmp_path / "out").exists()


# attention for people

REORDERED = Alignment(
    ["weiß", "猫", "<b>\x1b[31m"], ["cat", "<b>\x1b[31m", "white"], [[0, 1, 0], [0, 0.1, 0.9], [1, 0, 0]]
)


def test_a_map_has_a_row_for_each_word_of_the_translation() -> None:
    assert list(heat_map(REORDERED, width=80)) == [
        "            1  2  3",
        "cat            ██",
        "<b>\\x1b[31m       ██",
        "white       ██",
    ]


def test_a_wide_map_stands_in_parts() -> None:
    count = 120
    weights = [[float(column == count - 1) for column in range(count)]]
    lines = list(heat_map(Alignment(["x"] * count, ["word"], weights), width=80))
    assert all(len(line) <= 80 for line in lines)
    numbers = [int(number) for line in lines if line.strip()[:1].isdigit() for number in line.split()]
    assert numbers == list(range(1, count + 1))
    assert [line for line in lines if SHADES[-1] in line] == [lines[-1]]
    assert lines[-2].index("120") == lines[-1].index(SHADES[-1])


def test_letters_twice_as_wide_leave_the_map_straight() -> None:
    from rich.cells import cell_len

    lines = list(heat_map(Alignment(["a"], ["猫猫", "a", "a" * 60], [[1], [1], [1]]), width=80))
    assert len({cell_len(line.rstrip(SHADES[-1])) for line in lines[1:]}) == 1


@pytest.mark.usefixtures("copying")
def test_a_table_with_attention_is_a_map(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    result = run("translate", "model", "--text", "ab ba", "--text", "", "--attention", "pharaoh", "--format", "table")
    assert result.stdout.startswith("ab ba\n1 ab   2 ba\n   1  2\nab ")
    _, _, _, first, second, *_ = result.stdout.splitlines()
    assert first == "ab ▓▓ ░░"  # its letters have 0.75 and two fifths of the rest
    assert second == "ba    ██"  # and the space before it counts with a word: three fifths
    assert result.stderr.startswith("texts: 2")


def test_the_section_of_a_page_shows_the_words_and_their_weights() -> None:
    from textrnn.tasks.translation import Translation

    found = Translation("weiß <b>", "cat & white", -1.0, [], [], None, REORDERED, "eos")
    page = Page(section(found))
    assert page.open == []
    assert "b" not in page.tags
    assert page.paragraphs == ["cat & white"]
    assert page.titles == [
        "cat ← 猫 1.000",
        "<b>\\x1b[31m ← 猫 0.100",
        "<b>\\x1b[31m ← <b>\\x1b[31m 0.900",
        "white ← weiß 1.000",
    ]
    nothing = Translation("", "", None, [], [], None, Alignment([], [], []), None)
    assert Page(section(nothing)).open == []


@pytest.mark.usefixtures("copying")
def test_a_page_is_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    (tmp_path / "a.csv").write_text('text,id\n"ab ba",1\n,2\n')
    result = run("translate", "model", tmp_path / "a.csv", "--html", page, "--format", "jsonl")
    assert [list(row) for row in jsonl(result.stdout)] == [["text", "id", "translation", "score", "oov"]] * 2
    content = page.read_text()
    found = Page(content)
    assert found.open == []
    assert not {"script", "link", "img", "iframe"} & found.tags
    assert "http" not in content
    assert "color-scheme: light dark" in content
    assert "ab ba" in found.paragraphs
    (tmp_path / "b.jsonl").write_text('"ab"\n5\n')
    assert (
        run("translate", "model", tmp_path / "b.jsonl", "--attention", "html", "--html", tmp_path / "c.html").code == 1
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.jsonl", "page.html"]


# interactive


def test_each_line_is_answered_before_the_next_is_typed(tiny_translator: Path, model: Translator) -> None:
    command = [sys.executable, "-m", "textrnn", "translate", str(tiny_translator), "--interactive", *SHORT]
    pipe = subprocess.PIPE
    env = os.environ | {"PYTHONUNBUFFERED": ""}  # where Python itself would hand out each line at once
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        for line in ("The cat sat.", "", "a zoo"):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            (found,) = model.translate(line, max_ratio=0)
            assert select([process.stdout], [], [], 60)[0]
            assert process.stdout.readline() == f"{found.translation}\n"
        process.stdin.close()
        assert process.wait(timeout=300) == 0
        assert process.stdout.read() == ""
        assert process.stderr.read() == "unknown to the model, and read as <unk>: 'zoo' (1 in all)\n"


@pytest.mark.usefixtures("copying")
def test_what_is_typed_is_answered_with_all_that_is_asked_for(run: Run) -> None:
    flags = ("--interactive", "--n-best", "2", "--attention", "jsonl")
    result = run("translate", "model", *flags, stdin=b"ab\r\n\xff\nb")
    first, second, third, *_ = result.stdout.splitlines()
    assert (first, second[:1], third[:1]) == ("ab", " ", " ")
    assert second.endswith("  ab")
    assert "1 ab" in result.stdout
    assert "undecodable bytes read as U+FFFD: 1, the first on line 2" in result.stderr
    assert result.stdout.splitlines()[-3:] == ["1 b", "  1", f"b {SHADES[-1] * 2}"]


# refusals


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--sample", "--beam", "2"), "--sample draws, --beam and --greedy search: give one of them"),
        (("--sample", "--greedy"), "--sample draws, --beam and --greedy search: give one of them"),
        (("--greedy", "--beam", "2"), "--greedy is --beam 1: without --beam 2"),
        (("--temperature", "0.5"), "are for --sample"),
        (("--top-k", "5"), "are for --sample"),
        (("--top-p", "0.5"), "are for --sample"),
        (("--seed", "0"), "are for --sample"),
        (("--sample", "--temperature=-1"), "temperature must be from 0"),
        (("--attention", "html"), "is written to the page that --html names"),
        (("--attention", "png"), "'png' is not one of jsonl, pharaoh, html"),
        (("--interactive",), "--interactive takes what is typed"),
        (("--score-reference", "x", "--greedy"), "--score-reference translates nothing"),
        (("--score-reference", "x", "--n-best", "2"), "--score-reference translates nothing"),
        (("--n-best", "6"), "n-best must be from 1 to 5"),
        (("--length-penalty=-1",), "length-penalty must be from 0"),
        (("--max-length=-1",), "must be from 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wishes_that_exclude_each_other_are_one_line(
    run: Run, tiny_translator: Path, flags: tuple[str, ...], says: str
) -> None:
    assert says in refused(run("translate", tiny_translator, "--text", "a", *flags), 2)


def test_of_pairs_the_source_is_translated(run: Run, tiny_translator: Path, tmp_path: Path) -> None:
    (tmp_path / "lines.pairs").write_text("The cat sat.\tx\nCall me\ty\n")
    rows = tsv(run("translate", tiny_translator, tmp_path / "lines.pairs").stdout)
    plain = tsv(run("translate", tiny_translator, stdin=b"The cat sat.\nCall me\n").stdout)
    assert [row["translation"] for row in rows] == [row["translation"] for row in plain]
    assert [row["target"] for row in rows] == ["x", "y"]


def test_what_needs_attention_is_refused_without_it(run: Run, tmp_path: Path) -> None:
    path = save_small_translator(tmp_path / "plain", "word", None)
    for flags in (("--attention", "jsonl"), ("--html", tmp_path / "a.html"), ("--replace-unk",)):
        assert "need attention, and this model has none" in refused(run("translate", path, "--text", "a", *flags), 2)
    assert not (tmp_path / "a.html").exists()
    assert run("translate", path, "--text", "the cat", *SHORT).code == 0


def test_other_models_do_not_translate(run: Run, tiny_translator: Path, tiny_int8: Path, tiny_classifier: Path) -> None:
    for other, what in ((tiny_int8, "a language model"), (tiny_classifier, "a classifier")):
        line = refused(run("translate", other, "--text", "a"), 2)
        assert f"{other} is {what}, not a translator: it is for " in line
    for command in (("generate",), ("next",), ("classify", "--text", "a")):
        line = refused(run(command[0], tiny_translator, *command[1:]), 2)
        assert "is a translator, not a " in line
        assert line.endswith("it is for translate and score")
