"""textrnn explain terms"""

from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from textrnn.cli.options import FormatOption, OutOption, PngOption, check_finite, example, one_of
from textrnn.errors import DataError, UsageError

if TYPE_CHECKING:
    from textrnn.networks.sequence import SequenceNetwork
    from textrnn.text.tokenizer import Tokenizer
    from textrnn.training.terms import Terms

EXAMPLES = example(
    'textrnn explain terms --cell elman --text "the lamp was lit" --format table',
    "textrnn explain terms --cell lstm --forget-bias 3 --window 8 --png terms.png --format jsonl",
)
TEXT, CELL, START, UNITS = "the lamp was lit", "elman", "uniform", 64
LONGEST = 60  # symbols: more cells than their square are no picture
FEW = (0, 1, 2, 5, 10, 20, 50)  # steps back


def terms(
    model: Annotated[
        str | None,
        typer.Argument(
            help="A language model's folder with its weights; else a new network of characters is looked at.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[str, typer.Option("--text", help="The text, each symbol of which is predicted.")] = TEXT,
    window: Annotated[
        int, typer.Option(min=1, help="Steps of a window, at the beginning of which truncated back-propagation ends.")
    ] = 5,
    cell: Annotated[str | None, typer.Option(help=f"The cell. Default: {CELL}.", show_default=False)] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="How recurrent weights start: uniform, identity or orthogonal. Default: uniform.", show_default=False
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            callback=check_finite,
            help="What recurrent weights are multiplied by. Default: 1.",
            show_default=False,
        ),
    ] = None,
    forget_bias: Annotated[
        float | None,
        typer.Option(callback=check_finite, help="Bias of forget gates. Default: 1.", show_default=False),
    ] = None,
    units: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help=f"Units of the network. Default: {UNITS}.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32, help="Seed of the network.")] = 0,
    png: PngOption = None,
    format: FormatOption = "auto",
    out: OutOption = None,
) -> None:
    """Take the gradient of a text's losses apart: a term for each loss and each step, as back-propagation adds them.

    The recurrent weights are used at every step, so their gradient is a sum
    over the losses, and of each loss over the steps up to it. A table is a map
    of the norms of these terms, each shade a tenth of the darker one; tsv, csv
    and jsonl have a row for each term, with losses and steps from 1.
    """
    import numpy as np

    from textrnn.cli.output import chosen_format, open_output, open_sink
    from textrnn.cli.stream import warn_of_unknown
    from textrnn.extras import require

    require("train", "explain terms")
    from textrnn.text.tokenizer import EOS
    from textrnn.text.tokenizer import START as BEGINNING
    from textrnn.training.machine import one_thread
    from textrnn.training.terms import gradient_terms

    given = {"--cell": cell, "--start": start, "--scale": scale, "--forget-bias": forget_bias, "--units": units}
    if model is None:
        ends = []
        network, tokenizer = new_network(
            text,
            cell=cell or CELL,
            start=start or START,
            scale=1.0 if scale is None else scale,
            forget_bias=forget_bias,
            units=units or UNITS,
            seed=seed,
        )
    else:
        from textrnn.cli.explain.trained import check_model, open_network
        from textrnn.tasks.language_model import LanguageModel

        check_model(model)
        if named := [name for name, value in given.items() if value is not None]:
            raise UsageError(f"{named[0]} is for a new network, and {model} is one that has learnt")
        network, tokenizer, config = open_network(model, LanguageModel.task)
        ends = [EOS] if config.text.unit == "line" else []
    ids = np.array([BEGINNING, *tokenizer.encode(text), *ends], np.int64)
    check_length(len(ids) - 1)
    with one_thread():
        found = gradient_terms(network, ids[:-1], ids[1:], window=window)
    tokens = [tokenizer.tokens[index] for index in ids]
    if png is not None:
        from textrnn.pictures.terms import terms_picture

        terms_picture(found, tokens[:-1], tokens[1:], png, window=window)
    if chosen_format(format, out) == "table":
        with open_output(out) as file:
            print_terms(found, tokens[:-1], tokens[1:], file)
        typer.echo("a row is a loss, a column a step that reads; each shade is a tenth of the darker one", err=True)
    else:
        with open_sink(out, format) as sink:
            for row in rows_of(found, tokens[:-1], tokens[1:]):
                sink.write(row)
    warn_of_unknown(place.text for place in tokenizer.out_of_vocabulary(text))
    for line in closing_lines(found, window=window):
        typer.echo(line, err=True)


def new_network(
    text: str, *, cell: str, start: str, scale: float, forget_bias: float | None, units: int, seed: int
) -> "tuple[SequenceNetwork, Tokenizer]":
    """A network of one layer that has learnt nothing, for the characters of a text."""
    from textrnn.cells import CELLS
    from textrnn.networks.recurrent import STARTS
    from textrnn.text.tokenizer import Tokenizer
    from textrnn.training.recall import one_layer, variants

    one_of(CELLS)(cell)
    one_of(STARTS)(start)
    known = text.encode(errors="ignore").decode()  # a byte of the command line that is no UTF-8 is <unk>
    tokenizer = Tokenizer.of_characters(sorted(set(known)))
    biases = None if forget_bias is None else [forget_bias]
    (variant,) = variants([cell], starts=[start], scales=[scale], forget_biases=biases)
    symbols = len(tokenizer)
    return variant.network(one_layer(cell, units, symbols=symbols, classes=symbols), seed), tokenizer


def check_length(symbols: int) -> None:
    """Raise DataError where there is nothing to take apart, or more than can be looked at."""
    if not symbols:
        raise DataError("the text has no symbol, so nothing is predicted")
    if symbols > LONGEST:
        raise DataError(f"the text has {symbols:,} symbols, and {LONGEST} at most are taken apart: give less of it")


def rows_of(terms: "Terms", read: Sequence[str], predicted: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A row for each term; losses and steps count from 1, as in the map and in the equations of `explain cell`."""
    for time, target in enumerate(predicted, start=1):
        for step, token in enumerate(read[:time], start=1):
            place = time - 1, step - 1
            yield {
                "loss": time,
                "predicted": target,
                "step": step,
                "read": token,
                "distance": time - step,
                "norm": float(terms.norms[place]),
                "truncated": not terms.kept[place],
            }


def print_terms(terms: "Terms", read: Sequence[str], predicted: Sequence[str], file: IO[str]) -> None:
    """A map of the norms: a row for each loss, a column for each step."""
    from textrnn.cli.alignment import print_alignment
    from textrnn.tasks.alignment import Alignment
    from textrnn.text.signs import visible

    print_alignment(Alignment(list(map(visible, read)), list(map(visible, predicted)), terms.shades.tolist()), file)


def closing_lines(terms: "Terms", *, window: int) -> Iterator[str]:
    """What the map shows, in a few figures."""
    steps = len(terms.norms)
    shares = ", ".join(f"{back} back {terms.share(back):.1%}" for back in FEW if back < steps)
    yield f"share of the norms of all terms, by the steps from a loss back to its term: {shares}"
    angle = "" if terms.cosine is None else f"; the cosine between the two is {terms.cosine:.3f}"
    whole, kept = steps * (steps + 1) // 2, int(terms.kept.sum())
    yield (
        f"the gradient, the sum of all {whole:,} terms, has the norm {terms.whole:.3g}; truncated to windows of "
        f"{window} steps, the sum of {kept:,}, it has {terms.truncated:.3g}{angle}"
    )
