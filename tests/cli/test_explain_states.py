"""`textrnn explain states`: rows, the terminal, the page, and what is said where something is wrong."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Run
from tests.reading import READERS, Page, jsonl, refused
from tests.small_models import save_two_vocabularies
from textrnn.cells import CELLS
from textrnn.cli.explain import states_display, states_page
from textrnn.tasks import load
from textrnn.tasks.courses import Course, ReadText, Scale, Unit
from textrnn.text.tokenizer import START, Span

TEXT = "He said (a b) twice,\nand (c).\n"
LINES = ("--text", "the cat.", "--text", "", "--text", "a mat")
FIXTURES = Path(__file__).parents[1] / "fixtures" / "format-4"
CONDITIONED, PROJECTED = FIXTURES / "conditioned-int8", FIXTURES / "char-float32"


def rows_of(run: Run, *arguments: str | Path) -> list[dict[str, Any]]:
    result = run("explain", "states", *arguments, "--format", "jsonl")
    assert result.code == 0, result.stderr
    return jsonl(result.stdout)


def test_a_row_has_the_values_of_the_network_after_its_symbol(tiny_model: Path, run: Run) -> None:
    rows = rows_of(run, tiny_model, "--text", TEXT, "--unit", "1.3", "--unit", "0.7")
    assert list(rows[0]) == ["text", "step", "token", "layer", "unit", *CELLS["lstm"].gates, "hidden", "memory"]
    assert [(row["step"], row["layer"], row["unit"]) for row in rows[:3]] == [(1, "1", 3), (1, "0", 7), (2, "1", 3)]
    assert "".join(row["token"] for row in rows[::2]) == TEXT.replace("(", "<unk>").replace(")", "<unk>")
    model = load(tiny_model)
    ids = np.array([START, *model.tokenizer.encode(TEXT)], np.int64)
    for step in (1, 2, len(TEXT)):
        _, state = model.engine.run(ids[: step + 1, None])
        for row in rows[2 * step - 2 : 2 * step]:
            for part in ("hidden", "memory"):
                assert row[part] == pytest.approx(state[f"{part}.{row['layer']}"][0, row["unit"]], abs=1e-5)
            assert row["hidden"] == pytest.approx(row["output"] * np.tanh(row["memory"]), abs=1e-5)


@pytest.mark.parametrize("format", READERS)
def test_every_format_has_a_row_for_each_symbol_and_unit(format: str, small_folders: dict[str, Path], run: Run) -> None:
    result = run("explain", "states", small_folders["word"], *LINES, "--units", "2", "--format", format)
    rows = READERS[format](result.stdout)
    assert [(str(row["text"]), row["token"]) for row in rows[::2]] == [
        *(("1", token) for token in ("the", "cat", ".")),
        *(("3", token) for token in ("a", "mat")),
    ]


@pytest.mark.parametrize("texts", [LINES, ("--text", "", "--text", "the cat."), ("--text", "a mat", "--text", "")])
def test_a_text_without_a_symbol_is_shown_as_one(
    texts: tuple[str, ...], small_folders: dict[str, Path], run: Run, tmp_path: Path
) -> None:
    page, picture = tmp_path / "page.html", tmp_path / "picture.png"
    places = ("--html", page, "--png", picture, "--format", "table")
    result = run("explain", "states", small_folders["word"], *texts, "--units", "2", *places)
    assert result.code == 0, result.stderr
    numbers = [number for number in (1, 2, 3) if f"\ntext {number}\n" in result.stdout]
    assert numbers == list(range(1, 1 + texts.count("--text")))
    assert all(page.read_text(encoding="utf-8").count(f"text {number}, unit") == 2 for number in numbers)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_rows_say_how_a_unit_follows_a_property(tiny_model: Path, run: Run) -> None:
    rows = rows_of(run, tiny_model, "--text", TEXT * 2, "--property", "in-brackets")
    by_unit: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        by_unit.setdefault((row["layer"], row["unit"]), []).append(row)
    assert len(by_unit) == 5
    shown = []
    for of_unit in by_unit.values():
        values, numbers = (np.array([row[name] for row in of_unit]) for name in ("memory", "property"))
        halves = slice(len(TEXT)), slice(len(TEXT), None)
        expected = [np.corrcoef(values[half], numbers[half])[0, 1] for half in halves]
        for row in of_unit:
            assert [row["r_first_half"], row["r_second_half"]] == pytest.approx(expected, abs=1e-4)
        shown.append(abs(expected[0]))
    assert shown == sorted(shown, reverse=True)


def test_a_file_is_one_text_to_a_model_of_texts_and_many_to_one_of_lines(
    tiny_model: Path, small_folders: dict[str, Path], run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "text.txt"
    file.write_text("the cat.\nthe mat.\n")
    assert [row["text"] for row in rows_of(run, tiny_model, file, "--units", "1")] == [1] * 18
    assert [row["text"] for row in rows_of(run, small_folders["word"], file, "--units", "1")] == [1] * 3 + [2] * 3


def test_the_layers_of_a_classifier_and_of_a_source_read_both_ways(
    tiny_classifier: Path, tiny_translator: Path, run: Run
) -> None:
    for model in (tiny_classifier, tiny_translator):
        rows = rows_of(run, model, "--text", "the cat sat", "--unit", "0_reverse.2", "--unit", "0.2")
        changed = rows_of(run, model, "--text", "the cat", "--unit", "0_reverse.2", "--unit", "0.2")
        assert [row["memory"] for row in rows[1:4:2]] == [row["memory"] for row in changed[1::2]]
        assert rows[0]["memory"] != changed[0]["memory"]


def test_a_source_is_read_with_its_own_vocabulary(run: Run, tmp_path: Path) -> None:
    model = save_two_vocabularies(tmp_path / "two", words="aloud")
    result = run("explain", "states", model, "--text", "aloud", "--units", "1", "--format", "jsonl")
    assert [row["token"] for row in jsonl(result.stdout)] == ["<unk>"]
    assert result.stderr == "unknown to the model, and read as <unk>: 'aloud' (1 in all)\n"


def test_of_units_only_those_of_a_layer_are_chosen(tiny_model: Path, run: Run) -> None:
    for flags, layers in (((), {"1"}), (("--layer", "0"), {"0"}), (("--layer", "0", "--layer", "1"), {"0", "1"})):
        rows = rows_of(run, tiny_model, "--text", TEXT, "--units", "32", *flags)
        assert {row["layer"] for row in rows} == layers
    rows = rows_of(run, tiny_model, "--text", TEXT, "--units", "32", "--property", "space", "--symbols", "0")
    assert {row["layer"] for row in rows} == {"0", "1"}
    assert len(rows) == 32 * len(TEXT)


def test_a_unit_that_is_named_twice_is_shown_once(tiny_model: Path, run: Run) -> None:
    rows = rows_of(run, tiny_model, "--text", "ab", "--unit", "1.3", "--unit", "1.03", "--unit", "0.7")
    assert [(row["step"], row["layer"], row["unit"]) for row in rows[:3]] == [(1, "1", 3), (1, "0", 7), (2, "1", 3)]


def test_the_part_chooses(tiny_model: Path, run: Run) -> None:
    rows = {
        part: rows_of(run, tiny_model, "--text", TEXT, "--units", "16", "--part", part) for part in ("hidden", "memory")
    }
    for part, found in rows.items():
        spread = [np.std([row[part] for row in found[place::16]]) for place in range(16)]
        assert spread == sorted(spread, reverse=True)
    assert rows["hidden"] != rows["memory"]


def test_the_entries_of_a_projection_are_no_units_with_gates(run: Run) -> None:
    places = ["text", "step", "token", "layer", "unit"]
    assert list(rows_of(run, PROJECTED, "--text", "a")[0]) == [*places, *CELLS["peephole-lstm"].gates, "memory"]
    assert list(rows_of(run, PROJECTED, "--text", "a", "--part", "hidden")[0]) == [*places, "hidden"]
    assert rows_of(run, PROJECTED, "--text", "a", "--unit", "1.3")
    says = refused(run("explain", "states", PROJECTED, "--text", "a", "--unit", "1.3", "--part", "hidden"), 2)
    assert "layer 1 has 3 units, the first is 0: not 3" in says


def test_a_text_begins_with_its_condition(run: Run) -> None:
    calm, wild = (
        rows_of(run, CONDITIONED, "--text", "the cat", "--condition", name, "--units", "1") for name in ("calm", "wild")
    )
    assert calm[0]["memory"] != wild[0]["memory"]
    assert "begins with a condition" in refused(run("explain", "states", CONDITIONED, "--text", "a"), 2)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--text", "ab", "--unit", "0.900"), 2, "layer 0 has 16 units, the first is 0: not 900"),
        (("--text", "ab", "--layer", "2"), 2, "there is no layer '2'; there are: 0, 1"),
        (("--text", "ab", "--part", "cell"), 2, "the state of lstm has no part 'cell': it carries hidden and memory"),
        (("--text", "ab", "--property", "mood"), 2, "'mood' is not one of line-position, word-position"),
        (("--text", "ab", "--unit", "0.1", "--units", "2"), 2, "give one of the two"),
        (("--text", ""), 1, "there is nothing to read: the text has no symbol"),
        (("absent.txt",), 1, "absent.txt"),
        (("--text", "abcdefg", "--property", "digit"), 1, "is 0 at every symbol of the first half of the text"),
        (("--text", "abcdefg", "--property", "word-end", "--symbols", "3"), 1, "a text of 3 symbols is too short"),
        (("--text", "ab", "--condition", "calm"), 2, "begin with no condition"),
        (("--text", "ab", "--png", "absent/picture.png"), 1, "absent/picture.png cannot be written"),
        (("--text", "ab", "--html", "absent/page.html"), 1, "absent/page.html cannot be written"),
    ],
)
def test_what_cannot_be_is_one_line(
    tiny_model: Path, run: Run, arguments: tuple[str, ...], code: int, says: str
) -> None:
    assert says in refused(run("explain", "states", tiny_model, *arguments), code)


def test_a_model_that_is_absent_is_one_line(run: Run) -> None:
    assert "there is no model 'absent'" in refused(run("explain", "states", "absent", "--text", "a"), 1)


def test_what_is_unknown_or_not_read_is_said(tiny_model: Path, run: Run) -> None:
    result = run("explain", "states", tiny_model, "--text", "a€b¥c", "--units", "1", "--symbols", "3")
    assert len(result.stdout.splitlines()) == 1 + 3
    assert result.stderr.splitlines() == [
        "unknown to the model, and read as <unk>: '€' (1 in all)",
        "read: the first 3 symbols, as --symbols says; --symbols 0 reads all",
    ]


def test_few_symbols_are_said_to_say_little(tiny_model: Path, run: Run) -> None:
    assert "few: " not in run("explain", "states", tiny_model, "--text", TEXT).stderr
    assert "few: " not in run("explain", "states", tiny_model, "--text", TEXT * 40, "--property", "space").stderr
    result = run("explain", "states", tiny_model, "--text", TEXT, "--property", "space")
    assert "few: in 30 symbols some units follow any property by chance; read more" in result.stderr.splitlines()


def test_on_a_terminal_the_course_of_each_value_stands_under_a_short_text(tiny_model: Path, run: Run) -> None:
    result = run("explain", "states", tiny_model, "--text", "a\tb\nc", "--units", "1", "--format", "table")
    legend, _, heading, text, *courses = result.stdout.splitlines()
    assert legend.startswith("memory, as a share of a unit's largest")
    assert heading.startswith("unit 1.")
    assert text.split() == ["a\\tb↵c"]
    assert [line.split()[0] for line in courses[:6]] == [*CELLS["lstm"].gates, "hidden", "memory"]
    assert all(len(line) == len(text) for line in courses[:6])
    assert all(len(line.split()[1]) == 6 and len(set(line.split()[1][1:3])) == 1 for line in courses[:6])


@pytest.mark.parametrize(
    ("share", "style"),
    [
        (0.0, ""),
        (0.19, ""),
        (-0.19, ""),
        (0.2, "bold cyan"),
        (-0.3, "underline dark_orange"),
        (1.0, "bold reverse cyan"),
        (-1.0, "underline reverse dark_orange"),
    ],
)
def test_above_and_below_0_are_told_apart_without_colours_too(share: float, style: str) -> None:
    assert states_display.colour(share) == style


def test_each_symbol_has_the_colour_of_the_value_after_it() -> None:
    text = ReadText("a cd", [Span(5, 0, 1), Span(6, 2, 3), Span(7, 3, 4)], ["a", "c", "d"])
    values, scales = np.array([2.0, -2.0, 0.1], np.float32), {"memory": Scale(-2.0, 2.0)}
    course = Course(Unit("0", 0), {"memory": values})
    (line, _) = states_display.lines(text, course, scales, "memory", width=80)
    for shown, begin in ((states_display.coloured(text, values, scales["memory"]), 0), (line, len("memory "))):
        styles = {span.start - begin: str(span.style) for span in shown.spans if span.style}
        assert styles == {0: "bold reverse cyan", 2: "underline reverse dark_orange"}


def test_lines_are_as_long_as_the_terminal_is_wide() -> None:
    assert list(states_display.fitting([1] * 7, 3)) == [(0, 3), (3, 6), (6, 7)]
    assert list(states_display.fitting([2, 5, 1, 1], 3)) == [(0, 1), (1, 2), (2, 4)]
    assert list(states_display.fitting([], 3)) == []


def test_on_a_terminal_a_long_text_is_shown_as_it_is_as_far_as_it_goes(
    tiny_model: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states_display, "LONGEST", 12)
    monkeypatch.setattr(states_display, "WITH_COURSES", 11)
    result = run(
        "explain", "states", tiny_model, "--text", "the cat", "--text", "sat there", "--units", "1", "--format", "table"
    )
    lines = result.stdout.splitlines()
    assert [line for line in lines if line in ("the cat", "sat t")] == ["the cat", "sat t"]
    assert [line for line in lines if line.startswith("text")] == ["text 1", "text 2"]
    assert "shown: the first 12 of 16 symbols" in lines


def test_on_a_terminal_a_table_says_how_units_follow(tiny_model: Path, run: Run) -> None:
    result = run("explain", "states", tiny_model, "--text", TEXT * 2, "--property", "space", "--format", "table")
    rows = rows_of(run, tiny_model, "--text", TEXT * 2, "--property", "space")
    lines = [line.split() for line in result.stdout.splitlines()]
    for row in rows[:5]:
        _, *cells = next(cells for cells in lines if cells[:1] == [f"{row['layer']}.{row['unit']}"])
        assert cells[:2] == [f"{row['r_first_half']:+.3f}", f"{row['r_second_half']:+.3f}"]
        assert f"space r = {row['r_second_half']:+.2f}" in result.stdout


def test_a_unit_is_headed_by_where_its_values_go(tiny_model: Path, run: Run, tmp_path: Path) -> None:
    page, text = tmp_path / "page.html", ("--text", TEXT)
    result = run("explain", "states", tiny_model, *text, "--units", "1", "--format", "table", "--html", page)
    values = [row["memory"] for row in rows_of(run, tiny_model, *text, "--units", "1")]
    assert min(values) < 0
    assert abs(max(values) + min(values)) > 0.01  # not as far on both sides
    says = f"memory {min(values):.2f} to {max(values):.2f}"
    assert says in result.stdout.splitlines()[2]
    assert says in page.read_text(encoding="utf-8")


def test_the_page_has_each_text_for_each_unit_with_its_numbers(
    tiny_model: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states_page, "LONGEST", 9)
    file = tmp_path / "page.html"
    arguments = ("--text", "a <b>\nc", "--text", "d&efgh", "--unit", "0.1", "--unit", "1.2", "--html", str(file))
    rows = rows_of(run, tiny_model, *arguments)
    content = file.read_text(encoding="utf-8")
    page = Page(content)
    assert page.open == []
    assert not {"script", "link", "img"} & page.tags
    assert "Here are the first 9 of 13 symbols." in page.paragraphs
    assert len(page.titles) == 2 * 9
    for place, row in enumerate(row for row in rows if row["unit"] == 1 and row["text"] == 1):
        shown = dict(number.rsplit(" ", 1) for number in page.titles[place].split("; "))
        assert {name: float(number) for name, number in shown.items()} == {
            name: pytest.approx(row[name], abs=6e-4) for name in (*CELLS["lstm"].gates, "hidden", "memory")
        }
    assert content.count("text 2, unit 1.2") == 1
    assert content.count("<i ") == 2 * 9 * len((*CELLS["lstm"].gates, "hidden"))
    assert "↵</b>" in content
    marks = re.findall(r'<b class="(up|down)"[^>]*memory (-?)[0-9]', content)
    assert {("up", ""), ("down", "-")} >= set(marks) != set()
    assert "&lt;</b>" in content
