"""Scoring: a running text, words, and tokens as they are."""

import json
import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fakes import fake_language_model
from tests.small_models import TEXT, small_model
from textrnn import batch
from textrnn.batch import padded_columns
from textrnn.errors import DataError, UsageError
from textrnn.metrics.perplexity import Tally
from textrnn.tasks import reading, scoring
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.reading import SideBySide
from textrnn.tasks.scoring import Score, TokenList, parse_tokens
from textrnn.text.levels import LEVELS
from textrnn.text.tokenizer import EOS, START, OutOfVocabulary

FLOAT32 = 1e-5  # the most that a token's log-probability may change
LINES = ["The cat sat.", "", "the hat's on", "  two  spaces ", "é?", ""]
PIECES = st.sampled_from(
    ["The", "cat", "'s", "sat", "mat,", "(", '"', " ", "  ", "\t", "\n", "\u3000", "é", "\u4e2d", "<eos>"]
)
ODD_TEXT = st.lists(PIECES, max_size=10).map("".join)


def step_by_step(model: LanguageModel, rows: Sequence[Sequence[int]]) -> list[list[float]]:
    """The log-probability of each symbol of rows that follow each other, read one at a time, <start> for <eos>."""
    found, state, last = [], None, START
    for row in rows:
        found.append([])
        for target in row:
            logprobs, state = model.engine.run(np.array([[START if last == EOS else last]]), state)
            found[-1].append(float(logprobs[0, 0, target]))
            last = target
    return found


def values(scores: Sequence[Score]) -> list[list[float]]:
    return [[row.logprob for row in score.token_logprobs] for score in scores]


def joined(rows: Sequence[Sequence[float]]) -> list[float]:
    return [value for row in rows for value in row]


# running text


@pytest.mark.parametrize("eos", [None, True, False])
@pytest.mark.parametrize("group", [1, 2, 4096])
def test_lines_with_the_state_carried_equal_a_computation_step_by_step(
    small_int8: dict[str, LanguageModel], monkeypatch: pytest.MonkeyPatch, eos: bool | None, group: int
) -> None:
    monkeypatch.setattr(scoring, "RECORDS_AT_ONCE", group)
    for level in ("word", "bpe"):
        model = small_int8[level]
        rows = [[*model.tokenizer.encode(line).tolist(), EOS] for line in LINES]
        expected = step_by_step(model, rows)
        scores = list(model.score(LINES, running_text=True, eos=eos, per_token=True))
        ends = None if eos is None or eos else -1
        assert values(scores) == [row[:ends] for row in expected]
        assert [score.text for score in scores] == LINES
        carried = [score.logprob for score in scores[1:]]
        assert carried != [score.logprob for score in model.score(LINES, eos=eos)][1:]


@pytest.mark.parametrize("group", [1, 3, 4096])
def test_lines_of_a_text_add_up_to_the_text_in_one_pass(
    exact: LanguageModel, monkeypatch: pytest.MonkeyPatch, group: int
) -> None:
    monkeypatch.setattr(scoring, "RECORDS_AT_ONCE", group)
    text = "\n".join(LINES)
    (whole,) = exact.score([text], per_token=True)
    tally = Tally()
    scores = list(exact.score(LINES, running_text=True, per_token=True, tally=tally))
    assert joined(values(scores)) == values([whole])[0]
    assert [symbol for score in scores for symbol in score.tokens] == whole.tokens
    assert [score.tokens[:1] for score in scores[1:]] == [["\n"]] * 5  # a newline counts with the line behind it
    assert (tally.texts, tally.symbols, tally.ends) == (6, len(text), 0)
    assert (tally.characters, tally.bytes) == (len(text), len(text.encode()))
    assert scores[0].logprob == next(exact.score(LINES[:1])).logprob


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
def test_lines_of_a_text_of_any_symbols_add_up_to_the_text_in_one_pass(level: str) -> None:
    model = small_model(level, unit="text")
    lines = ["The cat sat.", "", "the hat's on", "and the mat"]
    (whole,) = model.score(["\n".join(lines)], per_token=True)
    scores = list(model.score(lines, running_text=True, per_token=True))
    assert [token for score in scores for token in score.tokens] == whole.tokens
    assert joined(values(scores)) == pytest.approx(values([whole])[0], abs=FLOAT32)


