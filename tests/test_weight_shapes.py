"""How many parameters a network has, by the formulas of textbooks and by the arrays of PyTorch."""

import re

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn

from tests.conftest import Run
from tests.reading import jsonl, refused
from textrnn.architecture import (
    Architecture,
    Condition,
    Core,
    Decoder,
    LabelPerSequence,
    LabelPerStep,
    Learned,
    OneHot,
    Pretrained,
)
from textrnn.cells import CELLS
from textrnn.cells.formula import cell_formula
from textrnn.networks.sequence import SequenceNetwork
from textrnn.weight_shapes import layers_of

SIZES = st.integers(1, 5)
# A layer of n units over m inputs whose outputs have p entries, as courses and papers count it: one bias for a gate, in
# a GRU as cuDNN computes it a second one for the candidate.
TEXTBOOK = {
    "elman": lambda m, n, p: n * m + n * p + n,
    "elman-relu": lambda m, n, p: n * m + n * p + n,
    "gru": lambda m, n, p: 3 * (n * m + n * p + n) + n,
    "gru-reset-before": lambda m, n, p: 3 * (n * m + n * p + n),
    "lstm": lambda m, n, p: 4 * (n * m + n * p + n),
    "peephole-lstm": lambda m, n, p: 4 * (n * m + n * p + n) + 3 * n,
    "coupled-lstm": lambda m, n, p: 3 * (n * m + n * p + n),
}


@st.composite
def cores(draw: st.DrawFn) -> Core:
    cell = draw(st.sampled_from(list(CELLS)))
    projection = draw(st.none() | SIZES) if CELLS[cell].projects else None
    top = None if projection else draw(st.none() | SIZES)
    return Core(
        cell=cell,
        units=draw(SIZES),
        layers=draw(st.integers(1, 3)),
        top_units=top,
        projection=projection,
        bidirectional=draw(st.booleans()),
    )


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Any network that there can be."""
    symbols = draw(st.integers(5, 7))
    inputs = st.sampled_from((OneHot(symbols=symbols), Learned(symbols=symbols, size=3)))
    entry, core = draw(inputs | st.just(Pretrained(symbols=symbols, size=3, frozen=True))), draw(cores())
    readouts = st.lists(st.sampled_from(("last", "mean", "max", "attention")), min_size=1, unique=True).map(tuple)
    decoders = st.builds(
        Decoder,
        input=inputs,
        core=cores().map(lambda core: core.model_copy(update={"bidirectional": False})),
        attention=st.sampled_from((None, "additive", "dot", "general", "scaled")),
        input_feeding=st.booleans(),
        tied=st.booleans(),
        shared=st.booleans(),
    )
    try:
        head = draw(
            st.builds(LabelPerStep, classes=st.just(symbols), tied=st.booleans())
            | st.builds(LabelPerSequence, classes=st.integers(2, 4), readouts=readouts)
            | decoders
        )
        condition = draw(st.none() | st.builds(Condition, size=SIZES)) if isinstance(head, LabelPerStep) else None
        return Architecture(input=entry, core=core, head=head, condition=condition)
    except ValidationError:
        assume(False)
        raise


@settings(max_examples=80)
@given(architecture=architectures())
def test_what_is_stored_is_what_the_module_holds_and_a_formula_comes_to_its_parameters(architecture):
    layers = layers_of(architecture)
    network = SequenceNetwork(architecture)
    assert sum(layer.stored for layer in layers) == sum(value.numel() for value in network.state_dict().values())
    for layer in layers:
        assert layer.parameters == eval(str(layer.formula).replace("×", "*"))
        assert layer.parameters <= layer.stored
    assert len({layer.name for layer in layers}) == len(layers)
    biases = [value.numel() for name, value in network.state_dict().items() if name.rpartition(".")[2] == "bias_hh"]
    more = sum(layer.stored - layer.parameters for layer in layers)
    decoders = [architecture.head.core] if isinstance(architecture.head, Decoder) else []
    if "gru" not in [core.cell for core in (architecture.core, *decoders)]:  # whose second bias counts in part
        assert more == sum(biases)


@pytest.mark.parametrize("cell", CELLS)
@given(m=SIZES, n=SIZES, p=SIZES)
def test_a_layer_has_the_parameters_of_the_textbook(cell, m, n, p):
    assert cell_formula(CELLS[cell], inputs=m, units=n).value == TEXTBOOK[cell](m, n, n)
    if CELLS[cell].projects:
        assert cell_formula(CELLS[cell], inputs=m, units=n, projection=p).value == TEXTBOOK[cell](m, n, p) + p * n


@pytest.mark.parametrize(("cell", "module", "gates"), [("elman", nn.RNN, 1), ("gru", nn.GRU, 3), ("lstm", nn.LSTM, 4)])
def test_torch_stores_a_bias_more_for_each_gate(cell, module, gates):
    found = sum(value.numel() for value in module(14, 16).parameters())
    core = Core(cell=cell, units=16)
    (layer, _) = layers_of(Architecture(input=OneHot(symbols=14), core=core, head=LabelPerStep(classes=1)))
    assert layer.stored == found == layer.parameters + 16 * (gates - len(CELLS[cell].second_biases))


def test_only_the_sum_of_two_biases_counts_in_torch_too():
    """What is moved from one bias of an nn.GRU to the other changes nothing, but for the candidate's."""
    torch.manual_seed(0)
    gru, x = nn.GRU(3, 4), torch.randn(5, 1, 3)
    before = gru(x)[0]
    for place, gate in enumerate(CELLS["gru"].gates):
        moved = nn.GRU(3, 4)
        moved.load_state_dict(gru.state_dict())
        with torch.no_grad():
            moved.bias_ih_l0[4 * place : 4 * place + 4] += 1
            moved.bias_hh_l0[4 * place : 4 * place + 4] -= 1
        is_same = torch.allclose(moved(x)[0], before, atol=1e-5)
        assert is_same is (gate not in CELLS["gru"].second_biases)


