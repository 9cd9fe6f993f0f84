"""What translations are worth beside references: BLEU and chrF as sacrebleu (Post, 2018) counts them, and how sure.

BLEU is of all pairs together and no mean over them, so each pair keeps what BLEU counts in it (Papineni et al., 2002);
the figure of any of the pairs is that of the sums. Intervals and tests measure no text twice that way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import DataError
from textrnn.extras import require
from textrnn.metrics.labels import given, share
from textrnn.metrics.metric import Metric
from textrnn.metrics.resampling import LEVEL, RESAMPLES, Texts, bootstrap_interval, paired_difference

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

ORDERS = 4  # the longest n-grams, in words
LONGEST = (5, 10, 15, 20, 30, 40, 50)  # words of the longest source of each group of like length

Counts = NDArray[np.int64]


def corpus_bleu(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    """BLEU of translations with a reference each, from 0 to 100."""
    check_pairs(hypotheses, references)
    return float(bleu().corpus_score(hypotheses, [references]).score)


def corpus_chrf(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    """chrF (Popović, 2015) of translations with a reference each, from 0 to 100."""
    check_pairs(hypotheses, references)
    return float(chrf().corpus_score(hypotheses, [references]).score)


def bleu_metric(hypotheses: Sequence[str], references: Sequence[str], *, conditions: str, name: str = "bleu") -> Metric:
    """BLEU with sacrebleu's signature."""
    check_pairs(hypotheses, references)
    found = bleu().corpus_score(hypotheses, [references])
    short = "" if found.totals[-1] else f"; 0 for no translation has {ORDERS} words, so read chrF"
    protocol = f"sacrebleu {bleu().get_signature()}, of {counted(len(hypotheses))}; {conditions}{short}"
    return Metric(name, float(found.score), protocol)


def chrf_metric(hypotheses: Sequence[str], references: Sequence[str], *, conditions: str) -> Metric:
    """ChrF with sacrebleu's signature."""
    value = corpus_chrf(hypotheses, references)
    return Metric("chrf", value, f"sacrebleu {chrf().get_signature()}, of {counted(len(hypotheses))}; {conditions}")


def counted(pairs: int) -> str:
    """How many there are, in words."""
    return f"{pairs:,} pair{'' if pairs == 1 else 's'}"


