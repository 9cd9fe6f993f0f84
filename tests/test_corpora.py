"""The committed corpora are what their generators write and what their README says."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from textrnn.text.labelled import LabelledTexts
from textrnn.text.pairs import Pairs

CORPORA = Path(__file__).resolve().parent.parent / "corpora"


@pytest.fixture(scope="module")
def corpus() -> bytes:
    return (CORPORA / "lighthouse.txt").read_bytes()


@pytest.fixture(scope="module")
def readme() -> str:
    return (CORPORA / "README.md").read_text(encoding="utf-8")


def quoted(readme: str, measure: str) -> str:
    """The value that the README's table gives for a measure."""
    row = re.search(rf"^\| {measure}[^|]*\| `?([^|`]+?)`? \|$", readme, re.MULTILINE)
    assert row, f"the README gives no {measure!r}"
    return row[1].replace(",", "")


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_generator_writes_the_committed_text(corpus: bytes, hash_seed: str) -> None:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, str(CORPORA / "lighthouse.py")]
    result = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=300)
    assert result.stdout == corpus


def test_another_seed_writes_another_year(corpus: bytes) -> None:
    command = [sys.executable, str(CORPORA / "lighthouse.py"), "--seed", "7"]
    result = subprocess.run(command, capture_output=True, check=True, timeout=300)
    assert result.stdout != corpus
    assert 15_000 < len(result.stdout.split()) < 25_000


def test_readme_quotes_the_measures(corpus: bytes, readme: str) -> None:
    text = corpus.decode("ascii")
    assert int(quoted(readme, "words")) == len(text.split())
    assert int(quoted(readme, "characters")) == len(text)
    assert int(quoted(readme, "distinct characters")) == len(set(text))
    assert int(quoted(readme, "entries")) == text.count("\n\n")
    assert quoted(readme, "sha256") == hashlib.sha256(corpus).hexdigest()


def test_size(corpus: bytes) -> None:
    assert 18_000 <= len(corpus.split()) <= 22_000


def test_only_the_documented_characters_occur(corpus: bytes, readme: str) -> None:
    block = re.search(r"^```text\n(.+)\n```$", readme, re.MULTILINE)
    assert block
    assert set(corpus.decode("ascii")) == set(block[1]) | {"\n", " "}


def test_layout(corpus: bytes) -> None:
    text = corpus.decode("ascii")
    assert text.endswith(".\n")
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]$|^[ \t]|  ", text, re.MULTILINE)
    _, *entries = text.split("\n\n")
    assert all(re.match(r"[A-Z][a-z]+day, \d{1,2} [A-Z][a-z]+\. ", entry) for entry in entries)


def test_no_slot_is_left_open_and_articles_fit(corpus: bytes) -> None:
    text = corpus.decode("ascii")
    assert not set(text) & set("{}|^")
    assert not re.search(r"\b[Aa] [aeio]|\b[Aa]n [bcdfgjklmnpqrstvwxyz]", text.replace("a one", ""))


RANKED = ("very negative", "negative", "neutral", "positive", "very positive")


def test_reviews_are_balanced_and_have_what_makes_reading_hard() -> None:
    records = list(LabelledTexts([CORPORA / "reviews.csv"], column="review", strict=True))
    texts = [record.text for record in records]
    assert Counter(record.label for record in records) == dict.fromkeys(RANKED, 8)
    assert texts.count("") == 1
    assert len(set(texts)) == 40
    assert all(any(part in text for text in texts) for part in ("\n", ",", '"', "\U0001f600"))
    stars = LabelledTexts([CORPORA / "reviews.csv"], column="review", label_column="stars")
    assert [RANKED[int(record.label) - 1] for record in stars] == [record.label for record in records]


def test_questions_are_balanced_and_differ() -> None:
    records = list(LabelledTexts([CORPORA / "questions.tsv"], strict=True))
    assert Counter(record.label for record in records) == dict.fromkeys(
        ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"), 20
    )
    assert len({record.text for record in records}) == 120
    assert all(record.text.endswith("?") and record.text.isascii() for record in records)


def test_phrases_are_what_their_grammar_writes() -> None:
    command = [sys.executable, str(CORPORA / "phrases.py")]
    result = subprocess.run(command, env=os.environ | {"LC_ALL": "C"}, capture_output=True, check=True, timeout=300)
    assert result.stdout == (CORPORA / "phrases.tsv").read_bytes()
    pairs = list(Pairs([CORPORA / "phrases.tsv"], strict=True))
    assert len({pair.source for pair in pairs}) == len(pairs) == 1_000
