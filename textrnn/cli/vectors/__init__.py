"""textrnn vectors: vectors of words, a command for each thing to do with them."""

from types import ModuleType

import typer

from textrnn.cli.options import example
from textrnn.cli.vectors import analogy, evaluate, neighbors, plot, train

COMMANDS: tuple[ModuleType, ...] = (train, neighbors, analogy, evaluate, plot)
EXAMPLES = example("textrnn vectors train novel.txt --out novel.vec", "textrnn vectors neighbors novel.vec lamp")

vectors = typer.Typer(
    name="vectors",
    help="Vectors of words: train them, find neighbours and analogies, measure them, draw a map.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)
for command in COMMANDS:
    name = command.__name__.rpartition(".")[2]
    vectors.command(name, epilog=command.EXAMPLES)(getattr(command, name))
