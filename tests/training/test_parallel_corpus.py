"""Pairs to learn from and to validate on: each side in its place, what is left out counted, no source in both."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from textrnn.data import Data
from textrnn.errors import DataError, UsageError
from textrnn.settings import training_settings
from textrnn.text.tokenizer import EOS, UNK
from textrnn.training import parallel_corpus
from textrnn.training.corpus import Corpus, PairFacts
from textrnn.training.defaults import LevelSettings, by_size, with_level_defaults
from textrnn.training.parallel_corpus import left_out_of, read_parallel_corpus, sides_of
from textrnn.training.saved_run import SavedRun, TrainingFolder
from textrnn.training.starting import refuse_changes

Sides = list[tuple[str, str]]
CHARACTERS = {"level": "char", "min_count": 1}
PAIRS = [(f"the house {number} is old", f"la casa {number} es vieja") for number in range(200)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parallel")


def level_settings(**values: Any) -> LevelSettings:
    return with_level_defaults(training_settings(values), task="translator")


def written(path: Path, pairs: Sides) -> str:
    path.write_text("".join(json.dumps({"source": source, "target": target}) + "\n" for source, target in pairs))
    return str(path)


def corpus_of(folder: Path, pairs: Sides, valid: Sides | None = None, **values: Any) -> Corpus:
    data = Data(
        files=(written(folder / "train.jsonl", pairs),),
        valid=None if valid is None else written(folder / "valid.jsonl", valid),
    )
    return read_parallel_corpus(data, level_settings(**values), store=folder / "ids.bin")


def learnt(corpus: Corpus) -> Sides:
    """The pairs to learn from, from their ids."""
    ids = next(corpus.ids.shards(0))
    begins, lengths = sides_of(ids)
    assert (ids[begins + lengths] == EOS).all()
    assert (ids == EOS).sum() == begins.size
    tokenizers = (corpus.source_tokenizer or corpus.tokenizer, corpus.tokenizer)
    return [
        tuple(
            tokenizer.decode(ids[begin : begin + length].tolist())
            for tokenizer, begin, length in zip(tokenizers, *places, strict=True)
        )
        for places in zip(begins.T, lengths.T, strict=True)
    ]


def run_of(data: Data, corpus: Corpus, **values: Any) -> SavedRun:
    """A run over a corpus that has not begun."""
    return SavedRun(
        task="translator",
        command="",
        source="",
        licence="",
        data=data,
        asked=training_settings(values),
        settings=by_size(level_settings(**values), 1000),
        facts=corpus.facts,
    )


def facts_of(corpus: Corpus) -> PairFacts:
    assert corpus.facts.pairs is not None
    return corpus.facts.pairs


def held(corpus: Corpus) -> Sides:
    assert corpus.references is not None
    return corpus.references


@given(
    pairs=st.lists(st.tuples(st.text("ab ", max_size=9), st.text("bc ", max_size=9)), min_size=1, max_size=30),
    longest=st.integers(0, 8),
    ratio=st.sampled_from([0, 1, 1.5, 2, 9]),
    together=st.integers(1, 9),
)
@effort(max_examples=60)
def test_every_pair_is_learnt_from_or_counted_as_left_out(
    folder: Path, pairs: Sides, longest: int, ratio: float, together: int
) -> None:
    without = [pair for pair in pairs if not all(pair)]
    too_long = [pair for pair in pairs if all(pair) and longest and max(map(len, pair)) > longest]
    others = [pair for pair in pairs if pair not in without and pair not in too_long]
    unlike = [pair for pair in others if ratio and max(map(len, pair)) > ratio * min(map(len, pair))]
    kept = [pair for pair in others if pair not in unlike]
    values = {**CHARACTERS, "longest_pair": longest, "length_ratio": ratio}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel_corpus, "PAIRS_AT_ONCE", together)
        if not kept:
            with pytest.raises(DataError, match=r"no pair of train\.jsonl is left to learn from: [0-9]"):
                corpus_of(folder, pairs, [("a", "b")], **values)
            return
        corpus = corpus_of(folder, pairs, [("a", "b"), ("", "b"), ("a" * 99, "b")], **values)
    assert learnt(corpus) == kept
    facts = facts_of(corpus)
    assert (facts.learnt, corpus.facts.texts) == (len(kept), 2 * len(kept))
    assert (facts.without, facts.too_long, facts.too_unlike) == tuple(map(len, (without, too_long, unlike)))
    assert (facts.held, facts.held_without) == (2, 1)  # to validate on is also what is too long to learn from
    counts = [int(line.split(" ")[0]) for line in left_out_of(facts, level_settings(**values))]
    assert counts == [count for count in (len(without), len(too_long), len(unlike), 1) if count]
    sources, targets = (sum(len(side) + 1 for side in sides) for sides in zip(*kept, strict=True))
    assert (facts.source_symbols, corpus.facts.symbols) == (sources, sources + targets)


def test_what_is_validated_on_is_there_as_ids_and_as_it_was_read(tmp_path: Path) -> None:
    valid = [("the house 1 is old", "la casa 1 es vieja"), (" ", "nada"), ("The NEW house", "La casa muy NUEVA")]
    corpus = corpus_of(tmp_path, PAIRS, valid, level="word", min_count=1)
    assert held(corpus) == [valid[0], valid[2]]
    assert corpus.source_tokenizer is not None
    rows = [
        tokenizer.encode(text).tolist()
        for pair in held(corpus)
        for tokenizer, text in zip((corpus.source_tokenizer, corpus.tokenizer), pair, strict=True)
    ]
    assert [row.tolist() for row in corpus.rows] == rows
    assert {row.dtype for row in corpus.rows} == {np.dtype(np.int64)}
    assert corpus.facts.held.symbols == sum(len(row) + 1 for row in rows[1::2])
    assert corpus.facts.held.origin == "valid.jsonl"
    assert facts_of(corpus).seen == 1  # the first


def test_no_source_that_is_held_out_is_learnt_from_whatever_the_order(tmp_path: Path) -> None:
    pairs = [(source, f"{target} {way}") for source, target in PAIRS for way in range(3)]
    corpus = corpus_of(tmp_path, pairs, **CHARACTERS, valid_share=0.2)
    sources = {source for source, _ in held(corpus)}
    assert 20 < len(sources) < 60
    assert len(held(corpus)) == 3 * len(sources)
    assert sources.isdisjoint(source for source, _ in learnt(corpus))
    assert sorted(learnt(corpus) + held(corpus)) == sorted(pairs)
    assert corpus.facts.held.origin == "20% of the sources, by chance"
    assert facts_of(corpus).seen == 0
    again = corpus_of(tmp_path, pairs[::-1], **CHARACTERS, valid_share=0.2)
    assert {source for source, _ in held(again)} == sources


def test_two_files_are_the_same_corpus_as_one_of_pairs(tmp_path: Path) -> None:
    names = {}
    for place, name in enumerate(("source", "target")):
        for kind, pairs in (("", PAIRS[:150]), ("valid_", PAIRS[150:])):
            names[kind + name] = str(tmp_path / f"{kind}{name}.txt")
            Path(names[kind + name]).write_text("".join(pair[place] + "\n" for pair in pairs))
    settings = level_settings(**CHARACTERS)
    by_lines = read_parallel_corpus(Data(**names), settings, store=tmp_path / "lines.bin")
    by_records = corpus_of(tmp_path, PAIRS[:150], PAIRS[150:], **CHARACTERS)
    assert learnt(by_lines) == learnt(by_records) == PAIRS[:150]
    assert held(by_lines) == held(by_records) == PAIRS[150:]
    assert list(by_lines.facts.files) == ["source.txt", "target.txt", "valid_source.txt", "valid_target.txt"]
    assert by_lines.facts.held.origin == "valid_source.txt, valid_target.txt"


def test_pieces_share_a_vocabulary_and_words_have_one_for_each_side(tmp_path: Path) -> None:
    pairs = [*PAIRS, *[("the rare house", "la casa rara")]]
    joint = corpus_of(tmp_path, pairs, [("old", "vieja")])
    assert joint.source_tokenizer is None
    assert {" house", " casa"} <= set(joint.tokenizer.tokens)
    assert learnt(joint) == pairs
    words = corpus_of(tmp_path, pairs, [("old", "vieja")], level="word")
    assert words.source_tokenizer is not None
    assert {"house", "casa"} & set(words.source_tokenizer.tokens) == {"house"}
    assert {"house", "casa"} & set(words.tokenizer.tokens) == {"casa"}
    facts = facts_of(words)
    assert (facts.source_left_out, words.facts.left_out) == (201, 402)  # each number is seen once on its side, as rare
    assert (next(words.ids.shards(0)) == UNK).sum() == 402
    assert (facts.source_distinct, words.facts.distinct) == (205, 205)
    as_asked = corpus_of(tmp_path, pairs, [("old", "vieja")], level="word", joint_vocabulary=True, min_count=1)
    assert as_asked.source_tokenizer is None
    assert {"house", "casa"} <= set(as_asked.tokenizer.tokens)
    assert corpus_of(tmp_path, pairs, [("old", "vieja")], joint_vocabulary=False).source_tokenizer is not None


@pytest.mark.parametrize(
    ("pairs", "valid", "values", "says"),
    [
        ([], None, {}, r"^there is no pair in train\.jsonl$"),
        (PAIRS, [], {}, r"^there is nothing to validate on \(valid\.jsonl\): give --valid, or"),
        (
            PAIRS[:1] * 9,
            None,
            {"valid_share": 0.001},
            r"^there is nothing to validate on \(0% of the sources, by chance\)",
        ),
        (
            PAIRS[:1] * 9,
            None,
            {"valid_share": 0.999},
            r"^all pairs of train\.jsonl are held out: choose a lower valid_share",
        ),
        (PAIRS, [("", "a")], {}, r"^no pair to validate on \(valid\.jsonl\) has a symbol on both sides$"),
        (
            [("", "a"), ("a", " ")],
            PAIRS,
            {"level": "word"},
            r"left to learn from: 2 pairs have a side without a symbol",
        ),
        (
            PAIRS,
            PAIRS,
            {"longest_pair": 3},
            r"200 pairs have a side of more than 3 symbols \(longest-pair\), and are left",
        ),
    ],
)
def test_nothing_to_learn_from_or_to_validate_on_is_told_in_one_line(
    tmp_path: Path, pairs: Sides, valid: Sides | None, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(DataError, match=says) as caught:
        corpus_of(tmp_path, pairs, valid, **values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("level", ["bpe", "word"])
def test_a_saved_run_gives_its_pairs_back(tmp_path: Path, level: str) -> None:
    corpus = corpus_of(tmp_path, PAIRS, [("the old\ud800 «house»", "la casa\nvieja"), ("old", "vieja")], level=level)
    training = TrainingFolder(tmp_path / "model")
    store = training.new_ids()
    data = Data(files=(str(tmp_path / "train.jsonl"),), valid=str(tmp_path / "valid.jsonl"))
    corpus = read_parallel_corpus(data, level_settings(level=level), store=store)
    saved, asked = run_of(data, corpus, level=level), training_settings({"level": level})
    training.write_corpus(corpus)
    training.write(saved, {"x": torch.zeros(1)})
    run, again, _ = TrainingFolder(tmp_path / "model").read()
    assert again.references == corpus.references
    assert [row.tolist() for row in again.rows] == [row.tolist() for row in corpus.rows]
    assert learnt(again) == learnt(corpus)
    assert run.facts == again.facts == corpus.facts
    tokenizers = [(each.source_tokenizer, each.tokenizer) for each in (again, corpus)]
    found, expected = ([tokenizer and tokenizer.to_json() for tokenizer in pair] for pair in tokenizers)
    assert found == expected
    assert (found[0] is None) == (level == "bpe")
    parts = {"ids", "held", "tokenizer", "state", "run", *(["source_tokenizer"] if level == "word" else [])}
    assert {file.name.split(".")[0].split("-")[0] for file in training.path.iterdir()} == parts
    joint = read_parallel_corpus(data, level_settings(), store=training.new_ids())
    training = TrainingFolder(training.model)  # that of another run, which begins anew
    training.write_corpus(joint)
    training.write(run_of(data, joint), {"x": torch.zeros(1)})
    assert not any("source_tokenizer" in file.name for file in training.path.iterdir())
    refuse_changes(run, data, asked, but=frozenset())
    written(tmp_path / "valid.jsonl", PAIRS[:3])
    with pytest.raises(UsageError, match=r"valid\.jsonl has changed since the run was begun"):
        refuse_changes(run, data, asked, but=frozenset())
    with pytest.raises(UsageError, match="source_column was None and is now target: a run keeps how it reads its text"):
        refuse_changes(run, Data(source_column="target"), None, but=frozenset())


def test_files_of_lines_that_have_changed_are_refused(tmp_path: Path) -> None:
    one, other = tmp_path / "a.de", tmp_path / "a.en"
    for file, place in ((one, 0), (other, 1)):
        file.write_text("".join(pair[place] + "\n" for pair in PAIRS))
    data = Data(source=str(one), target=str(other))
    corpus = read_parallel_corpus(data, level_settings(), store=tmp_path / "ids.bin")
    saved = run_of(data, corpus)
    moved = str(one.rename(tmp_path / "b.de"))
    now = data.model_copy(update={"source": moved})
    refuse_changes(saved, now, None, but=frozenset())
    other.write_text("otra\n")
    with pytest.raises(UsageError, match=r"a\.en has changed since the run was begun: a run keeps its text"):
        refuse_changes(saved, now, None, but=frozenset())
