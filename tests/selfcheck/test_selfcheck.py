"""A self-check that cannot fail says nothing: a model for each promise that breaks it."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import textrnn
from tests.conftest import Run
from tests.fakes import FakeEngine, fake_language_model
from tests.reading import jsonl, refused
from tests.small_models import TEXT, small_model
from textrnn.batch import Ids
from textrnn.config import Unit
from textrnn.engines.engine import Floats, State
from textrnn.selfcheck import Check, Subject, check_folder, check_model, loading, scoring, subject_of
from textrnn.selfcheck.check import agreement, apart
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.levels import LEVELS
from textrnn.text.tokenizer import Tokenizer

LINES = ["ab", "abab", "b", "aaaa", "babababa"] * 4
OFF = 1e-3


class Remembers(FakeEngine):
    """What it says changes with every call."""

    calls = 0

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        self.calls += 1
        logprobs, after = super().run(ids, state)
        return logprobs - np.float32(self.calls * OFF), after


class KnowsTheBatch(FakeEngine):
    """It computes many texts otherwise than one."""

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        logprobs, after = super().run(ids, state)
        return logprobs - np.float32(ids.shape[1] * OFF), after


class ListensToNeighbours(FakeEngine):
    """A text hears what is read beside it."""

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        logprobs, after = super().run(ids, state)
        return logprobs - np.roll(ids, 1, axis=1)[..., None].astype(np.float32) * OFF, after


class CountsPadding(FakeEngine):
    """It sees how long the longest text of a batch is."""

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        logprobs, after = super().run(ids, state)
        return logprobs - np.float32(len(ids) * OFF), after


class ForgetsBetweenCalls(FakeEngine):
    """It depends on the symbols read, but on those of this call alone."""

    def run(self, ids: Ids, state: State | None = None) -> tuple[Floats, State]:
        logprobs, after = super().run(ids, state)
        return logprobs - np.arange(len(ids), dtype=np.float32)[:, None, None] * OFF, after


class AddsUpOtherwise(FakeEngine):
    """The quick way to a total is not that of the figures."""

    def score(self, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
        logprobs, after = super().score(ids, targets, state)
        return logprobs - np.float32(OFF), after


class DrawsFromAnother(FakeEngine):
    """What it draws is not as likely as it says."""

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        choices, logprobs, after = super().choose(ids, perturbation, state)
        return choices, logprobs - np.float32(OFF), after


class MixesTheDraws(FakeEngine):
    """A sample's noise goes to its neighbour."""

    def choose(self, ids: Ids, perturbation: Floats, state: State | None = None) -> tuple[Ids, Floats, State]:
        return super().choose(ids, np.roll(perturbation, 1, axis=1), state)


class LosesASymbol(FakeEngine):
    """Its probabilities sum to less than 1."""

    def __init__(self) -> None:
        super().__init__()
        self.logprobs[-1] = -np.inf


class IsNoNumber(FakeEngine):
    """Not a number is not even itself."""

    def __init__(self) -> None:
        super().__init__()
        self.logprobs[-1] = np.nan


class ForgetsLetters(Tokenizer):
    """What it gives back is not what it was given."""

    def decode(self, ids: Iterable[int], *, after: str = "") -> str:
        return super().decode(ids, after=after).replace("b", "")


def subject(engine: FakeEngine | None = None, unit: Unit = "line") -> Subject:
    model = fake_language_model(unit)
    return subject_of(LanguageModel(engine or FakeEngine(), model.tokenizer, model.config), LINES)


def failing(checks: Iterable[Check]) -> set[str]:
    return {check.check for check in checks if check.passed is False}


BREAKS = {
    Remembers: {"batch size", "order and neighbours", "sum = its tokens", "sample i"},
    KnowsTheBatch: {"batch size", "step by step"},
    ListensToNeighbours: {"batch size", "order and neighbours", "padding"},
    CountsPadding: {"padding", "step by step", "running text"},
    ForgetsBetweenCalls: {"step by step", "running text"},
    AddsUpOtherwise: {"sum = its tokens"},
    DrawsFromAnother: {"generate = score", "generate = score, from text"},
    MixesTheDraws: {"sample i"},
    LosesASymbol: {"probabilities sum to 1"},
    IsNoNumber: {"batch size", "probabilities sum to 1"},
}


