"""What a user left open, chosen: by the level of the text, then by its size."""

import math

from pydantic import ValidationError

from textrnn.architecture import (
    Architecture,
    Condition,
    Core,
    Decoder,
    LabelPerSequence,
    LabelPerStep,
    Learned,
    OneHot,
    Pretrained,
    ReadoutName,
)
from textrnn.config import LevelName, Split, Unit
from textrnn.errors import UsageError
from textrnn.networks.dropout import Dropouts
from textrnn.settings import WORD2VEC_SEEDS, MetricName, TrainingSettings
from textrnn.spec import first_problem
from textrnn.task_settings import refuse_other_tasks
from textrnn.text.levels import LEVELS

# Of a text of fewer symbols than this: what is chosen where the user chose nothing.
BY_SIZE: dict[str, tuple[tuple[float, dict[str, float]], ...]] = {
    "characters": (
        (300_000, {"units": 256, "dropout": 0.5}),
        (3_000_000, {"units": 512, "dropout": 0.2}),
        (math.inf, {"units": 512, "dropout": 0.1}),
    ),
    "others": (
        (300_000, {"embedding_size": 256, "units": 256, "dropout": 0.6, "input_dropout": 0.5}),
        (3_000_000, {"embedding_size": 400, "units": 640, "dropout": 0.5, "input_dropout": 0.4}),
        (math.inf, {"embedding_size": 400, "units": 640, "dropout": 0.2, "input_dropout": 0.1}),
    ),
}
ALWAYS: dict[str, dict[str, float]] = {
    "characters": {"embedding_size": 128, "layers": 1, "input_dropout": 0.0, "window": 64, "rate": 0.009},
    "others": {"layers": 2, "window": 35, "rate": 0.003},
}
OF_LM: dict[str, float] = {"embedding_deviation": 0.0, "weight_decay": 0.1, "batch": 32}
OF_LM |= {"batch_symbols": 1, "label_smoothing": 0.0}  # of no use
OF_CLASSIFIER: dict[str, float] = {
    **{"embedding_size": 150, "units": 150, "layers": 1, "input_dropout": 0.4, "dropout": 0.5},
    **{"rate": 0.002, "window": 1, "batch": 128, "weight_decay": 0.01},
    **{"batch_symbols": 2048, "label_smoothing": 0.0},
}
LENGTH = 1.6  # of learned vectors as they begin, whatever their size
FOUND = 1.0  # the deviation of vectors that others made, once a classifier has scaled them
OF_TRANSLATOR: dict[str, float] = {
    **{"embedding_size": 256, "units": 512, "layers": 1, "input_dropout": 0.3, "dropout": 0.3},
    **{"rate": 0.002, "window": 1, "batch": 128, "weight_decay": 0.01},
    **{"batch_symbols": 4096, "label_smoothing": 0.1},
}

LEVEL_OF: dict[str, LevelName] = {"classifier": "word", "translator": "bpe"}  # of other tasks the character
WORD2VEC = ("word2vec_model", "word2vec_window", "word2vec_negative", "word2vec_epochs")  # the seed may be chosen
NGRAM = TrainingSettings.model_fields["ngram"].default


class LevelSettings(TrainingSettings):
    """Settings in which all is chosen that the text is read by."""

    level: LevelName
    lower: bool
    unit: Unit
    vocabulary_size: int
    min_count: int
    split: Split
    joint_vocabulary: bool = False
    tied: bool


class ChosenSettings(LevelSettings):
    """Settings in which nothing is left open."""

    embedding_size: int
    embedding_deviation: float
    weight_decay: float
    batch: int
    batch_symbols: int
    label_smoothing: float
    units: int
    layers: int
    input_dropout: float
    dropout: float
    window: int
    rate: float
    word2vec_seed: int
    bidirectional: bool
    readout: tuple[ReadoutName, ...]
    metric: MetricName

    @property
    def validations(self) -> int:
        """Evaluations in the whole run, that of a mean of weights among them."""
        return self.evaluations + bool(self.average_checkpoints)


