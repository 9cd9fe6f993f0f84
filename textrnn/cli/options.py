"""Options that several commands share, declared once."""

import csv
import os
import shlex
from collections.abc import Callable, Collection, Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from textrnn.errors import DataError, UsageError, meant
from textrnn.extras import require
from textrnn.settings import TrainingSettings
from textrnn.text.formats import FORMATS as INPUT_FORMATS

if TYPE_CHECKING:
    from textrnn.config import ModelConfig

Value = TypeVar("Value")
PLACES = f"{__name__}.places"  # of a command: the files that its options write
WIDTH = 5  # of the beam, where none is asked for
FORMATS = ("auto", "table", "tsv", "csv", "jsonl")
NEXT = {  # what to type when a model of this task is there
    "lm": 'textrnn generate {model} -p "..."    or    textrnn score {model} --text "..."',
    "classifier": 'textrnn classify {model} --text "..."    or    textrnn evaluate {model} FILE',
    "translator": 'textrnn translate {model} --text "..."    or    textrnn evaluate {model} FILE',
}
NEXT_OF_BEGUN = 'textrnn generate {model} --condition {condition} -p "..."'  # where texts begin with a condition
LOG_BASES = {"e": 1.0, "2": 0.6931471805599453, "10": 2.302585092994046}  # nats in one unit


def what_next(config: "ModelConfig", model: str) -> str:
    """What to type when this model is there."""
    condition = config.architecture.condition
    if condition is None:
        return NEXT[config.task].format(model=shlex.quote(model))
    shown = shlex.quote(condition.labels[0]) if condition.labels else "NUMBERS"
    return NEXT_OF_BEGUN.format(model=shlex.quote(model), condition=shown)


def one_of(names: Collection[str]) -> Callable[[str | None], str | None]:
    """A check that refuses anything else, with the list of choices."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in names:  # which may have grown since
            raise UsageError(f"{value!r}{meant(value, names)} is not one of {', '.join(names)}")
        return value

    return check


def check_place(context: typer.Context, file: str | None) -> str | None:
    """Raise, before the work, where what comes of it cannot be written to this file, or another option writes there."""
    if file is None:
        return None
    path = Path(file)
    if not file:
        raise UsageError("a file to write to has a name, and here is none")
    if path.is_dir():
        raise DataError(f"{file} cannot be written: it is a folder")
    if not path.exists() and not os.access(path.parent, os.W_OK | os.X_OK):
        raise DataError(f"{file} cannot be written: {path.parent} is no folder that can be written to")
    places, place = context.meta.setdefault(PLACES, set()), path.resolve()
    if place in places and (path.is_file() or not path.exists()):  # a device such as /dev/null takes all
        raise UsageError(f"two options would write to {file}: give each a file of its own")
    places.add(place)
    return file


def check_picture(context: typer.Context, file: str | None) -> str | None:
    """The same of a picture, and where none can be drawn."""
    if file is not None:
        if (ending := Path(file).suffix.lower()) not in ("", ".png"):
            raise UsageError(f"--png writes a PNG, and {file} would be called a {ending.removeprefix('.')}")
        require("eval", "--png", packages=("matplotlib",))
    return check_place(context, file)


def setting(name: str) -> Any:
    """The option of a training setting: its help and default stand where the setting is declared."""
    field = TrainingSettings.model_fields[name]
    default = "" if field.default in (None, 0, 0.0) else f" Default: {field.default}."
    return typer.Option(help=f"{field.description}{default}", rich_help_panel="Training", show_default=False)


def merges(given: list[str]) -> dict[str, list[str]]:
    """The groups of labels that --merge names."""
    groups: dict[str, list[str]] = {}
    for text in given:
        name, equals, members = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--merge takes name=label,label, not {text!r}")
        if name.strip() in groups:
            raise UsageError(f"--merge names {name.strip()!r} twice")
        try:
            (labels,) = csv.reader([members], skipinitialspace=True)
        except csv.Error as error:
            raise UsageError(f"--merge takes name=label,label, not {text!r}: {error}") from None
        groups[name.strip()] = [label.strip() for label in labels]
    return groups


def check_options(found: str, task: str, options: Mapping[str, object]) -> None:
    """Raise UsageError where any of the options of one task is given, by its value, and the model is of another."""
    from textrnn.tasks import NAMES

    given = [name for name, value in options.items() if value]
    if given and found != task:
        verb = "is" if len(given) == 1 else "are"
        raise UsageError(f"{' and '.join(given)} {verb} for {NAMES[task]}, and this is {NAMES.get(found, found)}")


def several(
    flag: str, text: str, kind: Callable[[str], Value], *, choices: Collection[str] | None = None
) -> list[Value]:
    """The values of an option that takes more than one, with commas between, each once."""
    check = one_of(choices) if choices is not None else lambda name: name
    try:
        return list(dict.fromkeys(kind(str(check(part.strip()))) for part in text.split(",")))
    except ValueError:
        raise UsageError(f"{flag} takes numbers with commas between, not {text!r}") from None


def finite(text: str) -> float:
    """The number that is written; ValueError where it is none, or has no end."""
    if not isfinite(value := float(text)):
        raise ValueError
    return value


def check_finite(value: float | None) -> float | None:
    """Refuse what is no number, or has no end, though it is written as one."""
    if value is not None and not isfinite(value):
        raise UsageError(f"{value} is not a number to count with")
    return value


def example(*commands: str) -> str:
    """The examples at the foot of a command's help; each is run by a test."""
    return "\n\n".join(["Examples:", *(f"[bold]{command}[/bold]" for command in commands)])


