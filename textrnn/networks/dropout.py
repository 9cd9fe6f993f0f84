"""What is dropped in training, by chance: entries of vectors, whole symbols, recurrent connections."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Dropouts:
    """Shares dropped in training, each in [0, 1).

    symbols: of the places, each of which is then read as <unk> (word dropout; Dai and Le, 2015). embedding: of the
    symbols, a symbol in the whole batch at once (Merity et al., 2018). input: of the entries of the vectors at the
    input; layers: of each layer's outputs (Zaremba et al., 2014). recurrent: of the entries of the last hidden vector
    where it meets the recurrent weights, the same at every step (Gal and Ghahramani, 2016). weight: of the recurrent
    weights (DropConnect; Merity et al., 2018).
    per_sequence: input and layers drop the same entries at every step of a sequence (variational dropout; Gal and
    Ghahramani, 2016).
    """

    symbols: float = 0.0
    embedding: float = 0.0
    input: float = 0.0
    layers: float = 0.0
    recurrent: float = 0.0
    weight: float = 0.0
    per_sequence: bool = False

    def hide(self, ids: Tensor, unknown: int) -> Tensor:
        """Symbols (time, batch), a share of them unknown."""
        if not self.symbols:
            return ids
        return torch.where(torch.rand(ids.shape, device=ids.device) < self.symbols, unknown, ids)

    def drop(self, x: Tensor, share: float) -> Tensor:
        """Vectors (time, batch, size) with a share of their entries dropped."""
        if not share:
            return x
        return x * mask((1 if self.per_sequence else len(x), *x.shape[1:]), share, device=x.device)


NOTHING = Dropouts()
CHANCES = 2**16  # that an entry is drawn from


def mask(shape: tuple[int, ...], share: float, *, device: torch.device) -> Tensor:
    """Factors 0 for the share that is dropped and 1 / (1 - share) for the rest (inverted dropout; Srivastava et al.,
    2014), the share rounded to a 65,536th.

    Sixteen random bits for each entry, those of four drawn at once: torch draws a number for each, at more cost.
    """
    entries = torch.Size(shape).numel()
    words = torch.empty(-(-entries // 4), dtype=torch.int64, device=device).random_(-(2**63), None)
    dropped = min(CHANCES - 1, round(share * CHANCES))
    kept = words.view(torch.int16)[:entries].view(shape) >= dropped - CHANCES // 2
    return kept * (CHANCES / (CHANCES - dropped))
