"""What is added to the loss in training, and never reported as loss: penalties on activations and on weights."""

import torch
from torch import Tensor

from textrnn.architecture import Architecture, OneHot, Pretrained
from textrnn.errors import UsageError
from textrnn.networks.sequence import SequenceNetwork
from textrnn.settings import TrainingSettings

KINDS = {  # by how the names of weights end
    "embedding": ("input.table",),
    "input": ("weight_ih",),
    "recurrent": ("weight_hh",),
    "output": ("head.weight", "head.labels.weight"),
}


def refuse_idle(settings: TrainingSettings, architecture: Architecture) -> None:
    """Raise UsageError for a penalty on weights that are not learnt or not there."""
    entry = architecture.input
    why = {}
    if isinstance(entry, OneHot):
        why["embedding"] = "one-hot symbols have no vectors"
    if isinstance(entry, Pretrained) and entry.frozen:
        why["embedding"] = "the symbol vectors are frozen"
    if architecture.head.tied:
        why["output"] = "the output's weights are the symbol vectors (tied): set that of embedding"
    for kind, reason in why.items():
        for norm in ("l1", "l2"):
            if getattr(settings, f"{norm}_{kind}"):
                raise UsageError(f"{norm}_{kind} has nothing to act on: {reason}")


def penalties(
    network: SequenceNetwork, output: Tensor, hidden: Tensor, settings: TrainingSettings, lengths: Tensor | None = None
) -> Tensor | None:
    """Their sum, or None where there are none.

    output: of the top level; hidden: what the head reads of it. lengths: see SequenceNetwork.

    The activation penalty is on the mean square of what is not dropped, the temporal one on that of the change from
    each step to the next, nothing dropped (AR and TAR; Merity et al., 2017). L1 and L2 are on the sum of the absolute
    values, or of the squares, of all weights of a kind.
    """
    found = []
    if settings.activation_penalty:
        found.append(settings.activation_penalty * hidden.float().square().mean())
    if settings.temporal_penalty and len(output) > 1:
        found.append(settings.temporal_penalty * mean_change(output, lengths))
    for kind, names in KINDS.items():
        l1, l2 = (getattr(settings, f"{norm}_{kind}") for norm in ("l1", "l2"))
        weights = [value for full, value in network.named_parameters() if full.endswith(names)] if l1 or l2 else []
        found += [l1 * value.abs().sum() for value in weights if l1]
        found += [l2 * value.square().sum() for value in weights if l2]
    return torch.stack(found).sum() if found else None


def mean_change(output: Tensor, lengths: Tensor | None) -> Tensor:
    """The mean square of the change from each step to the next, padding left out."""
    squares = output.float().diff(dim=0).square().mean(-1)  # (time - 1, batch)
    if lengths is None:
        return squares.mean()
    counts = torch.arange(1, len(output), device=output.device)[:, None] < lengths
    return (squares * counts).sum() / counts.sum().clamp(min=1)
