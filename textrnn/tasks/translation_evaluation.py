"""What a translator is worth on pairs with references: its figures, and beside another on the same pairs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from textrnn.errors import DataError, UsageError
from textrnn.metrics.metric import Metric
from textrnn.metrics.translation import BleuCounts, LengthRow, bleu_by_length, translation_metrics
from textrnn.tasks.translator import Translator
from textrnn.text.pairs import Pair

SEED = 0  # of the draws of the bootstrap


@dataclass(frozen=True, eq=False)
class TranslationEvaluation:
    """Pairs and what a translator made of their sources. conditions: of the figures, in words."""

    sources: list[str]
    translations: list[str]
    references: list[str]
    conditions: str

    @cached_property
    def counts(self) -> BleuCounts:
        """What BLEU counts in each pair."""
        return BleuCounts.of(self.translations, self.references)

    def metrics(self) -> list[Metric]:
        """Its figures, with the interval of the main one."""
        return translation_metrics(
            self.sources, self.translations, self.references, self.counts, seed=SEED, conditions=self.conditions
        )

    def by_length(self) -> list[LengthRow]:
        """BLEU of the pairs whose sources are of like length."""
        return bleu_by_length(self.sources, self.counts)

    def against(self, other: "TranslationEvaluation") -> list[Metric]:
        """Whether this translator is better than another on the same pairs."""
        if (self.sources, self.references) != (other.sources, other.references):
            raise UsageError("the two models have read other pairs: they cannot be held against each other")
        return self.counts.difference_metrics(other.counts, seed=SEED)


def evaluate_pairs(
    model: Translator, pairs: Iterable[Pair], *, on: str, beam: int = 5, length_penalty: float = 1.0
) -> TranslationEvaluation:
    """What a translator makes of the sources of pairs; DataError where there are none.

    on: what these are called. beam, length_penalty: see decoding.beam.Beam.
    """
    sources: list[str] = []
    references: list[str] = []

    def taken() -> Iterator[str]:
        for pair in pairs:
            sources.append(pair.source)
            references.append(pair.target)
            yield pair.source

    found = model.translate(taken(), beam=beam, length_penalty=length_penalty)
    translations = [each.translation for each in found]
    if not translations:
        raise DataError(f"{on} is empty")
    conditions = f"{on}; beam {beam}, length penalty {length_penalty:g}; {model.config.precision}"
    return TranslationEvaluation(sources, translations, references, conditions)
