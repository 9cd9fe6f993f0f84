"""The commands, in process: exit code, standard output, standard error."""

import csv
import gzip
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

import textrnn
from tests.conftest import Result, Run
from tests.reading import jsonl, refused, tsv
from tests.small_models import save_small_model
from textrnn.architecture import Architecture, Core, LabelPerStep, OneHot
from textrnn.config import FORMAT_VERSION, ModelConfig, TextSettings
from textrnn.export.save import save_model
from textrnn.networks.sequence import SequenceNetwork
from textrnn.text.tokenizer import Tokenizer
from textrnn.weight_shapes import weight_shapes

ODD = 'tab\there, "quoted"\nnext \\n line\rreturn \u2028 end'


# generate


def test_generate_prints_the_prompt_and_its_continuation(run: Run, tiny_int8: Path) -> None:
    (sample,) = textrnn.load(tiny_int8).generate("Once", max_tokens=20, seed=1)
    result = run("generate", tiny_int8, "-p", "Once", "--max-tokens", "20", "--seed", "1")
    assert result == Result(0, "Once" + sample.text + "\n", "")
    result = run("generate", tiny_int8, "-p", "Once", "--max-tokens", "20", "--seed", "1", "--no-echo")
    assert result.stdout == sample.text + "\n"


@pytest.mark.parametrize(
    "options",
    [
        {"max_tokens": 3},
        {"temperature": 0.3},
        {"top_k": 2},
        {"top_p": 0.3},
        {"min_p": 0.9},
        {"n": 2},
        {"seed": 7},
        {"stop": ["i", "E"]},
    ],
    ids=str,
)
def test_generate_passes_an_option_on(run: Run, tiny_int8: Path, options: dict) -> None:
    flags = []
    for name, value in options.items():
        flag = "-n" if name == "n" else f"--{name.replace('_', '-')}"
        flags += [part for item in (value if isinstance(value, list) else [value]) for part in (flag, str(item))]
    seed = () if "seed" in options else ("--seed", "3")
    rows = jsonl(run("generate", tiny_int8, "-p", "Once", *seed, *flags, "--format", "jsonl").stdout)
    model = textrnn.load(tiny_int8)
    texts = [sample.text for sample in model.generate("Once", **{"seed": 3} | options)]
    assert [row["text"] for row in rows] == texts
    assert texts != [sample.text for sample in model.generate("Once", seed=3)]


def test_generate_permits_unk_where_it_is_told_to(run: Run, tiny_int8: Path) -> None:
    samples = ("generate", tiny_int8, "-n", "20", "--seed", "3", "--no-echo")
    assert "\ufffd" not in run(*samples).stdout
    assert "\ufffd" in run(*samples, "--allow-unk").stdout


def test_generate_jsonl_has_the_fields_of_the_api(run: Run, tiny_int8: Path) -> None:
    arguments = ("generate", tiny_int8, "-p", "Oncé", "-n", "3", "--seed", "1", "--format", "jsonl")
    result = run(*arguments)
    rows = jsonl(result.stdout)
    assert list(rows[0]) == ["prompt", "text", "tokens", "logprob", "seed", "index", "oov", "canonical", "ended"]
    assert [row["index"] for row in rows] == [0, 1, 2]
    assert {(row["prompt"], row["seed"]) for row in rows} == {("Oncé", 1)}
    assert [row["oov"] for row in rows] == [[{"text": "é", "offset": 3}]] * 3
    assert result.stderr == "unknown to the model, and read as <unk>: 'é' (1 in all)\n"
    with_logprobs = jsonl(run(*arguments, "--logprobs").stdout)
    assert [len(row["token_logprobs"]) for row in with_logprobs] == [len(row["tokens"]) for row in rows]


