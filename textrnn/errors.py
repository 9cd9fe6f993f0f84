"""Every error a user can meet, as a tree.

TextrnnError
├── DataError      exit 1   the text at hand cannot be used as it is
├── ModelError     exit 1   the model folder is absent, damaged or not made for this
│   └── NotWritten          what belongs into it cannot be written: no room, no right
├── TrainingError  exit 1   a training run cannot go on
└── UsageError     exit 2   the command was asked for something it does not do
    └── MissingExtra        a package of an optional extra is not installed
"""

from collections.abc import Iterable


class TextrnnError(Exception):
    """Base of all; its text is one line that says what is wrong and what to do."""

    exit_code = 1


class DataError(TextrnnError):
    """The input text is at fault: absent, empty, not in the stated encoding or format."""


class ModelError(TextrnnError):
    """The model folder is at fault: absent, damaged, from a newer format, or without the part that is needed."""


class NotWritten(ModelError):
    """What belongs into a model folder cannot be written; what was there before is whole."""


class TrainingError(TextrnnError):
    """The training run is at fault: the loss is not finite, or the text is too short to learn from."""


class UsageError(TextrnnError):
    """The request is at fault: an option out of range, or two that exclude each other."""

    exit_code = 2


class MissingExtra(UsageError):
    """A package that belongs to an optional extra is needed and absent."""

    def __init__(self, what: str, *, extra: str) -> None:
        super().__init__(f"{what} needs the {extra!r} extra: pip install 'textrnn[{extra}]'")


def meant(name: str, names: Iterable[str]) -> str:
    """What stands behind a wrong name in an error: the right one that is most like it, if any is.

    >>> meant("LSTM", ["gru", "lstm"])
    " (did you mean 'lstm'?)"
    """
    from difflib import get_close_matches

    like = {each.lower(): each for each in names}
    found = get_close_matches(name.lower(), like, n=1, cutoff=0.7)
    return f" (did you mean {like[found[0]]!r}?)" if found else ""
