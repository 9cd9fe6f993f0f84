"""VADER, TextBlob and fastText, which label texts, in an environment of their own.

`Peers` asks, in JSON, and this file answers when that environment's Python runs it: it needs their packages alone.
Times are of the loop over texts that are in memory, after a first one: no import, no loading, no reading, no writing.
"""

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

MODULES = {"VADER": "vaderSentiment", "TextBlob": "textblob", "fastText": "fasttext"}
WITH_RULES = ("VADER", "TextBlob")  # that know negative and positive, and learn nothing
PREFIX = "__label__"
PUNCTUATION = re.compile(r"([.!?,'/()])")

Label = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True)
class Settings:
    """Of fastText; whatever is not among them is as it is by default, but for one thread, so that runs repeat."""

    epochs: int
    rate: float
    ngrams: int  # of words

    def __str__(self) -> str:
        return f"epoch {self.epochs}, lr {self.rate:g}, wordNgrams {self.ngrams}"


@dataclass(frozen=True)
class Answer:
    """The labels of texts, and the seconds that these took."""

    labels: list[str]
    seconds: float


class Peers:
    """What the environment of this Python has of them. versions: of their packages, by peer."""

    def __init__(self, python: str) -> None:
        self.python = python
        self.versions: dict[str, str] = self._ask("installed", [])

    def label(self, peer: str, texts: Sequence[str], *, model: Path | None = None) -> Answer:
        """Label texts. model: of fastText."""
        labels, seconds = self._ask("label", [peer, texts, str(model)])
        return Answer(labels, seconds)

    def train(self, texts: Sequence[str], labels: Sequence[str], settings: Settings, *, out: Path) -> None:
        """Train fastText."""
        self._ask("train", [texts, labels, settings.epochs, settings.rate, settings.ngrams, str(out)])

    def _ask(self, action: str, arguments: Sequence[object]) -> Any:
        command = [self.python, __file__, action]
        done = subprocess.run(command, input=json.dumps(arguments), capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
        return json.loads(done.stdout)


def installed() -> dict[str, str]:
    """The peers that are there, with their packages."""
    distributions = packages_distributions()
    return {
        peer: " ".join(f"{name} {version(name)}" for name in sorted(set(distributions.get(module, []))))
        for peer, module in MODULES.items()
        if find_spec(module)
    }


def vader(_: str) -> Label:
    """Positive unless the compound score is below 0."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    scores = SentimentIntensityAnalyzer().polarity_scores
    return lambda texts: ["negative" if scores(text)["compound"] < 0 else "positive" for text in texts]


def textblob(_: str) -> Label:
    """Positive unless the polarity is below 0."""
    from textblob import TextBlob

    return lambda texts: ["negative" if TextBlob(text).sentiment.polarity < 0 else "positive" for text in texts]


def fasttext(model: str) -> Label:
    """The likeliest label by a trained model; none for a text without a word."""
    from fasttext import load_model

    predict = load_model(model).predict

    def label(texts: Sequence[str]) -> list[str]:
        found = predict([in_words(text) for text in texts])[0]
        return [unquote(labels[0].removeprefix(PREFIX)) if labels else "" for labels in found]

    return label


LABELLERS = {"VADER": vader, "TextBlob": textblob, "fastText": fasttext}


def label(peer: str, texts: Sequence[str], model: str) -> tuple[list[str], float]:
    """The labels of texts, and the seconds that these took."""
    labels_of = LABELLERS[peer](model)
    labels_of(texts[:1])  # reads what is read on first use
    begin = time.perf_counter()
    found = labels_of(texts)
    return found, time.perf_counter() - begin


def train(texts: Sequence[str], labels: Sequence[str], epochs: int, rate: float, ngrams: int, out: str) -> None:
    """A model of fastText, in a file. It reads its lines in their order, epoch after epoch, so they are shuffled."""
    from fasttext import train_supervised

    shuffled = [f"{PREFIX}{quote(name)} {in_words(text)}\n" for text, name in zip(texts, labels, strict=True)]
    random.Random(0).shuffle(shuffled)
    lines = Path(f"{out}.txt")
    lines.write_text("".join(shuffled), encoding="utf-8")
    model = train_supervised(str(lines), epoch=epochs, lr=rate, wordNgrams=ngrams, thread=1, verbose=0)
    lines.unlink()
    model.save_model(out)


def in_words(text: str) -> str:
    """A text in lower case on one line, punctuation apart: fastText splits at white space, and its manual does this."""
    return " ".join(PUNCTUATION.sub(r" \1 ", text.lower()).split())


ACTIONS: dict[str, Callable[..., object]] = {"installed": installed, "label": label, "train": train}

if __name__ == "__main__":
    json.dump(ACTIONS[sys.argv[1]](*json.load(sys.stdin)), sys.stdout)
