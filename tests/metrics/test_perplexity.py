"""The summary of a corpus, against corpora worked out by hand.

The fake engine gives <unk> 1/10, <eos> 2/10, a 3/10 and b 4/10, always. So the three texts "ab", "a" and "?b" have
symbols of probability .3 .4 / .3 / .1 .4, of which one is unknown, and three ends of .2.
"""

import math
from collections.abc import Sequence

import pytest

from tests.fakes import fake_language_model
from textrnn.config import ModelConfig, TextSettings, Unit
from textrnn.metrics.perplexity import Tally, perplexity
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.levels import Vocabulary
from textrnn.text.tokenizer import Tokenizer

TEXTS = ("ab", "a", "?b")
SYMBOLS = 0.3 * 0.4 * 0.3 * 0.1 * 0.4
ENDS = 0.2**3


def figures(texts: Sequence[str], *, eos: bool = False) -> dict[str, tuple[float | None, str]]:
    """The value and protocol of each metric of scored texts."""
    tally = Tally()
    for _ in fake_language_model().score(texts, eos=eos, tally=tally):
        pass
    return {row.metric: (row.value, row.protocol) for row in tally.metrics(includes_end=eos, conditions="by hand")}


@pytest.mark.parametrize("eos", [False, True])  # all four are given whichever way single texts are scored
@pytest.mark.parametrize(
    ("name", "product", "predictions"),
    [
        ("perplexity", SYMBOLS * ENDS, 5 + 3),
        ("perplexity_without_oov", SYMBOLS / 0.1 * ENDS, 4 + 3),
        ("perplexity_without_eos", SYMBOLS, 5),
        ("perplexity_without_oov_without_eos", SYMBOLS / 0.1, 4),
    ],
)
def test_all_four_perplexities(name: str, product: float, predictions: int, eos: bool) -> None:
    value, protocol = figures(TEXTS, eos=eos)[name]
    assert value == pytest.approx(product ** (-1 / predictions), rel=1e-6)
    assert ("without OOV" in protocol) == ("oov" in name)
    assert ("without <eos>" in protocol) == ("eos" in name)
    assert "by hand" in protocol


def test_sentences_tokens_and_unknown_symbols_are_counted() -> None:
    found = figures(TEXTS)
    assert [found[name][0] for name in ("sentences", "token_count", "oov_count")] == [3, 5, 1]


@pytest.mark.parametrize("name", ["nats_per_character", "bits_per_character", "bits_per_byte"])
def test_unknown_symbols_leave_no_figure_per_character_and_say_why(name: str) -> None:
    value, protocol = figures(TEXTS)[name]
    assert value is None
    assert "1 symbols are <unk>" in protocol


@pytest.mark.parametrize(("eos", "product"), [(False, 0.3 * 0.3 * 0.4), (True, 0.3 * 0.3 * 0.4 * 0.2**2)])
def test_figures_per_character_and_byte(eos: bool, product: float) -> None:
    found = figures(["ab", "a"], eos=eos)
    assert found["nats_per_character"][0] == pytest.approx(-math.log(product) / 3, rel=1e-6)
    assert found["bits_per_character"][0] == pytest.approx(-math.log2(product) / 3, rel=1e-6)
    assert found["bits_per_byte"][0] == pytest.approx(-math.log2(product) / 3, rel=1e-6)
    assert f"{'with' if eos else 'without'} <eos>" in found["bits_per_byte"][1]


def test_bytes_are_those_of_utf_8() -> None:
    tally = Tally()
    for text in ("aé", "\U0001f600", "\udcff"):
        tally.add_text(text)
    assert (tally.texts, tally.characters, tally.bytes) == (3, 4, 1 + 2 + 4 + 3)


def test_an_empty_text_has_an_end_and_no_symbols() -> None:
    found = figures([""], eos=True)
    assert found["perplexity"][0] == pytest.approx(5)  # of <eos> alone
    assert found["perplexity_without_eos"][0] is None
    assert found["bits_per_character"][0] is None


