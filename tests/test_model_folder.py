"""A model folder: whole or not at all, and refused in one line when something is wrong with it."""

import itertools
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import textrnn
from textrnn.architecture import Architecture, Core, LabelPerStep, OneHot
from textrnn.config import FORMAT_VERSION, ModelConfig, TextSettings
from textrnn.config_file import sealed
from textrnn.errors import ModelError
from textrnn.model_folder import CONFIG, CURVES, ModelFolder, bundled_models, find_model, write_model

PARTS = ("tokenizer.json", "model.onnx")  # what running needs

OLD = {"tokenizer.json": b"old symbols", "model.onnx": b"old graph", "model.safetensors": b"weights"}
NEW = {"tokenizer.json": b"old symbols", "model.onnx": b"new graph", "history.jsonl": b"{}"}


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    """A model folder to do harm to."""
    return Path(shutil.copytree(tiny_model, tmp_path / "copy"))


def edit(folder: Path, change: Callable[[dict], object]) -> None:
    config = json.loads((folder / CONFIG).read_text())
    change(config)
    (folder / CONFIG).write_text(json.dumps(sealed(config)))


def refusal(folder: Path) -> str:
    """The one line that opening the folder ends with."""
    with pytest.raises(ModelError) as caught:
        textrnn.load(folder)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_named(copy: Path, part: str) -> None:
    (copy / part).unlink()
    assert f"{part} cannot be read" in refusal(copy)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("place", [0, -1])
def test_a_part_with_one_bit_flipped_is_named(copy: Path, part: str, place: int) -> None:
    content = bytearray((copy / part).read_bytes())
    content[place] ^= 1
    (copy / part).write_bytes(content)
    assert f"{part} was changed or damaged" in refusal(copy)


def test_weights_with_one_bit_flipped_are_named_by_the_engine_that_reads_them(copy: Path) -> None:
    content = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError, match=r"model\.safetensors was changed or damaged"):
        textrnn.load(copy, engine="torch")
    assert textrnn.load(copy).generate(max_tokens=3, seed=0)


def test_an_int8_folder_has_no_weights_for_torch(tiny_int8: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.safetensors \(an int8 model\)"):
        textrnn.load(tiny_int8, engine="torch")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_config_does_not_list_is_named(copy: Path, part: str) -> None:
    edit(copy, lambda config: config["parts"].pop(part))
    assert f"has no {part}" in refusal(copy)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda config: config.update(format_version=FORMAT_VERSION + 1), f"format {FORMAT_VERSION + 1}"),
        (lambda config: config.update(format_version=FORMAT_VERSION + 1, novelty=1), "install a newer one"),
        (lambda config: config.update(novelty=1), "novelty"),
        (lambda config: config["architecture"]["core"].update(novelty=1), "architecture.core.novelty"),
        (
            lambda config: config["architecture"]["core"].update(cell="ltsm"),
            "unknown cell 'ltsm', none of this program: from Python, load(..., cells=[...]) takes one of your own",
        ),
        (lambda config: config["architecture"].pop("head"), "architecture.head"),
        (lambda config: config["architecture"]["head"].update(classes=5), "62 symbols and config.json 5"),
        (lambda config: config.update(task="crossword"), "'crossword'"),
        (lambda config: config["parts"]["model.onnx"].update(file="../model.onnx"), "parts.model.onnx.file"),
        (lambda config: config["parts"]["model.onnx"].update(file="/tmp/model.onnx"), "parts.model.onnx.file"),
        (lambda config: config["parts"]["model.onnx"].update(file="a/model.onnx"), "parts.model.onnx.file"),
        (lambda config: config["parts"]["model.onnx"].update(file=".."), "parts.model.onnx.file"),
        (lambda config: config["parts"]["model.onnx"].update(file="a\\model.onnx"), "parts.model.onnx.file"),
        (lambda config: config["parts"]["model.onnx"].update(file="model.onnx\n"), "parts.model.onnx.file"),
        (lambda config: config["parts"]["model.onnx"].update(sha256="0"), "parts.model.onnx.sha256"),
    ],
)
def test_a_config_that_does_not_fit_says_where(copy: Path, change: Callable[[dict], object], says: str) -> None:
    edit(copy, change)
    assert says in refusal(copy)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is malformed"),
        (b'{"format_version": "one"}', "is malformed"),
        (b" " * 2_000_000, "is over"),
    ],
    ids=["empty", "cut off", "not UTF-8", "nested", "list", "version in words", "huge"],
)
def test_a_malformed_config_is_named(copy: Path, content: bytes, says: str) -> None:
    (copy / CONFIG).write_bytes(content)
    message = refusal(copy)
    assert CONFIG in message
    assert says in message


def test_a_folder_without_config_is_no_model(copy: Path) -> None:
    (copy / CONFIG).unlink()
    assert "is not a model folder: it has no config.json" in refusal(copy)


@pytest.mark.parametrize("name", ["no-such-model", "x" * 300, "no/such/model"])
def test_an_absent_model_is_answered_with_the_bundled_ones(
    monkeypatch: pytest.MonkeyPatch, tiny_model: Path, name: str
) -> None:
    monkeypatch.setattr("textrnn.model_folder.MODELS", tiny_model.parent)
    with pytest.raises(ModelError, match=r"neither a folder nor one of tiny"):
        find_model(name)


