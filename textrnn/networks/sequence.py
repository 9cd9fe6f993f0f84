"""A whole network: an input, a stack of recurrent layers, a readout, a head. State goes in and comes out."""

import torch
from torch import Tensor, nn

from textrnn.architecture import Architecture, Decoder, Head
from textrnn.networks.bridge import Bridge
from textrnn.networks.decoder import DecoderHead
from textrnn.networks.dropout import NOTHING, Dropouts
from textrnn.networks.heads import LabelHead
from textrnn.networks.inputs import LearnedInput, build_input
from textrnn.networks.readouts import build_readout
from textrnn.networks.stack import Stack, State
from textrnn.text.joiners import UNK


class SequenceNetwork(nn.Module):
    """The network of an architecture. start: how the recurrent weights start, see RecurrentLayer.

    deviation: of the vectors of symbols as they start, see LearnedInput.

    condition: what makes the first state of the vector that a text begins with, if it begins with one.
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        dropouts: Dropouts = NOTHING,
        start: str = "uniform",
        deviation: float = 0.0,
    ) -> None:
        super().__init__()
        self.architecture, self.dropouts = architecture, dropouts
        self.input = build_input(architecture.input, deviation=deviation)
        self.layers = Stack(architecture.core, self.input.size, start=start)
        self.readout = build_readout(architecture.head, self.layers.size, forward_size=self.layers.forward_size)
        self.head = self._build_head(architecture.head, start, deviation)
        condition = architecture.condition
        self.condition = Bridge(condition.size, architecture.core) if condition else None

    def _build_head(self, spec: Head, start: str, deviation: float) -> LabelHead | DecoderHead:
        """The head of a spec, over what is read out; with the input's vectors where they are shared."""
        table = self.input.table if isinstance(self.input, LearnedInput) else None
        if isinstance(spec, Decoder):
            return DecoderHead(
                spec,
                self.readout.size,
                self.layers.forward_size,
                dropouts=self.dropouts,
                start=start,
                deviation=deviation,
                table=table if spec.shared else None,
            )
        if spec.tied and isinstance(self.input, LearnedInput):
            self.input.start_tied()
        return LabelHead(spec, self.readout.size, table if spec.tied else None)

    @property
    def device(self) -> torch.device:
        return self.head.bias.device

    def initial_state(self, batch: int, vectors: Tensor | None = None) -> State:
        """Before anything is read: zeros, or what the bridge makes of the vectors (batch, size) of a condition."""
        if self.condition is None:
            return self.layers.initial_state(batch, self.device)
        assert vectors is not None, "every text of this network begins with a vector"
        found: State = self.condition(vectors)
        return found

    def forward(
        self, ids: Tensor, state: State | None = None, *, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """The top level's output (time, batch, size) for ids (time, batch), and the state after.

        lengths: (batch,), see Stack. `read_out` stands between the output and the head.
        """
        before = state if state is not None else self.initial_state(ids.shape[1])
        dropouts = self.dropouts if self.training else NOTHING
        read = self.input(dropouts.hide(ids, UNK), dropped=dropouts.embedding).dropped(dropouts)
        output, after = self.layers(read, before, lengths=lengths, dropouts=dropouts)
        return output, after

    def read_out(self, output: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What the head reads of the output, in training without the entries that are dropped: (time, batch, size).

        Of a head that labels a whole sequence time is 1.
        """
        found: Tensor = self.readout(output, lengths)
        return self.dropouts.drop(found, self.dropouts.layers) if self.training else found
