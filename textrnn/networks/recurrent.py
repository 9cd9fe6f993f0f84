"""One recurrent layer over a batch of sequences, for any cell, in torch and as ONNX nodes."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from textrnn.cells import Cell
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.inputs import OneHotLookup, Read, Shares
from textrnn.networks.kernels import KERNELS

LayerState = dict[str, Tensor]  # one (batch, units) tensor for each part of the cell's state


class RecurrentLayer(nn.Module):
    """A cell with its weights, under torch.nn's names: weight_ih, weight_hh, bias_ih, bias_hh.

    Weights start uniform in ± 1/sqrt(units), biases at 0, those of the cell's open gates at 1.
    """

    def __init__(self, cell: Cell, inputs: int, units: int) -> None:
        super().__init__()
        self.cell, self.units = cell, units
        width, bound = len(cell.gates) * units, units**-0.5
        self.weight_ih = nn.Parameter(torch.empty(width, inputs).uniform_(-bound, bound))
        self.weight_hh = nn.Parameter(torch.empty(width, units).uniform_(-bound, bound))
        self.bias_ih = nn.Parameter(torch.zeros(width))
        self.bias_hh = nn.Parameter(torch.zeros(width))
        with torch.no_grad():
            for gate, block in zip(cell.gates, self.bias_ih.chunk(len(cell.gates)), strict=True):
                block.fill_(float(gate in cell.open_gates))

    def forward(self, inputs: Read, state: LayerState, *, dropped: float = 0.0) -> tuple[Tensor, LayerState]:
        """Outputs (time, batch, units) and the state after.

        dropped: share of weight_hh set to 0 for the whole sequence (DropConnect; Merity et al., 2018).
        """
        weight_hh = functional.dropout(self.weight_hh, dropped) if dropped else self.weight_hh
        if self._suits_kernel(inputs):
            return self.by_kernel(inputs, state, weight_hh)
        if self.cell.fused:
            return self.by_fused_operator(inputs, state, weight_hh)
        return self.by_equations(inputs, state, weight_hh)

    def _suits_kernel(self, inputs: Read) -> bool:
        """Where the project's kernel is the faster one: a processor in bfloat16, a single step, a one-hot look-up."""
        if self.cell.name not in KERNELS or self.weight_hh.device.type != "cpu":
            return False
        return product_type() != torch.float32 or inputs.steps == 1 or isinstance(inputs, OneHotLookup)

    def by_kernel(self, inputs: Read, state: LayerState, weight_hh: Tensor) -> tuple[Tensor, LayerState]:
        """By the kernel in kernels.py."""
        shares = inputs.project(self.weight_ih, self.bias_ih + self.bias_hh)
        before = tuple(state[part] for part in self.cell.state)
        outputs, after = KERNELS[self.cell.name](shares.to(product_type()), weight_hh, before)
        return outputs, dict(zip(self.cell.state, after, strict=True))

    def by_fused_operator(self, inputs: Read, state: LayerState, weight_hh: Tensor) -> tuple[Tensor, LayerState]:
        """By torch's operator for the whole sequence."""
        assert self.cell.fused is not None
        parts = tuple(state[part][None] for part in self.cell.state)
        initial = parts if len(parts) > 1 else parts[0]
        weights = [self.weight_ih, weight_hh, self.bias_ih, self.bias_hh]
        has_biases, layers, dropout, is_bidirectional, batch_first = True, 1, 0.0, False, False
        outputs, *after = getattr(torch, self.cell.fused.torch)(
            inputs.vectors(),
            initial,
            weights,
            has_biases,
            layers,
            dropout,
            self.training,
            is_bidirectional,
            batch_first,
        )
        return outputs, dict(zip(self.cell.state, (part[0] for part in after), strict=True))

    def by_equations(self, inputs: Read, state: LayerState, weight_hh: Tensor) -> tuple[Tensor, LayerState]:
        """The same, step by step through the cell's equations: what the kernels are held to."""
        gates = self.cell.gates
        outputs = []
        for share in inputs.project(self.weight_ih, self.bias_ih).unbind():
            x = dict(zip(gates, share.chunk(len(gates), dim=-1), strict=True))
            from_hidden = functional.linear(state[self.cell.state[0]], weight_hh, self.bias_hh)
            u = dict(zip(gates, from_hidden.chunk(len(gates), dim=-1), strict=True))
            state = dict(self.cell.step(x, u, state, torch))  # type: ignore[arg-type]
            outputs.append(state[self.cell.state[0]])
        return torch.stack(outputs), state

    @property
    def graph_gates(self) -> tuple[str, ...]:
        """The order of the gate blocks in a graph: the one that the cell's ONNX operator asks for, if it has one."""
        return self.cell.fused.onnx_gates if self.cell.fused else self.cell.gates

    def weights(self, name: str) -> NDArray[np.float32]:
        """A parameter as an array, its blocks in the order of a graph."""
        array: NDArray[np.float32] = getattr(self, name).detach().cpu().numpy()
        order = [self.cell.gates.index(gate) for gate in self.graph_gates]
        return array.reshape(len(order), self.units, *array.shape[1:])[order].reshape(array.shape)

    def step_to_graph(self, graph: Graph, name: str, shares: Symbol, state: dict[str, Symbol]) -> dict[str, Symbol]:
        """One step through the cell's equations. shares: (batch, gates x units), W x + b."""
        gates = self.graph_gates
        hidden = state[self.cell.state[0]]
        from_hidden = graph.linear(hidden, f"{name}.hh", self.weights("weight_hh"), self.weights("bias_hh"), bound=1.0)
        if self.cell.sums_shares:
            x = dict(zip(gates, graph.split(shares + from_hidden, parts=len(gates)), strict=True))
            return dict(self.cell.step(x, dict.fromkeys(gates), state, graph))
        x = dict(zip(gates, graph.split(shares, parts=len(gates)), strict=True))
        u = dict(zip(gates, graph.split(from_hidden, parts=len(gates)), strict=True))
        return dict(self.cell.step(x, u, state, graph))

    def scan_to_graph(
        self, graph: Graph, name: str, shares: Shares, state: dict[str, Symbol]
    ) -> tuple[Symbol, dict[str, Symbol]]:
        """All steps, as a Scan over the cell's equations."""
        body = graph.child()
        before = {part: body.input(shape=("batch", self.units)) for part in self.cell.state}
        after = self.step_to_graph(body, name, shares.of_step(body), before)
        for part in self.cell.state:
            body.output(after[part])
        body.output(after[self.cell.state[0]], body.fresh_name())
        *carried, outputs = graph.scan(body, [state[part] for part in self.cell.state], [shares.scanned])
        return outputs, dict(zip(self.cell.state, carried, strict=True))

    def fused_to_graph(
        self, graph: Graph, name: str, vectors: Symbol, state: dict[str, Symbol]
    ) -> tuple[Symbol, dict[str, Symbol]]:
        """All steps, as the ONNX operator of the cell. vectors: (time, batch, inputs)."""
        assert self.cell.fused is not None
        first, directions = graph.numbers(0), graph.numbers(1)
        bias = graph.prepared(
            "Concat",
            *(graph.weight(f"{name}.{part}.bias", self.weights(f"bias_{part}")) for part in ("ih", "hh")),
            axis=0,
        )
        weights = [graph.weight(f"{name}.{part}.weight", self.weights(f"weight_{part}")) for part in ("ih", "hh")]
        outputs, *after = graph.nodes_out(
            self.cell.fused.onnx,
            vectors,
            *(graph.prepared("Unsqueeze", weight, first) for weight in (*weights, bias)),
            None,
            *(graph.node("Unsqueeze", state[part], first) for part in self.cell.state),
            count=1 + len(self.cell.state),
            hidden_size=self.units,
        )
        carried = [graph.node("Squeeze", part, first) for part in after]
        return graph.node("Squeeze", outputs, directions), dict(zip(self.cell.state, carried, strict=True))


def product_type() -> torch.dtype:
    """The type of matrix products on the processor: bfloat16 under autocast."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
