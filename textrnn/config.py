"""What config.json says, as frozen specs that refuse unknown keys.

Plain data, checked on reading; no framework is imported here.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from textrnn.architecture import MOST_SYMBOLS, UNKNOWN_CELL, Architecture, LabelPerSequence
from textrnn.errors import ModelError
from textrnn.spec import Spec, first_problem

FORMAT_VERSION = 4

LevelName = Literal["char", "ngram", "word", "bpe"]
Unit = Literal["text", "line"]
Split = Literal["punctuation", "spaces", "english"]
Precision = Literal["float32", "int8"]


class Labels(Spec):
    """The labels of a classifier, by their numbers. is_ordinal: they are in order, from the lowest to the highest.

    temperature: what logits are divided by, so that probabilities are neither too sure nor too unsure (Guo et al.,
    2017).
    """

    names: tuple[str, ...] = Field(min_length=2, max_length=MOST_SYMBOLS)
    is_ordinal: bool = False
    temperature: float = Field(1.0, gt=0, allow_inf_nan=False)

    @field_validator("names")
    @classmethod
    def _differ(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("a label is named twice")
        return names


class TextSettings(Spec):
    """How text becomes symbols, and how far one example reaches."""

    level: LevelName = "char"
    unit: Unit = "text"


class Part(Spec):
    """One file of a model folder."""

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Figure(Spec):
    """One metric of a model's card."""

    metric: str
    value: float | None
    protocol: str


class TrainingSummary(Spec):
    """How a model came to be: for people and for the model card; nothing reads it to run the model."""

    data: str = ""
    source: str = ""
    files: dict[str, str] = Field(default_factory=dict)  # name → sha256
    licence: str = ""
    command: str = ""
    parameters: int = 0
    steps: int = 0
    best_step: int = 0
    ended: str = ""
    metrics: tuple[Figure, ...] = ()
    settings: dict[str, bool | int | float | str | None] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)


class Bound(Spec):
    """How large the entries of a vector may be in int8, and the share of them beyond, on training text."""

    value: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    clipped: Annotated[float, Field(ge=0, le=1)]


class ModelConfig(Spec):
    """The whole of config.json. bounds: of the vectors that `Core.unbounded` names. labels: where a head has names."""

    format_version: Annotated[int, Field(ge=1, le=FORMAT_VERSION)] = FORMAT_VERSION
    task: str
    architecture: Architecture
    text: TextSettings
    labels: Labels | None = None
    precision: Precision = "float32"
    bounds: dict[str, Bound] = Field(default_factory=dict)
    training: TrainingSummary = TrainingSummary()
    parts: dict[str, Part] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        names = self.labels.names if self.labels else ()
        if isinstance(self.architecture.head, LabelPerSequence) and len(names) != self.architecture.head.classes:
            raise ValueError(
                f"the head has {self.architecture.head.classes} classes, and {len(names)} labels are named"
            )
        return self


def refusal(file: Path, error: ValidationError) -> ModelError:
    """What is wrong with a file of specs, in one line."""
    problem = error.errors(include_url=False)[0]
    if problem["type"] == UNKNOWN_CELL:
        name = repr(problem["input"])[:60]
        return ModelError(
            f"{file}: unknown cell {name}, none of this program: "
            "from Python, load(..., cells=[...]) takes one of your own"
        )
    return ModelError(f"{file} is malformed: {first_problem(error)}")