@pytest.mark.parametrize("unit", ["line", "text"])
def test_a_model_that_keeps_its_promises_passes(unit: Unit) -> None:
    checks = list(check_model(subject(unit=unit)))
    assert [check for check in checks if not check.passed] == []
    exact = [check for check in checks if check.check != "probabilities sum to 1"]
    assert {check.largest_difference for check in exact} == {0.0}


@pytest.mark.parametrize("engine", BREAKS, ids=lambda engine: engine.__name__)
def test_a_broken_promise_is_found(engine: Callable[[], FakeEngine]) -> None:
    assert failing(check_model(subject(engine()))) >= BREAKS[engine]


@pytest.mark.parametrize("engine", [AddsUpOtherwise, DrawsFromAnother, MixesTheDraws, LosesASymbol])
def test_the_other_promises_are_not_blamed(engine: Callable[[], FakeEngine]) -> None:
    assert failing(check_model(subject(engine()))) == BREAKS[engine]


def test_a_text_that_does_not_come_back_is_found() -> None:
    whole = subject()
    model = LanguageModel(FakeEngine(), ForgetsLetters(whole.model.tokenizer.inner), whole.model.config)
    (check,) = [check for check in check_model(replace(whole, model=model)) if check.check == "text given back"]
    assert check.passed is False
    assert check.largest_difference == sum("b" in line for line in LINES)


def test_a_reader_of_lines_that_cuts_elsewhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_lines(source: str) -> Iterator[str]:
        yield from Path(source).read_bytes().decode(errors="replace").splitlines()

    monkeypatch.setattr(scoring, "read_lines", read_lines)
    assert failing(check_model(subject())) == {"line ends"}


def test_every_check_of_a_model_is_seen_to_fail() -> None:
    elsewhere = {"text given back", "line ends"}  # above
    assert {check.check for check in check_model(subject())} == set().union(*BREAKS.values()) | elsewhere


def test_int8_has_no_tolerance() -> None:
    class SlightlyOff(FakeEngine):
        def score(self, ids: Ids, targets: Ids, state: State | None = None) -> tuple[Floats, State]:
            logprobs, after = super().score(ids, targets, state)
            return logprobs - np.float32(1e-6), after

    near = subject(SlightlyOff())
    assert failing(check_model(near)) == set()
    config = near.model.config.model_copy(update={"precision": "int8"})
    exact = replace(near, model=LanguageModel(near.model.engine, near.model.tokenizer, config))
    assert failing(check_model(exact)) == {"sum = its tokens"}


def test_a_check_that_cannot_be_made_has_failed() -> None:
    checks = list(check_model(subject(IsNoNumber())))  # it draws <pad>, which no list of tokens to score may hold
    (check,) = [check for check in checks if check.check == "score of tokens"]
    assert (check.passed, check.largest_difference) == (False, math.inf)
    assert "<pad>" in check.detail


def test_figures_are_held_to_each_other_one_by_one() -> None:
    assert apart([-1.0, -math.inf], [-1.5, -math.inf]) == 0.5
    assert apart([], []) == 0.0
    for some, others in (([-1.0], []), ([math.nan], [math.nan]), ([-math.inf], [-1.0])):
        assert apart(some, others) == math.inf
    for found in ([[-1.0]], [[-1.0], [-2.0], [-3.0]]):  # a text too few, a text too many
        check = agreement("texts", [[-1.0], [-2.0]], [("a way", found)], tolerance=1.0)
        assert (check.passed, check.largest_difference) == (False, math.inf)
    check = agreement("texts", [[-1.0], [-2.0]], [("one", [[-1.0], [-2.5]]), ("other", [[-1.25], [-2.0]])], tolerance=1)
    assert (check.passed, check.largest_difference) == (True, 0.5)
    assert check.detail == "one, other: 2 texts, 2 figures; most in text 2, one"