def test_an_empty_corpus_has_no_figures() -> None:
    found = figures([])
    assert {name: value for name, (value, _) in found.items() if value is not None} == {
        "sentences": 0,
        "token_count": 0,
        "oov_count": 0,
    }


def test_only_unknown_symbols_leave_no_figure_without_them() -> None:
    found = figures(["?!"])
    assert found["perplexity_without_eos"][0] == pytest.approx(10)
    assert found["perplexity_without_oov_without_eos"][0] is None


@pytest.mark.parametrize("texts", [["ba", "", "a", "b?", ""], [""] * 9, ["a" * 300, "b"]])
def test_each_text_is_scored_by_itself_and_in_order(texts: list[str]) -> None:
    chances = {"a": 0.3, "b": 0.4, "?": 0.1}
    expected = [sum(math.log(chances[symbol]) for symbol in text) + math.log(0.2) for text in texts]
    scores = list(fake_language_model().score(texts, eos=True, batch_size=2))
    assert [score.text for score in scores] == texts
    assert [score.logprob for score in scores] == pytest.approx(expected, rel=1e-6)


def test_a_running_text_is_one_pass_without_ends() -> None:
    found = {row.metric: row.value for row in fake_language_model("text").evaluate("ab\n")}
    assert found["perplexity_without_eos"] == pytest.approx((0.3 * 0.4 * 0.1) ** (-1 / 3), rel=1e-6)
    assert "perplexity" not in found


@pytest.mark.parametrize("text", ["ab\na", "ab\na\n"])
def test_a_text_of_lines_counts_their_ends(text: str) -> None:
    found = {row.metric: row.value for row in fake_language_model("line").evaluate(text)}
    product = 0.3 * 0.4 * 0.2 * 0.3 * 0.2
    assert found["perplexity"] == pytest.approx(product ** (-1 / 5), rel=1e-6)
    assert found["bits_per_character"] == pytest.approx(-math.log2(product) / len("ab\na\n"), rel=1e-6)


def test_perplexity_that_is_too_large_is_infinite() -> None:
    assert perplexity(1e6, 1) == math.inf
    assert perplexity(0.0, 0) is None


# Five sentences, an empty one and three of four unknown symbols among them, symbol by symbol in tenths.
SENTENCES = {"ab": (3, 4), "b": (4,), "": (), "?a!": (1, 3, 1), "bb?b": (4, 4, 1, 4)}
WORDS = sum(map(len, SENTENCES.values()))  # 10
LOG_WORDS = math.fsum(math.log(tenths / 10) for row in SENTENCES.values() for tenths in row)
UNKNOWN = 3
LOG_UNKNOWN = UNKNOWN * math.log(1 / 10)
LOG_ENDS = len(SENTENCES) * math.log(2 / 10)
CORPUS = {
    "sentences": 5,
    "token_count": 2 + 1 + 0 + 3 + 4,
    "oov_count": UNKNOWN,
    # SRILM's ppl counts ends and its ppl1 does not; both leave unknown words out.
    "perplexity": math.exp(-(LOG_WORDS + LOG_ENDS) / (WORDS + 5)),
    "perplexity_without_oov": math.exp(-(LOG_WORDS - LOG_UNKNOWN + LOG_ENDS) / (WORDS - UNKNOWN + 5)),  # ppl
    "perplexity_without_eos": math.exp(-LOG_WORDS / WORDS),
    "perplexity_without_oov_without_eos": math.exp(-(LOG_WORDS - LOG_UNKNOWN) / (WORDS - UNKNOWN)),  # ppl1
    "nats_per_character": None,
    "bits_per_character": None,
    "bits_per_byte": None,
}


@pytest.mark.parametrize("eos", [True, False])
def test_the_whole_table_of_five_sentences(eos: bool) -> None:
    found = figures(list(SENTENCES), eos=eos)
    assert list(found) == list(CORPUS)
    for name, expected in CORPUS.items():
        value, protocol = found[name]
        assert value == (expected if expected is None else pytest.approx(expected, rel=1e-6)), name
        assert protocol
    for name in ("nats_per_character", "bits_per_character", "bits_per_byte"):
        assert found[name][1].startswith("not given: 3 symbols are <unk>")


