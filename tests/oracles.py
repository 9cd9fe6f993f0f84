"""Independent computations that the project is held to: torch.nn, and a cell's equations in NumPy."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import torch
from torch.nn import functional

from textrnn.cells.cell import FromHidden
from textrnn.networks.recurrent import RecurrentLayer
from textrnn.networks.sequence import SequenceNetwork

NUMPY_OPS = SimpleNamespace(sigmoid=lambda a: 1 / (1 + np.exp(-a)), tanh=np.tanh, relu=lambda a: np.maximum(a, 0))


class TorchNN(torch.nn.Module):
    """The same network as modules of torch.nn, its weights copied: ids (time, batch) → logits."""

    def __init__(self, network: SequenceNetwork) -> None:
        super().__init__()
        architecture = network.architecture
        symbols, sizes = architecture.input.symbols, [network.input.size, *architecture.core.sizes]
        self.embedding = torch.nn.Embedding(symbols, network.input.size)
        self.lstms = torch.nn.ModuleList(torch.nn.LSTM(below, units) for below, units in pairwise(sizes))
        self.linear = torch.nn.Linear(sizes[-1], architecture.head.classes)
        with torch.no_grad():
            table = getattr(network.input, "table", None)
            self.embedding.weight.copy_(torch.eye(symbols) if table is None else table)
            for lstm, layer in zip(self.lstms, network.layers.children(), strict=True):
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(lstm, f"{name}_l0").copy_(getattr(layer, name))
            if not architecture.head.tied:
                self.linear.weight.copy_(network.head.weight)
            self.linear.bias.copy_(network.head.bias)
        self.is_tied = architecture.head.tied

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        hidden = self.embedding(ids)
        for lstm in self.lstms:
            hidden, _ = lstm(hidden)
        weight = self.embedding.weight if self.is_tied else self.linear.weight
        return functional.linear(hidden, weight, self.linear.bias)


class Products(FromHidden):
    """The shares of the gates from a vector."""

    def __init__(self, vector: np.ndarray, weight: dict[str, np.ndarray], bias: dict[str, np.ndarray]) -> None:
        self.vector, self.weight, self.bias = vector, weight, bias

    def of(self, gate: str, vector: np.ndarray, /) -> np.ndarray:
        return vector @ self.weight[gate].T + self.bias[gate]

    def __getitem__(self, gate: str) -> np.ndarray:
        return self.of(gate, self.vector)

    def __iter__(self) -> Iterator[str]:
        return iter(self.weight)

    def __len__(self) -> int:
        return len(self.weight)


def numpy_step(layer: RecurrentLayer, x_t: np.ndarray, before: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state of a layer after one step, straight from its cell's equations, in float64."""
    cell, gates = layer.cell, layer.cell.gates
    w = {name: value.detach().numpy().astype(np.float64) for name, value in layer.state_dict().items()}
    blocks = {name: dict(zip(gates, np.split(w[name], len(gates)), strict=True)) for name in ("weight_hh", "bias_hh")}
    peephole = dict(zip(cell.peepholes, w.get("peephole", ()), strict=True))
    x = dict(zip(gates, np.split(x_t @ w["weight_ih"].T + w["bias_ih"], len(gates), -1), strict=True))
    u = Products(before[cell.state[0]], blocks["weight_hh"], blocks["bias_hh"])
    state = dict(cell.step(x, u, before, peephole, NUMPY_OPS))
    if "weight_hr" in w:
        state[cell.state[0]] = state[cell.state[0]] @ w["weight_hr"].T
    return state


def numpy_layer(layer: RecurrentLayer, below: np.ndarray) -> np.ndarray:
    """Outputs (time, batch, size) of a layer."""
    state = {part: np.zeros((below.shape[1], layer.size(part))) for part in layer.cell.state}
    outputs = []
    for x_t in below:
        state = numpy_step(layer, x_t, state)
        outputs.append(state[layer.cell.state[0]])
    return np.stack(outputs)


