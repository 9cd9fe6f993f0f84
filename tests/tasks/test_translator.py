"""Translator: what it says of texts, whatever stands beside them."""

import itertools
import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import FakeTranslationEngine, TableTranslationEngine, fake_classifier, fake_translator
from tests.small_models import small_tokenizer
from textrnn.decoding.hypotheses import Hypothesis
from textrnn.decoding.sampling import Sampling
from textrnn.errors import ModelError, UsageError
from textrnn.metrics.perplexity import Tally
from textrnn.tasks import translator as module
from textrnn.tasks.alignment import Alignment
from textrnn.tasks.translation import Translation, Wanted, Writer
from textrnn.tasks.translator import Translator
from textrnn.text.levels import Vocabulary
from textrnn.text.tokenizer import OutOfVocabulary, Tokenizer

TEXTS = st.lists(st.text(st.sampled_from("ab é\n\ud800\U0001f600\u05d0"), max_size=9) | st.just(""), max_size=12)
RIGHT = math.log(0.9)


def table_translator(seed: int = 0) -> Translator:
    """One whose translations are arbitrary."""
    return fake_translator("ab é", engine=TableTranslationEngine(8, seed=seed, sharpness=1))


def word_translator() -> Translator:
    """One that copies words, and knows few."""
    tokenizer = Tokenizer.learn(["the cat sat on a mat . , !"], "word", Vocabulary())
    return fake_translator(tokenizer=tokenizer)


def test_the_fake_copies() -> None:
    found = list(fake_translator().translate(["ab", "", "bab a", "c"]))
    assert [each.text for each in found] == ["ab", "", "bab a", "c"]
    assert [each.translation for each in found[:3]] == ["ab", "", "bab a"]
    assert [each.score for each in found[:3]] == [pytest.approx(3 * RIGHT), None, pytest.approx(6 * RIGHT)]
    assert [each.tokens for each in found[:2]] == [["a", "b", "<eos>"], []]
    assert [each.oov for each in found] == [[], [], [], [OutOfVocabulary("c", 0)]]
    assert [each.ended for each in found[:3]] == ["eos", None, "eos"]
    assert all(each.hypotheses is None and each.alignment is None for each in found)


def test_an_empty_text_has_an_empty_translation_and_is_never_run() -> None:
    model = fake_translator()
    (found,) = model.translate("", n_best=2, attention=True)
    assert found == Translation("", "", None, [], [], [], Alignment([], [], []), None)
    (found,) = model.translate("", sampling=Sampling())
    assert (found.translation, found.score) == ("", None)
    assert isinstance(model.engine, FakeTranslationEngine)
    assert model.engine.encoded == []


def test_the_best_are_listed_the_best_first() -> None:
    (found,) = fake_translator().translate("ab", n_best=3)
    assert found.hypotheses is not None
    first = found.hypotheses[0]
    assert (first.translation, first.score, first.tokens) == (found.translation, found.score, found.tokens)
    assert first.rank_score == pytest.approx(3 * RIGHT / (8 / 6))
    scores = [each.rank_score for each in found.hypotheses]
    assert scores == sorted(scores, reverse=True)
    assert len({each.translation for each in found.hypotheses}) == 3


@given(texts=TEXTS, group=st.integers(1, 5), batch_size=st.sampled_from([1, 2, 7, 64]), seed=st.integers(0, 9))
@settings(max_examples=20)
def test_a_translation_does_not_depend_on_what_stands_beside_it(
    texts: list[str], group: int, batch_size: int, seed: int
) -> None:
    model = table_translator(seed)
    ways = [{"n_best": 3, "attention": True}, {"sampling": Sampling(), "seed": seed, "n_best": 2}, {"beam": 1}]
    for way in ways:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "RECORDS_AT_ONCE", group)
            found = list(model.translate(iter(texts), batch_size=batch_size, **way))
        assert [each.text for each in found] == texts
        for each in found:
            (alone,) = model.translate(each.text, **way)
            assert replace(each, alignment=None, hypotheses=None) == replace(alone, alignment=None, hypotheses=None)
            assert [h.tokens for h in each.hypotheses or []] == [h.tokens for h in alone.hypotheses or []]
            if each.alignment is not None and alone.alignment is not None:
                for row, other in zip(each.alignment.weights, alone.alignment.weights, strict=True):
                    assert row == pytest.approx(other, abs=1e-6)
            assert each.oov == model.tokenizer.out_of_vocabulary(each.text)


