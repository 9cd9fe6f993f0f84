"""Damaged and hostile model folders, each made from a healthy one.

Whoever writes a folder writes its hashes too, so most of these are signed anew after the harm: they must be found out
by what they hold. `Animal.says` is what the one line of refusal must contain.
"""

import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from textrnn.config import FORMAT_VERSION
from textrnn.config_file import SEAL, sealed
from textrnn.model_folder import CONFIG

TOKENIZER, GRAPH, WEIGHTS = "tokenizer.json", "model.onnx", "model.safetensors"
MEGABYTE = 1 << 20

Harm = Callable[[Path], object]


@dataclass(frozen=True)
class Animal:
    """One way to do harm to a float32 folder. engine, command: those that meet it."""

    name: str
    harm: Harm
    says: str
    engine: str = "onnx"
    command: str = "generate"


class Payload:
    """An object whose pickle, when read, makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.marker}'",)


def marker(folder: Path) -> Path:
    """The file that a payload in the folder makes."""
    return folder / "executed"


def sign(folder: Path) -> None:
    """Make every hash right again."""
    config = json.loads((folder / CONFIG).read_bytes())
    for entry in config["parts"].values():
        file = folder / entry["file"]
        if file.is_file():
            entry["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / CONFIG).write_text(json.dumps(sealed(config)))


# Harm to any part, hashes left as they are.


def remove(part: str) -> Harm:
    return lambda folder: (folder / part).unlink()


def empty(part: str) -> Harm:
    return lambda folder: (folder / part).write_bytes(b"")


def truncate(part: str) -> Harm:
    return lambda folder: (folder / part).write_bytes((folder / part).read_bytes()[:-100])


def flip(part: str) -> Harm:
    def harm(folder: Path) -> None:
        content = bytearray((folder / part).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / part).write_bytes(content)

    return harm


def link(part: str) -> Harm:
    """The part is elsewhere, whole."""

    def harm(folder: Path) -> None:
        elsewhere = folder.with_name(f"{folder.name}-{part}")
        shutil.move(folder / part, elsewhere)
        (folder / part).symlink_to(elsewhere)

    return harm


def exchange(part: str, other: str) -> Harm:
    """Two parts in each other's place, signed."""

    def harm(folder: Path) -> None:
        one, two = (folder / part).read_bytes(), (folder / other).read_bytes()
        (folder / part).write_bytes(two)
        (folder / other).write_bytes(one)
        sign(folder)

    return harm


def pipe(part: str) -> Harm:
    def harm(folder: Path) -> None:
        (folder / part).unlink()
        os.mkfifo(folder / part)

    return harm


def directory(part: str) -> Harm:
    def harm(folder: Path) -> None:
        (folder / part).unlink()
        (folder / part).mkdir()

    return harm


def enlarge(part: str, size: int) -> Harm:
    """A file of so many bytes, none of them on the disk."""
    return lambda folder: os.truncate(folder / part, size)


# Harm that is signed.


def config(change: Callable[[dict[str, Any]], object]) -> Harm:
    def harm(folder: Path) -> None:
        document = json.loads((folder / CONFIG).read_bytes())
        change(document)
        (folder / CONFIG).write_text(json.dumps(sealed(document)))

    return harm


def core(**changes: Any) -> Harm:
    return config(lambda document: document["architecture"]["core"].update(changes))


def head(**changes: Any) -> Harm:
    return config(lambda document: document["architecture"]["head"].update(changes))


def top(**changes: Any) -> Harm:
    return config(lambda document: document.update(changes))


def graph_file(name: str) -> Harm:
    return config(lambda document: document["parts"][GRAPH].update(file=name))


def config_text(old: str, new: str) -> Harm:
    """A change of the text of config.json that survives no parsing, so that its seal does not matter."""

    def harm(folder: Path) -> None:
        text = (folder / CONFIG).read_text()
        assert old in text
        (folder / CONFIG).write_text(text.replace(old, new, 1))

    return harm


def unsealed(folder: Path) -> None:
    document = json.loads((folder / CONFIG).read_bytes())
    del document[SEAL]
    (folder / CONFIG).write_text(json.dumps(document))


