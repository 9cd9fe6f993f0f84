"""A cell's equations planned as calls on buffers, there and back, before any buffer exists.

A slot names a buffer of one step; a frame holds the tensors of one step by the number of their slot. The way back is
derived from the equations by reverse accumulation (Linnainmaa, 1970): through each operation in turn, the last first.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from textrnn.cells.cell import Cell
from textrnn.cells.equations import Node

Frame = Sequence[Tensor]  # the tensors of one step, by the number of their slot
Act = Callable[[Frame], object]

PROJECTION = "(projection)"  # the product after the last equation

through_tanh = torch.ops.aten.tanh_backward.grad_input  # d (1 - t²), for t = tanh a
through_sigmoid = torch.ops.aten.sigmoid_backward.grad_input  # d s (1 - s), for s = sigmoid a
through_relu = torch.ops.aten.threshold_backward.grad_input  # d where r > 0, for r = relu a
MINUS_ONE = torch.tensor(-1.0)


class Slot(NamedTuple):
    """A buffer. d: of the gradient with respect to what `kind` and `name` say, and not of the value."""

    kind: str
    name: str | int | float = ""
    d: bool = False


def tanh(a: Tensor, *, out: Tensor) -> Tensor:
    """2 sigmoid(2 a) - 1: the library's sigmoid is five times as fast as its tanh."""
    return torch.add(MINUS_ONE, torch.mul(a, 2, out=out).sigmoid_(), alpha=2, out=out)


def relu(a: Tensor, *, out: Tensor) -> Tensor:
    """The larger of a and 0."""
    return torch.clamp_min(a, 0, out=out)


FORWARD: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "sigmoid": torch.sigmoid,
    "tanh": tanh,
    "relu": relu,
}
THROUGH: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {  # gradient and value of the result, and out
    "sigmoid": lambda d, value, out: through_sigmoid(d, value, grad_input=out),
    "tanh": lambda d, value, out: through_tanh(d, value, grad_input=out),
    "relu": lambda d, value, out: through_relu(d, value, 0, grad_input=out),
}
OWN = ("sum", "u", "x")  # sources of leaves whose gradient has a buffer of its own


class Plan:
    """What a scan of a cell does in each step.

    forward, backward: the calls, in order, on frames of `slots` and `backward_slots`. shared: the gates whose product
    with the last hidden vector is taken at the beginning of a step; apart: those whose share of the input enters by
    itself. are_sums: all gates see x and u as x + u alone, so that these may be added for all at once. products:
    further products, each of a gate with another vector, and the projection.
    """

    def __init__(self, cell: Cell, *, is_projected: bool) -> None:
        equations = cell.equations
        self.state, self.peepholes = cell.state, cell.peepholes
        order, after = list(equations.order), dict(equations.after)
        if is_projected:
            after[cell.state[0]] = Node("product", (after[cell.state[0]],), name=PROJECTION)
            order.append(after[cell.state[0]])
        self.summed = equations.leaves("sum")
        self.are_sums = len(self.summed) == len(cell.gates)
        self.shared = cell.shared
        self.apart = tuple(gate for gate in cell.gates if gate in equations.leaves("x"))
        products = tuple(node for node in order if node.operation == "product")
        self.products = tuple(node.name for node in products)
        self.reads_output = equations.reads_before(cell.state[0])
        there = Forward(order, after, products)
        back = Backward(there)
        self.keeps_output = self.reads_output or after[cell.state[0]] in there.needed
        self.forward, self.slots = there.acts, tuple(there.frame)
        self.backward, self.backward_slots = back.acts, tuple(back.frame)


@lru_cache(maxsize=64)
def planned(cell: Cell, is_projected: bool) -> Plan:
    """The plan of a cell, made once."""
    return Plan(cell, is_projected=is_projected)


