"""`textrnn classify` as a whole process beside the loops of plain PyTorch, VADER, TextBlob and fastText.

All of them say negative or positive; a model of five classes by the sums over its labels, neutral left out.
"""

import csv
import json
import random
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from bench import (
    Contender,
    Measure,
    alone,
    arguments,
    print_machine,
    print_race,
    print_ratio,
    print_table,
    race,
    seconds_per,
)
from label_peers import WITH_RULES, Peers, Settings
from polarity import as_polarities, polar

from textrnn.metrics.calibration import at_temperature
from textrnn.model_folder import ModelFolder, find_model
from textrnn.text.tokenizer import Tokenizer

AT_ONCE = 8192  # texts that are tokenised, as `classify` reads them
FASTTEXT = Settings(epochs=10, rate=0.1, ngrams=2)
TIMES_PLAIN = 5.0  # as fast as the plain loop


@dataclass(frozen=True)
class Other:
    """What ours is held against. time: a turn over texts. label: their polarities. size: bytes that it has to load."""

    name: str
    precision: str
    threads: int
    time: Callable[[Sequence[str]], Measure]
    label: Callable[[Sequence[str]], list[str]]
    size: int | None


def write_jsonl(path: Path, texts: Sequence[str]) -> None:
    """Records of a text alone."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)


def write_csv(path: Path, texts: Sequence[str]) -> None:
    """The same."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in texts)])


def count_jsonl(path: Path) -> int:
    """The records of a file."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def count_csv(path: Path) -> int:
    """The same, without the header."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


FORMATS = {"jsonl": (write_jsonl, count_jsonl), "csv": (write_csv, count_csv)}


def whole_process(model: str, file: Path, count: int, threads: int) -> Measure:
    """The command, from its start to its end; it must write as many records as there are."""
    format = file.suffix[1:]
    out = file.with_name(f"labelled.{format}")
    settings = ["--format", format, "--threads", str(threads)]
    command = [sys.executable, "-m", "textrnn", "classify", model, str(file), "--out", str(out), *settings]

    def run() -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr}")

    def measure() -> float:
        out.unlink(missing_ok=True)
        seconds = seconds_per(count, run)
        written = FORMATS[format][1](out)
        if written != count:
            raise SystemExit(f"{out}: {written:,} records, and {count:,} were read")
        return seconds

    return measure


def tokenising(model: str, texts: Sequence[str]) -> Measure:
    """The part of it that is not the network's: texts to ids."""
    folder = ModelFolder(find_model(model))
    tokenizer = Tokenizer.from_json(folder.read("tokenizer.json"), folder.config.text.level)

    def run() -> None:
        for begin in range(0, len(texts), AT_ONCE):
            tokenizer.encode_many(texts[begin : begin + AT_ONCE])

    return lambda: seconds_per(len(texts), run)


def time_plain(folder: str, over: str, threads: int, texts: Sequence[str]) -> Measure:
    """A turn of the plain loop."""
    import torch
    from peers import plain_loop

    if threads:
        torch.set_num_threads(threads)
    loop = plain_loop(folder, over)
    return lambda: seconds_per(len(texts), lambda: loop(texts))


def plain_polarities(folder: str, over: str, texts: Sequence[str]) -> list[str]:
    """What the plain loop says, at the temperature of the model."""
    from peers import plain_loop

    labels = ModelFolder(Path(folder)).config.labels
    assert labels is not None
    return as_polarities(at_temperature(plain_loop(folder, over)(texts), labels.temperature), labels.names)


def our_polarities(model: str, texts: Sequence[str]) -> list[str]:
    """What the model says."""
    from textrnn.tasks import load
    from textrnn.tasks.classifier import Classifier

    classifier = load(model, Classifier)
    return as_polarities(classifier.logprobs(texts), classifier.labels.names)


def time_peer(peers: Peers, peer: str, model: Path, texts: Sequence[str]) -> Measure:
    """A turn of a peer's own loop."""
    return lambda: peers.label(peer, texts, model=model).seconds / len(texts)


def label_by_peer(peers: Peers, peer: str, model: Path, texts: Sequence[str]) -> list[str]:
    """What a peer says."""
    return peers.label(peer, texts, model=model).labels


def others_of(given: Namespace, peers: Peers | None, folder: Path) -> Iterator[Other]:
    """The plain loop in two ways and the peers, where they can run. folder: for what fastText learns."""
    for over in ("padded", "packed") if given.float32 else ():
        size = bytes_of(Path(given.float32))
        time = partial(time_plain, given.float32, over, given.threads)
        label = partial(plain_polarities, given.float32, over)
        yield Other(
            f"nn.LSTM, {over}",
            "float32",
            given.threads,
            time,
            lambda texts, label=label: alone(partial(label, texts)),
            size,
        )
    model = folder / "fasttext.bin"
    for peer in peers.versions if peers else ():
        is_trained = peer not in WITH_RULES
        if is_trained and not given.train:
            continue
        if is_trained:
            learn(peers, given.train, model)
        size = bytes_of(model) if is_trained else None
        time, label = (partial(work, peers, peer, model) for work in (time_peer, label_by_peer))
        yield Other(peer, "float32" if is_trained else "rules", 1, time, label, size)


