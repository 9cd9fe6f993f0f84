"""The model card: what a model is, what it was made from, how good it is and under which protocol."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from textrnn.architecture import Decoder, LabelPerSequence
from textrnn.config import ModelConfig


@dataclass(frozen=True)
class About:
    """What a card says of a task: what the model is, in a sentence; commands that use it; its limits."""

    what: Callable[[ModelConfig], str]
    uses: tuple[str, ...]
    limits: str


def language_model(config: ModelConfig) -> str:
    """What a language model is."""
    tied = " tied to the output" if config.architecture.head.tied else ""
    return (
        f"A recurrent language model made with textrnn: {config.architecture.core}, "
        f"{config.architecture.input.kind} input{tied}, {config.architecture.head.classes} symbols "
        f"({config.text.level} level, unit {config.text.unit}), {config.precision}."
    )


def classifier(config: ModelConfig) -> str:
    """What a classifier is."""
    head, labels = config.architecture.head, config.labels
    assert isinstance(head, LabelPerSequence)
    assert labels is not None
    order = "from the lowest to the highest" if labels.is_ordinal else "in no order"
    return (
        f"A recurrent classifier made with textrnn: {config.architecture.core}, {config.architecture.input.kind} "
        f"input, readout {' and '.join(head.readouts)}, {config.architecture.input.symbols} symbols "
        f"({config.text.level} level), {config.precision}. Labels, {order}: {', '.join(labels.names)}. "
        f"Probabilities are at temperature {labels.temperature:.3f}."
    )


def translator(config: ModelConfig) -> str:
    """What a translator is."""
    head, entry = config.architecture.head, config.architecture.input
    assert isinstance(head, Decoder)
    how = f"{head.attention} attention" if head.attention else "no attention"
    vocabulary = (
        f"{head.classes} symbols of source and target"
        if head.shared
        else (f"{entry.symbols} symbols of the source and {head.classes} of the target")
    )
    return (
        f"A recurrent translator made with textrnn: encoder {config.architecture.core}, decoder {head.core}, {how}"
        f"{', input feeding' if head.input_feeding else ''}{', tied vectors' if head.tied else ''}, {vocabulary} "
        f"({config.text.level} level), {config.precision}."
    )


ABOUT = {
    "lm": About(
        language_model,
        ('textrnn generate {name} -p "" --max-tokens 200', 'textrnn score {name} --text "a line"'),
        "It knows the text that it was trained on and no other: its language, its time and its errors. What it writes "
        "is not fact, and it may repeat its training text word for word.",
    ),
    "classifier": About(
        classifier,
        ('textrnn classify {name} --text "a text"', "textrnn classify {name} texts.csv --format csv"),
        "It knows the texts that it was trained on, their language and their kind; on others it is wrong more often, "
        "and no less sure. What it says of a text is a guess from its words, not a fact about who wrote it.",
    ),
    "translator": About(
        translator,
        ('textrnn translate {name} --text "a line"', "textrnn translate {name} lines.txt"),
        "It knows the sentences that it was trained on and their kind; of others it makes what sounds like them. It "
        "can leave out, add and invent, and sounds no less sure: read what it says before you rely on it. It knows "
        "sentences as long as those it has seen: of a longer text it drops most, so give it a sentence a line.",
    ),
}


def model_card(name: str, config: ModelConfig, sizes: Mapping[str, int]) -> str:
    """README.md of a model folder, in Markdown."""
    training, about = config.training, ABOUT[config.task]
    lines = [
        f"# {name}",
        "",
        about.what(config),
        "",
        "```",
        *(line.format(name=name) for line in about.uses),
        "```",
        "",
    ]
    files = "\n".join(f"- {file}: sha256 {digest}" for file, digest in training.files.items())
    command = f"```\n{training.command}\n```" if training.command else ""
    again = f"The run was {training.steps:,} steps long: `--steps {training.steps}` as its only end repeats it."
    was_extended = "\n" in training.command  # a line for each command: no one number of steps repeats them
    made = (command, again if training.steps and not was_extended else "")
    data = (training.source, training.data, files)
    for title, paragraphs in (("Data", data), ("Licence", (training.licence,)), ("Made with", made)):
        if any(paragraphs):
            lines += [f"## {title}", "", "\n\n".join(filter(None, paragraphs)), ""]
    if training.metrics:
        lines += ["## Figures", "", "| metric | value | protocol |", "|---|---|---|"]
        lines += [f"| {row.metric} | {figure(row.value)} | {cell(row.protocol)} |" for row in training.metrics]
        lines += [""]
    if config.precision == "int8" and config.bounds:
        lines += ["## Bounds in 8 bits", "", "| vector | bound | cut off there, in a sample of the training text |"]
        lines += ["|---|---|---|"]
        lines += [f"| {name} | {figure(row.value)} | {row.clipped:.4%} |" for name, row in config.bounds.items()]
        lines += [""]
    lines += ["## Parts", ""]
    lines += [f"- {part}: {size:,} bytes" for part, size in sizes.items()]
    lines += [
        "",
        "## Limits",
        "",
        about.limits,
        "",
    ]
    return "\n".join(lines)


def figure(value: float | None) -> str:
    """A number as people write it."""
    return "-" if value is None else f"{value:,.4f}".rstrip("0").rstrip(".")


def cell(text: str) -> str:
    """Text within a table of Markdown, where a bar would end the cell."""
    return text.replace("|", "\\|")
