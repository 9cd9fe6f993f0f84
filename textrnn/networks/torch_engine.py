"""PyTorch as an engine: samples while a network trains, and runs on a GPU."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from textrnn.architecture import Decoder, LabelPerSequence, LabelPerStep
from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State, choose_by_steps, score_by_run
from textrnn.engines.labeller import Labelled, Padded
from textrnn.engines.translating import Best, Encoded, Read, best_by_read
from textrnn.networks.attention import Memory
from textrnn.networks.decoder import DecoderHead
from textrnn.networks.readouts import Places, SequenceReadout
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.stack import State as NetworkState
from textrnn.spec import Spec


class TorchEngine:
    """A network in float32 with no dropout; its mode is put back after each call."""

    workers = 1  # the library uses every core by itself

    def __init__(self, network: SequenceNetwork) -> None:
        self.network = network
        self.classes = network.architecture.head.classes

    @torch.no_grad()
    def initial_state(self, batch: int, vectors: Floats | None = None) -> State:
        given = None if vectors is None else torch.from_numpy(vectors).to(self.network.device)
        return as_arrays(self.network.initial_state(batch, given))

    @torch.no_grad()
    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        network, device = self.network, self.network.device
        before = None
        if state is not None:
            before = {name: torch.from_numpy(value).to(device) for name, value in state.items()}
        was_training = network.training
        network.eval()
        hidden, after = network(torch.from_numpy(ids).to(device), before)
        logprobs = network.head(hidden).log_softmax(-1).cpu().numpy()
        network.train(was_training)
        return logprobs, as_arrays(after)

    def score(self, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
        return score_by_run(self, ids, targets, state)

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        return choose_by_steps(self, ids, np.asarray(perturbation), state)


class TorchLabeller:
    """A network that labels whole sequences, in float32 with no dropout; its mode is put back after each call."""

    workers = 1  # the library uses every core by itself

    def __init__(self, network: SequenceNetwork) -> None:
        self.network = network
        self.classes = network.architecture.head.classes

    @torch.no_grad()
    def run(self, batch: Padded) -> Labelled:
        network, device = self.network, self.network.device
        was_training = network.training
        network.eval()
        lengths = torch.from_numpy(batch.lengths).to(device)
        output, _ = network(torch.from_numpy(batch.ids).to(device), lengths=lengths)
        logprobs = network.head(network.read_out(output, lengths))[0].log_softmax(-1)
        attention = None
        if isinstance(network.readout, SequenceReadout) and "attention" in network.readout.spec.readouts:
            weights = network.readout.weights(output, Places.of(lengths, steps=len(output)))
            attention = weights.cpu().numpy()
        network.train(was_training)
        return Labelled(logprobs.cpu().numpy(), attention)


class TorchTranslator:
    """A network that makes one sequence of another, in float32 with no dropout; its mode is put back each time."""

    workers = 1  # the library uses every core by itself

    def __init__(self, network: SequenceNetwork) -> None:
        assert isinstance(network.head, DecoderHead)
        self.network, self.head = network, network.head
        self.classes = network.head.spec.classes

    @torch.no_grad()
    def encode(self, batch: Padded) -> Encoded:
        device = self.network.device
        lengths = torch.from_numpy(batch.lengths).to(device)
        with evaluating(self.network):
            output, _ = self.network(torch.from_numpy(batch.ids).to(device), lengths=lengths)
            begun = self.head.begin(output, lengths)
        memory = {}
        if begun.memory is not None:
            named = {"keys": begun.memory.keys, "values": begun.memory.values, "mask": begun.memory.mask}
            memory = {name: value.float().cpu().numpy() for name, value in named.items()}
        return Encoded(memory, as_arrays(begun.state))

    @torch.no_grad()
    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        device, (batch, beam) = self.network.device, ids.shape

        def rows(values: Floats | Ids) -> Tensor:
            return torch.from_numpy(values).to(device)

        before = {name: rows(value).flatten(0, 1) for name, value in state.items()}
        attended = None
        if memory:
            attended = Memory(*(rows(memory[name]).repeat_interleave(beam, 0) for name in ("keys", "values", "mask")))
        with evaluating(self.network):
            outputs, after, weights = self.head(rows(ids).view(1, -1), before, attended)
            logprobs = self.head.labels(outputs)[0].log_softmax(-1)
        return Read(
            logprobs.view(batch, beam, -1).cpu().numpy(),
            {name: value.reshape(batch, beam, -1) for name, value in as_arrays(after).items()},
            None if weights is None else weights.view(batch, beam, -1).float().cpu().numpy(),
        )

    def best(self, ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int) -> Best:
        return best_by_read(self, ids, state, memory, count=count)


@contextmanager
def evaluating(network: SequenceNetwork) -> Iterator[None]:
    """With nothing dropped."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)


def as_arrays(state: NetworkState) -> State:
    """A network's state as an engine's."""
    return {name: value.float().cpu().numpy() for name, value in state.items()}


TORCH_ENGINES: dict[type[Spec], type[TorchEngine] | type[TorchLabeller] | type[TorchTranslator]] = {
    LabelPerStep: TorchEngine,
    LabelPerSequence: TorchLabeller,
    Decoder: TorchTranslator,
}


def torch_engine(network: SequenceNetwork) -> TorchEngine | TorchLabeller | TorchTranslator:
    """What runs a network, by its head."""
    return TORCH_ENGINES[type(network.architecture.head)](network)
