"""One sampling step of a character model: ours in blocks of 32 steps against PyTorch step by step, batch 1."""

import json
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
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
START = 2  # the id of <start>
SILENT = 4  # as in OnnxEngine


def in_torch(network: str, threads: int, onednn: bool, steps: int) -> Measure:
    """A step: embedding, recurrent layers, linear, softmax, multinomial draw."""
    import peers
    import torch

    warnings.simplefilter("ignore")  # PyTorch's own: oneDNN's TF32, and that its int8 will be removed
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = peers.Cells(CLASSES) if network == "cells" else peers.Whole(CLASSES)
    model.eval()
    if network == "quantized":
        model = quantized(model)

    def draw() -> list[Any]:
        ids, state, drawn = torch.full((1, 1), START), None, []
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
    import torch
    from torch import nn

    return torch.ao.quantization.quantize_dynamic(model, {nn.LSTM, nn.Linear}, dtype=torch.qint8)


def in_onnx(model: bytes, threads: int, steps: int) -> Measure:
    """What `generate` does for one sample, Gumbel noise included."""
    from textrnn.decoding.sampling import Sampler, Sampling
    from textrnn.engines.onnx_engine import OnnxEngine
    from textrnn.tasks.language_model import BLOCK

    sampler = Sampler(OnnxEngine(model, threads=threads), [[START]], Sampling(), seed=0, indices=[0])
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


@dataclass(frozen=True)
class Profile:
    """Where the time of a step goes, in seconds. The profiler's record of a node costs more than most nodes do."""

    noise: float
    call: float  # of ONNX Runtime, without the profiler
    profiled_call: float
    operators: dict[str, tuple[float, float]]  # name → nodes in a step, seconds with the profiler


def profile(model: bytes, threads: int) -> Profile:
    """Time the noise, the call without the profiler, and the call with it."""
    from textrnn.decoding.sampling import GumbelNoise
    from textrnn.tasks.language_model import BLOCK

    noise = GumbelNoise(0, 0)
    steps = PROFILED_BLOCKS * BLOCK
    blocks = [noise.draw(BLOCK, CLASSES)[:, None] for _ in range(PROFILED_BLOCKS)]
    drawing = seconds_per(steps, lambda: [noise.draw(BLOCK, CLASSES) for _ in range(PROFILED_BLOCKS)])
    call, _ = seconds_of_call(model, threads, blocks)
    with tempfile.TemporaryDirectory() as folder:
        profiled_call, record = seconds_of_call(model, threads, blocks, record=f"{folder}/step")
        return Profile(drawing, call, profiled_call, by_operator(Path(record), steps))


def seconds_of_call(model: bytes, threads: int, blocks: Sequence[Any], *, record: str = "") -> tuple[float, str]:
    """Seconds of a step in ONNX Runtime with the options of OnnxEngine; with `record`, the profiler's file too."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = SILENT
    options.enable_profiling, options.profile_file_prefix = bool(record), record
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feeds = {value.name: np.zeros((1, UNITS), np.float32) for value in session.get_inputs() if "." in value.name}
    feeds["ids"] = feeds["targets"] = np.full((1, 1), START)

    def run_all() -> None:
        for block in blocks:
            session.run(None, {**feeds, "perturbation": block})

    session.run(None, {**feeds, "perturbation": blocks[0]})
    seconds = seconds_per(sum(map(len, blocks)), run_all)
    return seconds, session.end_profiling() if record else ""


def by_operator(record: Path, steps: int) -> dict[str, tuple[float, float]]:
    """Nodes and seconds of a step by operator type, without the first call, which allocates."""
    events = json.loads(record.read_text())
    _, begin, *_ = sorted(event["ts"] for event in events if event["name"] == "model_run")
    totals: dict[str, tuple[float, float]] = {}
    for event in events:
        operator = event.get("args", {}).get("op_name")
        if operator and event["ts"] >= begin and event["name"].endswith("kernel_time") and operator not in CONTAINERS:
            nodes, seconds = totals.get(operator, (0.0, 0.0))
            totals[operator] = nodes + 1 / steps, seconds + event["dur"] * 1e-6 / steps
    return totals


def print_profile(found: Profile, ours: Contender) -> None:
    """The step as a whole, and its operators."""
    step, micro = median(ours.seconds), 1e6
    print(f"\na step of {label(ours)}: {step * micro:.1f} us, of which {found.call * micro:.1f} in ONNX Runtime's call")
    print(f"and {found.noise * micro:.1f} for the Gumbel noise; its operators, by ONNX Runtime's profiler, which slows")
    print(f"the call to {found.profiled_call * micro:.1f} us a step, about alike for each node:\n")
    inside = sum(seconds for _, seconds in found.operators.values())
    rows = [
        [name, f"{nodes:.1f}", f"{seconds * micro:.1f}", f"{seconds / inside:.0%}"]
        for name, (nodes, seconds) in sorted(found.operators.items(), key=lambda item: -item[1][1])
    ]
    nodes = sum(nodes for nodes, _ in found.operators.values())
    print_table(
        ("operator", "nodes a step", "us a step, profiled", "share"),
        [*rows, ["all", f"{nodes:.1f}", f"{inside * micro:.1f}", "100%"]],
    )


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
    print_ratio(best, fastest([contender for contender in theirs if contender.precision == "int8"]))
    print_ratio(fastest([contender for contender in ours if contender.precision == "float32"]), usual)
    print_profile(alone(partial(profile, models["int8"], best.threads)), best)


if __name__ == "__main__":
    main()