def test_a_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    assert "there is no model" in refusal(tmp_path / "file")


def test_bundled_models_are_found_by_name_and_a_folder_of_that_name_comes_first(
    monkeypatch: pytest.MonkeyPatch, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "bundled" / "not-a-model").mkdir(parents=True)
    shutil.copytree(tiny_model, tmp_path / "bundled" / "tiny")
    monkeypatch.setattr("textrnn.model_folder.MODELS", tmp_path / "bundled")
    monkeypatch.chdir(tmp_path)
    assert bundled_models() == ["tiny"]
    assert find_model("tiny") == tmp_path / "bundled" / "tiny"
    (tmp_path / "tiny").mkdir()
    assert find_model("tiny") == Path("tiny")


def test_every_bundled_model_is_whole() -> None:
    uses = {
        "lm": lambda model: model.generate(max_tokens=3, seed=0),
        "classifier": lambda model: list(model.classify("I hate this movie")),
        "translator": lambda model: list(model.translate("I am tired.")),
    }
    for name in bundled_models():
        model = textrnn.load(name)
        assert uses[model.task](model)


def test_moving_the_folder_changes_nothing(tiny_int8: Path, tmp_path: Path) -> None:
    before = textrnn.load(tiny_int8).generate("Once", seed=1)
    moved = shutil.copytree(tiny_int8, tmp_path / "elsewhere" / "under another name")
    assert textrnn.load(moved).generate("Once", seed=1) == before


def write(folder: Path, parts: dict[str, bytes]) -> None:
    architecture = Architecture(input=OneHot(symbols=5), core=Core(units=1), head=LabelPerStep(classes=5))
    config = ModelConfig(task="lm", architecture=architecture, text=TextSettings(), training={"steps": len(parts)})
    write_model(folder, config, parts, card=f"{sorted(parts)}")


def held(folder: Path) -> dict[str, bytes]:
    """The content of every part, each checked against its hash."""
    model = ModelFolder(folder)
    return {name: model.read(name) for name in model.config.parts}


def files_of(folder: Path) -> set[str]:
    """The files that a model consists of."""
    return {CONFIG, "README.md", *(part.file for part in ModelFolder(folder).config.parts.values())}


def test_writing_again_replaces_and_sweeps(tmp_path: Path) -> None:
    for parts in (OLD, NEW, OLD, OLD, NEW):
        (tmp_path / CURVES).touch()  # of the model before
        write(tmp_path, parts)
        assert held(tmp_path) == parts
        assert set(os.listdir(tmp_path)) == files_of(tmp_path)
        assert ModelFolder(tmp_path).sizes() == {name: len(content) for name, content in parts.items()}


def test_what_is_not_the_model_s_is_left_alone(tmp_path: Path) -> None:
    others = {"notes.txt", "model.onnx.bak", "model-2.onnx", ".hidden", "my-model.onnx"}
    for name in others:
        (tmp_path / name).write_text("mine")
    for parts in (OLD, NEW):
        write(tmp_path, parts)
    assert others <= set(os.listdir(tmp_path))


class Killed(BaseException):
    """The process ends here."""


class Countdown:
    """Lets some calls pass, of all functions that it guards together, and is a kill at the next."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def guard(self, function: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object, **options: object) -> None:
            self.calls -= 1
            if self.calls < 0:
                raise Killed
            function(*arguments, **options)

        return call


@pytest.mark.parametrize("before", [{}, OLD], ids=["no model", "a model"])
def test_a_kill_at_any_write_leaves_the_old_model_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, bytes]
) -> None:
    found = []
    for calls in itertools.count():
        folder, countdown = tmp_path / str(calls), Countdown(calls)
        if before:
            write(folder, before)
        with monkeypatch.context() as patch, suppress(Killed):
            patch.setattr("os.replace", countdown.guard(os.replace))
            patch.setattr("pathlib.Path.unlink", countdown.guard(Path.unlink))
            write(folder, NEW)
        found.append(held(folder) if (folder / CONFIG).exists() else {})
        write(folder, OLD)
        assert held(folder) == OLD
        assert set(os.listdir(folder)) == files_of(folder)
        if countdown.calls >= 0:  # nothing was killed
            break
    committed = len(NEW) + 1  # every part, then config.json
    assert found == [before] * committed + [NEW] * (len(found) - committed)
    assert len(found) > committed + 1  # the card, and where there was a model its parts


@pytest.mark.parametrize("name", ["file/model", "file"])
def test_a_folder_that_cannot_be_made_is_a_model_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(ModelError, match="cannot be made"):
        write(tmp_path / name, OLD)


def test_a_full_disk_leaves_the_old_model_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, OLD)
    before = sorted(os.listdir(tmp_path))

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(ModelError, match="No space left on device; what was there before is whole"):
            write(tmp_path, NEW)
    assert held(tmp_path) == OLD
    assert sorted(os.listdir(tmp_path)) == before
