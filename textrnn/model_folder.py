"""A model folder: opened and checked, or written whole or not at all.

config.json names every part with its sha256 and is replaced last, in one step: until then the old model stands.
"""

import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from textrnn.architecture import Architecture
from textrnn.config import FORMAT_VERSION, ModelConfig, Part
from textrnn.config_file import dump_config, parse_config
from textrnn.errors import ModelError, NotWritten, UsageError, meant
from textrnn.weight_shapes import weight_shapes

CONFIG, CARD, CURVES, TRAINING = "config.json", "README.md", "curves.png", "training"
PARTS = (  # all there can be: swept by name
    *("tokenizer.json", "source_tokenizer.json", "model.onnx", "condition.onnx", "encoder.onnx", "decoder.onnx"),
    *("model.safetensors", "history.jsonl"),
)
MOST_CONFIG_BYTES = 1 << 20
MOST_TEXT_BYTES = 64 << 20
MOST_GRAPH_BYTES = 1 << 31
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
        names = bundled_models()
        raise ModelError(
            f"there is no model {name!r}{meant(name, names)}: neither a folder nor one of {', '.join(names)}"
        )
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
        return read_part(self.path, self.config.parts[part], most=most_bytes(part, self.config.architecture))

    def sizes(self) -> dict[str, int]:
        """The bytes of each part; every part is checked."""
        return {part: len(self.read(part)) for part in self.config.parts}


def read_part(folder: Path, part: Part, *, most: int) -> bytes:
    """The content of a part of at most so many bytes, if its hash is the one stated."""
    content = read_bounded(folder / part.file, most=most)
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise ModelError(f"{folder / part.file} was changed or damaged: its sha256 is not the one stated")
    return content


def read_config(path: Path) -> ModelConfig:
    """config.json, or one line that says what is wrong with it."""
    file = path / CONFIG
    if not os.path.lexists(file):
        raise ModelError(f"{path} is not a model folder: it has no {CONFIG}")
    config = parse_config(read_bounded(file, most=MOST_CONFIG_BYTES), file)
    for part, entry in config.parts.items():
        if part not in PARTS:
            raise ModelError(f"{file} is malformed: parts: no model has a part {part!r}")
        if not re.fullmatch(file_pattern(part), entry.file):
            raise ModelError(f"{file} is malformed: parts.{part}.file: {entry.file} is no name for it")
    return config


def read_bounded(file: Path, *, most: int) -> bytes:
    """The content of a plain file. A link could name any file of the machine, and a pipe would be waited for."""
    try:
        kind = file.lstat()
        if not stat.S_ISREG(kind.st_mode):
            raise ModelError(f"{file} cannot be read: it is no plain file, and a link is not followed")
        if kind.st_size > most:
            raise ModelError(f"{file} is over {most:,} bytes: not this model's")
        with file.open("rb") as stream:
            return stream.read(kind.st_size)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from None


def most_bytes(part: str, architecture: Architecture) -> int:
    """How large a part can be: weights by their number, in any precision, and what is in a graph besides."""
    if part == "history.jsonl":
        return MOST_TEXT_BYTES
    if part == "tokenizer.json":
        return min(MOST_TEXT_BYTES, (1 << 20) + 1000 * architecture.head.classes)
    if part == "source_tokenizer.json":
        return min(MOST_TEXT_BYTES, (1 << 20) + 1000 * architecture.input.symbols)
    weights = sum(rows * columns for _, rows, columns in weight_shapes(architecture))
    return min(MOST_GRAPH_BYTES, 5 * weights + (16 << 20))


def file_pattern(part: str) -> str:
    """The names that the file of a part can have: the part's, and that with eight digits of its hash."""
    stem, dot, suffix = part.partition(".")
    return rf"{re.escape(stem)}(-[0-9a-f]{{8}})?{re.escape(dot + suffix)}"


def check_destination(out: Path, *, overwrite: bool) -> None:
    """Make the folder for a model; refuse before the work what would fail or destroy something after it.

    overwrite: a model that is there may be replaced.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; --out names a folder")
    if (out / CONFIG).exists():
        read_config(out)
        if not overwrite:
            raise UsageError(f"{out} holds a model: choose another --out, or --overwrite replaces it")
    elif out.is_dir():
        names = [entry.name for entry in out.iterdir() if entry.name != TRAINING]
        if not all(is_written(name, (*PARTS, CONFIG)) for name in names):
            raise UsageError(f"{out} is not empty and not a model folder: choose another --out")
    make_folder(out)


def write_model(
    path: Path, config: ModelConfig, parts: Mapping[str, bytes], *, card: str, kept: Collection[str] = ()
) -> ModelConfig:
    """Write a model over whatever model the folder holds, in one commit; returns the config as written.

    card: the text of README.md, which is for people and may be edited, so it is no part; nor is the picture of the
    training's curves, and one that is there goes, since it may be of another model. kept: parts that stay as they are
    in the folder.
    """
    assert parts.keys() | set(kept) <= set(PARTS)
    make_folder(path)
    old = read_config(path).parts if (path / CONFIG).exists() else {}
    with swept_on_error(path, PARTS, keep=[CONFIG, CARD, *files_of(old)]):
        written = {name: old[name] for name in kept}
        taken = set(files_of(old))
        written |= {name: write_part(path, name, content, taken=taken) for name, content in parts.items()}
        config = config.model_copy(update={"parts": written, "format_version": FORMAT_VERSION})
        replace_file(path / CONFIG, dump_config(config))
    replace_file(path / CARD, card.encode())
    sweep(path, (*PARTS, CONFIG, CARD, CURVES), keep=[CONFIG, CARD, *files_of(written)])
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
    patterns = map(file_pattern, names)
    return any(re.fullmatch(rf"{part}|\.{part}\.[0-9]+\.tmp", file) for part in patterns)


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
        raise NotWritten(f"{path} cannot be written: {error.strerror}; what was there before is whole") from None


def sha256_of(file: str | Path) -> str:
    """The hash of a file's bytes."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
