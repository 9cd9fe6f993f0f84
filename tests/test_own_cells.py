"""Cells from outside the package: they train, are saved and opened like its own, and bad ones are refused in a line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import textrnn
from tests.conftest import Run
from tests.fakes import answers
from textrnn.cells import CELLS, LSTM, add_cells
from textrnn.cells.cell import Cell, FromHidden, Fused, Gates, Ops, State
from textrnn.data import Data
from textrnn.errors import ModelError, UsageError
from textrnn.export.quantize import quantize
from textrnn.networks.read import Vectors
from textrnn.networks.recurrent import RecurrentLayer
from textrnn.settings import training_settings
from textrnn.training.starting import begin, resume

pytestmark = pytest.mark.usefixtures("package_cells")

TEXT = "she sells sea shells by the sea shore.\n" * 60
TINY: dict[str, Any] = {"units": 8, "layers": 2, "embedding_size": 4, "batch": 4, "window": 8, "precision": "float32"}
QUICK: dict[str, Any] = {**TINY, "steps": 6, "evaluations": 3, "patience": 0, "save_seconds": 0.0}
LINES = ["she sells", "sea", ""]


def step(x: Gates, u: FromHidden, before: State, _: Gates, ops: Ops) -> State:
    """The minimal gated unit (Zhou et al., 2016)."""
    forget = ops.sigmoid(x["forget"] + u["forget"])
    candidate = ops.tanh(x["candidate"] + u.of("candidate", forget * before["hidden"]))
    return {"hidden": (1 - forget) * before["hidden"] + forget * candidate}


def mgu(*, bound: float | None = None) -> Cell:
    return Cell("mgu", gates=("forget", "candidate"), state=("hidden",), step=step, bound=bound)


def simple(step: Callable[..., Any] = step, **changes: Any) -> Cell:
    return Cell(**{"name": "own", "gates": ("forget", "candidate"), "state": ("hidden",), "step": step, **changes})


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    path = tmp_path / "novel.txt"
    path.write_text(TEXT)
    return path


def logprobs(model: textrnn.LanguageModel) -> list[float | None]:
    return [score.logprob for score in model.score(LINES, eos=True)]


def by_hand(model: torch.nn.Module, ids: np.ndarray) -> np.ndarray:
    """Log-probabilities after each id, by the equations as the paper has them, in NumPy."""
    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}

    def sigmoid(a: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-a))

    outputs = [weights["input.table"][id_] for id_ in ids]
    for layer in ("layers.0", "layers.1"):
        w, u, b, c = (weights[f"{layer}.{name}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        units = len(b) // 2
        hidden, inputs, outputs = np.zeros(units), outputs, []
        for vector in inputs:
            forget = sigmoid(w[:units] @ vector + b[:units] + u[:units] @ hidden + c[:units])
            candidate = np.tanh(w[units:] @ vector + b[units:] + u[units:] @ (forget * hidden) + c[units:])
            hidden = (1 - forget) * hidden + forget * candidate
            outputs.append(hidden)
    logits = np.array(outputs) @ weights["head.weight"].T + weights["head.bias"]
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


@pytest.mark.parametrize("bound", [None, 1.0])
def test_a_cell_of_ones_own_trains_scores_generates_and_is_quantised(
    novel: Path, tmp_path: Path, bound: float | None
) -> None:
    cell = mgu(bound=bound)
    out, small = tmp_path / "novel", tmp_path / "small"
    model = textrnn.train("lm", [novel], out=out, cell=cell, **{**QUICK, "steps": 40, "rate": 0.05})
    assert list(model.config.bounds) == (
        [] if bound else [f"layers.{layer}.{site}" for layer in (0, 1) for site in ("hidden", "output")]
    )
    del CELLS["mgu"]
    engines = {engine: textrnn.load(out, engine=engine, cells=[cell]) for engine in ("onnx", "torch")}
    np.testing.assert_allclose(logprobs(engines["onnx"]), logprobs(engines["torch"]), atol=1e-4)
    ids = model.tokenizer.encode("she sells")
    onnx, _ = engines["onnx"].engine.run(ids[:, None].astype(np.int64))
    np.testing.assert_allclose(onnx[:, 0], by_hand(engines["torch"].engine.network, ids), atol=1e-5)
    texts = [engine.generate("she", max_tokens=20, seed=3)[0].text for engine in engines.values()]
    assert texts[0] == texts[1]
    quantize(out, small)
    int8 = textrnn.load(small, cells=[cell])
    np.testing.assert_allclose(logprobs(int8), logprobs(model), rtol=0.1)
    assert int8.generate("she", max_tokens=5, seed=3)[0].text
    assert {row.metric: row.value for row in int8.evaluate(TEXT[:200])}["token_count"] == 200


def test_a_run_of_ones_own_cell_goes_on_where_it_stopped(novel: Path, tmp_path: Path) -> None:
    add_cells([mgu()])
    settings = training_settings({**QUICK, "cell": "mgu", "dropout": 0.2})
    configs = []
    for name, is_stopped in (("whole", False), ("stopped", True)):
        run = begin("lm", Data(files=(str(novel),)), tmp_path / name, settings)
        for _ in run.rows():
            if is_stopped:
                run.stop()
        if is_stopped:
            for _ in resume(tmp_path / name).rows():
                pass
        configs.append(json.loads((tmp_path / name / "config.json").read_text()))
    whole, stopped = configs
    assert stopped["parts"]["model.safetensors"]["sha256"] == whole["parts"]["model.safetensors"]["sha256"]
    assert stopped["bounds"] == whole["bounds"] != {}


def test_the_bounds_of_the_best_model_outlast_an_interruption(
    novel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_cells([mgu()])
    run = begin("lm", Data(files=(str(novel),)), tmp_path / "novel", training_settings({**QUICK, "cell": "mgu"}))
    for _ in run.rows():
        run.stop()
    again = resume(tmp_path / "novel")
    monkeypatch.setattr(again.task, "validate", answers(99.0, 99.0, 99.0))  # no better one follows
    for _ in again.rows():
        pass
    assert len(again.history) == 3
    assert textrnn.load(tmp_path / "novel").config.bounds == run.saved.bounds != {}


def test_without_its_cell_a_model_is_refused_in_one_line(novel: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "novel"
    textrnn.train("lm", [novel], out=out, cell=mgu(), **QUICK)
    assert run("score", str(out), "--text", "she")[0] == 0
    del CELLS["mgu"]
    says = "unknown cell 'mgu', none of this program: from Python, load(..., cells=[...]) takes one of your own"
    for engine in ("onnx", "torch"):
        with pytest.raises(ModelError) as refused:
            textrnn.load(out, engine=engine)
        assert str(refused.value) == f"{out / 'config.json'}: {says}"
    for command in (
        ("score", str(out), "--text", "she"),
        ("generate", str(out)),
        ("inspect", str(out)),
        ("quantize", str(out), "--out", str(tmp_path / "small")),
        ("train", "lm", "--out", str(out), "--resume"),
    ):
        code, _, stderr = run(*command)
        assert code == 1
        assert says in stderr
        assert stderr.count("\n") == 1
    assert textrnn.load(out, cells=[mgu()]).score(["she"])


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("mgu", "a cell is a textrnn.Cell, not 'mgu'"),
        (simple(name="lstm"), "'lstm' is a cell of the package: give yours another name"),
        (simple(lambda x, u, before, _, ops: {"hidden": ops.exp(u["forget"])}), "AttributeError: 'NodeOps' object"),
        (
            simple(lambda x, u, before, _, ops: {"hidden": x["reset"] * u["forget"]}),
            "TypeError: there is no 'reset' here: forget",
        ),
        (simple(lambda x, u, before, _, ops: {"hidden": 2 / x["forget"]}), "TypeError: unsupported operand"),
        (simple(lambda x, u, before, _, ops: {"hidden": u["forget"] if x["forget"] else 0}), "asks nothing of its"),
        (simple(lambda x, u, before, _, ops: None), "'NoneType' object is not iterable"),
        (simple(lambda x, u, before, _, ops: {"memory": x["forget"]}), "returns the state after it: hidden"),
        (simple(lambda x, u, before, _, ops: before), "is computed in it, and by itself"),
        (simple(lambda x, u: {}), "takes 2 positional arguments but 5 were given"),
        (simple(gates=("forget", "candidate", "reset")), "its step does not read x['reset']"),
        (simple(gates=("forget", "forget", "candidate")), "gates is a tuple of names, at least one and each once"),
        (simple(gates="forget"), "gates is a tuple of names, at least one and each once, not 'forget'"),
        (simple(state=()), "state is a tuple of names, at least one"),
        (simple(peepholes=("forget",)), "its step does not read peephole['forget']"),
        (simple(peepholes=("input",)), "peepholes names 'input', which is not one of its gates forget, candidate"),
        (simple(open_gates=("update",)), "open_gates names 'update'"),
        (simple(fused=Fused(onnx="GRU", onnx_gates=("reset",))), "fused names 'reset'"),
        (simple(bound=0.0), "its bound is a size above 0, not 0.0"),
        (simple(bound=0.5), "its bound is 0.5, and its output reaches 1"),
        (
            simple(lambda x, u, before, _, ops: {"hidden": ops.tanh(x["forget"]) * ops.tanh(x["candidate"])}),
            "reads no share of the last hidden vector, u[gate]",
        ),
    ],
)
def test_a_bad_cell_is_refused_in_one_line(cell: Any, says: str, novel: Path, tmp_path: Path) -> None:
    before = dict(CELLS)
    with pytest.raises(UsageError) as refused:
        textrnn.load("shakespeare", cells=[cell])
    with pytest.raises(UsageError):
        textrnn.load("shakespeare", cells=cell)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    if isinstance(cell, Cell):
        with pytest.raises(UsageError, match="cell"):
            textrnn.train("lm", [novel], out=tmp_path / "novel", cell=cell, **QUICK)
        assert not (tmp_path / "novel").exists()
    assert before == CELLS


def test_a_cell_may_be_given_again_and_another_of_its_name_takes_its_place() -> None:
    first, second = mgu(), mgu(bound=1.0)
    add_cells([first, LSTM])
    add_cells([first])
    add_cells([second])
    assert CELLS["mgu"] is second
    assert CELLS["lstm"] is LSTM


ODD = {
    "a state added to": lambda x, u, before, _, ops: {
        "hidden": before["hidden"] + ops.tanh(x["forget"] + u["forget"] * ops.relu(x["candidate"]))
    },
    "a square": lambda x, u, before, _, ops: (
        lambda t: {"hidden": t * t + t + 0.25 * (1 - ops.sigmoid(x["candidate"]))}
    )(ops.tanh(x["forget"] + u["forget"])),
    "a share twice": lambda x, u, before, _, ops: {
        "hidden": ops.tanh(x["forget"] + u["forget"] + u["forget"]) * ops.sigmoid(x["candidate"] + u["candidate"])
    },
}


@pytest.mark.parametrize("step", ODD.values(), ids=ODD)
def test_what_passes_the_check_is_computed_as_it_is_written(step: Callable[..., Any]) -> None:
    cell = simple(step)
    assert cell.problem() == ""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        layer = RecurrentLayer(cell, 5, 4).double()
        inputs, hidden = torch.randn(6, 3, 5, dtype=torch.double), torch.randn(3, 4, dtype=torch.double) / 2
    found = []
    for way in (layer.by_scan, layer.by_equations):
        layer.zero_grad()
        outputs, _ = way(Vectors(inputs), {"hidden": hidden}, layer.weight_hh)
        outputs.square().sum().backward()
        found.append([outputs, *(parameter.grad for parameter in layer.parameters() if parameter.grad is not None)])
    for scanned, expected in zip(*found, strict=True):
        torch.testing.assert_close(scanned, expected)
