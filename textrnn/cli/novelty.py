"""What of a sample is copied: the texts that samples are compared with, and what is said of the longest span."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import typer

from textrnn.config import ModelConfig
from textrnn.errors import DataError, UsageError
from textrnn.metrics.novelty import Copied, longest_copies
from textrnn.model_folder import sha256_of
from textrnn.tasks.generation import Generation
from textrnn.tasks.grouping import in_groups
from textrnn.text.records import STANDARD_INPUT, Ledger, read_blocks

SAMPLES_AT_ONCE = 1_024  # for so many a text is read anew
SHOWN = 100  # characters of a span, for people


def training_text(config: ModelConfig) -> list[str]:
    """The files that a model learnt from, where they are in the working directory and unchanged."""
    files = config.training.files
    absent = ", ".join(name for name, digest in files.items() if not is_here(name, digest))
    if absent or not files:
        why = f"{absent} is not in this directory as it was" if absent else "the model does not name it"
        raise UsageError(f"--novelty needs the text of the training, and {why}; give a text by --against FILE")
    return list(files)


def is_here(name: str, digest: str) -> bool:
    """Whether the working directory has that file, with that sha256."""
    return Path(name).name == name and Path(name).is_file() and sha256_of(name) == digest


def check_texts(sources: Iterable[str], *, encoding: str, strict: bool) -> None:
    """Refuse what cannot be compared with, before any sample is drawn."""
    for source in sources:
        if source == STANDARD_INPUT:
            raise UsageError("--against needs a file: standard input cannot be read a second time")
        if not any(read_blocks(source, encoding=encoding, ledger=Ledger(source, strict=strict))):
            raise DataError(f"{source} is empty: there is nothing to compare with")


def with_copies(
    generations: Iterable[Generation], sources: Sequence[str], *, encoding: str, strict: bool
) -> Iterator[tuple[Generation, Copied | None]]:
    """Each sample with its longest span that stands in one of the texts; with none where there is no text."""
    if not sources:
        yield from zip(generations, repeat(None), strict=False)
        return
    for number, group in enumerate(in_groups(generations, SAMPLES_AT_ONCE)):
        ledgers = [Ledger(source, strict=strict) for source in sources]
        texts = {
            source: read_blocks(source, encoding=encoding, ledger=ledger)
            for source, ledger in zip(sources, ledgers, strict=True)
        }
        yield from zip(group, longest_copies((each.text for each in group), texts), strict=True)
        for ledger in [] if number else ledgers:
            for line in ledger.summary():
                typer.echo(f"{ledger.name}: {line}", err=True)


def copy_fields(copied: Copied | None) -> dict[str, Any]:
    """What a record says of it: nothing where nothing was compared."""
    if copied is None:
        return {}
    return {
        "copied": copied.text,
        "copied_characters": len(copied.text),
        "copied_from": copied.source,
        "copied_line": copied.line,
    }


def describe_copy(generation: Generation, copied: Copied | None, sources: Sequence[str]) -> None:
    """The same in a line for people."""
    if copied is None:
        return
    if copied.source is None:
        typer.echo(f"no character of it found in {', '.join(sources)}", err=True)
        return
    span = copied.text if len(copied.text) <= SHOWN else copied.text[: SHOWN - 1] + "…"
    typer.echo(
        f"longest span found in {copied.source}, line {copied.line:,}: {len(copied.text):,} of "
        f"{len(generation.text):,} characters, {json.dumps(span, ensure_ascii=False)}",
        err=True,
    )
