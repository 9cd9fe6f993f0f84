"""Independent computations that the project is held to: torch.nn, and a cell's equations in NumPy."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import torch
from torch.nn import functional

from textrnn.networks.sequence import SequenceNetwork

NUMPY_OPS = SimpleNamespace(sigmoid=lambda a: 1 / (1 + np.exp(-a)), tanh=np.tanh)


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
            for lstm, layer in zip(self.lstms, network.layers, strict=True):
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


def numpy_logits(network: SequenceNetwork, ids: np.ndarray) -> np.ndarray:
    """Logits (time, batch, classes) straight from the cell's equations, in float64."""
    weights = {name: value.detach().numpy().astype(np.float64) for name, value in network.state_dict().items()}
    symbols = network.architecture.input.symbols
    table = weights.get("input.table", np.eye(symbols))
    below = table[ids]
    for index, layer in enumerate(network.layers):
        w = {name: weights[f"layers.{index}.{name}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        gates = layer.cell.gates
        state = {part: np.zeros((ids.shape[1], layer.units)) for part in layer.cell.state}
        outputs = []
        for x_t in below:
            hidden = state[layer.cell.state[0]]
            x = dict(zip(gates, np.split(x_t @ w["weight_ih"].T + w["bias_ih"], len(gates), -1), strict=True))
            u = dict(zip(gates, np.split(hidden @ w["weight_hh"].T + w["bias_hh"], len(gates), -1), strict=True))
            state = layer.cell.step(x, u, state, NUMPY_OPS)
            outputs.append(state[layer.cell.state[0]])
        below = np.stack(outputs)
    output = table if network.architecture.head.tied else weights["head.weight"]
    return below @ output.T + weights["head.bias"]