@pytest.mark.parametrize("format", ["tsv", "csv"])
def test_generate_rows_keep_every_character(run: Run, tiny_int8: Path, format: str) -> None:
    stdout = run("generate", tiny_int8, "-p", ODD, "-n", "5", "--seed", "1", "--format", format).stdout
    rows = tsv(stdout) if format == "tsv" else list(csv.DictReader(io.StringIO(stdout, newline="")))
    samples = textrnn.load(tiny_int8).generate(ODD, n=5, seed=1)
    assert [(row["prompt"], row["text"]) for row in rows] == [(ODD, sample.text) for sample in samples]


def test_generate_separates_samples_and_describes_them(run: Run, tiny_int8: Path) -> None:
    samples = textrnn.load(tiny_int8).generate("Once", n=2, max_tokens=10, seed=0)
    result = run("generate", tiny_int8, "-p", "Once", "-n", "2", "--max-tokens", "10", "--seed", "0", "--logprobs")
    assert result.stdout == ("-" * 20 + "\n").join(f"Once{sample.text}\n" for sample in samples)
    assert result.stderr.count("seed 0, ") == 2


def test_generate_writes_a_file(run: Run, tiny_int8: Path, tmp_path: Path) -> None:
    for name in ("samples.txt", "samples.jsonl"):
        arguments = ("generate", tiny_int8, "--seed", "1", "--format", "jsonl" if "json" in name else "text")
        result = run(*arguments, "--out", tmp_path / name)
        assert (result.code, result.stdout) == (0, "")
        assert (tmp_path / name).read_text() == run(*arguments).stdout


# score


