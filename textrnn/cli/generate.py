"""textrnn generate"""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textrnn.cli.options import (
    FORMATS,
    ColumnOption,
    ConditionOption,
    EncodingOption,
    EngineOption,
    InputFormatOption,
    ModelArgument,
    OutOption,
    StrictOption,
    ThreadsOption,
    example,
    one_of,
)
from textrnn.cli.prompt import PromptArgument, PromptOption, one_prompt

if TYPE_CHECKING:
    from textrnn.metrics.novelty import Copied
    from textrnn.tasks.generation import Generation

EXAMPLES = example(
    'textrnn generate shakespeare -p "ROMEO:"',
    'textrnn generate shakespeare -p "JULIET:" -n 3 --temperature 0.7 --seed 1 --format jsonl',
    "textrnn generate novel -n 3 --against novel.txt",
)


def generate(
    model: ModelArgument,
    beginning: PromptArgument = None,
    prompt: PromptOption = "",
    prompts: Annotated[
        str | None, typer.Option(help="A file of prompts, lines or records (.gz too), or - for standard input.")
    ] = None,
    condition: ConditionOption = None,
    condition_file: Annotated[
        str | None,
        typer.Option(
            "--condition-file",
            help="An .npy file of numbers to begin with: row n for prompt n, or the one prompt after each row.",
            show_default=False,
        ),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many samples of each prompt.")] = 1,
    max_tokens: Annotated[
        int | None, typer.Option(min=0, help="Tokens to generate at most; 300 if not given.", show_default=False)
    ] = None,
    until_eos: Annotated[
        bool,
        typer.Option(
            "--until-eos", help="Go on to the end of the sentence or document: up to 10,000 tokens, or --max-tokens."
        ),
    ] = False,
    temperature: Annotated[
        float, typer.Option("--temperature", "-t", help="Below 1 safer, above 1 bolder, 0 always the likeliest.")
    ] = 1.0,
    top_k: Annotated[int, typer.Option(help="Draw from the k likeliest tokens only; 0 from all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Draw from the likeliest tokens that reach this probability.")] = 1.0,
    min_p: Annotated[
        float, typer.Option(help="Draw from tokens at least this times as likely as the likeliest.")
    ] = 0.0,
    repetition_penalty: Annotated[
        float, typer.Option(help="Above 1 makes what stood before less likely; 1 changes nothing.")
    ] = 1.0,
    stop: Annotated[
        list[str] | None, typer.Option(help="End before this text; may be given again.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed gives the same text; else a new one.", show_default=False)
    ] = None,
    allow_unk: Annotated[bool, typer.Option("--allow-unk", help="Permit the unknown symbol.")] = False,
    logprobs: Annotated[bool, typer.Option("--logprobs", help="Add each token's log-probability and rank.")] = False,
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="Find each sample's longest span that stands verbatim in this text (.gz too); may be given again.",
            show_default=False,
        ),
    ] = None,
    novelty: Annotated[
        bool,
        typer.Option(
            "--novelty", help="The same in the text that the model learnt from, if it lies in this directory."
        ),
    ] = False,
    echo: Annotated[bool, typer.Option("--echo/--no-echo", help="Print the prompt before its continuation.")] = True,
    format: Annotated[
        str, typer.Option("--format", callback=one_of(("text", *FORMATS)), help="text, table, tsv, csv or jsonl.")
    ] = "text",
    out: OutOption = None,
    column: ColumnOption = None,
    input_format: InputFormatOption = "auto",
    encoding: EncodingOption = "utf-8",
    strict: StrictOption = False,
    engine: EngineOption = "onnx",
    threads: ThreadsOption = 0,
) -> None:
    """Write text that goes on from a prompt."""
    from textrnn.cli.conditions import in_step
    from textrnn.cli.novelty import check_texts, copy_fields, describe_copy, training_text, with_copies
    from textrnn.cli.output import Sink, chosen_format, open_output
    from textrnn.cli.stream import Source, counted, joined, paired, warn_of_unknown
    from textrnn.decoding.sampling import Sampling
    from textrnn.errors import UsageError
    from textrnn.tasks import load
    from textrnn.tasks.language_model import LanguageModel, longest, new_seed
    from textrnn.text.numbers import read_vectors

    prompt = one_prompt(beginning, prompt)
    if prompt and prompts:
        raise UsageError("give one prompt, or a file of them by --prompts")
    if beginning and os.path.isfile(beginning):
        raise UsageError(f"{beginning} is a file: --prompts reads it, --prompt begins with this name itself")
    if condition is not None and condition_file is not None:
        raise UsageError("give --condition or --condition-file, not both")
    rows = read_vectors(condition_file) if condition_file is not None else None
    sampling = Sampling(temperature, top_k, top_p, min_p, allow_unk, repetition_penalty)
    most = longest(max_tokens, until_eos)
    language_model = load(model, LanguageModel, engine=engine, threads=threads)
    sources = against or (training_text(language_model.config) if novelty else [])
    check_texts(sources, encoding=encoding, strict=strict)
    seed = new_seed() if seed is None else seed
    warn_of_unknown(place.text for place in language_model.tokenizer.out_of_vocabulary(prompt))
    unknown: Counter[str] = Counter()  # of a file of prompts
    begun = condition if rows is None else rows[0] if len(rows) == 1 else None
    is_one = n == 1 and prompts is None and (rows is None or len(rows) == 1)
    if format == "text" and is_one and out is None and sys.stdout.isatty():
        pieces = language_model.stream(
            prompt,
            max_tokens=most,
            sampling=sampling,
            stop=stop or (),
            seed=seed,
            logprobs=logprobs,
            condition=begun,
        )
        sample = show(pieces, prompt if echo else "")
        ended = Counter([sample.ended])
        for each, copied in with_copies([sample], sources, encoding=encoding, strict=strict):
            describe_copy(each, copied, sources)
    else:
        ended = Counter()
        alone = [prompt] * (1 if rows is None else len(rows))
        given = Source(prompts, alone if prompts is None else None, encoding=encoding, strict=strict)
        in_turn = rows if rows is not None and len(rows) > 1 else None

        def drawn(prompts: Iterable[str]) -> Iterator[tuple["Generation", "Copied | None"]]:
            generations = language_model.generate_each(
                prompts,
                n=n,
                max_tokens=most,
                sampling=sampling,
                stop=stop or (),
                seed=seed,
                logprobs=logprobs,
                condition=begun if in_turn is None else iter(in_turn),
            )
            return with_copies(generations, sources, encoding=encoding, strict=strict)

        records = given.records(format=input_format, column=column)
        if in_turn is not None:
            records = in_step(records, in_turn, str(condition_file))
        generations = paired(records, drawn, each=n)
        with open_output(out) as stream:
            sink = Sink(stream, chosen_format(format, out), hidden=("tokens", "token_logprobs"))
            samples = counted(generations, what="samples", out=out, source=given)
            for number, (fields, (generation, copied)) in enumerate(samples):
                ended[generation.ended] += 1
                if prompts is not None and generation.index == 0:
                    unknown.update(place.text for place in generation.oov)
                if format == "text":
                    stream.write("-" * 20 + "\n" if number else "")
                    stream.write((generation.prompt if echo else "") + generation.text + "\n")
                    if logprobs:
                        describe(generation)
                    describe_copy(generation, copied, sources)
                else:
                    record = as_record(generation, logprobs=logprobs) | copy_fields(copied)
                    sink.write(joined(fields, record, repeats="prompt"))
            sink.finish()
        given.report()
    warn_of_unknown(unknown.elements())
    if until_eos and ended["length"]:
        typer.echo(f"not ended within {most:,} tokens, and cut there: {ended['length']} of the samples", err=True)


def show(pieces: "Iterable[str | Generation]", prompt: str) -> "Generation":
    """Print a sample as it is drawn; the whole of it comes last."""
    from textrnn.cli.output import open_output

    with open_output(None) as stream:
        stream.write(prompt)
        for piece in pieces:
            stream.write(piece if isinstance(piece, str) else "\n")
            stream.flush()
    assert not isinstance(piece, str)
    describe(piece)
    return piece


def as_record(generation: "Generation", *, logprobs: bool) -> dict[str, Any]:
    """A sample's fields, those of each token if wanted."""
    record = asdict(generation)
    if not logprobs:
        del record["token_logprobs"]
    return record


def describe(generation: "Generation") -> None:
    """A sample's figures in a line for people."""
    count = len(generation.tokens)
    mean = f", {generation.logprob / count:.3f} a token" if count else ""
    typer.echo(f"seed {generation.seed}, {count} tokens, log-probability {generation.logprob:.3f}{mean}", err=True)
