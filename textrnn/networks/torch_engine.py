"""PyTorch as an engine: samples while a network trains, and runs on a GPU."""

import numpy as np
import torch

from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State, choose_by_steps, score_by_run
from textrnn.engines.labeller import Labelled, Padded
from textrnn.networks.readouts import Places, SequenceReadout
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.stack import State as NetworkState


class TorchEngine:
    """A network in float32 with no dropout; its mode is put back after each call."""

    workers = 1  # the library uses every core by itself

    def __init__(self, network: SequenceNetwork) -> None:
        self.network = network
        self.classes = network.architecture.head.classes

    def initial_state(self, batch: int) -> State:
        return as_arrays(self.network.initial_state(batch))

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


def as_arrays(state: NetworkState) -> State:
    """A network's state as an engine's."""
    return {name: value.cpu().numpy() for name, value in state.items()}


def torch_engine(network: SequenceNetwork) -> TorchEngine | TorchLabeller:
    """What runs a network, by what it labels."""
    return TorchLabeller(network) if isinstance(network.readout, SequenceReadout) else TorchEngine(network)
