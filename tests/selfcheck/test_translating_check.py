"""A translator that breaks a promise is found, and one that keeps them is not blamed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import textrnn
from tests.conftest import Run
from tests.fakes import FakeTranslationEngine, fake_translator
from tests.reading import jsonl
from tests.small_models import save_small_translator
from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State
from textrnn.engines.translating import Best, Read
from textrnn.errors import ModelError
from textrnn.selfcheck import check_folder, translating
from textrnn.selfcheck.check import FLOAT32, Check
from textrnn.selfcheck.translating import PRINTED, Translating
from textrnn.tasks.translator import Translator

TEXTS = ("ab", "ba", "aa", "bb", "bab") * 4
CLASSES = 7  # as many symbols as the letters a, b and the space, and the special ones
OFF = 1e-3
IN_MEMORY = (translating.batch_size, translating.order, translating.beam_scores, translating.attention_rows)


class KnowsTheBatch(FakeTranslationEngine):
    """It computes many texts otherwise than one."""

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        found = super().read(ids, state, memory)
        return replace(found, logprobs=found.logprobs - np.float32(len(ids) * OFF))


class ListensToNeighbours(FakeTranslationEngine):
    """A text hears what is read beside it."""

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        found = super().read(ids, state, memory)
        beside = np.roll(memory["ids"].sum(1), 1).astype(np.float32) % 5
        return replace(found, logprobs=found.logprobs - beside[:, None, None] * np.float32(OFF))


class FlattersTheBest(FakeTranslationEngine):
    """What it chooses is not as likely as it says."""

    def best(self, ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int) -> Best:
        found = super().best(ids, state, memory, count=count)
        return replace(found, logprobs=found.logprobs + np.float32(OFF))


class LooksTwice(FakeTranslationEngine):
    """It gives away more attention than there is."""

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        found = super().read(ids, state, memory)
        assert found.attention is not None
        return replace(found, attention=found.attention * np.float32(1 + OFF))


class SlightlyOff(FakeTranslationEngine):
    """Many texts are not bit for bit as one alone."""

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        found = super().read(ids, state, memory)
        return replace(found, logprobs=found.logprobs - np.float32(1e-6 * (len(ids) > 1)))


def subject(
    engine: Callable[..., FakeTranslationEngine] = FakeTranslationEngine, *, attention: bool = True
) -> Translating:
    made = engine(CLASSES, has_attention=attention)
    model = fake_translator(has_attention=attention, engine=made)
    assert len(model.tokenizer) == CLASSES
    return Translating(model, TEXTS)


def failing(checked: Translating) -> set[str]:
    """The promises that need no folder, of those that fail."""
    return {check.check for check in (promise(checked, "") for promise in IN_MEMORY) if check.passed is False}


def test_a_translator_that_keeps_its_promises_passes() -> None:
    checked = replace(subject(), texts=["", *TEXTS, " ", ""])
    for promise in IN_MEMORY:
        check = promise(checked, "")
        assert check.passed
        assert (check.largest_difference or 0) < 1e-6
    assert translating.batch_size(subject(), "").largest_difference == 0
    symbols = sum(len(text) + 1 for text in TEXTS)
    assert translating.batch_size(subject(), "").detail.endswith(
        f": {len(TEXTS)} texts, {len(TEXTS) + symbols} figures"
    )


@pytest.mark.parametrize(
    ("engine", "broken"),
    [
        (KnowsTheBatch, {"batch size", "order and neighbours", "search = forced decoding"}),
        (ListensToNeighbours, {"batch size", "order and neighbours", "search = forced decoding"}),
        (FlattersTheBest, {"search = forced decoding"}),
        (LooksTwice, {"attention sums to 1"}),
    ],
)
def test_a_broken_promise_is_found(engine: Callable[..., FakeTranslationEngine], broken: set[str]) -> None:
    assert failing(subject(engine)) == broken


def test_there_is_no_attention_to_check_where_a_model_has_none() -> None:
    check = translating.attention_rows(subject(attention=False), "")
    assert (check.passed, check.largest_difference) == (None, None)
    assert failing(subject(attention=False)) == set()


@pytest.mark.parametrize(("precision", "attention"), [("int8", False), ("int8", True), ("float32", False)])
def test_int8_has_no_tolerance_unless_attention_sums_over_a_text(precision: str, attention: bool) -> None:
    checked = subject(SlightlyOff, attention=attention)
    config = checked.model.config.model_copy(update={"precision": precision})
    checked = replace(checked, model=Translator(checked.model.engine, checked.model.tokenizer, config))
    is_exact = precision == "int8" and not attention
    assert checked.tolerance == (PRINTED if is_exact else FLOAT32)
    assert ("batch size" in failing(checked)) == is_exact


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Translators of one vocabulary in both precisions, and one that is another."""
    root = tmp_path_factory.mktemp("translators")
    return {
        "float32": save_small_translator(root / "float32", "word", precision="float32"),
        "int8": save_small_translator(root / "int8", "word", None),
        "other": save_small_translator(root / "other", "word", precision="float32", seed=1),
    }


