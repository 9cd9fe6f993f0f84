"""The figures of a translator on pairs: of one that copies, they are those of the sources."""

import pytest

from tests.fakes import fake_translator
from textrnn.errors import DataError, UsageError
from textrnn.metrics.translation import corpus_bleu, corpus_chrf
from textrnn.tasks.translation_evaluation import TranslationEvaluation, evaluate_pairs
from textrnn.text.pairs import Pair

SOURCES = ["ab ba a b ab", "", "a b a", "b b b b b b b", "aab bab bba a"]
REFERENCES = ["ab ba a b", "a", "a b b", "b b b b b b b", "aab bab bba a"]


def pairs(sources: list[str] = SOURCES, references: list[str] = REFERENCES) -> list[Pair]:
    return [Pair(*sides, place="line 1") for sides in zip(sources, references, strict=True)]


def test_a_copy_is_worth_what_its_sources_are() -> None:
    found = evaluate_pairs(fake_translator(), pairs(), on="copies", beam=3, length_penalty=0.5)
    assert found.translations == found.sources == SOURCES
    metrics = {row.metric: row for row in found.metrics()}
    assert metrics["bleu"].value == metrics["copied_source_bleu"].value == corpus_bleu(SOURCES, REFERENCES)
    assert metrics["chrf"].value == corpus_chrf(SOURCES, REFERENCES)
    assert metrics["length_ratio"].value == 19 / 19
    assert metrics["bleu"].protocol.endswith("of 5 pairs; copies; beam 3, length penalty 0.5; float32")
    assert [(row.words, row.pairs) for row in found.by_length()] == [("0-5", 4), ("6-10", 1)]
    assert [row.value for row in found.against(found)] == [0, 1]


def test_two_models_read_the_same_pairs() -> None:
    found = evaluate_pairs(fake_translator(), pairs(), on="copies")
    better = TranslationEvaluation(SOURCES, REFERENCES, REFERENCES, "by hand")
    (difference, _) = better.against(found)
    assert difference.value == pytest.approx(100 - corpus_bleu(SOURCES, REFERENCES))
    other = evaluate_pairs(fake_translator(), pairs(references=SOURCES), on="others")
    with pytest.raises(UsageError, match="have read other pairs"):
        found.against(other)


def test_no_pairs_are_refused() -> None:
    with pytest.raises(DataError, match="nothing is empty"):
        evaluate_pairs(fake_translator(), [], on="nothing")
