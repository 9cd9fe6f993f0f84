"""Which units follow a property, on a network whose units do what they are told."""

from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.small_models import untrained
from textrnn.architecture import Architecture, Core, LabelPerStep, OneHot
from textrnn.config import ModelConfig, TextSettings
from textrnn.errors import DataError, UsageError
from textrnn.export.save import save_model
from textrnn.model_folder import ModelFolder
from textrnn.tasks import load
from textrnn.tasks.courses import Course, Found, ReadText, Scale, States, Unit, read_texts
from textrnn.tasks.states import Reader
from textrnn.text.levels import Vocabulary
from textrnn.text.properties import PROPERTIES, Property
from textrnn.text.tokenizer import Span, Tokenizer

SYMBOLS = "ABab \n"
# The characters at which a unit is 1; at others it is -1, and the last never changes.
FIRES = ("A", "AB", " \n", "ABab", "")
TEXT = "aAbA aA bab B bBabB aB\n"  # in the first half A is the only capital, in the second B


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer = Tokenizer.of_characters(SYMBOLS)
    architecture = Architecture(
        input=OneHot(symbols=len(tokenizer)),
        core=Core(cell="elman", units=len(FIRES)),
        head=LabelPerStep(classes=len(tokenizer)),
    )
    network = untrained(architecture)
    layer = network.layers.layer("0")
    with torch.no_grad():
        for weights in layer.parameters():
            weights.zero_()
        for unit, characters in enumerate(FIRES[:-1]):
            layer.weight_ih[unit] = -9
            layer.weight_ih[unit, tokenizer.encode(characters).astype(np.int64)] = 9
    path = tmp_path_factory.mktemp("firing") / "model"
    save_model(path, network, tokenizer, ModelConfig(task="lm", architecture=architecture, text=TextSettings()))
    return path


def reader_of(folder: Path) -> Reader:
    return Reader(ModelFolder(folder), load(folder))


def read(folder: Path, *texts: str, property: str | None = None, symbols: int | None = None) -> list[ReadText]:
    return read_texts(texts, load(folder).tokenizer, property=property, symbols=symbols)[0]


def test_units_are_chosen_by_the_first_half_and_shown_by_the_second(folder: Path) -> None:
    capitals = read(folder, TEXT, property="capital")
    chosen = reader_of(folder).following(capitals, [], ["0"], count=2)
    assert [found.unit for found in chosen] == [Unit("0", 0), Unit("0", 1)]
    assert [found.first for found in chosen] == pytest.approx([1, 1])
    assert [found.second for found in chosen] == pytest.approx([0, 1])  # A never comes again


def test_units_that_are_low_where_the_property_is_high_follow_it_too(folder: Path) -> None:
    found = reader_of(folder).following(read(folder, TEXT, property="space"), [], ["0"], count=2)
    assert {each.unit.index: each.second for each in found} == {2: pytest.approx(1), 3: pytest.approx(-1)}


def test_the_halves_are_of_all_texts_together(folder: Path) -> None:
    reader = reader_of(folder)
    one, two, many = (
        reader.following(read(folder, *texts, property="capital"), [], ["0"], count=4)
        for texts in ([TEXT], [TEXT[:5], TEXT[5:]], list(TEXT))
    )
    assert one == two == many


def test_units_that_are_named_are_shown_as_they_are(folder: Path) -> None:
    reader, spaces = reader_of(folder), read(folder, TEXT, property="space")
    units = [reader.unit("0.4"), reader.unit("0.2")]
    found = reader.following(spaces, units, ["0"], count=1)
    assert [each.unit for each in found] == units
    assert [each.second for each in found] == pytest.approx([0, 1])


def test_the_units_that_vary_most_come_first(folder: Path) -> None:
    texts = read(folder, "aaaa Aaaa")
    found = reader_of(folder).varying(texts, ["0"], count=5)
    assert [each.unit.index for each in found] == [0, 1, 2, 3, 4]
    assert reader_of(folder).varying(read(folder, "aAaBaAaB a"), ["0"], count=1)[0].unit == Unit("0", 1)


