"""Equations in writing: what is written, read as Python, computes what the step does."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Run
from tests.oracles import NUMPY_OPS, Products
from tests.random_cells import random_cells
from tests.reading import jsonl, refused, tsv
from textrnn.cells import CELLS, Cell
from textrnn.cells.equations import enters_as_sum
from textrnn.cells.formula import cell_formula
from textrnn.cells.written import unfolded, written

ROOT = Path(__file__).parents[2]
INPUTS, UNITS = 4, 3
MATRIX = re.compile(r"\b([WU]_\w+) ")  # a product with a matrix has no sign


class Weights:
    """Weights by chance, as a step takes them and by the names that are written."""

    def __init__(self, cell: Cell, seed: int) -> None:
        self.cell, rng = cell, np.random.default_rng(seed)
        self.w, self.u = ({g: rng.normal(size=(UNITS, n)) for g in cell.gates} for n in (INPUTS, UNITS))
        self.b, self.c, self.p = ({g: rng.normal(size=UNITS) for g in cell.gates} for _ in range(3))
        self.x = rng.normal(size=(9, INPUTS))
        self.first = {part: rng.normal(size=UNITS) for part in cell.state}

    def step(self, x: np.ndarray, before: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The state after, by the equations of the cell themselves."""
        shares = {gate: (self.w[gate] @ x + self.b[gate])[None] for gate in self.cell.gates}
        rows = {part: value[None] for part, value in before.items()}
        u = Products(rows[self.cell.state[0]], self.u, self.c)
        peephole = {gate: self.p[gate] for gate in self.cell.peepholes}
        return {part: row[0] for part, row in self.cell.step(shares, u, rows, peephole, NUMPY_OPS).items()}

    def names(self) -> dict[str, np.ndarray]:
        """By the names that are written; where a bias has no name of its own, it is part of the other."""
        named = {"sigmoid": NUMPY_OPS.sigmoid, "tanh": NUMPY_OPS.tanh, "relu": NUMPY_OPS.relu}
        for gate in self.cell.gates:
            is_one = gate in self.cell.recurrent_gates and gate not in self.cell.second_biases
            bias = self.b[gate] + self.c[gate] if is_one else self.b[gate]
            named |= {f"W_{gate}": self.w[gate], f"U_{gate}": self.u[gate], f"b_{gate}": bias}
            named |= {f"c_{gate}": self.c[gate], f"p_{gate}": self.p[gate]}
        return named


def computed(equations: list[str], known: dict) -> dict:
    """What is known after these lines."""
    for line in equations:
        exec(MATRIX.sub(r"\1 @ ", line).replace("{t-1}", "before"), {}, known)
    return known


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_what_is_written_is_what_the_step_computes(cell: Cell) -> None:
    check_written(cell, 1)


@settings(max_examples=40)
@given(cell=random_cells(), seed=st.integers(0, 2**32))
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_what_is_written_of_any_cell_is_what_its_step_computes(cell: Cell, seed: int) -> None:
    check_written(cell, seed)


