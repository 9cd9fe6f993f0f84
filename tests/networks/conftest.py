"""Networks to test with."""

from collections.abc import Callable

import pytest
import torch

from textrnn.architecture import Architecture, Core, LabelPerSequence, LabelPerStep, Learned, OneHot
from textrnn.networks.dropout import NOTHING
from textrnn.networks.sequence import SequenceNetwork

SYMBOLS, SIZE, CLASSES = 11, 5, 3


@pytest.fixture(scope="session")
def build() -> Callable[..., SequenceNetwork]:
    """A seeded network; the weights are larger than they start, so that the gates are not all half open.

    input: "one-hot", "learned", or "tied" for learned vectors that are the head's weights too, over a top layer of
    their size. readouts: of a head that labels whole sequences; None: it labels every step.
    """

    def make(*, input="learned", cell="lstm", units=7, layers=2, dropouts=NOTHING, readouts=None, **core):
        torch.manual_seed(units + layers)
        tied = input == "tied"
        spec = OneHot(symbols=SYMBOLS) if input == "one-hot" else Learned(symbols=SYMBOLS, size=SIZE)
        core = Core(cell=cell, units=units, layers=layers, top_units=SIZE if tied else None, **core)
        head = LabelPerStep(classes=SYMBOLS, tied=tied)
        if readouts:
            head = LabelPerSequence(classes=CLASSES, readouts=readouts)
        network = SequenceNetwork(Architecture(input=spec, core=core, head=head), dropouts=dropouts)
        with torch.no_grad():
            if tied:
                network.input.table.mul_(10)
            network.head.bias.uniform_(-0.5, 0.5)
            if readouts and "attention" in readouts:
                network.readout.attention.uniform_(-2, 2)
            for layer in network.layers.children():
                layer.weight_hh.mul_(2)
                layer.bias_hh.uniform_(-0.5, 0.5)
        return network

    return make
