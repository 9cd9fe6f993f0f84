"""Small networks of every cell in every direction, depth and form."""

from itertools import product

from tests.small_models import untrained
from textrnn.architecture import Architecture, Core, LabelPerSequence, LabelPerStep, Learned, OneHot
from textrnn.cells import CELLS
from textrnn.config import Precision
from textrnn.networks.sequence import SequenceNetwork

SYMBOLS = 9
PRECISIONS: tuple[Precision, ...] = ("float32", "int8")
CORES = [
    Core(cell=cell, units=4, **options)
    for cell, options in product(
        CELLS,
        (
            {},
            {"layers": 3, "residual": True},
            {"layers": 2, "top_units": 5},
            {"layers": 2, "projection": 3},
            {"layers": 2, "bidirectional": True},
        ),
    )
    if CELLS[cell].projects or "projection" not in options
]
INPUTS = (OneHot(symbols=SYMBOLS), Learned(symbols=SYMBOLS, size=6))


def network_of(core: Core, entry: OneHot | Learned) -> SequenceNetwork:
    head = LabelPerSequence(classes=3) if core.bidirectional else LabelPerStep(classes=SYMBOLS)
    return untrained(Architecture(input=entry, core=core, head=head))