def test_score_reads_standard_input_a_file_and_texts_alike(run: Run, tiny_int8: Path, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_bytes(b"To be\n\nor not\n")
    (tmp_path / "lines.txt.gz").write_bytes(gzip.compress(b"\xef\xbb\xbfTo be\r\n\r\nor not"))
    ways = [
        run("score", tiny_int8, stdin=b"To be\n\nor not\n"),
        run("score", tiny_int8, "-", stdin=b"To be\n\nor not"),
        run("score", tiny_int8, tmp_path / "lines.txt"),
        run("score", tiny_int8, tmp_path / "lines.txt.gz"),
        run("score", tiny_int8, "--text", "To be", "--text", "", "--text", "or not"),
    ]
    assert {way.code for way in ways} == {0}
    assert len({way.stdout for way in ways}) == 1
    assert [row["text"] for row in tsv(ways[0].stdout)] == ["To be", "", "or not"]


@pytest.mark.parametrize("format", ["tsv", "csv", "jsonl"])
def test_score_gives_a_record_for_each_line_in_order(run: Run, tiny_int8: Path, format: str) -> None:
    lines = ["long line " * 9, "", ODD.replace("\n", "\x0b"), "a", "", "\x85\u2028", " ", "lone\rreturn"]
    stdout = run("score", tiny_int8, "--format", format, stdin="".join(line + "\n" for line in lines).encode()).stdout
    readers = {"tsv": tsv, "jsonl": jsonl, "csv": lambda text: list(csv.DictReader(io.StringIO(text, newline="")))}
    rows = readers[format](stdout)
    assert [row["text"] for row in rows] == lines
    assert all(list(row) == ["text", "logprob", "tokens", "oov"] for row in rows)
    expected = [score.logprob for score in textrnn.load(tiny_int8).score(lines)]
    assert [float(row["logprob"]) if row["logprob"] else None for row in rows] == expected


def test_score_of_empty_text_is_the_end_or_nothing(run: Run, tiny_int8: Path) -> None:
    arguments = ("score", tiny_int8, "--text", "", "--format", "jsonl")
    (row,) = jsonl(run(*arguments, "--eos").stdout)
    assert row["tokens"] == ["<eos>"]
    assert row["logprob"] < 0
    assert jsonl(run(*arguments, "--no-eos").stdout) == [{"text": "", "logprob": None, "tokens": [], "oov": []}]
    assert run(*arguments[:-1], "tsv").stdout.split("\n")[1] == "\t\t[]\t[]"


def test_score_of_nothing_is_no_record(run: Run, tiny_int8: Path) -> None:
    result = run("score", tiny_int8, stdin=b"")
    assert (result.code, result.stdout) == (0, "")
    assert "sentences: 0" in result.stderr


@pytest.mark.parametrize(("base", "unit"), [("e", 1), ("2", math.log(2)), ("10", math.log(10))])
def test_score_converts_to_the_log_base_and_names_it(run: Run, tiny_int8: Path, base: str, unit: float) -> None:
    (score,) = textrnn.load(tiny_int8).score(["To be"], per_token=True)
    arguments = ("score", tiny_int8, "--text", "To be", "--log-base", base, "--per-token", "--format", "jsonl")
    result = run(*arguments)
    (row,) = jsonl(result.stdout)
    assert row["logprob"] == pytest.approx(score.logprob / unit)
    for found, token in zip(row["token_logprobs"], score.token_logprobs, strict=True):
        assert found == asdict(token) | {"logprob": pytest.approx(token.logprob / unit)}
        assert list(found) == ["token", "logprob", "surprisal_bits", "rank"]
    assert f"log base {base}; logprob without <eos>\n" in result.stderr


def test_score_lists_unknown_symbols_and_sums_up(run: Run, tiny_int8: Path) -> None:
    result = run("score", tiny_int8, "--text", "é\udcff", "--text", "To be", "--format", "jsonl")
    assert jsonl(result.stdout)[0]["oov"] == [{"text": "é", "offset": 0}, {"text": "\udcff", "offset": 1}]
    summary = dict(line.split(": ", 1) for line in result.stderr.splitlines()[1:])
    assert summary["sentences"].startswith("2 ")
    assert summary["token_count"].startswith("7 ")
    assert summary["oov_count"].startswith("2 ")
    assert summary["bits_per_character"].startswith("-  (not given: 2 symbols are <unk>")
    assert "perplexity_without_oov_without_eos" in summary


def test_score_does_not_change_with_batch_and_threads(run: Run, tiny_int8: Path) -> None:
    lines = "".join(f"{'abc ' * (number % 7)}\n" for number in range(50)).encode()
    usual = run("score", tiny_int8, stdin=lines)
    assert run("score", tiny_int8, "--batch", "1", "--threads", "2", stdin=lines) == usual
    assert run("score", tiny_int8, "--batch", "7", "--threads", "1", stdin=lines) == usual


def test_score_reads_other_encodings(run: Run, tiny_int8: Path) -> None:
    result = run("score", tiny_int8, "--encoding", "latin-1", "--format", "jsonl", stdin=b"\xe9")
    assert jsonl(result.stdout)[0]["text"] == "é"


@pytest.mark.parametrize("name", ["out.tsv", "out.csv", "out.jsonl"])
def test_score_writes_a_file_in_the_format_of_its_ending(run: Run, tiny_int8: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    result = run("score", tiny_int8, "--out", out, stdin=b"To be\n")
    assert (result.code, result.stdout) == (0, "")
    assert out.read_text() == run("score", tiny_int8, "--format", out.suffix[1:], stdin=b"To be\n").stdout
    assert os.listdir(tmp_path) == [name]


def test_a_file_appears_whole_or_not_at_all(run: Run, tiny_int8: Path, tmp_path: Path) -> None:
    (tmp_path / "out.tsv").write_text("earlier")
    damaged = b"good\n" * 9 + b"\xff\n"
    for name in ("out.tsv", "new.tsv"):
        refused(run("score", tiny_int8, "--strict", "--out", tmp_path / name, stdin=damaged), 1)
    assert os.listdir(tmp_path) == ["out.tsv"]
    assert (tmp_path / "out.tsv").read_text() == "earlier"


@pytest.mark.parametrize("place", ["no such folder/out", "file/out", "folder"])
def test_a_file_that_cannot_be_written_is_an_error(run: Run, tiny_int8: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "folder").mkdir()
    result = run("generate", tiny_int8, "--max-tokens", "1", "--out", tmp_path / place)
    assert f"{tmp_path / place} cannot be written" in refused(result, 1)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_a_closed_pipe_ends_quietly(tiny_int8: Path, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("a line\n" * 5000)
    command = [sys.executable, "-m", "textrnn", "score", str(tiny_int8), str(tmp_path / "lines.txt")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline() == b"text\tlogprob\ttokens\toov\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=300) == 0


# evaluate, inspect, models, quantize


def test_evaluate_prints_the_figures_of_the_api(run: Run, tiny_int8: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes(b"To be,\r\nor not to be.\r\n")
    rows = jsonl(run("evaluate", tiny_int8, tmp_path / "text.txt", "--format", "jsonl").stdout)
    figures = textrnn.load(tiny_int8).evaluate("To be,\nor not to be.\n")
    assert rows == [{"metric": row.metric, "value": row.value, "protocol": row.protocol} for row in figures]
    assert all(row["protocol"] for row in rows)


def test_evaluate_reads_standard_input_and_leaves_out_what_means_nothing(run: Run, tiny_int8: Path) -> None:
    result = run("evaluate", tiny_int8, "-", stdin="To bé".encode())
    rows = {row["metric"]: row for row in tsv(result.stdout)}
    assert rows["bits_per_character"]["value"] == ""
    assert "1 symbols are <unk>" in rows["bits_per_character"]["protocol"]
    assert float(rows["perplexity_without_oov_without_eos"]["value"]) > 1


def test_evaluate_refuses_an_empty_file(run: Run, tiny_int8: Path) -> None:
    assert "is empty" in refused(run("evaluate", tiny_int8, "-"), 1)


def test_inspect_lists_all_weights(run: Run, tiny_model: Path, tiny_int8: Path) -> None:
    config = json.loads((tiny_model / "config.json").read_text())
    shapes = weight_shapes(Architecture.model_validate(config["architecture"]))
    for model, precision in ((tiny_model, "float32"), (tiny_int8, "int8")):
        result = run("inspect", model, "--format", "jsonl")
        *rows, total = jsonl(result.stdout)
        assert [(name, *shape) for row in rows for name, shape in row["weights"].items()] == shapes
        assert total["parameters"] == sum(row["parameters"] for row in rows)
        assert f"{precision}, format {FORMAT_VERSION})" in result.stderr
        assert "carries hidden, memory" in result.stderr


def test_inspect_shows_a_figure_that_means_nothing_as_a_dash(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("To bé")
    run("quantize", tiny_model, "--out", tmp_path / "small", "--data", tmp_path / "text.txt")
    result = run("inspect", tmp_path / "small")
    assert result.code == 0
    assert "bits_per_character: - (not given: 1 symbols are <unk>" in result.stderr


def test_inspect_is_a_table_for_people(run: Run, tiny_int8: Path) -> None:
    result = run("inspect", tiny_int8, "--format", "table")
    assert re.search(r"lstm 1 +│ 4 × \(16 × 16 \+ 16 × 16 \+ 16\) │ 2112 ", result.stdout)
    assert "cell: lstm" in result.stdout
    assert result.stderr == ""


def test_inspect_and_quantize_show_what_the_network_is_made_of(run: Run, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text("she sells sea shells by the sea shore.\n" * 40)
    out, small = tmp_path / "song", tmp_path / "small"
    settings = ("units=8", "embedding_size=4", "window=8", "evaluations=1", "layers=2")
    sets = (word for setting in settings for word in ("--set", setting))
    flags = ("--cell", "peephole-lstm", "--projection", "4", "--residual", "--steps", "3")
    assert run("train", "lm", tmp_path / "song.txt", "--out", out, *sets, *flags).code == 0
    bounds = json.loads((out / "config.json").read_text())["bounds"]
    assert bounds.keys() == {f"layers.{layer}.{site}" for layer in (0, 1) for site in ("hidden", "output")}
    shown = run("inspect", out).stderr
    for line in (
        "core: 2 x 8 peephole-lstm (projected to 4, residual)",
        "carries hidden, memory; gates that see the memory input, forget, output",
        "input: learned",
        f"bounds: layers.0.hidden {bounds['layers.0.hidden']['value']:.4g}, ",
    ):
        assert line in shown
    assert "2 x 8 peephole-lstm (projected to 4, residual), learned input" in (out / "README.md").read_text()
    result = run("quantize", out, "--out", small, "--format", "jsonl")
    rows = {row["figure"]: row for row in jsonl(result.stdout)}
    card = (small / "README.md").read_text()
    for name, bound in bounds.items():
        row = rows[f"bound of {name}"]
        assert (row["float32"], row["int8"]) == (None, bound["value"])
        assert row["change"] == f"{bound['clipped']:.4%} of a sample cut off"
        assert f"| {name} | {bound['value']:.4f}".rstrip("0") in card
        assert f"| {bound['clipped']:.4%} |" in card
    assert "Bounds in 8 bits" not in (out / "README.md").read_text()


def test_a_model_without_the_bounds_that_int8_needs_is_to_be_trained_again(run: Run, tmp_path: Path) -> None:
    tokenizer = Tokenizer.of_characters("abc")
    core, symbols = Core(cell="elman-relu", units=4), len(tokenizer)
    architecture = Architecture(input=OneHot(symbols=symbols), core=core, head=LabelPerStep(classes=symbols))
    config = ModelConfig(task="lm", architecture=architecture, text=TextSettings())
    save_model(tmp_path / "other", SequenceNetwork(architecture), tokenizer, config)
    assert run("score", tmp_path / "other", "--text", "abc").code == 0
    said = refused(run("quantize", tmp_path / "other", "--out", tmp_path / "small"), 1)
    assert "int8 needs to know how large layers.0.hidden becomes, as training measures: train it again" in said
    assert not (tmp_path / "small" / "config.json").exists()


def test_models_lists_the_bundled_ones(run: Run, tiny_int8: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textrnn.model_folder.MODELS", tiny_int8.parent)
    rows = {row["name"]: row for row in jsonl(run("models", "--format", "jsonl").stdout)}
    assert list(rows) == ["tiny", "tiny-int8"]
    assert rows["tiny-int8"]["network"] == "2 x 16 lstm"
    assert rows["tiny-int8"]["precision"] == "int8"
    assert rows["tiny-int8"]["bytes"] < rows["tiny"]["bytes"]
    assert run("generate", "tiny-int8", "--max-tokens", "3").code == 0


def test_quantize_writes_a_model_and_prints_its_price(
    run: Run, tiny_model: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text("To be, or not to be.\n" * 20)
    result = run(
        "quantize", tiny_model, "--out", tmp_path / "small", "--data", tmp_path / "text.txt", "--format", "jsonl"
    )
    assert result.code == 0
    assert (tmp_path / "small" / "model.onnx").read_bytes() == (tiny_int8 / "model.onnx").read_bytes()
    prices = {row["figure"]: row for row in jsonl(result.stdout)}
    assert prices["bytes of all parts"]["int8"] < prices["bytes of all parts"]["float32"]
    assert prices["perplexity"]["int8"] == pytest.approx(prices["perplexity"]["float32"], rel=0.05)
    assert 0 < float(prices["largest change of one token's log-probability"]["change"]) < 0.5
    assert f"next: textrnn generate {tmp_path / 'small'}" in result.stderr


def test_quantize_refuses_what_it_cannot_do(run: Run, tiny_model: Path, tiny_int8: Path, tmp_path: Path) -> None:
    assert "is int8 already" in refused(run("quantize", tiny_int8, "--out", tmp_path / "new"), 1)
    assert "--out must be another folder" in refused(run("quantize", tiny_model, "--out", tiny_model), 2)
    (tmp_path / "file").write_text("text")
    assert "is a file" in refused(run("quantize", tiny_model, "--out", tmp_path / "file"), 2)
    assert "not empty and not a model folder" in refused(run("quantize", tiny_model, "--out", tmp_path), 2)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# errors


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("generate", "MODEL", "--temperature=-1"), 2, "temperature must be"),
        (("generate", "MODEL", "-t", "nan"), 2, "temperature must be"),
        (("generate", "MODEL", "--top-p", "0"), 2, "top-p must be"),
        (("generate", "MODEL", "--top-k=-1"), 2, "top-k must be"),
        (("generate", "MODEL", "--min-p", "2"), 2, "min-p must be"),
        (("generate", "MODEL", "--stop", ""), 2, "stop string"),
        (("generate", "MODEL", "--seed", str(2**64)), 2, "seed must be"),
        (("generate", "MODEL", "--format", "xml"), 2, "'xml' is not one of text, auto, table, tsv, csv, jsonl"),
        (("score", "MODEL", "--format", "xml"), 2, "'xml' is not one of auto, table, tsv, csv, jsonl"),
        (("score", "MODEL", "--log-base", "3"), 2, "'3' is not one of e, 2, 10"),
        (("score", "MODEL", "--engine", "theano"), 2, "'theano' is not one of onnx, torch"),
        (("score", "MODEL", "--encoding", "klingon"), 2, "unknown encoding 'klingon'"),
        (("score", "MODEL", "file", "--text", "a"), 2, "not both"),
        (("evaluate", "MODEL", "FILE", "--encoding", "klingon"), 2, "unknown encoding 'klingon'"),
        (("score", "MODEL", "no-such-file"), 1, "there is no file no-such-file"),
        (("score", "MODEL", "A text, not a file."), 1, "a text itself is given with --text"),
        (("score", "MODEL", "a " * 5000), 1, "... a a a a a a ': a text itself is given with --text"),
        (("score", "MODEL", "FOLDER"), 1, "is a directory"),
        (("score", "MODEL", "BYTES", "--strict"), 1, "line 2, byte 3: not utf-8 (0xff)"),
        (("evaluate", "MODEL", "no-such-file"), 1, "there is no file no-such-file"),
        (("evaluate", "MODEL", "BYTES", "--strict"), 1, "line 2, byte 3: not utf-8 (0xff)"),
        (("quantize", "MODEL", "--out", "x", "--data", "no-such-file"), 1, "there is no file no-such-file"),
        (("generate", "no-such-model"), 1, "neither a folder nor one of tiny, tiny-int8"),
        (("score", "no-such-model", "--text", "a"), 1, "neither a folder nor one of tiny, tiny-int8"),
        (("evaluate", "no-such-model", "FILE"), 1, "neither a folder nor one of tiny, tiny-int8"),
        (("inspect", "no-such-model"), 1, "neither a folder nor one of tiny, tiny-int8"),
        (("quantize", "no-such-model", "--out", "x"), 1, "neither a folder nor one of tiny, tiny-int8"),
    ],
)
def test_an_error_is_one_line_with_its_exit_code(
    run: Run,
    tiny_model: Path,
    tiny_int8: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    monkeypatch.setattr("textrnn.model_folder.MODELS", tiny_int8.parent)
    (tmp_path / "FILE").write_text("text")
    (tmp_path / "BYTES").write_bytes(b"good\nab\xff\n")
    (tmp_path / "FOLDER").mkdir()
    (tmp_path / "MODEL").symlink_to(tiny_model)
    monkeypatch.chdir(tmp_path)
    assert says in refused(run(*arguments, stdin=b"text\n"), code)
    assert sorted(os.listdir(tmp_path)) == ["BYTES", "FILE", "FOLDER", "MODEL"]


@pytest.mark.parametrize("command", ["generate", "score", "evaluate", "inspect", "quantize"])
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_model_is_named_in_one_line(
    run: Run, tiny_model: Path, tmp_path: Path, command: str, damage: str
) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    part = tmp_path / "model" / ("model.safetensors" if command == "quantize" else "model.onnx")
    if damage == "missing":
        part.unlink()
    else:
        part.write_bytes(part.read_bytes() + b"\x00")
    more = {"evaluate": ("-",), "quantize": ("--out", tmp_path / "small")}.get(command, ())
    assert part.name in refused(run(command, tmp_path / "model", *more, stdin=b"text\n"), 1)


@pytest.mark.parametrize(
    "arguments",
    [(), ("scores",), ("generate",), ("generate", "MODEL", "--no-such-option"), ("generate", "MODEL", "-n", "0")],
)
def test_a_command_that_is_not_understood_exits_2_without_output(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert "Traceback" not in result.stderr
    assert result.stdout == "" or not arguments  # nothing at all asks for the help


def test_a_terminal_without_a_source_shows_the_help(run: Run, tiny_int8: Path) -> None:
    result = run("score", tiny_int8, stdin=None)
    assert (result.code, result.stdout) == (2, "")
    assert "score [OPTIONS]" in result.stderr


def test_debug_shows_where_an_error_comes_from(run: Run) -> None:
    for arguments, code, kind in (
        (("generate", "no-such-model"), 1, "textrnn.errors.ModelError: there is no model"),
        (("score", "no-such-model", "file", "--text", "a"), 2, "textrnn.errors.UsageError: give a file or texts"),
        (("score", "--no-such-option"), 2, "No such option"),
    ):
        result = run("--debug", *arguments)
        assert (result.code, result.stdout) == (code, "")
        assert "Traceback" in result.stderr
        assert kind in result.stderr
        assert refused(run(*arguments), code)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("generate", "MODEL", "a", "prompt"), " generate --help)"),
        (("explain", "states"), " explain states --help)"),
        (("explain", "gradient"), " explain --help)"),
    ],
)
def test_a_command_that_cannot_be_parsed_names_its_own_help(run: Run, arguments: tuple[str, ...], says: str) -> None:
    assert refused(run(*arguments), 2).endswith(says)


def test_version_and_help(run: Run) -> None:
    assert run("--version") == Result(0, f"textrnn {textrnn.__version__}\n", "")
    assert run("--help").code == 0


@pytest.mark.parametrize("level", ["char", "word"])
def test_quantize_measures_on_records_and_counts_repairs(
    run: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, level: str
) -> None:
    save_small_model(tmp_path / level, level)
    model = tmp_path / f"{level}-float32"
    (tmp_path / "plain.txt").write_bytes(b"the cat\nthe \xff mat\n")
    (tmp_path / "rows.csv").write_bytes(b"id,said\n1,the cat\n2,the \xff mat\n")
    results = [
        run("quantize", model, "--out", tmp_path / name[:4], "--data", tmp_path / name, *more, "--format", "jsonl")
        for name, more in (("plain.txt", ()), ("rows.csv", ("--column", "said")))
    ]
    found = [{row["figure"]: row for row in jsonl(result.stdout)} for result in results]
    assert found[0]["perplexity"] == found[1]["perplexity"]
    for result, line in zip(results, (2, 3), strict=True):
        assert f"undecodable bytes read as U+FFFD: 1, the first on line {line}" in result.stderr
    strict = run(
        "quantize", model, "--out", tmp_path / "new", "--data", tmp_path / "rows.csv", "--column", "said", "--strict"
    )
    assert "rows.csv, line 3, byte 7: not utf-8" in refused(strict, 1)
    assert not (tmp_path / "new").exists()
