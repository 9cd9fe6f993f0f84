"""What a recurrent cell is: its gates, its state and the equations of one step, in no framework at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Array = Any  # numpy.ndarray, torch.Tensor or networks.graph.Symbol: whatever has +, - and *
Gates = Mapping[str, Array]  # one (batch, units) block for each gate
State = Mapping[str, Array]  # one (batch, units) block for each thing that is carried


class Ops(Protocol):
    """The functions an equation may use; torch, the NumPy reference and the ONNX builder each supply them."""

    def sigmoid(self, a: Array, /) -> Array:
        """1 / (1 + exp(-a)), element by element."""

    def tanh(self, a: Array, /) -> Array:
        """Hyperbolic tangent, element by element."""


@dataclass(frozen=True)
class Fused:
    """The whole-sequence operators that compute the same equations faster."""

    torch: str  # function torch.<name> over a sequence, with nn.<NAME>'s weight layout
    onnx: str  # operator of the default ONNX domain
    onnx_gates: tuple[str, ...]  # its order of the gate blocks


@dataclass(frozen=True)
class Cell:
    """A cell by name, with its equations.

    `step(x, u, before, ops)` computes one time step. `x` is each gate's share from the input (W x + b),
    `u` its share from the last hidden vector (U h + c), `before` the state; it returns the state after.
    """

    name: str
    gates: tuple[str, ...]  # the blocks of the weight matrices, in torch's order
    state: tuple[str, ...]  # what one step hands to the next; the first is the output
    step: Callable[[Gates, Gates, State, Ops], State]
    fused: Fused | None = None
    sums_shares: bool = False  # x and u of a gate enter as x + u alone, so that they may be added all at once
    open_gates: tuple[str, ...] = ()  # gates whose bias starts at 1, so that the cell remembers from the start
