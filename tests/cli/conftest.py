"""Model folders of every level."""

from pathlib import Path

import pytest

from tests.small_models import save_small_model
from textrnn.text.levels import LEVELS


@pytest.fixture(scope="session")
def small_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An int8 folder of each level; the unit of words and pieces is the line."""
    root = tmp_path_factory.mktemp("small")
    return {level: save_small_model(root / level, level) for level in LEVELS}