def learn(peers: Peers, train: str, out: Path) -> None:
    """Train fastText, and say on what."""
    texts, labels = zip(*polar([train]), strict=True)
    peers.train(texts, labels, FASTTEXT, out=out)
    print(f"fastText: {FASTTEXT}, on {len(texts):,} records of {Path(train).name}\n", flush=True)


def bytes_of(path: Path) -> int:
    """Of a file, or of the files in a folder."""
    return (
        sum(file.stat().st_size for file in path.iterdir() if file.is_file()) if path.is_dir() else path.stat().st_size
    )


def drawn(texts: Sequence[str], count: int) -> list[str]:
    """So many of the texts, in their order."""
    return [texts[place] for place in sorted(random.Random(0).sample(range(len(texts)), min(count, len(texts))))]


def ours_of(given: Namespace, texts: Sequence[str], folder: Path) -> Iterator[Contender]:
    """The command with each format, and tokenising alone. folder: for files."""
    precision = ModelFolder(find_model(given.model)).config.precision
    for format, (write, _) in FORMATS.items():
        file = folder / f"texts.{format}"
        write(file, texts)
        run = partial(whole_process, given.model, file, len(texts), given.threads)
        yield Contender(f"textrnn classify, {format}", precision, run, given.threads)
    yield Contender("Tokenizer.encode_many", "ids", partial(tokenising, given.model, texts), 1)


def print_ratios(ours: Sequence[Contender], others: Sequence[Contender]) -> None:
    """Of the command and each other, and what tokenising takes of it."""
    *commands, tokens = ours
    for command in commands:
        for other in others:
            print_ratio(command, other, target=TIMES_PLAIN if other.name.startswith("nn.LSTM") else None)
        share = median(part / whole for part, whole in zip(tokens.seconds, command.seconds, strict=True))
        print(f"tokenising alone, on one thread, takes {share:.0%} of the time of {command.name}\n")


def print_accuracies(given: Namespace, others: Sequence[Other], records: Sequence[tuple[str, str]]) -> None:
    """Of ours and each other on all records, with the bytes of its model."""
    texts, gold = zip(*records, strict=True)
    labels = {"textrnn": alone(partial(our_polarities, given.model, texts))}
    labels |= {other.name: other.label(texts) for other in others}
    sizes = {"textrnn": bytes_of(find_model(given.model)), **{other.name: other.size for other in others}}
    rows = []
    for name, said in labels.items():
        right = sum(one == other for one, other in zip(said, gold, strict=True))
        rows.append([name, f"{100 * right / len(gold):.2f} %", f"{sizes[name]:,}" if sizes[name] else "-"])
    print_table(("labeller", f"accuracy on {len(gold):,} records", "bytes of its model"), rows)


def compare(given: Namespace, folder: Path) -> None:
    """Race, then accuracies. folder: for files."""
    records = polar([given.data])
    peers = Peers(given.peers) if given.peers else None
    texts = list(islice(cycle([text for text, _ in records]), given.records))
    some = drawn(texts, given.peer_records or len(texts) // 10)
    print_machine("onnxruntime", "tokenizers", *(["torch"] if given.float32 else []))
    print(f"peers: {', '.join(peers.versions.values()) if peers else 'none'}")
    print(
        f"{len(texts):,} records: the {len(records):,} of {Path(given.data).name} that have a polarity, over and over"
    )
    print("textrnn classify: the whole process, start to end, with all of them, from a file to a file")
    print(f"the others: with {len(some):,} of them, drawn, in order; from texts in memory to labels, and no more\n")
    others = list(others_of(given, peers, folder))
    ours = list(ours_of(given, texts, folder))
    raced = [Contender(other.name, other.precision, partial(other.time, some), other.threads) for other in others]
    race([*ours, *raced], rounds=given.rounds)
    print_race([*ours, *raced], "records/s", lambda seconds: 1 / seconds)
    print_ratios(ours, raced)
    print_accuracies(given, others, records)


def main() -> None:
    """Compare by what is given."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("model", help="a classifier of sentiment: a folder or a bundled one")
    parser.add_argument("data", help="labelled records, such as test.jsonl of SST-2")
    parser.add_argument("--records", type=int, default=200_000, help="to classify, those of the data over and over")
    parser.add_argument("--peer-records", type=int, default=0, help="that the others have of them (default: a tenth)")
    parser.add_argument("--float32", metavar="FOLDER", help="the model in float32: the plain loop has its weights")
    parser.add_argument("--peers", metavar="PYTHON", help="of an environment with the peers' packages, see README.md")
    parser.add_argument("--train", metavar="FILE", help="labelled records that fastText learns from")
    parser.add_argument("--threads", type=int, default=0, help="of ours and of the plain loop (default: all cores)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        compare(given, Path(name))


if __name__ == "__main__":
    main()
