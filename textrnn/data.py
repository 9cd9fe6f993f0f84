"""What a training run reads."""

from textrnn.spec import Spec


class Data(Spec):
    """What a training run reads: files, folders, patterns, "-" or "datasets:ID"; see text.corpora.Texts.

    column, label_column: of the text and of its label. ordinal: the labels from the lowest to the highest, see
    text.labelled.class_names. unlabelled: further texts of the kind, for the vocabulary and for word2vec.
    source, target: two files instead of `files`, whose lines belong together by their number; valid_source,
    valid_target: two instead of `valid`. source_column, target_column: of the two sides of a pair; see text.pairs.
    condition_column: of the label or the numbers that a text begins with. condition_file: an .npy file of numbers, a
    row for each text; valid_condition_file: the same for those of `valid`.
    """

    files: tuple[str, ...] = ()
    valid: str | None = None
    source: str | None = None
    target: str | None = None
    valid_source: str | None = None
    valid_target: str | None = None
    input_format: str = "auto"
    column: str | None = None
    label_column: str | None = None
    source_column: str | None = None
    target_column: str | None = None
    condition_column: str | None = None
    condition_file: str | None = None
    valid_condition_file: str | None = None
    ordinal: str | None = None
    unlabelled: tuple[str, ...] = ()
    encoding: str = "utf-8"
    streaming: bool = False
    strict: bool = False

    @property
    def learnt(self) -> tuple[str, ...]:
        """All that is learnt from, by name."""
        return (*self.files, *filter(None, (self.source, self.target, self.condition_file)))

    @property
    def held(self) -> tuple[str, ...]:
        """All that is validated on, by name."""
        return tuple(filter(None, (self.valid, self.valid_source, self.valid_target, self.valid_condition_file)))

    @property
    def has_conditions(self) -> bool:
        """Whether each text begins with a label or with numbers."""
        return bool(self.condition_column or self.condition_file)
