"""textrnn explain: what goes on inside networks, a command for each way to look."""

from types import ModuleType

import typer

from textrnn.cli.explain import attention, bptt, cell, forcing, gradients, sampling, states, terms
from textrnn.cli.options import example

COMMANDS: tuple[ModuleType, ...] = (attention, bptt, cell, forcing, gradients, sampling, states, terms)
EXAMPLES = example(
    "textrnn explain cell lstm --format table",
    'textrnn explain attention sentiment --text "It begins well, but the ending is dull." --format table',
)

explain = typer.Typer(
    name="explain",
    help="See inside networks: equations, gradients, states and attention, as tables, pictures and pages.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)
for command in COMMANDS:
    name = command.__name__.rpartition(".")[2]
    explain.command(name, epilog=command.EXAMPLES)(getattr(command, name))
