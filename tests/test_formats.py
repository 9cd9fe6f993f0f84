"""Folders of every format that was ever written still load, and say what they said.

tests/fixtures/format-4 was written by `python -m tests.test_formats tests/fixtures/format-4`, and those before by what
that was at their time. It is run again only for a new format, into a folder of its own.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import textrnn
from textrnn.architecture import Architecture, Condition, Core, Decoder, LabelPerSequence, LabelPerStep, Learned, OneHot
from textrnn.config import FORMAT_VERSION, Labels, ModelConfig, TextSettings, Unit
from textrnn.export.quantize import quantize
from textrnn.text.tokenizer import Tokenizer

FIXTURES = Path(__file__).parent / "fixtures"
FORMATS = sorted(path for path in FIXTURES.iterdir() if path.name.startswith("format-"))
EXPECTED = "expected.json"
TEXTS = ["The cat sat on the mat.", "never mind", "Ünseen", ""]
MODELS = {  # level → the core, and whether the head is tied
    "char": (Core(cell="peephole-lstm", units=4, layers=2, projection=3, residual=True), False),
    "word": (Core(cell="gru", units=4), True),
}
TRANSLATORS = {"translator": ("word", "word"), "translator-fed": ("char", None)}  # levels of target and of source
WITH_TRANSLATORS = [path for path in FORMATS if (path / "translator-float32").exists()]
CONDITIONED, CONDITION = "conditioned", Condition(size=2, labels=("calm", "wild"))
WITH_CONDITION = [path for path in FORMATS if (path / f"{CONDITIONED}-float32").exists()]
CLASSIFIER = "classifier"
CLASSIFIERS = [path for path in FORMATS if (path / f"{CLASSIFIER}-float32").exists()]
LABELS = Labels(names=("bad", "so-so", "good"), is_ordinal=True, temperature=1.25)
READOUTS = ("last", "mean", "max", "attention")
ENGINES = [("float32", "onnx"), ("float32", "torch"), ("int8", "onnx")]
PROMPT = "The"


def answers(model: Path, *, engine: str, condition: str | None = None) -> dict[str, Any]:
    """What a model says: log-probabilities, and a text that it writes."""
    opened = textrnn.load(model, engine=engine, threads=1)
    return {
        "logprobs": [score.logprob for score in opened.score(TEXTS, eos=True, condition=condition)],
        "text": opened.generate(PROMPT, max_tokens=12, seed=7, condition=condition)[0].text,
    }


@pytest.mark.parametrize("level", MODELS)
@pytest.mark.parametrize(("precision", "engine"), ENGINES)
@pytest.mark.parametrize("fixture", FORMATS, ids=lambda path: path.name)
def test_a_model_of_this_format_says_what_it_said(fixture: Path, precision: str, engine: str, level: str) -> None:
    name = f"{level}-{precision}"
    expected = json.loads((fixture / EXPECTED).read_text())[name]
    found = answers(fixture / name, engine=engine)
    np.testing.assert_allclose(found["logprobs"], expected["logprobs"], atol=1e-3)
    assert found["text"] == expected["text"]


@pytest.mark.parametrize("condition", CONDITION.labels)
@pytest.mark.parametrize(("precision", "engine"), ENGINES)
@pytest.mark.parametrize("fixture", WITH_CONDITION, ids=lambda path: path.name)
def test_a_conditioned_model_of_this_format_says_what_it_said(
    fixture: Path, precision: str, engine: str, condition: str
) -> None:
    expected = json.loads((fixture / EXPECTED).read_text())[f"{CONDITIONED}-{precision}"][condition]
    found = answers(fixture / f"{CONDITIONED}-{precision}", engine=engine, condition=condition)
    np.testing.assert_allclose(found["logprobs"], expected["logprobs"], atol=1e-3)
    assert found["text"] == expected["text"]


def judgements(model: Path, *, engine: str) -> list[list[float] | None]:
    """What a classifier says of each text: log-probabilities, or nothing."""
    rows = textrnn.load(model, engine=engine, threads=1).logprobs(TEXTS)
    return [None if np.isnan(row).any() else row.tolist() for row in rows]


@pytest.mark.parametrize(("precision", "engine"), ENGINES)
@pytest.mark.parametrize("fixture", CLASSIFIERS, ids=lambda path: path.name)
def test_a_classifier_of_this_format_says_what_it_said(fixture: Path, precision: str, engine: str) -> None:
    name = f"{CLASSIFIER}-{precision}"
    *expected, empty = json.loads((fixture / EXPECTED).read_text())[name]
    *found, of_nothing = judgements(fixture / name, engine=engine)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert of_nothing is empty is None
    assert textrnn.load(fixture / name).labels == LABELS


def translations(model: Path, *, engine: str) -> dict[str, Any]:
    """What a translator says: translations with their log-probabilities, and that of each text given the one before."""
    opened = textrnn.load(model, engine=engine, threads=1)
    made = list(opened.translate(TEXTS, beam=3))
    scores = opened.score(list(zip(TEXTS[1:], TEXTS[:-1], strict=True)))
    return {
        "translations": [found.translation for found in made],
        "scores": [found.score for found in made],
        "logprobs": [score.logprob for score in scores],
    }


@pytest.mark.parametrize("name", TRANSLATORS)
@pytest.mark.parametrize(("precision", "engine"), ENGINES)
@pytest.mark.parametrize("fixture", WITH_TRANSLATORS, ids=lambda path: path.name)
def test_a_translator_of_this_format_says_what_it_said(fixture: Path, precision: str, engine: str, name: str) -> None:
    expected = json.loads((fixture / EXPECTED).read_text())[f"{name}-{precision}"]
    found = translations(fixture / f"{name}-{precision}", engine=engine)
    assert found["translations"] == expected["translations"]
    for figures in ("scores", "logprobs"):
        np.testing.assert_allclose(found[figures][:-1], expected[figures][:-1], atol=1e-3)
        assert found[figures][-1] is expected[figures][-1] is None


@pytest.mark.parametrize("fixture", FORMATS, ids=lambda path: path.name)
def test_what_is_made_from_a_model_of_this_format_is_of_the_format_of_today(fixture: Path, tmp_path: Path) -> None:
    quantize(fixture / "char-float32", tmp_path / "small")
    assert json.loads((tmp_path / "small" / "config.json").read_text())["format_version"] == FORMAT_VERSION
    found = answers(tmp_path / "small", engine="onnx")
    expected = json.loads((fixture / EXPECTED).read_text())["char-int8"]
    np.testing.assert_allclose(found["logprobs"], expected["logprobs"], atol=1e-3)


def test_there_is_a_fixture_of_the_format_of_today() -> None:
    assert FIXTURES / f"format-{FORMAT_VERSION}" in CLASSIFIERS
    assert FIXTURES / f"format-{FORMAT_VERSION}" in WITH_TRANSLATORS
    assert FIXTURES / f"format-{FORMAT_VERSION}" in WITH_CONDITION


def write_fixture(folder: Path) -> None:
    """Tiny models of this version and what they say."""
    from tests.small_models import small_tokenizer

    expected: dict[str, Any] = {}
    for level, (core, is_tied) in MODELS.items():
        tokenizer = small_tokenizer(level)
        symbols = len(tokenizer)
        architecture = Architecture(
            input=Learned(symbols=symbols, size=core.outputs) if is_tied else OneHot(symbols=symbols),
            core=core,
            head=LabelPerStep(classes=symbols, tied=is_tied),
        )
        for name, model in write_both(folder, level, "lm", architecture, tokenizer).items():
            expected[name] = answers(model, engine="onnx")
    tokenizer = small_tokenizer("word")
    architecture = Architecture(
        input=OneHot(symbols=len(tokenizer)),
        core=Core(cell="lstm", units=4),
        head=LabelPerStep(classes=len(tokenizer)),
        condition=CONDITION,
    )
    for name, model in write_both(folder, CONDITIONED, "lm", architecture, tokenizer).items():
        expected[name] = {label: answers(model, engine="onnx", condition=label) for label in CONDITION.labels}
    architecture = Architecture(
        input=Learned(symbols=len(tokenizer), size=3),
        core=Core(cell="lstm", units=4, layers=2, bidirectional=True, projection=2, residual=True),
        head=LabelPerSequence(classes=len(LABELS.names), readouts=READOUTS),
    )
    for name, model in write_both(folder, CLASSIFIER, "classifier", architecture, tokenizer, labels=LABELS).items():
        expected[name] = judgements(model, engine="onnx")
    for name, (target, source) in TRANSLATORS.items():
        tokenizer, of_source = small_tokenizer(target), small_tokenizer(source) if source else None
        entry = Learned(symbols=len(tokenizer), size=4)
        architecture = Architecture(
            input=Learned(symbols=len(of_source), size=3) if of_source else entry,
            core=Core(cell="lstm", units=3, bidirectional=True),
            head=Decoder(
                input=entry,
                core=Core(cell="lstm", units=5),
                attention="additive" if of_source else "general",
                input_feeding=not of_source,
                tied=not of_source,
                shared=not of_source,
            ),
        )
        models = write_both(folder, name, "translator", architecture, tokenizer, source_tokenizer=of_source)
        for each, model in models.items():
            expected[each] = translations(model, engine="onnx")
    (folder / EXPECTED).write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


def write_both(
    folder: Path,
    name: str,
    task: str,
    architecture: Architecture,
    tokenizer: Tokenizer,
    *,
    labels: Labels | None = None,
    source_tokenizer: Tokenizer | None = None,
) -> dict[str, Path]:
    """An untrained model in float32 and in int8: names, and where they are."""
    from tests.small_models import untrained
    from textrnn.export.save import save_model
    from textrnn.networks.calibration import calibrated

    network = untrained(architecture)
    with torch.no_grad():
        for weights in network.parameters():
            weights *= 3
    unit: Unit = "line" if task != "lm" else tokenizer.level.unit  # type: ignore[assignment]
    text = TextSettings(level=tokenizer.level.name, unit=unit)  # type: ignore[arg-type]
    ids = np.concatenate([tokenizer.encode(line) for line in TEXTS]).astype(np.int64)
    bounds = calibrated(network, torch.from_numpy(ids[:, None]))
    config = ModelConfig(task=task, architecture=architecture, text=text, labels=labels, bounds=bounds)
    found = {f"{name}-{precision}": folder / f"{name}-{precision}" for precision in ("float32", "int8")}
    full, small = found.values()
    save_model(full, network, tokenizer, config, source_tokenizer=source_tokenizer)
    quantize(full, small)
    return found


if __name__ == "__main__":
    write_fixture(Path(sys.argv[1]))
