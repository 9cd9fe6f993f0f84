"""Every cell the project knows. The command line, the configuration and the tests read this table."""

from textrnn.cells.cell import Cell as Cell
from textrnn.cells.lstm import LSTM

CELLS: dict[str, Cell] = {cell.name: cell for cell in (LSTM,)}
