"""Damaged and hostile folders of a translator: each refused in one line that names the part."""

import shutil
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import textrnn
from tests.conftest import Run
from tests.small_models import save_two_vocabularies
from tests.test_zoo import check_refusal
from tests.zoo import (
    CONFIG,
    MEGABYTE,
    TOKENIZER,
    WEIGHTS,
    Animal,
    Harm,
    config,
    empty,
    enlarge,
    exchange,
    external,
    flip,
    graph,
    head,
    header,
    link,
    pickled,
    remove,
    sign,
    signed,
    state_of,
    top,
    truncate,
    words,
)
from textrnn.errors import ModelError
from textrnn.export.save import load_network
from textrnn.model_folder import ModelFolder

ENCODER, DECODER, SOURCE_TOKENIZER = "encoder.onnx", "decoder.onnx", "source_tokenizer.json"
PARTS = (SOURCE_TOKENIZER, TOKENIZER, ENCODER, DECODER, WEIGHTS)
STEPS = {"kind": "label-per-step", "classes": 40}
SEVERAL = 7


def engine_of(part: str) -> str:
    return "torch" if part == WEIGHTS else "onnx"


def without(part: str) -> Harm:
    """A config that does not know the part."""
    return config(lambda document: document["parts"].pop(part))


def core_of_the_decoder(**changes: object) -> Harm:
    return config(lambda document: document["architecture"]["head"]["core"].update(changes))


def entry_of_the_decoder(**changes: object) -> Harm:
    return config(lambda document: document["architecture"]["head"]["input"].update(changes))


def entry(**changes: object) -> Harm:
    return config(lambda document: document["architecture"]["input"].update(changes))


def several_more(vocabulary: dict[str, int]) -> None:
    vocabulary.update({f"word{number}": len(vocabulary) + number for number in range(SEVERAL)})


def renamed_memory(model: onnx.ModelProto) -> None:
    """What the decoder reads is not what the encoder writes."""
    for node in model.graph.node:
        node.input[:] = ["secrets" if name == "keys" else name for name in node.input]
    next(value for value in model.graph.input if value.name == "keys").name = "secrets"


ANIMALS = (
    *(Animal(f"{part} missing", remove(part), f"{part} cannot be read", engine_of(part)) for part in PARTS),
    *(Animal(f"{part} empty", empty(part), f"{part} was changed", engine_of(part)) for part in PARTS),
    *(Animal(f"{part} truncated", truncate(part), f"{part} was changed", engine_of(part)) for part in PARTS),
    *(
        Animal(f"{part} truncated, signed", signed(part, lambda content: content[:-100]), part, engine_of(part))
        for part in PARTS
    ),
    *(Animal(f"{part} with a flipped bit", flip(part), f"{part} was changed", engine_of(part)) for part in PARTS),
    *(Animal(f"{part} a link", link(part), f"{part} cannot be read", engine_of(part)) for part in PARTS),
    *(Animal(f"{part} of 100 MB", enlarge(part, 100 * MEGABYTE), f"{part} is over", engine_of(part)) for part in PARTS),
    *(Animal(f"{part} a pickle", pickled(part, protocol=5), f"{part} is not", engine_of(part)) for part in PARTS),
    *(
        Animal(f"{part} that config.json does not name", without(part), f"has no {part}", engine_of(part))
        for part in PARTS
        if part != SOURCE_TOKENIZER
    ),
    Animal("the source's tokenizer is not named", without(SOURCE_TOKENIZER), "tokenizer.json has"),
    # parts that do not fit
    Animal("encoder and decoder in each other's place", exchange(ENCODER, DECODER), "decoder.onnx is not"),
    Animal("tokenizers in each other's place", exchange(TOKENIZER, SOURCE_TOKENIZER), "symbols and config.json"),
    Animal("encoder a tokenizer", exchange(ENCODER, TOKENIZER), TOKENIZER),
    Animal("more symbols of the source", words(several_more, part=SOURCE_TOKENIZER), "source_tokenizer.json has"),
    Animal("more symbols of the target", words(several_more), "tokenizer.json has"),
    Animal("more symbols to read in config.json", entry(symbols=1000), "source_tokenizer.json has"),
    Animal("more symbols to write in config.json", entry_of_the_decoder(symbols=1000), "tokenizer.json has"),
    Animal("other units of the encoder", config(lambda all: all["architecture"]["core"].update(units=7)), ENCODER),
    Animal("other units of the decoder", core_of_the_decoder(units=11), DECODER),
    Animal("another cell of the decoder", core_of_the_decoder(cell="gru"), DECODER),
    Animal("one layer more of the decoder", core_of_the_decoder(layers=2), DECODER),
    Animal("attention that the decoder has not", head(attention=None), DECODER),
    Animal("input feeding that the decoder has not", head(input_feeding=True), DECODER),
    *(
        Animal(f"{name}, the weights", harm, "model.safetensors does not fit", "torch")
        for name, harm in (
            ("other units", core_of_the_decoder(units=11)),
            ("another cell", core_of_the_decoder(cell="gru")),
            ("one layer more", core_of_the_decoder(layers=2)),
            ("other attention", head(attention="additive")),
            ("no attention", head(attention=None)),
            ("input feeding", head(input_feeding=True)),
            ("larger vectors", entry_of_the_decoder(size=9)),
        )
    ),
    # config.json
    Animal("unknown attention", head(attention="all"), "architecture.head.decoder.attention"),
    Animal("a decoder in both directions", core_of_the_decoder(bidirectional=True), "backward"),
    Animal("a billion units of the decoder", core_of_the_decoder(units=10**9), "architecture.head.decoder.core.units"),
    Animal("vectors shared by two vocabularies", head(shared=True), "vectors that source and target share"),
    Animal("a head for every step", config(lambda all: all["architecture"].update(head=STEPS)), "not for 'translator'"),
    # what is in them
    *(
        animal
        for part in (ENCODER, DECODER)
        for animal in (
            Animal(
                f"{part}: data in another file",
                graph(lambda all: external(all.graph.initializer[0], "../secret"), part=part),
                f"{part} is not a graph of this program",
            ),
            Animal(f"{part}: metadata", graph(lambda all: all.metadata_props.add(key="a", value="b"), part=part), part),
            Animal(f"{part}: a state of other units", graph(lambda all: state_of(all, 17), part=part), part),
        )
    ),
    Animal("what the decoder reads has another name", graph(renamed_memory, part=DECODER), DECODER),
    Animal(
        "an array of the decoder missing",
        header(lambda all: all.pop("head.bridge.weight", None) or all.popitem()),
        WEIGHTS,
        "torch",
    ),
)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_two_vocabularies(tmp_path_factory.mktemp("translators") / "words")


