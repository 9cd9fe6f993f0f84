"""256 samples drawn as one batch against 256 runs of one sample each, the same model in process."""

from functools import partial

from bench import (
    Contender,
    Measure,
    arguments,
    print_machine,
    print_race,
    print_ratio,
    race,
    tokens_per_second,
)

from textrnn.errors import ModelError
from textrnn.model_folder import find_model, read_config

PROMPT = "ROMEO:"
WAYS = {
    "batch": "generate(n={n}, seed=0)",
    "single": "{n} runs of generate(n=1, seed=i)",
    "stream": "{n} runs of stream(index=i, seed=0)",
}


def drawing(way: str, model: str, threads: int, n: int, tokens: int) -> Measure:
    """Seconds for each token drawn; a sample may end before its last."""
    import time

    from textrnn import load
    from textrnn.tasks.generation import Generation

    language_model = load(model, threads=threads)

    def draw() -> list[Generation]:
        if way == "batch":
            return language_model.generate(PROMPT, n=n, max_tokens=tokens, seed=0)
        if way == "single":
            return [language_model.generate(PROMPT, max_tokens=tokens, seed=i)[0] for i in range(n)]
        pieces = (language_model.stream(PROMPT, index=i, max_tokens=tokens, seed=0) for i in range(n))
        return [piece for sample in pieces for piece in sample if isinstance(piece, Generation)]

    def measure() -> float:
        begin = time.perf_counter()
        drawn = draw()
        return (time.perf_counter() - begin) / sum(len(generation.tokens) for generation in drawn)

    return measure


def main() -> None:
    """Race and compare."""
    parser = arguments(__doc__)
    parser.add_argument("--model", default="shakespeare", help="a model (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="0 is the default of textrnn, one for each core")
    parser.add_argument("-n", type=int, default=256, help="samples (default: %(default)s)")
    parser.add_argument("--max-tokens", type=int, default=100, help="of each sample (default: %(default)s)")
    given = parser.parse_args()
    try:
        config = read_config(find_model(given.model))
    except ModelError as error:
        raise SystemExit(f"error: {error}") from None
    print_machine("onnxruntime")
    core = config.architecture.core
    print(
        f"{given.model} ({core.layers} x {core.units} {core.cell}), {given.max_tokens} tokens a sample; prompt {PROMPT}"
    )
    print(f"{given.rounds} rounds; stream(index=i) gives the very samples of the batch, in blocks of 8 steps, not 32\n")
    ways = {
        way: Contender(
            name.format(n=given.n),
            config.precision,
            partial(drawing, way, given.model, given.threads, given.n, given.max_tokens),
            given.threads,
        )
        for way, name in WAYS.items()
    }
    race(list(ways.values()), rounds=given.rounds)
    print_race(list(ways.values()), "tokens/s", tokens_per_second)
    print_ratio(ways["batch"], ways["single"], target=8)
    print_ratio(ways["batch"], ways["stream"])


if __name__ == "__main__":
    main()