def numpy_output(network: SequenceNetwork, ids: np.ndarray, lengths: Sequence[int] | None = None) -> np.ndarray:
    """The top level's output (time, batch, size); each sequence by itself, as long as it is, its padding left at 0."""
    table = getattr(network.input, "table", None)
    vectors = np.eye(network.input.size) if table is None else table.detach().numpy().astype(np.float64)
    core = network.architecture.core
    columns = []
    for column, length in zip(ids.T, lengths or [len(ids)] * ids.shape[1], strict=True):
        below = vectors[column[:length, None]]
        for index, level in enumerate(core.levels(network.input.size)):
            sides = []
            for shape in level:
                turned = below[::-1] if shape.is_backward else below
                outputs = numpy_layer(network.layers.layer(shape.name), turned)
                sides.append(outputs[::-1] if shape.is_backward else outputs)
            above = np.concatenate(sides, -1)
            below = above + below if core.is_residual(index, level) else above
        columns.append(np.concatenate([below, np.zeros((len(ids) - length, *below.shape[1:]))]))
    return np.concatenate(columns, 1)


def numpy_logits(network: SequenceNetwork, ids: np.ndarray) -> np.ndarray:
    """Logits (time, batch, classes) straight from the cell's equations, in float64."""
    weight, bias = (value.detach().numpy().astype(np.float64) for value in (network.head.weight, network.head.bias))
    return numpy_output(network, ids) @ weight.T + bias


def numpy_decoder(network: SequenceNetwork, source: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of one source what a decoder says after each of the ids: log-probabilities, and its attention (time, source).

    Straight from the equations of the papers that attention.py and decoder.py name, in float64.
    """
    head, core = network.head, network.architecture.head.core
    w = {name: value.detach().numpy().astype(np.float64) for name, value in head.state_dict().items()}
    table = getattr(head.input, "table", None)
    vectors = np.eye(head.input.size) if table is None else table.detach().numpy().astype(np.float64)
    outputs = numpy_output(network, source[:, None])[:, 0]
    cut = network.layers.levels[-1][0].outputs
    last = np.concatenate([outputs[-1, :cut], outputs[0, cut:]])
    parts = np.split(np.tanh(w["bridge.weight"] @ last + w["bridge.bias"]), np.cumsum(list(head.bridge.sizes.values())))
    state = dict(zip(head.bridge.sizes, parts, strict=False))
    fed, logits, looks = np.zeros(head.spec.outputs), [], []
    for symbol in ids:
        below = vectors[symbol]
        if head.spec.input_feeding:
            below = np.concatenate([below, fed])
        for index, (shape,) in enumerate(core.levels(len(below))):
            layer = head.layers.layer(shape.name)
            before = {part: state[f"{part}.{shape.name}"] for part in layer.cell.state}
            after = numpy_step(layer, below, before)
            state |= {f"{part}.{shape.name}": value for part, value in after.items()}
            above = after[layer.cell.state[0]]
            below = above + below if core.is_residual(index, [shape]) else above
        total = w["weight_hidden"] @ below + w["bias_output"]
        if head.spec.attention:
            scores = np.array([numpy_score(head.spec.attention, w, below, output) for output in outputs])
            looks.append(np.exp(scores) / np.exp(scores).sum())
            total = total + w["weight_context"] @ (looks[-1] @ outputs)
        fed = np.tanh(total)
        logits.append((vectors if head.spec.tied else w["labels.weight"]) @ fed + w["labels.bias"])
    found = np.array(logits)
    return found - np.log(np.exp(found).sum(-1, keepdims=True)), np.array(looks)


def numpy_score(name: str, w: dict[str, np.ndarray], hidden: np.ndarray, output: np.ndarray) -> float:
    """How well an output of the decoder and one of the encoder fit."""
    if name == "additive":
        query, key = w["attention.weight_query"] @ hidden, w["attention.weight_key"] @ output
        return float(w["attention.weight_score"][0] @ np.tanh(query + key + w["attention.bias_key"]))
    if name == "general":
        return float(hidden @ (w["attention.weight_key"] @ output))
    return float(hidden @ output) / (len(hidden) ** 0.5 if name == "scaled" else 1)
