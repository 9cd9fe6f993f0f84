"""What a training run can be told, each setting described where it is declared; these are the help."""

import os
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from textrnn.architecture import MOST_LAYERS, MOST_UNITS, AttentionName, ReadoutName, known_cell
from textrnn.cells import CELLS
from textrnn.config import LevelName
from textrnn.errors import UsageError, meant
from textrnn.spec import Spec, first_problem

PROJECTED = ", ".join(name for name, cell in CELLS.items() if cell.projects)
Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0)]
CountFromZero = Annotated[int, Field(ge=0)]
MetricName = Literal["loss", "accuracy", "macro-f1", "bleu"]

FRESH = 0.1
AVERAGED: Literal["last", "best"] = "best"

EMBEDDINGS = ("learned", "one-hot", "word2vec")  # and any other is a file's name
WORD2VEC_SEEDS = 2**32  # as many as gensim takes


class TrainingSettings(Spec):
    """What `train` can be told, by flag, `--set name=value` or a TOML file; for which tasks: see task_settings."""

    level: LevelName | None = Field(
        None,
        description="What a symbol is: char, ngram, word or bpe (pieces of words). Default: char for lm, word for "
        "classifier, bpe for translator.",
    )
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
    lower: bool | None = Field(
        None,
        description="Read words and pieces in lower case. Default: words of a classifier, nothing of a language model.",
    )
    literal_unk: bool = Field(False, description="The word <unk> means the unknown symbol, as in the Penn Treebank.")
    split: Literal["auto", "punctuation", "spaces", "english"] = Field(
        "auto",
        description="Where words end: at punctuation, at spaces alone, or as english treebanks have them (do n't); "
        "auto: spaces where <unk> is literal, else punctuation.",
    )

    joint_vocabulary: bool | None = Field(
        None, description="Give source and target of a pair one vocabulary. Default: where symbols are pieces (bpe)."
    )
    longest_pair: CountFromZero = Field(
        100, description="Leave out pairs to learn from with more symbols than this on either side; 0 leaves out none."
    )
    length_ratio: NotNegative = Field(
        9.0,
        description="Leave out pairs to learn from whose one side has more than so many times the other's symbols; 0 "
        "leaves out none.",
    )

    embedding: str = Field(
        "learned",
        description="How a symbol enters: as a vector that is learned, one-hot, by word2vec on the training text "
        "first, or from a file of vectors: a path (word2vec, GloVe, fastText .vec, .gz).",
    )
    embedding_size: Count | None = Field(
        None, le=MOST_UNITS, description="Size of a symbol's vector; of a file of vectors it is theirs."
    )
    freeze_embedding: bool = Field(
        False, description="Leave the vectors of word2vec or of a file as they are; else they are learnt further."
    )
    embedding_deviation: NotNegative | None = Field(
        None,
        description="Standard deviation of the entries of the symbols' vectors as they begin: learned ones are drawn "
        "so, those of word2vec or of a file scaled; 0 leaves these as they are, and the others at 1, or at 0.1 where "
        "they are tied. Default: 1.6 / sqrt(embedding_size) for learned ones of a classifier or a translator, 1 for "
        "others of a classifier; 0 for lm.",
    )
    word2vec_model: Literal["skip-gram", "cbow"] = Field("skip-gram", description="skip-gram or cbow.")
    word2vec_window: Count = Field(5, description="Symbols to either side that word2vec takes for the context.")
    word2vec_negative: Count = Field(5, description="Symbols that word2vec draws against each true one.")
    word2vec_epochs: Count = Field(5, description="Passes of word2vec over the training text.")
    word2vec_seed: Annotated[int, Field(ge=0, lt=WORD2VEC_SEEDS)] | None = Field(
        None, description="Seed of word2vec; that of the run if not given."
    )
    tied: bool | None = Field(
        None,
        description="Share the symbol vectors with the output layer. Default: where they are learned and a symbol is "
        "not a character.",
    )
    cell: str = Field("lstm", description=f"Recurrent cell: {', '.join(CELLS)}.")
    units: Count | None = Field(
        None, le=MOST_UNITS, description="Units in each layer; chosen by the size of the text if not given."
    )
    layers: Count | None = Field(None, le=MOST_LAYERS, description="Recurrent layers, one above the other.")
    projection: CountFromZero = Field(
        0, le=MOST_UNITS, description=f"Size that outputs are projected to, of {PROJECTED}; 0 is no projection."
    )
    residual: bool = Field(False, description="Add what a layer above the first reads to its outputs.")
    bidirectional: bool | None = Field(
        None,
        description="Read in both directions, each with layers of its own. Default: a classifier does, and a "
        "translator its source.",
    )
    readout: tuple[ReadoutName, ...] | None = Field(
        None,
        description="What a classifier takes from the outputs: last, mean, max or attention; several side by side, "
        "with commas. Default: max,attention.",
    )
    attention: Literal[AttentionName, "none"] = Field(
        "general",
        description="How a translator looks back at the source: additive (Bahdanau), dot, general (Luong), scaled, or "
        "none.",
    )
    input_feeding: bool = Field(
        False, description="Let each step of a translator read what the attention of the last one found (Luong)."
    )
    recurrent_start: Literal["uniform", "identity", "orthogonal"] = Field(
        "uniform",
        description="How recurrent weights start: uniform, identity (meant for rectified units) or orthogonal.",
    )

    word_dropout: Share = Field(0.0, description="Share of the places whose symbol is read as <unk> in training.")
    embedding_dropout: Share = Field(0.0, description="Share of the symbols dropped in training, each everywhere.")
    input_dropout: Share | None = Field(None, description="Share of the symbol vectors' entries dropped in training.")
    dropout: Share | None = Field(
        None,
        description="Share of each layer's outputs dropped in training; chosen by the size of the text if not given.",
    )
    dropout_mask: Literal["step", "sequence"] = Field(
        "step",
        description="Drop other entries at each step (step), or the same in a whole window (sequence: variational).",
    )
    recurrent_dropout: Share = Field(
        0.0, description="Share of the last hidden vector dropped where it recurs, the same in a whole window."
    )
    weight_dropout: Share = Field(0.0, description="Share of the recurrent weights dropped in training.")
    activation_penalty: NotNegative = Field(0.0, description="Penalty on the mean square of the top outputs (AR).")
    temporal_penalty: NotNegative = Field(0.0, description="The same of their change from step to step (TAR).")
    l1_embedding: NotNegative = Field(0.0, description="L1 penalty on the symbol vectors.")
    l1_input: NotNegative = Field(0.0, description="L1 penalty on the input weights of every layer.")
    l1_recurrent: NotNegative = Field(0.0, description="L1 penalty on the recurrent weights.")
    l1_output: NotNegative = Field(0.0, description="L1 penalty on the weights of the output.")
    l2_embedding: NotNegative = Field(0.0, description="L2 penalty on the symbol vectors.")
    l2_input: NotNegative = Field(0.0, description="L2 penalty on the input weights of every layer.")
    l2_recurrent: NotNegative = Field(0.0, description="L2 penalty on the recurrent weights.")
    l2_output: NotNegative = Field(0.0, description="L2 penalty on the weights of the output.")
    weight_decay: NotNegative | None = Field(
        None, description="Decoupled weight decay (AdamW). Default: 0.1 for lm, 0.01 for classifier."
    )
    label_smoothing: Share | None = Field(
        None,
        description="Share of a label's weight that all labels have in training; for a translator symbols. Default: 0 "
        "for classifier, 0.1 for translator.",
    )
    scheduled_sampling: Share = Field(
        0.0,
        description="Share of the target symbols that a translator in training reads as it would have chosen them "
        "itself (Bengio et al., 2015).",
    )
    class_weights: Literal["equal", "balanced"] = Field(
        "equal", description="How much an example counts: equal, or balanced (the rarer its label, the more)."
    )

    init_from: str | None = Field(
        None,
        description="A language model whose vocabulary and layers the classifier begins with (Dai and Le, 2015).",
    )
    layer_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0,
        description="Rate of each layer as a share of that above it (discriminative rates, ULMFiT; 0.38 there).",
    )
    unfreeze: NotNegative = Field(
        0.0,
        description="Epochs after which the next layer from the top is learnt too (gradual unfreezing, ULMFiT); 0: all "
        "from the beginning.",
    )

    batch: Count | None = Field(
        None, description="Streams or examples read side by side. Default: 32 for lm, at most 128 texts for classifier."
    )
    batch_symbols: Count | None = Field(
        None,
        description="Symbols that the texts or pairs of a batch have at most, with padding, unless one alone has more. "
        "Default: 2,048 for classifier, 4,096 for translator.",
    )
    piece: CountFromZero = Field(
        0,
        description="Symbols of a text that a classifier learns from at once: of a longer one a piece, another in each "
        "epoch; 0 is the whole.",
    )
    window: Count | None = Field(
        None, description="Steps that the gradient reaches back (truncated BPTT); 64 characters, else 35."
    )
    windows: Literal["contiguous", "reshape", "shift"] = Field(
        "contiguous",
        description="How a text is cut: contiguous (windows of parallel streams, with the state carried on), or into "
        "examples that are read alone, shuffled: reshape (one behind the other) or shift (overlapping).",
    )
    shift: CountFromZero = Field(
        0, description="Symbols from one example's beginning to the next, of windows shift; 0 is half the window."
    )
    fresh: Share = Field(
        FRESH,
        description="Share of contiguous windows after which a stream goes on at the next line with no memory.",
    )
    rate: Positive | None = Field(None, description="Peak learning rate; 0.009 for characters, else 0.003.")
    final_rate: Share = Field(0.0, description="Rate at the end, as a share of the peak.")
    warmup: CountFromZero = Field(100, description="Steps in which the rate rises to its peak.")
    beta2: Annotated[float, Field(gt=0, lt=1)] = Field(0.99, description="AdamW's second moment decay.")
    average: Share = Field(
        0.0,
        description="Decay of a moving average of the weights, which is what is validated and kept; 0 is none.",
    )
    average_checkpoints: CountFromZero = Field(
        0,
        description="Evaluations whose weights are averaged at the end of the run; the mean is evaluated too, and "
        "kept if it is better than the best. 0 is none.",
    )
    average_which: Literal["last", "best"] = Field(
        AVERAGED, description="Which evaluations those are: the last or the best of the run."
    )
    clip_norm: NotNegative = Field(1.0, description="Largest norm of the gradient; 0 is no limit.")
    clip_value: NotNegative = Field(0.0, description="Largest entry of the gradient; 0 is no limit.")

    minutes: NotNegative = Field(0.0, description="Time to train for, evaluation included; 10 if no end is given.")
    epochs: NotNegative = Field(0.0, description="Passes over the training text; at most 40 with --minutes alone.")
    steps: CountFromZero = Field(0, description="Updates to make, and no other end.")
    evaluations: Count = Field(10, description="How often to evaluate in the whole run.")
    metric: MetricName | None = Field(
        None,
        description="What picks the best: accuracy, macro-f1 or loss of a classifier, bleu or loss of a translator. "
        "Default: accuracy, bleu.",
    )
    patience: CountFromZero = Field(5, description="Stop after this many evaluations without a better one; 0 never.")
    valid_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.05,
        description="Share held out where nothing is given to validate on: of a text its end, of records by chance.",
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

    @field_validator("readout", mode="before")
    @classmethod
    def _parted(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.steps and (self.minutes or self.epochs):
            raise ValueError("steps excludes minutes and epochs: give one end")
        return self

    @field_validator("embedding", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    @model_validator(mode="after")
    def _vectors_fit(self) -> Self:
        if self.freeze_embedding and self.embedding in ("learned", "one-hot"):
            raise ValueError(f"freeze_embedding is for vectors of word2vec or of a file, not for {self.embedding}")
        if self.tied and (self.freeze_embedding or self.embedding == "one-hot"):
            raise ValueError("a tied head needs learned vectors at the input, neither one-hot nor frozen ones")
        return self

    @model_validator(mode="after")
    def _averages_several(self) -> Self:
        if self.average_checkpoints == 1:
            raise ValueError("average_checkpoints is 0 or at least 2: the mean of one is that one")
        if self.average_which != AVERAGED and not self.average_checkpoints:
            raise ValueError("average_which is for average_checkpoints: say of how many")
        return self

    @model_validator(mode="after")
    def _has_use_in_its_windows(self) -> Self:
        if self.shift and self.windows != "shift":
            raise ValueError(f"shift is for windows shift, not for {self.windows}")
        if self.fresh != FRESH and self.windows != "contiguous":
            raise ValueError(f"fresh is for windows contiguous: those of {self.windows} all begin with no memory")
        return self


def training_settings(values: dict[str, Any]) -> TrainingSettings:
    """Settings from names and values, with a one-line UsageError for an unknown name or a value out of range."""
    unknown = [name for name in values if name not in TrainingSettings.model_fields]
    if unknown:
        known = ", ".join(TrainingSettings.model_fields)
        like = meant(unknown[0], TrainingSettings.model_fields)
        raise UsageError(f"unknown setting {unknown[0]!r}{like}; there are: {known}")
    try:
        return TrainingSettings(**values)
    except ValidationError as error:
        raise UsageError(first_problem(error)) from None
