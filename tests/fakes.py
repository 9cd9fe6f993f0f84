"""Stand-ins whose answers can be worked out in the head."""

from collections.abc import Callable, Sequence

import numpy as np

from textrnn.batch import Ids
from textrnn.config import Architecture, Core, LabelPerStep, ModelConfig, OneHot, TextSettings, Unit
from textrnn.engines.engine import Floats, State, choose_by_steps, score_by_run
from textrnn.networks.sequence import SequenceNetwork
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.tokenizer import Tokenizer
from textrnn.training.loop import Found

TENTHS = (0, 1, 0, 2, 3, 4)  # of <pad>, <unk>, <start>, <eos>, a, b


class FakeEngine:
    """Symbol k always has probability tenths[k] / 10; the state counts the symbols read."""

    workers = 2

    def __init__(self, tenths: Sequence[int] = TENTHS) -> None:
        assert sum(tenths) == 10
        self.classes = len(tenths)
        with np.errstate(divide="ignore"):
            self.logprobs: Floats = np.log(np.array(tenths, np.float32) / 10)

    def initial_state(self, batch: int) -> State:
        return {"symbols.0": np.zeros((batch, 1), np.float32)}

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        time, batch = ids.shape
        before = (state or self.initial_state(batch))["symbols.0"]
        return np.tile(self.logprobs, (time, batch, 1)), {"symbols.0": before + time}

    def score(self, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
        return score_by_run(self, ids, targets, state)

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        return choose_by_steps(self, ids, perturbation, state)


def fake_language_model(
    unit: Unit = "text", *, characters: str = "ab", tenths: Sequence[int] = TENTHS
) -> LanguageModel:
    """A language model of a few characters, the letters a and b, over a FakeEngine; all else is <unk>."""
    classes = len(tenths)
    architecture = Architecture(input=OneHot(symbols=classes), core=Core(units=1), head=LabelPerStep(classes=classes))
    config = ModelConfig(task="lm", architecture=architecture, text=TextSettings(unit=unit))
    return LanguageModel(FakeEngine(tenths), Tokenizer.of_characters(characters), config)


def answers(*nats: float) -> Callable[[SequenceNetwork], Found]:
    """Validations that find these figures in turn."""
    left = iter(nats)

    def validate(network: SequenceNetwork) -> Found:
        found = next(left)
        return Found(found, cost=found)

    return validate
