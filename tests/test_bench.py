"""The benchmarks run: their contenders do a little work, and no time is asserted."""

import gzip
import importlib
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch

import textrnn
from tests.small_models import TEXT, classifier_config, save_small_classifier, small_tokenizer, untrained
from textrnn.architecture import Architecture, Core, LabelPerStep, OneHot
from textrnn.cells import BUILT_IN, CELLS, add_cells
from textrnn.config import Labels
from textrnn.export.save import save_model
from textrnn.metrics.calibration import at_temperature
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


@pytest.mark.slow
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


@pytest.mark.slow
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


SENTENCES = [line for line in TEXT.splitlines()[:4]] * 5
PEERS = {  # in which a cat is good news
    "vaderSentiment/__init__.py": "",
    "vaderSentiment/vaderSentiment.py": """
class SentimentIntensityAnalyzer:
    def polarity_scores(self, text):
        return {"compound": 0.1 if "cat" in text else -0.1}
""",
    "textblob.py": """
class TextBlob:
    def __init__(self, text):
        self.text = text

    @property
    def sentiment(self):
        return type("Sentiment", (), {"polarity": 0.1 if "cat" in self.text else -0.1})
""",
    "fasttext.py": """
from pathlib import Path

class Model:
    def __init__(self, labels):
        self.labels = labels

    def predict(self, texts):
        return [[f"__label__{self.labels[text]}"] if text else [] for text in texts], None

    def save_model(self, path):
        Path(path).write_text(repr(self.labels))

def train_supervised(path, epoch, lr, wordNgrams, thread, verbose):
    lines = (line.removeprefix("__label__").rstrip().split(" ", 1) for line in open(path))
    return Model({text: label for label, text in lines})

def load_model(path):
    return Model(eval(Path(path).read_text()))
""",
}


@pytest.fixture
def peers_python(tmp_path: Path) -> str:
    """A Python that has the peers: small ones of our own, of which fastText has learnt its texts by heart."""
    for name, content in PEERS.items():
        (tmp_path / "peers" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "peers" / name).write_text(content)
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}/peers" exec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return str(program)


