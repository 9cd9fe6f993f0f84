"""The program: its commands, and the one place where an error is printed."""

import os
import sys
import traceback
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

import textrnn
from textrnn.cli import (
    choose,
    classify,
    compare,
    corpus,
    evaluate,
    explain,
    generate,
    inspect,
    models,
    next,
    quantize,
    score,
    selfcheck,
    train,
    translate,
    vectors,
)
from textrnn.cli.output import discard_output
from textrnn.errors import DataError, TextrnnError, UsageError
from textrnn.text.signs import printable

app = typer.Typer(
    name="textrnn",
    help="Text with recurrent networks: train a model, generate, score, classify or translate with it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (
    train,
    generate,
    score,
    choose,
    next,
    classify,
    translate,
    evaluate,
    compare,
    inspect,
    selfcheck,
    quantize,
    models,
):
    name = command.__name__.rpartition(".")[2]
    app.command(name, epilog=command.EXAMPLES)(getattr(command, name))
for group in (explain.explain, vectors.vectors, corpus.corpus):
    app.add_typer(group, name=group.info.name)

INTERRUPTED = 130  # what a shell says of a program that Ctrl-C has ended
_shows_traceback = False


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"textrnn {textrnn.__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Text with recurrent networks: train a model, generate, score, classify or translate with it."""
    global _shows_traceback
    _shows_traceback = debug


def main() -> None:
    """Run the program and exit: 0 done, 1 the data or the model is at fault, 2 the command is."""
    if sys.stderr is None:  # closed by a caller who wants to hear nothing
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if None in (sys.stdin, sys.stdout):
        print("error: standard input or output is closed: give /dev/null instead", file=sys.stderr)
        sys.exit(DataError.exit_code)
    try:
        code = app(standalone_mode=False)
    except SystemExit as ending:
        # Typer answers a closed pipe with exit 1, the only exit that it makes of itself here: the reader went away.
        sys.exit(0 if ending.code == 1 else ending.code)
    except TextrnnError as error:
        _fail(error, printable(str(error)), error.exit_code)
    except OSError as error:  # what is read and what is written to a file name themselves before they come here
        discard_output()
        what = f"{error.filename} cannot be used" if error.filename else "standard output cannot be written"
        _fail(error, f"{printable(what)}: {error.strerror}", DataError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):  # what typer raises for a command line that it cannot parse has one
            raise
        if not error.format_message():  # a command of commands alone, whose help was shown
            sys.exit(UsageError.exit_code)
        asked = getattr(getattr(error, "ctx", None), "command_path", app.info.name)
        _fail(error, f"{error.format_message()} (see {asked} --help)", UsageError.exit_code)
    if code == INTERRUPTED:
        print("interrupted", file=sys.stderr)
    sys.exit(code)


def _fail(error: Exception, line: str, code: int) -> NoReturn:
    """Say what is wrong and exit; that standard error takes nothing does not change the code."""
    with suppress(OSError):
        if _shows_traceback:
            traceback.print_exception(error)
        else:
            print(f"error: {line}", file=sys.stderr)
    sys.exit(code)
