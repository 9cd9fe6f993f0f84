"""The benchmarks run: their contenders do a little work, and no time is asserted."""

import importlib
import re
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
import torch

from textrnn.cells import BUILT_IN, CELLS, add_cells
from textrnn.config import Architecture, Core, LabelPerStep, OneHot
from textrnn.networks.graph import Graph
from textrnn.networks.recurrent import RecurrentLayer
from textrnn.text.tokenizer import START
from textrnn.training.run_state import RunState

FOLDER = Path(__file__).parents[1] / "scripts" / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch):
    """Imports a script of scripts/bench."""
    monkeypatch.syspath_prepend(FOLDER)
    names = {path.stem for path in FOLDER.glob("*.py")}
    threads = torch.get_num_threads()
    with torch.random.fork_rng(), patch.dict(CELLS):
        yield importlib.import_module
    torch.set_num_threads(threads)
    for name in names & set(sys.modules):
        del sys.modules[name]


def test_every_script_can_be_imported(bench):
    for path in FOLDER.glob("*.py"):
        assert bench(path.stem).__doc__


def test_our_contenders_work(bench):
    model = bench("bench")._model_bytes("int8", classes=bench("step").CLASSES)
    assert bench("step").in_onnx(model, threads=1, steps=2)() > 0
    assert bench("step").seconds_of_call(model, 1, [[[[0.0] * bench("step").CLASSES]]])[0] > 0
    assert bench("score").in_onnx(model, threads=1, calls=1)() > 0
    work = bench("train").Work("float32", threads=1, steps=1, rounds=0, batch=2)
    assert bench("cells").by_equations(work, "peephole-lstm")() > 0
    assert bench("cells").by_scan(work, "minimal-gated-unit")() > 0
    assert bench("score").CLASSES == bench("step").CLASSES > START


def test_every_contender_encodes_the_sentences(bench, tmp_path):
    tokenise = bench("tokenise")
    (tmp_path / "text").write_text("the cat sat on the mat\nand the hat\n" * 9)
    for way in tokenise.WAYS:
        for work in (tokenise.by_library, tokenise.by_library_fast, tokenise.ours, tokenise.ours_unknown):
            assert tokenise.measure(tmp_path / "text", tmp_path / "text", way, 3, work)() > 0


def test_every_way_to_the_longest_span_finds_as_much(bench, tmp_path):
    novelty = bench("novelty")
    (tmp_path / "text").write_text("the cat sat on the mat\nand the hat\nsat on the cat\n")
    text = novelty.long_text(tmp_path / "text", 2_000)
    samples = ["that on the cat and the", "aaaa", "catcatcat", "sat on the mat\nand", "xyz", text[40:90], "a\nthe"]
    found = novelty.ours(samples, text)
    assert len(found[-2]) == 50
    for find in (novelty.by_search, novelty.by_automaton):
        assert [len(span) for span in find(samples, text)] == [len(span) for span in found]
    assert novelty.timed(novelty.ours, samples, tmp_path / "text", 500)() > 0


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_layers_of_torch_are_trained_on_from_turn_to_turn(bench, kind):
    measure = bench("train").in_torch(bench("train").Work("bfloat16", threads=1, steps=1, rounds=1, batch=2), kind)
    assert measure() > 0 < measure()


def test_a_turn_of_ours_makes_all_its_updates(bench, monkeypatch):
    made = []
    update = RunState.update
    noted = lambda *arguments, **named: made.append(1) or update(*arguments, **named)  # noqa: E731
    monkeypatch.setattr(RunState, "update", noted)
    measure = bench("train").ours(bench("train").Work("float32", threads=1, steps=3, rounds=1, batch=2), "elman")
    for turn in (1, 2):
        measure()
        assert len(made) == 3 * turn


def test_what_a_scan_saves_is_told_beside_the_equations_step_by_step(bench, monkeypatch):
    taken = []
    for way in ("by_scan", "by_fused_operator", "by_equations"):
        plain = getattr(RecurrentLayer, way)
        noted = lambda *arguments, plain=plain, way=way: taken.append(way) or plain(*arguments)  # noqa: E731
        monkeypatch.setattr(RecurrentLayer, way, noted)
    work = bench("train").Work("bfloat16", threads=1, steps=1, rounds=0, batch=2)
    bench("cells").by_scan(work, "lstm")()
    bench("cells").by_equations(work, "lstm")()
    assert taken == ["by_scan"] * 2 + ["by_equations"] * 2


def test_every_cell_is_compared_in_both_directions(bench, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["parity.py", "--quick"])
    bench("parity").main()
    printed = capsys.readouterr().out
    assert printed.count(" forward  ") == printed.count(" both  ") == len(BUILT_IN)
    assert printed.count(": met)") == 3
    assert "MISSED" not in printed


def test_an_engine_that_forgets_to_read_backward_is_noticed(bench, monkeypatch):
    parity = bench("parity")
    monkeypatch.setattr(Graph, "reversed", lambda graph, value, lengths: value)
    core = Core(cell="gru", units=8, bidirectional=True)
    architecture = Architecture(input=OneHot(symbols=12), core=core, head=LabelPerStep(classes=12))
    add_cells([replace(CELLS["gru"], name=f"{parity.SCANNED}gru", fused=None)])
    assert parity.differences(architecture, parity.QUICK, seed=0)["Scan"] > 0.1


def test_cells_have_as_many_parameters_as_the_lstm(bench):
    quality = bench("quality")
    wanted = quality.parameters("lstm", 512, 69)
    for cell in CELLS:
        units = quality.units_of(cell, wanted, 69)
        assert quality.parameters(cell, units, 69) == pytest.approx(wanted, rel=0.01)
        assert (units == 512) == (cell in ("lstm", "peephole-lstm"))
    with pytest.raises(SystemExit, match="more --units"):
        quality.units_of("elman", 80, 2)


def test_a_comparison_of_cells_that_was_cut_off_goes_on(bench, capfd, monkeypatch, tmp_path):
    quality = bench("quality")
    (tmp_path / "text").write_text("the cat sat on the mat\nand the hat\n" * 60)
    lengths = ["--held-out", "300", "--minutes", "0.01", "--units", "24"]
    files = [str(tmp_path / "text"), str(tmp_path / "results")]
    monkeypatch.setattr(sys, "argv", ["quality.py", *files, *lengths, "--cells", "elman-relu", "--rates", "0.01"])
    quality.main()
    first = capfd.readouterr().out
    monkeypatch.setattr(quality, "train", lambda *arguments: pytest.fail("trained again"))
    quality.main()
    assert capfd.readouterr().out.splitlines()[3:] == first.splitlines()[3:]
    assert re.search(r"elman-relu +\d+ +[\d,]+ +identity +0.01 +\d\.\d{4}\* .* done\n", first)
    monkeypatch.setattr(sys, "argv", [*sys.argv, "0.02"])
    with pytest.raises(pytest.fail.Exception):
        quality.main()
