"""Which wording is likelier? Lines with alternatives in braces, such as "The city is on a {plain|plane}"."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from textrnn.errors import DataError
from textrnn.tasks.scoring import Score
from textrnn.text.tokenizer import OutOfVocabulary

MOST_WORDINGS = 10_000  # of one line
MARK = re.compile(r"\\([{}|\\])|([{}|])")


@dataclass(frozen=True)
class Choice:
    """One wording of a line."""

    line: int  # its number among the lines or records, from 1
    rank: int  # 1 is the likeliest
    choice: str  # what was put into the braces
    text: str
    logprob: float  # natural
    probability: float  # among the wordings of this line
    odds: float  # probability / (1 - probability)
    oov: list[OutOfVocabulary]  # what the vocabulary lacks; where there is such, the figures say little


@dataclass(frozen=True)
class Wording:
    """One way to read a line with alternatives."""

    choice: str
    text: str


def wordings(line: str, *, place: str = "line 1") -> list[Wording]:
    r"""Every way to read a line; with several braces every combination.

    A backslash makes the next brace, bar or backslash an ordinary character. Raises DataError where braces do not match
    or hold nothing to choose from. place: what the error calls the line.

    >>> [wording.text for wording in wordings("a {b|c}")]
    ['a b', 'a c']
    """
    slots: list[list[str]] = [[""]]  # fixed text and alternatives in turn
    is_open = False
    begin = 0
    for mark in MARK.finditer(line):
        slots[-1][-1] += line[begin : mark.start()] + (mark[1] or "")
        begin = mark.end()
        if mark[2] == "|" and is_open:
            slots[-1].append("")
        elif mark[2] == "|":
            slots[-1][-1] += "|"
        elif mark[2]:
            if is_open == (mark[2] == "{"):
                raise DataError(f"{place}: a {mark[2]} without its partner; write \\{mark[2]} for the character")
            is_open = not is_open
            slots.append([""])
    slots[-1][-1] += line[begin:]
    if is_open:
        raise DataError(f"{place}: a {{ without its partner; write \\{{ for the character")
    if all(len(alternatives) == 1 for alternatives in slots):
        raise DataError(f"{place} has nothing to choose from: write alternatives as in {{plain|plane}}")
    if math.prod(map(len, slots)) > MOST_WORDINGS:
        raise DataError(f"{place} has more than {MOST_WORDINGS:,} wordings")
    return [Wording(", ".join(parts[1::2]), "".join(parts)) for parts in product(*slots)]


def ranked(line: int, found: Sequence[Wording], scores: Sequence[Score]) -> list[Choice]:
    """The wordings of a line with their scores, the likeliest first."""
    logprobs = [score.logprob or 0.0 for score in scores]
    order = sorted(range(len(found)), key=lambda index: -logprobs[index])
    weights = [math.exp(logprobs[index] - logprobs[order[0]]) for index in order]
    total, others = math.fsum(weights), math.fsum(weights[1:])  # of the first, total - weight would cancel
    rest = [others, *(total - weight for weight in weights[1:])]
    return [
        Choice(
            line,
            rank,
            found[index].choice,
            found[index].text,
            logprobs[index],
            weight / total,
            weight / other if other else math.inf,
            scores[index].oov,
        )
        for rank, (index, weight, other) in enumerate(zip(order, weights, rest, strict=True), start=1)
    ]
