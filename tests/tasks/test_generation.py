"""What comes next, and samples of words and pieces: what is shown, where it ends, what it depends on."""

import math

import numpy as np
import pytest

from tests.fakes import TENTHS, fake_language_model
from textrnn.errors import UsageError
from textrnn.tasks import language_model
from textrnn.tasks.generation import Writer
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.scoring import TokenList
from textrnn.text.levels import LEVELS, SPECIAL, Vocabulary
from textrnn.text.tokenizer import START, Tokenizer

PROMPTS = [
    "The cat",
    "",
    "the hat's",
    "The cat",
    "é \U0001f600 zoo",
    "a much longer prompt than the others, with marks.",
]


def write(tokenizer: Tokenizer, prompt: str, tokens: list[str], *stop: str, block: int = 1) -> Writer:
    """A writer that was given these tokens, each of log-probability -1, until it is done."""
    writer = Writer(tokenizer, tokenizer.prompt(prompt), stop, seed=0, index=0)
    ids = tokenizer.ids(tokens)
    for begin in range(0, len(ids), block):
        part = ids[begin : begin + block]
        if not writer.write(part, -np.ones(len(part)), np.ones(len(part), np.int64)):
            break
    return writer


# next


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("prefix", ["", "The cat", "the hat's \n", "é\udcff"])
def test_what_comes_next_is_the_engines_row_sorted(
    small_int8: dict[str, LanguageModel], level: str, prefix: str
) -> None:
    model = small_int8[level]
    ids = [START, *model.tokenizer.encode(prefix).tolist()]
    row = model.engine.run(np.array(ids)[:, None])[0][-1, 0]
    found = model.next(prefix, count=len(row))
    assert [each.rank for each in found] == list(range(1, len(row) + 1))
    assert {each.token: each.logprob for each in found} == dict(zip(model.tokenizer.tokens, row.tolist(), strict=True))
    assert [each.logprob for each in found] == sorted(row.tolist(), reverse=True)
    assert math.fsum(math.exp(each.logprob) for each in found) == pytest.approx(1, abs=1e-5)
    assert model.next(prefix, count=3) == found[:3]
    assert model.next(prefix) == found[:10]


def test_what_comes_next_by_hand() -> None:
    found = fake_language_model().next("ab?", count=4)
    assert [(row.token, row.rank) for row in found] == [("b", 1), ("a", 2), ("<eos>", 3), ("<unk>", 4)]
    assert [math.exp(row.logprob) for row in found] == pytest.approx([0.4, 0.3, 0.2, 0.1], rel=1e-6)


@pytest.mark.parametrize("count", [0, -1])
def test_asking_for_no_tokens_is_a_usage_error(count: int) -> None:
    with pytest.raises(UsageError, match=f"count must be 1 or more, not {count}"):
        fake_language_model().next("a", count=count)


def test_asking_for_more_tokens_than_there_are_gives_all(exact: LanguageModel) -> None:
    assert len(exact.next("To be", count=1000)) == len(exact.tokenizer)


# several prompts


@pytest.mark.parametrize("level", LEVELS)
def test_samples_of_several_prompts_are_those_of_each(small_int8: dict[str, LanguageModel], level: str) -> None:
    model = small_int8[level]
    for options in ({}, {"temperature": 0.7, "top_k": 8}, {"repetition_penalty": 1.3}):
        together = model.generate(iter(PROMPTS), n=3, max_tokens=25, seed=5, **options)  # type: ignore[arg-type]
        assert [(each.prompt, each.index) for each in together] == [(p, i) for p in PROMPTS for i in range(3)]
        alone = [model.generate(p, n=3, max_tokens=25, seed=5, **options) for p in PROMPTS]  # type: ignore[arg-type]
        assert together == [sample for samples in alone for sample in samples]


def test_prompts_are_read_no_further_than_they_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "SAMPLES_AT_ONCE", 4)
    read: list[str] = []
    prompts = (read.append(prompt) or prompt for prompt in "abababab")
    first = next(fake_language_model().generate_each(prompts, n=2, seed=0))
    assert first.prompt == "a"
    assert len(read) <= 3


# where a sample ends


@pytest.mark.parametrize("level", LEVELS)
def test_until_eos_every_sample_ends_by_itself(small_int8: dict[str, LanguageModel], level: str) -> None:
    samples = small_int8[level].generate("The", n=4, until_eos=True, seed=1)
    assert [sample.tokens[-1] for sample in samples] == ["<eos>"] * 4
    assert max(len(sample.tokens) for sample in samples) > 10
    assert all("<eos>" not in sample.text for sample in samples)


