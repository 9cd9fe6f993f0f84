"""Damaged and hostile folders of a classifier: each refused in one line."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import textrnn
from tests.conftest import Run
from tests.small_models import NAMES, save_small_classifier
from tests.test_zoo import check_refusal
from tests.zoo import CONFIG, GRAPH, WEIGHTS, Animal, Harm, config, head, remove, sign, top, truncate
from textrnn.errors import ModelError

STEPS = {"kind": "label-per-step", "classes": len(NAMES)}


def labels(**changes: Any) -> Harm:
    return config(lambda document: document["labels"].update(changes))


def architecture(**changes: Any) -> Harm:
    return config(lambda document: document["architecture"].update(changes))


def a_label_more(folder: Path) -> None:
    head(classes=len(NAMES) + 1)(folder)
    labels(names=[*NAMES, "another"])(folder)


ANIMALS = (
    Animal("a label fewer", labels(names=NAMES[1:]), f"the head has {len(NAMES)} classes, and {len(NAMES) - 1} labels"),
    Animal("no labels", top(labels=None), f"the head has {len(NAMES)} classes, and 0 labels are named"),
    Animal("a label twice", labels(names=[NAMES[0]] * len(NAMES)), "a label is named twice"),
    Animal("a label that is a number", labels(names=[*range(len(NAMES))]), "labels.names"),
    Animal("a temperature of 0", labels(temperature=0), "labels.temperature"),
    Animal("an unknown key of the labels", labels(colours=[]), "labels.colours"),
    Animal("a label more than the graph", a_label_more, f"model.onnx has {len(NAMES)} classes, not those of config"),
    Animal("a label more than the weights", a_label_more, "head.", "torch"),
    Animal("a head for every step", architecture(head=STEPS), "a head that is not for 'classifier'"),
    Animal("an unknown readout", head(readouts=["first"]), "architecture.head"),
    Animal("no readout", head(readouts=[]), "architecture.head"),
    Animal("a readout twice", head(readouts=["max", "max"]), "a readout is named twice"),
    Animal("weights of attention that nothing reads", head(readouts=["max", "mean"]), "'readout.attention'", "torch"),
    Animal(
        "a layer more", config(lambda all: all["architecture"]["core"].update(layers=2)), "other layers than config"
    ),
    Animal(
        "one direction", config(lambda all: all["architecture"]["core"].update(bidirectional=False)), "other layers"
    ),
    Animal("graph missing", remove(GRAPH), GRAPH),
    Animal("graph truncated", truncate(GRAPH), GRAPH),
)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_classifier(tmp_path_factory.mktemp("classifiers") / "words", "word", precision="float32")


@pytest.fixture
def copy(healthy: Path, tmp_path: Path) -> Path:
    """A healthy folder to do harm to."""
    return Path(shutil.copytree(healthy, tmp_path / "copy"))


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name)
def test_every_animal_is_refused_in_one_line(copy: Path, run: Run, animal: Animal) -> None:
    animal.harm(copy)
    check_refusal(run("classify", copy, "--text", "the cat", "--engine", animal.engine), copy, animal.says)


def test_a_healthy_folder_that_is_signed_anew_runs(copy: Path, run: Run) -> None:
    sign(copy)
    for engine in ("onnx", "torch"):
        assert run("classify", copy, "--text", "the cat", "--engine", engine).code == 0


def test_the_task_of_another_head_is_refused(copy: Path, run: Run) -> None:
    top(task="lm")(copy)
    check_refusal(run("score", copy, "--text", "the cat"), copy, "a head that is not for 'lm'")


@pytest.mark.parametrize("part", [GRAPH, WEIGHTS])
def test_parts_of_a_language_model_are_refused(copy: Path, tiny_model: Path, run: Run, part: str) -> None:
    shutil.copy(tiny_model / part, copy / part)
    engine = "torch" if part == WEIGHTS else "onnx"
    result = run("classify", copy, "--text", "the cat", "--engine", engine)
    check_refusal(result, copy, f"{part} was changed or damaged")
    sign(copy)
    check_refusal(run("classify", copy, "--text", "the cat", "--engine", engine), copy, part)


def test_the_graph_of_a_classifier_is_no_language_model(healthy: Path, tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "lm"))
    shutil.copy(healthy / GRAPH, folder / GRAPH)
    sign(folder)
    with pytest.raises(ModelError, match=r"model\.onnx"):
        textrnn.load(folder)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=3), change=st.integers(1, 255))
def test_any_byte_of_the_graph_changed_and_signed_is_refused_in_one_line_or_runs(
    copy: Path, places: list[float], change: int
) -> None:
    file, before = copy / GRAPH, (copy / CONFIG).read_bytes()
    whole = file.read_bytes()
    changed = bytearray(whole)
    for place in places:
        changed[int(place * len(whole))] ^= change
    file.write_bytes(changed)
    sign(copy)
    try:
        assert "\n" not in complaint(copy)
    finally:
        file.write_bytes(whole)
        (copy / CONFIG).write_bytes(before)


def complaint(folder: Path) -> str:
    """What is said of a folder; nothing where it runs."""
    try:
        list(textrnn.load(folder, threads=1).classify(["the cat sat", "the"]))
    except ModelError as error:
        return str(error)
    return ""
