"""A cell's step as a graph of operations: the step, given names for arrays, writes down what it would compute.

So a scan can be planned before it runs, and its way back derived, for any cell that is only its equations.
"""

import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isclose, tanh
from random import Random
from typing import Any, Literal

Operation = Literal["add", "subtract", "multiply", "sigmoid", "tanh", "relu", "product", "leaf", "number"]
Source = Literal["x", "u", "sum", "before", "peephole"]  # of a leaf; sum: x + u, where they enter in no other way

TRIALS, FAR = 300, 9.0  # of an output, and how far what it is computed from lies
MOVES, NEAR, SAME = 30, 2.0, 1e-9  # the same where no function is to be flat; what two results may differ by
FUNCTIONS = ("sigmoid", "tanh", "relu")
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
}


@dataclass(frozen=True, eq=False)
class Node:
    """A value of a step: an operation on others, a leaf, or a number."""

    operation: Operation
    operands: tuple["Node", ...] = ()
    source: Source | None = None  # of a leaf
    name: str = ""  # of a leaf's gate or part, of a product's gate
    value: float = 0.0  # of a number

    def __add__(self, other: Any) -> "Node":
        return Node("add", (self, as_node(other)))

    def __radd__(self, other: Any) -> "Node":
        return Node("add", (as_node(other), self))

    def __sub__(self, other: Any) -> "Node":
        return Node("subtract", (self, as_node(other)))

    def __rsub__(self, other: Any) -> "Node":
        return Node("subtract", (as_node(other), self))

    def __mul__(self, other: Any) -> "Node":
        return Node("multiply", (self, as_node(other)))

    def __rmul__(self, other: Any) -> "Node":
        return Node("multiply", (as_node(other), self))

    def __neg__(self) -> "Node":
        return 0 - self

    def __truediv__(self, other: float) -> "Node":
        return self * (1 / other)

    def __bool__(self) -> bool:
        raise TypeError("an equation asks nothing of its values: it is the same for all of them")


def as_node(value: Any) -> Node:
    """A node, or a number as one."""
    if isinstance(value, Node):
        return value
    if isinstance(value, int | float):
        return Node("number", value=float(value))
    raise TypeError(f"an equation adds, subtracts and multiplies blocks and numbers, not {type(value).__name__}")


class NodeOps:
    """The functions of an equation, written down."""

    def sigmoid(self, a: Node) -> Node:
        return Node("sigmoid", (a,))

    def tanh(self, a: Node) -> Node:
        return Node("tanh", (a,))

    def relu(self, a: Node) -> Node:
        return Node("relu", (a,))


class Leaves(Mapping[str, Node]):
    """Named values that a step is given."""

    def __init__(self, source: Source, names: Sequence[str]) -> None:
        self._nodes = {name: Node("leaf", source=source, name=name) for name in names}

    def __getitem__(self, name: str) -> Node:
        if name not in self._nodes:
            raise TypeError(f"there is no {name!r} here: {', '.join(self._nodes) or 'nothing'}")
        return self._nodes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def of(self, gate: str, vector: Node) -> Node:
        """The product of another vector, written down."""
        return Node("product", (vector,), name=self[gate].name)


@dataclass(frozen=True)
class Equations:
    """What a step computes. after: the node of each part of the state. order: every node, operands first."""

    after: Mapping[str, Node]
    order: tuple[Node, ...]

    def leaves(self, *sources: Source) -> tuple[str, ...]:
        """The names of the leaves from these sources, in order of use."""
        return tuple(node.name for node in self.order if node.source in sources)

    def reads_before(self, part: str) -> bool:
        """Whether the step reads this part of the last state itself, not only through a product."""
        return part in self.leaves("before")

    @property
    def products(self) -> tuple[str, ...]:
        """The gates whose share is of another vector than the last hidden one."""
        return tuple(node.name for node in self.order if node.operation == "product")

    def evaluate(self, leaf: Callable[[Node], Any], product: Callable[[str, Any], Any], ops: Any) -> dict[str, Any]:
        """The state after, on any arrays. leaf: the value of a leaf; product: U v + c of a gate."""
        values = self.values(leaf, product, ops)
        return {part: values[node] for part, node in self.after.items()}

    def values(self, leaf: Callable[[Node], Any], product: Callable[[str, Any], Any], ops: Any) -> dict[Node, Any]:
        """The same of every node."""
        values: dict[Node, Any] = {}
        for node in self.order:
            operands = [values[operand] for operand in node.operands]
            if node.operation == "leaf":
                values[node] = leaf(node)
            elif node.operation == "number":
                values[node] = node.value
            elif node.operation == "product":
                values[node] = product(node.name, *operands)
            elif node.operation in BINARY:
                values[node] = BINARY[node.operation](*operands)
            else:
                values[node] = getattr(ops, node.operation)(*operands)
        return values

    @cached_property
    def activations(self) -> Mapping[str, Node]:
        """Each gate as it acts: the first function that its shares enter.

        Left out is a gate that enters the state without one, or whose function is a part of the state itself.
        """
        found: dict[str, Node] = {}
        carries: dict[Node, frozenset[str]] = {}  # whose shares are in a node, and in no function yet
        for node in self.order:
            if node.source in ("x", "u", "sum") or node.operation == "product":
                carries[node] = frozenset([node.name])
                continue
            carries[node] = frozenset().union(*(carries[operand] for operand in node.operands))
            is_function, is_part = node.operation in FUNCTIONS, node in self.after.values()
            if is_function and not is_part:
                found |= {gate: node for gate in carries[node] if gate not in found}
            if is_function or is_part:
                carries[node] = frozenset()
        return found