def test_until_eos_goes_on_beyond_the_usual_length_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "DEFAULT_TOKENS", 3)
    monkeypatch.setattr(language_model, "UNTIL_EOS_TOKENS", 6)
    model = fake_language_model()
    assert max(len(sample.tokens) for sample in model.generate(n=50, seed=0)) == 3
    assert max(len(sample.tokens) for sample in model.generate(n=50, seed=0, until_eos=True)) == 6
    assert max(len(sample.tokens) for sample in model.generate(n=50, seed=0, until_eos=True, max_tokens=4)) == 4


@pytest.mark.parametrize("penalty", [0.0, -1.0, math.nan, math.inf, 1e9])
def test_a_repetition_penalty_out_of_range_is_a_usage_error(penalty: float) -> None:
    with pytest.raises(UsageError, match="repetition-penalty must be"):
        fake_language_model().generate(repetition_penalty=penalty)


def test_a_repetition_penalty_makes_what_stood_before_less_likely_and_tells_the_models_own() -> None:
    model = fake_language_model()
    usual = model.generate("b", n=200, max_tokens=1, seed=0)
    penalised = model.generate("b", n=200, max_tokens=1, seed=0, repetition_penalty=3.0)
    counts = [[sample.tokens for sample in samples].count(["b"]) for samples in (usual, penalised)]
    # b has 4 of 9, then .4 ** 3 = .064 of .064 + .3 + .2; ± 4 standard deviations
    for count, share in zip(counts, (4 / 9, 0.064 / 0.564), strict=True):
        assert abs(count - 200 * share) < 4 * math.sqrt(200 * share * (1 - share))
    for sample in penalised:
        index = model.tokenizer.tokens.index(sample.tokens[0])
        assert sample.logprob == pytest.approx(math.log(TENTHS[index] / 10), rel=1e-6)


# words and pieces


@pytest.fixture(scope="module")
def words() -> Tokenizer:
    return Tokenizer.learn(['the cat sat , " on the mat " . ( never mind ) \n'], "word", Vocabulary(split="spaces"))


@pytest.fixture(scope="module")
def bpe(small_models: dict[str, LanguageModel]) -> Tokenizer:
    return small_models["bpe"].tokenizer


@pytest.mark.parametrize(
    ("prompt", "tokens", "text"),
    [
        ("the cat", ["sat", ","], " sat,"),
        ("the cat ", ["sat", ","], "sat,"),
        ("the cat\n", ["sat"], "sat"),
        ("the cat\t", ["sat", "on"], "sat on"),
        ("", ["the", "cat"], "the cat"),
        ('the " cat', ['"', "sat"], '" sat'),
        ('"', ["the"], "the"),
        ("the cat ", ["\n", "sat"], "\nsat"),
        ("the (", ["mat", ")", "<eos>"], "mat)"),
        ("the cat  ", [",", "sat"], ", sat"),
    ],
)
def test_words_go_on_from_a_prompt_with_one_space_or_none(
    words: Tokenizer, prompt: str, tokens: list[str], text: str
) -> None:
    for block in (1, 32):
        assert write(words, prompt, tokens, block=block).generation(logprobs=False).text == text


@pytest.mark.parametrize(
    ("stop", "text", "tokens"),
    [
        ("sat", "the cat ", ["the", "cat", "sat"]),
        (" sat", "the cat", ["the", "cat"]),
        ("at", "the c", ["the", "cat"]),
        ("t sa", "the ca", ["the", "cat"]),
        ("the", "", []),
        (",", "the cat sat", ["the", "cat", "sat"]),
        ("mat", None, None),
    ],
)
def test_a_stop_string_may_begin_and_end_inside_a_word(
    words: Tokenizer, stop: str, text: str | None, tokens: list[str] | None
) -> None:
    all_tokens = ["the", "cat", "sat", ",", "on", "the"]
    for block in (1, 2, 6):
        writer = write(words, "", all_tokens, stop, "\x00", block=block)
        found = writer.generation(logprobs=True)
        if text is None:
            assert (found.text, found.tokens, writer.ended) == ("the cat sat, on the", all_tokens, "length")
        else:
            assert (found.text, found.tokens, writer.ended) == (text, tokens, "stop")
            assert found.logprob == -len(found.tokens)
            assert len(found.token_logprobs) == len(found.tokens)


@pytest.mark.parametrize("stop", ["at", " on", "e c", "t's", "\u4e2d", "\u4e2dx", "sat", "the cat's"])
def test_a_stop_string_may_begin_and_end_inside_a_piece(bpe: Tokenizer, stop: str) -> None:
    whole = "the cat's hat \u4e2dx sat on"
    tokens = [bpe.tokens[index] for index in bpe.encode(whole)]
    assert any(token.startswith("<0x") for token in tokens)
    for block in (1, 3, 99):
        found = write(bpe, "", tokens, stop, block=block).generation(logprobs=False)
        assert found.text == whole.partition(stop)[0]
        assert found.tokens == tokens[: len(found.tokens)]
        assert "".join(bpe.decode(bpe.ids(found.tokens)))[: len(found.text)] == found.text
        if found.tokens:
            shorter = bpe.decode(bpe.ids(found.tokens[:-1]))
            assert len(shorter) < len(found.text) or shorter.endswith("\ufffd")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("prompt", ["", "The cat ", "the \U0001f600"])
