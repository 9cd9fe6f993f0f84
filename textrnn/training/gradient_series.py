"""Gradients through time of several networks, before and after they learn: on a task of memory, or on a text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from textrnn.batch import Ids, begun
from textrnn.engines.labeller import Padded
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
        layer = f", layer {self.flow.layer}" if self.layers > 1 else ""
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


@dataclass(frozen=True)
class Trained:
    """A network that has learnt, and one of the same layers that has not. variant: how the new one begins."""

    network: SequenceNetwork
    fresh: SequenceNetwork
    variant: Variant

    def series(self, ids: Ids, targets: Ids, lengths: Ids | None = None) -> Iterator[Series]:
        """Of each layer, before and after. ids, targets, lengths: see `gradient_flows`."""
        for when, each in (("before", self.fresh), ("after", self.network)):
            flows = gradient_flows(each, ids, targets, lengths)
            yield from (Series(self.variant, when, flow, layers=len(flows)) for flow in flows)


def series_of_text(trained: Trained, text: Ids, *, length: int, batch: int) -> Iterator[Series]:
    """Of a language model on stretches of a text, by the loss of what follows each."""
    ids, targets = stretches(text, length=length, count=batch)
    return trained.series(begun(ids, start=START, end=EOS), targets)


def series_of_texts(trained: Trained, texts: Sequence[Ids]) -> Iterator[Series]:
    """Of a classifier on whole texts, by the loss of the label which the trained network finds likeliest for each."""
    padded, network = Padded.of(texts), trained.network
    ids, lengths = torch.from_numpy(padded.ids), torch.from_numpy(padded.lengths)
    with torch.no_grad():
        output, _ = network.eval()(ids, lengths=lengths)
        labels = network.head(network.read_out(output, lengths))[0].argmax(-1)
    return trained.series(padded.ids, labels.numpy(), padded.lengths)


def stretches(text: Ids, *, length: int, count: int) -> tuple[Ids, Ids]:
    """Stretches of a text, as far apart as it allows: inputs (length, at most count), and what comes after each.

    Of a text of no more than `length` symbols one, as long as that is.
    """
    length = min(length, len(text) - 1)
    last = len(text) - length - 1  # where the last of them begins
    begins = np.unique(np.linspace(0, last, count).round().astype(np.int64))
    return text[begins + np.arange(length)[:, None]], text[begins + length]
