"""The pictures: what stands in them, and that all of it is within."""

from itertools import pairwise
from pathlib import Path
from typing import IO

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.image import imread
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from textrnn.errors import DataError, MissingExtra
from textrnn.metrics.labels import Confusion
from textrnn.metrics.translation import LengthRow
from textrnn.pictures.attention import words_picture
from textrnn.pictures.drawing import write_picture
from textrnn.pictures.labels import confusion_picture
from textrnn.pictures.translation import attention_picture, bleu_by_length_picture
from textrnn.pictures.vectors import map_picture
from textrnn.word_vectors.projection import WordMap

SMALL = Confusion(np.array([[1_200, 40, 1], [3, 997, 0]]))
LONG = "a label that says at great length what it is of"


def diagonal(classes: int) -> Confusion:
    return Confusion(np.eye(classes, classes + 1, dtype=np.int64) * 7)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved."""
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (figures.append(figure), save(figure, *a, **k))[1])
    return figures


@pytest.fixture
def fonts_that_are_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fonts but those that matplotlib brings."""
    brought = Path(matplotlib.get_data_path())
    fonts = [font for font in fontManager.ttflist if brought in Path(font.fname).parents]
    monkeypatch.setattr(fontManager, "ttflist", fonts)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_counts_and_shares_of_the_row_stand_in_the_cells(tmp_path: Path, drawn: list[Figure]) -> None:
    confusion_picture(SMALL, ["no", "yes"], tmp_path / "picture.png")
    assert texts(drawn[0]) == ["1,200\n97%", "40\n3%", "1\n<1%", "3\n<1%", "997\n100%"]
    axes = drawn[0].axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["no", "yes", "(no prediction)"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["no (1,241)", "yes (1,000)"]


def test_a_letter_is_dark_on_light_and_light_on_dark(tmp_path: Path, drawn: list[Figure]) -> None:
    counts = np.array([[55, 45, 0], [35, 65, 0]])
    confusion_picture(Confusion(counts), ["no", "yes"], tmp_path / "picture.png")
    (image,) = drawn[0].axes[0].images
    for text, share in zip(drawn[0].axes[0].texts, (counts[:, :2] / 100).flat, strict=True):
        background = image.to_rgba(np.array([[share]]))[0, 0, 0]
        letter = {"white": 1.0, "black": 0.0}[text.get_color()]
        light, dark = sorted(relative_luminance(each) for each in (background, letter))[::-1]
        assert (light + 0.05) / (dark + 0.05) > 4.4


def relative_luminance(grey: float) -> float:
    """Of a grey in sRGB."""
    return float(((grey + 0.055) / 1.055) ** 2.4) if grey > 0.04 else float(grey / 12.92)


def border(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([pixels[:4].ravel(), pixels[-4:].ravel(), pixels[:, :4].ravel(), pixels[:, -4:].ravel()])


@pytest.mark.parametrize(("classes", "name"), [(1, "x"), (2, "yes"), (2, LONG), (20, LONG)])
def test_nothing_touches_the_border_and_no_letters_touch(
    tmp_path: Path, drawn: list[Figure], classes: int, name: str
) -> None:
    path = tmp_path / "picture.png"
    confusion_picture(diagonal(classes), [f"{name} {number}" for number in range(classes)], path)
    assert (border(imread(path)[:, :, :3]) == 1).all()
    axes = drawn[0].axes[0]
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert not any(box.overlaps(other) for box, other in pairwise(boxes))
    cell = axes.get_window_extent().width / classes
    assert all(text.get_window_extent().width < cell for text in axes.texts)


@pytest.mark.parametrize("count", [9, 9_999, 12_345_678])
def test_a_cell_is_as_wide_as_its_count(tmp_path: Path, drawn: list[Figure], count: int) -> None:
    confusion_picture(Confusion(np.array([[count, 0, 0], [0, count, 0]])), "ab", tmp_path / "picture.png")
    axes = drawn[0].axes[0]
    assert all(text.get_window_extent().width < axes.get_window_extent().width / 2 for text in axes.texts)


@pytest.mark.parametrize("name", ["$x^2$", "$", "\\frac", "_a_", "", "%s {0}"])
def test_a_label_is_shown_as_it_is(tmp_path: Path, drawn: list[Figure], name: str) -> None:
    confusion_picture(diagonal(2), [name, "other"], tmp_path / "picture.png")
    for labels in (drawn[0].axes[0].get_xticklabels(), drawn[0].axes[0].get_yticklabels()):
        assert labels[0].get_text().startswith(name)
        assert not labels[0].get_parse_math()


@pytest.mark.parametrize(("name", "shown"), [("a\udcffb", r"a\udcffb"), ("a\nb", r"a\nb"), ("a\x1b", r"a\x1b")])
def test_what_no_letter_stands_for_is_escaped(tmp_path: Path, drawn: list[Figure], name: str, shown: str) -> None:
    attention_picture([name], [name], np.ones((1, 1)), tmp_path / "picture.png")
    words_picture([name], [1.0], tmp_path / "picture.png")
    assert [label.get_text() for figure in drawn for label in figure.axes[0].get_yticklabels()] == [shown, shown]


def test_a_class_without_texts_has_an_empty_row(tmp_path: Path, drawn: list[Figure]) -> None:
    confusion_picture(Confusion(np.array([[2, 0, 0], [0, 0, 0]])), ["a", "b"], tmp_path / "picture.png")
    assert texts(drawn[0]) == ["2\n100%"]


def test_the_settings_of_the_program_stay_as_they_are(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    confusion_picture(SMALL, ["no", "yes"], tmp_path / "picture.png")
    assert dict(matplotlib.rcParams) == before


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        confusion_picture(SMALL, ["no", "yes"], tmp_path / "absent" / "picture.png")


def test_a_picture_that_fails_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Figure, file: IO[bytes], **_: object) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    path = tmp_path / "picture.png"
    path.write_bytes(b"before")
    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(DataError, match=r"picture\.png cannot be written: No space left on device"):
        confusion_picture(SMALL, ["no", "yes"], path)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("picture.png", b"before")]


def test_a_picture_needs_no_other_package_of_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("textrnn.extras.find_spec", lambda package: package if package == "matplotlib" else None)
    confusion_picture(SMALL, ["no", "yes"], tmp_path / "picture.png")
    assert (tmp_path / "picture.png").exists()


def test_a_picture_without_its_extra_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("textrnn.extras.find_spec", lambda package: None)
    with pytest.raises(MissingExtra, match=r"pip install 'textrnn\[eval\]'"):
        confusion_picture(SMALL, ["no", "yes"], tmp_path / "picture.png")


# attention

WEIGHTS = np.array([[0.1, 0.7, 0.2], [0.95, 0.02, 0.03]])


def test_a_translated_word_is_a_row_and_its_source_is_framed(tmp_path: Path, drawn: list[Figure]) -> None:
    attention_picture(["ein", "$rotes$", "Hemd"], ["red", "a_b"], WEIGHTS, tmp_path / "picture.png")
    axes = drawn[0].axes[0]
    (image,) = axes.images
    assert image.get_array().tolist() == WEIGHTS.tolist()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["ein", "$rotes$", "Hemd"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["red", "a_b"]
    found = [(*map(round, text.get_position()), text.get_text()) for text in axes.texts]
    assert found == [(0, 0, ".10"), (1, 0, ".70"), (2, 0, ".20"), (0, 1, ".95")]
    assert [tuple(patch.get_xy()) for patch in axes.patches] == [(0.5, -0.5), (-0.5, 0.5)]  # around (1, 0) and (0, 1)


def test_long_words_of_attention_are_within(tmp_path: Path, drawn: list[Figure]) -> None:
    path = tmp_path / "picture.png"
    attention_picture([LONG] * 40, [LONG] * 30, np.eye(30, 40), path)
    assert (border(imread(path)[:, :, :3]) == 1).all()
    axes = drawn[0].axes[0]
    assert not any(box.overlaps(other) for box, other in pairwise(of_letters(axes.get_yticklabels())))
    cell = axes.get_window_extent().width / 40
    assert all(box.width < cell for box in of_letters(axes.texts))


@pytest.mark.usefixtures("fonts_that_are_brought")
@pytest.mark.parametrize(("mark", "families"), [("a", 1), ("\u23e2", 2), ("\U0010fffd", 1)])  # 23e2: in STIXGeneral
def test_a_mark_that_the_usual_font_lacks_is_of_another_if_one_has_it(
    tmp_path: Path, drawn: list[Figure], mark: str, families: int
) -> None:
    attention_picture([f"{mark}b"], ["a"], np.ones((1, 1)), tmp_path / "picture.png")
    (label,) = drawn[0].axes[0].get_xticklabels()
    found = label.get_fontfamily()
    assert found[0] == "sans-serif"
    assert len(found) == families
    files = fontManager._find_fonts_by_props(label.get_fontproperties())
    assert any(ord(mark) in FT2Font(file).get_charmap() for file in files) == (mark != "\U0010fffd")


# BLEU by length


def test_bars_of_bleu_have_their_figure_and_their_pairs_over_them(tmp_path: Path, drawn: list[Figure]) -> None:
    rows = [LengthRow(0, 5, 12, 12.26), LengthRow(6, 10, 12_345, 41.0), LengthRow(51, None, 2, 0.0)]
    path = tmp_path / "picture.png"
    bleu_by_length_picture(rows, path)
    axes = drawn[0].axes[0]
    assert [round(bar.get_height(), 2) for bar in axes.patches] == [12.26, 41.0, 0.0]
    assert texts(drawn[0]) == ["12.3\n(12)", "41.0\n(12,345)", "0.0\n(2)"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0-5", "6-10", "51+"]
    assert (border(imread(path)[:, :, :3]) == 1).all()
    top, boxes = axes.get_window_extent().y1, of_letters(axes.texts)
    assert all(box.y1 < top for box in boxes)
    assert not any(box.overlaps(other) for box, other in pairwise(boxes))


def test_a_bar_without_height_is_drawn(tmp_path: Path, drawn: list[Figure]) -> None:
    bleu_by_length_picture([LengthRow(0, 5, 12, 0.0)], tmp_path / "picture.png")
    assert drawn[0].axes[0].get_ylim() == (0, 1)


# maps of words


def scattered(count: int) -> WordMap:
    points = np.random.default_rng(0).normal(size=(count, 2))
    return WordMap(tuple(f"word{number}" for number in range(count)), points, ("first", "second"))


def test_every_word_of_a_map_is_a_dot_and_is_named_where_there_is_room(tmp_path: Path, drawn: list[Figure]) -> None:
    found, path = scattered(300), tmp_path / "picture.png"
    named = map_picture(found, path)
    axes = drawn[0].axes[0]
    (dots,) = axes.lines
    np.testing.assert_array_equal(dots.get_xydata(), found.points)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("first", "second")
    assert 50 < named == len(axes.texts) < 300
    assert (border(imread(path)[:, :, :3]) == 1).all()
    boxes, frame = of_letters(axes.texts), axes.get_window_extent()
    assert not any(box.overlaps(other) for place, box in enumerate(boxes) for other in boxes[:place])
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in boxes)


def test_a_name_stands_at_its_dot_and_covers_no_other(tmp_path: Path, drawn: list[Figure]) -> None:
    found = scattered(100)
    map_picture(found, tmp_path / "picture.png")
    axes = drawn[0].axes[0]
    centers = axes.transData.transform(found.points)
    for text, box in zip(axes.texts, of_letters(axes.texts), strict=True):
        place = found.words.index(text.get_text())
        assert not any(box.contains(x, y) for x, y in centers)
        x, y = centers[place]
        away = np.hypot(max(box.x0 - x, 0, x - box.x1), max(box.y0 - y, 0, y - box.y1))
        assert away < 12  # pixels


@pytest.mark.usefixtures("fonts_that_are_brought")
def test_words_of_a_map_are_measured_in_the_letters_that_they_are_drawn_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes: list[list[Bbox]] = []

    def write(figure: Figure, path: Path) -> None:
        boxes.append(of_letters(figure.axes[0].texts))
        write_picture(figure, path)
        boxes.append(of_letters(figure.axes[0].texts))

    monkeypatch.setattr("textrnn.pictures.vectors.write_picture", write)
    names = ("\u23e2" * 9, "b", "c")  # which STIXGeneral has
    map_picture(WordMap(names, np.eye(3, 2), ("x", "y")), tmp_path / "picture.png")
    before, after = ([box.width for box in each] for each in boxes)
    assert before == pytest.approx(after)


@pytest.mark.usefixtures("fonts_that_are_brought")
def test_a_word_that_no_font_can_write_has_its_place_on_a_map(tmp_path: Path) -> None:
    found = WordMap(("\u4e2d", "b", "c"), np.eye(3, 2), ("x", "y"))
    assert map_picture(found, tmp_path / "picture.png") == 3


def test_words_of_a_map_are_shown_as_they_are(tmp_path: Path, drawn: list[Figure]) -> None:
    names = ("$x^2$", "\\frac", "_a_", "\r", " ", "\n")
    points = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [2, 0], [2, 1]])
    assert map_picture(WordMap(names, points, ("x", "y")), tmp_path / "picture.png") == 6
    assert texts(drawn[0]) == ["$x^2$", "\\frac", "_a_", r"\r", "␣", "↵"]
    assert not any(text.get_parse_math() for text in drawn[0].axes[0].texts)


def of_letters(found: list[Text]) -> list[Bbox]:
    """Where texts stand, in pixels."""
    return [each.get_window_extent() for each in found]
