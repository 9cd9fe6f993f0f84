"""Every cell the project knows. The command line, the configuration and the tests read this table."""

from collections.abc import Iterable

from textrnn.cells.cell import Cell as Cell
from textrnn.cells.elman import ELMAN, ELMAN_RELU
from textrnn.cells.gru import GRU, GRU_RESET_BEFORE
from textrnn.cells.lstm import COUPLED_LSTM, LSTM, PEEPHOLE_LSTM
from textrnn.errors import UsageError

BUILT_IN = (ELMAN, ELMAN_RELU, GRU, GRU_RESET_BEFORE, LSTM, PEEPHOLE_LSTM, COUPLED_LSTM)
CELLS: dict[str, Cell] = {cell.name: cell for cell in BUILT_IN}


def add_cells(cells: Iterable[Cell]) -> None:
    """Let this process know cells from outside the package; one of the same name takes the place of one before.

    UsageError where a name is one of the package's own, or a cell does not agree with its equations.
    """
    if isinstance(cells, Cell):
        raise UsageError("cells is a list: cells=[...]")
    for cell in cells:
        if not isinstance(cell, Cell):
            raise UsageError(f"a cell is a textrnn.Cell, not {cell!r}")
        if any(known.name == cell.name and known is not cell for known in BUILT_IN):
            raise UsageError(f"{cell.name!r} is a cell of the package: give yours another name")
        if problem := cell.problem():
            raise UsageError(f"the cell {cell.name!r}: {problem}")
        CELLS[cell.name] = cell
