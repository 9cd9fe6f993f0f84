"""The pictures of gradients: every line told from the others, all of it within, and what has no place left out."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from textrnn.pictures.drawing import MARKS, POINTS, Line, drawing, lines
from textrnn.pictures.gradients import gradients_picture, truncation_picture
from textrnn.pictures.terms import terms_picture
from textrnn.training.gradient_series import Series
from textrnn.training.gradients import Flow
from textrnn.training.recall import Variant
from textrnn.training.terms import Terms
from textrnn.training.truncation import METHODS, Outcome, Trial


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved."""
    figures = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (figures.append(figure), save(figure, *a, **k))[1])
    return figures


def series_of(cell, norms, *, when="before", weights=1.0):
    return Series(Variant(cell), when, Flow(0, np.array(norms), {}, weights))


def outcome(cell, method, distance, loss):
    return Outcome(Trial(Variant(cell), method, distance, 0), loss, 0.0, 1, 1.4, False)


def is_within(path):
    pixels = imread(path)[:, :, :3]
    return all((edge == 1).all() for edge in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]))


def test_lines_are_told_apart_without_colour():
    _, axes = drawing(width=3, height=2)
    lines(axes, [Line(f"{mark} {dash}", [1, 2], [1, 2], mark, dash) for mark in range(len(MARKS)) for dash in range(3)])
    styles = {(line.get_marker(), line.get_linestyle()) for line in axes.lines}
    assert len(styles) == 3 * len(MARKS) == len(axes.lines)
    for line in axes.lines:
        shade = line.get_color()
        assert shade == "black" or float(shade) <= 0.6


def test_norms_stand_at_their_distance_and_a_norm_of_0_is_left_out(tmp_path, drawn):
    path = tmp_path / "picture.png"
    gradients_picture([series_of("elman", [0.0, 1e-40, 0.5]), series_of("gru", [0.1, 0.2, 0.5])], path, clip=1.0)
    (axes,) = drawn[0].axes
    assert [list(line.get_xdata()) for line in axes.lines] == [[0, 1], [0, 1, 2]]
    assert list(axes.lines[0].get_ydata()) == [0.5, 1e-40]
    assert axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["elman", "gru"]
    assert is_within(path)


def test_the_small_ticks_of_a_short_axis_have_letters_of_the_same_size(tmp_path, drawn):
    gradients_picture([series_of("elman", [0.2, 0.3, 0.5])], tmp_path / "picture.png", clip=1.0)
    small = [label for label in drawn[0].axes[0].get_yticklabels(minor=True) if label.get_text()]
    assert small
    assert {label.get_size() for label in small} == {POINTS}


def test_where_all_has_vanished_the_axis_still_has_all_distances(tmp_path, drawn):
    gradients_picture([series_of("elman", [0.0] * 9 + [0.5])], tmp_path / "picture.png", clip=1.0)
    (axes,) = drawn[0].axes
    assert list(axes.lines[0].get_xdata()) == [0]
    assert axes.get_xlim() == pytest.approx((-0.45, 9.45))


def test_before_is_dashed_and_what_explodes_is_shown_clipped(tmp_path, drawn):
    path = tmp_path / "picture.png"
    series = [series_of("elman", [16.0, 4.0, 1.0], weights=32.0), series_of("elman", [1.0, 1.0, 1.0], when="after")]
    gradients_picture(series, path, clip=8.0)
    before, clipped, after = drawn[0].axes[0].lines
    assert [line.get_linestyle() for line in (before, clipped, after)] == ["--", ":", "-"]
    assert list(clipped.get_ydata()) == [0.25, 1.0, 4.0]
    assert len({line.get_marker() for line in (before, clipped, after)}) == 1
    assert is_within(path)


def test_losses_have_a_panel_for_each_network_and_chance_in_each(tmp_path, drawn):
    path = tmp_path / "picture.png"
    cells = ("elman", "lstm")
    found = [
        outcome(cell, method, distance, 0.1 * distance) for cell in cells for method in METHODS for distance in (2, 5)
    ]
    truncation_picture(found, path)
    panels = drawn[0].axes
    assert [axes.get_title() for axes in panels] == list(cells)
    for axes in panels:
        *curves, chance = axes.lines
        assert [line.get_label() for line in curves] == list(METHODS)
        assert all(list(line.get_ydata()) == [0.2, 0.5] for line in curves)
        assert set(chance.get_ydata()) == {1.4}
        assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "5"]
        assert axes.get_ylim() == panels[0].get_ylim()
    left, right = (axes.get_window_extent() for axes in panels)
    assert left.x1 < right.x0
    assert is_within(path)


def test_each_term_has_its_power_of_ten_and_each_window_its_frame(tmp_path, drawn):
    path = tmp_path / "picture.png"
    norms = np.array([[2.0, 0, 0], [0.2, 2.1, 0], [1e-9, 0.02, 1.9]])
    terms_picture(
        Terms(norms, np.tri(3, dtype=bool), 1.0, 1.0, 1.0), ["<start>", "a", " "], list("a b"), path, window=2
    )
    (axes,) = drawn[0].axes
    *cells, below = axes.texts
    assert [(*text.get_position(), text.get_text()) for text in cells] == [
        (0, 0, "0"),
        (0, 1, "-1"),
        (1, 1, "0"),
        (0, 2, "-9"),
        (1, 2, "-2"),
        (2, 2, "0"),
    ]
    assert "windows of 2 steps" in below.get_text()
    assert [(patch.get_xy(), patch.get_width()) for patch in axes.patches] == [((-0.5, -0.5), 2), ((1.5, 1.5), 1)]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["<start>", "a", "␣"]
    assert is_within(path)


def test_where_no_term_is_left_no_number_stands(tmp_path, drawn):
    nothing = Terms(np.zeros((2, 2)), np.tri(2, dtype=bool), 0.0, 0.0, None)
    terms_picture(nothing, list("ab"), list("bc"), tmp_path / "picture.png", window=5)
    assert len(drawn[0].axes[0].texts) == 1
