"""textrnn explain states"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textrnn.cli.options import (
    ColumnOption,
    ConditionOption,
    EncodingOption,
    FormatOption,
    HtmlOption,
    InputFormatOption,
    ModelArgument,
    OutOption,
    PngOption,
    SourceArgument,
    StrictOption,
    TextOption,
    check_options,
    example,
    one_of,
)
from textrnn.errors import DataError, UsageError
from textrnn.text.properties import PROPERTIES

if TYPE_CHECKING:
    from textrnn.cli.stream import Source
    from textrnn.tasks.courses import Found, ReadText, States
    from textrnn.tasks.states import Reader

EXAMPLES = example(
    'textrnn explain states shakespeare --text "ROMEO: But soft, what light?" --units 2 --format table',
    "textrnn explain states shakespeare novel.txt --property line-position --symbols 2000 --html page.html",
    'textrnn explain states sentiment --text "A joy to read." --unit 0.7 --unit 0_reverse.7 --png picture.png',
)
UNITS, SYMBOLS = 5, 20_000
DIGITS = 6  # behind the point: about what float32 holds


def states(
    context: typer.Context,
    model: ModelArgument,
    source: SourceArgument = None,
    text: TextOption = None,
    follows: Annotated[
        str | None,
        typer.Option(
            "--property",
            callback=one_of(PROPERTIES),
            help="Choose the units that follow this most: "
            + "; ".join(f"{name} ({entry.says})" for name, entry in PROPERTIES.items())
            + ".",
            show_default=False,
        ),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(help="A unit to look at, LAYER.UNIT; may be given again.", show_default=False),
    ] = None,
    units: Annotated[
        int | None, typer.Option(min=1, help=f"How many units to choose: {UNITS} if not given.", show_default=False)
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option(
            help="Choose units of this layer; may be given again. Else of all with --property, of the top without.",
            show_default=False,
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            help="The part of the state to choose by, such as hidden; else the memory, of cells that have one.",
            show_default=False,
        ),
    ] = None,
    symbols: Annotated[int, typer.Option(min=0, help="Symbols that are read at most, of all texts; 0: all.")] = SYMBOLS,
    condition: ConditionOption = None,
    html: HtmlOption = None,
    png: PngOption = None,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Show what single units of a network do while it reads a text: each gate, memory and hidden value.

    Without --property and --unit, the units whose values vary most.
    With --property those whose values follow it most, by Pearson's r in the
    first half of the symbols; r in the second half shows what was chance.

    tsv, csv and jsonl have a row for each symbol and unit: the numbers of the
    text and of the symbol in it, from 1; token, layer, unit; each gate and each
    part of the state after the symbol; with --property its value there, and of
    the unit r_first_half and r_second_half, the same in all its rows.

    All is computed in float32: of an int8 model the values are close to those
    that it has when it runs.
    """
    from rich.console import Console

    from textrnn.cli.output import chosen_format, open_output, open_sink
    from textrnn.cli.stream import open_source, warn_of_unknown
    from textrnn.model_folder import ModelFolder, find_model
    from textrnn.tasks import load
    from textrnn.tasks.courses import read_texts
    from textrnn.tasks.states import FEW, Reader, tokenizer_of

    if unit and (units is not None or layer):
        raise UsageError("--unit names the units, --units and --layer are how they are chosen: give one of the two")
    given = open_source(context, source, text, encoding=encoding, strict=strict)
    loaded = load(model)
    folder = ModelFolder(find_model(model))
    check_options(folder.config.task, "lm", {"--condition": condition})
    reader = Reader(folder, loaded, part=part, condition=condition)
    is_whole = folder.config.text.unit == "text" and folder.config.architecture.condition is None
    texts, is_cut = read_texts(
        given_texts(given, is_whole=is_whole, format=input_format, column=column),
        tokenizer_of(loaded),
        property=follows,
        symbols=symbols or None,
    )
    if not any(each.spans for each in texts):
        raise DataError("there is nothing to read: the text has no symbol")
    with Console(stderr=True).status("the network reads"):
        chosen = choose(reader, texts, follows, unit or [], layer or [], count=units or UNITS)
        found = reader.states(texts, chosen, follows=follows)
    if html is not None:
        from textrnn.cli.explain.states_page import write_page

        write_page(found, html)
    if png is not None:
        from textrnn.pictures.states import states_picture

        states_picture(found, png)
    if chosen_format(format, out) == "table":
        from textrnn.cli.explain.states_display import print_states

        with open_output(out) as file:
            print_states(found, file)
    else:
        with open_sink(out, format) as sink:
            for row in rows_of(found):
                sink.write(row)
    given.report()
    warn_of_unknown(place.text for each in texts for place in tokenizer_of(loaded).out_of_vocabulary(each.read))
    if follows is not None and found.symbols < FEW:
        typer.echo(f"few: in {found.symbols:,} symbols some units follow any property by chance; read more", err=True)
    if is_cut:
        typer.echo(f"read: the first {found.symbols:,} symbols, as --symbols says; --symbols 0 reads all", err=True)


def given_texts(source: "Source", *, is_whole: bool, format: str, column: str | None) -> Iterable[str]:
    """The texts to read: each record; where a model takes whole texts, a plain file as one."""
    if is_whole and not source.texts and column is None and source.format(format) == "text":
        return [source.text(format=format, column=column)]
    return (text for text, _ in source.records(format=format, column=column))


def choose(
    reader: "Reader", texts: "list[ReadText]", follows: str | None, named: list[str], layers: list[str], *, count: int
) -> "list[Found]":
    """The units to look at: those that are named, or the first of what is asked for."""
    from textrnn.tasks.courses import Found

    units = list(dict.fromkeys(map(reader.unit, named)))  # 0.7 may be written 0.07 too
    chosen = [reader.layer(name) for name in dict.fromkeys(layers)]
    if follows is not None:
        return reader.following(texts, units, chosen or list(reader.layers.shapes), count=count)
    if units:
        return [Found(unit) for unit in units]
    return reader.varying(texts, chosen or reader.top(), count=count)


def rows_of(states: "States") -> Iterator[dict[str, Any]]:
    """A row for each symbol and unit."""
    for number, (text, courses) in enumerate(zip(states.texts, states.courses, strict=True), start=1):
        for step, token in enumerate(text.tokens):
            for found, course in zip(states.units, courses, strict=True):
                row: dict[str, Any] = {
                    "text": number,
                    "step": step + 1,
                    "token": token,
                    "layer": found.unit.layer,
                    "unit": found.unit.index,
                }
                row |= {name: round(float(values[step]), DIGITS) for name, values in course.values.items()}
                if text.numbers is not None:
                    row |= {"property": float(text.numbers[step])}
                    row |= {"r_first_half": found.first, "r_second_half": found.second}
                yield row
