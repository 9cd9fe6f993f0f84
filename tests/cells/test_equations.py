"""A step as a graph of operations: it computes what the step does, and says of itself what is true."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import NUMPY_OPS, Products
from tests.random_cells import random_cells
from textrnn.cells import CELLS, Cell, add_cells
from textrnn.errors import UsageError

UNITS, BATCH = 3, 2


def step_both_ways(cell: Cell, seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The state after, by the step and by its graph, from random numbers."""
    rng = np.random.default_rng(seed)
    x = {gate: rng.normal(size=(BATCH, UNITS)) for gate in cell.gates}
    before = {part: rng.normal(size=(BATCH, UNITS)) for part in cell.state}
    peephole = {gate: rng.normal(size=UNITS) for gate in cell.peepholes}
    weight, bias = ({gate: rng.normal(size=shape) for gate in cell.gates} for shape in ((UNITS, UNITS), UNITS))
    u = Products(before[cell.state[0]], weight, bias)
    values = {("x", gate): x[gate] for gate in cell.gates} | {("u", gate): u[gate] for gate in cell.gates}
    values |= {("sum", gate): x[gate] + u[gate] for gate in cell.gates}
    values |= {("before", part): before[part] for part in cell.state}
    values |= {("peephole", gate): peephole[gate] for gate in cell.peepholes}
    by_graph = cell.equations.evaluate(lambda node: values[node.source, node.name], u.of, NUMPY_OPS)
    return dict(cell.step(x, u, before, peephole, NUMPY_OPS)), by_graph


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_the_graph_computes_what_the_step_does(cell):
    by_step, by_graph = step_both_ways(cell, 1)
    assert list(by_graph) == list(by_step) == list(cell.state)
    for part, value in by_step.items():
        np.testing.assert_allclose(by_graph[part], value, rtol=1e-12)


@settings(max_examples=50)
@given(cell=random_cells(), seed=st.integers(0, 2**32))
def test_the_graph_of_any_equations_computes_what_the_step_does(cell, seed):
    by_step, by_graph = step_both_ways(cell, seed)
    for part, value in by_step.items():
        np.testing.assert_allclose(by_graph[part], value, rtol=1e-9, atol=1e-12)


SAYS = {  # sums, x by itself, u by itself, products of another vector, parts of the state read, whether it projects
    "elman": ({"hidden"}, set(), set(), (), set(), True),
    "elman-relu": ({"hidden"}, set(), set(), (), set(), False),
    "gru": ({"reset", "update"}, {"candidate"}, {"candidate"}, (), {"hidden"}, False),
    "gru-reset-before": ({"reset", "update"}, {"candidate"}, set(), ("candidate",), {"hidden"}, False),
    "lstm": ({"input", "forget", "candidate", "output"}, set(), set(), (), {"memory"}, True),
    "peephole-lstm": ({"input", "forget", "candidate", "output"}, set(), set(), (), {"memory"}, True),
    "coupled-lstm": ({"input", "candidate", "output"}, set(), set(), (), {"memory"}, True),
}


@pytest.mark.parametrize("name", SAYS)
def test_a_cell_s_equations_say_what_they_read(name):
    cell, equations = CELLS[name], CELLS[name].equations
    found = (
        *(set(equations.leaves(source)) for source in ("sum", "x", "u")),
        equations.products,
        {part for part in cell.state if equations.reads_before(part)},
        cell.projects,
    )
    assert found == SAYS[name]
    assert set(equations.leaves("peephole")) == set(cell.peepholes)


def cell_of(step, gates=("a", "b"), state=("hidden",)) -> Cell:
    return Cell("odd", gates=gates, state=state, step=step, bound=1.0)


