"""A language model's promises: what a score may depend on, and what a sample may depend on."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import textrnn
from tests.conftest import ALPHABET
from tests.fakes import fake_language_model
from tests.small_models import TEXT, save_small_model
from textrnn.config import Unit
from textrnn.decoding.sampling import Sampling
from textrnn.errors import UsageError
from textrnn.tasks import language_model, reading, scoring
from textrnn.tasks.generation import Generation
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.scoring import ExactSum, Score
from textrnn.text import corpora
from textrnn.text.levels import LEVELS
from textrnn.text.tokenizer import START, OutOfVocabulary

LETTERS = st.text(ALPHABET + "é", max_size=40)
TEXTS = ["", "a", "To be, or not to be", "é?", "Once upon a time\n" * 9, *(letter * 3 for letter in ALPHABET)]
FLOAT32 = 1e-5  # the most that a token's log-probability may change


def scores(model: LanguageModel, texts: Sequence[str], *, batch_size: int = 64) -> list[Score]:
    return list(model.score(texts, eos=True, per_token=True, batch_size=batch_size))


def assert_near(some: Sequence[Score], others: Sequence[Score]) -> None:
    for one, other in zip(some, others, strict=True):
        assert (one.text, one.tokens) == (other.text, other.tokens)
        values = [row.logprob for row in other.token_logprobs]
        assert [row.logprob for row in one.token_logprobs] == pytest.approx(values, abs=FLOAT32)


@pytest.mark.parametrize("batch_size", [1, 7, 64])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_score_does_not_depend_on_batch_size_or_threads(
    tiny_model: Path, tiny_int8: Path, exact: LanguageModel, near: LanguageModel, batch_size: int, threads: int
) -> None:
    others = textrnn.load(tiny_int8, threads=threads)
    assert scores(others, TEXTS, batch_size=batch_size) == scores(exact, TEXTS)
    others = textrnn.load(tiny_model, threads=threads)
    assert_near(scores(others, TEXTS, batch_size=batch_size), scores(near, TEXTS))


@given(order=st.permutations(TEXTS[:16]), batch_size=st.sampled_from([1, 7, 64]))
@settings(max_examples=15)
def test_a_score_does_not_depend_on_order(
    exact: LanguageModel, near: LanguageModel, order: list[str], batch_size: int
) -> None:
    alone = {text: scores(exact, [text])[0] for text in order}
    assert scores(exact, order, batch_size=batch_size) == [alone[text] for text in order]
    assert_near(scores(near, order, batch_size=batch_size), [scores(near, [text])[0] for text in order])


@given(text=LETTERS)
@settings(max_examples=25)
def test_a_score_is_the_sum_of_its_tokens_read_step_by_step(
    exact: LanguageModel, near: LanguageModel, text: str
) -> None:
    for model, tolerance in ((exact, 0), (near, FLOAT32)):
        (whole,) = scores(model, [text])
        ids = [START, *model.tokenizer.encode(text).tolist()]
        targets = [*ids[1:], model.tokenizer.tokens.index("<eos>")]
        state, steps = None, []
        for read, target in zip(ids, targets, strict=True):
            logprobs, state = model.engine.run(np.array([[read]]), state)
            steps.append(float(logprobs[0, 0, target]))
        assert [row.logprob for row in whole.token_logprobs] == pytest.approx(steps, abs=tolerance, rel=0)
        assert whole.logprob == math.fsum(row.logprob for row in whole.token_logprobs)


def test_probabilities_sum_to_1_over_the_symbols(exact: LanguageModel) -> None:
    texts = ["Yes" + character for character in ALPHABET]
    after = [score.token_logprobs[3].logprob for score in scores(exact, texts)]
    (end,) = scores(exact, ["Yes"])
    special = 1 - math.fsum(map(math.exp, [*after, end.token_logprobs[3].logprob]))
    (unknown,) = scores(exact, ["Yesé"])
    assert 0 < math.exp(unknown.token_logprobs[3].logprob) < special


def test_a_token_has_its_surprisal_and_its_rank() -> None:
    (score,) = fake_language_model().score(["ba?"], eos=True, per_token=True)
    assert score.tokens == ["b", "a", "<unk>", "<eos>"] == [row.token for row in score.token_logprobs]
    assert [row.rank for row in score.token_logprobs] == [1, 2, 4, 3]
    bits = [row.surprisal_bits for row in score.token_logprobs]
    assert bits == pytest.approx([-math.log2(chance) for chance in (0.4, 0.3, 0.1, 0.2)], rel=1e-6)
    assert score.oov == [OutOfVocabulary("?", 2)]


@pytest.mark.parametrize(("unit", "ends"), [("text", False), ("line", True)])
def test_the_unit_decides_whether_the_end_counts_unless_told(unit: Unit, ends: bool) -> None:
    model = fake_language_model(unit)
    for eos, expected in ((None, ends), (True, True), (False, False)):
        scored, empty = model.score(["a", ""], eos=eos)
        assert scored.logprob == pytest.approx(math.log(0.3 * (0.2 if expected else 1)), rel=1e-6)
        assert empty.logprob == (pytest.approx(math.log(0.2), rel=1e-6) if expected else None)


def test_scoring_reads_no_further_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "RECORDS_AT_ONCE", 2)
    read = []
    texts = (read.append(text) or text for text in ["a", "b", "ab", "ba", "aa"])
    first = next(fake_language_model().score(texts))
    assert first.text == "a"
    assert len(read) <= 3


@pytest.mark.parametrize("steps", [1, 7, 10**6])
def test_a_long_text_is_scored_in_windows_with_the_state_carried(
    exact: LanguageModel, near: LanguageModel, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    texts = ["Once upon a time, " * 10, "a", "Yes. " * 9]
    usual = [scores(model, texts) for model in (exact, near)]
    figures = exact.evaluate(texts[0])
    monkeypatch.setattr(reading, "STEPS_AT_ONCE", steps)
    assert scores(exact, texts) == usual[0]
    assert_near(scores(near, texts), usual[1])
    assert exact.evaluate(texts[0]) == figures


def test_evaluating_equals_scoring_the_whole_text(exact: LanguageModel) -> None:
    text = "Once upon a time, in a land far away.\n" * 20
    (score,) = exact.score([text], eos=False)
    figures = {row.metric: row.value for row in exact.evaluate(text)}
    assert score.logprob is not None
    assert figures["nats_per_character"] == -score.logprob / len(text)
    assert figures["bits_per_byte"] == pytest.approx(-score.logprob / len(text) / math.log(2))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("prompt", ["", "Once upon"])
def test_the_logprob_of_a_sample_is_the_score_of_its_tokens(
    exact: LanguageModel, near: LanguageModel, prompt: str, seed: int
) -> None:
    for model, tolerance in ((exact, 0), (near, FLOAT32)):
        for options in ({}, {"temperature": 0.3, "top_k": 5}):  # the model's own, whatever it was drawn with
            (sample,) = model.generate(prompt, seed=seed, logprobs=True, **options)
            (score,) = scores(model, [prompt + sample.text])
            rows = score.token_logprobs[len(prompt) :][: len(sample.tokens)]
            assert sample.tokens == [row.token for row in rows]
            values = [row.logprob for row in rows]
            assert [row.logprob for row in sample.token_logprobs] == pytest.approx(values, abs=tolerance, rel=0)
            assert [row.rank for row in sample.token_logprobs] == [row.rank for row in rows]
            assert sample.logprob == pytest.approx(math.fsum(values), abs=tolerance * len(rows), rel=0)
            assert sample.canonical


def test_samples_end_with_eos_or_at_max_tokens(exact: LanguageModel) -> None:
    samples = exact.generate(n=40, max_tokens=70, seed=0)
    ended = [sample.tokens[-1] == "<eos>" for sample in samples]
    assert any(ended)
    assert not all(ended)
    for sample, by_itself in zip(samples, ended, strict=True):
        assert "<eos>" not in sample.tokens[:-1]
        assert by_itself or len(sample.tokens) == 70
        assert sample.text == "".join(sample.tokens).removesuffix("<eos>")


def test_a_sample_does_not_depend_on_how_many_there_are(exact: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = exact.generate("Once", n=9, seed=5)
    assert [sample.index for sample in samples] == list(range(9))
    assert len({sample.text for sample in samples}) == 9
    for n in (1, 2, 7):
        assert exact.generate("Once", n=n, seed=5) == samples[:n]
    monkeypatch.setattr(language_model, "SAMPLES_AT_ONCE", 4)
    monkeypatch.setattr(language_model, "BLOCK", 5)
    assert exact.generate("Once", n=9, seed=5) == samples


def test_the_same_seed_gives_the_same_text_and_another_seed_another(near: LanguageModel, exact: LanguageModel) -> None:
    for model in (near, exact):
        assert model.generate("Once", seed=3) == model.generate("Once", seed=3)
        assert model.generate("Once", seed=3)[0].text != model.generate("Once", seed=4)[0].text


def test_without_a_seed_one_is_drawn_that_gives_the_text_again(exact: LanguageModel) -> None:
    (sample,), (other,) = exact.generate("Once"), exact.generate("Once")
    assert sample.seed != other.seed
    assert exact.generate("Once", seed=sample.seed) == [sample]


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_a_usage_error(exact: LanguageModel, seed: int) -> None:
    with pytest.raises(UsageError, match="seed must be"):
        exact.generate(seed=seed)


def test_temperature_0_is_the_likeliest_symbol_each_time(exact: LanguageModel) -> None:
    (sample,) = exact.generate("Once", temperature=0, max_tokens=40, seed=0, logprobs=True)
    permitted = 4  # <pad>, <unk> and <start> are not drawn, so that up to three others may be likelier
    assert all(row.rank <= permitted for row in sample.token_logprobs)
    assert exact.generate("Once", temperature=0, max_tokens=40, seed=1)[0].tokens == sample.tokens


def test_no_tokens_leave_an_empty_text(exact: LanguageModel) -> None:
    (sample,) = exact.generate("Once", max_tokens=0, seed=0)
    assert (sample.text, sample.tokens, sample.logprob, sample.canonical) == ("", [], 0, True)
    (streamed,) = exact.stream("Once", max_tokens=0, seed=0)
    assert streamed == sample


def test_fewer_than_no_tokens_is_a_usage_error(exact: LanguageModel) -> None:
    with pytest.raises(UsageError, match="max-tokens"):
        exact.generate(max_tokens=-1)


def test_a_prompt_of_10000_symbols_is_read_to_its_end(exact: LanguageModel) -> None:
    prompt = "Once upon a time, " * 556
    (sample,) = exact.generate(prompt[:10_000], max_tokens=20, seed=0)
    (score,) = scores(exact, [prompt[:10_000] + sample.text])
    rows = score.token_logprobs[10_000:][: len(sample.tokens)]
    assert sample.logprob == math.fsum(row.logprob for row in rows)


def test_unknown_symbols_in_a_prompt_are_listed(exact: LanguageModel) -> None:
    (sample,) = exact.generate("é Once \U0001f600 é\udcff", max_tokens=20, seed=0)
    expected = {0: "é", 7: "\U0001f600", 9: "é", 10: "\udcff"}
    assert sample.oov == [OutOfVocabulary(text, offset) for offset, text in expected.items()]
    assert sample.canonical
    assert sample.text


def test_unk_is_drawn_only_where_it_is_permitted() -> None:
    model = fake_language_model()
    assert not any("<unk>" in sample.tokens for sample in model.generate(n=50, seed=0))
    samples = model.generate(n=50, seed=0, allow_unk=True)
    (sample, *_) = (sample for sample in samples if "<unk>" in sample.tokens)
    assert "\ufffd" in sample.text


SEED = 1
FULL = 60  # symbols of the sample that the stop strings are taken from


@pytest.fixture(scope="session")
def sample(exact: LanguageModel) -> Generation:
    """A sample without stop strings."""
    (sample,) = exact.generate("Once", max_tokens=FULL, seed=SEED)
    assert len(sample.text) > 2 * language_model.STREAM_BLOCK
    return sample


def pieces(model: LanguageModel, prompt: str, **options: object) -> tuple[list[str], Generation]:
    """What streaming shows, piece by piece, and the record at its end."""
    *shown, last = model.stream(prompt, **options)  # type: ignore[arg-type]
    assert isinstance(last, Generation)
    return [str(piece) for piece in shown], last


@pytest.mark.parametrize("begin", range(17))
@pytest.mark.parametrize("length", [1, 2, 9, 20])
def test_a_stop_string_ends_the_text_before_it_and_no_part_of_it_is_shown(
    exact: LanguageModel, sample: Generation, monkeypatch: pytest.MonkeyPatch, begin: int, length: int
) -> None:
    monkeypatch.setattr(language_model, "BLOCK", 8)  # so that many of the stop strings span two blocks or three
    stop = sample.text[begin : begin + length]
    expected = sample.text[: sample.text.index(stop)]
    (stopped,) = exact.generate("Once", max_tokens=FULL, seed=SEED, stop=[stop, "not there"])
    assert stopped.text == expected
    assert stopped.tokens == list(expected)
    shown, last = pieces(exact, "Once", max_tokens=FULL, seed=SEED, stop=[stop, "not there"])
    assert last == stopped
    assert "".join(shown) == expected


def test_the_first_of_several_stop_strings_ends_the_text(exact: LanguageModel, sample: Generation) -> None:
    stop = [sample.text[9:12], sample.text[5:8], sample.text[7:30]]
    (stopped,) = exact.generate("Once", max_tokens=FULL, seed=SEED, stop=stop)
    assert stopped.text == sample.text[: min(map(sample.text.index, stop))]


def test_the_beginning_of_a_stop_string_that_does_not_come_is_shown_at_the_end(
    exact: LanguageModel, sample: Generation
) -> None:
    stop = sample.text[-1] + "\x00"
    shown, last = pieces(exact, "Once", max_tokens=FULL, seed=SEED, stop=[stop])
    assert "".join(shown) == last.text == sample.text


def test_a_stopped_sample_leaves_the_others_as_they_are(exact: LanguageModel) -> None:
    free = exact.generate("Once", n=8, seed=SEED)
    stop = free[3].text[2:5]
    for before, after in zip(free, exact.generate("Once", n=8, seed=SEED, stop=[stop]), strict=True):
        assert after.text == before.text.partition(stop)[0]


def test_an_empty_stop_string_is_a_usage_error(exact: LanguageModel) -> None:
    with pytest.raises(UsageError, match="stop string"):
        exact.generate(stop=[""])


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("options", [{}, {"temperature": 0.5, "top_p": 0.9}], ids=["plain", "filtered"])
def test_streamed_pieces_join_to_the_text_that_generate_gives(
    exact: LanguageModel, index: int, options: dict[str, float]
) -> None:
    shown, last = pieces(exact, "Once", index=index, seed=2, sampling=Sampling(**options))  # type: ignore[arg-type]
    assert last == exact.generate("Once", n=4, seed=2, **options)[index]  # type: ignore[arg-type]
    assert "".join(shown) == last.text
    assert all(1 <= len(piece) <= language_model.STREAM_BLOCK for piece in shown)


# a text in blocks


@pytest.fixture(scope="module")
def of_texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LanguageModel]:
    """An int8 model of each level whose unit is the text."""
    root = tmp_path_factory.mktemp("texts")
    return {level: textrnn.load(save_small_model(root / level, level, "text"), threads=1) for level in LEVELS}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "text", [TEXT, "the cat sat on the mat " * 30 + "the", "The cat  sat\n" * 20, "the é cat\n" * 9, ""]
)
def test_a_text_in_blocks_has_the_figures_of_the_whole_to_the_bit(
    of_texts: dict[str, LanguageModel], monkeypatch: pytest.MonkeyPatch, level: str, text: str
) -> None:
    model = of_texts[level]
    whole = model.evaluate(text)
    (score,) = model.score([text], running_text=True, per_token=True)
    figures = {row.metric: row.value for row in whole}
    logprobs = [row.logprob for row in score.token_logprobs]
    assert (figures["sentences"], figures["token_count"]) == (1, len(logprobs))
    if logprobs:
        assert figures["perplexity_without_eos"] == math.exp(-math.fsum(logprobs) / len(logprobs))
    is_given_back = model.tokenizer.gives_back(text, model.tokenizer.encode(text))
    assert (figures["bits_per_character"] is not None) == (is_given_back and text != "")
    monkeypatch.setattr(corpora, "PIECE", 24)
    for size in (1, 7, 100):
        blocks = [text[begin : begin + size] for begin in range(0, len(text), size)]
        assert model.evaluate_blocks(iter(blocks)) == whole


def test_a_text_in_blocks_is_never_held_as_a_whole(
    of_texts: dict[str, LanguageModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "PIECE", 24)
    lengths: list[int] = []
    encode_many = of_texts["word"].tokenizer.encode_many

    def seen(texts: Sequence[str], *, continued: bool = False) -> list[np.ndarray]:
        lengths.extend(map(len, texts))
        return encode_many(texts, continued=continued)

    monkeypatch.setattr(of_texts["word"].tokenizer, "encode_many", seen)
    of_texts["word"].evaluate_blocks([TEXT])
    assert sum(lengths) == len(TEXT)
    assert max(lengths) < 40


@given(values=st.lists(st.lists(st.floats(-1e30, 1e30) | st.floats(-1, 1)), max_size=6))
def test_a_sum_in_parts_is_rounded_once(values: list[list[float]]) -> None:
    total = ExactSum()
    for part in values:
        total.add(part)
    assert total.total == math.fsum(value for part in values for value in part)


def test_a_sum_of_the_impossible_is_infinite() -> None:
    total = ExactSum()
    for part in ([-1.0, -math.inf], [-2.0]):
        total.add(part)
    assert total.total == -math.inf
