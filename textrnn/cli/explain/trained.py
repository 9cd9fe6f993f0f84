"""A trained language model as a network in PyTorch, whose gradients can be followed."""

from typing import TYPE_CHECKING

from textrnn.errors import UsageError

if TYPE_CHECKING:
    from textrnn.config import ModelConfig
    from textrnn.networks.sequence import SequenceNetwork
    from textrnn.text.tokenizer import Tokenizer


def open_network(model: str) -> "tuple[SequenceNetwork, Tokenizer, ModelConfig]":
    """The network of a model; UsageError where it is no language model, or its texts begin with a condition."""
    from textrnn.export.save import load_network
    from textrnn.model_folder import ModelFolder, find_model
    from textrnn.tasks import check_sizes, read_tokenizers

    folder = ModelFolder(find_model(model))
    config = folder.config
    if config.task != "lm" or config.architecture.condition:
        raise UsageError(f"gradients are followed in a language model whose texts begin with nothing, not in {model}")
    (tokenizer,) = read_tokenizers(folder)
    check_sizes(model, config, tokenizer)
    return load_network(folder), tokenizer, config
