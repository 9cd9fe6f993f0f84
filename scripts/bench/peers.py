"""The networks of plain PyTorch that ours is measured against, of the same sizes. Needs torch."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from bench import EMBEDDING, LAYERS, UNITS
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from textrnn.architecture import LabelPerSequence, OneHot
from textrnn.metrics.calibration import Logprobs
from textrnn.model_folder import ModelFolder
from textrnn.text.tokenizer import Tokenizer

BATCH = 64  # texts that the plain loop pads together

States = list[tuple[Tensor, Tensor]]


class Whole(nn.Module):
    """Embedding, torch's layers of a kind (such as nn.LSTM), linear: what most scripts do."""

    def __init__(self, classes: int, kind: Callable[..., nn.RNNBase] = nn.LSTM) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, EMBEDDING)
        self.layers = kind(EMBEDDING, UNITS, LAYERS)
        self.linear = nn.Linear(UNITS, classes)

    def forward(self, ids: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Logits (time, batch, classes) and the state after, as the layers have it."""
        hidden, after = self.layers(self.embedding(ids), state)
        return self.linear(hidden), after


class Cells(nn.Module):
    """Embedding, an nn.LSTMCell for each layer, linear: one step."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, EMBEDDING)
        sizes = [EMBEDDING] + [UNITS] * (LAYERS - 1)
        self.cells = nn.ModuleList(nn.LSTMCell(size, UNITS) for size in sizes)
        self.linear = nn.Linear(UNITS, classes)

    def forward(self, ids: Tensor, state: States | None = None) -> tuple[Tensor, States]:
        """Logits (1, batch, classes) after ids (1, batch), and the state after."""
        before: Sequence[tuple[Tensor, Tensor] | None] = state or [None] * LAYERS
        below, after = self.embedding(ids[0]), []
        for cell, layer_state in zip(self.cells, before, strict=True):
            below, memory = cell(below, layer_state)
            after.append((below, memory))
        return self.linear(below)[None], after


class SequenceLabeller(nn.Module):
    """Embedding, nn.LSTM, a summary of its outputs, linear: a classifier's network, with the weights of its folder.

    layers_over: `padded` or `packed`.
    """

    def __init__(self, folder: ModelFolder, layers_over: "LayersOver") -> None:
        super().__init__()
        architecture = folder.config.architecture
        core, head = architecture.core, architecture.head
        is_plain = core.cell == "lstm" and len(set(core.sizes)) == 1 and not core.projection and not core.residual
        if not is_plain or isinstance(architecture.input, OneHot) or not isinstance(head, LabelPerSequence):
            raise SystemExit(f"{folder.path}: {core} is no nn.LSTM that labels whole texts")
        self.readouts, self.layers_over = head.readouts, layers_over
        self.forward_size = core.units
        self.embedding = nn.Embedding(architecture.input.symbols, architecture.input.size)
        self.layers = nn.LSTM(architecture.input.size, core.units, core.layers, bidirectional=core.bidirectional)
        self.attention = nn.Parameter(torch.zeros(1, core.outputs))
        self.linear = nn.Linear(core.outputs * len(head.readouts), head.classes)
        weights = load(folder.read("model.safetensors"))
        self.load_state_dict({"attention": self.attention, **{as_torch(name): weights[name] for name in weights}})

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits (batch, classes) of padded ids (time, batch)."""
        outputs = self.layers_over(self.layers, self.embedding(ids), lengths)  # (time, batch, outputs)
        outside = torch.arange(len(ids))[:, None, None] >= lengths[:, None]  # (time, batch, 1)
        return self.linear(torch.cat([self._summary(name, outputs, lengths, outside) for name in self.readouts], -1))

    def _summary(self, name: str, outputs: Tensor, lengths: Tensor, outside: Tensor) -> Tensor:
        if name == "max":
            return outputs.masked_fill(outside, -torch.inf).amax(0)
        if name == "mean":
            return outputs.masked_fill(outside, 0).sum(0) / lengths[:, None]
        if name == "last":
            ends = outputs[lengths - 1, torch.arange(len(lengths)), : self.forward_size]
            return torch.cat([ends, outputs[0, :, self.forward_size :]], -1)
        assert name == "attention"
        scores = outputs.tanh() @ self.attention[0, :, None]
        return (scores.masked_fill(outside, -torch.inf).softmax(0) * outputs).sum(0)


LayersOver = Callable[[nn.LSTM, Tensor, Tensor], Tensor]


def padded(layers: nn.LSTM, vectors: Tensor, lengths: Tensor) -> Tensor:
    """Outputs over padding too: the layer that reads backward begins with it, so that labels may differ a little."""
    return layers(vectors)[0]


def packed(layers: nn.LSTM, vectors: Tensor, lengths: Tensor) -> Tensor:
    """Outputs over the symbols alone."""
    outputs, _ = layers(pack_padded_sequence(vectors, lengths, enforce_sorted=False))
    return pad_packed_sequence(outputs)[0]


LAYERS_OVER = {"padded": padded, "packed": packed}


def as_torch(name: str) -> str:
    """What torch calls an array of a model folder: layers.0_reverse.weight_ih is layers.weight_ih_l0_reverse."""
    first, *middle, last = name.split(".")
    if first == "layers":
        level, _, direction = middle[0].partition("_")
        return f"layers.{last}_l{level}" + (f"_{direction}" if direction else "")
    return {
        "input.table": "embedding.weight",
        "head.weight": "linear.weight",
        "head.bias": "linear.bias",
        "readout.attention": "attention",
    }[name]


def plain_loop(folder: str, over: str) -> Callable[[Sequence[str]], Logprobs]:
    """The same network in plain PyTorch: texts to log-probabilities, in batches that are padded in the texts' order."""
    opened = ModelFolder(Path(folder))
    network = SequenceLabeller(opened, LAYERS_OVER[over]).eval()
    tokenizer = Tokenizer.from_json(opened.read("tokenizer.json"), opened.config.text.level)

    def logprobs(texts: Sequence[str]) -> Logprobs:
        found = []
        for begin in range(0, len(texts), BATCH):
            rows = tokenizer.encode_many(texts[begin : begin + BATCH])
            ids = pad_sequence([torch.from_numpy(row.astype("int64")) for row in rows])
            lengths = torch.tensor([max(1, len(row)) for row in rows])  # a text without symbols is one of padding
            with torch.inference_mode():
                found.append(network(ids, lengths).log_softmax(-1))
        return torch.cat(found).double().numpy()

    return logprobs
