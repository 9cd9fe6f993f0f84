"""What many tests need: tiny models, and the command line in process."""

import io
import signal
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from hypothesis import settings

from textrnn.architecture import Architecture, Core, LabelPerStep, Learned
from textrnn.cells import BUILT_IN, CELLS
from textrnn.cli.app import main
from textrnn.config import ModelConfig, TextSettings
from textrnn.export.quantize import quantize
from textrnn.export.save import save_model
from textrnn.networks.sequence import SequenceNetwork
from textrnn.text.tokenizer import Tokenizer

settings.register_profile("untimed", settings(), deadline=None)  # a busy machine is slow, and its tests pass
settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as a shell leaves it to what it runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

ALPHABET = string.ascii_lowercase + " ,.!?\n" + string.ascii_uppercase


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float32 model folder with an untrained network, its weights doubled so that probabilities differ."""
    tokenizer = Tokenizer.of_characters(ALPHABET)
    symbols = len(tokenizer)
    architecture = Architecture(
        input=Learned(symbols=symbols, size=8), core=Core(units=16, layers=2), head=LabelPerStep(classes=symbols)
    )
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        network = SequenceNetwork(architecture)
        for weights in network.parameters():
            weights *= 2
    path = tmp_path_factory.mktemp("models") / "tiny"
    config = ModelConfig(
        task="lm",
        architecture=architecture,
        text=TextSettings(),
        training={"data": "none: the network is untrained", "metrics": [], "settings": {"seed": 0}},
    )
    save_model(path, network, tokenizer, config)
    return path


@pytest.fixture(scope="session")
def tiny_int8(tiny_model: Path) -> Path:
    """The same network in int8."""
    path = tiny_model.with_name("tiny-int8")
    quantize(tiny_model, path)
    return path


@pytest.fixture
def package_cells() -> Iterator[None]:
    """Cells that a test adds are forgotten after it."""
    yield
    for name in CELLS.keys() - {cell.name for cell in BUILT_IN}:
        del CELLS[name]


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str


class Terminal(io.StringIO):
    """A terminal where nobody types."""

    def isatty(self) -> bool:
        return True


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in process: run("score", model, "-", stdin=b"a line"); stdin=None is a terminal."""

    def run(*arguments: str | Path, stdin: bytes | None = b"") -> Result:
        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr("sys.argv", ["textrnn", *map(str, arguments)])
            patch.setattr("sys.stdin", Terminal() if stdin is None else io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
            patch.setattr("sys.stdout", stdout)
            patch.setattr("sys.stderr", stderr)
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = (stream.buffer.getvalue().decode(errors="surrogatepass") for stream in (stdout, stderr))
        return Result(int(ended.value.code or 0), out, err)

    return run
