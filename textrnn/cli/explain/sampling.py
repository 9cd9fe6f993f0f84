"""textrnn explain sampling"""

from typing import Annotated

import typer

from textrnn.cli.options import (
    ConditionOption,
    EngineOption,
    FormatOption,
    ModelArgument,
    OutOption,
    PngOption,
    example,
    finite,
    several,
)
from textrnn.cli.prompt import PromptArgument, PromptOption, one_prompt

EXAMPLES = example('textrnn explain sampling shakespeare "To be, or n" --temperature 0,0.5,1,2')


def sampling(
    model: ModelArgument,
    beginning: PromptArgument = None,
    prompt: PromptOption = "",
    temperature: Annotated[str, typer.Option(help="Temperatures, with commas between.")] = "0,0.5,1,2",
    top_k: Annotated[int, typer.Option(min=0, help="Only the K likeliest symbols; 0 all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Only the likeliest that together reach this probability.")] = 1.0,
    min_p: Annotated[float, typer.Option(help="Only those at least this share as likely as the likeliest.")] = 0.0,
    count: Annotated[int, typer.Option("--count", min=1, help="How many symbols to show.")] = 15,
    condition: ConditionOption = None,
    png: PngOption = None,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
) -> None:
    """Show what the next symbol is drawn from: its chances at each temperature, and how many choices that is."""
    from textrnn.cli.output import open_sink, symbol_writer
    from textrnn.cli.stream import warn_of_unknown
    from textrnn.decoding.sampling import Sampling
    from textrnn.tasks import load
    from textrnn.tasks.chances import chances
    from textrnn.tasks.language_model import LanguageModel

    samplings = [Sampling(each, top_k, top_p, min_p) for each in several("--temperature", temperature, finite)]
    prompt = one_prompt(beginning, prompt)
    language_model = load(model, LanguageModel, engine=engine)
    warn_of_unknown(place.text for place in language_model.tokenizer.out_of_vocabulary(prompt))
    found = chances(language_model, prompt, samplings, count=count, condition=condition)
    temperatures = [repr(each.temperature).removesuffix(".0") for each in samplings]  # no two of them written alike
    names = [f"temperature {each}" for each in temperatures]
    if png is not None:
        from textrnn.pictures.sampling import chances_picture

        chances_picture(found, names, png)
    columns = [f"p_at_{each}" for each in temperatures]
    written = symbol_writer(format, out)
    with open_sink(out, format) as sink:
        for rank, (token, shares) in enumerate(zip(map(written, found.tokens), found.shares.T, strict=True), start=1):
            sink.write({"rank": rank, "token": token, **dict(zip(columns, shares.tolist(), strict=True))})
    for name, choices, shown in zip(names, found.choices, found.shares.sum(1), strict=True):
        typer.echo(
            f"{name}: as open as {choices:,.1f} equal choices; the symbols shown have {shown:.1%} of the chances",
            err=True,
        )
