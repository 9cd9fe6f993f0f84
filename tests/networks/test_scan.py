"""A scan that is planned from a cell's equations: the values and gradients of the equations themselves."""

import math

import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.random_cells import random_cells
from textrnn.cells import CELLS, Cell
from textrnn.networks.plan import planned
from textrnn.networks.read import Vectors
from textrnn.networks.recurrent import RecurrentLayer
from textrnn.networks.scan import Buffers

plain_new = Buffers.new
INPUTS, UNITS, OUTPUTS, BATCH = 3, 4, 2, 2


@pytest.fixture(autouse=True, scope="module")
def buffers_of_nan():
    """What is read before it is written is not a number."""

    def new(*arguments, **options):
        return plain_new(*arguments, **options).fill_(math.nan)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Buffers, "new", new)
        yield


def layer_of(cell: Cell, *, projection: int | None = None) -> RecurrentLayer:
    """A layer in float64 with weights that are far from 0."""
    torch.manual_seed(5)
    layer = RecurrentLayer(cell, INPUTS, UNITS, projection=projection).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-0.8, 0.8)
    return layer


def leaves_of(layer: RecurrentLayer, *, steps: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """What a layer reads, and the state before, each with a gradient."""
    generator = torch.Generator().manual_seed(steps)
    x = torch.randn(steps, BATCH, INPUTS, generator=generator, dtype=torch.float64).requires_grad_()
    state = {
        part: torch.randn(BATCH, layer.size(part), generator=generator, dtype=torch.float64).requires_grad_()
        for part in layer.cell.state
    }
    return x, state


def results(layer: RecurrentLayer, way: str, *, steps: int, is_masked: bool) -> list[torch.Tensor]:
    """Outputs, the state after, and the gradient with respect to everything, of one way to run a layer."""
    x, state = leaves_of(layer, steps=steps)
    mask = torch.tensor([2.0, 0.0, 0.5, 2.0], dtype=torch.float64)[: layer.outputs].expand(BATCH, -1)
    outputs, after = getattr(layer, way)(Vectors(x), state, layer.weight_hh, mask if is_masked else None)
    assert list(after) == list(layer.cell.state)
    weights = torch.linspace(-1, 2, outputs.numel(), dtype=torch.float64).view_as(outputs)
    loss = (weights * outputs).sum() + sum((index + 2) * part.sin().sum() for index, part in enumerate(after.values()))
    leaves = [x, *state.values(), *layer.parameters()]
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
    found = [torch.zeros_like(leaf) if d is None else d for leaf, d in zip(leaves, gradients, strict=True)]
    return [outputs, *after.values(), *found]


def assert_scan_equals_equations(cell: Cell, *, projection: int | None, steps: int, is_masked: bool) -> None:
    layer = layer_of(cell, projection=projection)
    found, expected = (results(layer, way, steps=steps, is_masked=is_masked) for way in ("by_scan", "by_equations"))
    for mine, its in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, its, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("is_masked", [False, True], ids=["all", "masked"])
@pytest.mark.parametrize(
    ("cell", "projection"),
    [
        *(pytest.param(cell, None, id=name) for name, cell in CELLS.items()),
        *(pytest.param(cell, OUTPUTS, id=f"{name}-projected") for name, cell in CELLS.items() if cell.projects),
    ],
)
def test_a_scan_equals_the_equations_with_its_gradients(cell, steps, is_masked, projection):
    assert_scan_equals_equations(cell, projection=projection, steps=steps, is_masked=is_masked)


@settings(max_examples=200, phases=[Phase.generate])
@given(cell=random_cells(), steps=st.integers(1, 3), is_masked=st.booleans(), projects=st.booleans())
def test_a_scan_equals_any_equations_at_all(cell, steps, is_masked, projects):
    projection = OUTPUTS if projects and cell.projects else None
    assert_scan_equals_equations(cell, projection=projection, steps=steps, is_masked=is_masked)


def same_twice(x, u, before, _, ops):
    hidden = ops.tanh(x["a"] + u["a"])
    return {"hidden": hidden, "memory": hidden}


@pytest.mark.parametrize(
    "step",
    [
        same_twice,
        lambda x, u, before, _, ops: {"hidden": ops.tanh(x["a"] + u["a"]), "memory": before["memory"]},
        lambda x, u, before, _, ops: {"hidden": x["a"], "memory": ops.tanh(x["a"] + u["a"])},
    ],
)
def test_a_part_of_the_state_that_is_not_computed_by_itself_is_refused(step):
    cell = Cell("odd", gates=("a",), state=("hidden", "memory"), step=step)
    with pytest.raises(TypeError, match="each part of the state after a step is computed in it, and by itself"):
        planned(cell, False)
