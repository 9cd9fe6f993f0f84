"""What config.json says, as frozen specs that refuse unknown keys, and the settings of a training run.

Plain data, checked on reading; no framework is imported here.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from textrnn.cells import CELLS
from textrnn.errors import UsageError

FORMAT_VERSION = 1

LevelName = Literal["char", "ngram", "word", "bpe"]
Unit = Literal["text", "line"]
Precision = Literal["float32", "int8"]

MOST_SYMBOLS = 1 << 22  # these bound what a file can make the program allocate, far above what is trained
MOST_UNITS = 1 << 16
MOST_LAYERS = 1 << 10


class Spec(BaseModel):
    """Base of every spec: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # the schema is built on first use


def known_cell(name: str) -> str:
    """The name, if there is such a cell."""
    if name not in CELLS:
        raise ValueError(f"unknown cell {name!r}; one of {', '.join(CELLS)}")
    return name


class OneHot(Spec):
    """Each symbol is a unit vector; as a look-up of input weights, so that the vectors never exist."""

    kind: Literal["one-hot"] = "one-hot"
    symbols: int = Field(gt=0, le=MOST_SYMBOLS)


class Learned(Spec):
    """Each symbol has a vector that is learnt with the network."""

    kind: Literal["learned"] = "learned"
    symbols: int = Field(gt=0, le=MOST_SYMBOLS)
    size: int = Field(gt=0, le=MOST_UNITS)


Input = Annotated[OneHot | Learned, Field(discriminator="kind")]


class Core(Spec):
    """A stack of recurrent layers, all of `units` but the last where it has `top_units` of its own."""

    cell: str = "lstm"
    units: int = Field(gt=0, le=MOST_UNITS)
    layers: int = Field(1, gt=0, le=MOST_LAYERS)
    top_units: int | None = Field(None, gt=0, le=MOST_UNITS)

    @field_validator("cell")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return known_cell(name)

    @property
    def sizes(self) -> list[int]:
        """The units of each layer."""
        return [self.units] * (self.layers - 1) + [self.top_units or self.units]

    def __str__(self) -> str:
        """The stack in words, such as 2 x 512 lstm or 512 + 320 lstm."""
        is_even = len(set(self.sizes)) == 1
        size = f"{self.layers} x {self.units}" if is_even else " + ".join(map(str, self.sizes))
        return f"{size} {self.cell}"


class LabelPerStep(Spec):
    """A distribution over `classes` labels after every step; for a language model the next token is the label.

    tied: a label's weights are the vector of the same symbol at the input (Inan et al., 2017; Press and Wolf, 2017).
    """

    kind: Literal["label-per-step"] = "label-per-step"
    classes: int = Field(gt=0, le=MOST_SYMBOLS)
    tied: bool = False


Head = LabelPerStep


class Architecture(Spec):
    """Three choices that compose: what goes in, what recurs, what comes out."""

    input: Input
    core: Core
    head: Head

    def shapes(self) -> list[tuple[str, int, int]]:
        """Every array of weights, as trained: name, rows, columns (1 for a bias)."""
        gates = len(CELLS[self.core.cell].gates)
        learned = isinstance(self.input, Learned)
        below = self.input.size if isinstance(self.input, Learned) else self.input.symbols
        shapes = [("input.table", self.input.symbols, below)] if learned else []
        for layer, units in enumerate(self.core.sizes):
            name, rows = f"layers.{layer}", gates * units
            shapes += [
                (f"{name}.weight_ih", rows, below),
                (f"{name}.weight_hh", rows, units),
                (f"{name}.bias_ih", rows, 1),
                (f"{name}.bias_hh", rows, 1),
            ]
            below = units
        head = [] if self.head.tied else [("head.weight", self.head.classes, below)]
        return [*shapes, *head, ("head.bias", self.head.classes, 1)]

    def state_sizes(self) -> dict[str, int]:
        """The units of each part of the state, by its name in a graph."""
        parts = CELLS[self.core.cell].state
        return {f"{part}.{layer}": units for layer, units in enumerate(self.core.sizes) for part in parts}

    @model_validator(mode="after")
    def _ties_fit(self) -> Self:
        if not self.head.tied:
            return self
        if not isinstance(self.input, Learned):
            raise ValueError("a tied head needs learned vectors at the input")
        if (self.input.symbols, self.input.size) != (self.head.classes, self.core.sizes[-1]):
            raise ValueError("a tied head needs as many labels as symbols, and a top layer of the vectors' size")
        return self


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
    files: dict[str, str] = {}  # name → sha256
    licence: str = ""
    command: str = ""
    parameters: int = 0
    steps: int = 0
    best_step: int = 0
    ended: str = ""
    metrics: tuple[Figure, ...] = ()
    settings: dict[str, bool | int | float | str | None] = {}
    versions: dict[str, str] = {}


class Data(Spec):
    """What a training run reads: files, folders, patterns, "-" or "datasets:ID"; see text.corpora.Texts."""

    files: tuple[str, ...]
    valid: str | None = None
    input_format: str = "auto"
    column: str | None = None
    encoding: str = "utf-8"
    streaming: bool = False
    strict: bool = False


class ModelConfig(Spec):
    """The whole of config.json."""

    format_version: Annotated[int, Field(ge=1, le=FORMAT_VERSION)] = FORMAT_VERSION
    task: str
    architecture: Architecture
    text: TextSettings
    precision: Precision = "float32"
    training: TrainingSummary = TrainingSummary()
    parts: dict[str, Part] = {}


Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(gt=0)]
CountFromZero = Annotated[int, Field(ge=0)]


