"""A word model on a text as published: its perplexity and the speed of scoring, beside nn.LSTM and a KenLM 5-gram."""

import argparse
from functools import partial
from itertools import pairwise
from pathlib import Path

from bench import (
    Contender,
    Measure,
    arguments,
    print_machine,
    print_race,
    print_ratio,
    race,
    seconds_per,
    tokens_per_second,
)
from kenlm import NGrams

BATCH = 64


def ours(model: str, lines: list[str], tokens: int, threads: int) -> Measure:
    """LanguageModel.score, from text to log-probabilities."""
    import textrnn

    language_model = textrnn.load(model, threads=threads)
    return lambda: seconds_per(tokens, lambda: list(language_model.score(lines)))


def plain_lstm(model: str, lines: list[str], tokens: int, threads: int) -> Measure:
    """nn.LSTM of the same sizes over ids that are ready, in batches of like length: forward, log-softmax, gather."""
    import numpy as np
    import torch
    from torch import nn

    from textrnn.batch import padded_columns
    from textrnn.model_folder import ModelFolder
    from textrnn.text.tokenizer import Tokenizer

    torch.set_num_threads(threads)
    folder = ModelFolder(Path(model))
    architecture = folder.config.architecture
    size, symbols = architecture.input.size, architecture.input.symbols
    sizes = [size, *architecture.core.sizes]
    embedding, linear = nn.Embedding(symbols, size), nn.Linear(sizes[-1], symbols)
    layers = [nn.LSTM(below, units) for below, units in pairwise(sizes)]
    tokenizer = Tokenizer.from_json(folder.read("tokenizer.json"), folder.config.text.level)
    rows = sorted((ids.astype(np.int64) for ids in tokenizer.encode_many(lines)), key=len)
    batches = [torch.from_numpy(padded_columns(rows[i : i + BATCH], padding=0)) for i in range(0, len(rows), BATCH)]

    def score() -> None:
        for ids in batches:
            if not len(ids):
                continue
            hidden = embedding(ids)
            for layer in layers:
                hidden, _ = layer(hidden)
            torch.log_softmax(linear(hidden), -1).gather(-1, ids[..., None])

    def measure() -> float:
        with torch.no_grad():
            return seconds_per(tokens, score)

    return measure


def five_grams(programs: Path, train: list[str], lines: list[str], tokens: int) -> Measure:
    """KenLM's query, a process for each turn."""
    model = NGrams(programs, train)
    return lambda: model.query(lines).seconds / tokens


def lines_of(path: Path) -> list[str]:
    """The lines of a text file, .gz or not."""
    from textrnn.text.records import read_lines

    return list(read_lines(str(path)))


def print_perplexities(models: list[str], programs: Path | None, train: list[str], test: list[str]) -> None:
    """Each model's perplexity with <eos>, with the text read in two ways."""
    import textrnn

    text = "".join(line + "\n" for line in test)
    for model in models:
        language_model = textrnn.load(model)
        for running in (False, True):
            rows = {row.metric: row for row in language_model.evaluate(text, running_text=running)}
            print(f"{Path(model).name}: perplexity {rows['perplexity'].value:.2f} ({rows['perplexity'].protocol})")
    if programs:
        five = NGrams(programs, train)
        found = five.query(test)
        ppl = 10 ** (-found.logprob / found.tokens)
        print(
            f"KenLM 5-gram: perplexity {ppl:.2f} over {found.tokens:,} tokens, trained in {five.training_seconds:.0f} s"
        )
    print()


def main() -> None:
    """Measure, race and compare."""
    parser: argparse.ArgumentParser = arguments(__doc__, rounds=3)
    parser.add_argument("model", help="a float32 model folder of words")
    parser.add_argument("int8", help="the same, quantized")
    parser.add_argument("train", type=Path, help="the text that it was trained on")
    parser.add_argument("test", type=Path, help="the text to score")
    parser.add_argument("--kenlm", type=Path, help="folder of KenLM's programs; without it KenLM is left out")
    parser.add_argument("--threads", type=int, default=2, help="of every contender (default: %(default)s)")
    given = parser.parse_args()
    print_machine("torch", "onnxruntime")
    train, test = lines_of(given.train), lines_of(given.test)
    print_perplexities([given.model, given.int8], given.kenlm, train, test)
    tokens = sum(len(line.split()) + 1 for line in test)
    race_of = (
        Contender("nn.LSTM", "float32", partial(plain_lstm, given.model, test, tokens, given.threads), given.threads),
        Contender("textrnn score", "float32", partial(ours, given.model, test, tokens, given.threads), given.threads),
        Contender("textrnn score", "int8", partial(ours, given.int8, test, tokens, given.threads), given.threads),
    )
    peers = [Contender("KenLM query", "float32", partial(five_grams, given.kenlm, train, test, tokens), 1)]
    contenders = [*race_of, *(peers if given.kenlm else [])]
    race(contenders, rounds=given.rounds)
    print_race(contenders, "tokens/s", tokens_per_second)
    for contender in race_of[1:]:
        print_ratio(contender, race_of[0])


if __name__ == "__main__":
    main()
