"""A decoder with attention: against the equations in NumPy, in PyTorch and as graphs, whatever is beside it."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from tests.oracles import numpy_decoder
from textrnn.architecture import Architecture, Core, Decoder, Learned, OneHot
from textrnn.batch import IGNORE, padded_columns
from textrnn.cells import CELLS
from textrnn.engines.graph_check import check_graph
from textrnn.engines.labeller import Padded
from textrnn.engines.onnx_translator import OnnxTranslator
from textrnn.engines.translating import TranslationEngine
from textrnn.errors import ModelError
from textrnn.networks.attention import ATTENTIONS
from textrnn.networks.calibration import calibrated
from textrnn.networks.cross_entropy import FEW_CLASSES
from textrnn.networks.dropout import NOTHING, Dropouts
from textrnn.networks.graphs import graphs_of
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.torch_engine import TorchTranslator
from textrnn.text.tokenizer import PAD, START
from textrnn.weight_shapes import weight_shapes

SOURCES, TARGETS = 13, 11
RNG = np.random.default_rng(0)
ROWS = [RNG.integers(4, SOURCES, length) for length in (5, 1, 8, 5)]
MADE = [RNG.integers(4, TARGETS, length) for length in (4, 6, 1, 3)]

Build = Callable[..., SequenceNetwork]


def build(
    *,
    attention: str | None = "general",
    cell: str = "lstm",
    layers: int = 1,
    bidirectional: bool = True,
    units: int = 4,
    dropouts: Dropouts = NOTHING,
    embedding: str = "learned",
    residual: bool = False,
    projection: int | None = None,
    **decoder: bool,
) -> SequenceNetwork:
    """A seeded network; its weights are larger than they start, so that the gates are not all half open."""
    torch.manual_seed(units + layers)
    entries = [
        OneHot(symbols=symbols) if embedding == "one-hot" else Learned(symbols=symbols, size=6)
        for symbols in (SOURCES, SOURCES if decoder.get("shared") else TARGETS)
    ]
    stack = {"cell": cell, "layers": layers, "residual": residual, "projection": projection}
    spec = Decoder(
        input=entries[1], core=Core(units=units * (1 + bidirectional), **stack), attention=attention, **decoder
    )
    core = Core(units=units, bidirectional=bidirectional, **stack)
    network = SequenceNetwork(Architecture(input=entries[0], core=core, head=spec), dropouts=dropouts)
    with torch.no_grad():
        network.head.labels.bias.uniform_(-0.5, 0.5)
        for name, value in network.head.named_parameters():
            if name.startswith(("attention", "bridge", "weight", "bias_output")):
                value.uniform_(-1, 1)
    return network.eval()


KINDS = {
    "no attention": {"attention": None},
    **{name: {"attention": name} for name in ATTENTIONS},
    "fed": {"input_feeding": True},
    "fed without attention": {"input_feeding": True, "attention": None},
    "fed, one-hot": {"input_feeding": True, "embedding": "one-hot"},
    "one-hot": {"embedding": "one-hot"},
    "tied": {"tied": True},
    "shared": {"shared": True},
    "shared, tied, fed, additive": {"shared": True, "tied": True, "input_feeding": True, "attention": "additive"},
    "two layers, residual": {"layers": 2, "residual": True},
    "two layers, fed, residual": {"layers": 2, "residual": True, "input_feeding": True},
    "projected": {"layers": 2, "projection": 3},
    "one direction": {"bidirectional": False},
    **{cell: {"cell": cell} for cell in CELLS},
    **{f"{cell}, fed": {"cell": cell, "input_feeding": True} for cell in CELLS},
}


def onnx_engine(network: SequenceNetwork, precision: str = "float32") -> OnnxTranslator:
    bounds = {}
    if precision == "int8":
        ids, made = torch.from_numpy(RNG.integers(4, 11, (9, 8))), torch.from_numpy(RNG.integers(4, 11, (7, 8)))
        bounds = {name: bound.value for name, bound in calibrated(network, ids, made).items()}
    graphs = graphs_of(network, precision, bounds).values()
    for graph in graphs:
        check_graph(graph)
    return OnnxTranslator(*graphs, threads=1)


def forced(engine: TranslationEngine, sources: list[np.ndarray], targets: list[np.ndarray]) -> list[tuple]:
    """Of each pair the log-probabilities after <start> and after each symbol of the target, and the attention."""
    encoded = engine.encode(Padded.of(sources))
    state = {name: value[:, None] for name, value in encoded.state.items()}
    inputs = padded_columns([np.array([START, *target]) for target in targets], padding=PAD)
    logprobs, looks = [], []
    for ids in inputs:
        read = engine.read(ids[:, None], state, encoded.memory)
        state = read.state
        logprobs.append(read.logprobs[:, 0])
        looks.append(np.zeros((len(ids), 0)) if read.attention is None else read.attention[:, 0])
    found = zip(np.stack(logprobs, 1), np.stack(looks, 1), sources, targets, strict=True)
    return [(p[: len(target) + 1], a[: len(target) + 1, : len(source)]) for p, a, source, target in found]


def expected(network: SequenceNetwork) -> list[tuple]:
    return [numpy_decoder(network, source, np.array([START, *made])) for source, made in zip(ROWS, MADE, strict=True)]


def check_alike(found: list[tuple], wanted: list[tuple], *, atol: float) -> None:
    for (logprobs, looks), (of_oracle, looked) in zip(found, wanted, strict=True):
        np.testing.assert_allclose(logprobs, of_oracle, atol=atol)
        if looked.size:
            np.testing.assert_allclose(looks, looked, atol=atol)
            np.testing.assert_allclose(looks.sum(-1), 1, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_engine_equals_the_equations_whatever_is_beside_a_pair(kind: dict) -> None:
    network = build(**kind)
    wanted = expected(network)
    check_alike(forced(TorchTranslator(network), ROWS, MADE), wanted, atol=2e-5)
    check_alike(forced(onnx_engine(network), ROWS, MADE), wanted, atol=2e-5)
    rough = onnx_engine(network, "int8")
    found = forced(rough, ROWS, MADE)
    check_alike(found, wanted, atol=0.5)
    alone = [forced(rough, [source], [made])[0] for source, made in zip(ROWS, MADE, strict=True)]
    exact = kind.get("attention", "general") is None
    check_alike(alone, found, atol=0 if exact else 1e-5)


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_the_weights_are_those_that_the_architecture_names(kind: dict) -> None:
    network = build(**kind)
    stated = {name: (rows, columns) for name, rows, columns in weight_shapes(network.architecture)}
    found = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert {name: shape if len(shape) == 2 else (*shape, 1) for name, shape in found.items()} == stated


@pytest.mark.parametrize("kind", ["general", "no attention", "fed", "shared, tied, fed, additive", "projected"])
def test_the_loss_is_that_of_the_true_symbols_one_after_another(kind: str) -> None:
    network = build(**KINDS[kind])
    targets = padded_columns(MADE, padding=IGNORE)
    lengths = torch.tensor([len(row) for row in ROWS])
    output, _ = network(torch.from_numpy(Padded.of(ROWS).ids), lengths=lengths)
    nats, count = network.head.loss(network.read_out(output), torch.from_numpy(targets), lengths)
    wanted = [
        -logprobs[np.arange(len(made)), made].sum() for (logprobs, _), made in zip(expected(network), MADE, strict=True)
    ]
    assert count == sum(map(len, MADE))
    np.testing.assert_allclose(nats.item(), sum(wanted), rtol=1e-5)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 7), min_size=2, max_size=5), st.integers(1, 6), st.sampled_from([None, *ATTENTIONS]))
def test_padding_changes_no_gradient(lengths: list[int], steps: int, attention: str | None) -> None:
    network = build(attention=attention)
    rows = [RNG.integers(4, SOURCES, length) for length in lengths]
    made = [RNG.integers(4, TARGETS, 1 + length % steps) for length in lengths]

    def gradients(sources: list[np.ndarray], targets: list[np.ndarray]) -> list[torch.Tensor]:
        network.zero_grad()
        of_sources = torch.tensor([len(row) for row in sources])
        output, _ = network(torch.from_numpy(Padded.of(sources).ids), lengths=of_sources)
        nats, _ = network.head.loss(output, torch.from_numpy(padded_columns(targets, padding=IGNORE)), of_sources)
        nats.backward()
        return [value.grad.clone() for value in network.parameters() if value.grad is not None]

    together = gradients(rows, made)
    alone = [gradients([row], [target]) for row, target in zip(rows, made, strict=True)]
    for whole, *parts in zip(together, *alone, strict=True):
        torch.testing.assert_close(whole, torch.stack(parts).sum(0), atol=2e-5, rtol=1e-4)


def test_the_best_symbols_are_the_likeliest_of_all() -> None:
    network = build()
    for engine in (TorchTranslator(network), onnx_engine(network)):
        encoded = engine.encode(Padded.of(ROWS))
        state = {name: np.repeat(value[:, None], 3, 1) for name, value in encoded.state.items()}
        ids = RNG.integers(4, TARGETS, (len(ROWS), 3))
        every, best = engine.read(ids, state, encoded.memory), engine.best(ids, state, encoded.memory, count=4)
        np.testing.assert_allclose(best.logprobs, -np.sort(-every.logprobs, -1)[..., :4], atol=1e-6)
        np.testing.assert_allclose(np.take_along_axis(every.logprobs, best.ids, -1), best.logprobs, atol=1e-6)
        assert engine.best(ids, state, encoded.memory, count=99).ids.shape == (len(ROWS), 3, TARGETS)


def test_each_hypothesis_of_a_source_goes_its_own_way() -> None:
    network = build(input_feeding=True)
    for engine in (TorchTranslator(network), onnx_engine(network)):
        encoded = engine.encode(Padded.of(ROWS[:1]))
        state = {name: np.repeat(value[:, None], 2, 1) for name, value in encoded.state.items()}
        ids = np.array([[START, 5]])
        first = engine.read(ids, state, encoded.memory)
        second = engine.read(np.array([[7, 8]]), first.state, encoded.memory)
        for column, symbols in enumerate(([START, 7], [5, 8])):
            logprobs, _ = numpy_decoder(network, ROWS[0], np.array(symbols))
            np.testing.assert_allclose(second.logprobs[0, column], logprobs[-1], atol=2e-5)


def test_guessed_symbols_are_read_in_training_alone() -> None:
    network = build()
    targets, lengths = torch.from_numpy(padded_columns(MADE, padding=IGNORE)), torch.tensor([len(row) for row in ROWS])
    output, _ = network(torch.from_numpy(Padded.of(ROWS).ids), lengths=lengths)
    true, _ = network.head.loss(output, targets, lengths)
    network.head.guessed = 0.999
    assert torch.equal(network.head.loss(output, targets, lengths)[0], true)
    network.train()
    begun = network.head.begin(output, lengths)
    inputs = torch.full((3, 4), START)
    mixed = network.head._with_guesses(inputs, begun)
    found, _, _ = network.head(inputs, begun.state, begun.memory)
    assert torch.equal(mixed[0], inputs[0])
    assert torch.equal(mixed[1:], network.head.labels(found[:-1]).argmax(-1))
    assert not torch.isclose(network.head.loss(output, targets, lengths)[0], true)


@pytest.mark.parametrize("kind", ["general", "fed"])
def test_entries_are_dropped_in_training_alone(kind: str) -> None:
    network = build(**KINDS[kind], dropouts=Dropouts(input=0.5, layers=0.5))
    lengths = torch.tensor([len(row) for row in ROWS])
    targets = torch.from_numpy(padded_columns(MADE, padding=IGNORE))
    output, _ = network(torch.from_numpy(Padded.of(ROWS).ids), lengths=lengths)
    kept = [float(network.head.loss(output, targets, lengths)[0].detach()) for _ in range(2)]
    network.train()
    dropped = [float(network.head.loss(output, targets, lengths)[0].detach()) for _ in range(2)]
    assert kept[0] == kept[1]
    assert len({*kept, *dropped}) == 3


@pytest.mark.parametrize("classes", [7, FEW_CLASSES + 5])
def test_smoothed_loss_and_gradient_are_those_of_torch(classes: int) -> None:
    network = build().train()
    head = network.head.labels
    head.weight = torch.nn.Parameter(torch.randn(classes, 8))
    head.bias = torch.nn.Parameter(torch.randn(classes))
    head.smoothing = 0.1
    hidden = torch.randn(5, 3, 8, requires_grad=True)
    targets = torch.randint(0, classes, (5, 3))
    targets[2, 1] = IGNORE
    nats, count = head.loss(hidden, targets)
    ours = torch.autograd.grad(nats, [hidden, head.weight, head.bias])
    logits = functional.linear(hidden, head.weight, head.bias).flatten(0, 1)
    wanted = functional.cross_entropy(
        logits, targets.flatten(), ignore_index=IGNORE, reduction="sum", label_smoothing=0.1
    )
    torch.testing.assert_close(nats, wanted, rtol=1e-5, atol=1e-4)
    assert count == 14
    for mine, theirs in zip(ours, torch.autograd.grad(wanted, [hidden, head.weight, head.bias]), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"attention": "dot", "units": 3}, "of one size"),
        ({"core": "bidirectional"}, "read backward"),
        ({"shared": True}, "one vocabulary"),
        ({"tied": "one-hot"}, "learned vectors"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(change: dict, says: str) -> None:
    entry: OneHot | Learned = Learned(symbols=9, size=5)
    units = change.get("units", 8)
    with pytest.raises(ValueError, match=says):
        Architecture(
            input=Learned(symbols=8, size=5),
            core=Core(units=4, bidirectional=True),
            head=Decoder(
                input=OneHot(symbols=9) if change.get("tied") else entry,
                core=Core(units=units, bidirectional=change.get("core") == "bidirectional"),
                attention=change.get("attention", "general"),
                shared=change.get("shared", False),
                tied=bool(change.get("tied")),
            ),
        )


def test_int8_needs_the_bounds_of_the_decoder_too() -> None:
    network = build(cell="elman-relu")
    names = network.architecture.unbounded()
    assert {name.startswith("decoder.") for name in names} == {True, False}
    some = {name: 1.0 for name in names if not name.startswith("decoder.")}
    with pytest.raises(ModelError, match=r"decoder\.layers"):
        graphs_of(network, "int8", some)