def largest_entry(equations: Equations, output: str, *, bound: float) -> float:
    """The largest output that was seen among many by chance, from outputs within a bound and anything else."""
    random, largest = Random(0), 0.0

    def leaf(node: Node) -> float:
        is_output = (node.source, node.name) == ("before", output)
        return random.uniform(-bound, bound) if is_output else random.uniform(-FAR, FAR)

    for _ in range(TRIALS):
        after = equations.evaluate(leaf, lambda gate, vector: random.uniform(-FAR, FAR), Numbers())
        largest = max(largest, abs(after[output]))
    return largest


def enters_as_sum(equations: Equations, gate: str) -> bool:
    """Whether a gate's two biases matter only by their sum: to move some from one to the other changes nothing."""
    if gate in equations.leaves("sum") and gate not in equations.products:
        return True  # without trials: every model that is opened asks
    random = Random(0)

    def after(moved: float, values: Mapping[tuple[Source | None, str], float]) -> dict[str, Any]:
        shift = {("x", gate): moved, ("u", gate): -moved}

        def leaf(node: Node) -> float:
            return values[node.source, node.name] + shift.get((node.source or "", node.name), 0.0)

        def product(name: str, vector: float) -> float:
            return values["u", name] * vector + shift.get(("u", name), 0.0)

        return equations.evaluate(leaf, product, Numbers())

    for _ in range(MOVES):
        leaves = [(node.source, node.name) for node in equations.order if node.operation == "leaf"]
        names = [*leaves, *(("u", name) for name in equations.products)]
        values = {name: random.uniform(-NEAR, NEAR) for name in names}
        before, moved = after(0.0, values), after(1.0, values)
        if not all(isclose(moved[part], value, rel_tol=SAME, abs_tol=SAME) for part, value in before.items()):
            return False
    return True


class Numbers:
    """The functions of an equation on single numbers."""

    def sigmoid(self, a: float) -> float:
        return 0.5 + 0.5 * tanh(a / 2)

    def tanh(self, a: float) -> float:
        return tanh(a)

    def relu(self, a: float) -> float:
        return max(a, 0.0)


def trace(step: Callable[..., Any], gates: Sequence[str], state: Sequence[str], peepholes: Sequence[str]) -> Equations:
    """The equations of a step. Raises TypeError where it does what no equation may."""
    x, u = Leaves("x", gates), Leaves("u", gates)
    after = dict(step(x, u, Leaves("before", state), Leaves("peephole", peepholes), NodeOps()))
    if tuple(after) != tuple(state) or not all(isinstance(node, Node) for node in after.values()):
        raise TypeError(f"a step returns the state after it: {', '.join(state)}, in this order")
    order, ends = list(in_order(after.values())), set(after.values())
    uses = Counter(operand for node in order for operand in node.operands)
    pairs = {frozenset((x[gate], u[gate])): gate for gate in gates if uses[x[gate]] == uses[u[gate]] == 1}
    sums = {
        node: Node("leaf", source="sum", name=pairs[frozenset(node.operands)])
        for node in order
        if node.operation == "add" and node not in ends and frozenset(node.operands) in pairs
    }
    replaced: dict[Node, Node] = {}
    for node in order:
        operands = tuple(replaced[operand] for operand in node.operands)
        same = operands == node.operands
        kept = node if same else Node(node.operation, operands, node.source, node.name, node.value)
        replaced[node] = sums.get(node, kept)
    after = {part: replaced[node] for part, node in after.items()}
    if len(set(after.values())) < len(after) or any(node.operation in ("leaf", "number") for node in after.values()):
        raise TypeError("each part of the state after a step is computed in it, and by itself")
    return Equations(after, tuple(in_order(after.values())))


def in_order(ends: Any) -> Iterator[Node]:
    """Every node that the ends are computed from, operands first, each once."""
    seen: set[Node] = set()

    def visit(node: Node) -> Iterator[Node]:
        if node in seen:
            return
        seen.add(node)
        for operand in node.operands:
            yield from visit(operand)
        yield node

    for end in ends:
        yield from visit(end)