def test_a_course_has_the_value_after_each_symbol(folder: Path) -> None:
    (text,) = read(folder, "aA b")
    first, second = reader_of(folder).courses(text, [Unit("0", 0), Unit("0", 2)])
    np.testing.assert_allclose(first.values["hidden"], [-1, 1, -1, -1], atol=1e-6)
    np.testing.assert_allclose(second.values["hidden"], [-1, -1, 1, -1], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("aaaa ABAB", "the property is 0 at every symbol of the first half"),
        ("ABab aaaaa", "the property is 0 at every symbol of the second half"),
        ("ABa", "a text of 3 symbols is too short"),
        ("", "a text of 0 symbols is too short"),
    ],
)
def test_a_property_that_says_nothing_is_refused(folder: Path, text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        reader_of(folder).following(read(folder, text, property="capital"), [], ["0"], count=1)


def test_a_property_is_that_of_a_symbols_last_character(tmp_path: Path) -> None:
    tokenizer = Tokenizer.learn(["one two, three"], "word", Vocabulary(size=0))
    ((text,), _) = read_texts(["two, one"], tokenizer, property="line-position", symbols=None)
    assert text.tokens == ["two", ",", "one"]
    assert text.numbers is not None
    assert text.numbers.tolist() == [3, 4, 8]
    assert list(text.pieces()) == [("", "two"), ("", ","), (" ", "one")]


def test_of_symbols_that_are_one_character_together_the_first_has_it() -> None:
    spans = [Span(7, 0, 1), Span(8, 0, 1), Span(9, 1, 2)]
    assert list(ReadText("éa", spans, ["a", "b", "c"]).pieces()) == [("", "é"), ("", ""), ("", "a")]


@pytest.mark.parametrize(
    ("symbols", "expected", "is_cut"),
    [(None, ["aA", "", "bb"], False), (4, ["aA", "", "bb"], False), (3, ["aA", "", "b"], True), (2, ["aA", ""], True)],
)
def test_only_so_many_symbols_are_read(folder: Path, symbols: int | None, expected: list[str], is_cut: bool) -> None:
    found, cut = read_texts(["aA", "", "bb"], load(folder).tokenizer, property="capital", symbols=symbols)
    assert ([text.read for text in found], cut) == (expected, is_cut)


def test_white_space_that_is_not_read_is_cut_too(folder: Path) -> None:
    (found,), cut = read_texts(["aA\n\n"], load(folder).tokenizer, property=None, symbols=2)
    assert (found.read, cut) == ("aA", True)


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_is_the_same_however_much_is_read(folder: Path, name: str) -> None:
    text = 'Ab (a "b" ab) b.\n\nA'
    (whole,) = read(folder, text, property=name)
    for symbols in range(1, len(text) + 1):
        (part,) = read(folder, text, property=name, symbols=symbols)
        assert part.numbers.tolist() == whole.numbers[:symbols].tolist()


def test_no_more_of_a_text_is_looked_at_than_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    measure = Property("its length", lambda text: (looked_at.append(len(text)), repeat(0, len(text)))[1])
    monkeypatch.setitem(PROPERTIES, "length", measure)
    read(folder, "ab" * 100, property="length", symbols=3)
    assert looked_at == [4]  # the next character may say that a word has ended


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (f"0.{'9' * 5000}", "a unit is LAYER.UNIT, such as"),
        ("0.5", "layer 0 has 5 units, the first is 0: not 5"),
        ("1.0", "there is no layer '1'; there are: 0"),
        ("3", "a unit is LAYER.UNIT, such as 0.0, not '3'"),
        ("0.-1", "a unit is LAYER.UNIT"),
        ("0.x", "a unit is LAYER.UNIT"),
    ],
)
def test_a_unit_that_there_is_not_is_refused(folder: Path, written: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        reader_of(folder).unit(written)


def test_a_part_that_is_not_carried_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="the state of elman has no part 'memory': it carries hidden"):
        Reader(ModelFolder(folder), load(folder), part="memory")


@pytest.mark.parametrize(
    ("name", "values", "scale"),
    [
        ("forget", [0.2, 0.4], Scale(0, 1)),
        ("candidate", [-0.2, 0.4], Scale(-1, 1)),
        ("candidate", [3.0, 0.4], Scale(0, 3)),
        ("memory", [0.25, 0.5], Scale(0, 0.5)),
        ("memory", [-0.5, 0.25], Scale(-0.5, 0.5)),
        ("memory", [0.0, 0.0], Scale(0, 1)),
    ],
)
def test_a_gate_is_shown_up_to_1_and_the_state_up_to_its_largest(name: str, values: list[float], scale: Scale) -> None:
    course = Course(Unit("0", 0), {name: np.array(values, np.float32)})
    text = ReadText("ab", [Span(0, 0, 1), Span(0, 1, 2)], ["a", "b"])
    states = States("memory", ("hidden", "memory"), None, [Found(Unit("0", 0))], [text], [[course]])
    assert states.scale(0, name) == pytest.approx(scale)
