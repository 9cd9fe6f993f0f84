"""Gradients through time of several networks, before and after they learn: on a task of memory, or on a text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from textrnn.batch import Ids, begun
from textrnn.networks.sequence import SequenceNetwork
from textrnn.text.tokenizer import EOS, START
from textrnn.training.gradients import Flow, gradient_flows
from textrnn.training.loop import Row
from textrnn.training.recall import Learning, Recall, Variant, learn


@dataclass(frozen=True)
class Series:
    """One layer of a network, before or after it learnt. layers: that it has.

    row: the end of its training, where it was trained here, and chance: the loss of guessing there.
    """

    variant: Variant
    when: str
    flow: Flow
    layers: int = 1
    row: Row | None = None
    chance: float = 0.0

    @property
    def name(self) -> str:
        """Which layer of which network, for people."""
        layer = f", layer {self.flow.layer + 1}" if self.layers > 1 else ""
        return f"{self.variant}{layer}"


def series_of_task(
    variants: Iterable[Variant], task: Recall, *, units: int, batch: int, seed: int, learning: Learning | None
) -> Iterator[Series]:
    """Of each variant, on random sequences of the task: before it learns that and, if it is to, after."""
    for variant in variants:
        network = variant.network(task.architecture(variant.cell, units), seed)
        ids, first = task.sequences(batch, np.random.default_rng(seed))
        (flow,) = gradient_flows(network, ids, first)
        yield Series(variant, "before", flow)
        if learning is not None:
            *_, row = learn(network.float(), task, task.windows(), learning)
            (flow,) = gradient_flows(network, ids, first)
            yield Series(variant, "after", flow, row=row, chance=task.chance)


def series_of_text(
    network: SequenceNetwork, variant: Variant, text: Ids, *, length: int, batch: int, seed: int
) -> Iterator[Series]:
    """Of each layer of a trained language model on stretches of a text, and of a new network of the same layers.

    variant: how the new one begins.
    """
    ids, targets = stretches(text, length=length, count=batch)
    ids = begun(ids, start=START, end=EOS)
    fresh = variant.network(network.architecture, seed)
    for when, each in (("before", fresh), ("after", network)):
        flows = gradient_flows(each, ids, targets)
        yield from (Series(variant, when, flow, layers=len(flows)) for flow in flows)


def stretches(text: Ids, *, length: int, count: int) -> tuple[Ids, Ids]:
    """Stretches of a text, as far apart as it allows: inputs (length, at most count), and what comes after each.

    Of a text of no more than `length` symbols one, as long as that is.
    """
    length = min(length, len(text) - 1)
    last = len(text) - length - 1  # where the last of them begins
    begins = np.unique(np.linspace(0, last, count).round().astype(np.int64))
    return text[begins + np.arange(length)[:, None]], text[begins + length]