def test_streamed_pieces_join_to_the_text(
    small_int8: dict[str, LanguageModel], monkeypatch: pytest.MonkeyPatch, level: str, prompt: str
) -> None:
    monkeypatch.setattr(language_model, "STREAM_BLOCK", 1)
    model = small_int8[level]
    free = model.generate(prompt, n=6, max_tokens=40, seed=3)
    longest = max((sample.text for sample in free), key=len)
    stops = [(), (longest[3:6],), ("a", "\x00"), (longest[8:9],), (longest[-1] + "\x00",)]
    for stop in stops:
        for index, sample in enumerate(model.generate(prompt, n=6, max_tokens=40, seed=3, stop=stop)):
            *shown, last = model.stream(prompt, index=index, max_tokens=40, seed=3, stop=stop)
            assert last == sample
            assert "".join(map(str, shown)) == sample.text
            assert not any(each in sample.text for each in stop)


def test_a_piece_is_shown_when_its_character_is_whole(bpe: Tokenizer) -> None:
    tokens = ["<0xE4>", "<0xB8>", "<0xAD>", " the", "<0xF0>", "<0x9F>"]
    writer = Writer(bpe, bpe.prompt("a"), (), seed=0, index=0)
    shown = []
    for index in bpe.ids(tokens):
        writer.write(np.array([index]), np.array([-1.0]), np.array([1]))
        shown.append(writer.take())
    assert shown == ["", "", "\u4e2d", " the", "", ""]
    assert writer.take(is_final=True) == "\ufffd"
    assert writer.generation(logprobs=False).text == "\u4e2d the\ufffd"
    assert not writer.generation(logprobs=False).canonical


@pytest.mark.parametrize("level", LEVELS)
def test_a_canonical_sample_has_the_score_of_its_text(small_int8: dict[str, LanguageModel], level: str) -> None:
    model = small_int8[level]
    prompt = "The cat"
    samples = model.generate(prompt, n=60, max_tokens=4, seed=0)
    (before,) = model.score([prompt], eos=False, per_token=True)
    found = []
    for sample in samples:
        (score,) = model.score([prompt + sample.text], eos=sample.tokens[-1:] == ["<eos>"], per_token=True)
        rows = [row.logprob for row in score.token_logprobs]
        same = score.tokens == [*before.tokens, *sample.tokens]
        assert sample.canonical == same
        found.append(same)
        if same:
            assert math.fsum(rows[len(before.tokens) :]) == sample.logprob
    assert any(found)
    assert all(found) or level not in ("char", "word")
    assert not all(found) or level not in ("ngram", "bpe")


def test_a_sample_after_which_the_prompt_reads_otherwise_is_not_canonical() -> None:
    tokenizer = Tokenizer.learn(["a    b    a    b    a"] * 3, "bpe", Vocabulary(size=300))
    prompt = "a   "
    writer = write(tokenizer, prompt, [" b"])
    before = tokenizer.encode(prompt).tolist()
    assert tokenizer.encode(prompt + " b").tolist() != [*before, *writer.ids]
    assert not writer.generation(logprobs=False).canonical


def test_special_symbols_are_never_drawn(small_int8: dict[str, LanguageModel]) -> None:
    for model in small_int8.values():
        for options in ({}, {"temperature": 5.0}, {"repetition_penalty": 9.0}, {"temperature": 0.0}):
            samples = model.generate(n=20, max_tokens=30, seed=1, **options)  # type: ignore[arg-type]
            drawn = {token for sample in samples for token in sample.tokens}
            assert not drawn & ({*SPECIAL} - {"<eos>"})


# a prompt that ends in a space


