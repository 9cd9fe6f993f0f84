"""How far the engines are apart: the same weights in PyTorch and ONNX Runtime, as one operator and as a Scan; and int8
over the size of the batch.

Weights are drawn from N(0, 1.2² / columns), or 0.8² for a cell that nothing bounds, which would else grow from layer to
layer; those of the output from N(0, 4² / columns); the vectors of symbols from N(0, 1), biases from N(0, 0.3²).
Sequences are of different lengths, padded; padding is not compared. A figure is the largest difference between two
log-probabilities, natural.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import onnxruntime
import torch
from bench import print_machine, print_table
from numpy.typing import NDArray
from onnx import TensorProto

from textrnn.architecture import Architecture, Core, Input, LabelPerStep, Learned, OneHot, Pretrained
from textrnn.cells import BUILT_IN, CELLS, add_cells
from textrnn.config import Precision
from textrnn.engines.onnx_engine import OnnxEngine
from textrnn.networks.calibration import calibrated
from textrnn.networks.graph import Graph
from textrnn.networks.graphs import graphs_of
from textrnn.networks.sequence import SequenceNetwork
from textrnn.networks.sources import SymbolSource
from textrnn.networks.stack import output_site

TARGET = 1e-4
PARTS = (1, 7)  # sequences in a call, beside all in one
SCANNED = "by equations: "  # before the name of a cell: the same, with no operator of its own

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
Run = Callable[[Ids, Ids], Floats]  # ids (time, batch) and lengths (batch,) → log-probabilities (time, batch, classes)


@dataclass(frozen=True)
class Sizes:
    """How large all is."""

    units: int = 64
    symbols: int = 4100  # so many that int8 does not make a table of the first layer's products
    few_symbols: int = 69
    time: int = 20
    batch: int = 16
    layers: tuple[int, ...] = (1, 3)


QUICK = Sizes(units=8, symbols=30, few_symbols=12, time=4, batch=8, layers=(2,))


def inputs(sizes: Sizes, outputs: int) -> dict[str, Input]:
    """By name. outputs: of the top level, as long as the vectors that are tied."""
    return {
        "one-hot": OneHot(symbols=sizes.few_symbols),
        "learned": Learned(symbols=sizes.symbols, size=sizes.units),
        "tied": Pretrained(symbols=sizes.few_symbols, size=outputs),
    }


def drawn(architecture: Architecture, *, seed: int) -> SequenceNetwork:
    """A network with the weights that are described above."""
    torch.manual_seed(seed)
    gain = 0.8 if CELLS[architecture.core.cell].bound is None else 1.2
    network = SequenceNetwork(architecture).eval()
    with torch.no_grad():
        for name, weights in network.named_parameters():
            is_output = name == "head.weight" or (name == "input.table" and architecture.head.tied)
            if weights.ndim == 1:
                weights.normal_(std=0.3)
            elif is_output or name != "input.table":
                weights.normal_(std=(4 if is_output else gain) * weights.shape[1] ** -0.5)
    return network


def in_torch(network: SequenceNetwork) -> Run:
    """The module."""

    @torch.no_grad()
    def run(ids: Ids, lengths: Ids) -> Floats:
        output, _ = network(torch.from_numpy(ids), lengths=torch.from_numpy(lengths))
        return np.asarray(network.head(output).log_softmax(-1).numpy())

    return run


def in_onnx(network: SequenceNetwork, precision: Precision, bounds: Mapping[str, float]) -> Run:
    """A graph of it: that of a language model, or of labels where both directions are read."""
    if network.architecture.core.bidirectional:
        session = onnxruntime.InferenceSession(labels_graph(network, precision, bounds))
        return lambda ids, lengths: np.asarray(session.run(None, {"ids": ids, "lengths": lengths})[0])
    engine = OnnxEngine(graphs_of(network, precision, bounds)["model.onnx"])
    return lambda ids, lengths: engine.run(ids)[0]


def labels_graph(network: SequenceNetwork, precision: Precision, bounds: Mapping[str, float]) -> bytes:
    """The log-probabilities of labels, read in both directions, from a state of zeros."""
    architecture, graph = network.architecture, Graph(precision, bounds=bounds)
    ids = graph.input("ids", shape=("time", "batch"), dtype=TensorProto.INT64)
    lengths = graph.input("lengths", shape=("batch",), dtype=TensorProto.INT64)
    batch = graph.node("Shape", lengths)
    state = {}
    for name, size in architecture.core.state_sizes().items():
        shape = graph.node("Concat", batch, graph.numbers(size), axis=0)
        state[name] = graph.node("Expand", graph.value(0.0), shape)
    output, _ = network.layers.to_graph(graph, SymbolSource(network.input, ids), state, lengths)
    logits = network.head.to_graph(graph, output, site=output_site(architecture.core.layers - 1))
    shape = ("time", "batch", architecture.head.classes)
    graph.output(graph.node("LogSoftmax", logits, axis=-1), "logprobs", shape=shape)
    return graph.to_bytes("labels")


def texts(symbols: int, sizes: Sizes, *, seed: int) -> tuple[Ids, Ids]:
    """Ids (time, batch) and lengths (batch,), the first as long as there are steps."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, sizes.time + 1, sizes.batch)
    lengths[0] = sizes.time
    return rng.integers(0, symbols, (sizes.time, sizes.batch)), lengths


