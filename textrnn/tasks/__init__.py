"""What the project can do, a file each, and the door to a saved model."""

from collections.abc import Iterable
from pathlib import Path

from textrnn.cells import Cell, add_cells
from textrnn.engines.onnx_engine import OnnxEngine
from textrnn.errors import ModelError, UsageError
from textrnn.extras import require
from textrnn.model_folder import ModelFolder, find_model
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.tokenizer import Tokenizer

TASKS: dict[str, type[LanguageModel]] = {LanguageModel.task: LanguageModel}


def load(model: str | Path, *, engine: str = "onnx", threads: int = 0, cells: Iterable[Cell] = ()) -> LanguageModel:
    """Open a model for use.

    model: a model folder, or the name of a bundled model. engine: "onnx", or "torch" (needs the train extra).
    threads: for one product; 0 is one for each core. cells: those of the model that are not the package's own. Raises
    ModelError where the folder is absent or damaged.
    """
    add_cells(cells)
    folder = ModelFolder(find_model(str(model)))
    config = folder.config
    if config.task not in TASKS:
        raise ModelError(f"{model} is a model for {config.task!r}, which this version does not know")
    tokenizer = Tokenizer.from_json(folder.read("tokenizer.json"), config.text.level)
    architecture = config.architecture
    symbols = {architecture.head.classes, architecture.input.symbols}
    if symbols != {len(tokenizer)}:
        stated = " and ".join(map(str, sorted(symbols)))
        raise ModelError(f"{model}: tokenizer.json has {len(tokenizer)} symbols and config.json {stated}")
    if engine == "onnx":
        onnx_engine = OnnxEngine(folder.read("model.onnx"), threads=threads)
        if onnx_engine.classes != architecture.head.classes:
            raise ModelError(f"{model}: model.onnx has {onnx_engine.classes} symbols, not those of config.json")
        if onnx_engine.units != architecture.core.state_sizes():
            raise ModelError(f"{model}: model.onnx has other layers than config.json")
        return TASKS[config.task](onnx_engine, tokenizer, config)
    if engine == "torch":
        require("train", "--engine torch")
        from textrnn.export.save import load_network
        from textrnn.networks.torch_engine import TorchEngine

        return TASKS[config.task](TorchEngine(load_network(folder)), tokenizer, config)
    raise UsageError(f"unknown engine {engine!r}: onnx or torch")
