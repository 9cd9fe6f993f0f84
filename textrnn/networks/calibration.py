"""How large the vectors become whose size no equation bounds, on a sample of text: int8 must know beforehand."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from textrnn.architecture import DECODER
from textrnn.config import Bound
from textrnn.engines.engine import Floats
from textrnn.networks.decoder import DecoderHead
from textrnn.networks.graph import ACTIVATION_STEPS
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.stack import Level, output_site

SHARES_OF_LARGEST = np.linspace(0.05, 1.0, 20)  # that are tried as the bound


@torch.no_grad()
def calibrated(network: SequenceNetwork, ids: Tensor, beside: Tensor | None = None) -> dict[str, Bound]:
    """A bound for each vector that `Architecture.unbounded` names; none where all are bounded.

    ids: (time, batch), nothing of it padding. beside: the same of what a decoder is to make of it, or the vectors
    (batch, size) that the texts begin with.
    """
    wanted = network.architecture.unbounded()
    found: dict[str, Bound] = {}
    if not wanted:
        return found
    was_training = network.training
    network.eval()
    for prefix, level in levels_of(network, ids, beside):
        sites = {f"{prefix}layers.{name}.hidden": hidden for name, hidden in level.hidden.items()}
        sites[f"{prefix}{output_site(level.index)}"] = level.output
        found |= {name: best_bound(value.float().cpu().numpy()) for name, value in sites.items() if name in wanted}
    network.train(was_training)
    return found


def levels_of(network: SequenceNetwork, ids: Tensor, beside: Tensor | None) -> Iterator[tuple[str, Level]]:
    """What each level makes of the ids, and what each of a decoder makes of its targets, behind its prefix."""
    for level in network.layers.by_level(network.input(ids), network.initial_state(ids.shape[1], beside)):
        yield "", level
    if isinstance(network.head, DecoderHead) and beside is not None:
        begun = network.head.begin(level.output, torch.full(ids.shape[1:], len(ids), device=ids.device))
        for level in network.head.by_level(beside, begun):
            yield DECODER, level


def best_bound(values: Floats) -> Bound:
    """The bound with the smallest mean squared error of values that are cut off there and rounded to steps below."""
    sizes = np.abs(values)
    largest = max(float(sizes.max()), 1e-6)
    bounds = largest * SHARES_OF_LARGEST
    errors = []
    for bound in bounds:
        step = bound / ACTIVATION_STEPS
        errors.append(np.square(sizes - np.rint(np.minimum(sizes, bound) / step) * step).mean())
    bound = float(bounds[int(np.argmin(errors))])
    return Bound(value=bound, clipped=float((sizes > bound).mean()))
