"""PyTorch as an engine: samples while a network trains, and runs on a GPU."""

import numpy as np
import torch

from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State, choose_by_steps
from textrnn.networks.sequence import SequenceNetwork


class TorchEngine:
    """A network in float32 with no dropout; its mode is put back after each call."""

    workers = 1  # the library uses every core by itself

    def __init__(self, network: SequenceNetwork) -> None:
        self.network = network
        self.classes = network.architecture.head.classes

    @torch.no_grad()
    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        network, device = self.network, self.network.device
        before = None
        if state is not None:
            before = [
                {part: torch.from_numpy(state[f"{part}.{index}"]).to(device) for part in layer.cell.state}
                for index, layer in enumerate(network.layers)
            ]
        was_training = network.training
        network.eval()
        hidden, after = network(torch.from_numpy(ids).to(device), before)
        logits = network.head(hidden).cpu().numpy()
        network.train(was_training)
        return logits, {
            f"{part}.{index}": value.cpu().numpy() for index, parts in enumerate(after) for part, value in parts.items()
        }

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        return choose_by_steps(self, ids, np.asarray(perturbation), state)
