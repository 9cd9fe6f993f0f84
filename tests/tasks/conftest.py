"""Language models of every level."""

from pathlib import Path

import pytest

import textrnn
from tests.small_models import save_small_model, small_model
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.levels import LEVELS


@pytest.fixture(scope="session")
def exact(tiny_int8: Path) -> LanguageModel:
    return textrnn.load(tiny_int8, threads=1)


@pytest.fixture(scope="session")
def near(tiny_model: Path) -> LanguageModel:
    return textrnn.load(tiny_model, threads=1)


@pytest.fixture(scope="session")
def small_models() -> dict[str, LanguageModel]:
    """One of each level, float32 on PyTorch."""
    return {level: small_model(level) for level in LEVELS}


@pytest.fixture(scope="session")
def small_int8(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LanguageModel]:
    """One of each level, int8 from its folder."""
    root = tmp_path_factory.mktemp("small")
    return {level: textrnn.load(save_small_model(root / level, level), threads=1) for level in LEVELS}
