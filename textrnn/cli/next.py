"""textrnn next"""

from typing import Annotated

import typer

from textrnn.cli.options import ConditionOption, EngineOption, FormatOption, ModelArgument, ThreadsOption, example
from textrnn.cli.prompt import PromptArgument, PromptOption, one_prompt

EXAMPLES = example('textrnn next shakespeare "To be, or n"')


def next(
    model: ModelArgument,
    beginning: PromptArgument = None,
    prompt: PromptOption = "",
    count: Annotated[int, typer.Option("--count", min=1, help="How many tokens.")] = 10,
    condition: ConditionOption = None,
    format: FormatOption = "auto",
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """List the likeliest next tokens after a text, with their probabilities."""
    import math

    from textrnn.cli.output import open_sink, symbol_writer
    from textrnn.cli.stream import warn_of_unknown
    from textrnn.tasks import load
    from textrnn.tasks.language_model import LanguageModel

    prompt = one_prompt(beginning, prompt)
    language_model = load(model, LanguageModel, engine=engine, threads=threads)
    warn_of_unknown(place.text for place in language_model.tokenizer.out_of_vocabulary(prompt))
    written = symbol_writer(format, None)
    with open_sink(None, format) as sink:
        for row in language_model.next(prompt, count=count, condition=condition):
            probability = math.exp(row.logprob)
            sink.write(
                {"rank": row.rank, "token": written(row.token), "probability": probability, "logprob": row.logprob}
            )
