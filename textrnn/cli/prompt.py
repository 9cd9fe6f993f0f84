"""What a text begins with, as commands that take one prompt are told it."""

from typing import Annotated

import typer

from textrnn.errors import UsageError

PromptArgument = Annotated[
    str | None, typer.Argument(metavar="PROMPT", help="What the text begins with.", show_default=False)
]
PromptOption = Annotated[str, typer.Option("--prompt", "-p", help="The same.")]


def one_prompt(beginning: str | None, prompt: str) -> str:
    """The one of the two that is given; empty where none is."""
    if beginning and prompt:
        raise UsageError("give one prompt, as an argument or by --prompt")
    return beginning or prompt
