"""textrnn explain attention: the weights that classify --explain and translate --attention give, shown in every way."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import textrnn
from tests.conftest import Run
from tests.fakes import fake_translator
from tests.reading import Page, jsonl, refused
from tests.small_models import save_small_classifier, save_small_translator
from tests.tables import HOSTILE
from textrnn.cli.explain.attention import LONGEST
from textrnn.cli.explanation_page import attention_section
from textrnn.pictures.attention import words_picture
from textrnn.pictures.drawing import LONGEST_NAME
from textrnn.tasks.translator import Translator

TEXTS = ("--text", "The cat sat on the mat.", "--text", "", "--text", "a zoo")
JSONL = ("--format", "jsonl")


def test_a_classifier_s_weights_are_those_of_its_explanations(run: Run, tiny_classifier: Path) -> None:
    rows = jsonl(run("explain", "attention", tiny_classifier, *TEXTS, *JSONL).stdout)
    explained = jsonl(run("classify", tiny_classifier, *TEXTS, "--explain", *JSONL).stdout)
    for row, other in zip(rows, explained, strict=True):
        *shared, last = row
        assert (shared, last) == (["text", "label", "probability", "oov"], "attention")
        assert [row[name] for name in shared] == [other[name] for name in shared]
        words = zip(row["attention"]["words"], row["attention"]["weights"], strict=True)
        assert list(words) == [(word["token"], word["attention"]) for word in other["explanation"]]
    assert sum(rows[0]["attention"]["weights"]) == pytest.approx(1)


def test_a_translator_s_weights_are_those_of_its_translations(run: Run, tiny_translator: Path) -> None:
    rows = jsonl(run("explain", "attention", tiny_translator, *TEXTS, *JSONL).stdout)
    assert rows == jsonl(run("translate", tiny_translator, *TEXTS, "--attention", "jsonl", *JSONL).stdout)


def test_a_translation_that_was_found_is_aligned_as_it_was_when_it_is_given() -> None:
    model = fake_translator()  # whose translations are copies
    (found,) = model.translate("ab ba b", attention=True)
    assert model.align("ab ba b", found.translation) == found
    assert found.alignment is not None
    assert found.alignment.pharaoh() == "0-0 1-1 2-2"


def test_a_translation_that_is_given_is_aligned_and_scored(run: Run, tiny_translator: Path) -> None:
    model = textrnn.load(tiny_translator, Translator)
    pair = ("--text", "the cat sat", "--translation", "the mat, the hat")
    (row,) = jsonl(run("explain", "attention", tiny_translator, *pair, *JSONL).stdout)
    weights = np.array(row["attention"]["weights"])
    assert (row["attention"]["source"], row["attention"]["target"]) == (
        ["the", "cat", "sat"],
        ["the", "mat,", "the", "hat"],
    )
    np.testing.assert_allclose(weights.sum(1), 1)
    (score,) = model.score([("the cat sat", "the mat, the hat")])
    assert row["score"] == score.logprob
    (empty,) = jsonl(run("explain", "attention", tiny_translator, "--text", "", "--translation", "a", *JSONL).stdout)
    assert (empty["score"], empty["attention"]) == (None, {"source": [], "target": [], "weights": []})


@pytest.mark.parametrize("form", ["jsonl", "table"])
@pytest.mark.parametrize("kind", ["classifier", "translator"])
def test_what_the_model_does_not_know_is_counted(
    run: Run, tiny_classifier: Path, tiny_translator: Path, kind: str, form: str
) -> None:
    model = {"classifier": tiny_classifier, "translator": tiny_translator}[kind]
    texts = ("--text", "the € cat", "--text", "the €")
    code, _, stderr = run("explain", "attention", model, *texts, "--format", form)
    assert (code, stderr) == (0, "unknown to the model, and read as <unk>: '€' (2 in all)\n")


def test_what_a_given_translation_has_that_the_model_does_not_know_is_counted(run: Run, tiny_translator: Path) -> None:
    pair = ("--text", "the cat sat", "--translation", "the € €")
    code, _, stderr = run("explain", "attention", tiny_translator, *pair, *JSONL)
    assert (code, stderr) == (0, "unknown to the model, and read as <unk>: '€' (2 in all)\n")


def test_bars_for_people(run: Run, tiny_classifier: Path) -> None:
    result = run("explain", "attention", tiny_classifier, "--text", "The  cat\x1b[31m sat.", "--format", "table")
    lines = result.stdout.splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["The", "cat\\x1b[31m", "sat."]
    weights = [float(line.split()[1]) for line in lines]
    bars = [line.count("█") for line in lines]
    assert max(bars) == 40
    assert [bar / 40 for bar in bars] == pytest.approx([weight / max(weights) for weight in weights], abs=0.02)


@given(text=st.sampled_from(HOSTILE) | st.just("a <script>alert('x')</script> & \"b\""))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_page_of_a_text_is_its_attention(classifier: Any, text: str) -> None:
    page = Page(attention_section(classifier.explain(text)))
    assert page.open == []
    assert len(page.titles) == len(classifier.explain(text).words)  # a line of words, once
    assert "script" not in page.tags


@pytest.fixture(scope="module")
def classifier(tiny_classifier: Path) -> Any:
    return textrnn.load(tiny_classifier)


def test_a_picture_and_a_page_beside_the_numbers(
    run: Run, tiny_classifier: Path, tiny_translator: Path, tmp_path: Path
) -> None:
    for model in (tiny_classifier, tiny_translator):
        png, page = tmp_path / f"{model.parent.name}.png", tmp_path / f"{model.parent.name}.html"
        text = ("--text", "the cat 猫 $x$ sat")  # what the font of pictures lacks, and what it would take for formulas
        result = run("explain", "attention", model, *text, "--png", png, "--html", page, *JSONL)
        assert result.code == 0
        (said,) = result.stderr.splitlines()  # nothing of the font
        assert said.startswith("unknown to the model, and read as <unk>: '猫'")
        assert len(jsonl(result.stdout)) == 1
        assert png.read_bytes().startswith(b"\x89PNG")
        assert 'class="attention"' in page.read_text()


def test_bars_of_words_stand_in_reading_order_with_their_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (figures.append(figure), save(figure, *a, **k))[1])
    words_picture(["the", "$cat$", "x" * 5000], [0.25, 0.7, 0.05], tmp_path / "picture.png")
    (axes,) = figures[0].axes
    assert [bar.get_width() for bar in axes.patches] == [0.25, 0.7, 0.05]
    assert [text.get_text() for text in axes.texts] == ["0.250", "0.700", "0.050"]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["the", "$cat$", "x" * (LONGEST_NAME - 1) + "…"]
    heights = [label.get_window_extent().y0 for label in axes.get_yticklabels()]
    assert heights == sorted(heights, reverse=True)
    assert all(text.get_window_extent().x1 < axes.get_window_extent().x1 for text in axes.texts)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("weight (of 1 in all)", "words of the text")


@pytest.mark.parametrize(
    ("model", "flags", "code", "says"),
    [
        ("lm", ("--text", "a"), 2, "is a language model, which has no attention: of the bundled models sentiment and"),
        ("without", ("--text", "a"), 2, "sentiment and en-es have it, and what is trained with --readout attention"),
        ("blind", ("--text", "a"), 2, "sentiment and en-es have it, and what is trained without --attention none"),
        ("labels", ("--text", "a", "--translation", "b"), 2, "--translation is for a translator, and this is a cl"),
        ("labels", ("--text", "a", "--text", "b", "--png", "x.png"), 2, "--png is for one text, and here are more"),
        ("words", ("--text", "a", "--text", "b", "--translation", "x"), 2, "--translation is for one text"),
        ("labels", ("empty.txt", "--png", "x.png"), 2, "--png is for one text, and here is none"),
        ("labels", ("--text", "a " * (LONGEST + 1), "--png", "x.png"), 1, "201 words, and a picture shows 200 at most"),
        ("labels", ("--text", "", "--png", "x.png", "--html", "x.html"), 1, "the text has no word that a picture"),
        ("labels", ("--text", "a", "--png", "absent/x.png"), 1, "absent/x.png cannot be written"),
        ("words", ("--text", "a", "--html", "absent/x.html"), 1, "absent/x.html cannot be written"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_line(
    run: Run,
    models: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    flags: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").touch()
    assert says in refused(run("explain", "attention", models[model], *flags, "--format", "table"), code)
    assert [path.name for path in tmp_path.iterdir()] == ["empty.txt"]


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, tiny_int8: Path, tiny_classifier: Path, tiny_translator: Path
) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {
        "lm": tiny_int8,
        "labels": tiny_classifier,
        "words": tiny_translator,
        "without": save_small_classifier(root / "without", "word", ("max",)),
        "blind": save_small_translator(root / "blind", "word", None),
    }


def test_texts_of_a_file_keep_their_fields_and_their_order(run: Run, tiny_classifier: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,text\n1,"the cat, the mat"\n2,\n3,sat\n')
    html = tmp_path / "a.html"
    rows = jsonl(run("explain", "attention", tiny_classifier, tmp_path / "a.csv", "--html", html, *JSONL).stdout)
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert len(re.findall("<h2>", html.read_text())) == 3
