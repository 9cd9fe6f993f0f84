"""What a sample may not depend on, and that it says of itself what the score of its tokens says."""

from collections.abc import Sequence
from typing import TypedDict

from textrnn.selfcheck.check import Check, Figures, Subject, scored, told
from textrnn.tasks.generation import Generation
from textrnn.tasks.language_model import LanguageModel
from textrnn.tasks.scoring import TokenList

TOKENS = 60  # of a sample
SEED = 2


class Way(TypedDict, total=False):
    """How samples are drawn."""

    temperature: float
    top_p: float
    repetition_penalty: float


WAYS: tuple[Way, ...] = (
    {"temperature": 0.0},
    {"temperature": 0.7},
    {"temperature": 1.0},
    {"temperature": 1.5},
    {"top_p": 0.9, "repetition_penalty": 1.2},
)


def prompts(subject: Subject) -> list[str]:
    """Nothing, and what some of the texts begin with."""
    return ["", *(text[: min(40, len(text) // 2)] for text in subject.some[:6])]


def draw(model: LanguageModel, prompts: Sequence[str], *, n: int) -> list[Generation]:
    """Samples as the checks compare them."""
    return model.generate(prompts, n=n, max_tokens=TOKENS, seed=SEED, logprobs=True)


def any_number(subject: Subject) -> Check:
    """Sample 1 of each prompt among others, alone, and piece by piece."""
    model, begins = subject.model, prompts(subject)
    expected = draw(model, begins, n=2)[1::2]
    ways = {
        "-n 7": draw(model, begins, n=7)[1::7],
        "a prompt alone": [draw(model, [begin], n=2)[1] for begin in begins],
        "streamed": [streamed(model, begin) for begin in begins],
    }
    return subject.agreement(
        "sample i", told(expected), ((name, like(expected, found)) for name, found in ways.items())
    )


def streamed(model: LanguageModel, prompt: str) -> Generation:
    """Sample 1 as a terminal shows it."""
    *_, whole = model.stream(prompt, index=1, max_tokens=TOKENS, seed=SEED, logprobs=True)
    assert isinstance(whole, Generation)
    return whole


def like(expected: Sequence[Generation], found: Sequence[Generation]) -> Figures:
    """The figures of samples, none of one that has other tokens than expected."""
    return [
        figures if sample.tokens == other.tokens else []
        for sample, other, figures in zip(expected, found, told(found), strict=True)
    ]


def several(subject: Subject) -> list[Generation]:
    """Samples at several temperatures, with filters and without."""
    begins = prompts(subject)
    drawn = (subject.model.generate(begins, n=2, max_tokens=TOKENS, seed=1, logprobs=True, **way) for way in WAYS)
    return [sample for samples in drawn for sample in samples]


def score_of_tokens(subject: Subject) -> Check:
    """The tokens of samples, scored as they are."""
    samples = several(subject)
    scores = subject.model.score_tokens((TokenList(sample.tokens, sample.prompt) for sample in samples), per_token=True)
    return subject.agreement("generate = score", told(samples), [("score --tokens", scored(scores))])


def score_of_text(subject: Subject) -> Check:
    """The text of samples, prompt and all, where it reads as the tokens that were drawn."""
    samples = [sample for sample in several(subject) if sample.canonical]
    scores = subject.model.score((sample.prompt + sample.text for sample in samples), eos=True, per_token=True)
    found = []
    for sample, figures in zip(samples, scored(scores), strict=True):
        begin = len(subject.model.tokenizer.encode_prompt(sample.prompt))
        found.append(figures[begin : begin + len(sample.tokens)])
    return subject.agreement("generate = score, from text", told(samples), [("score of the canonical", found)])


CHECKS = (any_number, score_of_tokens, score_of_text)
