"""Cells with equations made up by chance, of everything that an equation may hold."""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from textrnn.cells import Cell

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
FUNCTIONS = ("sigmoid", "tanh", "relu")
NUMBERS = (1, 2, 0.5, -1.5)


class Line(NamedTuple):
    """One line of a step: what is done, and to which of the values before it; a line's own value joins them."""

    does: str
    to: tuple[int, ...]
    number: float | None = None
    gate: str = ""


def lines_over(values: int, gates: tuple[str, ...]) -> st.SearchStrategy[Line]:
    """Any line, where so many values stand before it."""
    value = st.integers(0, values - 1)
    recent = st.integers(max(0, values - 3), values - 1)
    signs, numbers = st.sampled_from(list(OPERATORS)), st.sampled_from(NUMBERS)
    return st.one_of(
        st.tuples(signs, st.tuples(recent, value) | st.tuples(value, recent)),
        st.tuples(signs.map("number {}".format) | signs.map("{} number".format), st.tuples(recent), numbers),
        st.tuples(st.sampled_from(FUNCTIONS), st.tuples(recent)),
        st.tuples(st.just("of"), st.tuples(recent), st.none(), st.sampled_from(gates)),
    ).map(lambda parts: Line(*parts))


def step_of(lines: list[Line], after: dict[str, int]) -> Callable[..., dict[str, Any]]:
    """The step that computes these lines and returns, of each part, the line with this number."""

    def step(x, u, before, peephole, ops):
        leaves = [(source, name) for source in (x, u, before, peephole) for name in source]
        values = {}

        def value(index):
            """Computed when it is asked for: what the state after does not need is no part of the equations."""
            if index not in values:
                values[index] = computed(index)
            return values[index]

        def computed(index):
            if index < len(leaves):
                source, name = leaves[index]
                return source[name]
            does, to, number, gate = lines[index - len(leaves)]
            operands = [value(operand) for operand in to]
            if does == "of":
                return u.of(gate, *operands)
            if does in FUNCTIONS:
                return getattr(ops, does)(*operands)
            if does.startswith("number"):
                return OPERATORS[does[-1]](number, *operands)
            if does.endswith("number"):
                return OPERATORS[does[0]](*operands, number)
            return OPERATORS[does](*operands)

        return {part: value(len(leaves) + line) for part, line in after.items()}

    return step


@st.composite
def random_cells(draw: st.DrawFn) -> Cell:
    """A cell of one to three gates and one or two parts of the state."""
    gates = ("memory", "hidden", "gate")[: draw(st.integers(1, 3))]  # a gate may be called as a part is
    state = ("hidden", "memory")[: draw(st.integers(1, 2))]
    peepholes = gates[: draw(st.integers(0, len(gates)))]
    leaves = 2 * len(gates) + len(state) + len(peepholes)
    is_of_batch = [True] * (leaves - len(peepholes)) + [False] * len(peepholes)  # and not the same for every sequence
    lines: list[Line] = []
    for _ in range(draw(st.integers(0, 10))):
        lines.append(draw(lines_over(len(is_of_batch), gates)))
        is_of_batch.append(any(is_of_batch[index] for index in lines[-1].to))
    ends = [number for number in range(len(lines)) if is_of_batch[leaves + number]][-len(state) :]
    while len(ends) < len(state):
        ends.append(len(lines))
        lines.append(Line("+", (0, leaves + len(lines) - 1)))
    after = dict(zip(state, draw(st.permutations(ends)), strict=True))
    name = f"made up: {[tuple(line) for line in lines]} {after}"
    return Cell(name, gates=gates, state=state, step=step_of(lines, after), peepholes=peepholes, bound=1.0)