class Forward:
    """The calls of a step, and where each value lies. needed: the values that the way back reads."""

    def __init__(self, order: Sequence[Node], after: Mapping[str, Node], products: Sequence[Node]) -> None:
        self.order, self.products = order, products
        self.number = {node: number for number, node in enumerate(order)}
        self.parts = {node: part for part, node in after.items()}
        self.uses = Counter([*self.parts, *(operand for node in order for operand in node.operands)])
        self.needed = {value for node in order for value in read_on_the_way_back(node)}
        self.frame: dict[Slot, int] = {}
        self.slots: dict[Node, Slot] = {}
        self.acts: list[Act] = []
        for node in order:
            self.slots[node] = self._slot(node)
            if node.operation not in ("leaf", "number"):
                self.acts.append(self._act(node))

    def place(self, slot: Slot) -> int:
        return self.frame.setdefault(slot, len(self.frame))

    def _slot(self, node: Node) -> Slot:
        """Where a value lies: over an operand that nothing else reads, where it can."""
        if node.operation == "number":
            return Slot("number", node.value)
        if node.operation == "leaf":
            return Slot("pre" if node.source in ("sum", "u") else str(node.source), node.name)
        if node in self.parts:
            return Slot("after", self.parts[node])
        for operand in node.operands:
            slot = self.slots[operand]
            if slot.kind == "pre" and self.uses[operand] == 1 and operand not in self.needed:
                return slot
        return Slot("saved" if node in self.needed else "temporary", self.number[node])

    def _act(self, node: Node) -> Act:
        places = [self.place(self.slots[operand]) for operand in node.operands]
        out = self.place(self.slots[node])
        if node.operation == "product":
            index = self.products.index(node)
            vector, weight, bias, mask = (
                self.place(Slot(kind, index)) for kind in ("vector", "weight", "bias", "mask")
            )
            return product(places[0], vector, weight, bias, mask, out)
        return call(FORWARD[node.operation], places, out)


class Gift(NamedTuple):
    """A contribution to a gradient: to a buffer that has nothing in it yet, and to one that has."""

    write: Callable[[Frame, Tensor], object]
    add: Callable[[Frame, Tensor], object]


def call(function: Callable[..., Tensor], operands: Sequence[int], out: int) -> Act:
    """A function of one or two values."""
    if len(operands) == 1:
        (a,) = operands
        return lambda frame: function(frame[a], out=frame[out])
    a, b = operands
    return lambda frame: function(frame[a], frame[b], out=frame[out])


def product(value: int, vector: int, weight: int, bias: int, mask: int, out: int) -> Act:
    """W (v * mask) + b; what W is multiplied by is kept, in the type of the products."""

    def act(frame: Frame) -> None:
        kept = torch.mul(frame[value], frame[mask], out=frame[vector])
        frame[out].copy_(torch.addmm(frame[bias], kept, frame[weight].T))

    return act


def back_through_product(d: int, saved: int, weight: int, mask: int) -> Gift:
    """(d W) * mask; d is kept for the gradient of W."""

    def back(frame: Frame) -> Tensor:
        return torch.mm(frame[saved].copy_(frame[d]), frame[weight]).mul_(frame[mask])

    return Gift(lambda frame, out: out.copy_(back(frame)), lambda frame, out: out.add_(back(frame)))


def zero(out: int) -> Act:
    """Nothing: a value that is not read has no gradient."""
    return lambda frame: frame[out].zero_()


def times(d: int, value: int) -> Gift:
    """d times a value."""
    return Gift(
        lambda frame, out: torch.mul(frame[d], frame[value], out=out),
        lambda frame, out: out.addcmul_(frame[d], frame[value]),
    )


def through(function: Callable[[Tensor, Tensor, Tensor], Tensor], d: int, value: int, scratch: int) -> Gift:
    """d times the derivative of a function, which its value gives."""
    return Gift(
        lambda frame, out: function(frame[d], frame[value], out),
        lambda frame, out: out.add_(function(frame[d], frame[value], frame[scratch])),
    )


