"""The equations of each cell, worked out by hand as the papers write them, and what a cell says of itself."""

from math import exp, tanh

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.oracles import NUMPY_OPS, Products
from textrnn.cells import CELLS, Cell

X = {"input": 0.3, "forget": -0.4, "candidate": 0.9, "output": 0.2, "reset": -0.7, "update": 0.6, "hidden": -0.5}
U = {"input": 0.5, "forget": 0.8, "candidate": -0.6, "output": -0.9, "reset": 0.4, "update": -1.1, "hidden": 0.7}
BIAS = {"input": 0.1, "forget": 0.2, "candidate": -0.3, "output": 0.4, "reset": -0.1, "update": 0.3, "hidden": 0.6}
PEEPHOLE = {"input": 0.7, "forget": -0.5, "output": 1.3}
H, C = 0.35, -0.8


def s(a: float) -> float:
    """The logistic function."""
    return 1 / (1 + exp(-a))


def pre(gate: str, hidden: float = H) -> float:
    """What a gate of one unit sees: W x + b + U h + c."""
    return X[gate] + U[gate] * hidden + BIAS[gate]


def elman() -> dict[str, float]:
    """h' = tanh(W x + U h + b) (Elman, 1990)."""
    return {"hidden": tanh(pre("hidden"))}


def elman_relu() -> dict[str, float]:
    """h' = max(0, W x + U h + b) (Le, Jaitly and Hinton, 2015)."""
    return {"hidden": max(0.0, pre("hidden"))}


def gru() -> dict[str, float]:
    """n = tanh(W x + b + r (U h + c)); h' = (1 - z) n + z h (as torch.nn.GRU documents it)."""
    r, z = s(pre("reset")), s(pre("update"))
    n = tanh(X["candidate"] + r * (U["candidate"] * H + BIAS["candidate"]))
    return {"hidden": (1 - z) * n + z * H}


def gru_reset_before() -> dict[str, float]:
    """n = tanh(W x + U (r h)); h' = z h + (1 - z) n (Cho et al., 2014, equations 5 to 8)."""
    r, z = s(pre("reset")), s(pre("update"))
    n = tanh(X["candidate"] + U["candidate"] * (r * H) + BIAS["candidate"])
    return {"hidden": z * H + (1 - z) * n}


def lstm() -> dict[str, float]:
    """c' = f c + i g; h' = o tanh(c') (Gers et al., 2000)."""
    i, f, g, o = s(pre("input")), s(pre("forget")), tanh(pre("candidate")), s(pre("output"))
    c = f * C + i * g
    return {"hidden": o * tanh(c), "memory": c}


def peephole_lstm() -> dict[str, float]:
    """i and f see the old memory, o the new one (Gers and Schmidhuber, 2000)."""
    i, f = s(pre("input") + PEEPHOLE["input"] * C), s(pre("forget") + PEEPHOLE["forget"] * C)
    c = f * C + i * tanh(pre("candidate"))
    return {"hidden": s(pre("output") + PEEPHOLE["output"] * c) * tanh(c), "memory": c}


def coupled_lstm() -> dict[str, float]:
    """f = 1 - i (Greff et al., 2017)."""
    i = s(pre("input"))
    c = (1 - i) * C + i * tanh(pre("candidate"))
    return {"hidden": s(pre("output")) * tanh(c), "memory": c}


BY_HAND = {
    "elman": elman,
    "elman-relu": elman_relu,
    "gru": gru,
    "gru-reset-before": gru_reset_before,
    "lstm": lstm,
    "peephole-lstm": peephole_lstm,
    "coupled-lstm": coupled_lstm,
}


def stepped(cell: Cell, x, hidden, memory, *, weight=U, bias=BIAS, peephole=PEEPHOLE) -> dict[str, np.ndarray]:
    """One step of a cell in NumPy; weight: of one unit each."""
    weights = {gate: np.array([[weight[gate]]]) for gate in cell.gates}
    u = Products(np.array([[hidden]]), weights, {gate: np.array([bias[gate]]) for gate in cell.gates})
    before = dict(zip(cell.state, (np.array([[hidden]]), np.array([[memory]])), strict=False))
    shares = {gate: np.array([[x[gate]]]) for gate in cell.gates}
    return dict(cell.step(shares, u, before, {gate: peephole[gate] for gate in cell.peepholes}, NUMPY_OPS))


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_step_is_as_worked_out_by_hand(cell):
    found = stepped(cell, X, H, C)
    assert {part: value.item() for part, value in found.items()} == pytest.approx(BY_HAND[cell.name](), rel=1e-12)


def test_below_zero_a_rectified_unit_is_zero():
    assert stepped(CELLS["elman-relu"], {"hidden": -5.0}, H, C)["hidden"].item() == 0


@pytest.mark.parametrize("name", ["gru", "gru-reset-before"])
def test_an_update_gate_of_one_keeps_the_old_vector(name):
    for share, expected in ((100.0, H), (-100.0, tanh(2.0))):
        x = {"reset": -100.0, "update": share, "candidate": 2.0}  # nothing of the past in the candidate
        found = stepped(CELLS[name], x, H, C, bias=dict.fromkeys(BIAS, 0.0))
        assert found["hidden"].item() == pytest.approx(expected)


NUMBERS = st.floats(-20, 20)
BOUNDED = {name: cell for name, cell in CELLS.items() if cell.bound is not None}


def test_all_but_the_rectified_cell_are_bounded():
    assert set(CELLS) - set(BOUNDED) == {"elman-relu"}


@pytest.mark.parametrize("cell", BOUNDED.values(), ids=BOUNDED)
@settings(max_examples=60)
@given(numbers=arrays(np.float64, (4, 4), elements=NUMBERS), hidden=st.floats(-1, 1), memory=NUMBERS)
def test_no_output_is_beyond_the_bound(cell, numbers, hidden, memory):
    x, weight, bias, sight = (dict(zip(cell.gates, row, strict=False)) for row in numbers)
    found = stepped(cell, x, hidden, memory, weight=weight, bias=bias, peephole=sight)
    assert abs(found["hidden"].item()) <= cell.bound


@pytest.mark.parametrize("cell", BOUNDED.values(), ids=BOUNDED)
def test_the_bound_is_reached(cell):
    x = {**dict.fromkeys(cell.gates, 60.0), "update": -60.0}
    zero = dict.fromkeys(U, 0.0)
    hidden, memory = 0.0, 0.0
    for _ in range(40):
        after = stepped(cell, x, hidden, memory, weight=zero, bias=zero, peephole=zero)
        hidden, memory = after["hidden"].item(), after.get("memory", np.zeros(1)).item()
    assert hidden == pytest.approx(tanh(1.0) if cell.name == "coupled-lstm" else cell.bound)
