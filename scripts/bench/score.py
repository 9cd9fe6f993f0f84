"""Scoring known text, a batch of 50 x 50 symbols: ours against a forward pass of nn.LSTM."""

from functools import partial
from typing import Any

from bench import (
    LAYERS,
    UNITS,
    Contender,
    Measure,
    arguments,
    model_bytes,
    print_machine,
    print_race,
    print_ratio,
    race,
    seconds_per,
    tokens_per_second,
)

CLASSES = 65 + 4
TIME, BATCH = 50, 50


def batch() -> Any:
    """Inputs and targets (time, batch), the same for all."""
    import numpy as np

    return np.random.default_rng(0).integers(4, CLASSES, (2, TIME, BATCH))


def in_torch(precision: str, threads: int, calls: int) -> Measure:
    """nn.LSTM, linear, log-softmax, gather."""
    import torch
    from peers import Whole

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = Whole(CLASSES).eval()
    inputs, targets = torch.from_numpy(batch())

    def score() -> None:
        for _ in range(calls):
            logits, _ = model(inputs)
            torch.log_softmax(logits.float(), -1).gather(-1, targets[..., None])

    def measure() -> float:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            return seconds_per(calls * TIME * BATCH, score)

    return measure


def in_onnx(model: bytes, threads: int, calls: int) -> Measure:
    """OnnxEngine.score, calls side by side as LanguageModel.score makes them."""
    from concurrent.futures import ThreadPoolExecutor

    from textrnn.engines.onnx_engine import OnnxEngine

    engine = OnnxEngine(model, threads=threads)
    inputs, targets = batch()

    def score() -> None:
        with ThreadPoolExecutor(engine.workers) as pool:
            list(pool.map(lambda _: engine.score(inputs, targets), range(calls)))

    return lambda: seconds_per(calls * TIME * BATCH, score)


def main() -> None:
    """Race and compare."""
    parser = arguments(__doc__)
    parser.add_argument("--calls", type=int, default=10, help="batches in a turn (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="of every contender (default: %(default)s)")
    given = parser.parse_args()
    print_machine("torch", "onnxruntime")
    print(f"scoring, {LAYERS} x {UNITS} LSTM, {CLASSES} symbols, batch {BATCH} x {TIME}; {given.rounds} rounds\n")
    theirs = [
        Contender("nn.LSTM", precision, partial(in_torch, precision, given.threads, given.calls), given.threads)
        for precision in ("float32", "bfloat16")
    ]
    ours = {}
    for precision in ("int8", "float32"):
        prepare = partial(in_onnx, model_bytes(precision, classes=CLASSES), given.threads, given.calls)
        ours[precision] = Contender("textrnn", precision, prepare, given.threads)
    race([*theirs, *ours.values()], rounds=given.rounds)
    print_race([*theirs, *ours.values()], "tokens/s", tokens_per_second)
    print_ratio(ours["int8"], theirs[0], target=2.5)
    print_ratio(ours["float32"], theirs[0], target=0.9)


if __name__ == "__main__":
    main()
