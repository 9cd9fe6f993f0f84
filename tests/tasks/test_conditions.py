"""Texts that begin with a condition: each with its own, alone and among others, and none where none belongs."""

from pathlib import Path

import numpy as np
import pytest

import textrnn
from tests.fakes import fake_language_model
from tests.small_models import small_config, small_tokenizer, untrained
from textrnn.architecture import Condition
from textrnn.errors import ModelError, UsageError
from textrnn.export.quantize import quantize
from textrnn.export.save import save_model
from textrnn.model_folder import ModelFolder, write_model
from textrnn.tasks.conditions import Conditions
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.scoring import TokenList

MOODS = ("calm", "fog", "storm")
TEXTS = ["the cat sat", "", "the mat isn't the hat's", "Call me", "the cat", "cat cat cat", "the"] * 3
GIVEN = [MOODS[n % 3] for n in range(len(TEXTS))]


def save(path: Path, condition: Condition) -> Path:
    """An untrained model of words in float32, whose weights are large."""
    tokenizer = small_tokenizer("word")
    config = small_config(tokenizer, "line")
    architecture = config.architecture.model_copy(update={"condition": condition})
    config = config.model_copy(update={"architecture": architecture})
    save_model(path, untrained(architecture), tokenizer, config)
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("begun")
    found = {"labels": save(root / "labels", Condition(size=3, labels=MOODS))}
    found["numbers"] = save(root / "numbers", Condition(size=2))
    quantize(found["labels"], root / "small")
    return {**found, "small": root / "small"}


@pytest.fixture(scope="module")
def model(folders) -> LanguageModel:
    return textrnn.load(folders["small"])


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_a_score_is_that_of_its_text_and_its_condition_alone(model, batch_size):
    together = [score.logprob for score in model.score(TEXTS, condition=iter(GIVEN), batch_size=batch_size)]
    alone = [next(model.score(text, condition=mood)).logprob for text, mood in zip(TEXTS, GIVEN, strict=True)]
    assert together == alone
    assert len({next(model.score("the cat", condition=mood)).logprob for mood in MOODS}) == 3


@pytest.mark.parametrize("kind", ["labels", "small"])
def test_engines_agree_and_a_sample_says_what_its_tokens_score(folders, kind):
    model, mood = textrnn.load(folders[kind]), "fog"
    if kind == "labels":
        other = textrnn.load(folders[kind], engine="torch")
        found, expected = ([s.logprob for s in each.score(TEXTS, condition=iter(GIVEN))] for each in (model, other))
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    samples = model.generate("the", n=4, condition=mood, seed=1, max_tokens=9)
    lists = [TokenList(sample.tokens, sample.prompt) for sample in samples]
    scores = [score.logprob for score in model.score_tokens(lists, condition=mood)]
    np.testing.assert_allclose(scores, [sample.logprob for sample in samples], rtol=1e-9 if kind == "small" else 1e-5)
    likeliest = model.next("the", count=1, condition=mood)[0]
    assert likeliest.token == model.generate("the", max_tokens=1, temperature=0, condition=mood)[0].tokens[0]
    table = next(model.score("the cat", condition=mood, per_token=True)).token_logprobs
    following = {row.token: row.logprob for row in model.next("the", count=99, condition=mood)}
    assert following[table[1].token] == pytest.approx(table[1].logprob, rel=1e-5)


def test_sample_i_depends_on_seed_index_prompt_and_condition_alone(model):
    prompts, given = ["the", "the", "", "Call"], ["calm", "storm", "calm", "fog"]
    together = model.generate(prompts, n=3, condition=iter(given), seed=4, max_tokens=8)
    for place, (prompt, mood) in enumerate(zip(prompts, given, strict=True)):
        alone = model.generate(prompt, n=5, condition=mood, seed=4, max_tokens=8)
        assert [(s.tokens, s.logprob) for s in alone[:3]] == [
            (s.tokens, s.logprob) for s in together[3 * place : 3 * place + 3]
        ]
        *_, streamed = model.stream(prompt, index=2, condition=mood, seed=4, max_tokens=8)
        assert (streamed.tokens, streamed.logprob) == (alone[2].tokens, alone[2].logprob)
    assert together[0].logprob != together[3].logprob
    assert together[0].tokens[0] == model.generate("the", condition="calm", seed=4, max_tokens=1)[0].tokens[0]


