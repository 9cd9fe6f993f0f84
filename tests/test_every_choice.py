"""Every cell with every choice around it, through the commands: from a text to int8, whole."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Result, Run
from tests.reading import jsonl
from textrnn.cells import CELLS
from textrnn.model_folder import ModelFolder
from textrnn.training.run_state import RunState

TEXT = "".join(f"verse {n}: the ship sails on, {'la ' * (n % 7)}and away.\n" for n in range(120))
LINES = ("--text", "the ship sails on", "--text", "verse 7", "--text", "")
SMALL = {"units": 6, "embedding_size": 4, "batch": 2, "window": 8, "rate": 0.05, "warmup": 2, "precision": "float32"}
QUICK = {**SMALL, "steps": 6, "evaluations": 2, "patience": 0, "valid_symbols": 60, "save_seconds": 1000.0}
STOPPED_AT = 4

OPTIONS: dict[str, tuple[str, ...]] = {
    "nothing more": (),
    "two layers, residual": ("--layers", "2", "--residual"),
    "projected": ("--layers", "2", "--projection", "4"),
    "projected, residual, tied": ("--layers", "2", "--projection", "4", "--residual", "--tied"),
    "one-hot": ("--embedding", "one-hot", "--layers", "2"),
    "word2vec": ("--level", "word", "--embedding", "word2vec", "--word2vec-epochs", "1", "--freeze-embedding"),
    "tied words": ("--level", "word", "--embedding-size", "5"),
    "pieces": ("--level", "bpe", "--vocabulary-size", "270"),
    "dropped at each step": (
        *("--layers", "2", "--embedding-dropout", "0.1", "--input-dropout", "0.1", "--dropout", "0.2"),
        *("--weight-dropout", "0.2"),
    ),
    "dropped in a whole window": (
        *("--layers", "2", "--dropout-mask", "sequence", "--input-dropout", "0.1", "--dropout", "0.2"),
        *("--recurrent-dropout", "0.2", "--weight-dropout", "0.1"),
    ),
    "dropped, residual, projected": (
        *("--layers", "3", "--residual", "--projection", "4", "--recurrent-dropout", "0.2", "--dropout", "0.2"),
    ),
    "penalties": (
        *("--dropout", "0.2", "--set", "activation_penalty=0.1", "--set", "temporal_penalty=0.1"),
        *(
            word
            for norm in ("l1", "l2")
            for kind in ("embedding", "input", "recurrent", "output")
            for word in ("--set", f"{norm}_{kind}=0.001")
        ),
    ),
    "reshape": ("--windows", "reshape"),
    "shift": ("--windows", "shift", "--shift", "3", "--layers", "2", "--dropout", "0.1"),
    "identity": ("--recurrent-start", "identity", "--clip-value", "0.1", "--rate", "0.002"),  # more explodes
    "orthogonal": ("--recurrent-start", "orthogonal", "--clip-norm", "0.1", "--layers", "2"),
}
FAST = {  # each cell once; the rest is slow
    "elman": "projected",
    "elman-relu": "identity",
    "gru": "word2vec",
    "gru-reset-before": "dropped in a whole window",
    "lstm": "penalties",
    "peephole-lstm": "dropped, residual, projected",
    "coupled-lstm": "shift",
}
CHOICES = [
    pytest.param(name, option, marks=[] if FAST.get(name) == option else [pytest.mark.slow], id=f"{name}, {option}")
    for name, cell in CELLS.items()
    for option, flags in OPTIONS.items()
    if cell.projects or "--projection" not in flags
]


def done(result: Result) -> Result:
    assert result.code == 0, result.stderr
    return result


def outcome(folder: Path) -> tuple[dict[str, str], object, list[dict]]:
    """The hashes of all that was learnt, the bounds, and the history without what a clock says."""
    model = ModelFolder(folder)
    hashes = {name: part.sha256 for name, part in model.config.parts.items() if name != "history.jsonl"}
    clock = ("seconds", "symbols_per_second")
    rows = map(json.loads, model.read("history.jsonl").splitlines())
    return hashes, model.config.bounds, [{name: row[name] for name in row if name not in clock} for row in rows]


def interrupted(run: Run, monkeypatch: pytest.MonkeyPatch, *command: str) -> None:
    """Ctrl-C in the midst of a step."""
    update = RunState.update

    def last(state: RunState, *arguments: object, symbols: int) -> None:
        update(state, *arguments, symbols=symbols)  # type: ignore[arg-type]
        if state.step == STOPPED_AT:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(RunState, "update", last)
        assert run(*command).code == 130


def logprobs(run: Run, model: Path, *options: str) -> list[float]:
    return [row["logprob"] for row in jsonl(done(run("score", model, *options, "--eos", "--format", "jsonl")).stdout)]


def agrees_with_itself(run: Run, model: Path, *, tolerance: float) -> None:
    """What it writes it scores as it said."""
    samples = model.with_suffix(".jsonl")
    written = done(run("generate", model, "-n", "2", "--max-tokens", "8", "--seed", "1", "--format", "jsonl")).stdout
    samples.write_text(written)
    scored = jsonl(done(run("score", model, samples, "--tokens", "--format", "jsonl")).stdout)
    said = [row["logprob"] for row in jsonl(written)]
    np.testing.assert_allclose([row["predicted_logprob"] for row in scored], said, rtol=0, atol=8 * tolerance)


@pytest.mark.parametrize(("name", "option"), CHOICES)
def test_a_choice_is_trained_interrupted_saved_used_and_quantised(
    name: str, option: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "song.txt").write_text(TEXT)
    whole, stopped, small = (tmp_path / folder for folder in ("whole", "stopped", "small"))
    settings = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
    command = ("train", "lm", str(tmp_path / "song.txt"), *settings, "--cell", name, *OPTIONS[option])
    done(run(*command, "--out", str(whole)))
    interrupted(run, monkeypatch, *command, "--out", str(stopped))
    done(run("train", "lm", "--out", str(stopped), "--resume"))
    assert outcome(stopped) == outcome(whole)

    full = logprobs(run, whole, *LINES)
    np.testing.assert_allclose(full, logprobs(run, whole, *LINES, "--engine", "torch"), atol=1e-4)
    agrees_with_itself(run, whole, tolerance=1e-5)
    figures = {
        row["metric"]: row
        for row in jsonl(done(run("evaluate", whole, tmp_path / "song.txt", "--format", "jsonl")).stdout)
    }
    assert figures["token_count"]["value"] > 0
    shown = done(run("inspect", whole)).stderr
    assert f"cell: {name}: gates {', '.join(CELLS[name].gates)}" in shown

    done(run("quantize", whole, "--out", small, "--data", tmp_path / "song.txt", "--format", "jsonl"))
    np.testing.assert_allclose(logprobs(run, small, *LINES), full, rtol=0.02)
    agrees_with_itself(run, small, tolerance=0.0)


PAIRS = [(f"I see {n} red ships.", f"{n} rote Schiffe sehe ich.") for n in range(40)]
SOURCES = ("--text", "I see 7 red ships.", "--text", "ships", "--text", "")
QUICK_PAIRS = {
    **{"units": 6, "embedding_size": 4, "batch": 8, "rate": 0.02, "warmup": 2, "precision": "float32", "steps": 6},
    **{"evaluations": 2, "patience": 0, "save_seconds": 1000.0, "min_count": 1, "vocabulary_size": 300},
}
TRANSLATOR_OPTIONS: dict[str, tuple[str, ...]] = {
    "nothing more": (),
    "additive, two layers": ("--attention", "additive", "--layers", "2", "--residual", "--dropout", "0.2"),
    "dot, fed": ("--attention", "dot", "--input-feeding", "--scheduled-sampling", "0.3", "--level", "word"),
    "scaled, tied, averaged": ("--attention", "scaled", "--tied", "--average-checkpoints", "2", "--average", "0.5"),
    "no attention": ("--attention", "none", "--level", "char", "--no-tied"),
    "one-hot, fed": ("--embedding", "one-hot", "--no-tied", "--input-feeding", "--level", "word"),
    "one direction, projected": ("--no-bidirectional", "--projection", "4", "--level", "word", "--no-tied"),
    "dropped in a whole sequence": (
        "--dropout-mask",
        "sequence",
        "--recurrent-dropout",
        "0.2",
        "--weight-dropout",
        "0.1",
    ),
}
FAST_TRANSLATORS = {  # the rest is slow
    "elman-relu": "one-hot, fed",
    "gru": "additive, two layers",
    "lstm": "dot, fed",
    "coupled-lstm": "scaled, tied, averaged",
}
TRANSLATORS = [
    pytest.param(
        name, option, marks=[] if FAST_TRANSLATORS.get(name) == option else [pytest.mark.slow], id=f"{name}, {option}"
    )
    for name, cell in CELLS.items()
    for option, flags in TRANSLATOR_OPTIONS.items()
    if cell.projects or "--projection" not in flags
]


def scores_of_pairs(run: Run, model: Path, file: Path, *options: str) -> list[float]:
    rows = jsonl(done(run("score", model, file, *options, "--format", "jsonl")).stdout)
    return [row["logprob"] for row in rows]


@pytest.mark.parametrize(("name", "option"), TRANSLATORS)
def test_a_translator_is_trained_interrupted_saved_used_and_quantised(
    name: str, option: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("source\ttarget\n" + "".join(f"{source}\t{target}\n" for source, target in PAIRS))
    whole, stopped, small = (tmp_path / folder for folder in ("whole", "stopped", "small"))
    settings = [word for name, value in QUICK_PAIRS.items() for word in ("--set", f"{name}={value}")]
    command = ("train", "translator", str(file), *settings, "--cell", name, *TRANSLATOR_OPTIONS[option])
    done(run(*command, "--out", str(whole)))
    interrupted(run, monkeypatch, *command, "--out", str(stopped))
    done(run("train", "translator", "--out", str(stopped), "--resume"))
    assert outcome(stopped) == outcome(whole)

    full = scores_of_pairs(run, whole, file)
    np.testing.assert_allclose(full, scores_of_pairs(run, whole, file, "--engine", "torch"), atol=1e-3)
    for engine in ("onnx", "torch"):
        rows = jsonl(done(run("translate", whole, *SOURCES, "--engine", engine, "--format", "jsonl")).stdout)
        assert [row["text"] for row in rows] == list(SOURCES[1::2])
        assert (rows[2]["translation"], rows[2]["score"]) == ("", None)
        assert all(row["score"] < 0 for row in rows[:2])
    shown = done(run("inspect", whole)).stderr
    assert f"cell: {name}: gates {', '.join(CELLS[name].gates)}" in shown

    done(run("quantize", whole, "--out", small, "--data", file, "--format", "jsonl"))
    np.testing.assert_allclose(scores_of_pairs(run, small, file), full, rtol=0.02)