def config_bytes(content: bytes) -> Harm:
    return lambda folder: (folder / CONFIG).write_bytes(content)


def signed(part: str, change: Callable[[bytes], bytes]) -> Harm:
    """The part changed, and its hash with it."""

    def harm(folder: Path) -> None:
        (folder / part).write_bytes(change((folder / part).read_bytes()))
        sign(folder)

    return harm


def pickled(part: str, *, protocol: int) -> Harm:
    def harm(folder: Path) -> None:
        (folder / part).write_bytes(pickle.dumps(Payload(marker(folder)), protocol=protocol))
        sign(folder)

    return harm


def tokenizer(change: Callable[[dict[str, Any]], object], *, part: str = TOKENIZER) -> Harm:
    def edit(content: bytes) -> bytes:
        document = json.loads(content)
        change(document)
        return json.dumps(document, ensure_ascii=False).encode()

    return signed(part, edit)


def words(change: Callable[[dict[str, int]], object], *, part: str = TOKENIZER) -> Harm:
    return tokenizer(lambda document: change(document["model"]["vocab"]), part=part)


def swap(vocabulary: dict[str, int], one: str, other: str) -> None:
    vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]


def pattern(regex: str) -> Harm:
    return tokenizer(lambda document: document["pre_tokenizer"]["pattern"].update(Regex=regex))


def graph(change: Callable[[onnx.ModelProto], object], *, part: str = GRAPH) -> Harm:
    def edit(content: bytes) -> bytes:
        model = onnx.load_from_string(content)
        change(model)
        return bytes(model.SerializeToString())

    return signed(part, edit)


def external(tensor: TensorProto, location: str) -> None:
    """The tensor's numbers are to be read from another file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location


def foreign(model: onnx.ModelProto, domain: str, operator: str) -> None:
    node = model.graph.node[0]
    node.domain, node.op_type = domain, operator
    model.opset_import.append(helper.make_opsetid(domain, 1))


def first_body(model: onnx.ModelProto) -> onnx.GraphProto:
    return next(node.attribute[0].g for node in model.graph.node if node.op_type in ("Loop", "Scan"))


def tensor_in_an_attribute(model: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(2, np.float32), "t")
    external(tensor, "/etc/passwd")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["unused"], value=tensor))


def external_in_a_body(model: onnx.ModelProto) -> None:
    tensor = first_body(model).initializer.add()
    tensor.CopyFrom(numpy_helper.from_array(np.zeros(2, np.float32), "t"))
    external(tensor, "../../secret")


def function(model: onnx.ModelProto) -> None:
    body = [helper.make_node("Identity", ["x"], ["y"])]
    model.functions.append(helper.make_function("own", "F", ["x"], ["y"], body, [helper.make_opsetid("", 17)]))


def nested(model: onnx.ModelProto) -> None:
    """Bodies within bodies."""
    inner = first_body(model)
    for _ in range(10):
        outer = onnx.GraphProto(name="g")
        outer.node.append(helper.make_node("Loop", ["a"], ["b"], body=inner))
        inner = outer
    first_body(model).CopyFrom(inner)


def state_of(model: onnx.ModelProto, units: int) -> None:
    """Declare another size for the first layer's state."""
    value = next(value for value in model.graph.input if value.name == "hidden.0")
    value.type.tensor_type.shape.dim[-1].dim_value = units


def renamed_input(model: onnx.ModelProto) -> None:
    for graph in (model.graph, *(attribute.g for node in model.graph.node for attribute in node.attribute)):
        for node in graph.node:
            node.input[:] = ["hidden.9" if name == "hidden.1" else name for name in node.input]
    next(value for value in model.graph.input if value.name == "hidden.1").name = "hidden.9"
    for node in model.graph.node:
        node.output[:] = ["hidden.9.after" if name == "hidden.1.after" else name for name in node.output]
    next(value for value in model.graph.output if value.name == "hidden.1.after").name = "hidden.9.after"


