"""textrnn classify: N records in, N records out, and what is said of each."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import textrnn
from tests.conftest import Run
from tests.fakes import fake_classifier
from tests.reading import READERS, Page, escaped, jsonl, refused, tsv
from tests.small_models import NAMES, save_small_classifier
from tests.tables import HOSTILE, tables
from tests.writing import WRITERS
from textrnn.cli.classify import Summary
from textrnn.cli.explanation import ROWS, colour, coloured, course
from textrnn.cli.explanation_page import section
from textrnn.tasks.classifier import Classifier

RESULTS = ("label", "probability", "probabilities", "oov")


@pytest.fixture(scope="module")
def model(tiny_classifier: Path) -> Classifier:
    return textrnn.load(tiny_classifier, Classifier)


def expected(model: Classifier, texts: list[str]) -> list[dict[str, Any]]:
    """The result fields by the API."""
    return [
        {
            "label": each.label,
            "probability": each.probability,
            "probabilities": each.probabilities,
            "oov": [{"text": place.text, "offset": place.offset} for place in each.oov],
        }
        for each in model.classify(texts, probs=True)
    ]


@pytest.mark.parametrize("format", READERS)
@given(
    rows=tables(["id", "label", "predicted_label", "oov", "a,b", "x\ty"]),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    is_last=st.booleans(),
    way=st.sampled_from(["file", "gz", "stdin"]),
    batch=st.sampled_from([1, 7, 64]),
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_records_come_out_in_order_with_their_fields_first(
    run: Run,
    tiny_classifier: Path,
    model: Classifier,
    tmp_path: Path,
    format: str,
    rows: list[dict[str, str]],
    end: str,
    mark: bytes,
    is_last: bool,
    way: str,
    batch: int,
) -> None:
    content = mark + WRITERS[format](rows, end).encode()
    if not is_last and (rows[-1]["text"] or len(rows[-1]) > 1):  # a last line that is blank needs its newline
        content = content.removesuffix(end.encode())
    path = tmp_path / f"rows.{format}{'.gz' if way == 'gz' else ''}"
    path.write_bytes(gzip.compress(content) if way == "gz" else content)
    command = ("classify", tiny_classifier, "--probs", "--batch-size", str(batch), "--format", format, "--input-format")
    result = run(*command, format, stdin=content) if way == "stdin" else run(*command, "auto", path)
    assert result.code == 0, result.stderr
    found = READERS[format](result.stdout)
    assert [{name: row[name] for name in rows[0]} for row in found] == rows
    names = list(rows[0])
    for name in RESULTS:
        while name in names:
            name = f"predicted_{name}"
        names.append(name)
    assert [list(row) for row in found] == [names] * len(rows)
    own = [list(row.values())[len(rows[0]) :] for row in found]
    values = [list(each.values()) for each in expected(model, [row["text"] for row in rows])]
    if format == "jsonl":
        assert own == values
    else:
        assert [[label, *map(as_value, others)] for label, *others in own] == [
            [label or "", *others] for label, *others in values
        ]


def as_value(cell: str) -> Any:
    """A cell of JSON."""
    return json.loads(cell) if cell else None


@given(
    lines=st.lists(st.sampled_from([text for text in HOSTILE if "\n" not in text]), min_size=1, max_size=9),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_come_out_in_order_as_from_the_api(
    run: Run, tiny_classifier: Path, model: Classifier, lines: list[str], end: str, mark: bool
) -> None:
    content = (b"\xef\xbb\xbf" if mark else b"") + "".join(line + end for line in lines).encode()
    if not mark and lines[0].startswith("\ufeff"):
        lines = [lines[0].removeprefix("\ufeff"), *lines[1:]]
    for way in (content, content.removesuffix(end.encode()) if lines[-1] else content):
        found = jsonl(run("classify", tiny_classifier, "--probs", "--format", "jsonl", stdin=way).stdout)
        assert [row.pop("text") for row in found] == lines
        assert found == expected(model, lines)
    texts = (part for line in lines for part in ("--text", line))
    command_line = jsonl(run("classify", tiny_classifier, "--probs", "--format", "jsonl", *texts).stdout)
    assert [row["label"] for row in command_line] == [row["label"] for row in found]


def test_fields_by_flag(run: Run, tiny_classifier: Path, model: Classifier) -> None:
    texts = ("--text", "The cat sat.", "--text", "")
    rows = jsonl(run("classify", tiny_classifier, *texts, "--format", "jsonl").stdout)
    assert [list(row) for row in rows] == [["text", "label", "probability", "oov"]] * 2
    assert rows[1] == {"text": "", "label": None, "probability": None, "oov": []}
    rows = jsonl(run("classify", tiny_classifier, *texts, "--labels", "3", "--format", "jsonl").stdout)
    assert list(rows[0]) == ["text", "label", "probability", "labels", "oov"]
    probabilities = next(model.classify("The cat sat.", probs=True)).probabilities
    assert {each["label"]: each["probability"] for each in rows[0]["labels"]} == probabilities
    assert [each["probability"] for each in rows[0]["labels"]] == sorted(probabilities.values(), reverse=True)
    assert rows[0]["labels"][0]["label"] == rows[0]["label"]
    assert rows[1]["labels"] is None
    assert "labels must be from 1 to 3, not 4" in refused(run("classify", tiny_classifier, *texts, "--labels", "4"), 2)


def test_a_summary_counts_all_that_was_said(run: Run, tiny_classifier: Path, model: Classifier) -> None:
    lines = ["The cat sat.", "", "a zoo, a zoo", "the mat", "Call me"] * 3
    found = list(model.classify(lines))
    stdin = "".join(f"{line}\n" for line in lines).encode()
    says = run("classify", tiny_classifier, stdin=stdin).stderr
    for name in NAMES:
        count = sum(each.label == name for each in found)
        assert (f"{name} {count}" in says) == bool(count)
    assert says.startswith("texts: 15; ")
    assert "(temperature 1.250; int8)\n" in says
    assert "without any symbol, and so without a label: 3\n" in says
    assert "unknown words, read as <unk>: 6 in 3 texts, listed as `oov`\n" in says
    assert "abstained" not in says
    least = sorted(each.probability for each in found if each.probability)[-1]
    result = run("classify", tiny_classifier, "--abstain-below", str(least), "--format", "jsonl", stdin=stdin)
    rows = jsonl(result.stdout)
    kept = sum(each.probability == least for each in found)
    assert sum(row["label"] is not None for row in rows) == kept
    assert [row["probability"] for row in rows] == [each.probability for each in found]
    assert f"abstained: {12 - kept}, the likeliest label is less probable than {least:g}\n" in result.stderr


def test_undecodable_bytes_are_counted_or_refused(run: Run, tiny_classifier: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,text\n1,The c\xffat\n2,the mat\n")
    result = run("classify", tiny_classifier, tmp_path / "a.csv", "--format", "jsonl")
    rows = jsonl(result.stdout)
    assert [(row["id"], row["text"]) for row in rows] == [("1", "The c\ufffdat"), ("2", "the mat")]
    assert "undecodable bytes read as U+FFFD: 1, the first on line 2" in result.stderr
    assert "a.csv, line 2, byte 8: not utf-8" in refused(
        run("classify", tiny_classifier, tmp_path / "a.csv", "--strict"), 1
    )
    (tmp_path / "b.csv").write_bytes("text\ncaf\u00e9\n".encode("latin-1"))
    assert jsonl(
        run("classify", tiny_classifier, tmp_path / "b.csv", "--encoding", "latin-1", "--format", "jsonl").stdout
    )


def test_a_missing_column_lists_those_that_there_are(run: Run, tiny_classifier: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,review\n1,a\n")
    for flags in ((), ("--column", "text")):
        assert "there are 'id', 'review'" in refused(run("classify", tiny_classifier, tmp_path / "a.csv", *flags), 2)
    assert run("classify", tiny_classifier, tmp_path / "a.csv", "--column", "review").code == 0


def test_values_of_any_type_go_through_json(run: Run, tiny_classifier: Path) -> None:
    values = [{"text": None, "label": 1}, {"label": [None, {"x": 1.5}], "text": "the mat", "n": True}, "the cat"]
    stdin = "".join(json.dumps(value) + "\n" for value in values).encode() + b"\n"
    result = run("classify", tiny_classifier, "--input-format", "jsonl", "--format", "jsonl", stdin=stdin)
    first, second, third = jsonl(result.stdout)
    assert first == {"text": None, "label": 1, "predicted_label": None, "probability": None, "oov": []}
    assert list(second) == ["label", "text", "n", "predicted_label", "probability", "oov"]
    assert {name: second[name] for name in values[1]} == values[1]
    assert list(third) == ["text", "label", "probability", "oov"]
    assert "blank lines that are no records: 1, the first on line 4" in result.stderr
    wrong = run("classify", tiny_classifier, "--input-format", "jsonl", stdin=b'{"text": 5}\n')
    assert "line 1: 'text' is no text but int" in refused(wrong, 1)


def test_labelled_lines_of_fasttext_keep_their_label(run: Run, tiny_classifier: Path) -> None:
    flags = ("--input-format", "fasttext", "--format", "jsonl")
    (row,) = jsonl(run("classify", tiny_classifier, *flags, stdin=b"__label__good The cat sat.\n").stdout)
    assert list(row) == ["label", "text", "predicted_label", "probability", "oov"]
    assert row["label"] == "good"


def test_a_huge_record_among_others(run: Run, tiny_classifier: Path, model: Classifier) -> None:
    lines = ["the mat", "the cat's hat " * 5_000, "Call me"]
    rows = jsonl(run("classify", tiny_classifier, "--format", "jsonl", stdin="\n".join(lines).encode()).stdout)
    assert [row["text"] for row in rows] == lines
    assert [row["label"] for row in rows] == [next(model.classify(line)).label for line in lines]


def test_pytorch_says_the_same(run: Run, tmp_path: Path) -> None:
    path = save_small_classifier(tmp_path / "float32", "bpe", precision="float32")
    found = [
        jsonl(run("classify", path, "--engine", engine, "--text", "The cat sat.", "--format", "jsonl").stdout)[0]
        for engine in ("onnx", "torch")
    ]
    assert found[0]["label"] == found[1]["label"]
    assert found[0]["probability"] == pytest.approx(found[1]["probability"], abs=1e-5)


@pytest.mark.parametrize(
    "command",
    [
        ("score", "MODEL", "--text", "a"),
        ("generate", "MODEL"),
        ("next", "MODEL", "a"),
        ("choose", "MODEL", "{a|b}"),
        ("compare", "shakespeare", "MODEL", "--text", "a"),
    ],
)
def test_a_classifier_is_no_language_model(run: Run, tiny_classifier: Path, command: tuple[str, ...]) -> None:
    result = run(*(tiny_classifier if part == "MODEL" else part for part in command))
    assert refused(result, 2) == f"error: {tiny_classifier} is a classifier, not a language model: it is for classify"


def test_a_language_model_is_no_classifier(run: Run, tiny_int8: Path) -> None:
    line = refused(run("classify", tiny_int8, "--text", "a"), 2)
    assert "is a language model, not a classifier: it is for generate, score, choose, next and compare" in line


def test_training_says_how_to_use_the_model(run: Run, tmp_path: Path) -> None:
    rows = [{"text": "the cat", "label": "a"}, {"text": "a mat", "label": "b"}] * 20
    (tmp_path / "a.jsonl").write_text(WRITERS["jsonl"](rows, "\n"))
    sizes = ("--steps", "2", "--units", "4", "--embedding-size", "4", "--batch", "4")
    out = tmp_path / "model"
    files = (tmp_path / "a.jsonl", "--valid", tmp_path / "a.jsonl")
    result = run("train", "classifier", *files, "--out", out, *sizes)
    assert result.code == 0, result.stderr
    assert f'\nnext: textrnn classify {out} --text "..."    or    textrnn evaluate {out} FILE\n' in result.stderr
    (row,) = jsonl(run("classify", out, "--text", "the cat", "--format", "jsonl").stdout)
    assert row["label"] in ("a", "b")


# explanations


def test_an_explanation_is_a_field(run: Run, tiny_classifier: Path, model: Classifier) -> None:
    texts = ["The cat sat.", "", "a zoo"]
    command = ("classify", tiny_classifier, "--explain", *(part for text in texts for part in ("--text", text)))
    rows = jsonl(run(*command, "--format", "jsonl").stdout)
    plain = jsonl(run(*(part for part in command if part != "--explain"), "--format", "jsonl").stdout)
    for row, same, text in zip(rows, plain, texts, strict=True):
        words = row.pop("explanation")
        assert row == same
        assert words == [
            {
                "token": word.token,
                "begin": word.begin,
                "end": word.end,
                "label": word.label,
                "probability": word.probability,
                "change": word.change,
                "attention": word.attention,
            }
            for word in model.explain(text).words
        ]
    (row, *_) = jsonl(run(*command, "--probs", "--format", "jsonl").stdout)
    assert row["explanation"][-1]["probabilities"] == row["probabilities"]
    (row, *_) = tsv(run(*command).stdout)
    assert json.loads(row["explanation"])[0]["token"] == "The"


def test_words_without_attention_have_no_weight(run: Run, tmp_path: Path) -> None:
    path = save_small_classifier(tmp_path / "max", "char", ("max",))
    (row,) = jsonl(run("classify", path, "--explain", "--text", "The cat", "--format", "jsonl").stdout)
    assert list(row["explanation"][0]) == ["token", "begin", "end", "label", "probability", "change"]
    page = tmp_path / "page.html"
    assert run("classify", path, "--text", "The cat", "--html", page).code == 0
    assert 'class="attention"' not in page.read_text().partition("</p>")[2]


def test_an_explanation_for_people(run: Run, tiny_classifier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    texts = ("--text", "The  cat\x1b[31m sat.", "--text", "")
    result = run("classify", tiny_classifier, *texts, "--explain", "--format", "table", "--abstain-below", "1")
    assert result.code == 0
    assert "change of the label's probability: +0.02 -0.02 +0.1 -0.1 +0.3 -0.3" in result.stdout
    assert "The  cat\\x1b[31m sat.\n" in result.stdout  # shown, not obeyed
    assert re.search(r"\n(bad|so-so|good) 0\.\d{3} \(abstained\)\n", result.stdout)
    assert "no label: the text has no symbol" in result.stdout
    assert re.search(r"sat\. +│ 0\.\d{3} +│ [+-]0\.\d{3} +│ (bad|so-so|good) 0\.\d{3} +│ 0\.\d{3} +│", result.stdout)
    assert "abstained: 1" in result.stderr


def test_colours_follow_the_change() -> None:
    assert colour(0.01) == colour(-0.01) == ""
    styles = [colour(change) for change in (0.02, 0.1, 0.3, 1.0, -0.02, -0.1, -0.3, -1.0)]
    assert len(set(styles)) == 6
    explanation = fake_classifier().explain("ab b aab")
    spans = coloured(explanation).spans
    assert [(span.start, span.end, span.style) for span in spans] == [
        (0, 2, colour(0.6 - 1 / 3)),
        (3, 4, colour(-0.4)),
        (5, 8, colour(0.4)),
    ]


def test_the_table_of_a_long_text_shows_the_words_that_change_most() -> None:
    found = course(fake_classifier().explain(" ".join(["abb"] * 40)))
    assert found.row_count == ROWS
    assert "30 words of 40 that change most" in str(found.caption)
    assert course(fake_classifier().explain("ab b")).caption is None


@given(text=st.sampled_from(HOSTILE) | st.just("a <script>alert('x')</script> & \"b\""))
@settings(max_examples=20)
def test_the_section_of_a_page_shows_the_text_itself(text: str) -> None:
    names = ("<i>", '"two"', "&")
    page = Page(section(fake_classifier(names).explain(text)))
    assert page.open == []
    assert "script" not in page.tags
    assert "i" not in page.tags
    words = len(text.split()) or bool(text)
    assert len(page.titles) == 2 * words  # of the line of changes and of that of attention
    assert all(re.search(r"change [+-]\d\.\d{3}; likeliest so far .*; attention \d\.\d{3}", t) for t in page.titles)
    for paragraph in page.paragraphs:
        assert paragraph.split() == escaped(text).split()


def test_a_page_is_whole_or_not_at_all(run: Run, tiny_classifier: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    (tmp_path / "a.csv").write_text('text,id\n"the cat, the mat",1\n,2\n')
    result = run("classify", tiny_classifier, tmp_path / "a.csv", "--html", page, "--format", "jsonl")
    assert [row["id"] for row in jsonl(result.stdout)] == ["1", "2"]
    content = page.read_text()
    found = Page(content)
    assert found.open == []
    assert not {"script", "link", "img", "iframe"} & found.tags
    assert "http" not in content
    assert "color-scheme: light dark" in content
    assert "the cat, the mat" in found.paragraphs
    (tmp_path / "b.jsonl").write_text('"the cat"\n5\n')
    other = tmp_path / "other.html"
    assert run("classify", tiny_classifier, tmp_path / "b.jsonl", "--html", other, "--format", "jsonl").code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.jsonl", "page.html"]
    assert (
        "absent/x.html cannot be written"
        in run("classify", tiny_classifier, "--text", "a", "--html", "absent/x.html").stderr
    )


# the summary


def test_many_labels_are_summed_up() -> None:
    names = tuple(f"l{number}" for number in range(30))
    many = fake_classifier(names)
    summary = Summary()
    for prediction in many.classify(["a" * length for length in range(1, 61)]):
        summary.add(prediction)
    line, *others = summary.lines(many, abstain_below=0.0)
    assert line.startswith("texts: 60; l0 2, l1 2, ")
    assert "l19 2, 10 other labels 20  (temperature 1.000; float32)" in line
    assert others == []
