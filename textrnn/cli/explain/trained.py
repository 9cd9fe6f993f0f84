"""A trained language model as a network in PyTorch, whose gradients can be followed."""

from typing import TYPE_CHECKING

from textrnn.errors import ModelError, UsageError

if TYPE_CHECKING:
    from textrnn.config import ModelConfig
    from textrnn.networks.sequence import SequenceNetwork
    from textrnn.text.tokenizer import Tokenizer


def open_network(model: str) -> "tuple[SequenceNetwork, Tokenizer, ModelConfig]":
    """The network of a model; UsageError where it is no language model or its texts begin with a condition.

    ModelError where it has only weights of 8 bits, which no gradient goes through.
    """
    from textrnn.export.save import load_network
    from textrnn.model_folder import ModelFolder, find_model
    from textrnn.tasks import check_kind, check_sizes, read_tokenizers
    from textrnn.tasks.language_model import LanguageModel

    folder = ModelFolder(find_model(model))
    config = folder.config
    check_kind(model, config, LanguageModel)
    if config.architecture.condition:
        raise UsageError(f"each text of {model} begins with a condition: gradients are followed in a model without one")
    if "model.safetensors" not in config.parts:
        raise ModelError(f"{model} is an int8 model, which no gradient goes through: give one from textrnn train lm")
    (tokenizer,) = read_tokenizers(folder)
    check_sizes(model, config, tokenizer)
    return load_network(folder), tokenizer, config
