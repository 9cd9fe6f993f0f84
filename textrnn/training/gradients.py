"""How much of the loss at the last step reaches each step before it: what vanishes and what explodes, in numbers.

d loss / d h_t is a product of Jacobians, one for each step from t to the last (Bengio et al., 1994; Pascanu et al.,
2013). In float64, so that it can be followed far below what training could still use.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import get_total_norm

from textrnn.batch import Ids
from textrnn.errors import TrainingError
from textrnn.networks.heads import LabelHead
from textrnn.networks.read import Vectors, reverse
from textrnn.networks.recurrent import LayerState
from textrnn.networks.sequence import SequenceNetwork

STEADY = 0.05  # a factor per step within 1 ± this neither vanishes nor explodes: over 100 steps about 0.006 to 130
MOST_KEPT = 2**25  # numbers of one part of the state, over all steps: of an LSTM about 5 GB with all that is computed
Norms = NDArray[np.float64]


@dataclass(frozen=True)
class Flow:
    """The gradient of the last loss through one layer: its norm at every step, (time,), for each part of the state.

    layer: its name: "0" is the lowest; "0_reverse" reads backward, and its last step reads the first symbol. A norm is
    the geometric mean over the sequences whose gradient is not 0. others: of what is carried beside the hidden vector,
    by name, on all ways, also through the hidden vector that is made of it. weights: the norm of the gradient of all
    the network's weights, of the mean loss.
    """

    layer: str
    hidden: Norms
    others: Mapping[str, Norms]
    weights: float

    @property
    def factor(self) -> float | None:
        """What a step back multiplies the norm by."""
        return factor_of(self.hidden)

    @property
    def verdict(self) -> str:
        """What the factor means; nothing where there is none."""
        if self.factor is None:
            return ""
        return "vanishes" if self.factor < 1 - STEADY else "explodes" if self.factor > 1 + STEADY else "steady"

    def clipped_by(self, clip: float) -> float:
        """What clipping multiplies the whole gradient by, so that its norm is at most `clip`; 0 is no limit."""
        return min(1.0, clip / self.weights) if clip and self.weights else 1.0


def factor_of(norms: Norms) -> float | None:
    """What a step back multiplies norms (time,) by: the slope of their logarithm, by least squares.

    None where fewer than two are above 0.
    """
    (steps,) = norms.nonzero()
    if len(steps) < 2:
        return None
    apart, logarithms = steps - steps.mean(), np.log(norms[steps])
    return math.exp(-float(apart @ logarithms / (apart @ apart)))


def gradient_flows(network: SequenceNetwork, ids: Ids, targets: Ids, lengths: Ids | None = None) -> list[Flow]:
    """The flow through each layer. ids: (time, batch). targets: (batch,), what is predicted when all is read.

    lengths: (batch,), how many steps of each sequence count where they are padded; their last steps are put in line.
    For a network that labels every step and reads forward, or one that labels a whole sequence; it is turned into
    float64, and nothing in it is dropped.
    """
    network.double().eval()
    assert isinstance(network.head, LabelHead)
    steps, batch = ids.shape
    units = sum(shape.units for shape in network.layers.shapes)
    if steps * batch * units > MOST_KEPT:
        raise TrainingError(
            f"{steps:,} steps of {batch:,} sequences through {units:,} units are too many to keep at once"
        )
    counts = None if lengths is None else torch.from_numpy(lengths)
    layers, output = traced(network, torch.from_numpy(ids), counts)
    last = network.read_out(output, counts)[-1]
    logits = functional.linear(last, network.head.weight, network.head.bias)  # the head's own are float32
    losses = functional.cross_entropy(logits, torch.from_numpy(targets), reduction="none")
    weights = [parameter for parameter in network.parameters() if parameter.requires_grad]
    of_weights = torch.autograd.grad(losses.mean(), weights, retain_graph=True, materialize_grads=True)
    whole = float(get_total_norm(of_weights))
    flows = []
    for name, states in layers.items():
        norms = {part: typical_norms(losses, [state[part] for state in states], counts) for part in states[0]}
        hidden = norms.pop(next(iter(norms)))
        flows.append(Flow(name, hidden, norms, whole))
    if not all(np.isfinite([flow.weights, *flow.hidden]).all() for flow in flows):
        raise TrainingError(
            "the gradient is larger than a number of 64 bits can be: take fewer steps or smaller weights"
        )
    return flows


def typical_norms(losses: Tensor, vectors: Sequence[Tensor], lengths: Tensor | None) -> Norms:
    """The norm of the gradient of each step's vectors (batch, size), see Flow; 0 where that of every sequence is."""
    gradients = torch.autograd.grad(losses.sum(), vectors, retain_graph=True, materialize_grads=True)
    norms = torch.stack(gradients).norm(dim=-1)  # (time, batch)
    norms = reverse(norms, lengths).flip(0)  # padding, whose gradient is 0, comes first
    flowing = norms != 0
    logarithms = norms.log().where(flowing, 0.0)
    means = (logarithms.sum(1) / flowing.sum(1)).exp()
    return np.asarray(means.where(flowing.any(1), 0.0).numpy())


def traced(
    network: SequenceNetwork, ids: Tensor, lengths: Tensor | None = None
) -> tuple[dict[str, list[LayerState]], Tensor]:
    """The state of each layer after every step of its own, and the output of the top level, (time, batch, size)."""
    stack, read, states = network.layers, network.input(ids), dict[str, list[LayerState]]()
    for index, shapes in enumerate(stack.levels):
        outputs = []
        for shape in shapes:
            layer = stack.layer(shape.name)
            begin = {part: layer.weight_hh.new_zeros(ids.shape[1], layer.size(part)) for part in layer.cell.state}
            seen = read.reversed(lengths) if shape.is_backward else read
            states[shape.name] = list(layer.by_step(seen, begin, layer.weight_hh))
            hidden = torch.stack([state[layer.cell.state[0]] for state in states[shape.name]])
            outputs.append(reverse(hidden, lengths) if shape.is_backward else hidden)
        output = torch.cat(outputs, -1)
        if stack.core.is_residual(index, shapes):
            output = output + read.vectors()
        read = Vectors(output)
    return states, output