def with_level_defaults(settings: TrainingSettings, *, task: str = "lm") -> LevelSettings:
    """The settings with what was left open about the text chosen by the task and its level.

    Raises UsageError for a setting that the task or the level has no use for.
    """
    refuse_other_tasks(task, settings)
    is_classifier = task == "classifier"
    name: LevelName = settings.level or LEVEL_OF.get(task, "char")
    settings = settings.model_copy(update={"level": name})
    level = LEVELS[name]
    if settings.level not in ("word", "bpe") and (settings.lower or settings.literal_unk):
        raise UsageError(f"lower and literal_unk are for the levels word and bpe, not for {settings.level}")
    if settings.level != "ngram" and settings.ngram != NGRAM:
        raise UsageError(f"ngram is for the level ngram, not for {settings.level}")
    if settings.level != "word" and settings.split in ("spaces", "english"):
        raise UsageError(f"split is for the level word, not for {settings.level}")
    for each in WORD2VEC:
        if settings.embedding != "word2vec" and getattr(settings, each) != TrainingSettings.model_fields[each].default:
            raise UsageError(f"{each} is for the embedding word2vec, not for {settings.embedding}")
    is_closed = settings.literal_unk and settings.level == "word"  # somebody has chosen the vocabulary already
    most, least = (0, 1) if is_closed else (level.most_symbols, level.min_count)
    is_tied = settings.level != "char" and settings.embedding == "learned" and not is_classifier
    unit = level.unit if task == "lm" else "line"
    is_joint = task == "translator" and name == "bpe"
    update = {
        "lower": is_classifier and name == "word" if settings.lower is None else settings.lower,
        "unit": unit if settings.unit == "auto" else settings.unit,
        "vocabulary_size": most if settings.vocabulary_size is None else settings.vocabulary_size,
        "min_count": least if settings.min_count is None else settings.min_count,
        "split": ("spaces" if is_closed else "punctuation") if settings.split == "auto" else settings.split,
        "joint_vocabulary": is_joint if settings.joint_vocabulary is None else settings.joint_vocabulary,
        "tied": is_tied if settings.tied is None else settings.tied,
    }
    return LevelSettings(**{**settings.model_dump(), **update})


