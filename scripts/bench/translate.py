"""Sentences a second of a translator, beside plain PyTorch sentence by sentence, and beside its matrix products alone.

The plain module is what one would write with torch.nn: the same weights, an encoder, a decoder a step at a time, greedy
or with the hypotheses of one sentence side by side. The products are those that the translation takes, counted while it
runs and then made by ONNX Runtime in the same sizes on one thread: what the rest of the time goes to is what is left.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from bench import Contender, Measure, alone, print_machine, print_table, race, seconds_per

from textrnn.batch import Ids
from textrnn.engines.engine import Floats, State
from textrnn.engines.labeller import Padded
from textrnn.engines.translating import Best, Encoded, Read, TranslationEngine
from textrnn.tasks.translator import Translator
from textrnn.text.tokenizer import EOS, START

BEAMS = (1, 5)
Asked = tuple[Counter[tuple[int, int]], Counter[tuple[int, int, int]]]  # how often for each size, see `Counted`
ROOM, RATIO = 10, 2.0  # symbols of a translation at most, as `translate` allows


@dataclass(frozen=True)
class Sizes:
    """Of the matrices that an LSTM translator is made of. Rows times inputs times outputs are a product's."""

    source: int  # entries of a symbol's vector
    target: int
    encoder: int  # units of each direction
    directions: int
    decoder: int
    outputs: int
    classes: int


@dataclass
class Counted:
    """A translation engine that counts what it is asked for. encoded: (time, batch). stepped: (batch, beam, source)."""

    engine: TranslationEngine
    encoded: list[tuple[int, int]] = field(default_factory=list)
    stepped: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def classes(self) -> int:
        return self.engine.classes

    @property
    def workers(self) -> int:
        return self.engine.workers

    def encode(self, batch: Padded) -> Encoded:
        self.encoded.append((batch.ids.shape[0], batch.ids.shape[1]))
        return self.engine.encode(batch)

    def read(self, ids: Ids, state: State, memory: Mapping[str, Floats]) -> Read:
        self.stepped.append((*ids.shape, memory["mask"].shape[1] if memory else 0))
        return self.engine.read(ids, state, memory)

    def best(self, ids: Ids, state: State, memory: Mapping[str, Floats], *, count: int) -> Best:
        self.stepped.append((*ids.shape, memory["mask"].shape[1] if memory else 0))
        return self.engine.best(ids, state, memory, count=count)


def ours(model: Path, lines: Sequence[str], beam: int, threads: int) -> Measure:
    """A turn of translating all lines."""
    from textrnn.tasks import load

    translator = load(model, Translator, threads=threads)
    return lambda: seconds_per(len(lines), lambda: list(translator.translate(lines, beam=beam)))


def plain(model: Path, lines: Sequence[str], beam: int) -> Measure:
    """A turn of plain PyTorch over all lines, one after another."""
    translate = plain_translator(model, beam)
    return lambda: seconds_per(len(lines), lambda: [translate(line) for line in lines])