def same(d: int, sign: int) -> Gift:
    """d or -d."""
    return Gift(
        lambda frame, out: torch.mul(frame[d], sign, out=out),
        lambda frame, out: out.add_(frame[d], alpha=sign),
    )


class Backward:
    """The calls of a step's way back: through each operation in turn, the last first."""

    def __init__(self, there: Forward) -> None:
        self.there = there
        self.frame: dict[Slot, int] = {}
        self.gradients = {node: Slot("after", part, d=True) for node, part in there.parts.items()}
        self.begun = set(there.parts)  # nodes whose gradient has something in it
        self.begun |= {node for node in there.order if node.source == "peephole"}  # these add up over the steps
        self.acts = [act for node in reversed(there.order) for act in self._through(node)]
        read = {node.name for node in there.order if node.source == "before"}
        unread = [part for part in list(there.parts.values()) if part not in read]
        self.acts += [zero(self.place(Slot("before", part, d=True))) for part in unread]

    def place(self, slot: Slot) -> int:
        return self.frame.setdefault(slot, len(self.frame))

    def _through(self, node: Node) -> list[Act]:
        """From the gradient with respect to a node to those with respect to its operands."""
        if node.operation in ("leaf", "number"):
            return []
        if node.operation in ("add", "subtract"):
            first, second = node.operands
            return [*self._pass(node, first), *self._pass(node, second, sign=1 if node.operation == "add" else -1)]
        d = self.place(self._gradient(node))
        if node.operation == "multiply":
            first, second = node.operands
            values = [self.place(self.there.slots[operand]) for operand in node.operands]
            return [*self._give(first, times(d, values[1])), *self._give(second, times(d, values[0]))]
        if node.operation == "product":
            index = self.there.products.index(node)
            slots = Slot("product", index, d=True), Slot("weight", index), Slot("mask", index)
            return self._give(node.operands[0], back_through_product(d, *(self.place(slot) for slot in slots)))
        value, scratch = self.place(self.there.slots[node]), self.place(Slot("scratch"))
        return self._give(node.operands[0], through(THROUGH[node.operation], d, value, scratch))

    def _pass(self, node: Node, operand: Node, *, sign: int = 1) -> list[Act]:
        """A gradient as it is: in the same buffer, where nothing else comes to it."""
        mine = self._gradient(node)
        if sign == 1 and operand not in self.begun and self.there.uses[operand] == 1:
            if operand.operation not in ("leaf", "number"):
                self.gradients.setdefault(operand, mine)
            if self._gradient(operand) == mine:
                self.begun.add(operand)
                return []
        return self._give(operand, same(self.place(mine), sign))

    def _give(self, operand: Node, gift: Gift) -> list[Act]:
        """Add to the gradient with respect to an operand; the first to do so writes."""
        if operand.operation == "number":
            return []
        out = self.place(self._gradient(operand))
        act = gift.add if operand in self.begun else gift.write
        self.begun.add(operand)
        return [lambda frame: act(frame, frame[out])]

    def _gradient(self, node: Node) -> Slot:
        """Where the gradient with respect to a node lies: for a sum, where that of its leaf does."""
        if node not in self.gradients:
            slot = Slot("gradient", self.there.number[node], d=True)
            if node.operation == "leaf":
                slot = Slot(self.there.slots[node].kind, node.name, d=True)
            elif node.operation == "add":
                leaves = [leaf for leaf in node.operands if leaf.source in OWN and self.there.uses[leaf] == 1]
                slot = self._gradient(leaves[0]) if leaves else slot
            self.gradients[node] = slot
        return self.gradients[node]


def read_on_the_way_back(node: Node) -> tuple[Node, ...]:
    """The values that the way back through an operation reads."""
    if node.operation == "multiply":
        return node.operands
    return (node,) if node.operation in THROUGH else ()