def by_size(settings: LevelSettings, symbols: int) -> ChosenSettings:
    """The settings with what was left open chosen by the level and the size of the text.

    One layer that is tied has as many units as the vectors have entries: one of the two decides the other. Raises
    UsageError where both are given and differ.
    """
    kind = "characters" if settings.level == "char" else "others"
    others = {"bidirectional": False, "readout": ("last",), "metric": "loss"}
    chosen = {**OF_LM, **ALWAYS[kind], **next(row for most, row in BY_SIZE[kind] if symbols < most)}
    chosen["word2vec_seed"] = settings.seed % WORD2VEC_SEEDS
    given = {name: value for name, value in settings.model_dump().items() if value is not None}
    if settings.tied and settings.projection:
        if given.setdefault("embedding_size", settings.projection) != settings.projection:
            raise UsageError(
                f"vectors that are tied have as many entries as the projection, {settings.projection}, "
                f"not {given['embedding_size']}"
            )
    elif settings.tied and given.get("layers", chosen["layers"]) == 1:
        units, size = given.get("units"), given.get("embedding_size")
        if units and size and units != size:
            raise UsageError(
                f"one layer with tied vectors has as many units as they have entries, not {units} and {size}"
            )
        given["units"] = given["embedding_size"] = units or size or chosen["embedding_size"]
    if settings.windows == "shift":
        given["shift"] = settings.shift or max(1, given.get("window", chosen["window"]) // 2)
    return ChosenSettings(**{**chosen, **others, **given})


def for_classifier(settings: LevelSettings) -> ChosenSettings:
    """The settings with what was left open chosen for a classifier."""
    given = {name: value for name, value in settings.model_dump().items() if value is not None}
    others = {"bidirectional": True, "readout": ("max", "attention"), "metric": "accuracy"}
    seed = {"word2vec_seed": settings.seed % WORD2VEC_SEEDS}
    chosen = {**OF_CLASSIFIER, **others, **seed, **given}
    deviation = LENGTH / math.sqrt(chosen["embedding_size"]) if settings.embedding == "learned" else FOUND
    return ChosenSettings(**{"embedding_deviation": deviation, **chosen})


def for_translator(settings: LevelSettings) -> ChosenSettings:
    """The settings with what was left open chosen for a translator."""
    if settings.embedding not in ("learned", "one-hot"):
        raise UsageError(f"a translator's embedding is learned or one-hot, not {settings.embedding}")
    given = {name: value for name, value in settings.model_dump().items() if value is not None}
    others = {"bidirectional": True, "readout": ("last",), "metric": "bleu"}
    found = {**OF_TRANSLATOR, **others, "word2vec_seed": settings.seed % WORD2VEC_SEEDS, **given}
    chosen = ChosenSettings(**{"embedding_deviation": LENGTH / math.sqrt(found["embedding_size"]), **found})
    is_varied = chosen.recurrent_dropout or chosen.weight_dropout or chosen.dropout_mask == "sequence"
    if chosen.input_feeding and is_varied:
        raise UsageError(
            "with input_feeding the decoder is computed a step at a time, so that nothing can be dropped for a whole "
            "sequence: leave out recurrent_dropout, weight_dropout and dropout_mask"
        )
    if chosen.bidirectional and chosen.units % 2:
        raise UsageError(f"each direction of the encoder has half of the units: {chosen.units} is odd")
    return chosen


def input_of(settings: ChosenSettings, *, symbols: int, origin: str) -> OneHot | Learned | Pretrained:
    """How symbols enter the network that settings describe."""
    if settings.embedding == "one-hot":
        return OneHot(symbols=symbols)
    if settings.embedding == "learned":
        return Learned(symbols=symbols, size=settings.embedding_size)
    return Pretrained(symbols=symbols, size=settings.embedding_size, frozen=settings.freeze_embedding, origin=origin)


def architecture(
    settings: ChosenSettings, *, symbols: int, origin: str = "", condition: Condition | None = None
) -> Architecture:
    """The language model that settings describe. origin: of vectors that others made."""
    size = settings.embedding_size
    top_units = size if settings.tied and not settings.projection and size != settings.units else None
    return Architecture(
        input=input_of(settings, symbols=symbols, origin=origin),
        core=core_of(settings, top_units=top_units),
        head=LabelPerStep(classes=symbols, tied=settings.tied),
        condition=condition,
    )


def classifier_architecture(settings: ChosenSettings, *, symbols: int, classes: int, origin: str = "") -> Architecture:
    """The classifier that settings describe. origin: as above."""
    return Architecture(
        input=input_of(settings, symbols=symbols, origin=origin),
        core=core_of(settings),
        head=sequence_head(settings, classes=classes),
    )


def translator_architecture(settings: ChosenSettings, *, source_symbols: int, symbols: int) -> Architecture:
    """The translator that settings describe. The directions of its encoder share the units that its decoder has."""
    entry = input_of(settings, symbols=symbols, origin="")
    core = core_of(settings)
    half = core.model_copy(update={"units": core.units // 2}) if core.bidirectional else core
    try:
        return Architecture(
            input=input_of(settings, symbols=source_symbols, origin=""),
            core=half,
            head=Decoder(
                input=entry,
                core=core.model_copy(update={"bidirectional": False}),
                attention=None if settings.attention == "none" else settings.attention,
                input_feeding=settings.input_feeding,
                tied=settings.tied,
                shared=settings.joint_vocabulary and isinstance(entry, Learned),
            ),
        )
    except ValidationError as error:
        raise UsageError(first_problem(error)) from None


def sequence_head(settings: ChosenSettings, *, classes: int) -> LabelPerSequence:
    """The head of a classifier."""
    try:
        return LabelPerSequence(classes=classes, readouts=settings.readout)
    except ValidationError as error:
        raise UsageError(first_problem(error)) from None


def core_of(settings: ChosenSettings, *, top_units: int | None = None) -> Core:
    """The layers that settings describe."""
    try:
        return Core(
            cell=settings.cell,
            units=settings.units,
            layers=settings.layers,
            top_units=top_units,
            projection=settings.projection or None,
            bidirectional=settings.bidirectional,
            residual=settings.residual,
        )
    except ValidationError as error:
        raise UsageError(first_problem(error)) from None


def dropouts(settings: ChosenSettings) -> Dropouts:
    """What settings drop."""
    return Dropouts(
        symbols=settings.word_dropout,
        embedding=settings.embedding_dropout,
        input=settings.input_dropout,
        layers=settings.dropout,
        recurrent=settings.recurrent_dropout,
        weight=settings.weight_dropout,
        per_sequence=settings.dropout_mask == "sequence",
    )
