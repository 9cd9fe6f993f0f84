"""Independent computations that the project is held to: torch.nn, and a cell's equations in NumPy."""

from types import SimpleNamespace

import numpy as np
import torch

from textrnn.networks.sequence import SequenceNetwork

NUMPY_OPS = SimpleNamespace(sigmoid=lambda a: 1 / (1 + np.exp(-a)), tanh=np.tanh)


def torch_nn(network: SequenceNetwork) -> tuple[torch.nn.Embedding, torch.nn.LSTM, torch.nn.Linear]:
    """The same network as modules of torch.nn, its weights copied."""
    core, symbols = network.architecture.core, network.architecture.input.symbols
    embedding = torch.nn.Embedding(symbols, network.input.size)
    lstm = torch.nn.LSTM(network.input.size, core.units, core.layers)
    linear = torch.nn.Linear(core.units, network.architecture.head.classes)
    with torch.no_grad():
        table = getattr(network.input, "table", None)
        embedding.weight.copy_(torch.eye(symbols) if table is None else table)
        for index, layer in enumerate(network.layers):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(lstm, f"{name}_l{index}").copy_(getattr(layer, name))
        linear.weight.copy_(network.head.weight)
        linear.bias.copy_(network.head.bias)
    return embedding, lstm, linear


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
    return below @ weights["head.weight"].T + weights["head.bias"]