def test_a_float32_folder_is_held_to_pytorch_threads_and_another_process(folders: dict[str, Path]) -> None:
    checks = list(check_folder(str(folders["float32"]), ["The cat sat.", "", "the mat"]))
    assert [check for check in checks if not check.passed] == []
    found = {check.check: check.largest_difference for check in checks}
    assert {"batch size", "order and neighbours", "threads", "another process: translate", "engines"} < found.keys()
    assert 0 < (found["engines"] or 0) < 1e-4


def test_an_int8_folder_is_exact_and_has_no_other_engine(run: Run, folders: dict[str, Path]) -> None:
    result = run("selfcheck", folders["int8"], "-", "--format", "jsonl", stdin=b"the cat\n\nthe mat\n")
    assert result.code == 0, result.stderr
    rows = {row["check"]: row for row in jsonl(result.stdout)}
    assert {name for name, row in rows.items() if row["passed"] is None} == {"engines", "attention sums to 1"}
    assert {row["largest_difference"] for name, row in rows.items() if name in ("batch size", "threads")} == {0}


@pytest.mark.parametrize(
    "promise",
    [translating.threads, translating.fresh_translate, translating.engines],
    ids=lambda promise: promise.__name__,
)
def test_a_translator_that_is_another_when_loaded_anew_is_found(
    folders: dict[str, Path], promise: Callable[[Translating, str], Check]
) -> None:
    checked = Translating(textrnn.load(folders["float32"], Translator), ["the cat", "", "the mat"])
    check = promise(checked, str(folders["other"]))
    assert check.passed is False
    assert (check.largest_difference or 0) > 1e-3


def test_a_program_that_says_less_is_found(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    checked = Translating(textrnn.load(folders["int8"], Translator), ["the cat", "the mat"])
    rows = translating.run_program("translate", str(folders["int8"]), "-", content=b"the cat\nthe mat\n")
    for found, passed in ((rows, True), (rows[:1], False), ([], False), ([rows[0], rows[1] | {"score": None}], False)):
        monkeypatch.setattr(translating, "run_program", lambda *_, found=found, **__: found)
        assert translating.fresh_translate(checked, str(folders["int8"])).passed is passed


def test_the_checks_here_are_all_there_are() -> None:
    assert (*IN_MEMORY, translating.threads, translating.fresh_translate, translating.engines) == translating.CHECKS


def test_a_check_that_cannot_be_made_has_failed(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Translator, texts: Sequence[str], **options: object) -> None:
        raise ModelError("so it is")

    monkeypatch.setattr(Translator, "translate", broken)
    checks = {check.check: check for check in check_folder(str(folders["int8"]), ["the cat"])}
    assert (checks["batch size"].passed, checks["batch size"].detail) == (False, "so it is")
