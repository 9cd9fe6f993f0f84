"""textrnn vectors train"""

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from textrnn.cli.options import (
    ColumnOption,
    EncodingOption,
    InputFormatOption,
    StrictOption,
    example,
    one_of,
    setting,
)

EXAMPLES = example(
    "textrnn vectors train novel.txt --out novel.vec",
    "textrnn vectors train novel.txt reviews.csv --column review --out words.bin.gz --size 50 --model cbow --seed 1",
)
LEVELS = ("word", "bpe")
FEW = 0.5  # of a text: where less of it has vectors the rest is spoken of
Tell = Callable[[str], object]
Watch = Callable[[int], Callable[[int], object]]  # what is told how much there is, and gives what is told of more


def train(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Texts to learn from: files (.gz, .tsv, .csv, .jsonl, .parquet too), folders, patterns, - for "
            "standard input, datasets:ID[:SUBSET]\\[@SPLIT].",
            show_default=False,
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            help="The file to write, whole or not at all: .txt or .vec (word2vec text), .bin (binary), or .gz behind.",
            show_default=False,
        ),
    ],
    size: Annotated[int, typer.Option(min=1, max=65_536, help="Numbers of a vector.")] = 100,
    window: Annotated[int, typer.Option(min=1, help="Words to either side that are the context.")] = 5,
    negative: Annotated[int, typer.Option(min=1, help="Words that are drawn against each true one.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the text.")] = 5,
    model: Annotated[
        str, typer.Option(callback=one_of(("skip-gram", "cbow")), help="skip-gram or cbow.")
    ] = "skip-gram",
    min_count: Annotated[int, typer.Option(min=1, help="Words seen fewer times than this are <unk>.")] = 5,
    vocabulary_size: Annotated[int, typer.Option(min=0, help="Keep so many words, the most frequent; 0 is all.")] = 0,
    level: Annotated[str, typer.Option(callback=one_of(LEVELS), help="word, or bpe: pieces of words.")] = "word",
    lower: Annotated[bool | None, setting("lower")] = None,
    literal_unk: Annotated[bool | None, setting("literal_unk")] = None,
    split: Annotated[str | None, setting("split")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same file.")] = 0,
    workers: Annotated[
        int, typer.Option(min=1, help="Threads that learn. Above 1 it is faster, and no two files are the same.")
    ] = 1,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
) -> None:
    """Learn vectors of words from texts by word2vec, for `train --embedding` and the other commands here."""
    from textrnn.data import Data
    from textrnn.extras import require
    from textrnn.settings import training_settings

    given = {"lower": lower, "literal_unk": literal_unk, "split": split}
    settings = training_settings(
        {"level": level, "min_count": min_count, "vocabulary_size": vocabulary_size}
        | {name: value for name, value in given.items() if value is not None}
    )
    require("train", "textrnn vectors train", packages=("gensim", "torch"))
    from textrnn.cli.training_display import say
    from textrnn.training.defaults import with_level_defaults
    from textrnn.training.vectors_file import learn_vectors
    from textrnn.training.word2vec import Word2VecSettings

    wanted = Word2VecSettings(
        model=model, size=size, window=window, negative=negative, epochs=epochs, seed=seed, workers=workers
    )
    data = Data(files=tuple(files), input_format=input_format, column=column, encoding=encoding, strict=strict)
    if workers > 1:
        say(f"{workers} workers: the next file of the same seed will be another; one worker makes the same again")
    with shown_progress(say) as (tell, watch):
        written = learn_vectors(data, with_level_defaults(settings), wanted, out, say=tell, watch=watch)
    for line in written.repairs:
        say(line)
    share = f"{written.covered / written.symbols:.1%}"
    special = ", ".join(written.special)
    say(f"{out}: vectors of {size} numbers for {written.words:,} words, {share} of the text, and for {special}")
    if written.covered < FEW * written.symbols and min_count > 1 and not vocabulary_size:
        say("the other words are too rare for a vector: --min-count 1 gives one to each")
    name = shlex.quote(out)
    say(f"textrnn vectors neighbors {name} WORD    or    textrnn train lm TEXT --level {level} --embedding {name}")


@contextmanager
def shown_progress(say: Tell) -> Iterator[tuple[Tell, Watch]]:
    """What is told lines, as `say`, and what is told how much there is to read; a terminal shows both."""
    if not sys.stderr.isatty():
        yield say, lambda total: lambda more: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        TextColumn("{task.percentage:.0f} %,"),
        TimeElapsedColumn(),
        TextColumn("so far,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def watch(total: int) -> Callable[[int], object]:
            task = progress.add_task("", total=total)
            return lambda more: progress.advance(task, more)

        yield lambda line: progress.console.print(line, markup=False, highlight=False, soft_wrap=True), watch