def not_finite(model: onnx.ModelProto) -> None:
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "head.bias")
    array = numpy_helper.to_array(tensor).copy()
    array[0] = np.nan
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def overflowing(model: onnx.ModelProto) -> None:
    """Weights so large that no probability comes out."""
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            largest = np.full(tuple(tensor.dims), 3e38, np.float32)
            tensor.CopyFrom(numpy_helper.from_array(largest, tensor.name))


def circle(model: onnx.ModelProto) -> None:
    """A body that reads what is computed from it: ONNX Runtime aborts the process over it."""
    body = first_body(model)
    next(node for node in body.node if node.op_type == "Add").input[0] = "target_logprobs"


def endless(model: onnx.ModelProto) -> None:
    """A loop that adds to its outputs for ever."""
    number = next(tensor for tensor in model.graph.initializer if tensor.name == "number.1")
    number.raw_data = np.int64(-(2**62)).tobytes()


def endless_by_a_product(model: onnx.ModelProto) -> None:
    loop = next(node for node in model.graph.node if node.op_type == "Loop")
    maker = source_of(model, loop.input[0])
    maker.op_type, maker.input[1] = "Mul", maker.input[0]


def source_of(model: onnx.ModelProto, output: str) -> onnx.NodeProto:
    return next(node for node in model.graph.node if output in node.output)


def other_output(model: onnx.ModelProto) -> None:
    """What is called logprobs, by two names, has another shape than it says."""
    source_of(model, "target_logprobs").input[0] = source_of(model, "logprobs").input[0]


def index_beyond(model: onnx.ModelProto) -> None:
    """Choices that are no symbols."""
    model.graph.initializer.append(numpy_helper.from_array(np.array(8, np.int64), "eight"))
    node = source_of(model, "choices")
    node.op_type = "Mul"  # of a symbol, nearly always one of 8 and more
    node.input.append("eight")


def header(change: Callable[[dict[str, Any]], object]) -> Harm:
    """The header of model.safetensors changed, its data left."""

    def edit(content: bytes) -> bytes:
        length = int.from_bytes(content[:8], "little")
        document = json.loads(content[8 : 8 + length])
        change(document)
        text = json.dumps(document).encode()
        return len(text).to_bytes(8, "little") + text + content[8 + length :]

    return signed(WEIGHTS, edit)


def nan_weight(content: bytes) -> bytes:
    return content[:-4] + np.float32(np.nan).tobytes()


def boxes(depth: int) -> bytes:
    return b'{"format_version":' * depth


PARTS = (CONFIG, TOKENIZER, GRAPH, WEIGHTS)
ENGINE = {WEIGHTS: "torch"}

