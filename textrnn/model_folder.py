"""A model folder: opened and checked, or written whole or not at all.

config.json names every part with its sha256 and is replaced last, in one step: until then the old model stands.
"""

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from textrnn.config import FORMAT_VERSION, ModelConfig, Part, first_problem
from textrnn.errors import ModelError, UsageError

CONFIG, CARD, TRAINING = "config.json", "README.md", "training"
PARTS = ("tokenizer.json", "model.onnx", "model.safetensors", "history.jsonl")  # all there can be: swept by name
MOST_CONFIG_BYTES = 1 << 20
MODELS = resources.files("textrnn") / "models"


def bundled_models() -> list[str]:
    """The names of the models that come with the program."""
    folders = MODELS.iterdir() if MODELS.is_dir() else ()
    return sorted(entry.name for entry in folders if (entry / CONFIG).is_file())


def find_model(name: str) -> Path:
    """The folder of a model given by path, or by the name of a bundled one; a path that exists comes first."""
    path = Path(name)
    if not os.path.exists(path) and name in bundled_models():
        return Path(str(MODELS / name))
    if not os.path.isdir(path):
        raise ModelError(f"there is no model {name!r}: neither a folder nor one of {', '.join(bundled_models())}")
    return path


class ModelFolder:
    """A folder whose config.json has been read and checked; parts are checked as they are read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = read_config(path)

    def read(self, part: str) -> bytes:
        """The content of a part, if its hash is the one in config.json."""
        if part not in self.config.parts:
            raise ModelError(f"{self.path} has no {part}" + (" (an int8 model)" if "safetensors" in part else ""))
        return read_part(self.path, self.config.parts[part])

    def sizes(self) -> dict[str, int]:
        """The bytes of each part; every part is checked."""
        return {part: len(self.read(part)) for part in self.config.parts}


def read_part(folder: Path, part: Part) -> bytes:
    """The content of a part, if its hash is the one stated."""
    file = folder / part.file
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise ModelError(f"{file} was changed or damaged: its sha256 is not the one in {CONFIG}")
    return content


def read_config(path: Path) -> ModelConfig:
    """config.json, or one line that says what is wrong with it."""
    file = path / CONFIG
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_CONFIG_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path} is not a model folder: {CONFIG} cannot be read: {error.strerror}") from None
    if len(content) > MOST_CONFIG_BYTES:
        raise ModelError(f"{file} is over {MOST_CONFIG_BYTES} bytes: not a model's")
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file} is not JSON: {error}") from None
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise ModelError(f"{path} has format {version}; this program reads up to {FORMAT_VERSION}: install a newer one")
    try:
        return ModelConfig.model_validate(document)
    except ValidationError as error:
        raise ModelError(f"{file} is malformed: {first_problem(error)}") from None


def check_destination(out: Path) -> None:
    """Make the folder for a model; refuse before the work what would fail or destroy something after it."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; --out names a folder")
    if (out / CONFIG).exists():
        read_config(out)
    elif out.is_dir():
        names = [entry.name for entry in out.iterdir() if entry.name != TRAINING]
        if not all(is_written(name, (*PARTS, CONFIG)) for name in names):
            raise UsageError(f"{out} is not empty and not a model folder: choose another --out")
    make_folder(out)


def write_model(
    path: Path, config: ModelConfig, parts: Mapping[str, bytes], *, card: str, kept: Collection[str] = ()
) -> ModelConfig:
    """Write a model over whatever model the folder holds, in one commit; returns the config as written.

    card: the text of README.md, which is for people and may be edited, so it is no part. kept: parts that stay as they
    are in the folder.
    """
    assert parts.keys() | set(kept) <= set(PARTS)
    make_folder(path)
    old = read_config(path).parts if (path / CONFIG).exists() else {}
    with swept_on_error(path, PARTS, keep=[CONFIG, CARD, *files_of(old)]):
        written = {name: old[name] for name in kept}
        taken = set(files_of(old))
        written |= {name: write_part(path, name, content, taken=taken) for name, content in parts.items()}
        config = config.model_copy(update={"parts": written})
        replace_file(path / CONFIG, (config.model_dump_json(indent=2) + "\n").encode())
    replace_file(path / CARD, card.encode())
    sweep(path, (*PARTS, CONFIG, CARD), keep=[CONFIG, CARD, *files_of(written)])
    return config


def make_folder(path: Path) -> None:
    """A folder, if there is none yet."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{path} cannot be made: {error.strerror}") from None


def files_of(parts: Mapping[str, Part]) -> list[str]:
    """The names of the files of parts."""
    return [part.file for part in parts.values()]


@contextmanager
def swept_on_error(path: Path, names: Iterable[str], *, keep: Collection[str]) -> Iterator[None]:
    """What a write left behind goes where it fails: a full disk needs the room."""
    try:
        yield
    except ModelError:
        sweep(path, names, keep=keep)
        raise


def sweep(path: Path, names: Iterable[str], *, keep: Collection[str]) -> None:
    """Remove the parts of these names that earlier writes left behind, finished or not."""
    for file in list(path.iterdir()):
        if file.name not in keep and is_written(file.name, names):
            file.unlink(missing_ok=True)


def is_written(file: str, names: Iterable[str]) -> bool:
    """Whether a file is a part of one of these names, or one that was not finished."""
    for name in names:
        stem, dot, suffix = name.partition(".")
        part = rf"{re.escape(stem)}(-[0-9a-f]{{8}})?{re.escape(dot + suffix)}"
        if re.fullmatch(rf"{part}|\.{part}\.[0-9]+\.tmp", file):
            return True
    return False


def write_part(path: Path, name: str, content: bytes, *, taken: set[str]) -> Part:
    """Write a part under a name that the model in place does not use."""
    digest = hashlib.sha256(content).hexdigest()
    stem, dot, suffix = name.partition(".")
    file = f"{stem}-{digest[:8]}{dot}{suffix}" if name in taken else name
    replace_file(path / file, content)
    return Part(file=file, sha256=digest)


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place in one step: a reader sees the old content or the new."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ModelError(f"{path} cannot be written: {error.strerror}; what was there before is whole") from None


def sha256_of(file: str | Path) -> str:
    """The hash of a file's bytes."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
