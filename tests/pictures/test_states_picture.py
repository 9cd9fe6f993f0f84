"""The picture of units over symbols: what stands in it, and that all of it is within."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from textrnn.pictures.states import LONGEST, states_picture
from textrnn.tasks.courses import Course, Found, ReadText, States, Unit
from textrnn.text.tokenizer import Span


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved."""
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (figures.append(figure), save(figure, *a, **k))[1])
    return figures


def states_of(*texts: list[str], follows: str | None = None) -> States:
    """Two units over texts, given symbol by symbol; the memory of the second is that of the first, negative."""
    read, courses = [], []
    for symbols in texts:
        ends = np.cumsum([len(symbol) for symbol in symbols]).tolist()
        spans = [Span(0, begin, end) for begin, end in zip([0, *ends], ends, strict=False)]
        count = np.arange(len(symbols), dtype=np.float32)
        numbers = count.astype(np.float64) if follows else None
        read.append(ReadText("".join(symbols), spans, symbols, numbers))
        courses.append(
            [
                Course(Unit("0", unit), {"forget": np.full_like(count, 0.5), "memory": sign * count})
                for unit, sign in ((3, 1), (5, -1))
            ]
        )
    units = [Found(Unit("0", 3)), Found(Unit("0", 5))]
    return States("memory", ("hidden", "memory"), follows, units, read, courses)


def test_a_value_is_a_row_and_a_symbol_a_column(tmp_path: Path, drawn: list[Figure]) -> None:
    states_picture(states_of(list("a $\n"), ["b"], follows="space"), tmp_path / "picture.png")
    axes = drawn[0].axes[0]
    (image,) = axes.images
    ramp, half = [0, 1 / 3, 2 / 3, 1], [0.5] * 5
    np.testing.assert_allclose(
        image.get_array(), [[*ramp, 0], [*ramp, 0], half, [0.5 - share / 2 for share in [*ramp, 0]], half], atol=1e-6
    )
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "␣", "$", "↵", "b"]
    names = ["space", "unit 0.3  memory", "forget", "unit 0.5  memory", "forget"]
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    (scales,) = axes.child_axes
    ranges = ["0 … 3", "0 … 3", "0 … 1", "-3 … 3", "0 … 1"]
    assert [label.get_text() for label in scales.get_yticklabels()] == ranges
    lines = [tuple(np.ravel(line.get_data()).tolist()) for line in axes.lines]
    assert lines == [(0, 1, 0.5, 0.5), (0, 1, 2.5, 2.5), (3.5, 3.5, 0, 1)]


@pytest.mark.parametrize(
    "symbols",
    [["w"], list("iW" * 30), list("iW" * 150), list("iW" * 900), ["unbelievably"] * 3, ["unbelievably", "a"] * 300],
    ids=["one", "many", "more than fit", "too many", "words", "many words"],
)
def test_nothing_touches_the_border_and_no_letters_touch(
    tmp_path: Path, drawn: list[Figure], symbols: list[str]
) -> None:
    path = tmp_path / "picture.png"
    states_picture(states_of(symbols, follows="line-position"), path)
    pixels = imread(path)[:, :, :3]
    for edge in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]):
        assert (edge == 1).all()
    axes = drawn[0].axes[0]
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        boxes = [label.get_window_extent() for label in labels]
        assert not any(box.overlaps(other) for box, other in pairwise(boxes))
    assert axes.images[0].get_array().shape[1] == min(len(symbols), LONGEST)
    assert (" of " in axes.get_xlabel()) == (len(symbols) > LONGEST)
    apart = round(float(np.diff(axes.get_xticks()[:2])[0])) if len(symbols) > 1 else 1
    assert (f"one in {apart} named" in axes.get_xlabel()) == (apart > 1)
