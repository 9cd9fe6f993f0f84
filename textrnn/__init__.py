"""textrnn: text with recurrent networks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textrnn.cells import Cell as Cell
    from textrnn.tasks import load as load
    from textrnn.tasks.classifier import Classifier as Classifier
    from textrnn.tasks.explaining import Explanation as Explanation
    from textrnn.tasks.generation import Generation as Generation
    from textrnn.tasks.language_model import LanguageModel as LanguageModel
    from textrnn.tasks.prediction import Prediction as Prediction
    from textrnn.tasks.scoring import Score as Score
    from textrnn.tasks.scoring import TokenList as TokenList
    from textrnn.tasks.translation import Translation as Translation
    from textrnn.tasks.translator import Translator as Translator
    from textrnn.training.starting import train as train

__version__ = "0.1.0"

_HOMES = {  # each is imported on first use, so that `import textrnn` costs nothing
    "Cell": "textrnn.cells",
    "Classifier": "textrnn.tasks.classifier",
    "Explanation": "textrnn.tasks.explaining",
    "Generation": "textrnn.tasks.generation",
    "LanguageModel": "textrnn.tasks.language_model",
    "Prediction": "textrnn.tasks.prediction",
    "Score": "textrnn.tasks.scoring",
    "TokenList": "textrnn.tasks.scoring",
    "Translation": "textrnn.tasks.translation",
    "Translator": "textrnn.tasks.translator",
    "load": "textrnn.tasks",
    "train": "textrnn.training.starting",
}
__all__ = [
    "Cell",
    "Classifier",
    "Explanation",
    "Generation",
    "LanguageModel",
    "Prediction",
    "Score",
    "TokenList",
    "Translation",
    "Translator",
    "__version__",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'textrnn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
