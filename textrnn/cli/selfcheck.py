"""textrnn selfcheck"""

from typing import Annotated

import typer

from textrnn.cli.options import (
    ColumnOption,
    EncodingOption,
    FormatOption,
    InputFormatOption,
    ModelArgument,
    OutOption,
    StrictOption,
    example,
)

EXAMPLES = example("textrnn selfcheck shakespeare")

LINES, CHARACTERS = 300, 1000  # of a file, and of each of its lines


def selfcheck(
    model: ModelArgument,
    file: Annotated[
        str | None,
        typer.Argument(
            help="Lines or records to check on (.gz too), or - for standard input; else texts of the model's own.",
            show_default=False,
        ),
    ] = None,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Check that scores do not depend on how they are computed, and that generate and score agree; exit 1 if not."""
    from dataclasses import asdict
    from itertools import islice
    from time import monotonic

    from rich.console import Console

    from textrnn.cli.output import open_sink
    from textrnn.cli.stream import Source
    from textrnn.errors import DataError, ModelError
    from textrnn.selfcheck import check_folder

    begin = monotonic()
    given = Source(file, encoding=encoding, strict=strict)
    records = iter(()) if file is None else given.records(format=input_format, column=column)
    lines = [line[:CHARACTERS] for line, _ in islice(records, LINES)]
    if file is not None and not lines:
        raise DataError(f"{file} is empty")
    checks = []
    with Console(stderr=True).status("checking") as status:
        for check in check_folder(model, lines):
            checks.append(check)
            status.update(f"checking: {len(checks)} done, {monotonic() - begin:.0f} s")
    with open_sink(out, format) as sink:
        for check in checks:
            sink.write(asdict(check))
    given.report()
    counts = [sum(check.passed is passed for check in checks) for passed in (True, False, None)]
    on = (
        f"the first {len(lines):,} lines or records, {CHARACTERS:,} characters of each at most"
        if lines
        else "texts of its own"
    )
    typer.echo(f"on {on}, and on hostile ones: {counts[0]} hold, {counts[1]} fail, {counts[2]} skipped", err=True)
    failed = [check.check for check in checks if check.passed is False]
    if failed:
        raise ModelError(f"{model} fails {len(failed)} of {len(checks)} checks: {'; '.join(failed)}")