@pytest.fixture
def copy(healthy: Path, tmp_path: Path) -> Path:
    """A healthy folder to do harm to."""
    return Path(shutil.copytree(healthy, tmp_path / "copy"))


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name)
def test_every_animal_is_refused_in_one_line(copy: Path, run: Run, animal: Animal) -> None:
    animal.harm(copy)
    check_refusal(run("translate", copy, "--text", "the cat", "--engine", animal.engine), copy, animal.says)


def test_the_names_of_animals_differ() -> None:
    assert len({animal.name for animal in ANIMALS}) == len(ANIMALS) > 70


def test_a_healthy_folder_that_is_signed_anew_runs(copy: Path, run: Run) -> None:
    sign(copy)
    for engine in ("onnx", "torch"):
        assert run("translate", copy, "--text", "the cat", "--engine", engine).code == 0


@pytest.mark.parametrize("command", [("score", "-"), ("inspect",), ("selfcheck",), ("evaluate", "-")])
@pytest.mark.parametrize("part", [DECODER, SOURCE_TOKENIZER])
def test_every_command_refuses(copy: Path, run: Run, part: str, command: tuple[str, ...]) -> None:
    flip(part)(copy)
    name, *flags = command
    check_refusal(run(name, copy, *flags, stdin=b"the\tcat\n"), copy, f"{part} was changed or damaged")


def test_the_task_of_another_head_is_refused(copy: Path, run: Run) -> None:
    top(task="lm")(copy)
    check_refusal(run("score", copy, "--text", "the cat"), copy, "a head that is not for 'lm'")


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_another_translator_are_refused(copy: Path, run: Run, tmp_path: Path, part: str) -> None:
    other = save_two_vocabularies(tmp_path / "other", units=12, words="aloud again")
    if part in (SOURCE_TOKENIZER, ENCODER):  # of which the other has the same
        shutil.copy(other / {SOURCE_TOKENIZER: TOKENIZER, ENCODER: DECODER}[part], copy / part)
    else:
        shutil.copy(other / part, copy / part)
    result = run("translate", copy, "--text", "the cat", "--engine", engine_of(part))
    check_refusal(result, copy, f"{part} was changed or damaged")
    sign(copy)
    check_refusal(run("translate", copy, "--text", "the cat", "--engine", engine_of(part)), copy, part)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    part=st.sampled_from(PARTS),
    places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=3),
    change=st.integers(1, 255),
)
@example(part="encoder.onnx", places=[0.936570578281419], change=64)  # a huge weight, and no symbol has attention
def test_any_byte_changed_and_signed_is_refused_in_one_line_or_runs(
    copy: Path, part: str, places: list[float], change: int
) -> None:
    file, before = copy / part, (copy / CONFIG).read_bytes()
    whole = file.read_bytes()
    changed = bytearray(whole)
    for place in places:
        changed[int(place * len(whole))] ^= change
    file.write_bytes(changed)
    sign(copy)
    try:
        assert "\n" not in complaint(copy, part)
    finally:
        file.write_bytes(whole)
        (copy / CONFIG).write_bytes(before)


def complaint(folder: Path, part: str) -> str:
    """What is said of a folder by those who read the part; nothing where it runs."""
    try:
        if part == WEIGHTS:
            load_network(ModelFolder(folder))
        else:
            list(textrnn.load(folder, threads=1).translate(["the cat sat", "the"], attention=True))
    except ModelError as error:
        return str(error)
    return ""
