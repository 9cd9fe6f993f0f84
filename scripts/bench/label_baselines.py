"""What stands beside a classifier: the commonest label, logistic regression on words, and fastText."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from label_peers import Peers, Settings
from polarity import polar

from textrnn.metrics import baselines
from textrnn.metrics.calibration import Classes
from textrnn.metrics.labels import Confusion, confusion_of
from textrnn.text.labelled import LabelledTexts, is_held

FASTTEXT = (Settings(5, 0.5, 1), Settings(25, 0.5, 2), Settings(50, 0.1, 2))
HELD_SHARE = 0.05  # of what is learnt from, to validate on where there are no other texts for that

Records = Sequence[tuple[str, str]]  # text and label
Way = Callable[[Records, Sequence[str]], list[str]]  # learns from records, and labels texts


@dataclass(frozen=True)
class Baseline:
    """What is said of the test texts by the best of several ways, which is chosen by its accuracy when validated."""

    name: str
    validated: float
    labels: list[str]


def labelled(files: Iterable[Path], *, is_polar: bool) -> Records:
    """The texts of files and their labels; two of these where they are polar."""
    return polar(map(str, files)) if is_polar else [(each.text, each.label) for each in LabelledTexts(files)]


def apart(records: Records) -> tuple[Records, Records]:
    """What to learn from, and a share to validate on."""
    held = [is_held(text, share=HELD_SHARE, seed=0) for text, _ in records]
    learnt, valid = (
        [each for each, is_out in zip(records, held, strict=True) if is_out is wanted] for wanted in (False, True)
    )
    return learnt, valid


def best(name: str, ways: dict[str, Way], splits: Sequence[tuple[Records, Records]], test: Records) -> Baseline:
    """Of the ways and the choices of what they learn from, the one that does best on the validation texts."""
    found = []
    for learnt, valid in splits:
        for says, way in ways.items():
            labels = way(learnt, [text for text, _ in [*valid, *test]])
            right = sum(said == label for said, (_, label) in zip(labels, valid, strict=False))
            conditions = f"{says}{', ' if says else ''}{len(learnt):,} texts"
            found.append(Baseline(f"{name} ({conditions})", right / len(valid), labels[len(valid) :]))
    return max(found, key=lambda each: each.validated)


def by_baseline(predict: Callable[..., Classes], learnt: Records, texts: Sequence[str]) -> list[str]:
    """A baseline of the package, by the names of the labels. predict: such as `majority`."""
    names = sorted({label for _, label in learnt})
    classes = np.array([names.index(label) for _, label in learnt])
    found = predict(baselines.LabelledTexts([text for text, _ in learnt], classes), texts)
    return [names[place] for place in found]


def by_fasttext(peers: Peers, settings: Settings, learnt: Records, texts: Sequence[str]) -> list[str]:
    """fastText, trained and asked."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "fasttext.bin")
        peers.train([text for text, _ in learnt], [label for _, label in learnt], settings, out=model)
        return peers.label("fastText", texts, model=model).labels


def baselines_of(splits: Sequence[tuple[Records, Records]], test: Records, peers: Peers | None) -> Iterator[Baseline]:
    """The commonest label, logistic regression on words, and fastText where it is there.

    splits: each choice of records to learn from, with those to validate on.
    """
    yield best("majority", {"": partial(by_baseline, baselines.majority)}, splits, test)
    yield best("bag of words", {"": partial(by_baseline, baselines.bag_of_words)}, splits, test)
    if peers and "fastText" in peers.versions:
        ways = {str(settings): partial(by_fasttext, peers, settings) for settings in FASTTEXT}
        yield best("fastText", ways, splits, test)


def confusion_with(test: Records, labels: Sequence[str]) -> Confusion:
    """How often each label of the test texts was taken for each."""
    names = sorted({label for _, label in test} | set(labels))
    gold = np.array([names.index(label) for _, label in test])
    return confusion_of(gold, np.array(list(map(names.index, labels))), classes=len(names))
