"""What a recurrent cell is: its gates, its state and the equations of one step, in no framework at all."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any, Protocol

from textrnn.cells.equations import Equations, largest_entry, trace

Array = Any  # numpy.ndarray, torch.Tensor or networks.graph.Symbol: whatever has +, - and *
Gates = Mapping[str, Array]  # one (batch, units) block for each gate
State = Mapping[str, Array]  # one (batch, units) block for each thing that is carried


class FromHidden(Mapping[str, Array]):
    """Each gate's share from the last hidden vector: U h + c, (batch, units)."""

    @abstractmethod
    def of(self, gate: str, vector: Array, /) -> Array:
        """U v + c of one gate, for another vector v (batch, units) with no larger entries than h has."""


class Ops(Protocol):
    """The functions an equation may use; torch, NumPy and the ONNX builder each supply them."""

    def sigmoid(self, a: Array, /) -> Array:
        """1 / (1 + exp(-a)), element by element."""

    def tanh(self, a: Array, /) -> Array:
        """Hyperbolic tangent, element by element."""

    def relu(self, a: Array, /) -> Array:
        """The larger of a and 0, element by element."""


Step = Callable[[Gates, FromHidden, State, Gates, Ops], State]


@dataclass(frozen=True)
class Fused:
    """Ready-made kernels of the same equations over a whole sequence."""

    onnx: str  # operator of the default ONNX domain
    onnx_gates: tuple[str, ...]  # whose weights it takes, in its order
    onnx_peepholes: tuple[str, ...] = ()
    onnx_attributes: Mapping[str, Any] = field(default_factory=dict)
    torch: str | None = None  # function torch.<name> over a sequence, with the weights of the nn module
    onednn: bool = False  # which on a processor has a kernel of oneDNN's, in float32 faster than a scan


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell by name, with its equations.

    `step(x, u, before, peephole, ops)` computes one time step. `x` is each gate's share from the input (W x + b), `u`
    its share from the last hidden vector (U h + c), `before` the state, `peephole` the weights of the gates that look
    at the memory, (units,) each; it returns the state after. It uses +, -, * and `ops` alone, so that it runs on any
    arrays.
    """

    name: str
    gates: tuple[str, ...]  # the blocks of the weight matrices, in torch's order
    state: tuple[str, ...]  # what one step hands to the next; the first is the output
    step: Step
    peepholes: tuple[str, ...] = ()  # gates with a weight for each entry of the memory
    fused: Fused | None = None
    open_gates: tuple[str, ...] = ()  # gates whose bias starts at 1, so that the cell remembers from the start
    bound: float | None = None  # no entry of the output is larger; None where that is not known

    def problem(self) -> str:
        """What is wrong with it, in one line; nothing where all is well."""
        for field_name, names in (("gates", self.gates), ("state", self.state)):
            if type(names) is not tuple or not names or len(set(names)) < len(names):
                return f"{field_name} is a tuple of names, at least one and each once, not {names!r}"
        for field_name, names in (
            ("peepholes", self.peepholes),
            ("open_gates", self.open_gates),
            ("fused", (*self.fused.onnx_gates, *self.fused.onnx_peepholes) if self.fused else ()),
        ):
            for gate in names:
                if gate not in self.gates:
                    return f"{field_name} names {gate!r}, which is not one of its gates {', '.join(self.gates)}"
        if self.bound is not None and not 0 < self.bound < inf:
            return f"its bound is a size above 0, not {self.bound}"
        try:
            equations = self.equations
        except Exception as error:  # the step is the user's, and may raise anything
            return f"its step is no equation: {type(error).__name__}: {' '.join(str(error).split())}"
        if not equations.leaves("sum", "u"):
            return "its step reads no share of the last hidden vector, u[gate]"
        for name, gates, read in (
            ("x", self.gates, equations.leaves("sum", "x")),
            ("peephole", self.peepholes, equations.leaves("peephole")),
        ):
            for gate in gates:
                if gate not in read:
                    return f"its step does not read {name}[{gate!r}]"
        return self._broken_promise()

    def _broken_promise(self) -> str:
        """What is wrong with the bound."""
        if self.bound is None:
            return ""
        largest = largest_entry(self.equations, self.state[0], bound=self.bound)
        is_kept = largest <= self.bound * (1 + 1e-9)
        return "" if is_kept else f"its bound is {self.bound:g}, and its output reaches {largest:.3g}"

    @cached_property
    def equations(self) -> Equations:
        """The step as a graph of operations."""
        return trace(self.step, self.gates, self.state, self.peepholes)

    @property
    def shared(self) -> tuple[str, ...]:
        """The gates whose product with the last hidden vector is taken at the beginning of a step, for all at once."""
        return tuple(gate for gate in self.gates if gate in self.equations.leaves("sum", "u"))

    @property
    def projects(self) -> bool:
        """Whether its output may be projected: it is bounded, and a step reads the last one through U h + c alone."""
        equations = self.equations
        return self.bound is not None and not equations.reads_before(self.state[0]) and not equations.products
