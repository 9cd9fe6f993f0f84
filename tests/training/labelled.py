"""Labelled records to train on, and runs over them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from textrnn.data import Data
from textrnn.settings import training_settings
from textrnn.training.run import TrainingRun
from textrnn.training.starting import begin

LEARNT_BY_HEART = [(f"{name} {place} here", name) for place in range(5) for name in "abcd"]
QUICK = {
    **{"units": 6, "embedding_size": 4, "batch": 4, "dropout": 0.2, "precision": "float32", "patience": 0},
    **{"steps": 12, "evaluations": 3, "save_seconds": 0.0, "min_count": 1},
}


def written(path: Path, records: Iterable[tuple[str, str]]) -> Path:
    """A file of records."""
    rows = [json.dumps({"text": text, "label": label}) for text, label in records]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def begun(file: Path, out: Path, *, data: dict[str, Any] | None = None, **values: Any) -> TrainingRun:
    """A run of a classifier."""
    settings = training_settings({**QUICK, **values})
    return begin("classifier", Data(files=(str(file),), **(data or {})), out, settings)
