"""What is read of a whole sequence: against NumPy, whatever the padding, in PyTorch and in a graph."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import numpy_output
from textrnn.architecture import Architecture, Core, LabelPerSequence, Learned
from textrnn.cells import CELLS
from textrnn.engines.graph_check import check_graph
from textrnn.engines.labeller import Padded
from textrnn.engines.onnx_labeller import OnnxLabeller
from textrnn.networks.calibration import calibrated
from textrnn.networks.dropout import Dropouts
from textrnn.networks.graphs import graphs_of
from textrnn.networks.readouts import READOUTS, Places, SequenceReadout
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchLabeller

NAMES = tuple(READOUTS)
EXACT = ("last", "mean", "max")  # what has the same bits in any batch, in int8
CORES = (
    {},
    {"bidirectional": True},
    {"bidirectional": True, "layers": 1, "projection": 3},
    {"bidirectional": True, "layers": 2, "residual": True},
    {"cell": "elman-relu", "layers": 3, "residual": True},
)
LENGTHS = (9, 1, 4, 9, 2)
IDS = np.random.default_rng(0).integers(4, 11, (max(LENGTHS), len(LENGTHS)))


def numpy_summary(network: SequenceNetwork, column: np.ndarray) -> np.ndarray:
    """The summaries (size,) of one sequence of ids, in float64, as a person would work them out."""
    output = numpy_output(network, column[:, None])[:, 0]
    cut = network.layers.levels[-1][0].outputs
    found = {
        "last": np.concatenate([output[-1, :cut], output[0, cut:]]),
        "mean": output.mean(0),
        "max": output.max(0),
    }
    if "attention" in network.readout.spec.readouts:
        found["attention"] = numpy_weights(network, column) @ output
    return np.concatenate([found[name] for name in network.readout.spec.readouts])


def numpy_weights(network: SequenceNetwork, column: np.ndarray) -> np.ndarray:
    """The weight of each step (time,) of one sequence of ids."""
    output = numpy_output(network, column[:, None])[:, 0]
    scores = np.exp(np.tanh(output) @ network.readout.attention[0].detach().double().numpy())
    return scores / scores.sum()


def numpy_logprobs(network: SequenceNetwork, column: np.ndarray) -> np.ndarray:
    weight, bias = (value.detach().double().numpy() for value in (network.head.weight, network.head.bias))
    logits = weight @ numpy_summary(network, column) + bias
    return logits - np.log(np.exp(logits).sum())


def columns(ids: np.ndarray, lengths: tuple[int, ...]) -> list[np.ndarray]:
    return [column[:length] for column, length in zip(ids.T, lengths, strict=True)]


@pytest.mark.parametrize("readouts", [*((name,) for name in NAMES), NAMES, ("attention", "last")], ids=str)
@pytest.mark.parametrize("core", CORES, ids=str)
def test_a_readout_equals_numpy_whatever_the_padding(build, core, readouts):
    network = build(readouts=readouts, **core).eval()
    output, _ = network(torch.from_numpy(IDS), lengths=torch.tensor(LENGTHS))
    found = network.read_out(output, torch.tensor(LENGTHS))
    expected = np.stack([numpy_summary(network, column) for column in columns(IDS, LENGTHS)])
    assert found.shape == (1, len(LENGTHS), network.readout.size)
    np.testing.assert_allclose(found[0].detach(), expected, atol=1e-5)


def test_without_lengths_all_steps_count(build):
    network = build(readouts=NAMES, bidirectional=True).eval()
    output = network(torch.from_numpy(IDS))[0]
    whole = torch.full((len(LENGTHS),), len(IDS))
    torch.testing.assert_close(network.read_out(output), network.read_out(output, whole))


@pytest.mark.parametrize("core", CORES, ids=str)
@settings(max_examples=8)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4), further=st.integers(0, 3), filler=st.integers(0, 10)
)
def test_padding_changes_neither_the_loss_nor_a_gradient(core, lengths, further, filler, build):
    network = build(readouts=NAMES, **core)
    ids, targets = IDS[:, : len(lengths)], torch.arange(len(lengths)) % 3
    padded = np.full((max(lengths) + further, len(lengths)), filler)
    for place, column in enumerate(columns(ids, tuple(lengths))):
        padded[: len(column), place] = column
    network.zero_grad()
    total = loss_of(network, padded, lengths, targets)
    total.backward()
    together = {name: value.grad.clone() for name, value in network.named_parameters()}
    network.zero_grad()
    losses = [
        loss_of(network, column[:, None], [len(column)], target[None])
        for column, target in zip(columns(ids, tuple(lengths)), targets, strict=True)
    ]
    sum(losses).backward()
    assert total.item() == pytest.approx(sum(loss.item() for loss in losses), rel=1e-5)
    for name, value in network.named_parameters():
        torch.testing.assert_close(together[name], value.grad, atol=2e-5, rtol=1e-4)


def loss_of(network: SequenceNetwork, ids: np.ndarray, lengths: list[int], targets: torch.Tensor) -> torch.Tensor:
    output, _ = network(torch.from_numpy(ids), lengths=torch.tensor(lengths))
    return network.head.loss(network.read_out(output, torch.tensor(lengths)), targets[None])[0]


def readout_of(*names: str, outputs: int = 4, forward_size: int = 4) -> SequenceReadout:
    torch.manual_seed(0)
    readout = SequenceReadout(LabelPerSequence(classes=2, readouts=names), outputs, forward_size)
    if "attention" in names:
        torch.nn.init.normal_(readout.attention)
    return readout


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_a_readout_is_right_whatever_the_padding(name):
    readout = readout_of(name, forward_size=2).double()
    outputs = torch.randn(5, 3, 4, dtype=torch.float64, requires_grad=True)
    places = Places.of(torch.tensor([5, 1, 3]), steps=5)

    def summary(outputs: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return READOUTS[name].of_tensors(readout, outputs, places)

    assert torch.autograd.gradcheck(summary, (outputs, *readout.parameters()))


def test_the_last_holds_what_each_direction_made_of_the_whole_sequence():
    readout = readout_of("last", forward_size=2)
    output = torch.arange(4 * 3 * 4.0).view(4, 3, 4)  # (time, batch, 2 forward and 2 backward)
    # row t, sequence b begins at 12 t + 4 b: the forward half ends where the sequence does, the backward half at 0
    expected = [[12 * 3 + 0, 37, 2, 3], [12 * 0 + 4, 5, 6, 7], [12 * 1 + 8, 21, 10, 11]]
    assert readout(output, torch.tensor([4, 1, 2]))[0].tolist() == expected
    assert readout(output)[0].tolist() == [[36, 37, 2, 3], [40, 41, 6, 7], [44, 45, 10, 11]]


def test_the_last_of_one_direction_is_its_last_output():
    output = torch.randn(4, 3, 4)
    expected = torch.stack([output[3, 0], output[0, 1], output[1, 2]])
    assert torch.equal(readout_of("last")(output, torch.tensor([4, 1, 2]))[0], expected)


def test_the_last_of_projected_outputs_is_cut_where_they_are(build):
    network = build(readouts=("last",), units=4, projection=1, bidirectional=True)
    output = torch.randn(4, 2, 2)
    assert torch.equal(network.readout(output)[0], torch.stack([output[-1, :, 0], output[0, :, 1]], -1))


def test_at_first_attention_is_the_mean(build):
    readout = SequenceReadout(LabelPerSequence(classes=2, readouts=("attention", "mean")), 4, 4)
    attended, mean = readout(torch.randn(5, 3, 4), torch.tensor([5, 1, 3])).chunk(2, -1)
    torch.testing.assert_close(attended, mean)


def test_the_largest_is_of_the_symbols_alone_where_all_are_negative():
    output = torch.tensor([[[-3.0]], [[-2.0]], [[-1.0]]])
    assert readout_of("max", outputs=1, forward_size=1)(output, torch.tensor([2])).item() == -2


def test_entries_of_the_summary_are_dropped_in_training_alone(build):
    network = build(readouts=("max",), dropouts=Dropouts(layers=0.5)).train()
    output = torch.rand(4, 50, 7) + 1
    dropped = network.read_out(output)
    assert 0.35 < (dropped == 0).float().mean() < 0.65
    assert torch.equal(dropped[dropped != 0], 2 * output.amax(0)[None][dropped != 0])
    assert torch.equal(network.eval().read_out(output)[0], output.amax(0))


GRAPHS = list(itertools.product(CELLS, (False, True), (1, 2)))


@pytest.mark.parametrize(("cell", "bidirectional", "layers"), GRAPHS)
def test_a_graph_equals_torch_and_in_int8_a_sequence_alone_is_as_in_any_batch(build, cell, bidirectional, layers):
    network = build(readouts=EXACT, cell=cell, bidirectional=bidirectional, layers=layers).eval()
    batch = padded(IDS, LENGTHS)
    expected = np.stack([numpy_logprobs(network, column) for column in columns(IDS, LENGTHS)])
    np.testing.assert_allclose(TorchLabeller(network).run(batch).logprobs, expected, atol=1e-5)
    found = labeller(graphs_of(network, "float32")["model.onnx"]).run(batch)
    np.testing.assert_allclose(found.logprobs, expected, atol=1e-5)
    assert found.attention is None
    rough = labeller(graphs_of(network, "int8", bounds_of(network))["model.onnx"])
    together = rough.run(batch).logprobs
    np.testing.assert_allclose(together, expected, atol=0.25)
    check_that_a_sequence_alone_is_as_in_any_batch(rough, columns(IDS, LENGTHS), together)


def check_that_a_sequence_alone_is_as_in_any_batch(
    engine: OnnxLabeller, rows: list[np.ndarray], together: np.ndarray
) -> None:
    for place, row in enumerate(rows):
        np.testing.assert_array_equal(engine.run(Padded.of([row])).logprobs[0], together[place])
    shorter = [row for row in rows if len(row) < max(map(len, rows))]
    places = [place for place, row in enumerate(rows) if len(row) < max(map(len, rows))]
    if shorter:
        np.testing.assert_array_equal(engine.run(Padded.of(shorter)).logprobs, together[places])


def padded(ids: np.ndarray, lengths: tuple[int, ...]) -> Padded:
    return Padded.of(columns(ids, lengths))


def bounds_of(network: SequenceNetwork) -> dict[str, float]:
    """By calibration, on what is read itself."""
    return {name: bound.value for name, bound in calibrated(network, torch.from_numpy(IDS)).items()}


def labeller(model: bytes) -> OnnxLabeller:
    check_graph(model)
    return OnnxLabeller(model, threads=1)


@pytest.mark.parametrize("readouts", [*((name,) for name in NAMES), ("attention", "max")], ids=str)
@pytest.mark.parametrize("core", CORES, ids=str)
def test_a_graph_of_each_readout_equals_numpy(build, core, readouts):
    network = build(readouts=readouts, **core).eval()
    rows = columns(IDS, LENGTHS)
    expected = np.stack([numpy_logprobs(network, row) for row in rows])
    exact = labeller(graphs_of(network, "float32")["model.onnx"]).run(Padded.of(rows))
    np.testing.assert_allclose(exact.logprobs, expected, atol=2e-5)
    rough = labeller(graphs_of(network, "int8", bounds_of(network))["model.onnx"]).run(Padded.of(rows))
    np.testing.assert_allclose(rough.logprobs, expected, atol=0.3)
    in_torch = TorchLabeller(network).run(Padded.of(rows))
    np.testing.assert_allclose(in_torch.logprobs, expected, atol=2e-5)
    if "attention" not in readouts:
        return
    for found in (exact, in_torch):
        for place, row in enumerate(rows):
            weights = numpy_weights(network, row)
            np.testing.assert_allclose(found.attention[: len(row), place], weights, atol=1e-5)
            assert not found.attention[len(row) :, place].any()


@settings(max_examples=10)
@given(lengths=st.lists(st.integers(1, 70), min_size=1, max_size=9), seed=st.integers(0, 99))
def test_int8_is_the_same_to_the_bit_at_any_length(lengths, seed, wide):
    rng = np.random.default_rng(seed)
    rows = [rng.integers(0, 11, length) for length in lengths]
    check_that_a_sequence_alone_is_as_in_any_batch(wide, rows, wide.run(Padded.of(rows)).logprobs)


@pytest.fixture(scope="module")
def wide() -> OnnxLabeller:
    """A network whose sums run over more entries than fit a register."""
    torch.manual_seed(3)
    head = LabelPerSequence(classes=5, readouts=EXACT)
    core = Core(cell="gru", units=37, bidirectional=True)
    network = SequenceNetwork(Architecture(input=Learned(symbols=11, size=5), core=core, head=head))
    return OnnxLabeller(graphs_of(network, "int8")["model.onnx"], threads=1)