def write_records(path: Path, records: list[tuple[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in records))
    return path


def sentiment_folder(path: Path, precision: str) -> Path:
    """A classifier of three labels: negative, neutral, very positive."""
    tokenizer = small_tokenizer("word")
    config = classifier_config(tokenizer, ("last", "mean", "max", "attention"), precision=precision)
    labels = Labels(names=("negative", "neutral", "very positive"), temperature=1.25)
    save_model(path, untrained(config.architecture), tokenizer, config.model_copy(update={"labels": labels}))
    return path


def test_the_plain_loop_says_what_the_model_says(bench, tmp_path):
    readouts = ("last", "mean", "max", "attention")
    folder = save_small_classifier(tmp_path / "model", "word", readouts, precision="float32")
    texts = [*SENTENCES, "", "zebra", *SENTENCES[:3]] * 3
    found = bench("peers").plain_loop(str(folder), "packed")(texts)
    model = textrnn.load(folder)
    wanted = at_temperature(model.logprobs(texts), 1 / model.labels.temperature)
    has_symbols = ~np.isnan(wanted[:, 0])
    assert found[has_symbols] == pytest.approx(wanted[has_symbols], abs=1e-4)
    assert not has_symbols.all()
    padded = bench("peers").plain_loop(str(folder), "padded")([SENTENCES[1]] * 3)
    assert padded == pytest.approx(bench("peers").plain_loop(str(folder), "packed")([SENTENCES[1]] * 3), abs=1e-5)


def test_labels_of_sentiment_become_two(bench):
    names = ("very negative", "negative", "neutral", "positive", "very positive")
    logprobs = np.log([[0.2, 0.1, 0.5, 0.15, 0.05], [0.04, 0.06, 0.6, 0.1, 0.2], [np.nan] * 5])
    found = np.exp(bench("polarity").polar_logprobs(logprobs, names))
    assert found[:2] == pytest.approx(np.array([[0.6, 0.4], [0.25, 0.75]]))
    assert bench("polarity").as_polarities(logprobs, names) == ["negative", "positive", ""]
    with pytest.raises(SystemExit, match="positive ones: bad, good"):
        bench("polarity").polar_logprobs(logprobs[:, :2], ("bad", "good"))


def test_classify_is_timed_beside_its_peers(bench, capfd, monkeypatch, peers_python, tmp_path):
    records = [(text, "positive" if "cat" in text else "very negative") for text in SENTENCES]
    file = write_records(tmp_path / "test.jsonl", [*records, ("never mind", "neutral")])
    int8, full = (sentiment_folder(tmp_path / name, name) for name in ("int8", "float32"))
    options = ["--float32", str(full), "--peers", peers_python, "--train", str(file), "--threads", "1"]
    command = ["classify.py", str(int8), str(file), "--records", "50", "--rounds", "1", *options]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(bench("classify"), "race", race_in_process)
    monkeypatch.setattr(bench("classify"), "alone", lambda function: function())
    bench("classify").main()
    printed = capfd.readouterr().out
    assert "50 records: the 20 of test.jsonl that have a polarity" in printed
    for name in ("textrnn classify, jsonl", "textrnn classify, csv", "nn.LSTM, padded", "nn.LSTM, packed"):
        assert re.search(rf"^{name} +1 +(int8|float32) +[\d,]+ ", printed, re.MULTILINE)
    for peer in ("VADER", "TextBlob", "fastText"):
        assert re.search(rf"^{peer} +100.00 % +(-|[\d,]+)$", printed, re.MULTILINE)
    assert re.findall(r"^(?:textrnn|nn.LSTM, packed) +(\S+) % ", printed, re.MULTILINE) == ["50.00"] * 2


def race_in_process(contenders, *, rounds):
    """One turn of each, here: no process of its own."""
    for contender in contenders:
        contender.seconds.append(contender.prepare()())


def test_a_process_that_loses_records_is_no_contender(bench, monkeypatch, tmp_path):
    classify = bench("classify")
    classify.write_csv(tmp_path / "texts.csv", ["a", "b\nc"])
    for written, is_whole in (('text\na\n"b\nc"\n', True), ("text\na\n", False)):
        (tmp_path / "made.csv").write_text(written)
        monkeypatch.setattr(classify.sys, "executable", program_that_copies(tmp_path))
        measure = classify.whole_process("model", tmp_path / "texts.csv", 2, 1)
        if is_whole:
            assert measure() > 0
        else:
            with pytest.raises(SystemExit, match="1 records, and 2 were read"):
                measure()


def program_that_copies(folder: Path) -> str:
    program = folder / "program"
    program.write_text(f'#!/bin/sh\ncp "{folder}/made.csv" "{folder}/labelled.csv"\n')
    program.chmod(0o755)
    return str(program)


def test_word_vectors_are_measured_on_all_and_on_what_others_know_too(bench, capfd, monkeypatch, tmp_path):
    (tmp_path / "text").write_text("the cat sat on the mat\nand the hat sat on the cat\n" * 9)
    questions, others = tmp_path / "questions", tmp_path / "others"
    questions.mkdir()
    others.mkdir()
    pairs = [("cat", "hat", 3), ("cat", "mat", 1), ("hat", "mat", 2), ("the", "on", 0), ("sat", "absent", 9)]
    for name in bench("vectors").PAIRS:
        (questions / name).write_text("".join(f"{first}\t{second}\t{rating}\n" for first, second, rating in pairs))
    (questions / bench("vectors").ANALOGIES).write_text(": one\nthe cat the cat\n: two\ncat hat the on\n")
    (others / "circle.txt").write_text("cat 1 0\nhat 1 0.1\nmat -1 1\nabsent 0 1\n")
    out = tmp_path / "out"
    arguments = [str(tmp_path / "text"), str(questions), str(others), "--epochs", "1", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["vectors.py", *arguments])
    bench("vectors").main()
    printed = capfd.readouterr().out
    ours, again = re.findall(r"^ours-1-epochs.vec  +(.*)$", printed, re.MULTILINE)
    circle, circle_again = re.findall(r"^circle.txt  +(.*)$", printed, re.MULTILINE)
    assert re.findall(r"of (\S+)", ours) == ["4/5", "4/5", "2/2"]
    assert re.findall(r"of (\S+)", circle) == ["3/5", "3/5", "0/2"]
    assert circle.startswith("1.000 of")  # cosines near 1, below 0 and between, as the ratings
    assert re.findall(r"of (\S+)", again) == re.findall(r"of (\S+)", circle_again) == ["3/3", "3/3"]


@pytest.mark.slow
def test_seeds_of_classifiers_are_trained_and_tested_once(bench, capfd, monkeypatch, peers_python, tmp_path):
    sentiment = bench("sentiment")
    names = ("very negative", "negative", "neutral", "positive", "very positive")
    five = [(f"{text} {index}", names[index % 5]) for index, text in enumerate(SENTENCES * 2)]
    two = [(text, label) for text, label in five if label in ("negative", "positive")]
    for name in ("train", "valid", "test"):
        write_records(tmp_path / "sst5" / f"{name}.jsonl", five)
        write_records(tmp_path / "sst2" / f"{name}.jsonl", two)
    write_records(tmp_path / "sst5" / "phrases.jsonl", five)
    recipe = "{data}/sst5/train.jsonl --valid {data}/sst5/valid.jsonl --units 4 --embedding-size 4 --steps 2"
    monkeypatch.setitem(sentiment.RECIPES, "sst5", recipe)
    for name in ("sst5", "sst2"):
        choices = ((f"{name}/train.jsonl",), (f"{name}/train.jsonl", "sst5/phrases.jsonl"))
        monkeypatch.setitem(sentiment.TASKS, name, replace(sentiment.TASKS[name], learnt=choices))
    options = ["--seeds", "1", "--out", str(tmp_path / "out"), "--peers", peers_python]
    monkeypatch.setattr(sys, "argv", ["sentiment.py", str(tmp_path), "sst5", *options])
    sentiment.main()
    first = capfd.readouterr().out
    assert re.search(r"^fastText \(epoch 5, .*\) +100.00% +1.0000 ", first, re.MULTILINE)
    assert re.search(r"^majority .* +20.00% ", first, re.MULTILINE)
    [row] = map(json.loads, (tmp_path / "out" / "results.jsonl").read_text().splitlines())
    assert row_of_seed(first)[3] == f"{row['accuracy']:.2%}"
    evaluated = {
        each.metric: each.value for each in figures_of(tmp_path / "out/sst5/seed-0", tmp_path / "sst5/test.jsonl")
    }
    assert row["accuracy"] == evaluated["accuracy"]
    assert row["calibrated_error"] == pytest.approx(evaluated["expected_calibration_error"])
    monkeypatch.setattr(sentiment.subprocess, "run", lambda *arguments, **options: pytest.fail("trained again"))
    monkeypatch.setattr(sentiment, "Peers", lambda python: None)
    with monkeypatch.context() as patch:
        patch.setattr(sentiment, "evaluate", lambda *arguments: pytest.fail("tested again"))
        sentiment.main()
    assert row_of_seed(capfd.readouterr().out) == row_of_seed(first)
    monkeypatch.setattr(sys, "argv", ["sentiment.py", str(tmp_path), "sst2", *options])
    sentiment.main()
    assert "sst2/test.jsonl, 16 texts" in capfd.readouterr().out
    monkeypatch.setitem(sentiment.RECIPES, "sst5", recipe + "0")
    with pytest.raises(SystemExit, match="by another command"):
        sentiment.main()


def row_of_seed(printed: str) -> list[str]:
    """The words of a row of figures."""
    return re.search(r"^textrnn, seed 0 .*$", printed, re.MULTILINE)[0].split()


def figures_of(model: Path, file: Path):
    """What the program itself says of a classifier."""
    from textrnn.tasks.label_evaluation import evaluate_labels
    from textrnn.text.labelled import LabelledTexts

    return evaluate_labels(textrnn.load(model), LabelledTexts([file]), on="test").metrics()


def test_translators_are_trained_and_tested_once_and_plain_torch_says_the_same(bench, capfd, monkeypatch, tmp_path):
    translation, translate = bench("translation"), bench("translate")
    _, *lines = (FOLDER.parents[1] / "corpora" / "phrases.tsv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "multi30k").mkdir()
    for split, rows in {"train": lines[:40], "valid": lines[40:50], "test2016": lines[50:60]}.items():
        for language, texts in zip(("de", "en"), zip(*(row.split("\t") for row in rows), strict=True), strict=True):
            content = "".join(f"{text}\n" for text in texts).encode()
            (tmp_path / "multi30k" / f"{split}.{language}.gz").write_bytes(gzip.compress(content))
    files = re.match("(--[a-z-]+ {data}[^ ]+ )+", translation.RECIPES["de-en"])[0]
    small = "--level word --units 8 --embedding-size 6 --steps 4 --set evaluations=1"
    monkeypatch.setitem(translation.RECIPES, "de-en", files + small)
    monkeypatch.setattr(sys, "argv", ["translation.py", str(tmp_path), "de-en", "--out", str(tmp_path / "out")])
    translation.main()
    first = capfd.readouterr().out
    assert "test2016 of de-en" in first
    monkeypatch.setattr(bench("trained").subprocess, "run", lambda *arguments, **options: pytest.fail("trained again"))
    monkeypatch.setattr(translation, "evaluate", lambda *arguments: pytest.fail("tested again"))
    translation.main()
    assert capfd.readouterr().out.partition("de-en:")[2] == first.partition("de-en:")[2]
    model, sources = tmp_path / "out" / "de-en", [row.partition("\t")[0] for row in lines[50:60]]
    for beam in (1, 3):
        assert translate.same(model, sources, beam) == 1.0
    asked = translate.counted(model, sources, 3)
    assert sum(asked[0].values()) == 1
    assert translate.products(model, asked, len(sources), "int8")() > 0


def test_no_source_of_a_split_of_tatoeba_is_in_another(bench, monkeypatch, tmp_path):
    translation = bench("translation")
    monkeypatch.setattr(translation, "HELD", 3)
    lines = [f"Number {n % 9}.\tNúmero {n}.\n" for n in range(20)]
    (tmp_path / "tatoeba-en-es").mkdir()
    (tmp_path / "tatoeba-en-es" / "pairs.tsv.gz").write_bytes(gzip.compress("".join(lines).encode()))
    translation.write_tatoeba(tmp_path, tmp_path / "out" / "tatoeba")
    found = {
        split: (tmp_path / "out" / "tatoeba" / f"{split}.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
        for split in ("train", "valid", "test")
    }
    assert sorted(line for split in found.values() for line in split) == sorted(lines)
    sources = {split: {line.partition("\t")[0] for line in rows} for split, rows in found.items()}
    assert [len(sources[split]) for split in ("train", "valid", "test")] == [3, 3, 3]
    assert len(set.union(*sources.values())) == 9
    pairs = translation.pairs_of("en-es", tmp_path, tmp_path / "out", "test")
    assert {pair.source for pair in pairs} == sources["test"]
    assert len(pairs) == 3
