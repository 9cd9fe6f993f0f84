"""One recurrent layer over a batch of sequences, for any cell, in torch and as ONNX nodes."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto
from torch import Tensor, nn
from torch.nn import functional

from textrnn.cells import Cell
from textrnn.cells.cell import FromHidden
from textrnn.networks.graph import Graph, Symbol
from textrnn.networks.plan import PROJECTION, planned
from textrnn.networks.read import OneHotLookup, Read
from textrnn.networks.scan import Weights, scan
from textrnn.networks.sources import Shares

LayerState = dict[str, Tensor]  # one (batch, size) tensor for each part of the cell's state
Symbols = dict[str, Symbol]

SMALL_DEVIATION = 0.001
STARTS: dict[str, Callable[[Tensor], object]] = {  # of the recurrent weights of a gate, (units, outputs)
    "uniform": lambda block: block.uniform_(-(len(block) ** -0.5), len(block) ** -0.5),
    "identity": nn.init.eye_,
    "orthogonal": nn.init.orthogonal_,
}


class RecurrentLayer(nn.Module):
    """A cell with its weights, under torch.nn's names: weight_ih, weight_hh, bias_ih, bias_hh; weight_hr projects.

    Weights start uniform in ± 1/sqrt(units), those of each gate in weight_hh as `start` says: "uniform", "identity"
    or "orthogonal" (Saxe et al., 2014). With the identity the input's weights start small, N(0, 0.001²) (Le et al.,
    2015): else what is handed on unchanged grows with every step. Biases start at 0, those of open gates at 1.
    """

    def __init__(
        self, cell: Cell, inputs: int, units: int, *, projection: int | None = None, start: str = "uniform"
    ) -> None:
        super().__init__()
        self.cell, self.units, self.outputs = cell, units, projection or units
        width, bound = len(cell.gates) * units, units**-0.5

        def uniform(rows: int, columns: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(rows, columns).uniform_(-bound, bound))

        self.weight_ih = uniform(width, inputs)
        self.weight_hh = uniform(width, self.outputs)
        self.bias_ih, self.bias_hh = (nn.Parameter(torch.zeros(width)) for _ in range(2))
        self.peephole = uniform(len(cell.peepholes), units) if cell.peepholes else None
        self.weight_hr = uniform(projection, units) if projection else None
        with torch.no_grad():
            if start == "identity":
                self.weight_ih.normal_(std=SMALL_DEVIATION)
            for gate in cell.gates:
                STARTS[start](self._by_gate("weight_hh")[gate])
                self._by_gate("bias_ih")[gate].fill_(float(gate in cell.open_gates))

    def forward(
        self, inputs: Read, state: LayerState, *, dropped: float = 0.0, mask: Tensor | None = None
    ) -> tuple[Tensor, LayerState]:
        """Outputs (time, batch, outputs) and the state after.

        dropped: share of weight_hh set to 0 for the whole sequence (DropConnect; Merity et al., 2018). mask: (batch,
        outputs), what a vector is multiplied by wherever it meets weight_hh (Gal and Ghahramani, 2016).
        """
        weight_hh = functional.dropout(self.weight_hh, dropped) if dropped else self.weight_hh
        if mask is not None or self._suits_scan(inputs):
            return self.by_scan(inputs, state, weight_hh, mask)
        return self.by_fused_operator(inputs, state, weight_hh)

    def _suits_scan(self, inputs: Read) -> bool:
        """Where torch has no operator, or on a processor none of oneDNN's for these weights and this input.

        There the scan is faster in bfloat16 and for one step, and oneDNN has no projection. A one-hot look-up is
        multiplied out by all but the scan.
        """
        fused = self.cell.fused
        if fused is None or fused.torch is None or isinstance(inputs, OneHotLookup):
            return True
        suits_onednn = fused.onednn and self.weight_hr is None and inputs.steps > 1
        return self.weight_hh.device.type == "cpu" and (torch.is_autocast_enabled("cpu") or not suits_onednn)

    def by_scan(
        self, inputs: Read, state: LayerState, weight_hh: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, LayerState]:
        """By the plan of the cell's equations."""
        gates, plan = self.cell.gates, planned(self.cell, self.weight_hr is not None)
        u, c = (dict(zip(gates, whole.chunk(len(gates)), strict=True)) for whole in (weight_hh, self.bias_hh))
        if plan.are_sums:
            addend, apart = inputs.project(self.weight_ih, self.bias_ih + self.bias_hh), None
        else:
            whole = inputs.project(self.weight_ih, self.bias_ih)
            x = dict(zip(gates, whole.chunk(len(gates), dim=-1), strict=True))
            sums = [x[gate] + c[gate] if gate in plan.summed else c[gate].expand_as(x[gate]) for gate in plan.shared]
            nothing = whole[..., :0]  # there may be no such gate
            addend, apart = torch.cat([nothing, *sums], -1), torch.cat([nothing, *(x[gate] for gate in plan.apart)], -1)
        dtype = product_type(self.weight_hh)
        products = {gate: (u[gate], c[gate]) for gate in gates}
        if self.weight_hr is not None:
            products[PROJECTION] = self.weight_hr, self.weight_hr.new_zeros(self.outputs)
        rows = [weight_hh[:0], *(u[gate] for gate in plan.shared)]
        recurrent = weight_hh if plan.shared == gates else torch.cat(rows)
        weights = Weights(
            recurrent.to(dtype),
            None if mask is None else mask.to(dtype),
            self.peephole,
            tuple((weight.to(dtype), bias.to(dtype)) for weight, bias in (products[name] for name in plan.products)),
        )
        before = tuple(state[part] for part in self.cell.state)
        apart = None if apart is None else apart.to(torch.promote_types(dtype, torch.float32))
        outputs, after = scan(plan, self.units, addend.to(dtype), apart, before, weights)
        return outputs, dict(zip(self.cell.state, after, strict=True))

    def by_fused_operator(self, inputs: Read, state: LayerState, weight_hh: Tensor) -> tuple[Tensor, LayerState]:
        """By torch's operator for the whole sequence."""
        assert self.cell.fused is not None
        assert self.cell.fused.torch is not None
        parts = tuple(state[part][None] for part in self.cell.state)
        initial = parts if len(parts) > 1 else parts[0]
        weights = [self.weight_ih, weight_hh, self.bias_ih, self.bias_hh]
        weights += [] if self.weight_hr is None else [self.weight_hr]
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

    def by_equations(
        self, inputs: Read, state: LayerState, weight_hh: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, LayerState]:
        """The same, step by step through the cell's equations: what the others are held to."""
        states = list(self.by_step(inputs, state, weight_hh, mask))
        return torch.stack([after[self.cell.state[0]] for after in states]), states[-1]

    def by_step(
        self, inputs: Read, state: LayerState, weight_hh: Tensor, mask: Tensor | None = None
    ) -> Iterator[LayerState]:
        """The state after each step: the next is computed from these very tensors, so that each has its gradient."""
        cell, gates = self.cell, self.cell.gates
        peephole = {} if self.peephole is None else dict(zip(cell.peepholes, self.peephole, strict=True))
        for share in inputs.project(self.weight_ih, self.bias_ih).unbind():
            x = dict(zip(gates, share.chunk(len(gates), dim=-1), strict=True))
            hidden = state[cell.state[0]]
            u = Products(hidden, gates, weight_hh, self.bias_hh, mask)
            state = dict(cell.step(x, u, state, peephole, torch))  # type: ignore[arg-type]
            if self.weight_hr is not None:
                state[cell.state[0]] = functional.linear(state[cell.state[0]], self.weight_hr)
            yield state

    def step_to_graph(self, graph: Graph, name: str, shares: Symbol, state: Symbols) -> Symbols:
        """One step through the cell's equations. shares: (batch, gates x units), W x + b."""
        cell, equations, plan = self.cell, self.cell.equations, planned(self.cell, False)
        weights, biases = self._by_gate("weight_hh"), self._by_gate("bias_hh")

        def product(vector: Symbol, part: str, gates: Sequence[str]) -> Symbol:
            weight, bias = (np.concatenate([array(values[gate]) for gate in gates]) for values in (weights, biases))
            return graph.linear(vector, f"{name}.{part}", weight, bias, site=f"{name}.hidden")

        from_hidden = product(state[cell.state[0]], "hh", plan.shared) if plan.shared else None
        values = {("before", part): value for part, value in state.items()}
        if plan.are_sums and from_hidden is not None:
            parts = graph.split(shares + from_hidden, parts=len(cell.gates))
            values |= {("sum", gate): part for gate, part in zip(cell.gates, parts, strict=True)}
        else:
            x = dict(zip(cell.gates, graph.split(shares, parts=len(cell.gates)), strict=True))
            blocks = [] if from_hidden is None else graph.split(from_hidden, parts=len(plan.shared))
            u = dict(zip(plan.shared, blocks, strict=True))
            values |= {("x", gate): value for gate, value in x.items()} | {
                ("u", gate): value for gate, value in u.items()
            }
            values |= {("sum", gate): x[gate] + u[gate] for gate in equations.leaves("sum")}
        if self.peephole is not None:
            rows = zip(cell.peepholes, self.peephole, strict=True)
            values |= {("peephole", gate): graph.weight(f"{name}.peephole.{gate}", array(row)) for gate, row in rows}
        after = equations.evaluate(
            lambda node: values[str(node.source), node.name],
            lambda gate, vector: product(vector, f"hh.{gate}", [gate]),
            graph,
        )
        if self.weight_hr is not None:
            after[cell.state[0]] = graph.linear(after[cell.state[0]], f"{name}.hr", array(self.weight_hr), None)
        return after

    def scan_to_graph(
        self, graph: Graph, name: str, shares: Shares, state: Symbols, lengths: Symbol | None = None
    ) -> tuple[Symbol, Symbols]:
        """All steps, as a Scan over the cell's equations.

        lengths: (batch,), where what is read is reversed, so that the outputs are to be put in order again.
        """
        body = graph.child()
        before = {part: body.input(shape=("batch", self.size(part))) for part in self.cell.state}
        after = self.step_to_graph(body, name, shares.of_step(body), before)
        for part in self.cell.state:
            body.output(after[part])
        body.output(after[self.cell.state[0]], body.fresh_name())
        *carried, outputs = graph.scan(body, [state[part] for part in self.cell.state], [shares.scanned])
        outputs = outputs if lengths is None else graph.reversed(outputs, lengths)
        return outputs, dict(zip(self.cell.state, carried, strict=True))

    def suits_fused(self, graph: Graph) -> bool:
        """Whether ONNX has an operator for the layer: never in int8, nor where outputs are projected."""
        return self.cell.fused is not None and graph.precision == "float32" and self.weight_hr is None

    def fused_to_graph(
        self, graph: Graph, name: str, vectors: Symbol, state: Symbols, lengths: Symbol | None = None
    ) -> tuple[Symbol, Symbols]:
        """The same, as the ONNX operator of the cell. vectors: (time, batch, inputs)."""
        fused = self.cell.fused
        assert fused is not None
        first, directions = graph.numbers(0), graph.numbers(1)
        weights, biases = [], []
        for part in ("ih", "hh"):
            matrices, shifts = self._gates_in_graph(graph, f"{name}.{part}", part)
            weights.append(graph.joined([matrices[gate] for gate in fused.onnx_gates]))
            biases += [shifts[gate] for gate in fused.onnx_gates]
        peepholes: list[Symbol | None] = []
        if self.peephole is not None:
            rows = dict(zip(self.cell.peepholes, self.peephole, strict=True))
            sight = [graph.weight(f"{name}.peephole.{gate}", array(rows[gate])) for gate in fused.onnx_peepholes]
            peepholes = [graph.prepared("Unsqueeze", graph.joined(sight), first)]
        parts = [graph.node("Unsqueeze", state[part], first) for part in self.cell.state]
        outputs, *after = graph.nodes_out(
            fused.onnx,
            vectors,
            *(graph.prepared("Unsqueeze", weight, first) for weight in (*weights, graph.joined(biases))),
            None if lengths is None else graph.node("Cast", lengths, to=TensorProto.INT32),
            *parts,
            *peepholes,
            count=1 + len(parts),
            hidden_size=self.units,
            direction="forward" if lengths is None else "reverse",
            **fused.onnx_attributes,
        )
        carried = [graph.node("Squeeze", part, first) for part in after]
        return graph.node("Squeeze", outputs, directions), dict(zip(self.cell.state, carried, strict=True))

    def _gates_in_graph(self, graph: Graph, name: str, part: str) -> tuple[Symbols, Symbols]:
        """Weights and bias of each gate, from the arrays that the equations in the graph use too."""
        gates = self.cell.gates
        seen = gates if part == "ih" else planned(self.cell, False).shared
        weights, biases = self._by_gate(f"weight_{part}"), self._by_gate(f"bias_{part}")
        matrices, shifts = Symbols(), Symbols()
        for place, group in ((name, seen), *((f"{name}.{gate}", (gate,)) for gate in gates if gate not in seen)):
            for kind, values, found in (("weight", weights, matrices), ("bias", biases, shifts)):
                whole = graph.weight(f"{place}.{kind}", np.concatenate([array(values[gate]) for gate in group]))
                found |= zip(group, graph.prepared_parts(whole, parts=len(group)), strict=True)
        return matrices, shifts

    def _by_gate(self, name: str) -> dict[str, Tensor]:
        """A parameter, gate by gate."""
        gates = self.cell.gates
        return dict(zip(gates, getattr(self, name).chunk(len(gates)), strict=True))

    def input_weights(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """W and b of what is read."""
        return array(self.weight_ih), array(self.bias_ih)

    def size(self, part: str) -> int:
        """Of a part of the state."""
        return self.outputs if part == self.cell.state[0] else self.units


class Products(FromHidden):
    """The shares of the gates from a vector, in torch."""

    def __init__(self, vector: Tensor, gates: Sequence[str], weight: Tensor, bias: Tensor, mask: Tensor | None) -> None:
        self._rows = {
            gate: (rows, shift)
            for gate, rows, shift in zip(gates, weight.chunk(len(gates)), bias.chunk(len(gates)), strict=True)
        }
        self._vector, self._mask = vector, mask

    def of(self, gate: str, vector: Tensor, /) -> Tensor:
        return functional.linear(vector if self._mask is None else vector * self._mask, *self._rows[gate])

    def __getitem__(self, gate: str) -> Tensor:
        return self.of(gate, self._vector)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def array(values: Tensor) -> NDArray[np.float32]:
    """A parameter, or a part of one, as an array."""
    return np.asarray(values.detach().cpu().numpy())


def product_type(weight: Tensor) -> torch.dtype:
    """The type of matrix products with a weight: bfloat16 under autocast, on the processor."""
    is_rounded = weight.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    return torch.get_autocast_dtype("cpu") if is_rounded else weight.dtype
