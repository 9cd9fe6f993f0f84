"""What a classifier begins with that goes on from a language model: its vocabulary, its layers and their weights.

Semi-supervised sequence learning (Dai and Le, 2015), universal language model fine-tuning (Howard and Ruder, 2018).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from textrnn.config import LevelName
from textrnn.errors import UsageError
from textrnn.export.save import load_network
from textrnn.model_folder import ModelFolder, find_model
from textrnn.settings import TrainingSettings
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.tokenizer import Tokenizer
from textrnn.training.corpus import Start

DECIDED = (  # by the language model
    *("level", "vocabulary_size", "min_count", "ngram", "lower", "literal_unk", "split"),
    *("embedding", "embedding_size", "freeze_embedding", "cell", "units", "layers", "projection", "residual"),
    *("bidirectional", "recurrent_start"),
)


@dataclass(frozen=True)
class LanguageStart:
    """A language model as a beginning. weights: by their names in a network, without those of its head."""

    level: LevelName
    tokenizer: Tokenizer
    facts: Start
    weights: Mapping[str, Tensor]

    def settings(self) -> dict[str, object]:
        """The settings that say the same."""
        core, entry = self.facts.core, self.facts.input
        return {
            "level": self.level,
            "lower": False,
            "cell": core.cell,
            "units": core.units,
            "layers": core.layers,
            "projection": core.projection or 0,
            "residual": core.residual,
            "bidirectional": False,
            "embedding_size": getattr(entry, "size", 1),
        }


def read_start(settings: TrainingSettings) -> LanguageStart | None:
    """The language model that the settings name, if they name one; UsageError where they cannot be followed."""
    if settings.init_from is None:
        return None
    if given := sorted(settings.model_fields_set.intersection(DECIDED)):
        raise UsageError(f"{given[0]} is that of the model of --init-from: leave it out")
    folder = ModelFolder(find_model(settings.init_from))
    config = folder.config
    if config.task != LanguageModel.task:
        raise UsageError(f"--init-from takes a language model, and {settings.init_from} is a {config.task}")
    if config.precision != "float32":
        raise UsageError(f"{settings.init_from} is {config.precision}, without weights to train further")
    network = load_network(folder)
    weights = {name: value for name, value in network.state_dict().items() if not name.startswith("head.")}
    facts = Start(name=settings.init_from, core=config.architecture.core, input=config.architecture.input)
    tokenizer = Tokenizer.from_json(folder.read("tokenizer.json"), config.text.level)
    return LanguageStart(config.text.level, tokenizer, facts, weights)
