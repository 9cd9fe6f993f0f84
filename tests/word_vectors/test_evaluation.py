"""What vectors are worth, held to gensim, which passes over what it does not know or cannot read."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.word_vectors.small import on_a_circle, word_vectors
from textrnn.text.word_questions import RatedPair, Section
from textrnn.word_vectors import evaluation
from textrnn.word_vectors.evaluation import analogy_metrics, similarity_metrics

WORDS = st.sampled_from([f"w{number}" for number in range(15)])  # some that no vectors have
RATED = st.builds(RatedPair, WORDS, WORDS, st.sampled_from([0.0, 1.5, 2.0, 7.25]))
PAIRS = st.lists(  # none of cosines that are equal, whose order is a matter of rounding
    RATED.filter(lambda pair: pair.first != pair.second),
    min_size=4,
    max_size=30,
    unique_by=lambda pair: frozenset((pair.first, pair.second)),
)
QUESTIONS = st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS), min_size=1, max_size=20)


@settings(max_examples=40)
@given(word_vectors(most=15), PAIRS)
def test_the_correlation_and_the_coverage_are_those_of_gensim(tmp_path_factory, vectors, pairs):
    known = [pair for pair in pairs if {pair.first, pair.second} <= set(vectors.words)]
    assume(len(known) >= 3 and len({pair.rating for pair in known}) > 1)
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    path.write_text("".join(f"{pair.first}\t{pair.second}\t{pair.rating}\n" for pair in pairs))
    _, spearman, unknown = vectors.keyed.evaluate_word_pairs(str(path), case_insensitive=False)
    correlation, coverage = similarity_metrics(vectors, pairs, on="pairs.tsv")
    assert correlation.metric == "spearman"
    assert correlation.value == pytest.approx(spearman.statistic)
    assert coverage.value == pytest.approx(1 - unknown / 100)
    assert f"{len(known)} of {len(pairs)} pairs" in correlation.protocol


def test_a_correlation_worked_out_by_hand():
    """Angles 40, 90, 180 rank the pairs 1, 2, 3; people say 1, 3, 2: 1 - 6 (0 + 1 + 1) / (3 * 8) = 0.5."""
    pairs = [RatedPair("East", other, rating) for other, rating in (("northeast", 9), ("north", 2), ("west", 5))]
    correlation, coverage = similarity_metrics(on_a_circle(), [*pairs, RatedPair("east", "up", 9)], on="pairs")
    assert (correlation.value, coverage.value) == (pytest.approx(0.5), 0.75)
    assert correlation.protocol == (
        "pairs: 3 of 4 pairs, those with a vector for both words; cosine; equal ratings share their mean rank; "
        "a word as it is written, else in lower case"
    )  # and no p: scipy's t says 0 of three pairs in order, which one order in six is


@pytest.mark.parametrize(
    "pairs",
    [
        [RatedPair("east", "west", 1), RatedPair("up", "down", 2), RatedPair("up", "west", 3)],
        [RatedPair("east", other, 5) for other in ("west", "north", "south")],
        [RatedPair("east", "west", rating) for rating in (1, 2, 3)],
        [RatedPair("up", "down", 2)],
    ],
)
def test_where_a_correlation_says_nothing_there_is_none(pairs):
    correlation, coverage = similarity_metrics(on_a_circle(), pairs, on="pairs")
    assert correlation.value is None
    assert correlation.protocol.startswith("not given")
    assert coverage.value is not None


@settings(max_examples=40)
@given(word_vectors(most=15), st.lists(QUESTIONS, min_size=1, max_size=3))
def test_accuracy_and_coverage_of_analogies_are_those_of_gensim(tmp_path_factory, vectors, asked):
    sections = [Section(f"kind {number}", questions) for number, questions in enumerate(asked)]
    lines = [f": {s.name}\n" + "".join(" ".join(question) + "\n" for question in s.questions) for s in sections]
    path = Path(tmp_path_factory.mktemp("analogies") / "analogies.txt")
    path.write_text("".join(lines))
    _, oracle = vectors.keyed.evaluate_word_analogies(str(path), case_insensitive=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "AT_ONCE", 3 * len(vectors.words))  # in blocks
        whole, coverage, *each = analogy_metrics(vectors, sections, on="analogies.txt")
    *parts, total = oracle
    for metric, found, number in (
        *((metric, part, len(questions)) for metric, part, questions in zip(each, parts, asked, strict=True)),
        (whole, total, sum(map(len, asked))),
    ):
        known = len(found["correct"]) + len(found["incorrect"])
        assert metric.value == (len(found["correct"]) / known if known else None)
        assert f"{known} of {number} questions" in metric.protocol
    assert coverage.value == pytest.approx(known / number)


def test_an_analogy_on_a_circle_is_solved_and_none_of_its_three_words_is_an_answer():
    sections = [
        Section("turn", [("east", "north", "south", "west"), ("east", "north", "south", "northeast")]),
        Section("none", [("up", "down", "east", "west")]),
        Section("same", [("east", "northeast", "north", "northeast")]),
    ]
    whole, coverage, turn, none, same = analogy_metrics(on_a_circle(), sections, on="file")
    assert (whole.value, coverage.value, turn.value, none.value, same.value) == (1 / 3, 3 / 4, 0.5, None, 0)
    assert none.protocol.startswith("not given: file, section 'none': 0 of 1 questions")


def test_the_oracle_would_pass_over_a_malformed_line(tmp_path):
    """Why our own reader is strict: gensim counts two pairs of these three."""
    path = tmp_path / "pairs.tsv"
    path.write_text("east\twest\t1\neast\tnorth\nsouth\teast\t2\n")
    with np.errstate(all="ignore"):
        assert on_a_circle().keyed.evaluate_word_pairs(str(path))[2] == 0
