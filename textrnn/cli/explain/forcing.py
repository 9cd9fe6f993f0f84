"""textrnn explain forcing"""

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
)
from textrnn.cli.prompt import PromptArgument, PromptOption, one_prompt

EXAMPLES = example('textrnn explain forcing shakespeare -p "To be, or not" --text " to be: that is the question"')
COLUMNS = ("token", "guess", "forced_logprob", "own", "free_logprob")


def forcing(
    model: ModelArgument,
    text: Annotated[
        str,
        typer.Option("--text", help="A true text, with the space that parts it from the prompt.", show_default=False),
    ],
    beginning: PromptArgument = None,
    prompt: PromptOption = "",
    condition: ConditionOption = None,
    png: PngOption = None,
    format: FormatOption = "auto",
    out: OutOption = None,
    engine: EngineOption = "onnx",
) -> None:
    """Compare a network that reads a true text (teacher forcing) with one that reads what it has written itself."""
    from textrnn.cli.output import open_sink, symbol_writer
    from textrnn.cli.stream import warn_of_unknown
    from textrnn.tasks import load
    from textrnn.tasks.forcing import forced_and_free
    from textrnn.tasks.language_model import LanguageModel

    prompt = one_prompt(beginning, prompt)
    language_model = load(model, LanguageModel, engine=engine)
    warn_of_unknown(place.text for place in language_model.tokenizer.out_of_vocabulary(prompt + text))
    found = forced_and_free(language_model, text, prompt=prompt, condition=condition)
    if png is not None:
        from textrnn.pictures.forcing import forcing_picture

        forcing_picture(found, png)
    written = symbol_writer(format, out)
    tokens, guesses, own = (map(written, each) for each in (found.tokens, found.guesses, found.own))
    columns = (tokens, guesses, found.forced.tolist(), own, found.free.tolist())
    with open_sink(out, format) as sink:
        for row in zip(*columns, strict=True):
            sink.write(dict(zip(COLUMNS, row, strict=True)))
    agree = sum(map(str.__eq__, found.tokens, found.guesses)) / len(found.tokens)
    typer.echo(
        f"mean log-probability of a true symbol: {found.forced.mean():.3f} where the text is read, "
        f"{found.free.mean():.3f} where the network reads itself; guessed right where the text is read: {agree:.1%}",
        err=True,
    )
