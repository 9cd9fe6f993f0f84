"""Networks to test with."""

from collections.abc import Callable

import pytest
import torch

from textrnn.config import Architecture, Core, LabelPerStep, Learned, OneHot
from textrnn.networks.sequence import SequenceNetwork

SYMBOLS = 11


@pytest.fixture
def build() -> Callable[..., SequenceNetwork]:
    """A seeded network; the weights are larger than they start, so that the gates are not all half open."""

    def make(*, input: str = "learned", cell: str = "lstm", units: int = 7, layers: int = 2, **dropouts: float):
        torch.manual_seed(units + layers)
        spec = Learned(symbols=SYMBOLS, size=5) if input == "learned" else OneHot(symbols=SYMBOLS)
        core = Core(cell=cell, units=units, layers=layers)
        network = SequenceNetwork(Architecture(input=spec, core=core, head=LabelPerStep(classes=SYMBOLS)), **dropouts)
        with torch.no_grad():
            for layer in network.layers:
                layer.weight_hh.mul_(2)
                layer.bias_hh.uniform_(-0.5, 0.5)
        return network

    return make