ModelArgument = Annotated[
    str, typer.Argument(help="A model folder, or the name of a bundled model.", show_default=False)
]
SourceArgument = Annotated[
    str | None,
    typer.Argument(help="A file of text or records (.gz too), or - for standard input.", show_default=False),
]
TextOption = Annotated[
    list[str] | None, typer.Option("--text", help="A text instead of a file; may be given again.", show_default=False)
]
EncodingOption = Annotated[str, typer.Option(help="Encoding of the input.")]
InputFormatOption = Annotated[
    str,
    typer.Option(
        "--input-format",
        callback=one_of(("auto", *INPUT_FORMATS)),
        help=f"{', '.join(INPUT_FORMATS)}; auto goes by the ending of the file's name.",
    ),
]
ColumnOption = Annotated[
    str | None,
    typer.Option(
        "--column",
        "--text-column",
        help="The field that holds the text; else `text`, or an only one.",
        show_default=False,
    ),
]
LabelColumnOption = Annotated[
    str | None,
    typer.Option(
        "--label-column", help="The field that holds the label; else `label`, or the other of two.", show_default=False
    ),
]
SourceColumnOption = Annotated[
    str | None,
    typer.Option(
        "--source-column",
        help="The field of a pair that holds its source; else `source`. A dot leads within one: translation.de.",
        show_default=False,
    ),
]
TargetColumnOption = Annotated[
    str | None,
    typer.Option("--target-column", help="The same of what it is translated to; else `target`.", show_default=False),
]
MergeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--merge",
        help='Labels to put together, such as "good=positive,very positive"; once for each group, other labels are '
        "left out.",
        show_default=False,
    ),
]
ConditionOption = Annotated[
    str | None,
    typer.Option(
        "--condition",
        help="What texts begin with, for a model that was trained so: a label, or numbers with commas between.",
        show_default=False,
    ),
]
ConditionColumnOption = Annotated[
    str | None,
    typer.Option(
        "--condition-column",
        help="The field that holds what each text begins with: a label, a number or a list of numbers (read as they "
        "are: bring them to a scale of about 1).",
        show_default=False,
    ),
]
ConditionFileOption = Annotated[
    str | None,
    typer.Option(
        "--condition-file",
        help="An .npy file of numbers that texts begin with: row n for text n.",
        show_default=False,
    ),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Stop at the first line that would have to be repaired, with exit 1.")
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format", callback=one_of(FORMATS), help="table, tsv, csv or jsonl; auto is a table on a terminal, else tsv."
    ),
]
OutOption = Annotated[
    str | None,
    typer.Option(
        "--out", callback=check_place, help="Write the results to this file, whole or not at all.", show_default=False
    ),
]
PngOption = Annotated[
    str | None,
    typer.Option(
        "--png",
        callback=check_picture,
        help="Write a picture to this file (needs the eval extra).",
        show_default=False,
    ),
]
HtmlOption = Annotated[
    str | None,
    typer.Option(
        "--html", callback=check_place, help="Write a page to this file, which needs no network.", show_default=False
    ),
]
EngineOption = Annotated[
    str, typer.Option(callback=one_of(("onnx", "torch")), help="onnx, or torch (needs the train extra).")
]
ThreadsOption = Annotated[int, typer.Option(min=0, help="Processor threads; 0 is one for each core.")]
RunningTextOption = Annotated[
    bool, typer.Option("--running-text", help="The lines are one text: carry the state from each to the next.")
]
SourceFileOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        help="Instead of a file that holds pairs: plain text, whose lines are translated by those of --target.",
        show_default=False,
    ),
]
TargetFileOption = Annotated[
    str | None,
    typer.Option("--target", help="What the lines of --source are translated to.", show_default=False),
]
BeamOption = Annotated[
    int | None,
    typer.Option(
        min=1, help=f"Beginnings of a translation that are kept at each step: {WIDTH} if not given.", show_default=False
    ),
]
LengthPenaltyOption = Annotated[
    float, typer.Option(help="Above 0 favours long translations: 1 ranks about by the mean of their symbols.")
]
CoveragePenaltyOption = Annotated[
    float, typer.Option(help="Above 0 favours translations that attend to all of the source.")
]
WithOption = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        help="Another translator with the same symbols, to decode together with; may be given again.",
        show_default=False,
    ),
]
