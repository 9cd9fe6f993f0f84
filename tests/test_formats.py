"""Folders of every format that was ever written still load, and say what they said.

tests/fixtures/format-2 was written by `python -m tests.test_formats tests/fixtures/format-2`, and format-1 by what that
was at its time. It is run again only for a new format, into a folder of its own.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import textrnn
from textrnn.config import (
    FORMAT_VERSION,
    Architecture,
    Core,
    LabelPerStep,
    Learned,
    ModelConfig,
    OneHot,
    TextSettings,
)
from textrnn.export.quantize import quantize

FIXTURES = Path(__file__).parent / "fixtures"
FORMATS = sorted(path for path in FIXTURES.iterdir() if path.name.startswith("format-"))
EXPECTED = "expected.json"
TEXTS = ["The cat sat on the mat.", "never mind", "Ünseen", ""]
MODELS = {  # level → the core, and whether the head is tied
    "char": (Core(cell="peephole-lstm", units=4, layers=2, projection=3, residual=True), False),
    "word": (Core(cell="gru", units=4), True),
}
ENGINES = [("float32", "onnx"), ("float32", "torch"), ("int8", "onnx")]
PROMPT = "The"


def answers(model: Path, *, engine: str) -> dict[str, Any]:
    """What a model says: log-probabilities, and a text that it writes."""
    opened = textrnn.load(model, engine=engine, threads=1)
    return {
        "logprobs": [score.logprob for score in opened.score(TEXTS, eos=True)],
        "text": opened.generate(PROMPT, max_tokens=12, seed=7)[0].text,
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


@pytest.mark.parametrize("fixture", FORMATS, ids=lambda path: path.name)
def test_what_is_made_from_a_model_of_this_format_is_of_the_format_of_today(fixture: Path, tmp_path: Path) -> None:
    quantize(fixture / "char-float32", tmp_path / "small")
    assert json.loads((tmp_path / "small" / "config.json").read_text())["format_version"] == FORMAT_VERSION
    found = answers(tmp_path / "small", engine="onnx")
    expected = json.loads((fixture / EXPECTED).read_text())["char-int8"]
    np.testing.assert_allclose(found["logprobs"], expected["logprobs"], atol=1e-3)


def test_there_is_a_fixture_of_the_format_of_today() -> None:
    assert FIXTURES / f"format-{FORMAT_VERSION}" in FORMATS


def write_fixture(folder: Path) -> None:
    """Tiny models of this version and what they say."""
    from tests.small_models import small_tokenizer, untrained
    from textrnn.export.save import save_model
    from textrnn.networks.calibration import calibrated

    expected = {}
    for level, (core, is_tied) in MODELS.items():
        tokenizer = small_tokenizer(level)
        symbols = len(tokenizer)
        architecture = Architecture(
            input=Learned(symbols=symbols, size=core.outputs) if is_tied else OneHot(symbols=symbols),
            core=core,
            head=LabelPerStep(classes=symbols, tied=is_tied),
        )
        text = TextSettings(level=tokenizer.level.name, unit=tokenizer.level.unit)  # type: ignore[arg-type]
        network = untrained(architecture)
        with torch.no_grad():
            for weights in network.parameters():
                weights *= 3
        full = folder / f"{level}-float32"
        ids = np.concatenate([tokenizer.encode(line) for line in TEXTS]).astype(np.int64)
        bounds = calibrated(network, torch.from_numpy(ids[:, None]))
        config = ModelConfig(task="lm", architecture=architecture, text=text, bounds=bounds)
        save_model(full, network, tokenizer, config)
        quantize(full, folder / f"{level}-int8")
        for precision in ("float32", "int8"):
            name = f"{level}-{precision}"
            expected[name] = answers(folder / name, engine="onnx")
    (folder / EXPECTED).write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write_fixture(Path(sys.argv[1]))
