"""textrnn selfcheck"""

from typing import Annotated

import typer

from textrnn.cli.options import EncodingOption, FormatOption, ModelArgument, OutOption, example

EXAMPLES = example("textrnn selfcheck shakespeare")

LINES, CHARACTERS = 300, 1000  # of a file, and of each of its lines


def selfcheck(
    model: ModelArgument,
    file: Annotated[
        str | None,
        typer.Argument(
            help="Lines to check on (.gz too), or - for standard input; else texts of the model's own.",
            show_default=False,
        ),
    ] = None,
    encoding: EncodingOption = "utf-8",
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Check that scores do not depend on how they are computed, and that generate and score agree; exit 1 if not."""
    from dataclasses import asdict
    from itertools import islice
    from time import monotonic

    from rich.console import Console

    from textrnn.cli.output import open_sink
    from textrnn.errors import DataError, ModelError
    from textrnn.selfcheck import check_folder
    from textrnn.text.records import read_lines

    begin = monotonic()
    records = () if file is None else read_lines(file, encoding=encoding)
    lines = [line[:CHARACTERS] for line in islice(records, LINES)]
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
    counts = [sum(check.passed is passed for check in checks) for passed in (True, False, None)]
    on = f"the first {len(lines):,} lines, {CHARACTERS:,} characters of each at most" if lines else "texts of its own"
    typer.echo(f"on {on}, and on hostile ones: {counts[0]} hold, {counts[1]} fail, {counts[2]} skipped", err=True)
    failed = [check.check for check in checks if check.passed is False]
    if failed:
        raise ModelError(f"{model} fails {len(failed)} of {len(checks)} checks: {'; '.join(failed)}")