@pytest.mark.parametrize("level", LEVELS)
def test_models_of_every_level_keep_their_promises(level: str) -> None:
    checks = list(check_model(subject_of(small_model(level), TEXT.split("\n")[:4])))
    assert failing(checks) == set()
    assert [check.check for check in checks if check.passed is None] == ["text given back"] * (level == "word")


# a folder, and the command


def test_a_float32_folder_is_held_to_pytorch_threads_and_another_process(tiny_model: Path) -> None:
    checks = list(check_folder(str(tiny_model), ["To be, or not", "", "Is it?"]))
    assert [check for check in checks if not check.passed] == []
    found = {check.check: check.largest_difference for check in checks}
    assert len(found) == len(checks)
    assert 0 < found["engines"] < 1e-4
    assert {"threads", "another process: score", "another process: generate"} <= found.keys()


def test_an_int8_folder_is_exact_and_has_no_other_engine(run: Run, tiny_int8: Path) -> None:
    result = run("selfcheck", tiny_int8, "-", "--format", "jsonl", stdin=b"To be\n\nor not\r\n")
    rows = jsonl(result.stdout)
    assert result.code == 0
    assert {tuple(row) for row in rows} == {("check", "largest_difference", "tolerance", "passed", "detail")}
    skipped = rows.pop()
    assert (skipped["check"], skipped["passed"], skipped["largest_difference"]) == ("engines", None, None)
    assert {row["passed"] for row in rows} == {True}
    assert {row["largest_difference"] for row in rows if row["check"] != "probabilities sum to 1"} == {0}
    assert result.stderr == (
        "on the first 3 lines or records, 1,000 characters of each at most, and on hostile ones: "
        "15 hold, 0 fail, 1 skipped\n"
    )


@pytest.mark.parametrize("promise", loading.CHECKS[:3], ids=lambda check: check.__name__)
def test_a_model_that_is_another_when_loaded_anew_is_found(
    tiny_int8: Path, tiny_model: Path, promise: Callable[[Subject, str], Check]
) -> None:
    subject = subject_of(textrnn.load(tiny_int8), ["To be"])
    assert promise(subject, str(tiny_model)).passed is False


def test_an_engine_that_says_otherwise_is_found(tiny_model: Path, tiny_int8: Path) -> None:
    model = textrnn.load(tiny_model)
    rounded = LanguageModel(textrnn.load(tiny_int8).engine, model.tokenizer, model.config)
    assert loading.engines(subject_of(model, ["To be"]), str(tiny_model)).passed
    assert loading.engines(subject_of(rounded, ["To be"]), str(tiny_model)).passed is False


def test_a_failed_check_is_an_error_with_its_name(run: Run, tiny_int8: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Check("batch size", 0.5, 0.0, False, "so"), Check("order", 0.0, 0.0, True, "so")]
    monkeypatch.setattr("textrnn.selfcheck.check_folder", lambda folder, lines: iter(rows))
    result = run("selfcheck", tiny_int8, "--format", "jsonl")
    assert result.code == 1
    assert jsonl(result.stdout) == [asdict(row) for row in rows]
    assert result.stderr.splitlines() == [
        "on texts of its own, and on hostile ones: 1 hold, 1 fail, 0 skipped",
        f"error: {tiny_int8} fails 1 of 2 checks: batch size",
    ]


def test_records_are_checked_by_their_column(run: Run, tiny_int8: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(b'id,said\n1,To be\n2,"or\nnot"\n3,t\xff\n')
    result = run("selfcheck", tiny_int8, tmp_path / "rows.csv", "--column", "said")
    assert result.code == 0
    assert "undecodable bytes read as U+FFFD: 1, the first on line 5" in result.stderr
    assert "on the first 3 lines or records" in result.stderr
    strict = refused(run("selfcheck", tiny_int8, tmp_path / "rows.csv", "--column", "said", "--strict"), 1)
    assert "rows.csv, line 5" in strict
    assert "there are 'id', 'said'" in refused(run("selfcheck", tiny_int8, tmp_path / "rows.csv"), 2)