@given(texts=TEXTS, batch_size=st.integers(1, 5))
@settings(max_examples=20)
def test_every_text_with_symbols_is_encoded_once(texts: list[str], batch_size: int) -> None:
    model = fake_translator()
    list(model.translate(texts, batch_size=batch_size))
    assert isinstance(model.engine, FakeTranslationEngine)
    assert max(map(len, model.engine.encoded), default=0) <= batch_size
    assert sorted(itertools.chain(*model.engine.encoded)) == sorted(len(text) for text in texts if text)


def test_few_are_decoded_at_once_where_the_symbols_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRIES_AT_ONCE", 7 * 5 * 3)  # of 7 symbols and a beam of 5 it holds 3
    model = fake_translator()
    assert isinstance(model.engine, FakeTranslationEngine)
    list(model.translate(["ab"] * 7))
    assert sorted(map(len, model.engine.encoded)) == [1, 3, 3]
    model.engine.encoded.clear()
    list(model.score([("ab", "ab")] * 16))
    assert sorted(map(len, model.engine.encoded)) == [1, 15]


@pytest.mark.parametrize("attention", [False, True])
def test_few_are_decoded_at_once_where_they_are_long(monkeypatch: pytest.MonkeyPatch, attention: bool) -> None:
    monkeypatch.setattr(module, "PADDED_AT_ONCE", 30)
    monkeypatch.setattr(module, "ATTENDED_AT_ONCE", 10)
    model = fake_translator()
    list(model.translate(["a" * 10] * 4, attention=attention))
    assert isinstance(model.engine, FakeTranslationEngine)
    assert max(map(len, model.engine.encoded)) == (1 if attention else 3)


def test_one_group_is_read_ahead_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORDS_AT_ONCE", 3)
    taken = 0

    def texts():
        nonlocal taken
        for taken in range(1, 40):
            yield "a" * taken

    for number, found in enumerate(fake_translator().translate(texts()), start=1):
        assert found.text == "a" * number
        assert min(number + 3, 39) <= taken <= number + 6


def test_a_consumer_that_stops_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORDS_AT_ONCE", 2)
    before = threading.active_count()
    found = fake_translator().translate("ab" for _ in itertools.count())
    assert next(found).translation == "ab"
    assert threading.active_count() > before
    found.close()  # type: ignore[attr-defined]  # a generator
    assert threading.active_count() == before


def test_what_goes_wrong_in_a_batch_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fake_translator()

    def fail(batch: object) -> None:
        raise ModelError("no probability")

    monkeypatch.setattr(model.engine, "encode", fail)
    with pytest.raises(ModelError, match="no probability"):
        list(model.translate(["a"] * 40))
    with pytest.raises(ModelError, match="no probability"):
        list(model.score([("a", "b")] * 40))


