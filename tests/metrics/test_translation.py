"""The figures of translations, against sacrebleu's own and by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest
from scipy import stats

from textrnn.errors import DataError, MissingExtra
from textrnn.metrics import translation
from textrnn.metrics.translation import (
    BleuCounts,
    bleu_by_length,
    bleu_metric,
    chance_of_difference,
    chrf_metric,
    corpus_bleu,
    corpus_chrf,
    translation_metrics,
)

WORDS = ["a", "the", "cat", "sat", "on", "mat", ",", ".", "dog", "saw", "The", "3.5", "it's"]
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)


def noisy(references: Sequence[str], share: float, *, seed: int) -> list[str]:
    """The references, that share of their words others."""
    rng = np.random.default_rng(seed)
    return [
        " ".join(rng.choice(WORDS) if rng.random() < share else word for word in text.split()) for text in references
    ]


def sentences(count: int) -> list[str]:
    rng = np.random.default_rng(9)
    return [" ".join(rng.choice(WORDS, size=rng.integers(1, 25))) for _ in range(count)]


REFERENCES = sentences(120)
GOOD, BETTER = noisy(REFERENCES, 0.4, seed=1), noisy(REFERENCES, 0.2, seed=2)


@given(st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=8), st.data())
def test_figures_of_all_and_of_any_pairs_are_those_of_sacrebleu(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    hypotheses, references = map(list, zip(*pairs, strict=True))
    assert corpus_bleu(hypotheses, references) == sacrebleu.corpus_bleu(hypotheses, [references]).score
    assert corpus_chrf(hypotheses, references) == sacrebleu.corpus_chrf(hypotheses, [references]).score
    counts = BleuCounts.of(hypotheses, references)
    drawn = data.draw(st.lists(st.integers(0, len(pairs) - 1), min_size=1, max_size=12))
    some = [hypotheses[place] for place in drawn], [[references[place] for place in drawn]]
    assert counts.bleu(np.array(drawn)) == pytest.approx(sacrebleu.corpus_bleu(*some).score, abs=1e-9)
    assert counts.bleu() == pytest.approx(corpus_bleu(hypotheses, references), abs=1e-9)


def test_translations_too_short_for_bleu_are_told_of() -> None:
    short = bleu_metric(["Ve .", "Hola"], ["Ve .", "Hola"], conditions="here")
    assert short.value == 0
    assert short.protocol.endswith("; here; 0 for no translation has 4 words, so read chrF")
    assert bleu_metric(["a b c d"], ["a b c d"], conditions="here").protocol.endswith("; here")


def test_bleu_by_hand() -> None:
    """Five words of six: 5/6, then 3 of 5 pairs of words, 1 of 4 triples and no four: half a match, of 3."""
    hypothesis, reference = "the cat sat in the mat", "the cat sat on the mat today"
    precisions = [5 / 6, 3 / 5, 1 / 4, 0.5 / 3]
    brevity = math.exp(1 - 7 / 6)
    expected = 100 * brevity * math.prod(precisions) ** 0.25
    assert corpus_bleu([hypothesis], [reference]) == pytest.approx(expected)
    counts = BleuCounts.of([hypothesis], [reference])
    assert counts.counts.tolist() == [[6, 7, 5, 3, 1, 0, 6, 5, 4, 3]]
    assert counts.length_ratio == 6 / 7


def test_case_counts_and_a_mark_is_a_word() -> None:
    assert corpus_bleu(["The cat sat on it."], ["The cat sat on it."]) == pytest.approx(100)
    assert corpus_bleu(["the cat sat on it."], ["The cat sat on it."]) < 100
    assert BleuCounts.of(["It sat, there."], ["x"]).counts[0, 0] == 5


def test_a_figure_comes_with_the_signature() -> None:
    metric = bleu_metric(GOOD, REFERENCES, conditions="beam 5")
    assert metric.metric == "bleu"
    scorer = BLEU()
    scorer.corpus_score(GOOD, [REFERENCES])
    assert metric.protocol == f"sacrebleu {scorer.get_signature()}, of 120 pairs; beam 5"
    assert "tok:13a" in metric.protocol
    metric = chrf_metric(GOOD[:1], REFERENCES[:1], conditions="beam 5")
    assert (metric.metric, metric.value) == ("chrf", sacrebleu.corpus_chrf(GOOD[:1], [REFERENCES[:1]]).score)
    assert "nc:6|nw:0" in metric.protocol
    assert ", of 1 pair; beam 5" in metric.protocol


@pytest.mark.parametrize("figure", [corpus_bleu, corpus_chrf, BleuCounts.of])
def test_a_translation_for_each_reference_or_an_error(figure: object) -> None:
    assert callable(figure)
    with pytest.raises(DataError, match="2 translations and 1 references"):
        figure(["a", "b"], ["a"])
    with pytest.raises(DataError, match="no translations"):
        figure([], [])


def test_without_sacrebleu_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    translation.bleu.cache_clear()
    monkeypatch.setattr("textrnn.extras.find_spec", lambda package: None if package == "sacrebleu" else package)
    with pytest.raises(MissingExtra, match=r"BLEU needs the 'eval' extra"):
        corpus_bleu(["a"], ["a"])


def test_bleu_needs_no_other_package_of_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training measures BLEU too, and its extra has sacrebleu but no matplotlib."""
    translation.bleu.cache_clear()
    monkeypatch.setattr("textrnn.extras.find_spec", lambda package: package if package == "sacrebleu" else None)
    assert corpus_bleu(["a b c d"], ["a b c d"]) == pytest.approx(100)


