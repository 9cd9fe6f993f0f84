"""textrnn generate"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from textrnn.cli.options import (
    FORMATS,
    EngineOption,
    ModelArgument,
    OutOption,
    ThreadsOption,
    example,
    one_of,
)

if TYPE_CHECKING:
    from textrnn.tasks.generation import Generation

EXAMPLES = example(
    'textrnn generate shakespeare -p "ROMEO:"',
    'textrnn generate shakespeare -p "JULIET:" -n 3 --temperature 0.7 --seed 1 --format jsonl',
)


def generate(
    model: ModelArgument,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What the text begins with.")] = "",
    n: Annotated[int, typer.Option("-n", min=1, help="How many samples.")] = 1,
    max_tokens: Annotated[int, typer.Option(min=0, help="Tokens to generate at most.")] = 300,
    temperature: Annotated[
        float, typer.Option("--temperature", "-t", help="Below 1 safer, above 1 bolder, 0 always the likeliest.")
    ] = 1.0,
    top_k: Annotated[int, typer.Option(help="Draw from the k likeliest tokens only; 0 from all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Draw from the likeliest tokens that reach this probability.")] = 1.0,
    min_p: Annotated[
        float, typer.Option(help="Draw from tokens at least this times as likely as the likeliest.")
    ] = 0.0,
    stop: Annotated[
        list[str] | None, typer.Option(help="End before this text; may be given again.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed gives the same text; else a new one.", show_default=False)
    ] = None,
    allow_unk: Annotated[bool, typer.Option("--allow-unk", help="Permit the unknown symbol.")] = False,
    logprobs: Annotated[bool, typer.Option("--logprobs", help="Add each token's log-probability and rank.")] = False,
    echo: Annotated[bool, typer.Option("--echo/--no-echo", help="Print the prompt before its continuation.")] = True,
    format: Annotated[
        str, typer.Option("--format", callback=one_of(("text", *FORMATS)), help="text, table, tsv, csv or jsonl.")
    ] = "text",
    out: OutOption = None,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Write text that goes on from a prompt."""
    from dataclasses import asdict

    from textrnn.cli.output import open_output, open_sink
    from textrnn.decoding.sampling import Sampling
    from textrnn.tasks import load
    from textrnn.tasks.generation import Generation
    from textrnn.tasks.language_model import new_seed

    sampling = Sampling(temperature, top_k, top_p, min_p, allow_unk)
    language_model = load(model, engine=engine, threads=threads)
    seed = new_seed() if seed is None else seed
    unknown = language_model.tokenizer.out_of_vocabulary(prompt)
    if unknown:
        shown = ", ".join(map(repr, dict.fromkeys(unknown)))
        typer.echo(f"{len(unknown)} symbols of the prompt are unknown to the model: {shown}", err=True)
    if format == "text" and n == 1 and out is None and sys.stdout.isatty():
        with open_output(None) as stream:
            stream.write(prompt if echo else "")
            for piece in language_model.stream(
                prompt, max_tokens=max_tokens, sampling=sampling, stop=stop or (), seed=seed, logprobs=logprobs
            ):
                if isinstance(piece, Generation):
                    stream.write("\n")
                    describe(piece)
                else:
                    stream.write(piece)
                    stream.flush()
        return
    generations = language_model.generate(
        prompt,
        n=n,
        max_tokens=max_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        stop=stop or (),
        seed=seed,
        allow_unk=allow_unk,
        logprobs=logprobs,
    )
    if format == "text":
        with open_output(out) as stream:
            for generation in generations:
                stream.write((prompt if echo else "") + generation.text + "\n")
                if generation.index < n - 1:
                    stream.write("-" * 20 + "\n")
                if logprobs:
                    describe(generation)
        return
    with open_sink(out, format, hidden=("tokens", "token_logprobs")) as sink:
        for generation in generations:
            record = asdict(generation)
            if not logprobs:
                del record["token_logprobs"]
            sink.write(record)


def describe(generation: "Generation") -> None:
    """A sample's figures in a line for people."""
    count = len(generation.tokens)
    mean = f", {generation.logprob / count:.3f} a token" if count else ""
    typer.echo(f"seed {generation.seed}, {count} tokens, log-probability {generation.logprob:.3f}{mean}", err=True)