def plain_translator(model: Path, beam: int) -> Callable[[str], str]:
    """A translator of one sentence with the modules of torch.nn and the weights of a model of one layer."""
    import torch
    from safetensors.torch import load_file
    from torch import Tensor, nn

    from textrnn.model_folder import ModelFolder
    from textrnn.tasks import read_tokenizers

    folder = ModelFolder(model)
    head, core = folder.config.architecture.head, folder.config.architecture.core
    assert head.kind == "decoder"
    if (core.cell, core.layers, head.core.layers, head.attention, head.input_feeding) != (
        "lstm",
        1,
        1,
        "general",
        False,
    ):
        raise SystemExit("the plain module is of one LSTM layer a side with general attention")
    target, *of_source = read_tokenizers(folder)
    source = of_source[0] if of_source else target
    w = load_file(model / folder.config.parts["model.safetensors"].file)
    vectors = w["input.table"] if head.shared else w["head.input.table"]
    encoder = nn.LSTM(w["input.table"].shape[1], core.units, bidirectional=core.bidirectional)
    decoder = nn.LSTM(vectors.shape[1], head.core.units)
    for module, prefix, names in ((encoder, "layers", ("0", "0_reverse")), (decoder, "head.layers", ("0",))):
        for name in names[: 2 if module.bidirectional else 1]:
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                suffix = part + "_l0" + name.removeprefix("0")
                getattr(module, suffix).data.copy_(w[f"{prefix}.{name}.{part}"])
    labels = vectors if head.tied else w["head.labels.weight"]

    def step(ids: Tensor, state: Any, keys: Tensor, values: Tensor) -> tuple[Tensor, Any]:
        """Log-probabilities after another symbol of each hypothesis, and hidden and memory."""
        hidden, state = decoder(vectors[ids][None], state)
        weights = (hidden[0] @ keys.T).softmax(-1)
        total = hidden[0] @ w["head.weight_hidden"].T + weights @ values @ w["head.weight_context"].T
        made = (total + w["head.bias_output"]).tanh()
        return (made @ labels.T + w["head.labels.bias"]).log_softmax(-1), state

    @torch.no_grad()
    def translate(line: str) -> str:
        ids = torch.from_numpy(source.encode(line).astype(np.int64))
        if not len(ids):
            return ""
        outputs, (last, _) = encoder(w["input.table"][ids][:, None])
        values = outputs[:, 0]
        keys = values @ w["head.attention.weight_key"].T
        begun = (w["head.bridge.weight"] @ last.flatten() + w["head.bridge.bias"]).tanh().split(head.core.units)
        state = (begun[0][None, None], begun[1][None, None])
        alive: list[tuple[float, list[int]]] = [(0.0, [START])]
        ended: list[tuple[float, list[int]]] = []
        longest = int(RATIO * len(ids)) + ROOM
        for length in range(longest + 1):
            read = torch.tensor([symbols[-1] for _, symbols in alive])
            logprobs, state = step(read, state, keys, values)
            logprobs[:, :EOS] = -torch.inf  # <pad>, <unk> and <start>
            if length == longest:
                logprobs[:, EOS + 1 :] = -torch.inf
            total = logprobs + torch.tensor([score for score, _ in alive])[:, None]
            scores, places = total.flatten().topk(2 * beam)
            following: list[tuple[float, list[int], int]] = []
            for rank, (score, place) in enumerate(zip(scores.tolist(), places.tolist(), strict=True)):
                row, symbol = divmod(place, logprobs.shape[1])
                symbols = [*alive[row][1], symbol]
                if score == -torch.inf:
                    break
                if symbol == EOS and rank < beam:
                    ended.append((score / ((5 + len(symbols) - 1) / 6), symbols))
                elif symbol != EOS and len(following) < beam:
                    following.append((score, symbols, row))
            if len(ended) >= beam or not following:
                break
            alive = [(score, symbols) for score, symbols, _ in following]
            rows = torch.tensor([row for _, _, row in following])
            state = (state[0][:, rows], state[1][:, rows])
        best = max(ended)[1]
        return target.decode(best[1:])

    return translate


def counted(model: Path, lines: Sequence[str], beam: int) -> Asked:
    """How often encoder and decoder were asked for each size."""
    from textrnn.tasks import load

    translator = load(model, Translator, threads=1)
    engine = Counted(translator.engine)
    translator.engine = engine
    list(translator.translate(lines, beam=beam))
    return Counter(engine.encoded), Counter(engine.stepped)


def sizes_of(model: Path) -> Sizes:
    """Those of a model of one layer a side."""
    from textrnn.model_folder import ModelFolder

    architecture = ModelFolder(model).config.architecture
    head = architecture.head
    assert head.kind == "decoder"
    return Sizes(
        source=getattr(architecture.input, "size", 0),
        target=getattr(head.input, "size", 0),
        encoder=architecture.core.units,
        directions=1 + architecture.core.bidirectional,
        decoder=head.core.units,
        outputs=head.outputs,
        classes=head.classes,
    )


def products(model: Path, asked: Asked, lines: int, precision: str) -> Measure:
    """A turn of the matrix products alone, as many and as large as the translation of so many lines takes them."""
    encoded, stepped = asked
    sizes = sizes_of(model)
    wanted: Counter[tuple[int, ...]] = Counter()  # rows, inputs, outputs; or count, rows, inputs, outputs side by side
    for (time, batch), times in encoded.items():
        wanted[time * batch, sizes.source, 4 * sizes.encoder] += times * sizes.directions
        wanted[batch, sizes.encoder, 4 * sizes.encoder] += times * sizes.directions * time
        wanted[time * batch, sizes.directions * sizes.encoder, sizes.decoder] += times  # the keys
        wanted[batch, sizes.directions * sizes.encoder, 2 * sizes.decoder] += times  # the bridge
    for (batch, width, length), times in stepped.items():
        rows = batch * width
        wanted[rows, sizes.target, 4 * sizes.decoder] += times
        wanted[rows, sizes.decoder, 4 * sizes.decoder] += times
        wanted[rows, sizes.decoder, sizes.outputs] += times
        wanted[rows, sizes.directions * sizes.encoder, sizes.outputs] += times
        wanted[rows, sizes.outputs, sizes.classes] += times
        if length:
            wanted[batch, width, sizes.decoder, length] += times
            wanted[batch, width, length, sizes.directions * sizes.encoder] += times
    runs = [(product(size, precision), times) for size, times in wanted.items()]

    def turn() -> float:
        total = 0.0
        for run, times in runs:
            total += seconds_per(1, lambda run=run, times=times: [run() for _ in range(times)])
        return total / lines

    return turn


