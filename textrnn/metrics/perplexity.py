"""The summary of a scored corpus: every perplexity people quote, side by side, and the two that compare across models.

Perplexity is exp(nats / predictions). Which predictions count is the difference between most published figures, so
all four are given: with and without unknown symbols, with and without <eos>. Without <eos> is SRILM's ppl1. Bits per
character and per byte divide by what the reader sees, so they alone compare models of different vocabularies; they
mean something only where the symbols give the text back exactly.
"""

import math
from dataclasses import dataclass

from textrnn.metrics.metric import Metric

NOTHING = "not given: nothing was predicted"


@dataclass
class Tally:
    """Sums over scored texts, in nats (natural log). Texts are counted by `add_text`."""

    texts: int = 0
    symbols: int = 0  # without <eos>
    unknown: int = 0  # of these, outside the vocabulary
    nats: float = 0.0  # of the symbols
    unknown_nats: float = 0.0  # of these, of the unknown
    ends: int = 0  # <eos> predicted
    end_nats: float = 0.0
    characters: int = 0
    bytes: int = 0  # in UTF-8
    altered: int = 0  # texts that their symbols do not give back exactly

    def add_text(self, text: str) -> None:
        """Count a text's characters and bytes."""
        self.texts += 1
        self.characters += len(text)
        self.bytes += len(text.encode(errors="surrogatepass"))

    def metrics(self, *, includes_end: bool, conditions: str) -> list[Metric]:
        """The table. includes_end: bits per character count <eos>. conditions: split, state and so on, in words."""
        known, known_nats = self.symbols - self.unknown, self.nats - self.unknown_nats
        rows = [
            Metric("sentences", self.texts, "texts scored, each a record"),
            Metric("token_count", self.symbols, "symbols predicted, without <eos>"),
            Metric("oov_count", self.unknown, "of these, outside the vocabulary: predicted as <unk>"),
        ]
        for ends, end_nats, with_end in ((self.ends, self.end_nats, True), (0, 0.0, False)):
            if with_end and not self.ends:
                continue
            for count, nats, with_unknown in (
                (self.symbols, self.nats, True),
                (known, known_nats, False),
            ):
                name = "perplexity" + ("" if with_unknown else "_without_oov") + ("" if with_end else "_without_eos")
                says = f"{'with' if with_unknown else 'without'} OOV, {'with' if with_end else 'without'} <eos>"
                value = perplexity(nats + end_nats, count + ends)
                rows.append(Metric(name, value, NOTHING if value is None else f"{says}; {conditions}"))
        total = self.nats + (self.end_nats if includes_end else 0.0)
        end = "with <eos>" if includes_end and self.ends else "without <eos>"
        for name, count, unit in (
            ("nats_per_character", self.characters, 1.0),
            ("bits_per_character", self.characters, math.log(2)),
            ("bits_per_byte", self.bytes, math.log(2)),
        ):
            if self.unknown:
                why = f"not given: {self.unknown} symbols are <unk>, so the symbols do not give the text back"
                rows.append(Metric(name, None, why))
            elif self.altered:
                why = f"not given: of {self.altered} texts the symbols do not give the spaces or letters back exactly"
                rows.append(Metric(name, None, why))
            elif not count:
                rows.append(Metric(name, None, NOTHING))
            else:
                rows.append(Metric(name, total / unit / count, f"{end}; {conditions}"))
        return rows


def perplexity(nats: float, predictions: int) -> float | None:
    """exp(nats / predictions); None where nothing is predicted, inf where it is too large to say."""
    if not predictions:
        return None
    try:
        return math.exp(nats / predictions)
    except OverflowError:
        return math.inf