def check_written(cell: Cell, seed: int) -> None:
    weights = Weights(cell, seed)
    after = weights.step(weights.x[0], weights.first)
    known = weights.names() | {f"{part}_before": value for part, value in weights.first.items()}
    known = computed([line.text for line in written(cell)], known | {"x_t": weights.x[0]})
    for part, value in after.items():
        np.testing.assert_allclose(known[f"{part}_t"], value, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_unfolded_steps_are_the_steps_one_after_the_other(cell: Cell) -> None:
    weights = Weights(cell, 2)
    known = weights.names() | {f"{part}_0": value for part, value in weights.first.items()}
    known |= {f"x_{step}": weights.x[step] for step in range(1, 4)}
    computed([line.text for _, line in unfolded(cell, 3)], known)
    state = weights.first
    for step in range(1, 4):
        state = weights.step(weights.x[step], state)
        for part, value in state.items():
            np.testing.assert_allclose(known[f"{part}_{step}"], value, rtol=1e-9)


def test_an_lstm_is_written_as_in_textbooks() -> None:
    share = "W_{0} x_t + U_{0} hidden_{{t-1}} + b_{0}"
    assert [line.text for line in written(CELLS["lstm"])] == [
        f"input_t = sigmoid({share.format('input')})",
        f"forget_t = sigmoid({share.format('forget')})",
        f"candidate_t = tanh({share.format('candidate')})",
        f"output_t = sigmoid({share.format('output')})",
        "memory_t = forget_t * memory_{t-1} + input_t * candidate_t",
        "hidden_t = output_t * tanh(memory_t)",
    ]


@settings(max_examples=40)
@given(cell=random_cells(), seed=st.integers(0, 2**32))
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_biases_that_enter_as_a_sum_may_be_moved(cell: Cell, seed: int) -> None:
    weights = Weights(cell, seed)
    before = weights.step(weights.x[0], weights.first)
    for gate in cell.gates:
        if enters_as_sum(cell.equations, gate):
            moved = Weights(cell, seed)
            moved.b[gate] += 0.5
            moved.c[gate] -= 0.5
            for part, value in moved.step(weights.x[0], weights.first).items():
                np.testing.assert_allclose(value, before[part], rtol=1e-6, atol=1e-6)


def test_of_the_cells_here_only_the_candidate_of_a_gru_has_a_second_bias() -> None:
    found = {name: cell.second_biases for name, cell in CELLS.items() if cell.second_biases}
    assert found == {"gru": ("candidate",)}


def test_a_gate_that_reads_no_hidden_vector_has_no_weights_for_it() -> None:
    cell = Cell(
        "odd", ("a", "b"), ("hidden",), lambda x, u, before, _, ops: {"hidden": ops.tanh(x["a"]) * (x["b"] + u["b"])}
    )
    assert cell.recurrent_gates == ("b",)
    assert [line.text for line in written(cell)] == [
        "a_t = tanh(W_a x_t + b_a)",
        "hidden_t = a_t * (W_b x_t + U_b hidden_{t-1} + b_b)",
    ]
    assert str(cell_formula(cell, inputs="m", units="n")) == "n × m + n × n + n + n × m + n"


def test_a_gate_that_is_called_as_a_part_of_the_state_has_a_name_of_its_own() -> None:
    def step(x, u, before, _, ops):
        return {"hidden": ops.sigmoid(x["hidden"] + u["hidden"]) * (before["hidden"] - (x["a"] - 1.5))}

    cell = Cell("odd", ("hidden", "a"), ("hidden",), step)
    assert [line.text for line in written(cell)] == [
        "hidden_gate_t = sigmoid(W_hidden x_t + U_hidden hidden_{t-1} + b_hidden)",
        "hidden_t = hidden_gate_t * (hidden_{t-1} - (W_a x_t + b_a - 1.5))",
    ]


# textrnn explain cell


def test_explain_cell_writes_the_equations_of_each_cell(run: Run) -> None:
    for name, cell in CELLS.items():
        result = run("explain", "cell", name, "--format", "jsonl")
        lines = [{"name": line.name, "equation": line.text} for line in written(cell)]
        assert jsonl(result.stdout) == lines
        file = f"{cell.step.__module__.replace('.', '/')}.py"
        assert f"\ncode: {file}\n" in result.stderr
        assert (ROOT / file).is_file()


def test_explain_cell_says_what_else_there_is(run: Run) -> None:
    shown = run("explain", "cell", "peephole-lstm", "--unroll", "2", "--format", "table").stdout
    first, second, facts = shown.split("\n\n")
    assert "memory_1 = forget_1 * memory_0 + input_1 * candidate_1" in first
    assert "memory_2 = forget_2 * memory_1 + input_2 * candidate_2" in second
    for line in (
        "peephole-lstm: As in an LSTM, but each gate sees the memory that it acts on.",
        "carries: hidden, its output, and memory; n entries each, 0 before the first step",
        "peepholes: p of n for each of input, forget, output: a unit sees its own entry of the memory",
        "starts: b_forget at 1, so that the gate is open",
        "unfolded: all 2 steps share their weights: they have as many parameters as one",
        "parameters: 4 × (n × m + n × n + n) + 3 × n for n units",
    ):
        assert line in facts
    plain = run("explain", "cell", "elman-relu", "--format", "table").stdout
    assert not {"starts", "peepholes", "second bias", "projection", "unfolded"} & {
        line.partition(":")[0] for line in plain.splitlines()
    }
    assert "bound: none" in plain
    assert "second bias: c_candidate" in run("explain", "cell", "gru", "--format", "table").stdout


def test_explain_cell_lists_all_and_refuses_others(run: Run) -> None:
    rows = tsv(run("explain", "cell").stdout)
    assert [row["cell"] for row in rows] == list(CELLS)
    assert rows[2]["parameters"] == "3 × (n × m + n × n + n) + n"
    assert "'mgu' is not one of elman, " in refused(run("explain", "cell", "mgu"), 2)
    assert "are of one cell: textrnn explain cell lstm --unroll 3" in refused(
        run("explain", "cell", "--unroll", "3"), 2
    )


def test_no_more_steps_are_written_or_drawn_than_can_be_read(run: Run, tmp_path: Path) -> None:
    assert "less than or equal to 1000" in refused(run("explain", "cell", "lstm", "--unroll", "1001"), 2)
    picture = tmp_path / "steps.png"
    says = refused(run("explain", "cell", "elman", "--unroll", "21", "--png", str(picture)), 2)
    assert "a picture has room for 20 steps, not 21" in says
    assert not picture.exists()


def test_a_cell_from_outside_is_written_too(run: Run, package_cells: None) -> None:
    CELLS["mine"] = Cell(
        "mine", ("a",), ("hidden",), lambda x, u, before, _, ops: {"hidden": ops.tanh(x["a"] + 0.5 * u["a"])}
    )
    result = run("explain", "cell", "mine", "--format", "table")
    assert result.stdout.startswith("hidden_t = tanh(W_a x_t + b_a + 0.5 * (U_a hidden_{t-1} + c_a))\n")