def test_numbers_are_given_as_a_list_an_array_or_text(folders):
    model = textrnn.load(folders["numbers"])
    ways = ([0.5, -1], np.array([0.5, -1], np.float32), "0.5,-1", "[0.5, -1.0]", "0.5 -1")
    assert len({next(model.score("the cat", condition=way)).logprob for way in ways}) == 1
    assert next(model.score("the cat", condition=[0.5, 1])) != next(model.score("the cat", condition=[0.5, -1]))


def test_figures_and_wordings_take_a_condition(model):
    assert model.evaluate(TEXTS, condition="fog")[0].value == len(TEXTS)
    by_mood = [
        {row.metric: row for row in model.evaluate(TEXTS, condition=given)}
        for given in ("fog", iter(GIVEN), iter(GIVEN))
    ]
    values = [found["perplexity"].value for found in by_mood]
    assert values[1] == values[2] != values[0]
    assert "its condition and <start>" in by_mood[0]["perplexity"].protocol
    ranked = next(model.choose("the {cat|hat} sat", condition="fog"))
    scored = [next(model.score(choice.text, condition="fog")).logprob for choice in ranked]
    assert [choice.logprob for choice in ranked] == scored == sorted(scored, reverse=True)


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("labels", None, "each text of this model begins with a condition: --condition gives one of 'calm', 'fog', 's"),
        ("labels", "rain", "'rain' is no condition of this model: give one of 'calm', 'fog', 'storm'"),
        ("labels", [1, 0, 0], "no condition of this model: give one of"),
        ("labels", iter(["calm"]), "fewer conditions than texts"),
        ("numbers", None, "--condition gives 2 numbers"),
        ("numbers", "calm", "'calm' is no condition of this model: give 2 numbers"),
        ("numbers", "1,2,3", "'1,2,3' is no condition of this model"),
        ("numbers", [float("nan"), 1], "is no condition of this model"),
        ("numbers", [1e300, 1], "is no condition of this model"),
        ("none", "calm", "begin with no condition"),
        ("none", iter(["calm", "calm"]), "begin with no condition"),
    ],
)
def test_a_condition_too_many_too_few_or_of_another_kind_is_refused_in_one_line(folders, kind, given, says):
    model = fake_language_model("line") if kind == "none" else textrnn.load(folders[kind])
    for use in (model.score, model.generate):
        again = iter(list(given)) if hasattr(given, "__next__") else given
        with pytest.raises(UsageError, match=says) as error:
            list(use(["a", "b"], condition=again))
        assert "\n" not in str(error.value)
        given = iter(["calm"]) if "fewer" in says else iter(["calm", "calm"]) if hasattr(given, "__next__") else given


def test_what_has_no_place_for_a_condition_is_refused(model):
    with pytest.raises(UsageError, match="begins with a condition, and a running text"):
        model.score(["a"], condition="fog", running_text=True)
    with pytest.raises(UsageError, match="begins with a condition, and a text in blocks has none"):
        model.evaluate_blocks(["a"])
    with pytest.raises(UsageError, match="each text of this model begins with a condition"):
        model.next("a")


def test_many_labels_are_not_all_listed():
    assert str(Conditions(Condition(size=30, labels=tuple(f"l{n}" for n in range(30))))).endswith("'l19', …")
    assert str(Conditions(Condition(size=1))) == "1 number"


def test_a_folder_whose_bridge_reads_another_size_is_refused(folders, tmp_path):
    ours, other = (ModelFolder(save(tmp_path / str(size), Condition(size=size))) for size in (2, 4))
    parts = {name: (other if name == "condition.onnx" else ours).read(name) for name in ours.config.parts}
    write_model(tmp_path / "mixed", ours.config, parts, card="")
    with pytest.raises(ModelError, match=r"condition.onnx reads 4 numbers, not those of config.json"):
        textrnn.load(tmp_path / "mixed")
    write_model(tmp_path / "mixed", ours.config, {**parts, "condition.onnx": parts["model.onnx"]}, card="")
    with pytest.raises(ModelError, match="not a graph of this program"):
        textrnn.load(tmp_path / "mixed")
    del parts["condition.onnx"]
    write_model(tmp_path / "without", ours.config, parts, card="")
    with pytest.raises(ModelError, match=r"without has no condition.onnx"):
        textrnn.load(tmp_path / "without")