AT_A_SPACE = ["The cat ", "the hat's ", "the mat, ", "a\t ", "\u4e2d "]
OPTIONS = [
    {},
    {"temperature": 0.0},
    {"temperature": 4.0},
    {"top_k": 3},
    {"top_p": 0.3},
    {"min_p": 0.5},
    {"temperature": 0.0, "repetition_penalty": 3.0},
    {"allow_unk": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_space_at_the_end_of_a_prompt_comes_with_the_first_piece(
    small_int8: dict[str, LanguageModel], options: dict
) -> None:
    model = small_int8["bpe"]
    samples = model.generate([*AT_A_SPACE, "The cat"], n=8, max_tokens=20, seed=4, logprobs=True, **options)
    own = [sample for sample in samples if sample.prompt in AT_A_SPACE]
    assert len(own) == 8 * len(AT_A_SPACE)
    assert all(sample.tokens[0].startswith(" ") for sample in own)
    for sample in own:
        before = model.tokenizer.encode(sample.prompt[:-1]).tolist()
        ids = model.tokenizer.ids(sample.tokens).tolist()
        assert model.tokenizer.decode([*before, *ids]) == sample.prompt + sample.text
        spelt = [index for index, token in zip(ids, sample.tokens, strict=True) if token != "<eos>"]
        again = model.tokenizer.encode(sample.prompt + sample.text).tolist()
        assert sample.canonical == (again == [*before, *spelt])
    scores = list(model.score_tokens([TokenList(sample.tokens, sample.prompt) for sample in samples], per_token=True))
    assert [score.logprob for score in scores] == [sample.logprob for sample in samples]
    assert [score.token_logprobs for score in scores] == [sample.token_logprobs for sample in samples]
    assert [score.text for score in scores] == [sample.text for sample in samples]


def test_only_the_first_piece_must_begin_with_the_space(small_int8: dict[str, LanguageModel]) -> None:
    for options in ({"temperature": 4.0}, {"temperature": 4.0, "top_k": 200}):
        samples = small_int8["bpe"].generate("The cat ", n=30, max_tokens=4, seed=4, **options)  # type: ignore[arg-type]
        assert any(not token.startswith(" ") for sample in samples for token in sample.tokens[1:])
        without = small_int8["bpe"].generate("The cat", n=30, max_tokens=4, seed=4, **options)  # type: ignore[arg-type]
        assert any(not sample.tokens[0].startswith(" ") for sample in without)


def test_the_likeliest_piece_with_a_space_is_taken_at_temperature_0(small_int8: dict[str, LanguageModel]) -> None:
    model = small_int8["bpe"]
    for prompt in AT_A_SPACE:
        rows = model.next(prompt, count=len(model.tokenizer))
        likeliest = next(row.token for row in rows if row.token.startswith(" "))
        (sample,) = model.generate(prompt, temperature=0, max_tokens=1)
        assert sample.tokens == [likeliest]


def test_a_canonical_sample_after_a_space_has_the_score_of_its_text(small_int8: dict[str, LanguageModel]) -> None:
    model = small_int8["bpe"]
    (before,) = model.score(["The cat"], eos=False, per_token=True)
    samples = model.generate("The cat ", n=60, max_tokens=3, seed=0)
    assert {sample.canonical for sample in samples} == {True, False}
    for sample in samples:
        (score,) = model.score(["The cat " + sample.text], eos=sample.tokens[-1:] == ["<eos>"], per_token=True)
        if sample.canonical:
            rows = [row.logprob for row in score.token_logprobs]
            assert math.fsum(rows[len(before.tokens) :]) == sample.logprob
            assert score.tokens == [*before.tokens, *sample.tokens]


@pytest.mark.parametrize("level", LEVELS)
def test_only_pieces_bring_the_space_of_a_prompt(small_models: dict[str, LanguageModel], level: str) -> None:
    tokenizer = small_models[level].tokenizer
    for prompt in ("The cat ", "The cat  ", "The cat\n ", "The cat", ""):
        brings = level == "bpe" and prompt == "The cat "
        assert tokenizer.encode_prompt(prompt).tolist() == tokenizer.encode(prompt[:-1] if brings else prompt).tolist()
        forbidden = {tokenizer.tokens[index] for index in tokenizer.cannot_follow(prompt)}
        assert forbidden == ({token for token in tokenizer.tokens if not token.startswith(" ")} if brings else set())


@pytest.mark.parametrize("text", ["The cat sat", "the  cat sat on", "a b\n c d"])
def test_a_prompt_and_what_follows_are_the_symbols_of_the_whole(bpe: Tokenizer, text: str) -> None:
    whole = bpe.encode(text).tolist()
    for end in range(1, len(text)):
        if bpe.awaits_space(text[:end]) and text[end].isalpha():
            prompt = bpe.encode_prompt(text[:end]).tolist()
            assert whole[: len(prompt)] == prompt
            assert whole[len(prompt)] not in bpe.cannot_follow(text[:end])
            assert bpe.decode(whole[len(prompt) :], after=text[:end]) == text[end:]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("prompt", ["", " ", "the ", "the cat", "the\n "])
def test_a_sample_of_no_tokens_reads_back(small_int8: dict[str, LanguageModel], level: str, prompt: str) -> None:
    (found,) = small_int8[level].generate(prompt, max_tokens=0)
    assert (found.text, found.tokens, found.canonical, found.ended) == ("", [], True, "length")