def check_pairs(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    """Raise DataError unless there is a translation for each reference: sacrebleu would leave out what is over."""
    if len(hypotheses) != len(references):
        raise DataError(f"{len(hypotheses):,} translations and {len(references):,} references: one each is needed")
    if not references:
        raise DataError("there are no translations to measure")


@cache
def bleu() -> "BLEU":
    """What counts and adds up, with the defaults that figures are compared by."""
    require("eval", "BLEU", packages=("sacrebleu",))
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(max_ngram_order=ORDERS, force=True)  # force: says nothing of translations that look tokenized


@cache
def chrf() -> "CHRF":
    """The same for chrF."""
    require("eval", "chrF", packages=("sacrebleu",))
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


@dataclass(frozen=True, eq=False)
class BleuCounts:
    """What BLEU counts in each pair: the figure of any of them follows.

    counts: (pairs, 2 + 2 x ORDERS): the words of the translation, those of the reference, the n-grams of the
    translation that the reference has too, of each order, and all of its n-grams.
    """

    counts: Counts

    @classmethod
    def of(cls, hypotheses: Sequence[str], references: Sequence[str]) -> "BleuCounts":
        """The counts of translations with a reference each."""
        check_pairs(hypotheses, references)
        require("eval", "BLEU", packages=("sacrebleu",))
        from sacrebleu.metrics.bleu import BLEU

        counter = BLEU(max_ngram_order=ORDERS, effective_order=True)  # as sacrebleu wants a sentence counted
        scores = [
            counter.sentence_score(*pair) for pair in zip(hypotheses, ([each] for each in references), strict=True)
        ]
        rows = [[score.sys_len, score.ref_len, *score.counts, *score.totals] for score in scores]
        return cls(np.array(rows, np.int64))

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def length_ratio(self) -> float | None:
        """Words of the translations to words of the references; None where these have none."""
        return share(self.counts[:, 0].sum(), self.counts[:, 1].sum())

    def bleu(self, places: Texts | slice = slice(None)) -> float:
        """BLEU of all the pairs, or of some, each as often as it is named."""
        return bleu_of(self.counts[places].sum(0))

    def interval_metrics(self, *, seed: int, conditions: str) -> list[Metric]:
        """The ends of the interval of BLEU."""
        interval = bootstrap_interval(self.bleu, len(self), seed=seed)
        says = f"of the {LEVEL:.0%} interval, percentile bootstrap of {RESAMPLES:,} draws, seed {seed}; {conditions}"
        return [
            Metric("bleu_low", interval.low, f"low end {says}"),
            Metric("bleu_high", interval.high, f"high end {says}"),
        ]

    def difference_metrics(self, other: "BleuCounts", *, seed: int) -> list[Metric]:
        """How much higher BLEU is than that of another model on the same pairs, and whether by chance."""
        found = paired_difference(other.bleu, self.bleu, len(self), seed=seed)
        interval = f"{found.interval.level:.0%} interval {found.interval.low:+.2f} to {found.interval.high:+.2f}"
        says = f"this model minus the other on the same {len(self):,} pairs"
        test = f"approximate randomization, two sides, {RESAMPLES:,} trials, seed {seed}"
        return [
            Metric("bleu_difference", found.value, f"{says}; paired bootstrap, {interval}, seed {seed}"),
            Metric("p_value", chance_of_difference(self, other, seed=seed), f"{test}; of the difference in BLEU"),
        ]


def bleu_of(counts: Counts) -> float:
    """BLEU from what was counted in all pairs together."""
    words, reference_words, *grams = counts.tolist()
    score = bleu().compute_bleu(grams[:ORDERS], grams[ORDERS:], words, reference_words, smooth_method="exp")
    return float(score.score)


def chance_of_difference(a: BleuCounts, b: BleuCounts, *, seed: int, trials: int = RESAMPLES) -> float:
    """How often a difference in BLEU is as large by chance: approximate randomization (Riezler and Maxwell, 2005).

    If neither model is better, it is a toss of a coin for each pair which of its translations is whose.
    """
    rng = np.random.default_rng(seed)
    found = abs(a.bleu() - b.bleu())
    both, between = a.counts.sum(0) + b.counts.sum(0), b.counts - a.counts
    as_large = 0
    for _ in range(trials):
        tossed = a.counts.sum(0) + between[rng.integers(2, size=len(a)).astype(np.bool_)].sum(0)
        as_large += abs(bleu_of(tossed) - bleu_of(both - tossed)) >= found
    return (as_large + 1) / (trials + 1)


@dataclass(frozen=True)
class LengthRow:
    """The pairs whose sources have from `shortest` to `longest` words, None: any number; and their BLEU."""

    shortest: int
    longest: int | None
    pairs: int
    bleu: float

    @property
    def words(self) -> str:
        """The lengths, for people."""
        return f"{self.shortest}+" if self.longest is None else f"{self.shortest}-{self.longest}"


def bleu_by_length(sources: Sequence[str], counts: BleuCounts) -> list[LengthRow]:
    """BLEU of the pairs whose sources are of like length, the shortest first; of lengths that occur."""
    groups = np.searchsorted(LONGEST, [len(source.split()) for source in sources])
    begins, ends = (0, *(longest + 1 for longest in LONGEST)), (*LONGEST, None)
    rows = []
    for group in np.unique(groups).tolist():
        places = np.flatnonzero(groups == group)
        rows.append(LengthRow(begins[group], ends[group], len(places), counts.bleu(places)))
    return rows


def length_metrics(rows: Sequence[LengthRow], *, conditions: str) -> list[Metric]:
    """The same as metrics, named by the words of the sources."""
    return [
        Metric(f"bleu[{row.words} words]", row.bleu, f"BLEU by source length, of {counted(row.pairs)}; {conditions}")
        for row in rows
    ]


def translation_metrics(
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
    counts: BleuCounts,
    *,
    seed: int,
    conditions: str,
) -> list[Metric]:
    """Every figure of translations. counts: of them. conditions: split, search and so on, in words."""
    ratio = "words of the translations to words of the references, of sacrebleu's 13a"
    return [
        bleu_metric(hypotheses, references, conditions=conditions),
        chrf_metric(hypotheses, references, conditions=conditions),
        given(
            "length_ratio",
            counts.length_ratio,
            f"{ratio}; {conditions}",
            otherwise="not given: the references have no words",
        ),
        *counts.interval_metrics(seed=seed, conditions=conditions),
        bleu_metric(sources, references, conditions="each source as its own translation", name="copied_source_bleu"),
        *length_metrics(bleu_by_length(sources, counts), conditions=conditions),
    ]
