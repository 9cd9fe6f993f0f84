"""The model card: what a model is, what it was made from, how good it is and under which protocol."""

from collections.abc import Mapping

from textrnn.config import ModelConfig


def model_card(name: str, config: ModelConfig, sizes: Mapping[str, int]) -> str:
    """README.md of a model folder, in Markdown."""
    core, training = config.architecture.core, config.training
    tied = " tied to the output" if config.architecture.head.tied else ""
    lines = [
        f"# {name}",
        "",
        f"A recurrent language model made with textrnn: {core}, "
        f"{config.architecture.input.kind} input{tied}, {config.architecture.head.classes} symbols "
        f"({config.text.level} level, unit {config.text.unit}), {config.precision}.",
        "",
        "```",
        f'textrnn generate {name} -p "" --max-tokens 200',
        f'textrnn score {name} --text "a line"',
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
        lines += [f"| {row.metric} | {figure(row.value)} | {row.protocol} |" for row in training.metrics]
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
        "It knows the text that it was trained on and no other: its language, its time and its errors. What it writes "
        "is not fact, and it may repeat its training text word for word.",
        "",
    ]
    return "\n".join(lines)


def figure(value: float | None) -> str:
    """A number as people write it."""
    return "-" if value is None else f"{value:,.4f}".rstrip("0").rstrip(".")
