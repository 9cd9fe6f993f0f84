"""The networks of plain PyTorch that ours is measured against, of the same sizes. Needs torch."""

from collections.abc import Callable, Sequence
from typing import Any

from bench import EMBEDDING, LAYERS, UNITS
from torch import Tensor, nn

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
