"""A head that makes another sequence: an input, a stack of layers and a label a step, with attention to the source.

After each step its output h and the context c that attention has found are made into one vector, o = tanh(W h + V c +
b), from which the next symbol is chosen (Luong et al., 2015, equation 5); without attention o = tanh(W h + b). With
input feeding o stands beside the next symbol's vector as the first layer reads it (section 3.3 there).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textrnn.architecture import FED, Decoder, LabelPerStep
from textrnn.batch import IGNORE
from textrnn.networks.attention import ATTENTIONS, Memory, uniform
from textrnn.networks.bridge import Bridge
from textrnn.networks.dropout import NOTHING, Dropouts
from textrnn.networks.heads import LabelHead
from textrnn.networks.inputs import LearnedInput, build_input
from textrnn.networks.products import linear
from textrnn.networks.read import Read, Vectors
from textrnn.networks.readouts import Places, last_of
from textrnn.networks.stack import Level, Stack, State
from textrnn.text.joiners import PAD, START, UNK


@dataclass(frozen=True)
class Begun:
    """What a decoder begins with: what attention reads, if there is any, and the state of its layers."""

    memory: Memory | None
    state: State


class DecoderHead(nn.Module):
    """The decoder of a spec, over an encoder's outputs.

    outputs, forward_size: the size of those, and how much of it is of the layer that reads forward. table: the source's
    vectors, where they are shared. guessed: in training the share of the symbols read that are not the true ones but
    what the network takes for the likeliest, given the true ones (parallel scheduled sampling; Duckworth et al., 2019).
    """

    def __init__(
        self,
        spec: Decoder,
        outputs: int,
        forward_size: int,
        *,
        dropouts: Dropouts,
        start: str,
        deviation: float,
        table: nn.Parameter | None,
    ) -> None:
        super().__init__()
        self.spec, self.forward_size, self.dropouts = spec, forward_size, dropouts
        self.guessed = 0.0
        self.input = build_input(spec.input, deviation=deviation)
        if table is not None and isinstance(self.input, LearnedInput):
            self.input.share(table)
        own = None
        if isinstance(self.input, LearnedInput) and spec.tied:
            self.input.start_tied()
            own = self.input.table
        self.layers = Stack(spec.core, self.input.size + (spec.outputs if spec.input_feeding else 0), start=start)
        self.bridge = Bridge(outputs, spec.core)
        self.attention = ATTENTIONS[spec.attention](self.layers.size, outputs) if spec.attention else None
        self.weight_hidden = uniform(spec.outputs, self.layers.size)
        self.weight_context = uniform(spec.outputs, outputs) if spec.attention else None
        self.bias_output = nn.Parameter(torch.zeros(spec.outputs))
        self.labels = LabelHead(LabelPerStep(classes=spec.classes, tied=spec.tied), spec.outputs, own)

    @property
    def bias(self) -> Tensor:
        """Of the labels."""
        return self.labels.bias

    def begin(self, outputs: Tensor, lengths: Tensor) -> Begun:
        """What to begin with for the encoder's outputs (source, batch, size); lengths: (batch,)."""
        places = Places.of(lengths, steps=len(outputs))
        vectors = last_of(outputs, places, forward_size=self.forward_size)
        state = self.bridge(vectors)
        if self.spec.input_feeding:
            state[FED] = vectors.new_zeros(len(vectors), self.spec.outputs).float()
        if self.attention is None:
            return Begun(None, state)
        values = outputs.transpose(0, 1).contiguous()
        return Begun(Memory(self.attention.keys(values), values, places.mask.T), state)

    def forward(self, ids: Tensor, state: State, memory: Memory | None) -> tuple[Tensor, State, Tensor | None]:
        """The outputs o (time, batch, size) for ids (time, batch), the state after, and the weights of attention.

        The weights are (batch, time, source). Nothing is dropped but in training.
        """
        dropouts = self.dropouts if self.training else NOTHING
        read = self.input(dropouts.hide(ids, UNK), dropped=dropouts.embedding).dropped(dropouts)
        if not self.spec.input_feeding:
            hidden, after = self.layers(read, state, dropouts=dropouts)
            outputs, weights = self._outputs(hidden, memory, dropouts)
            return outputs, after, weights
        found, looks = [], []
        for vectors in read.vectors().unbind():
            fed = Vectors(torch.cat([vectors, state[FED].to(vectors.dtype)], -1)[None])
            hidden, state = self.layers(fed, state, dropouts=dropouts)
            outputs, weights = self._outputs(hidden, memory, dropouts)
            state[FED] = outputs[0].float()
            found.append(outputs)
            looks.append(weights)
        return torch.cat(found), state, torch.cat([w for w in looks if w is not None], 1) if self.attention else None

    def _outputs(self, hidden: Tensor, memory: Memory | None, dropouts: Dropouts) -> tuple[Tensor, Tensor | None]:
        """o and the weights of attention for the top layer's outputs h (time, batch, size)."""
        hidden = dropouts.drop(hidden, dropouts.layers)
        total, weights = linear(hidden, self.weight_hidden, self.bias_output), None
        if self.attention is not None and self.weight_context is not None and memory is not None:
            context, weights = self.attention(hidden.transpose(0, 1), memory)
            total = total + nn.functional.linear(context.transpose(0, 1), self.weight_context)
        return total.tanh(), weights

    def loss(self, outputs: Tensor, targets: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, int]:
        """Negative log-probability of targets (time, batch), each after the true ones before it, and their number."""
        assert lengths is not None
        begun = self.begin(outputs, lengths)
        inputs = torch.cat([torch.full_like(targets[:1], START), targets[:-1]])
        inputs = torch.where(inputs == IGNORE, PAD, inputs)
        if self.training and self.guessed:
            inputs = self._with_guesses(inputs, begun)
        found, _, _ = self(inputs, begun.state, begun.memory)
        dropouts = self.dropouts if self.training else NOTHING
        return self.labels.loss(dropouts.drop(found, dropouts.layers), targets)

    def by_level(self, ids: Tensor, begun: Begun) -> Iterator[Level]:
        """What each level of the layers makes of ids (time, batch), nothing dropped."""
        read: Read = self.input(ids)
        if self.spec.input_feeding:
            outputs, _, _ = self(ids, begun.state, begun.memory)
            read = Vectors(torch.cat([read.vectors(), torch.cat([begun.state[FED][None], outputs[:-1]])], -1))
        return self.layers.by_level(read, begun.state)

    @torch.no_grad()
    def _with_guesses(self, inputs: Tensor, begun: Begun) -> Tensor:
        """Inputs of which a share is what the network takes for the likeliest; <start> stays."""
        found, _, _ = self(inputs, begun.state, begun.memory)
        likeliest = self.labels(found[:-1]).argmax(-1)
        is_guessed = torch.rand(likeliest.shape, device=inputs.device) < self.guessed
        return torch.cat([inputs[:1], torch.where(is_guessed, likeliest, inputs[1:])])
