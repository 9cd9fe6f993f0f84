"""Folders of every format that was ever written still load, and say what they said.

tests/fixtures/format-1 was written by `python -m tests.test_formats tests/fixtures/format-1`. That is run again only
for a new format, into a folder of its own.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import textrnn
from textrnn.config import Architecture, Core, LabelPerStep, Learned, ModelConfig, OneHot, TextSettings

FIXTURES = Path(__file__).parent / "fixtures"
FORMATS = sorted(path for path in FIXTURES.iterdir() if path.name.startswith("format-"))
EXPECTED = "expected.json"
TEXTS = ["The cat sat on the mat.", "never mind", "Ünseen", ""]
MODELS = {"char": False, "word": True}  # level → whether the head is tied
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


def test_there_is_a_fixture_of_the_format_of_today() -> None:
    assert FIXTURES / f"format-{textrnn.config.FORMAT_VERSION}" in FORMATS


def write_fixture(folder: Path) -> None:
    """Tiny models of this version and what they say."""
    from tests.small_models import small_tokenizer, untrained
    from textrnn.export.quantize import quantize
    from textrnn.export.save import save_model

    expected = {}
    for level, is_tied in MODELS.items():
        tokenizer = small_tokenizer(level)
        symbols = len(tokenizer)
        architecture = Architecture(
            input=Learned(symbols=symbols, size=6) if is_tied else OneHot(symbols=symbols),
            core=Core(units=8, layers=2, top_units=6 if is_tied else None),
            head=LabelPerStep(classes=symbols, tied=is_tied),
        )
        text = TextSettings(level=tokenizer.level.name, unit=tokenizer.level.unit)  # type: ignore[arg-type]
        network = untrained(architecture)
        with torch.no_grad():
            for weights in network.parameters():
                weights *= 4
        full = folder / f"{level}-float32"
        save_model(full, network, tokenizer, ModelConfig(task="lm", architecture=architecture, text=text))
        quantize(full, folder / f"{level}-int8")
        for precision in ("float32", "int8"):
            name = f"{level}-{precision}"
            expected[name] = answers(folder / name, engine="onnx")
    (folder / EXPECTED).write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write_fixture(Path(sys.argv[1]))
