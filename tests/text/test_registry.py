"""The registry of public corpora: what it says is checked when it is read."""

import hashlib
from pathlib import Path

import pytest

from textrnn.errors import DataError, UsageError
from textrnn.text import registry as module
from textrnn.text.doctor import check
from textrnn.text.registry import find_corpus, find_split, parse_registry, registry

ROOT = Path(__file__).parents[2]
ENTRY = """
[[corpora]]
name = "a"
title = "A corpus"
record = "line"
origin = "somewhere"
licence = "public domain"
citation = "Nobody (2000)"

[[corpora.splits]]
name = "all"
file = "a/all.txt"
bytes = 4
records = 2
words = 2
characters = 4
sha256 = "{sha256}"
"""
SHA256 = hashlib.sha256(b"a\nb\n").hexdigest()


def entry() -> str:
    return ENTRY.format(sha256=SHA256)


def test_the_file_at_the_top_is_the_one_that_is_installed() -> None:
    assert (ROOT / "corpora" / "registry.toml").resolve() == Path(str(module.REGISTRY)).resolve()


def test_no_two_files_are_one() -> None:
    splits = [split for corpus in registry().corpora for split in corpus.splits]
    assert len({split.sha256 for split in splits}) == len({split.file for split in splits}) == len(splits)
    for split in splits:
        assert split.words is None or split.records <= split.words * 2  # blank lines are records too
        assert split.characters is None or split.characters <= split.bytes


def test_published_figures() -> None:
    """Tokens with one end a line, as papers count them."""
    tokens = {
        name: [split.words + split.records for split in find_corpus(name).splits] for name in ("ptb", "wikitext-2")
    }
    assert tokens == {"ptb": [929_589, 73_760, 82_430], "wikitext-2": [2_088_628, 217_646, 245_569]}
    assert [split.records for split in find_corpus("imdb").splits] == [25_000, 25_000]
    assert [split.words for split in find_corpus("conll2003").splits] == [203_621, 51_362, 46_435]
    assert find_corpus("tinyshakespeare").splits[0].characters == 1_115_394


def test_a_misspelt_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no corpus 'pbt' in the registry; one of ptb, wikitext-2"):
        find_corpus("pbt")


def test_facts_are_all_that_is_known() -> None:
    facts = dict(parse_registry(entry()).corpora[0].facts())
    assert facts["citation"] == "Nobody (2000)"
    assert facts["all sha256"] == SHA256
    assert "hub" not in facts


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "a"', 'name = "a"\nlicense = "x"', "license: Extra inputs"),
        ("records = 2", "records = 0", "records: Input should be greater"),
        (SHA256, SHA256[:-1], "sha256: String should match"),
        ('licence = "public domain"', 'licence = ""', "licence: String should"),
        ('citation = "Nobody (2000)"', "", "citation: Field required"),
        ("[[corpora]]", "[[corpora]", "not TOML"),
        ("[[corpora.splits]]", "[[other]]", "corpora.0.splits: Field required"),
    ],
)
def test_a_malformed_registry_is_refused(old: str, new: str, problem: str) -> None:
    assert parse_registry(entry())
    with pytest.raises(DataError) as error:
        parse_registry(entry().replace(old, new, 1))
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_names_are_given_once() -> None:
    with pytest.raises(DataError, match="two corpora have one name"):
        parse_registry(entry() * 2)
    split = entry()[entry().index("[[corpora.splits]]") :]
    with pytest.raises(DataError, match="two splits of a have one name"):
        parse_registry(entry() + split)


def test_a_file_is_known_by_its_hash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "registry", lambda: parse_registry(entry()))
    assert find_split("0" * 64) is None
    file = tmp_path / "renamed.txt"
    file.write_bytes(b"a\nb\n")
    known = [finding for _, found in check([str(file)]) for finding in found if finding.check == "known as"]
    assert [(finding.value, finding.detail) for finding in known] == [("a all", "licence: public domain")]
