"""The curves of a training."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from textrnn.pictures.training import curves_picture
from textrnn.training.loop import Row


def row(step: int, train: float, valid: float, *, is_best: bool, mean_of: tuple[int, ...] = ()) -> Row:
    return Row(step, None, 1.0, 0.1, train, valid, 1.0, 9.0, is_best=is_best, mean_of=mean_of)


def test_the_last_that_was_best_has_a_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (figures.append(figure), save(figure, *a, **k))[1])
    history = [
        row(10, 3, 2.5, is_best=True),
        row(20, 2, 2.0, is_best=True),
        row(30, 1, 2.2, is_best=False),
        row(30, 1, 1.9, is_best=True, mean_of=(10, 20)),
    ]
    curves_picture(history, tmp_path / "curves.png")
    training, validation, kept = ([*map(list, line.get_xydata())] for line in figures[0].axes[0].lines)
    assert training == [[10, 3], [20, 2], [30, 1]]
    assert validation == [[10, 2.5], [20, 2], [30, 2.2]]  # a mean of weights is no step of the curve
    assert kept == [[30, 1.9]]
