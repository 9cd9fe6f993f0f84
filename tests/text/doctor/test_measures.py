"""Records, against str methods and against the reader that training uses."""

import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.measuring import measured
from textrnn.text.doctor.measures import Reading, measure_records, symbols_from, texts_at
from textrnn.text.doctor.suspects import suspects, suspicion
from textrnn.text.records import Ledger, read_lines

ODD = "\x00\x0b\x0c\x1c\x85\u2028\u2029\t aéÀ\ufeff\u200b\ue000\U0001f600\u0378"
LINES = st.lists(st.text(st.sampled_from(ODD), max_size=5), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("measures") / "file.txt"


@given(lines=LINES)
def test_counts_are_those_of_str_methods(lines: list[str]) -> None:
    measures = measured(lines)
    assert len(measures) == len(lines)
    assert list(measures.lengths) == [len(line) for line in lines]
    assert measures.symbols.characters == Counter("".join(lines))
    blank = [number for number, line in enumerate(lines, 1) if not line.strip()]
    padded = [number for number, line in enumerate(lines, 1) if line.strip() and line.strip() != line]
    assert (measures.blank, measures.first_blank) == (len(blank), min(blank, default=None))
    assert (measures.padded, measures.first_padded) == (len(padded), min(padded, default=None))
    first = {}
    for number, line in enumerate(lines, 1):
        for character in line:
            if suspicion(character):
                first.setdefault(character, number)
    assert measures.first_suspect == first


@given(lines=st.lists(st.text(st.sampled_from("ab \t\u00a0\u3000"), max_size=6)))
def test_words_are_what_split_gives(lines: list[str]) -> None:
    assert measured(lines).symbols.chunks == Counter(" ".join(lines).split())


@given(text=st.text())
@example(text="printable and yet suspect: \ufffd")
def test_no_suspect_is_overlooked(text: str) -> None:
    assert suspects(text) == {character for character in text if suspicion(character)}


@pytest.mark.parametrize(
    ("characters", "kind"),
    [
        ("\r", "carriage return inside a line"),
        ("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", "line separator"),
        ("\ufeff", "byte-order mark inside the text"),
        ("\ufffd", "replacement character"),
        ("\0", "NUL"),
        ("\x01\x1b\x7f\x80\x9f", "control character"),
        ("\u00ad\u200b\u202e", "invisible character"),
        ("\ue000\U000f0000", "private use"),
        ("\uffff\U000e0080", "unassigned code point"),
        ("\ud800", "half a character"),
    ],
)
def test_each_suspect_is_known_for_what_it_is(characters: str, kind: str) -> None:
    for character in characters:
        found = suspicion(character)
        assert found is not None
        assert found.kind == kind


def test_a_control_character_of_latin_1_hints_at_windows() -> None:
    assert [bool(found and "cp1252" in found.advice) for found in map(suspicion, "\x7f\x80\x9f")] == [0, 1, 1]


def test_whatever_ends_a_line_for_splitlines_is_suspect() -> None:
    ends = [character for character in map(chr, range(0x3000)) if len(f"a{character}b".splitlines()) > 1]
    assert all(suspicion(character) for character in ends if character != "\n")


@pytest.mark.parametrize("text", ["", "plain", "tab\there", "no-break\u00a0space", "日本語", "e\u0301 \U0001f600"])
def test_ordinary_text_is_not_suspect(text: str) -> None:
    assert not suspects(text)
    assert all(unicodedata.category(character) != "Cc" or character == "\t" for character in text)


@given(lines=LINES, begin=st.integers(0, 8))
def test_a_second_look_finds_the_same_records(file: Path, lines: list[str], begin: int) -> None:
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="")
    read = list(read_lines(str(file)))
    texts, end = texts_at(str(file), Reading(), {0, 2}), symbols_from(str(file), Reading(), begin)
    assert texts == {index: read[index] for index in (0, 2) if index < len(read)}
    assert texts_at(str(file), Reading(), set()) == {}
    assert end.characters == Counter("".join(read[begin:]))
    whole = measure_records(str(file), Reading(), Ledger(str(file))).symbols
    assert whole.without(end).characters == Counter("".join(read[:begin]))