# textrnn inspect

COURSE = ("--inputs", "14", "--units", "16", "--outputs", "1")  # weather of 14 measures, tomorrow's temperature


def test_the_example_of_the_courses_comes_to_513(run: Run):
    result = run("inspect", "--cell", "elman", *COURSE, "--format", "jsonl")
    rows = [(row["layer"], row["formula"], row["parameters"]) for row in jsonl(result.stdout)]
    assert rows == [
        ("elman 0", "16 × 14 + 16 × 16 + 16", 496),
        ("output", "1 × 16 + 1", 17),
        ("total", None, 513),
    ]
    assert "stored: 16 more: each gate has two biases" in result.stderr


def test_networks_by_their_sizes_stand_one_below_the_other(run: Run):
    sizes = "--inputs 50 --embedding-size 8 --units 4 --layers 2 --bidirectional --projection 3 --outputs 5"
    result = run("inspect", "--cell", "elman, lstm", *sizes.split(), "--format", "jsonl")
    rows = jsonl(result.stdout)
    assert [row["cell"] for row in rows] == ["elman"] * 7 + ["lstm"] * 7
    of_lstm = {row["layer"]: row["formula"] for row in rows[7:]}
    assert of_lstm == {
        "embedding": "50 × 8",
        "lstm 0": "4 × (4 × 8 + 4 × 3 + 4) + 3 × 4",
        "lstm 0_reverse": "4 × (4 × 8 + 4 × 3 + 4) + 3 × 4",
        "lstm 1": "4 × (4 × 6 + 4 × 3 + 4) + 3 × 4",
        "lstm 1_reverse": "4 × (4 × 6 + 4 × 3 + 4) + 3 × 4",
        "output": "5 × 6 + 5",
        "total": None,
    }


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("", "give a model, or a network by its sizes: --cell elman"),
        ("tiny --cell gru", "give a model, or a network by its sizes"),
        ("tiny --units 3", "the sizes of a model stand in it"),
        ("tiny --bidirectional", "the sizes of a model stand in it"),
        ("--inputs 3 --units 3 --outputs 3", "give a model, or a network by its sizes"),
        ("--cell gru --units 3", "needs --inputs, --units and --outputs"),
        ("--cell grue --inputs 3 --units 3 --outputs 3", "unknown cell 'grue' (did you mean 'gru'?); one of elman, "),
        ("--cell gru, --inputs 3 --units 3 --outputs 3", "unknown cell ''; one of elman, "),
        ("--cell gru --inputs 3 --units 3 --outputs 3 --projection 2", "the outputs of gru cannot be projected"),
        ("--cell gru --inputs 9999999 --units 3 --outputs 3", "symbols: Input should be less than or equal to"),
        ("--cell gru --inputs 0 --units 3 --outputs 3", "Invalid value for '--inputs'"),
    ],
)
def test_a_network_that_cannot_be_is_refused_in_a_line(run: Run, command: str, says: str):
    assert says in refused(run("inspect", *command.split()), 2)


def test_what_is_shared_counts_once_and_is_said(run: Run):
    total = {}
    for model in ("english", "en-es", "sentiment"):
        result = run("inspect", model, "--format", "jsonl")
        (*rows, last) = jsonl(result.stdout)
        assert last["parameters"] == sum(row["parameters"] for row in rows)
        assert last["stored"] == sum(rows * columns for row in rows for rows, columns in row["weights"].values())
        total[model] = last["stored"], result.stderr
    assert "shared: the output has the weights of the embedding; what is shared counts once" in total["english"][1]
    assert "the output has the weights of the decoder's embedding" in total["en-es"][1]
    assert "\nshared: " not in total["sentiment"][1]
    for stored, stderr in total.values():
        (learnt,) = re.findall(r"parameters: ([\d,]+) of the stored numbers are learnt", stderr)
        assert int(learnt.replace(",", "")) == stored
