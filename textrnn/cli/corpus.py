"""textrnn corpus"""

from typing import Annotated

import typer

from textrnn.cli.options import (
    ColumnOption,
    EncodingOption,
    FormatOption,
    InputFormatOption,
    OutOption,
    example,
)

LIST_EXAMPLES = example("textrnn corpus list", "textrnn corpus list ptb --format jsonl")
CHECK_EXAMPLES = example(
    "textrnn corpus check novel.txt", "textrnn corpus check novel.txt sentences.txt --format csv --out findings.csv"
)
EXAMPLES = example("textrnn corpus list", "textrnn corpus check novel.txt")
BAR = 40  # columns of a full bar

corpus = typer.Typer(
    name="corpus",
    help="Know your data: the public corpora, and what is in a file of your own.",
    epilog=EXAMPLES,
    no_args_is_help=True,
)


@corpus.command("list", epilog=LIST_EXAMPLES)
def list_corpora(
    name: Annotated[
        str | None, typer.Argument(help="One corpus, with all that is known of it.", show_default=False)
    ] = None,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """List public corpora: origin, licence, and what each file measures; none of them comes with the program."""
    from textrnn.cli.output import open_sink
    from textrnn.text.registry import find_corpus, registry

    with open_sink(out, format, hidden=("origin",)) as sink:
        if name is not None:
            for fact, value in find_corpus(name).facts():
                sink.write({"fact": fact, "value": value})
            return
        for entry in registry().corpora:
            for split in entry.splits:
                sink.write(
                    {
                        "name": entry.name,
                        "split": split.name,
                        "records": split.records,
                        "record": entry.record,
                        "words": split.words,
                        "characters": split.characters,
                        "licence": entry.licence,
                        "origin": entry.origin,
                    }
                )


@corpus.command("check", epilog=CHECK_EXAMPLES)
def check(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Files of text or records (.gz too), folders, patterns: the training text, then what is held out."
        ),
    ],
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Look for what would surprise you in training: encoding, odd characters, copies, leaks, lengths, unknown words.

    Every record of a later file is looked for in the files before it. Unknown words are counted in the later files, or
    at the end of a lone text.
    """
    from dataclasses import asdict

    from textrnn.cli.output import Sink, chosen_format, open_output
    from textrnn.cli.stream import while_waiting
    from textrnn.text.doctor import check as check_files

    chosen = chosen_format(format, out)
    with open_output(out) as stream:
        sink = Sink(stream, chosen, hidden=("file",))
        last = None
        checked = check_files(files, format=input_format, column=column, encoding=encoding)
        for file, found in while_waiting(checked, "reading"):
            if chosen == "table" and file != last:
                stream.write(f"{file}\n")
            last = file
            for finding in found:
                row = {"file": file, **asdict(finding)}
                if chosen == "table" and finding.share is not None and not finding.detail:
                    row["detail"] = "█" * round(finding.share * BAR)
                sink.write(row)
            sink.finish()