@pytest.mark.parametrize("level", LEVELS)
def test_evaluating_a_text_equals_scoring_it(level: str) -> None:
    model = small_model(level, unit="text")
    (whole,) = model.score([TEXT[:200]])
    figures = {row.metric: row.value for row in model.evaluate(TEXT[:200])}
    assert whole.logprob is not None
    assert figures["token_count"] == len(whole.tokens)
    assert figures["perplexity_without_eos"] == pytest.approx(math.exp(-whole.logprob / len(whole.tokens)), rel=1e-4)


def test_lines_of_a_text_have_no_ends(exact: LanguageModel) -> None:
    with pytest.raises(UsageError, match="do not end with <eos>"):
        next(exact.score(["ab", "c"], running_text=True, eos=True))


def test_a_running_text_is_read_no_further_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "RECORDS_AT_ONCE", 2)
    read: list[str] = []
    texts = (read.append(text) or text for text in ["a", "b", "ab", "ba", "aa"])
    assert next(fake_language_model("line").score(texts, running_text=True)).text == "a"
    assert len(read) <= 3


# words


@given(text=ODD_TEXT, running=st.booleans(), eos=st.booleans())
@example(text="The a b c", running=False, eos=False)
@settings(max_examples=25)
@pytest.mark.parametrize(
    "level",
    ["char", "word", "bpe", ("ngram")],
)
def test_rows_of_words_are_the_words_and_add_up(
    small_models: dict[str, LanguageModel], level: str, text: str, running: bool, eos: bool
) -> None:
    model, texts = small_models[level], ["the cat", text]
    eos = eos and (model.predicts_end or not running)
    *_, score = model.score(texts, eos=eos, running_text=running, by_word=True)
    *_, symbols = model.score(texts, eos=eos, running_text=running, per_token=True)
    rows = score.token_logprobs
    words, end = text.split(), ["<eos>"] if eos else []
    assert score.logprob == symbols.logprob
    assert score.tokens == [row.token for row in rows]
    total = math.fsum(row.logprob for row in symbols.token_logprobs)
    assert math.fsum(row.logprob for row in rows) == pytest.approx(total, abs=1e-9)
    if words:
        assert [row.token for row in rows] == [*words, *end]
    else:
        assert len(rows) <= 1 + len(end)


@pytest.mark.parametrize("level", LEVELS)
def test_a_total_does_not_change_where_words_are_asked_for(small_int8: dict[str, LanguageModel], level: str) -> None:
    texts = [*LINES, *TEXT.split("\n")]
    for running in (False, True):
        tallies = [Tally() for _ in range(3)]
        options = ({}, {"per_token": True}, {"by_word": True})
        found = [
            [score.logprob for score in small_int8[level].score(texts, running_text=running, tally=tally, **each)]
            for tally, each in zip(tallies, options, strict=True)
        ]
        assert found[0] == found[1] == found[2]
        assert tallies[0] == tallies[1] == tallies[2]


# tokens


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("prompt", ["", "The cat", "The cat ", " ", "the hat's \n", "é \U0001f600 x"])
def test_the_score_of_generated_tokens_is_their_logprob(
    small_int8: dict[str, LanguageModel], level: str, prompt: str
) -> None:
    model = small_int8[level]
    samples = [
        *model.generate(prompt, n=4, max_tokens=30, seed=1, logprobs=True),
        *model.generate(prompt, n=2, max_tokens=30, seed=2, temperature=0.5, top_k=9, allow_unk=True, logprobs=True),
        *model.generate(prompt, n=2, max_tokens=0, seed=2),
        *model.generate(prompt, n=2, max_tokens=30, seed=3, stop=["a"], logprobs=True),
    ]
    for batch_size in (1, 64):
        lists = [TokenList(sample.tokens, sample.prompt) for sample in samples]
        scores = list(model.score_tokens(lists, per_token=True, batch_size=batch_size))
        assert [score.logprob or 0 for score in scores] == [sample.logprob for sample in samples]
        assert [score.tokens for score in scores] == [sample.tokens for sample in samples]
        assert [score.token_logprobs for score in scores] == [sample.token_logprobs for sample in samples]
        for score, sample in zip(scores, samples, strict=True):
            unknown = [place for place, token in enumerate(sample.tokens) if token == "<unk>"]
            assert score.oov == [OutOfVocabulary("<unk>", place) for place in unknown]


