"""Write a network as a model folder, and read it back for PyTorch."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from textrnn.config import ModelConfig
from textrnn.export.card import model_card
from textrnn.model_folder import ModelFolder, write_model
from textrnn.networks.graphs import graphs_of
from textrnn.networks.sequence import SequenceNetwork
from textrnn.text.tokenizer import Tokenizer
from textrnn.weights_file import check_weights

HISTORY = "history.jsonl"


def save_model(
    path: Path,
    network: SequenceNetwork,
    tokenizer: Tokenizer,
    config: ModelConfig,
    *,
    history: Iterable[Mapping[str, Any]] = (),
    source_tokenizer: Tokenizer | None = None,
) -> ModelConfig:
    """Write a model folder whole. An int8 config gets the graphs alone, without weights to train further.

    source_tokenizer: of a translator whose source has a vocabulary of its own.
    """
    parts = {"tokenizer.json": tokenizer.to_json()}
    if source_tokenizer is not None:
        parts["source_tokenizer.json"] = source_tokenizer.to_json()
    parts |= graphs_of(network, config.precision, bound_values(config))
    if config.precision == "float32":
        parts["model.safetensors"] = save({name: value.cpu() for name, value in network.state_dict().items()})
    if rows := as_lines(history):
        parts[HISTORY] = rows
    sizes = {name: len(content) for name, content in parts.items()}
    return write_model(path, config, parts, card=model_card(path.name, config, sizes))


def save_history(path: Path, config: ModelConfig, history: Iterable[Mapping[str, Any]]) -> ModelConfig:
    """Put a newer history and config into a model folder whose other parts stay."""
    folder = ModelFolder(path)
    parts = {HISTORY: as_lines(history)}
    kept = folder.config.parts.keys() - parts.keys()
    sizes = {**folder.sizes(), HISTORY: len(parts[HISTORY])}
    return write_model(path, config, parts, card=model_card(path.name, config, sizes), kept=kept)


def as_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as JSON, one a line."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def load_network(folder: ModelFolder) -> SequenceNetwork:
    """The network of a float32 folder, with its weights."""
    content = folder.read("model.safetensors")
    check_weights(content, folder.config.architecture)
    network = SequenceNetwork(folder.config.architecture)
    network.load_state_dict(load(content))
    return network.eval()


def bound_values(config: ModelConfig) -> dict[str, float]:
    """The bounds that a graph asks for."""
    return {name: bound.value for name, bound in config.bounds.items()}


def count_parameters(network: torch.nn.Module) -> int:
    """How many numbers are learnt."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
