"""One sampling step of a character model: ours in blocks of 32 steps against PyTorch step by step, batch 1."""

import json
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench import (
    LAYERS,
    UNITS,
    Contender,
    Measure,
    alone,
    arguments,
    fastest,
    label,
    model_bytes,
    print_machine,
    print_race,
    print_ratio,
    print_table,
    race,
    seconds_per,
)

CLASSES = 65 + 4  # the symbols of tiny Shakespeare, and the special ones
NUMBER_OF_THREADS = (2, 1)
PROFILED_BLOCKS = 20
CONTAINERS = ("Loop", "Scan")  # their time is that of the nodes inside


def in_torch(network: str, threads: int, onednn: bool, steps: int) -> Measure:
    """A step: embedding, recurrent layers, linear, softmax, multinomial draw."""
    import peers
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = peers.Cells(CLASSES) if network == "cells" else peers.WholeLSTM(CLASSES)
    model.eval()
    if network == "quantized":
        model = quantized(model)

    def draw() -> list[Any]:
        ids, state, drawn = torch.full((1, 1), 2), None, []
        for _ in range(steps):
            logits, state = model(ids, state)
            ids = torch.multinomial(torch.softmax(logits[-1], -1), 1).T
            drawn.append(ids)
        return drawn

    def measure() -> float:
        with torch.backends.mkldnn.flags(enabled=onednn), torch.inference_mode():
            return seconds_per(steps, draw)

    return measure


def quantized(model: Any) -> Any:
    """PyTorch's own dynamic quantisation of an nn.LSTM and its linear layer."""
    import warnings

    import torch
    from torch import nn

    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return torch.ao.quantization.quantize_dynamic(model, {nn.LSTM, nn.Linear}, dtype=torch.qint8)


def in_onnx(model: bytes, threads: int, steps: int) -> Measure:
    """What `generate` does for one sample, Gumbel noise included."""
    from textrnn.decoding.sampling import Sampler, Sampling
    from textrnn.engines.onnx_engine import OnnxEngine
    from textrnn.tasks.language_model import BLOCK
    from textrnn.text.tokenizer import START

    sampler = Sampler(OnnxEngine(model, threads=threads), [START], Sampling(), seed=0, indices=[0])
    return lambda: seconds_per(steps, lambda: list(sampler.blocks(steps=steps, size=BLOCK)))


def torch_contenders(steps: int) -> list[Contender]:
    """nn.LSTM and nn.LSTMCell with and without oneDNN, and PyTorch's own int8."""
    ways = (
        ("nn.LSTM step by step", "float32", "whole", True),
        ("nn.LSTM step by step, oneDNN off", "float32", "whole", False),
        ("nn.LSTMCell", "float32", "cells", True),
        ("nn.LSTMCell, oneDNN off", "float32", "cells", False),
        ("nn.LSTM, quantize_dynamic", "int8", "quantized", True),
    )
    return [
        Contender(name, precision, partial(in_torch, network, threads, onednn, steps), threads)
        for name, precision, network, onednn in ways
        for threads in NUMBER_OF_THREADS
    ]


def our_contenders(models: dict[str, bytes], steps: int) -> list[Contender]:
    """Both precisions."""
    return [
        Contender("textrnn", precision, partial(in_onnx, model, threads, steps), threads)
        for precision, model in models.items()
        for threads in NUMBER_OF_THREADS
    ]


def where_time_goes(model: bytes, threads: int) -> list[tuple[str, float]]:
    """Seconds of a step by part: the noise, ONNX Runtime's operators by its profiler, the rest of the call."""
    import numpy as np

    from textrnn.decoding.sampling import GumbelNoise
    from textrnn.tasks.language_model import BLOCK

    noise = GumbelNoise(0, 0)
    blocks = [noise.draw(BLOCK, CLASSES)[:, None] for _ in range(PROFILED_BLOCKS)]
    steps = PROFILED_BLOCKS * BLOCK
    drawing = seconds_per(steps, lambda: [noise.draw(BLOCK, CLASSES) for _ in range(PROFILED_BLOCKS)])
    with tempfile.TemporaryDirectory() as folder:
        session = profiled_session(model, threads, prefix=f"{folder}/step")
        zeros = np.zeros((1, UNITS), np.float32)
        feeds = {value.name: zeros for value in session.get_inputs() if "." in value.name}
        ids = np.full((1, 1), 2, np.int64)
        session.run(None, {**feeds, "ids": ids, "perturbation": blocks[0]})
        from_now = time.perf_counter()
        for block in blocks:
            session.run(None, {**feeds, "ids": ids, "perturbation": block})
        total = (time.perf_counter() - from_now) / steps
        operators = by_operator(Path(session.end_profiling()), steps)
    inside = sum(operators.values())
    parts = sorted(operators.items(), key=lambda part: -part[1])
    return [
        ("Gumbel noise (NumPy)", drawing),
        *parts,
        ("between operators: Loop, allocation, profiler", total - inside),
    ]


def profiled_session(model: bytes, threads: int, *, prefix: str) -> Any:
    """A session with the options of OnnxEngine, and the profiler."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    options.enable_profiling, options.profile_file_prefix = True, prefix
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def by_operator(profile: Path, steps: int) -> dict[str, float]:
    """Seconds of a step by operator type, without the first call, which allocates."""
    events = json.loads(profile.read_text())
    runs = sorted(event["ts"] for event in events if event["name"] == "model_run")
    seconds: dict[str, float] = {}
    for event in events:
        operator = event.get("args", {}).get("op_name")
        if operator and event["ts"] >= runs[1] and event["name"].endswith("kernel_time") and operator not in CONTAINERS:
            seconds[operator] = seconds.get(operator, 0.0) + event["dur"] * 1e-6 / steps
    return seconds


def print_parts(parts: Sequence[tuple[str, float]], ours: Contender) -> None:
    """The parts as microseconds and shares."""
    total = sum(seconds for _, seconds in parts)
    print(f"\nwhere a step of {label(ours)} goes, as ONNX Runtime's profiler tells (which itself takes time):\n")
    rows = [[name, f"{seconds * 1e6:.1f}", f"{seconds / total:.0%}"] for name, seconds in parts]
    print_table(("part", "us a step", "share"), [*rows, ["sum", f"{total * 1e6:.1f}", "100%"]])


def main() -> None:
    """Race, compare, explain."""
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=256, help="steps in a turn (default: %(default)s)")
    given = parser.parse_args()
    print_machine("torch", "onnxruntime")
    print(f"one sampling step, {LAYERS} x {UNITS} LSTM, {CLASSES} symbols, batch 1, untrained; {given.rounds} rounds\n")
    models = {precision: model_bytes(precision, classes=CLASSES) for precision in ("int8", "float32")}
    theirs, ours = torch_contenders(given.steps), our_contenders(models, given.steps)
    race([*theirs, *ours], rounds=given.rounds)
    print_race([*theirs, *ours], "us a step", lambda seconds: seconds * 1e6)
    best = fastest([contender for contender in ours if contender.precision == "int8"])
    usual = theirs[0]
    print_ratio(best, usual, target=10)
    print_ratio(best, fastest([contender for contender in theirs if contender.precision == "float32"]), target=3)
    print_ratio(best, fastest(theirs), target=3)
    print_ratio(fastest([contender for contender in ours if contender.precision == "float32"]), usual)
    print_parts(alone(partial(where_time_goes, models["int8"], best.threads)), best)


if __name__ == "__main__":
    main()