def test_the_score_of_the_tokens_of_the_tiny_model(exact: LanguageModel) -> None:
    for prompt in ("", "Once upon"):
        samples = exact.generate(prompt, n=5, max_tokens=40, seed=7)
        lists = [TokenList(sample.tokens, prompt) for sample in samples]
        assert [score.logprob for score in exact.score_tokens(lists)] == [sample.logprob for sample in samples]
        assert [score.text for score in exact.score_tokens(lists)] == [sample.text for sample in samples]


def test_tokens_are_scored_as_they_are_by_hand() -> None:
    tally = Tally()
    lists = [TokenList(["a", "b"]), TokenList(["b", "<eos>"], "ab?"), TokenList([]), TokenList(["<unk>", "ab", "a"])]
    scores = list(fake_language_model("line").score_tokens(lists, tally=tally))
    products = [0.3 * 0.4, 0.4 * 0.2, None, 0.1 * 0.1 * 0.3]
    for score, product in zip(scores, products, strict=True):
        assert score.logprob == (pytest.approx(math.log(product), rel=1e-6) if product else None)
    assert [score.text for score in scores] == ["ab", "b", "", "\ufffd\ufffda"]
    assert scores[3].oov == [OutOfVocabulary("<unk>", 0), OutOfVocabulary("ab", 1)]
    assert (tally.texts, tally.symbols, tally.unknown, tally.ends) == (4, 2 + 1 + 0 + 3, 2, 1)


@pytest.mark.parametrize(
    "tokens", [["<eos>", "a"], ["a", "<eos>", "<eos>"], ["<pad>"], ["a", "<pad>"], ["<start>", "a"]]
)
def test_tokens_that_no_text_has_are_a_data_error(tokens: list[str]) -> None:
    with pytest.raises(DataError, match=r"^a list of tokens has <\w+> where none can be") as caught:
        list(fake_language_model().score_tokens([TokenList(["a"]), TokenList(tokens)]))
    assert "\n" not in str(caught.value)


def test_an_end_alone_or_last_is_scored() -> None:
    scores = fake_language_model().score_tokens([TokenList(["<eos>"]), TokenList(["a", "<eos>"], "b")])
    assert [math.exp(score.logprob or 0) for score in scores] == pytest.approx([0.2, 0.3 * 0.2], rel=1e-6)


@pytest.mark.parametrize(
    ("level", "prompt", "tokens", "altered"),
    [
        ("bpe", "The", [" cat", " sat"], 0),
        ("bpe", "The ", [" cat", " sat", "<eos>"], 0),
        ("bpe", "The", [" c", "at"], 1),
        ("bpe", "The ", ["cat"], 1),
        ("ngram", "The", [" ca", "t"], 0),
        ("ngram", "Th", ["e c", "a", "t"], 1),
        ("char", "The", list(" cat"), 0),
        ("word", "The", ["cat", "sat"], 0),
        ("word", "The ", ["cat", "sat"], 0),
        ("word", "", ["The", "cat", "."], 0),
    ],
)
def test_tokens_are_given_back_where_prompt_and_text_read_as_them(
    small_models: dict[str, LanguageModel], level: str, prompt: str, tokens: list[str], altered: int
) -> None:
    tally = Tally()
    list(small_models[level].score_tokens([TokenList(tokens, prompt)], tally=tally))
    assert tally.altered == altered