class TrainingSettings(Spec):
    """What `train lm` can be told, by flag, by `--set name=value` or by a TOML file. The descriptions are its help."""

    level: LevelName = Field("char", description="What a symbol is: char, ngram, word or bpe (pieces of words).")
    unit: Literal["auto", "text", "line"] = Field(
        "auto", description="How far a text reaches: a whole file (text) or each line; auto: line for word and bpe."
    )
    vocabulary_size: CountFromZero | None = Field(
        None,
        description="Keep this many symbols, the most frequent; 0 keeps all. "
        "Default: all characters, 10,000 n-grams, 33,000 words (all where <unk> is literal), 8,000 pieces (with those "
        "for bytes and special ones).",
    )
    min_count: Count | None = Field(
        None,
        description="Drop symbols seen fewer times than this. "
        "Default: 1 for characters and for words where <unk> is literal, else 2.",
    )
    ngram: Annotated[int, Field(ge=2, le=4)] = Field(3, description="Characters of an n-gram.")
    lower: bool = Field(False, description="Read words and pieces in lower case.")
    literal_unk: bool = Field(False, description="The word <unk> means the unknown symbol, as in the Penn Treebank.")
    split: Literal["auto", "spaces", "punctuation"] = Field(
        "auto",
        description="Where words end: at spaces alone, or at punctuation too; auto: spaces where <unk> is literal.",
    )

    input: Literal["learned", "one-hot"] = Field("learned", description="How a symbol enters: learned or one-hot.")
    embedding: Count | None = Field(None, le=MOST_UNITS, description="Size of a learned symbol vector.")
    tied: bool | None = Field(
        None, description="Share the symbol vectors with the output layer. Default: where a symbol is not a character."
    )
    cell: str = Field("lstm", description=f"Recurrent cell: {', '.join(CELLS)}.")
    units: Count | None = Field(
        None, le=MOST_UNITS, description="Units in each layer; chosen by the size of the text if not given."
    )
    layers: Count | None = Field(None, le=MOST_LAYERS, description="Recurrent layers, one above the other.")

    input_dropout: Share | None = Field(None, description="Share of the symbol vectors' entries dropped in training.")
    dropout: Share | None = Field(
        None,
        description="Share of each layer's outputs dropped in training; chosen by the size of the text if not given.",
    )
    recurrent_dropout: Share = Field(0.0, description="Share of the hidden-to-hidden weights dropped in training.")
    weight_decay: NotNegative = Field(0.1, description="Decoupled weight decay (AdamW).")

    batch: Count = Field(32, description="Streams read side by side.")
    window: Count | None = Field(
        None, description="Steps that the gradient reaches back (truncated BPTT); 64 characters, else 35."
    )
    fresh: Share = Field(
        0.1, description="Share of windows after which a stream goes on at the next line with no memory."
    )
    rate: Positive | None = Field(None, description="Peak learning rate; 0.009 for characters, else 0.003.")
    final_rate: Share = Field(0.0, description="Rate at the end, as a share of the peak.")
    warmup: CountFromZero = Field(100, description="Steps in which the rate rises to its peak.")
    beta2: Annotated[float, Field(gt=0, lt=1)] = Field(0.99, description="AdamW's second moment decay.")
    clip_norm: NotNegative = Field(1.0, description="Largest norm of the gradient; 0 is no limit.")
    clip_value: NotNegative = Field(0.0, description="Largest entry of the gradient; 0 is no limit.")

    minutes: NotNegative = Field(0.0, description="Time to train for, evaluation included; 10 if no end is given.")
    epochs: NotNegative = Field(0.0, description="Passes over the training text; at most 40 with --minutes alone.")
    steps: CountFromZero = Field(0, description="Updates to make, and no other end.")
    evaluations: Count = Field(10, description="How often to evaluate in the whole run.")
    patience: CountFromZero = Field(5, description="Stop after this many evaluations without a better one; 0 never.")
    valid_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.05, description="Share of the text, at its end, held out where --valid is not given."
    )
    valid_symbols: Count = Field(200_000, description="Validation symbols read at each evaluation, from the beginning.")
    save_seconds: NotNegative = Field(60.0, description="Seconds between two saved states for --resume.")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="Seed of all that is random.")
    device: str = Field("auto", description="auto, cpu, cuda or mps.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Matrix products in bfloat16 (auto: where the processor is fast at it) or float32."
    )

    @field_validator("cell")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return known_cell(name)

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.steps and (self.minutes or self.epochs):
            raise ValueError("steps excludes minutes and epochs: give one end")
        return self

    @model_validator(mode="after")
    def _ties_vectors(self) -> Self:
        if self.tied and self.input != "learned":
            raise ValueError("a tied head needs learned vectors at the input")
        return self


def training_settings(values: dict[str, Any]) -> TrainingSettings:
    """Settings from names and values, with a one-line UsageError for an unknown name or a value out of range."""
    unknown = [name for name in values if name not in TrainingSettings.model_fields]
    if unknown:
        known = ", ".join(TrainingSettings.model_fields)
        raise UsageError(f"unknown setting {unknown[0]!r}; there are: {known}")
    try:
        return TrainingSettings(**values)
    except ValidationError as error:
        raise UsageError(first_problem(error)) from None


def first_problem(error: ValidationError) -> str:
    """Pydantic's first complaint in one line: where, what."""
    problem = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(step) for step in problem["loc"])
    what = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what
