"""How large the vectors become whose size no equation bounds, on a sample of text: int8 must know beforehand."""

import numpy as np
import torch
from torch import Tensor

from textrnn.config import Bound
from textrnn.engines.engine import Floats
from textrnn.networks.graph import ACTIVATION_STEPS
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.stack import output_site

SHARES_OF_LARGEST = np.linspace(0.05, 1.0, 20)  # that are tried as the bound


@torch.no_grad()
def calibrated(network: SequenceNetwork, ids: Tensor) -> dict[str, Bound]:
    """A bound for each vector that `Core.unbounded` names, from ids (time, batch): none where all are bounded."""
    wanted = network.architecture.core.unbounded()
    found: dict[str, Bound] = {}
    if not wanted:
        return found
    was_training = network.training
    network.eval()
    for level in network.layers.by_level(network.input(ids), network.initial_state(ids.shape[1])):
        sites = {f"layers.{name}.hidden": hidden for name, hidden in level.hidden.items()}
        sites[output_site(level.index)] = level.output
        found |= {name: best_bound(value.float().cpu().numpy()) for name, value in sites.items() if name in wanted}
    network.train(was_training)
    return found


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
