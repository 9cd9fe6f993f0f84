"""textrnn explain cell"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from textrnn.cells import CELLS
from textrnn.cli.options import FormatOption, OutOption, PngOption, example, one_of
from textrnn.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textrnn.cells import Cell

EXAMPLES = example(
    "textrnn explain cell lstm --format table",
    "textrnn explain cell elman --unroll 3 --format table",
    "textrnn explain cell",
)
MOST_DRAWN = 20  # steps side by side


def cell(
    name: Annotated[
        str | None,
        typer.Argument(
            callback=one_of(CELLS),
            help=f"A cell, {', '.join(CELLS)}; without one all are listed.",
            show_default=False,
        ),
    ] = None,
    unroll: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            help="Write so many steps one after the other: the unfolded network.",
            show_default=False,
        ),
    ] = None,
    png: PngOption = None,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Show the equations of a cell, read off the code that runs: what each gate computes, and what is carried."""
    import sys

    from textrnn.cells.written import unfolded, written
    from textrnn.cli.output import chosen_format, open_output, open_sink

    if name is None:
        if unroll is not None or png is not None:
            raise UsageError("--unroll and --png are of one cell: textrnn explain cell lstm --unroll 3 --png lstm.png")
        with open_sink(out, format) as sink:
            for each in CELLS.values():
                gates, carried = ", ".join(each.gates), ", ".join(each.state)
                sink.write({"cell": each.name, "gates": gates, "carries": carried, "parameters": parameters(each)})
        return
    chosen = CELLS[name]
    if png is not None:
        if unroll is not None and unroll > MOST_DRAWN:
            raise UsageError(f"a picture has room for {MOST_DRAWN} steps, not {unroll}: without --png all are written")
        from textrnn.pictures.cells import step_picture, unfolded_picture

        unfolded_picture(chosen, unroll, png) if unroll else step_picture(chosen, png)
    lines = unfolded(chosen, unroll) if unroll else ((None, line) for line in written(chosen))
    rows: list[dict[str, Any]] = [
        {**({"step": step} if unroll else {}), "name": line.name, "equation": line.text} for step, line in lines
    ]
    if chosen_format(format, out) == "table":
        with open_output(out) as file:
            for line in (*equations(rows), "", *facts(chosen, steps=unroll)):
                print(line, file=file)
        return
    with open_sink(out, format) as sink:
        for row in rows:
            sink.write(row)
    for line in facts(chosen, steps=unroll):
        print(line, file=sys.stderr)


def equations(rows: "Iterable[dict[str, Any]]") -> list[str]:
    """The equations for people, an empty line between two steps."""
    lines: list[str] = []
    last = None
    for row in rows:
        lines += [""] if lines and row.get("step") != last else []
        lines.append(row["equation"])
        last = row.get("step")
    return lines


def facts(cell: "Cell", *, steps: int | None) -> list[str]:
    """What else there is to say of a cell, a line each."""
    output, *others = cell.state
    carried = f"{output}, its output" + "".join(f", and {part}" for part in others)
    second, opened = (
        " and ".join(f"{letter}_{gate}" for gate in gates)
        for letter, gates in (("c", cell.second_biases), ("b", cell.open_gates))
    )
    sights = ", ".join(cell.peepholes)
    found = {
        cell.name: purpose(cell),
        "reads": "x, of m entries; W x is a product with a matrix, as is U h, and * multiplies entry by entry",
        "carries": f"{carried}; n entries each, 0 before the first step",
        "weights": f"for each of {', '.join(cell.gates)} W of n × m, U of n × n and b of n; the same at every step",
        "second bias": second and f"{second} counts beside b, for it is not just added to it",
        "peepholes": sights and f"p of n for each of {sights}: a unit sees its own entry of the memory",
        "starts": opened and f"{opened} at 1, so that the gate is open",
        "bound": "none" if cell.bound is None else f"no entry of {output} is larger than {cell.bound:g}",
        "projection": f"{output} of p entries by p × n further weights (--projection); then U is of n × p"
        if cell.projects
        else "",
        "parameters": f"{parameters(cell)} for n units; with numbers in it: {INSPECT.format(cell=cell.name)}",
        "unfolded": f"all {steps} steps share their weights: they have as many parameters as one" if steps else "",
        "code": f"{cell.step.__module__.replace('.', '/')}.py",
    }
    return [f"{name}: {line}" for name, line in found.items() if line]


INSPECT = "textrnn inspect --cell {cell} --inputs 14 --units 16 --outputs 1"


def parameters(cell: "Cell") -> str:
    """How many a layer has, in letters."""
    from textrnn.cells.formula import cell_formula

    return str(cell_formula(cell, inputs="m", units="n"))


def purpose(cell: "Cell") -> str:
    """What its gates are for, as its step says."""
    import inspect

    return (inspect.getdoc(cell.step) or "a cell from outside the package").partition("\n")[0]
