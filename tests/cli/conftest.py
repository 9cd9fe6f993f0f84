"""Model folders of every level, of a classifier and of a translator."""

from pathlib import Path

import pytest

from tests.small_models import save_small_classifier, save_small_model, save_small_translator
from textrnn.text.levels import LEVELS


@pytest.fixture(scope="session")
def small_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An int8 folder of each level; the unit of words and pieces is the line."""
    root = tmp_path_factory.mktemp("small")
    return {level: save_small_model(root / level, level) for level in LEVELS}


@pytest.fixture(scope="session")
def tiny_classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An int8 folder of a classifier of words."""
    return save_small_classifier(tmp_path_factory.mktemp("classifiers") / "words", "word")


@pytest.fixture(scope="session")
def tiny_translator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An int8 folder of a translator of words."""
    return save_small_translator(tmp_path_factory.mktemp("translators") / "words", "word")