ANIMALS = (
    *(Animal(f"{part} missing", remove(part), f"{part}", ENGINE.get(part, "onnx")) for part in PARTS),
    *(Animal(f"{part} empty", empty(part), f"{part}", ENGINE.get(part, "onnx")) for part in PARTS),
    *(Animal(f"{part} truncated", truncate(part), f"{part}", ENGINE.get(part, "onnx")) for part in PARTS),
    *(Animal(f"{part} with a flipped bit", flip(part), f"{part}", ENGINE.get(part, "onnx")) for part in PARTS),
    *(Animal(f"{part} a link", link(part), "a link is not followed", ENGINE.get(part, "onnx")) for part in PARTS),
    *(
        Animal(f"{part} a pipe", pipe(part), "no plain file", ENGINE.get(part, "onnx"))
        for part in PARTS
        if hasattr(os, "mkfifo")
    ),
    *(Animal(f"{part} a folder", directory(part), "no plain file", ENGINE.get(part, "onnx")) for part in PARTS),
    *(
        Animal(f"{part} of 100 MB", enlarge(part, 100 * MEGABYTE), f"{part} is over", ENGINE.get(part, "onnx"))
        for part in PARTS
    ),
    *(
        Animal(f"{part} a pickle of protocol {protocol}", pickled(part, protocol=protocol), says, engine)
        for protocol in (0, 5)
        for part, says, engine in (
            (TOKENIZER, "tokenizer.json is not a tokenizer", "onnx"),
            (GRAPH, "model.onnx is not a graph", "onnx"),
            (WEIGHTS, "model.safetensors is not a safetensors file", "torch"),
        )
    ),
    # config.json
    Animal("config nested deep", config_bytes(b"[" * 500_000), "nested too deep"),
    Animal("config of nested objects", config_bytes(boxes(50_000)), "nested too deep"),
    Animal("config not UTF-8", config_bytes(b'{"task": "\xff"}'), "is not JSON"),
    Animal("config in UTF-16", config_bytes('{"task": "lm"}'.encode("utf-16")), "is not JSON"),
    Animal("config with a byte-order mark", config_text("{", "\ufeff{"), "is not JSON"),
    Animal("config a number", config_bytes(b"7"), "no JSON object"),
    Animal("config null", config_bytes(b"null"), "no JSON object"),
    Animal("NaN units", config_text('"units": 16', '"units": NaN'), "NaN is no number"),
    Animal("infinite units", config_text('"units": 16', '"units": 1e400'), "1e400 is no number"),
    Animal("units of 5,000 digits", config_text('"units": 16', f'"units": {"9" * 5000}'), "is not JSON"),
    Animal("a name twice", config_text('"units": 16', '"units": 16, "units": 17'), "'units' is given twice"),
    Animal("an edit that is not sealed", config_text("untrained", "excellent"), "config.json was changed or damaged"),
    Animal("no seal", unsealed, "config.json was changed or damaged"),
    Animal("negative units", core(units=-16), "architecture.core.units"),
    Animal("no units", core(units=0), "architecture.core.units"),
    Animal("a billion units", core(units=10**9), "architecture.core.units"),
    Animal("units beyond 64 bits", core(units=10**30), "architecture.core.units"),
    Animal("units true", core(units=True), "architecture.core.units"),
    Animal("units in words", core(units="16"), "architecture.core.units"),
    Animal("half a unit", core(units=16.0), "architecture.core.units"),
    Animal("a million layers", core(layers=10**6), "architecture.core.layers"),
    Animal("one layer more", core(layers=3), "other layers than config.json"),
    Animal("other units", core(units=17), "other layers than config.json"),
    Animal("other units for the weights", core(units=17), "model.safetensors does not fit", "torch"),
    Animal("as many units as can be", core(units=1 << 16, layers=1 << 10), "does not fit config.json", "torch"),
    Animal("a billion labels", head(classes=10**9), "architecture.head.label-per-step.classes"),
    Animal("labels that are no symbols", head(classes=70), "tokenizer.json has 62 symbols and config.json 70"),
    Animal("an unknown cell", core(cell="__import__('os')"), "unknown cell"),
    Animal("a cell that is a command to the terminal", core(cell="\x1b]0;owned\x07"), "unknown cell"),
    Animal("a key that is a command to the terminal", top(**{"\x1b[2J\n": 1}), "malformed"),
    Animal("an unknown task", top(task="crossword"), "crossword"),
    Animal("a task that is a command to the terminal", top(task="\x1b[2J\n\u202e"), "does not know"),
    Animal("an unknown key", top(novelty=1), "novelty"),
    Animal("a list for a task", top(task=["lm"]), "task"),
    Animal("null for the architecture", top(architecture=None), "architecture"),
    Animal("a newer format", top(format_version=FORMAT_VERSION + 1), "install a newer one"),
    Animal("a much newer format", top(format_version=10**200), "install a newer one"),
    Animal("format 0", top(format_version=0), "format_version"),
    Animal("a negative format", top(format_version=-1), "format_version"),
    Animal("a format in words", top(format_version="1"), "format_version"),
    Animal("format true", top(format_version=True), "format_version"),
    Animal("another level", config(lambda all: all["text"].update(level="word")), "tokenizer.json: decoder"),
    Animal("an unknown level", config(lambda all: all["text"].update(level="os")), "text.level"),
    Animal("no parts", top(parts={}), "has no tokenizer.json"),
    Animal("an unknown part", config(lambda all: all["parts"].update({"code.py": all["parts"][GRAPH]})), "code.py"),
    Animal("a part above the folder", graph_file("../model.onnx"), "parts.model.onnx.file"),
    Animal("a part elsewhere", graph_file("/etc/passwd"), "parts.model.onnx.file"),
    Animal("a part with a backslash", graph_file("..\\model.onnx"), "parts.model.onnx.file"),
    Animal("a part with a zero byte", graph_file("model.onnx\0"), "parts.model.onnx.file"),
    Animal("a part that is the folder", graph_file("."), "parts.model.onnx.file"),
    Animal("a part that is another's file", graph_file("tokenizer.json"), "parts.model.onnx.file"),
    Animal("a part that is config.json", graph_file("config.json"), "parts.model.onnx.file"),
    Animal("a part of a name that no writer gives", graph_file("model-2.onnx"), "parts.model.onnx.file"),
    # tokenizer.json
    Animal("tokenizer of 2 MB", signed(TOKENIZER, lambda _: b" " * 2 * MEGABYTE), "tokenizer.json is over"),
    Animal("tokenizer nested deep", signed(TOKENIZER, lambda _: b"[" * 100_000), "nested too deep"),
    Animal("tokenizer not UTF-8", signed(TOKENIZER, lambda content: content + b"\xff"), "is not a tokenizer"),
    Animal("tokenizer a list", signed(TOKENIZER, lambda _: b"[]"), "is not a tokenizer"),
    Animal("tokenizer without a model", tokenizer(lambda all: all.pop("model")), "is not a tokenizer"),
    Animal("tokenizer of another version", tokenizer(lambda all: all.update(version="9")), "is not a tokenizer"),
    Animal("one symbol more", words(lambda all: all.update({"é": len(all)})), "63 symbols and config.json 62"),
    Animal("a hole in the numbers", words(lambda all: all.update(a=100)), "not numbered one by one"),
    Animal("a number of four billion", words(lambda all: all.update(a=2**32 - 1)), "not numbered one by one"),
    Animal("a negative number", words(lambda all: all.update(a=-1)), "tokenizer.json"),
    Animal("a number twice", words(lambda all: all.update(a=all["b"])), "not numbered one by one"),
    Animal("a number that is none", words(lambda all: all.update(a="5")), "no vocabulary"),
    Animal("special symbols in another order", words(lambda all: swap(all, "<unk>", "<eos>")), "does not begin with"),
    Animal("a pattern that takes for ever", pattern("(a+)+$"), "pre_tokenizer"),
    Animal("a pattern that is none", pattern("["), "pre_tokenizer"),
    Animal("another normalizer", tokenizer(lambda all: all.update(normalizer={"type": "NFKC"})), "normalizer"),
    Animal("another decoder", tokenizer(lambda all: all.update(decoder={"type": "ByteFallback"})), "decoder"),
    Animal("another model", tokenizer(lambda all: all["model"].update(type="Unigram")), "tokenizer.json: model"),
    Animal(
        "another unknown symbol", tokenizer(lambda all: all["model"].update(unk_token="a")), "tokenizer.json: model"
    ),
    Animal("a post-processor", tokenizer(lambda all: all.update(post_processor={"type": "x"})), "post_processor"),
    Animal("truncation", tokenizer(lambda all: all.update(truncation={"max_length": 1})), "truncation"),
    Animal("padding to a billion", tokenizer(lambda all: all.update(padding={"Fixed": 10**9})), "padding"),
    Animal("an added token", tokenizer(lambda all: all["added_tokens"].append({"id": 4})), "added_tokens"),
    Animal("merges that are none", tokenizer(lambda all: all["model"].update(merges=[["a", "zz"]])), "a merge"),
    # model.onnx
    Animal("data in another file", graph(lambda all: external(all.graph.initializer[0], "../secret")), "never written"),
    Animal(
        "data in a file of the machine", graph(lambda all: external(all.graph.initializer[0], "/dev/zero")), "never"
    ),
    Animal("a tensor in an attribute", graph(tensor_in_an_attribute), "never written"),
    Animal("data in another file, in a body", graph(external_in_a_body), "never written"),
    Animal("an operator of another domain", graph(lambda all: foreign(all, "evil.example", "Run")), "never used"),
    Animal("Python as an operator", graph(lambda all: foreign(all, "ai.onnx.contrib", "PyOp")), "never used"),
    Animal("a contributed operator", graph(lambda all: foreign(all, "com.microsoft", "Attention")), "never used"),
    Animal("an operator with a name for a terminal", graph(lambda all: foreign(all, "\x1b[2J", "\n")), "never used"),
    Animal("a function of the model's own", graph(function), "never written"),
    Animal("bodies within bodies", graph(nested), "nested too deep"),
    Animal("a node that waits for itself", graph(circle), "not computed before it"),
    Animal("a name twice in a graph", graph(lambda all: all.graph.node.append(all.graph.node[0])), "given twice"),
    Animal("a value without a name", graph(lambda all: all.graph.input[0].ClearField("name")), "a name is missing"),
    Animal("a loop without an end", graph(endless), "beyond all that are used"),
    Animal("a loop of the square of the steps", graph(endless_by_a_product), "not run once for each step"),
    Animal("metadata", graph(lambda all: all.metadata_props.add(key="a", value="b")), "never written"),
    Animal("a weight of a trillion numbers", graph(lambda all: all.graph.initializer[0].dims.append(10**12)), "size"),
    Animal("a weight of a negative size", graph(lambda all: all.graph.initializer[0].dims.append(-1)), "size"),
    Animal("weights of strings", graph(lambda all: setattr(all.graph.initializer[0], "data_type", 8)), "size"),
    Animal("a state of a trillion units", graph(lambda all: state_of(all, 10**12)), "model.onnx"),
    Animal("a state of a negative size", graph(lambda all: state_of(all, -1)), "model.onnx"),
    Animal("a state of other units", graph(lambda all: state_of(all, 17)), "other layers than config.json"),
    Animal("a state of another name", graph(renamed_input), "other layers than config.json"),
    Animal("an input more", graph(lambda all: all.graph.input.add().CopyFrom(all.graph.input[0])), "model.onnx"),
    Animal("no graph", signed(GRAPH, lambda _: b"\x08\x09"), "it has none"),
    Animal("graph of a million fields", signed(GRAPH, lambda all: all + b"\x42\0" * 10**6), "over 200,000 fields"),
    Animal("graph with its graph twice", signed(GRAPH, lambda content: content * 2), "given twice"),
    Animal("a weight that is not finite", graph(not_finite), "a weight is not finite"),
    Animal("weights that overflow", graph(overflowing), "no probability"),
    Animal("an output of another shape", graph(other_output), "no probability", command="score"),
    Animal("a choice that is no symbol", graph(index_beyond), "a symbol that there is not"),
    # model.safetensors
    Animal("a header of 2^60 bytes", signed(WEIGHTS, lambda content: b"\0" * 7 + b"\x10" + content), "header", "torch"),
    Animal("a header that is no JSON", signed(WEIGHTS, lambda all: all[:8] + b"[" + all[9:]), "not a", "torch"),
    Animal("a shape of a trillion", header(lambda all: all["head.bias"].update(shape=[10**12])), "head.bias", "torch"),
    Animal("a negative shape", header(lambda all: all["head.bias"].update(shape=[-62])), "head.bias", "torch"),
    Animal("another type", header(lambda all: all["head.bias"].update(dtype="I32")), "head.bias", "torch"),
    Animal(
        "data beyond the file", header(lambda all: all["head.bias"].update(data_offsets=[0, 2**60])), "fit", "torch"
    ),
    Animal("a missing array", header(lambda all: all.pop("head.bias")), "'head.bias'", "torch"),
    Animal("an array more", header(lambda all: all.update(extra=all["head.bias"])), "'extra'", "torch"),
    Animal("an entry that is none", header(lambda all: all.update({"head.bias": 7})), "head.bias", "torch"),
    Animal("weights with NaN", signed(WEIGHTS, nan_weight), "not finite", "torch"),
    Animal("weights with more data", signed(WEIGHTS, lambda content: content + b"\0" * 4), "longer", "torch"),
)
