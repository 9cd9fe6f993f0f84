"""The pictures of cells: every operation is there, joined to what it reads, and no box hides another."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from textrnn.cells import CELLS, Cell
from textrnn.pictures.cells import ROUND, SIGNS, lines_of, step_picture, unfolded_picture


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved."""
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (figures.append(figure), save(figure, *a, **k))[1])
    return figures


def assert_has_a_border(path: Path) -> None:
    pixels = imread(path)[:, :, :3]
    for edge in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]):
        assert (edge == 1).all()


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_step_shows_every_operation_and_no_box_hides_another(cell: Cell, tmp_path: Path, drawn: list[Figure]) -> None:
    step_picture(cell, tmp_path / "step.png")
    assert_has_a_border(tmp_path / "step.png")
    (axes,) = drawn[0].axes
    boxed = [text for text in axes.texts if text.get_bbox_patch()]
    assert len(boxed) == len(cell.equations.order)
    operations = [node.operation for node in cell.equations.order if node.operation in SIGNS]
    assert sorted(text.get_text() for text in boxed if text.get_text() in SIGNS.values()) == sorted(
        SIGNS[operation] for operation in operations
    )
    extents = [text.get_bbox_patch().get_window_extent() for text in boxed]
    assert not any(one.overlaps(other) for one, other in combinations(extents, 2))
    names = [text.get_text() for text in axes.texts]
    assert all(any(name.strip().startswith(part) for name in names) for part in cell.state)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_every_line_leads_right_column_by_column(cell: Cell) -> None:
    ways, columns = lines_of(cell)
    order = cell.equations.order
    assert len(ways) == sum(len(set(node.operands)) for node in order) + len(cell.state)
    for way in ways:
        assert np.diff([columns[point] for point in way]).tolist() == [1] * (len(way) - 1)
    assert all(node.operation not in ROUND or len(node.operands) == 2 for node in order)


@pytest.mark.parametrize(("name", "steps"), [("elman", 1), ("lstm", 3), ("lstm", 12)])
def test_the_unfolded_network_has_a_box_for_each_step(
    name: str, steps: int, tmp_path: Path, drawn: list[Figure]
) -> None:
    unfolded_picture(CELLS[name], steps, tmp_path / "unfolded.png")
    assert_has_a_border(tmp_path / "unfolded.png")
    texts = [text.get_text() for text in drawn[0].axes[0].texts]
    assert texts.count(f"{name}\nW, U, b") == steps
    for part in CELLS[name].state:
        assert all(any(text.startswith(part) and f"{{{step}}}" in text for text in texts) for step in range(steps + 1))


def test_odd_names_of_gates_are_drawn(tmp_path: Path) -> None:
    def step(x, u, before, _, ops):  # type: ignore[no-untyped-def]
        gate = ops.sigmoid(x["a_$b^"] + u["a_$b^"])
        return {"hidden": gate * before["hidden"] + (1 - gate) * ops.relu(x["a_$b^"])}

    step_picture(Cell("odd", gates=("a_$b^",), state=("hidden",), step=step), tmp_path / "odd.png")
