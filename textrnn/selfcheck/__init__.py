"""Does a model keep its promises? The same texts in many ways, and the largest difference that was found."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from textrnn.errors import TextrnnError
from textrnn.selfcheck import generation, labelling, loading, scoring, translating
from textrnn.selfcheck.check import Check, Subject
from textrnn.tasks import load
from textrnn.tasks.classifier import Classifier
from textrnn.tasks.language_model import LanguageModel

AnySubject = TypeVar("AnySubject")

LINES = (  # for a model that writes none of its own
    "I would go there again tomorrow.",
    "The second half drags, and the ending is worse!",
    "Who was the first woman to cross the ocean alone?",
    "never again",
    "It is what it is: not bad, not good, not long.",
)
SAMPLES, TOKENS = 32, 60  # of the model's own, where no lines are given
LONG = 400  # characters
HOSTILE = (
    "",
    " ",
    "\t ",
    "é☃漢字🙂",
    "<pad> <unk> <start> <eos> <0x0A>",
    "a\rb\u2028c\x0bd\x85e",
    "zzzzzzzzzzzzzzzzzz",
)


def subject_of(model: LanguageModel, lines: Sequence[str] = ()) -> Subject:
    """A model with lines to read, those given or else its own, and hostile texts, a long one among them."""
    if not lines:
        samples = model.generate("", n=SAMPLES, max_tokens=TOKENS, seed=0)
        lines = [line for sample in samples for line in sample.text.split("\n")]
    long = (" ".join(filter(None, lines)) + " and so on") * LONG
    return Subject(model, lines, [*HOSTILE, long[:LONG]])


def check_model(subject: Subject) -> Iterator[Check]:
    """The promises that need nothing but the model, one after another."""
    for check in (*scoring.CHECKS, *generation.CHECKS):
        try:
            yield check(subject)
        except TextrnnError as error:
            yield broken(check.__name__, error)


def check_folder(folder: str, lines: Sequence[str] = ()) -> Iterator[Check]:
    """Every promise of a model folder or a bundled model, checked on lines, or where there are none on its own."""
    model = load(folder)
    long = " ".join(lines or LINES)
    if isinstance(model, LanguageModel):
        model.conditions.refuse("selfcheck gives none")
        subject = subject_of(model, lines)
        yield from check_model(subject)
        yield from each(loading.CHECKS, subject, folder)
    elif isinstance(model, Classifier):
        texts = [*(lines or LINES), *HOSTILE, " ".join([long] * 9)]
        yield from each(labelling.CHECKS, labelling.Labelling(model, texts), folder)
    else:
        texts = [*(lines or LINES), *HOSTILE, long[:LONG]]
        yield from each(translating.CHECKS, translating.Translating(model, texts), folder)


def each(checks: Iterable[Callable[[AnySubject, str], Check]], subject: AnySubject, folder: str) -> Iterator[Check]:
    """One check after another; one that cannot be made has failed."""
    for check in checks:
        try:
            yield check(subject, folder)
        except TextrnnError as error:
            yield broken(check.__name__, error)


def broken(name: str, error: TextrnnError) -> Check:
    """A check that could not be made to its end: what stopped it is what it found."""
    return Check(name.replace("_", " "), math.inf, 0.0, False, str(error))
