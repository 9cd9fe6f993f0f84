"""The equations of a cell as textbooks write them, read off its step: `forget_t = sigmoid(W_forget x_t + …)`.

A vector has its time behind it. `W x` and `U h` are products with matrices, and `*` multiplies entry by entry.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from textrnn.cells.cell import Cell
from textrnn.cells.equations import Node, in_order

SUM, MATRIX_PRODUCT, PRODUCT, ATOM = range(4)  # how tightly what is written holds together
SIGNS = {"add": "+", "subtract": "-", "multiply": "*"}


@dataclass(frozen=True)
class Equation:
    """A line of a step: what it computes, and how."""

    name: str
    text: str


def written(cell: Cell, *, now: str = "t", before: str = "{t-1}") -> list[Equation]:
    """The equations of one step, each after those that it needs; the gates first. now, before: of this and the last."""
    lines = named(cell)
    names = {node: f"{name}_{now}" for name, node in lines.items()}
    writer = Writer(cell, names, now, before)
    found, waiting = [], list(lines.items())
    while waiting:
        left = [node for _, node in waiting]
        name, node = next(line for line in waiting if not set(in_order(line[1].operands)) & set(left))
        waiting.remove((name, node))
        found.append(Equation(name, f"{names[node]} = {writer.computed(node)[0]}"))
    return found


def unfolded(cell: Cell, steps: int) -> Iterator[tuple[int, Equation]]:
    """The equations of the steps 1, 2 and so on, each with its number."""
    for step in range(1, steps + 1):
        for equation in written(cell, now=str(step), before=str(step - 1)):
            yield step, equation


def named(cell: Cell) -> dict[str, Node]:
    """What has a line of its own, by name: each gate, what is used more than once, and the state after the step."""
    equations = cell.equations
    state = {node: part for part, node in equations.after.items()}
    shared = Counter(equations.activations.values())
    gates = {gate: node for gate, node in equations.activations.items() if shared[node] == 1}
    uses = Counter(operand for node in equations.order for operand in node.operands)
    known = {*state, *gates.values()}
    values = [
        node
        for node in equations.order
        if uses[node] > 1 and node not in known and node.operation not in ("leaf", "number")
    ]
    return {
        **{f"{gate}_gate" if gate in cell.state else gate: gates[gate] for gate in cell.gates if gate in gates},
        **{f"value{number}": node for number, node in enumerate(values, start=1)},
        **{part: node for node, part in state.items()},
    }


@dataclass(frozen=True)
class Writer:
    """Writes what nodes compute; names: of those that have a line of their own."""

    cell: Cell
    names: dict[Node, str]
    now: str
    before: str

    def text(self, node: Node) -> tuple[str, int]:
        """A node within a line, and how tightly it holds together."""
        return (self.names[node], ATOM) if node in self.names else self.computed(node)

    def computed(self, node: Node) -> tuple[str, int]:
        """How a node is computed."""
        if node.operation == "leaf":
            return self.leaf(node)
        if node.operation == "number":
            return repr(node.value).removesuffix(".0"), ATOM if node.value >= 0 else SUM
        operands = [self.text(operand) for operand in node.operands]
        if node.operation == "product":
            return self.share_of_hidden(node.name, within(*operands[0], least=ATOM))
        if node.operation not in SIGNS:
            return f"{node.operation}({operands[0][0]})", ATOM
        left, right = operands
        holds = PRODUCT if node.operation == "multiply" else SUM
        first = within(*left, least=holds)
        second = within(*right, least=MATRIX_PRODUCT if node.operation == "subtract" else holds)
        return f"{first} {SIGNS[node.operation]} {second}", holds

    def leaf(self, node: Node) -> tuple[str, int]:
        """What a step is given."""
        gate, hidden = node.name, f"{self.cell.state[0]}_{self.before}"
        if node.source == "before":
            return f"{node.name}_{self.before}", ATOM
        if node.source == "peephole":
            return f"p_{gate}", ATOM
        if node.source == "u":
            return self.share_of_hidden(gate, hidden)
        if node.source == "x":
            return f"W_{gate} x_{self.now} + b_{gate}", SUM
        return f"W_{gate} x_{self.now} + U_{gate} {hidden} + b_{gate}", SUM

    def share_of_hidden(self, gate: str, vector: str) -> tuple[str, int]:
        """U v, and its bias where that is not one with the gate's other."""
        if gate in self.cell.second_biases:
            return f"U_{gate} {vector} + c_{gate}", SUM
        return f"U_{gate} {vector}", MATRIX_PRODUCT


def within(text: str, holds: int, *, least: int) -> str:
    """What is written, in parentheses where it holds together less than what stands around it needs."""
    return text if holds >= least else f"({text})"