def apart(run: Run, other: Run, ids: Ids, lengths: Ids) -> float:
    """The largest difference between two engines."""
    counts = np.arange(len(ids))[:, None] < lengths
    return float(np.abs(run(ids, lengths) - other(ids, lengths))[counts].max())


def in_parts(run: Run, size: int) -> Run:
    """The same, so many sequences in a call, each call padded to the longest of its own."""

    def run_parts(ids: Ids, lengths: Ids) -> Floats:
        found = []
        for begin in range(0, len(lengths), size):
            part = slice(begin, begin + size)
            steps = lengths[part].max()
            logprobs = run(np.ascontiguousarray(ids[:steps, part]), lengths[part])
            found.append(np.pad(logprobs, ((0, len(ids) - steps), (0, 0), (0, 0))))
        return np.concatenate(found, axis=1)

    return run_parts


def differences(architecture: Architecture, sizes: Sizes, *, seed: int) -> dict[str, float]:
    """Of one network: of each way in float32 to torch, where there is it; of int8 to itself in smaller batches."""
    core = architecture.core
    scanned = architecture.model_copy(update={"core": core.model_copy(update={"cell": SCANNED + core.cell})})
    network, by_scan = (drawn(one, seed=seed) for one in (architecture, scanned))
    ids, lengths = texts(architecture.input.symbols, sizes, seed=seed)
    exact = in_torch(network)
    found = {"Scan": apart(exact, in_onnx(by_scan, "float32", {}), ids, lengths)}
    if not isinstance(architecture.input, OneHot):  # which has no vectors that an operator could read
        found["operator"] = apart(exact, in_onnx(network, "float32", {}), ids, lengths)
    bounds = {name: bound.value for name, bound in calibrated(network, torch.from_numpy(ids)).items()}
    int8 = in_onnx(network, "int8", bounds)
    found["int8"] = max(apart(int8, in_parts(int8, size), ids, lengths) for size in PARTS)
    return found


def rows(sizes: Sizes, seeds: range) -> Iterator[tuple[list[str], dict[tuple[str, str], float]]]:
    """What a row is about; by input and way the largest difference over the seeds."""
    add_cells(replace(cell, name=SCANNED + cell.name, fused=None) for cell in BUILT_IN)
    for cell, bidirectional, layers in product(BUILT_IN, (False, True), sizes.layers):
        core = Core(cell=cell.name, units=sizes.units, layers=layers, bidirectional=bidirectional)
        found: dict[tuple[str, str], float] = {}
        for name, spec in inputs(sizes, core.outputs).items():
            head = LabelPerStep(classes=spec.symbols, tied=name == "tied")
            architecture = Architecture(input=spec, core=core, head=head)
            for seed in seeds:
                for way, difference in differences(architecture, sizes, seed=seed).items():
                    found[name, way] = max(difference, found.get((name, way), 0.0))
        yield [cell.name, "both" if bidirectional else "forward", str(layers)], found


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="of weights and texts: 0, 1, ... (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="smaller networks and texts")
    given = parser.parse_args()
    sizes, seeds = QUICK if given.quick else Sizes(), range(given.seeds)
    torch.set_num_threads(1)
    print_machine("torch", "onnxruntime")
    print(f"{sizes}; seeds {', '.join(map(str, seeds))}")
    print(f"largest difference of a log-probability to torch in float32; of int8 to itself in parts of {PARTS}\n")
    table, largest = [], {"Scan": 0.0, "operator": 0.0, "int8": 0.0}
    columns = [("one-hot", "Scan"), *product(("learned", "tied"), ("operator", "Scan"))]
    for words, found in rows(sizes, seeds):
        for (_, way), difference in found.items():
            largest[way] = max(difference, largest[way])
        int8 = max(difference for (_, way), difference in found.items() if way == "int8")
        table.append([*words, *(f"{found[column]:.1e}" for column in columns), f"{int8:.1e}"])
    print_table(("cell", "reads", "layers", *map(", ".join, columns), "int8"), table)
    for way, most in (("operator", TARGET), ("Scan", TARGET), ("int8", 0.0)):
        verdict = "met" if largest[way] <= most else "MISSED"
        print(f"{way}: at most {largest[way]:.1e} (target {most:g}: {verdict})")


if __name__ == "__main__":
    main()