@pytest.mark.parametrize("level", LEVELS)
def test_a_canonical_sample_is_given_back(small_int8: dict[str, LanguageModel], level: str) -> None:
    model = small_int8[level]
    for prompt in ("", "The cat", "The cat "):
        for sample in model.generate(prompt, n=30, max_tokens=3, seed=1):
            tally = Tally()
            list(model.score_tokens([TokenList(sample.tokens, sample.prompt)], tally=tally))
            assert (tally.altered == 0) == sample.canonical


@pytest.mark.parametrize("level", LEVELS)
def test_a_text_alone_is_one_text_and_not_its_characters(small_models: dict[str, LanguageModel], level: str) -> None:
    model = small_models[level]
    assert list(model.score("The cat")) == list(model.score(["The cat"]))


@given(
    rows=st.lists(st.lists(st.integers(1, 5), max_size=9), max_size=12),
    most=st.integers(1, 40),
    batch_size=st.integers(1, 16),
)
@settings(max_examples=40)
def test_the_bound_on_a_batch_changes_no_score(
    exact: LanguageModel, rows: list[list[int]], most: int, batch_size: int
) -> None:
    ids = [np.array(row, np.int64) for row in rows]
    expected = SideBySide(exact.engine, ranks=True, batch_size=64).read(ids)
    sizes: list[tuple[int, int]] = []

    def padded(rows: Sequence[np.ndarray], *, padding: int) -> np.ndarray:
        columns = padded_columns(rows, padding=padding)
        sizes.append(columns.shape)
        return columns

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "PADDED_AT_ONCE", most)
        patch.setattr(reading, "padded_columns", padded)
        found = SideBySide(exact.engine, ranks=True, batch_size=batch_size).read(ids)
    for own, other in zip(found, expected, strict=True):
        assert own.targets.tolist() == other.targets.tolist()
        assert own.logprobs.tolist() == other.logprobs.tolist()
        assert own.ranks.tolist() == other.ranks.tolist()
    assert sum(count for _, count in sizes) == len(rows)
    assert all(count == 1 or (steps * count <= most and count <= batch_size) for steps, count in sizes)


def test_half_a_character_in_a_token_is_unknown() -> None:
    (score,) = fake_language_model().score_tokens([parse_tokens(["\ud800", "a"])])
    assert score.oov == [OutOfVocabulary("\ud800", 0)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('["a", "b"]', TokenList(["a", "b"])),
        ("[]", TokenList([])),
        ('{"tokens": ["a"], "logprob": -1, "seed": 3}', TokenList(["a"])),
        ('{"prompt": "b a", "tokens": ["a"]}', TokenList(["a"], "b a")),
    ],
)
def test_a_line_of_tokens(line: str, expected: TokenList) -> None:
    assert parse_tokens(json.loads(line)) == expected


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('"ab"', "no list of tokens"),
        ("3", "no list of tokens"),
        ("null", "no list of tokens"),
        ('["a", 3]', "no list of tokens"),
        ('[["a"]]', "no list of tokens"),
        ("{}", "no list of tokens"),
        ('{"tokens": "ab"}', "no list of tokens"),
        ('{"tokens": ["a"], "prompt": 3}', "prompt is not a text"),
        ('{"tokens": ["a"], "prompt": null}', "prompt is not a text"),
    ],
)
def test_a_line_that_holds_no_tokens_is_named(line: str, says: str) -> None:
    with pytest.raises(DataError, match=rf"^a.jsonl, line 12\b.*{says}") as caught:
        parse_tokens(json.loads(line), place="a.jsonl, line 12")
    assert "\n" not in str(caught.value)


def test_what_parse_takes_is_what_generate_gives(exact: LanguageModel) -> None:
    (sample,) = exact.generate("Once", max_tokens=9, seed=random.Random(0).randrange(99))
    line = json.dumps({"prompt": sample.prompt, "tokens": sample.tokens, "text": sample.text})
    assert parse_tokens(json.loads(line)) == TokenList(sample.tokens, "Once")