def test_each_of_five_sentences_has_its_own_logprob() -> None:
    for unit, ends in (("line", True), ("text", False)):
        scores = fake_language_model(unit).score(SENTENCES)  # type: ignore[arg-type]
        for score, tenths in zip(scores, SENTENCES.values(), strict=True):
            chances = [*(each / 10 for each in tenths), *([2 / 10] if ends else [])]
            expected = math.fsum(map(math.log, chances)) if chances else None
            assert score.logprob == (expected if expected is None else pytest.approx(expected, rel=1e-6))


@pytest.mark.parametrize("eos", [True, False])
def test_the_figures_per_character_of_five_known_sentences(eos: bool) -> None:
    sentences = ["ab", "", "b", "aab", "bb"]
    nats = -math.log((3 * 4) * 4 * (3 * 3 * 4) * (4 * 4) / 10**8 * (0.2**5 if eos else 1))
    found = figures(sentences, eos=eos)
    characters = 2 + 0 + 1 + 3 + 2
    assert found["nats_per_character"][0] == pytest.approx(nats / characters, rel=1e-6)
    assert found["bits_per_character"][0] == pytest.approx(nats / math.log(2) / characters, rel=1e-6)
    assert found["bits_per_byte"][0] == pytest.approx(nats / math.log(2) / characters, rel=1e-6)
    assert found["perplexity"][0] == found["perplexity_without_oov"][0]


def fake_words(*, lower: bool = False) -> LanguageModel:
    """The fake engine over the words `é` (3/10) and `b` (4/10)."""
    model = fake_language_model("line")
    tokenizer = Tokenizer.learn(["é é b"], "word", Vocabulary(lower=lower))
    settings = TextSettings(level="word", unit="line")
    config: ModelConfig = model.config.model_copy(update={"text": settings})
    return LanguageModel(model.engine, tokenizer, config)


def test_a_byte_is_not_a_character() -> None:
    tally = Tally()
    for _ in fake_words().score(["é b", "é"], tally=tally):
        pass
    found = {row.metric: row.value for row in tally.metrics(includes_end=True, conditions="by hand")}
    bits = -math.log2(0.3 * 0.4 * 0.2 * 0.3 * 0.2)
    line_ends = 2  # <eos> stands for each
    assert found["bits_per_character"] == pytest.approx(bits / (3 + 1 + line_ends), rel=1e-6)
    assert found["bits_per_byte"] == pytest.approx(bits / (4 + 2 + line_ends), rel=1e-6)


@pytest.mark.parametrize(("unit", "eos", "characters"), [("line", None, 5), ("line", False, 3), ("text", None, 3)])
def test_a_line_end_is_a_character_where_it_is_predicted(unit: Unit, eos: bool | None, characters: int) -> None:
    tally = Tally()
    assert len(list(fake_language_model(unit).score(["ba", "b"], eos=eos, tally=tally))) == 2
    assert (tally.characters, tally.bytes) == (characters, characters)


def test_the_summary_of_scores_and_the_evaluation_of_a_file_agree() -> None:
    tally = Tally()
    assert len(list(fake_language_model("line").score(["ba", "", "b"], tally=tally))) == 3
    summary = {row.metric: row.value for row in tally.metrics(includes_end=True, conditions="")}
    assert summary == {row.metric: row.value for row in fake_language_model("line").evaluate("ba\n\nb\n")}


@pytest.mark.parametrize("text", ["é  b", " é", "É"])
def test_words_that_do_not_give_the_text_back_leave_no_figure_per_character(text: str) -> None:
    tally = Tally()
    for _ in fake_words(lower=True).score([text, "b"], tally=tally):
        pass
    for row in tally.metrics(includes_end=True, conditions="by hand"):
        if "_per_" in row.metric:
            assert row.value is None
            assert row.protocol.startswith("not given: of 1 texts the symbols do not give")
        else:
            assert row.value is not None
