"""textrnn explain: what goes on inside networks, a command for each way to look."""

from types import ModuleType

import typer

from textrnn.cli.explain import bptt, gradients
from textrnn.cli.options import example

COMMANDS: tuple[ModuleType, ...] = (bptt, gradients)
EXAMPLES = example("textrnn explain gradients --length 100 --png gradients.png")

explain = typer.Typer(
    name="explain",
    help="See inside networks: equations, gradients, states and attention, as tables, pictures and pages.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)
for command in COMMANDS:
    name = command.__name__.rpartition(".")[2]
    explain.command(name, epilog=command.EXAMPLES)(getattr(command, name))
