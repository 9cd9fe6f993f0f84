"""The settings of a training as they are given: by flags, by --set and by a file."""

from collections.abc import Mapping
from typing import Any

from textrnn.errors import UsageError
from textrnn.settings import TrainingSettings


def given_settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The training settings among a command's arguments, those that were given."""
    names = TrainingSettings.model_fields
    return {name: value for name, value in arguments.items() if name in names and value is not None}


def file_settings(path: str | None) -> dict[str, Any]:
    """The settings of a TOML file."""
    import tomllib
    from pathlib import Path

    if path is None:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None


def assignments(pairs: list[str]) -> dict[str, str]:
    """name=value pairs; the specs turn the values into numbers."""
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--set takes name=value, not {pair!r}")
        values[name.strip().replace("-", "_")] = value.strip()
    return values
