"""Gradients through time for people: a few distances of each series, what they come to, and what explains it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from textrnn.tasks.grouping import in_groups

if TYPE_CHECKING:
    from textrnn.training.gradient_series import Series

DISTANCES = (0, 1, 2, 5, 10, 20, 50)  # and the last
IN_A_TABLE = 5  # series side by side


def row_of(series: "Series", step: int, *, others: Sequence[str], clip: float) -> Mapping[str, Any]:
    """One step of a series, by its place from 0.

    others: the names of what any of the cells carries beside the hidden vector.
    """
    flow, variant = series.flow, series.variant
    return {
        "cell": variant.cell,
        "start": variant.start,
        "scale": variant.scale,
        "forget_bias": variant.forget_bias,
        "when": series.when,
        "layer": flow.layer,
        "step": step + 1,
        "distance": len(flow.hidden) - 1 - step,
        "hidden": float(flow.hidden[step]),
        **{name: float(flow.others[name][step]) if name in flow.others else None for name in others},
        "weights": flow.weights,
        "weights_clipped": flow.weights * flow.clipped_by(clip),
    }


def print_digest(series: "Sequence[Series]", *, clip: float, file: IO[str]) -> None:
    """The norm at a few distances, the factor of a step and the verdict; a column for each series."""
    from rich.console import Console
    from rich.table import Table

    console, is_twofold = Console(file=file), len({each.when for each in series}) > 1
    for some in in_groups(series, IN_A_TABLE):
        columns = [cells_of(each, clip=clip) for each in some]
        table = Table("distance")
        for each in some:
            table.add_column(
                f"{each.name}\n{each.when if is_twofold else ''}".strip(), justify="right", overflow="fold"
            )
        for name in dict.fromkeys(name for column in columns for name in column):
            table.add_row(name, *(column.get(name, "") for column in columns))
        console.print(table)


def cells_of(series: "Series", *, clip: float) -> dict[str, str]:
    """A column of the table."""
    from textrnn.training.gradients import factor_of

    flow = series.flow
    last = len(flow.hidden) - 1
    cells = {
        f"{distance}": f"{flow.hidden[last - distance]:.1e}" for distance in (*DISTANCES, last) if distance <= last
    }
    cells["factor"] = shown(flow.factor)
    cells["verdict"] = flow.verdict
    cells |= {f"{name}: factor": shown(factor_of(norms)) for name, norms in flow.others.items()}
    cells["all weights"] = f"{flow.weights:.1e}"
    cells["clipped"] = f"{flow.weights * flow.clipped_by(clip):.1e}"
    return cells


def shown(factor: float | None) -> str:
    """A factor, if there is one."""
    return "" if factor is None else f"{factor:.3f}"


def closing_lines(series: "Sequence[Series]", *, clip: float) -> Iterator[str]:
    """What the figures mean, and why they are what they are."""
    from textrnn.training.gradients import STEADY

    yield (
        "norms are geometric means over the batch; vanishes: a step back multiplies them by less than "
        f"{1 - STEADY:g}, explodes: by more than {1 + STEADY:g}"
    )
    for each in series:
        if each.row is not None:
            loss = f"{each.row.valid_nats:.3f} nats, {each.chance:.3f} by chance"
            said = "it remembers" if each.row.valid_nats < each.chance / 2 else "it does not remember"
            yield f"{each.name}: {loss}, after {each.row.step:,} batches: {said}"
    if any(each.flow.clipped_by(clip) < 1 for each in series):
        yield (
            f"clipping to {clip:g} multiplies the whole gradient of all weights by one number: it tames what explodes, "
            "and makes nothing larger that has vanished"
        )
    if any((each.flow.hidden == 0).any() for each in series):
        yield "a norm of 0 is smaller than a number of 64 bits can be, or nothing on the way lets any through"


def reasons(series: "Sequence[Series]") -> Iterator[str]:
    """Why gated cells that have learnt nothing forget, each reason once."""
    from textrnn.cells import CELLS

    forgetful = (each for each in series if each.when == "before" and each.flow.verdict == "vanishes")
    for variant in dict.fromkeys(each.variant for each in forgetful):
        if variant.forget_bias is not None:
            yield (
                f"{variant} vanishes too: its forget gates begin {sigmoid(variant.forget_bias):.2f} open; to keep "
                "more is learnt (--steps), or begun with (--forget-bias 3)"
            )
        elif len(CELLS[variant.cell].gates) > 1:
            yield f"{variant} vanishes too: its gates begin about half open; to keep more is learnt (--steps)"


def sigmoid(value: float) -> float:
    """How far a gate is open."""
    return 1 / (1 + math.exp(-value))