@pytest.mark.parametrize(
    ("step", "sums"),
    [
        (lambda x, u, before, _, ops: {"hidden": ops.tanh(x["a"] + u["a"])}, ("a",)),
        (lambda x, u, before, _, ops: {"hidden": ops.tanh(u["a"] + x["a"])}, ("a",)),
        (lambda x, u, before, _, ops: {"hidden": ops.tanh(x["a"] - u["a"])}, ()),
        (lambda x, u, before, _, ops: {"hidden": ops.tanh(x["a"] * u["a"])}, ()),
        (lambda x, u, before, _, ops: {"hidden": ops.tanh(x["a"] + u["b"])}, ()),  # of two gates
        (lambda x, u, before, _, ops: {"hidden": ops.tanh(x["a"] + x["a"])}, ()),
        (lambda x, u, before, _, ops: {"hidden": ops.tanh((x["a"] + u["a"]) * x["a"])}, ()),  # x by itself too
        (lambda x, u, before, _, ops: {"hidden": ops.tanh((x["a"] + u["a"]) * u["a"])}, ()),
        (lambda x, u, before, _, ops: {"hidden": ops.tanh((x["a"] + u["a"]) + (x["b"] + u["b"]))}, ("a", "b")),
        (lambda x, u, before, _, ops: {"hidden": x["a"] + u["a"]}, ()),  # the state itself, and no leaf of it
    ],
)
def test_a_sum_is_one_where_both_enter_in_no_other_way(step, sums):
    assert cell_of(step).equations.leaves("sum") == sums


def test_a_value_that_is_used_twice_is_computed_once():
    def step(x, u, before, _, ops):
        gate = ops.sigmoid(x["a"] + u["a"])
        return {"hidden": gate * before["hidden"] + (1 - gate) * ops.tanh(x["b"] + u["b"])}

    order = cell_of(step).equations.order
    assert sum(node.operation == "sigmoid" for node in order) == 1
    places = {node: place for place, node in enumerate(order)}
    assert all(places[operand] < places[node] for node in order for operand in node.operands)


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (lambda x, u, before, _, ops: {}, "the state after it: hidden, memory"),
        (lambda x, u, before, _, ops: {"hidden": x["a"] + u["a"]}, "the state after it: hidden, memory"),
        (lambda x, u, before, _, ops: {"memory": x["a"], "hidden": x["b"]}, "hidden, memory, in this order"),
        (lambda x, u, before, _, ops: {"hidden": x["a"], "memory": 0.0}, "the state after it: hidden, memory"),
        (lambda x, u, before, _, ops: {"hidden": x["a"], "memory": x["b"] + "b"}, "blocks and numbers, not str"),
        (lambda x, u, before, _, ops: {"hidden": x["a"], "memory": [1] * x["b"]}, "blocks and numbers, not list"),
        (lambda x, u, before, _, ops: {"hidden": x["a"], "memory": 2 / x["b"]}, "unsupported operand"),
        (lambda x, u, before, _, ops: {"hidden": x["a"], "memory": abs(x["b"])}, "bad operand type"),
        (lambda x, u, before, _, ops: {"hidden": x["a"], "memory": np.tanh(x["b"])}, "ufunc|tanh"),
    ],
)
def test_a_step_that_is_no_equation_is_refused(step, says):
    with pytest.raises(TypeError, match=says):
        _ = cell_of(step, state=("hidden", "memory")).equations


def test_numbers_divide_and_signs_turn():
    def step(x, u, before, _, ops):
        return {"hidden": -ops.tanh(x["a"] + u["a"]) / 4 + ops.tanh(x["b"] * u["b"])}

    for by_step, by_graph in zip(*(found.values() for found in step_both_ways(cell_of(step), seed=3)), strict=True):
        np.testing.assert_allclose(by_step, by_graph)


def test_a_step_names_gates_that_there_are():
    with pytest.raises(TypeError, match="there is no 'c' here: a, b"):
        _ = cell_of(lambda x, u, before, _, ops: {"hidden": u.of("c", x["a"])}).equations


def test_cells_from_outside_are_known_by_name_but_never_by_one_of_the_package(monkeypatch):
    monkeypatch.setattr("textrnn.cells.CELLS", dict(CELLS))
    from textrnn import cells

    mine = cell_of(lambda x, u, before, _, ops: {"hidden": ops.tanh(x["a"] + u["b"]) * ops.tanh(x["b"])})
    cells.add_cells([mine])
    assert cells.CELLS["odd"] is mine
    add_cells([CELLS["gru"]])  # again, as a process does that was started anew
    twin = Cell("gru", gates=mine.gates, state=mine.state, step=mine.step)
    with pytest.raises(UsageError, match=re.escape("'gru' is a cell of the package: give yours another name")):
        add_cells([twin])
    assert cells.CELLS["gru"] is not twin
