"""The picture of teacher forcing: two lines, and where they part."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from textrnn.pictures.forcing import forcing_picture
from textrnn.tasks.forcing import Forcing


@pytest.mark.parametrize(("own", "parts"), [("axbc", [2.5]), ("abcd", []), ("abcx", [])])
def test_the_lines_part_behind_the_first_symbol_that_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, parts: list[float]
) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    forced, free = np.log([[0.5, 0.5, 0.25, 1.0], [0.5, 0.5, 0.125, 0.25]])
    forcing_picture(Forcing(list("abcd"), list("abcd"), list(own), forced, free), tmp_path / "picture.png")
    dashed, solid, *others = figures[0].axes[0].lines
    assert np.asarray(solid.get_ydata()).tolist() == pytest.approx([1, 1, 2, 0])
    assert np.asarray(dashed.get_ydata()).tolist() == pytest.approx([1, 1, 3, 2])
    assert np.asarray(solid.get_xdata()).tolist() == [1, 2, 3, 4]
    assert [float(np.asarray(line.get_xdata())[0]) for line in others] == parts
