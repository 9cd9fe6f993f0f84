"""config.json as bytes: sealed when written; when read, each line of it is doubted.

The seal is a hash of everything else in the file, so that a flipped byte is found. It says nothing about who wrote
the file: whatever a hash vouches for is still held to what this program writes.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from textrnn.config import FORMAT_VERSION, ModelConfig, refusal
from textrnn.errors import ModelError
from textrnn.strict_json import parse_json

SEAL = "sha256"  # of the rest of the document


def dump_config(config: ModelConfig) -> bytes:
    """The content of config.json."""
    document = sealed(json.loads(config.model_dump_json()))
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its seal, at its end."""
    rest = {name: value for name, value in document.items() if name != SEAL}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return {**rest, SEAL: hashlib.sha256(canonical.encode()).hexdigest()}


def parse_config(content: bytes, file: Path) -> ModelConfig:
    """What config.json says, or one line about what is wrong with it."""
    try:
        document = parse_json(content)
    except ValueError as error:
        raise ModelError(f"{file} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ModelError(f"{file} is malformed: it is no JSON object")
    version = document.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        newest = f"this program reads up to {FORMAT_VERSION}: install a newer one"
        raise ModelError(f"{file} has format {str(version)[:20]}; {newest}")
    try:
        config = ModelConfig.model_validate_json(
            json.dumps({name: value for name, value in document.items() if name != SEAL}), strict=True
        )
    except ValidationError as error:
        raise refusal(file, error) from None
    if sealed(document)[SEAL] != document.get(SEAL):
        raise ModelError(f"{file} was changed or damaged: its {SEAL} is not that of what it says")
    return config