def product(size: tuple[int, ...], precision: str) -> Callable[[], object]:
    """One product of these sizes by ONNX Runtime on one thread; those of attention are float32 in either precision."""
    import onnxruntime
    from onnx import TensorProto

    from textrnn.networks.graph import Graph

    rng = np.random.default_rng(0)
    *many, rows, inputs, outputs = size
    graph = Graph("int8" if precision == "int8" and not many else "float32")
    shape = (*many, rows, inputs)
    feeds = {"x": rng.uniform(-1, 1, shape).astype(np.float32)}
    x = graph.input("x", shape=shape, dtype=TensorProto.FLOAT)
    if many:
        feeds["y"] = rng.uniform(-1, 1, (*many, inputs, outputs)).astype(np.float32)
        made = graph.node("MatMul", x, graph.input("y", shape=(*many, inputs, outputs), dtype=TensorProto.FLOAT))
    else:
        made = graph.linear(x, "w", rng.standard_normal((outputs, inputs)).astype(np.float32), None)
    graph.output(made, "product", shape=(*many, rows, outputs))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.to_bytes("product"), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feeds)


def quantized(model: Path, out: Path) -> None:
    """The int8 model of a float32 one."""
    from textrnn.export.quantize import quantize

    quantize(model, out)


def same(model: Path, lines: Sequence[str], beam: int) -> float:
    """The share of lines that both translate alike."""
    from textrnn.tasks import load

    translate = plain_translator(model, beam)
    found = load(model, Translator).translate(lines, beam=beam)
    return float(np.mean([made.translation == translate(line) for made, line in zip(found, lines, strict=True)]))


def options() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL", help="a float32 folder of scripts/bench/translation.py")
    parser.add_argument("lines", type=Path, metavar="LINES", help="the sentences to translate (.gz too)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--plain", type=int, default=200, help="lines for plain PyTorch (default: %(default)s)")
    return parser.parse_args()


def main() -> None:
    """Race and print."""
    from textrnn.text.records import read_text

    given = options()
    lines = read_text(str(given.lines)).removesuffix("\n").split("\n")
    each = max(1, len(lines) // given.plain)
    some = lines[::each]
    print_machine("torch", "onnxruntime")
    print(f"{given.lines.name}: {len(lines):,} sentences, for plain PyTorch every {each}th\n")
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "int8"
        alone(partial(quantized, given.model, small))
        models = {"float32": given.model, "int8": small}
        for beam in BEAMS:
            peer = Contender("plain PyTorch", "float32", partial(plain, given.model, some, beam))
            found = {
                (precision, threads): Contender(
                    f"textrnn, threads {threads or 'all'}",
                    precision,
                    partial(ours, model, lines, beam, threads),
                    threads,
                )
                for precision, model in models.items()
                for threads in (0, 1)
            }
            asked = alone(partial(counted, given.model, lines, beam))
            bare = {
                precision: Contender(
                    "its products", precision, partial(products, model, asked, len(lines), precision), 1
                )
                for precision, model in models.items()
            }
            contenders = [peer, *found.values(), *bare.values()]
            race(contenders, rounds=given.rounds)
            alike = alone(partial(same, given.model, some, beam))
            print(f"beam {beam}: {alike:.1%} of the sentences as plain PyTorch has them")
            rows = [
                [who.name, who.precision, f"{1 / np.median(who.seconds):,.0f}", f"{who.times_faster_than(peer):.1f}"]
                for who in contenders
            ]
            print_table(("who", "precision", "sentences/s", "times plain PyTorch"), rows)
            for precision, products_alone in bare.items():
                ratio = products_alone.times_faster_than(found[precision, 1])
                print(f"{precision}, one thread: {ratio:.2f} times the time of its products alone")
            print()


if __name__ == "__main__":
    main()