# intervals and tests


def test_an_interval_is_that_of_scipy() -> None:
    counts = BleuCounts.of(GOOD, REFERENCES)
    low, high = counts.interval_metrics(seed=3, conditions="beam 5")
    expected = stats.bootstrap(
        (np.arange(len(REFERENCES)),),
        lambda places: counts.bleu(places),
        method="percentile",
        vectorized=False,
        n_resamples=1_000,
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert (low.metric, high.metric) == ("bleu_low", "bleu_high")
    assert (low.value, high.value) == pytest.approx((expected.low, expected.high), abs=0.6)
    assert low.value is not None
    assert high.value is not None
    assert low.value < counts.bleu() < high.value
    for part in ("95%", "1,000 draws", "seed 3", "beam 5"):
        assert part in low.protocol


def test_a_difference_and_how_likely_it_is_by_chance() -> None:
    good, better = BleuCounts.of(GOOD, REFERENCES), BleuCounts.of(BETTER, REFERENCES)
    difference, p_value = better.difference_metrics(good, seed=0)
    assert (difference.metric, p_value.metric) == ("bleu_difference", "p_value")
    assert difference.value == pytest.approx(corpus_bleu(BETTER, REFERENCES) - corpus_bleu(GOOD, REFERENCES))
    assert difference.value is not None
    assert difference.value > 10
    assert p_value.value == 1 / 1_001  # larger than in any trial
    assert "120 pairs" in difference.protocol
    (other, _) = good.difference_metrics(better, seed=0)
    assert other.value == -difference.value


def test_chance_is_that_of_sacrebleu() -> None:
    """Two systems of one kind: its approximate randomization finds about the same share of trials."""
    a, b = (noisy(REFERENCES, 0.3, seed=seed) for seed in (21, 26))
    ours = chance_of_difference(BleuCounts.of(a, REFERENCES), BleuCounts.of(b, REFERENCES), seed=0, trials=1_000)
    test = PairedTest([("a", a), ("b", b)], {"BLEU": BLEU()}, [REFERENCES], test_type="ar", n_samples=1_000)
    _, scores = test()
    theirs = scores["BLEU"][1].p_value
    assert 0.02 < theirs < 0.9
    assert ours == pytest.approx(theirs, abs=0.06)


def test_a_model_does_not_differ_from_itself() -> None:
    counts = BleuCounts.of(GOOD, REFERENCES)
    difference, p_value = counts.difference_metrics(counts, seed=0)
    assert (difference.value, p_value.value) == (0, 1)


# by length


def test_each_pair_is_with_those_of_its_length() -> None:
    sources = ["", "a b", "a b c d e", "a b c d e f", "x " * 10, "x " * 11, "x " * 50, "x " * 51, "x " * 900]
    hypotheses = [f"{number} a b c" for number in range(len(sources))]
    references = [text if number % 2 else text.upper() for number, text in enumerate(hypotheses)]
    rows = bleu_by_length(sources, BleuCounts.of(hypotheses, references))
    assert [(row.words, row.pairs) for row in rows] == [
        ("0-5", 3),
        ("6-10", 2),
        ("11-15", 1),
        ("41-50", 1),
        ("51+", 2),
    ]
    for row, places in zip(rows, ([0, 1, 2], [3, 4], [5], [6], [7, 8]), strict=True):
        own = corpus_bleu([hypotheses[place] for place in places], [references[place] for place in places])
        assert row.bleu == pytest.approx(own)


def test_every_figure_has_its_protocol() -> None:
    sources = [text.upper() for text in REFERENCES]
    rows = translation_metrics(sources, GOOD, REFERENCES, BleuCounts.of(GOOD, REFERENCES), seed=0, conditions="beam 5")
    names = [row.metric for row in rows]
    assert names[:6] == ["bleu", "chrf", "length_ratio", "bleu_low", "bleu_high", "copied_source_bleu"]
    assert all(name.startswith("bleu[") for name in names[6:])
    values = {row.metric: row.value for row in rows}
    assert values["copied_source_bleu"] == corpus_bleu(sources, REFERENCES)
    assert all(("beam 5" in row.protocol) == (row.metric != "copied_source_bleu") for row in rows)
    assert sum(int(row.protocol.split(" of ")[1].split()[0]) for row in rows[6:]) == len(REFERENCES)


def test_references_without_words_have_no_length() -> None:
    hypotheses, references = ["x", ""], ["", " "]
    counts = BleuCounts.of(hypotheses, references)
    rows = translation_metrics(["a", "b"], hypotheses, references, counts, seed=0, conditions="")
    (ratio,) = (row for row in rows if row.metric == "length_ratio")
    assert ratio.value is None
    assert ratio.protocol == "not given: the references have no words"