@pytest.mark.parametrize(("max_ratio", "symbols"), [(0.0, 10), (0.45, 19), (0.5, 20), (2.0, 50)])
def test_a_translation_is_cut_where_it_is_too_long(max_ratio: float, symbols: int) -> None:
    (found,) = fake_translator().translate("ab" * 10, max_ratio=max_ratio, beam=1)
    expected = min(symbols, 20)
    assert found.translation == "ab" * (expected // 2) + "a" * (expected % 2)
    assert found.ended == ("length" if symbols < 20 else "eos")
    assert found.tokens[-1] == "<eos>"


# drawing


def test_draws_are_numbered_and_repeat_with_their_seed() -> None:
    model = table_translator()
    (three,) = model.translate("ab", sampling=Sampling(), seed=7, n_best=3)
    (one,) = model.translate("ab", sampling=Sampling(), seed=7)
    assert three.hypotheses is not None
    assert (one.translation, one.score) == (three.translation, three.score)
    drawn = {next(model.translate("ab", sampling=Sampling(), seed=seed)).translation for seed in range(20)}
    assert len(drawn) > 3
    fresh = {next(model.translate("ab", sampling=Sampling())).translation for _ in range(20)}
    assert len(fresh) > 3


def test_draws_may_have_unk_where_either_allows_it() -> None:
    model, cold = word_translator(), Sampling(temperature=0)
    for sampling, allow_unk in itertools.product((cold, replace(cold, allow_unk=True)), (False, True)):
        (found,) = model.translate("the dog sat", sampling=sampling, allow_unk=allow_unk)
        assert ("<unk>" in found.tokens) == (sampling.allow_unk or allow_unk)


# <unk>


def test_unk_is_replaced_by_the_word_that_was_looked_at() -> None:
    model = word_translator()
    (shown,) = model.translate("the Wolf sat, zebra!", allow_unk=True)
    (found,) = model.translate("the Wolf sat, zebra!", replace_unk=True)
    assert shown.translation == "the \ufffd sat, \ufffd!"
    assert found.translation == "the Wolf sat, zebra!"
    assert found.tokens == shown.tokens == ["the", "<unk>", "sat", ",", "<unk>", "!", "<eos>"]
    assert found.score == shown.score
    assert found.alignment is None
    (both,) = model.translate("the Wolf sat", replace_unk=True, attention=True, sampling=Sampling(temperature=0))
    assert both.translation == "the Wolf sat"
    assert both.alignment is not None
    assert both.alignment.target == ["the", "Wolf", "sat"]


def test_half_a_character_is_shown_and_aligned() -> None:
    tokenizer = small_tokenizer("bpe")
    ids = [*tokenizer.encode("the").tolist(), *tokenizer.ids([" ", "<0xC3>", "<eos>"]).tolist()]
    attention = np.array([[0.75, 0.25]] * (len(ids) - 2) + [[0.25, 0.75]] * 2, np.float32)
    writer = Writer(tokenizer, tokenizer, Wanted(attention=True))
    found = writer.candidate("the cat", Hypothesis(ids, -1.0, -1.0, True, attention))
    assert found.translation == tokenizer.decode(ids) == "the \ufffd"
    assert found.alignment is not None
    assert found.alignment.target == ["the", "\ufffd"]
    assert found.alignment.weights == [[0.75, 0.25], [0.5, 0.5]]  # the space counts with the word behind it


# scores


@given(texts=TEXTS, seed=st.integers(0, 9), batch_size=st.sampled_from([1, 3, 64]))
@settings(max_examples=30)
def test_a_translation_has_the_score_of_its_forced_decoding(texts: list[str], seed: int, batch_size: int) -> None:
    model = table_translator(seed)
    found = list(model.translate(texts, beam=3))
    pairs = [(each.text, each.translation) for each in found]
    scores = list(model.score(pairs, batch_size=batch_size))
    assert [score.text for score in scores] == [each.translation for each in found]
    for each, score in zip(found, scores, strict=True):
        assert score.tokens == each.tokens
        assert score.logprob == (None if each.score is None else pytest.approx(each.score, abs=1e-4))


def test_scores_of_pairs_by_hand() -> None:
    pairs = [("ab", "ab"), ("", "a"), ("a", ""), ("ab", "abé")]
    copied, unread, empty, other = fake_translator().score(pairs, per_token=True)
    assert copied.logprob == pytest.approx(3 * RIGHT)
    assert [row.token for row in copied.token_logprobs] == copied.tokens == ["a", "b", "<eos>"]
    assert [row.rank for row in copied.token_logprobs] == [1, 1, 1]
    assert (unread.logprob, unread.tokens, unread.token_logprobs) == (None, [], [])
    assert (empty.logprob, empty.tokens) == (pytest.approx(math.log(1e-6)), ["<eos>"])
    assert other.oov == [OutOfVocabulary("é", 2)]
    assert other.token_logprobs[2].token == "<unk>"


def test_scores_without_the_end_and_by_word() -> None:
    model = fake_translator()
    (whole,) = model.score([("ab a", "ab a")])
    (found,) = model.score([("ab a", "ab a")], eos=False, by_word=True)
    assert whole.token_logprobs == []
    assert found.tokens == ["ab", "a"]
    assert found.logprob == pytest.approx(4 * RIGHT)
    assert [row.logprob for row in found.token_logprobs] == pytest.approx([2 * RIGHT, 2 * RIGHT])


def test_figures_of_scores_add_up() -> None:
    tally = Tally()
    list(fake_translator().score([("ab", "ab"), ("", "a"), ("b", "é")], tally=tally))
    assert (tally.texts, tally.symbols, tally.ends, tally.unknown) == (2, 3, 2, 1)
    assert tally.nats + tally.end_nats == pytest.approx(-4 * RIGHT - math.log((0.1 - 1e-6) / 5))


# several models


def test_an_ensemble_decodes_as_one() -> None:
    one, other = table_translator(1), table_translator(2)
    (score,) = one.with_others([other]).score([("ab", "ba")], per_token=True)
    each = [next(model.score([("ab", "ba")], per_token=True)).token_logprobs for model in (one, other)]
    expected = [math.log((math.exp(a.logprob) + math.exp(b.logprob)) / 2) for a, b in zip(*each, strict=True)]
    assert [row.logprob for row in score.token_logprobs] == pytest.approx(expected, abs=1e-5)


def test_an_ensemble_has_attention_where_any_member_has() -> None:
    blind, seeing = fake_translator(has_attention=False), fake_translator()
    both = blind.with_others([seeing])
    (found,) = both.translate("ab a", attention=True)
    assert found.alignment is not None
    assert found.alignment.pharaoh() == "0-0 1-1"
    assert not blind.with_others([blind]).has_attention


@pytest.mark.parametrize("source", ["ab", "ba "])
def test_models_of_other_symbols_do_not_decode_together(source: str) -> None:
    model = fake_translator()
    other = Translator(model.engine, model.tokenizer, model.config, Tokenizer.of_characters(source))
    with pytest.raises(UsageError, match="only where their symbols are the same"):
        model.with_others([other])


def test_sources_may_have_symbols_of_their_own() -> None:
    one = fake_translator("xyz")
    model = Translator(one.engine, one.tokenizer, one.config, Tokenizer.of_characters("abc"))
    (found,) = model.translate("cab!", attention=True, beam=1)
    assert found.translation[:3] == "zxy"
    assert found.oov == [OutOfVocabulary("!", 3)]
    assert next(model.score([("ab", "xy")])).logprob == pytest.approx(3 * RIGHT)


# what cannot be


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beam": 0}, "beam must be from 1"),
        ({"n_best": 0}, "n-best must be from 1 to 5"),
        ({"beam": 2, "n_best": 3}, "n-best must be from 1 to 2, .*, not 3"),
        ({"sampling": Sampling(), "n_best": 1001}, "n-best must be from 1 to 1000"),
        ({"max_ratio": -1}, "max-length must be from 0 to 1000, not -1"),
        ({"max_ratio": float("nan")}, "max-length must be from 0 to 1000, not nan"),
        ({"replace_unk": True}, "replace-unk is for models of words"),
        ({"batch_size": 0}, "batch-size must be 1 or more, not 0"),
        ({"sampling": Sampling(), "seed": -1}, "seed must be from 0"),
    ],
)
def test_requests_that_make_no_sense_are_refused_at_once(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        fake_translator().translate("a", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"attention": True}, {"replace_unk": True}, {"coverage_penalty": 0.1}])
def test_what_needs_attention_is_refused_without(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"needs? attention, and this model has none"):
        fake_translator(has_attention=False).translate("a", **options)  # type: ignore[arg-type]


def test_scores_need_a_batch() -> None:
    with pytest.raises(UsageError, match="batch-size must be 1 or more, not 0"):
        fake_translator().score([], batch_size=0)


def test_a_decoder_is_needed() -> None:
    model, other = fake_translator(), fake_classifier()
    with pytest.raises(ModelError, match="has a head that is not for 'translator'"):
        Translator(model.engine, model.tokenizer, other.config)


@pytest.mark.parametrize("level", ["char", "ngram", "word", "bpe"])
def test_every_level_gives_back_what_the_fake_copies(level: str) -> None:
    text = "The cat sat on the mat, and the cat's hat."
    model = fake_translator(tokenizer=small_tokenizer(level))
    (found,) = model.translate(text)
    assert found.translation == text
