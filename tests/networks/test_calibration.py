"""Bounds of vectors that no equation bounds: which need one, how it is chosen, that int8 cuts off there."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from textrnn.architecture import Core
from textrnn.cells import CELLS
from textrnn.engines.onnx_engine import OnnxEngine
from textrnn.errors import ModelError
from textrnn.networks import calibration
from textrnn.networks.calibration import best_bound, calibrated
from textrnn.networks.graphs import graphs_of

IDS = torch.from_numpy(np.random.default_rng(0).integers(0, 11, (12, 5)))


@pytest.mark.parametrize(
    ("core", "expected"),
    [
        ({}, []),
        ({"bidirectional": True, "layers": 2}, []),
        ({"residual": True, "layers": 3}, ["layers.1.output", "layers.2.output"]),
        ({"residual": True, "layers": 3, "top_units": 9}, ["layers.1.output", "layers.2.output"]),
        (
            {"projection": 3, "layers": 2},
            ["layers.0.hidden", "layers.0.output", "layers.1.hidden", "layers.1.output"],
        ),
        (
            {"cell": "elman-relu", "bidirectional": True},
            ["layers.0.hidden", "layers.0_reverse.hidden", "layers.0.output"],
        ),
    ],
)
def test_what_may_leave_minus_one_to_one_is_known(core, expected):
    assert Core(units=8, **core).unbounded() == expected


def test_every_bounded_cell_alone_needs_no_bound():
    for name, cell in CELLS.items():
        assert bool(Core(cell=name, units=8).unbounded()) == (cell.bound != 1)


@pytest.mark.parametrize(
    "core",
    [
        {"cell": "elman-relu", "layers": 2},
        {"cell": "lstm", "layers": 3, "residual": True},
        {"projection": 3, "layers": 2},
        {"cell": "elman-relu", "layers": 2, "bidirectional": True, "residual": True},
    ],
    ids=str,
)
def test_bounds_are_found_for_what_needs_one_from_what_the_network_makes_of_a_sample(build, monkeypatch, core):
    network = build(**core).train()
    seen = []
    monkeypatch.setattr(calibration, "best_bound", lambda values: seen.append(values) or best_bound(values))
    bounds = calibrated(network, IDS)
    assert sorted(bounds) == sorted(network.architecture.core.unbounded())
    assert network.training
    network.eval()
    with torch.no_grad():
        levels = list(network.layers.by_level(network.input(IDS), network.initial_state(5)))
    made = {f"layers.{name}.hidden": hidden for level in levels for name, hidden in level.hidden.items()}
    made |= {f"layers.{level.index}.output": level.output for level in levels}
    for (name, bound), values in zip(bounds.items(), seen, strict=True):
        np.testing.assert_array_equal(values, made[name].numpy())
        assert bound == best_bound(made[name].numpy())


def test_nothing_is_looked_at_where_all_is_bounded(build, monkeypatch):
    network = build()
    monkeypatch.setattr(network.layers, "by_level", None)
    assert calibrated(network, IDS) == {}


def error(values: np.ndarray, bound: float) -> float:
    """Of values that are written as 7-bit integers."""
    integers = np.clip(np.rint(63 * values / bound), -63, 63)
    return float(np.mean((integers * bound / 63 - values) ** 2))


@settings(max_examples=60)
@given(arrays(np.float32, 40, elements=st.floats(-100, 100, width=32)))
def test_no_other_bound_that_is_tried_has_a_smaller_error(values):
    found = best_bound(values)
    largest = max(float(np.abs(values).max()), 1e-6)
    tried = [largest * share / 20 for share in range(1, 21)]
    assert found.value == pytest.approx(min(tried, key=lambda bound: abs(bound - found.value)))
    assert error(values, found.value) <= min(error(values, bound) for bound in tried) * (1 + 1e-5) + 1e-9
    assert found.clipped == pytest.approx(np.mean(np.abs(values) > found.value))


def test_one_entry_far_away_is_cut_off_and_entries_close_together_are_not():
    values = np.random.default_rng(0).uniform(-1, 1, 100_000)
    assert best_bound(values).value == pytest.approx(1, abs=1e-4)
    far = best_bound(np.append(values, 12.0))
    assert far.value < 6
    assert far.clipped == pytest.approx(1 / 100_001)
    assert best_bound(np.zeros(5)).clipped == 0


def test_without_bounds_there_is_no_int8(build):
    network = build(cell="elman-relu").eval()
    with pytest.raises(ModelError, match=r"int8 needs to know how large layers\.0\.hidden becomes"):
        graphs_of(network, "int8")
    bounds = dict.fromkeys(network.architecture.core.unbounded(), 1.0)
    with pytest.raises(ModelError, match=r"how large layers\.1\.output becomes"):
        graphs_of(network, "int8", {name: bound for name, bound in bounds.items() if name != "layers.1.output"})
    assert graphs_of(network, "float32")
    assert graphs_of(network, "int8", bounds)


def test_a_network_in_both_directions_does_not_choose_what_comes_next(build):
    with pytest.raises(ModelError, match="in both directions cannot choose"):
        graphs_of(build(bidirectional=True), "float32")


@pytest.mark.parametrize("site", ["layers.0.hidden", "layers.0.output"])
def test_int8_cuts_off_at_the_bound(build, site):
    """Where all is cut off at nearly 0, what is multiplied there is as good as 0."""
    network = build(cell="elman-relu", layers=1).eval()
    exact = {name: bound.value for name, bound in calibrated(network, IDS).items()}
    cut = OnnxEngine(graphs_of(network, "int8", {**exact, site: 1e-6})["model.onnx"]).run(IDS.numpy())[0]
    with torch.no_grad():
        (network.layers.layer("0").weight_hh if site.endswith("hidden") else network.head.weight).zero_()
        expected = network.head(network(IDS)[0]).log_softmax(-1).numpy()
    np.testing.assert_allclose(cut, expected, atol=0.15 if site.endswith("hidden") else 1e-4)
