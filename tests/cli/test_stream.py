"""N records in, N records out: what a command reads comes out in order, with all its fields."""

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Run, Terminal
from tests.reading import jsonl, refused, tsv
from textrnn.cli.output import Sink
from textrnn.cli.stream import Source, counted, joined, paired
from textrnn.errors import DataError

HOSTILE = [
    "",
    " ",
    "a\x00b",
    "\x0b\x0c\x1c\x85\u2028\u2029",
    "a\tb\\n\\",
    "é\ufeff",
    'say "a", then b',
    "\U0001f600",
    "b" * 3000,
]
NAMES = ["id", "logprob", "tokens", "predicted_logprob", "a\tb"]
RESULTS = ["logprob", "tokens", "oov"]


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str]]:
    names = ["text", *draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))]
    cells = st.sampled_from([*HOSTILE, "two\nlines", "two\r\nlines", "a\rb"])
    rows = draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), min_size=1, max_size=5))
    return [dict(zip(names, row, strict=True)) for row in rows]


def written(rows: list[dict[str, str]], format: str, end: str) -> bytes:
    file = io.StringIO(newline="")
    if format == "csv":
        writer = csv.DictWriter(file, list(rows[0]), lineterminator=end, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    elif format == "jsonl":
        file.write("".join(json.dumps(row) + end for row in rows))
    else:
        marks = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
        for line in [list(rows[0]), *(row.values() for row in rows)]:
            file.write("\t".join(cell.translate(marks) for cell in line) + end)
    return file.getvalue().encode()


READERS = {"tsv": tsv, "jsonl": jsonl, "csv": lambda text: list(csv.DictReader(io.StringIO(text, newline="")))}


@pytest.mark.parametrize("format", READERS)
@given(
    rows=tables(),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    last=st.booleans(),
    way=st.sampled_from(["file", "gz", "stdin"]),
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_records_come_out_in_order_with_their_fields_first(
    run: Run,
    tiny_int8: Path,
    tmp_path: Path,
    format: str,
    rows: list[dict[str, str]],
    end: str,
    mark: bytes,
    last: bool,
    way: str,
) -> None:
    content = mark + written(rows, format, end)
    if not last and (rows[-1]["text"] or len(rows[-1]) > 1):  # a last line that is blank needs its newline
        content = content.removesuffix(end.encode())
    path = tmp_path / f"rows.{format}{'.gz' if way == 'gz' else ''}"
    path.write_bytes(gzip.compress(content) if way == "gz" else content)
    command = ("score", tiny_int8, "--format", format, "--input-format")
    result = run(*command, format, stdin=content) if way == "stdin" else run(*command, "auto", path)
    assert result.code == 0, result.stderr
    found = READERS[format](result.stdout)
    assert [{name: row[name] for name in rows[0]} for row in found] == rows
    names = list(rows[0])
    for name in RESULTS:
        while name in names:
            name = f"predicted_{name}"
        names.append(name)
    assert [list(row) for row in found] == [names] * len(rows)
    texts = run("score", tiny_int8, "--format", "jsonl", *(part for row in rows for part in ("--text", row["text"])))
    values = [row["logprob"] for row in jsonl(texts.stdout)]
    own = [row[names[len(rows[0])]] for row in found]
    assert [float(value) if value not in ("", None) else None for value in own] == values


@given(
    lines=st.lists(st.sampled_from(HOSTILE) | st.just("a\rb"), max_size=9),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_come_out_in_order_whatever_ends_them(
    run: Run, tiny_int8: Path, lines: list[str], end: str, mark: bool
) -> None:
    content = (b"\xef\xbb\xbf" if mark else b"") + "".join(line + end for line in lines).encode()
    for way in (content, content.removesuffix(end.encode()) if lines and lines[-1] else content):
        found = run("score", tiny_int8, "--format", "jsonl", stdin=way).stdout
        assert [row["text"] for row in (jsonl(found) if found else [])] == lines


def test_lines_of_fasttext_keep_their_label(run: Run, tiny_int8: Path) -> None:
    flags = ("--input-format", "fasttext", "--format", "jsonl")
    (found,) = jsonl(run("score", tiny_int8, *flags, stdin=b"__label__good It was good.\n").stdout)
    (alone,) = jsonl(run("score", tiny_int8, "--text", "It was good.", "--format", "jsonl").stdout)
    assert found == {"label": "good", **alone}


def test_halves_of_characters_go_through_json(run: Run, tiny_int8: Path) -> None:
    row = {"text": "a\ud800b", "\udcff": ["\ud83d", {"\ude00": None}]}
    stdin = json.dumps(row).encode()
    (found,) = jsonl(run("score", tiny_int8, "--input-format", "jsonl", "--format", "jsonl", stdin=stdin).stdout)
    assert {name: found[name] for name in row} == row
    assert found["oov"] == [{"text": "\ud800", "offset": 1}]


def test_values_of_parquet_that_json_lacks_are_text(run: Run, tiny_int8: Path, tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "text": None,
        "day": date(2020, 1, 2),
        "moment": datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
        "price": Decimal("1.10"),
        "bytes": b"a\xff",
        "days": [date(2020, 1, 2), None],
        "lasting": timedelta(days=1),
        "number": float("nan"),
    }
    pyarrow.parquet.write_table(
        pyarrow.Table.from_pylist([values, {**values, "text": "To be"}]), tmp_path / "a.parquet"
    )
    expected = {
        "text": None,
        "day": "2020-01-02",
        "moment": "2020-01-02T03:04:05+00:00",
        "price": "1.10",
        "bytes": "a\\xff",
        "days": ["2020-01-02", None],
        "lasting": "1 day, 0:00:00",
        "number": None,
    }
    rows = jsonl(run("score", tiny_int8, tmp_path / "a.parquet", "--format", "jsonl").stdout)
    assert [{name: row[name] for name in values} for row in rows] == [expected, {**expected, "text": "To be"}]
    row = tsv(run("score", tiny_int8, tmp_path / "a.parquet").stdout)[0]
    assert (row["day"], row["price"], row["days"], row["text"]) == ("2020-01-02", "1.10", '["2020-01-02", null]', "")


def test_parquet_is_evaluated_as_lines_are(run: Run, tiny_int8: Path, tmp_path: Path) -> None:
    texts = ["To be", "", "or not"]
    pyarrow.parquet.write_table(pyarrow.table({"text": texts}), tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    evaluated = [run("evaluate", tiny_int8, tmp_path / name) for name in ("a.parquet", "a.jsonl")]
    assert [result.code for result in evaluated] == [0, 0]
    assert evaluated[0].stdout == evaluated[1].stdout


def test_parquet_without_its_extra_says_what_to_install(
    run: Run, tiny_int8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"]}), tmp_path / "a.parquet")
    monkeypatch.setattr("textrnn.extras.find_spec", lambda package: None)
    assert "pip install 'textrnn[parquet]'" in refused(run("score", tiny_int8, tmp_path / "a.parquet"), 2)


def test_choose_generate_and_evaluate_read_records_too(run: Run, tiny_int8: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,text\n1,"a {b|c}"\n2,{d|e}\n')
    rows = jsonl(run("choose", tiny_int8, "--file", tmp_path / "a.csv", "--best", "--format", "jsonl").stdout)
    assert [(row["id"], row["text"], row["line"]) for row in rows] == [("1", "a {b|c}", 1), ("2", "{d|e}", 2)]
    assert rows[0]["predicted_text"] in ("a b", "a c")
    command = ("generate", tiny_int8, "--prompts", tmp_path / "a.csv", "-n", "300", "--max-tokens", "1")
    samples = jsonl(run(*command, "--column", "id", "--format", "jsonl").stdout)
    assert [(row["id"], row["index"]) for row in samples] == [(id, index) for id in "12" for index in range(300)]
    assert "prompt" not in samples[0]
    assert samples[0]["text"] == "a {b|c}"
    assert len(samples[0]["predicted_text"]) <= 1
    (tmp_path / "a.jsonl").write_text('"a {b|c}"\n"{d|e}"\n')
    ways = [run("evaluate", tiny_int8, tmp_path / name, "--format", "jsonl") for name in ("a.csv", "a.jsonl")]
    assert ways[0] == ways[1]
    figures = {row["metric"]: row for row in jsonl(ways[0].stdout)}
    assert (figures["sentences"]["value"], figures["token_count"]["value"]) == (2, 12)
    assert "each text from <start>" in figures["perplexity_without_eos"]["protocol"]


@pytest.mark.parametrize("command", ["score", "choose", "generate", "evaluate"])
def test_every_command_counts_repairs_and_refuses_them(run: Run, tiny_int8: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "a.csv").write_bytes(b"text,x\n{a|b},1\n{\xff|c}\n")
    option = {"choose": ["--file"], "generate": ["--max-tokens", "1", "--prompts"]}.get(command, [])
    result = run(command, tiny_int8, *option, tmp_path / "a.csv")
    assert result.code == 0
    assert "undecodable bytes read as U+FFFD: 1, the first on line 3 (--encoding" in result.stderr
    assert "the missing ones read as empty: 1, the first on line 3 (--strict refuses)" in result.stderr
    assert f"{tmp_path / 'a.csv'}, line 3, byte 2: not utf-8" in refused(
        run(command, tiny_int8, *option, tmp_path / "a.csv", "--strict"), 1
    )
    assert "there are 'text', 'x'" in refused(run(command, tiny_int8, *option, tmp_path / "a.csv", "--column", "y"), 2)


@pytest.mark.parametrize("flags", [("--column", "a"), ("--input-format", "csv")])
def test_texts_on_the_command_line_are_plain(run: Run, tiny_int8: Path, flags: tuple[str, ...]) -> None:
    assert "are plain" in refused(run("score", tiny_int8, "--text", "a", *flags), 2)


# pieces


@given(items=st.lists(st.integers(), max_size=20), ahead=st.integers(1, 7), each=st.integers(1, 3))
def test_results_meet_their_records_however_far_a_model_reads_ahead(items: list[int], ahead: int, each: int) -> None:
    def run(texts):
        group = []
        for text in texts:
            group.append(text)
            if len(group) == ahead:
                yield from (text for text in group for _ in range(each))
                group = []
        yield from (text for text in group for _ in range(each))

    pairs = paired(((item, {"item": item}) for item in items), run, each=each)
    assert [(fields["item"], result) for fields, result in pairs if fields] == [
        (item, item) for item in items for _ in range(each)
    ]


def test_a_name_that_is_taken_is_written_with_a_prefix() -> None:
    fields = {"logprob": 1, "predicted_logprob": 2}
    assert joined(fields, {"text": "a", "logprob": 3}, repeats="text") == {**fields, "predicted_predicted_logprob": 3}
    assert joined(None, {"text": "a", "logprob": 3}, repeats="text") == {"text": "a", "logprob": 3}
    assert fields == {"logprob": 1, "predicted_logprob": 2}


def test_rows_under_a_header_have_no_other_fields() -> None:
    file = io.StringIO()
    sink = Sink(file, "tsv")
    sink.write({"a\tb": "1", "c": "2"})
    sink.write({"c": "3"})
    with pytest.raises(DataError, match="record 3 has a field 'x' that the first has not: use --format jsonl"):
        sink.write({"c": "3", "x": 1})
    assert file.getvalue() == "a\\tb\tc\n1\t2\n\t3\n"


def test_a_terminal_sees_how_far_it_has_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "a.txt").write_text("a\n" * 50)
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    source = Source(str(tmp_path / "a.txt"), encoding="utf-8", strict=False)
    assert source.size == 100
    records = source.records(format="auto", column=None)
    assert len(list(counted(records, what="texts", out="file", source=source))) == 50
    assert "50 texts" in screen.getvalue()
    assert "a second" in screen.getvalue()
    monkeypatch.setattr("sys.stdout", Terminal())
    before = screen.getvalue()
    assert list(counted("ab", what="texts", out=None)) == ["a", "b"]
    assert screen.getvalue() == before


# the program


def test_parquet_from_a_pipe_is_refused(tiny_int8: Path) -> None:
    arguments = ("score", tiny_int8, "--input-format", "parquet", "-")
    with program(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stdout) == (2, b"")
    assert stderr == b"error: parquet cannot be read from a pipe: give a file instead of standard input\n"


def program(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "textrnn", *map(str, arguments)], stderr=subprocess.PIPE, **options)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("score", "MODEL", "--text", "a"), ("--help",)])
def test_standard_output_that_takes_nothing_is_one_line_of_error(tiny_int8: Path, arguments: tuple[str, ...]) -> None:
    named = [str(tiny_int8) if argument == "MODEL" else argument for argument in arguments]
    with open("/dev/full", "wb") as full, program(*named, stdout=full) as process:
        _, stderr = process.communicate(timeout=300)
    assert process.returncode == 1
    assert stderr == b"error: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_closed_stream_is_one_line_of_error(tiny_int8: Path, closed: str) -> None:
    command = f'"$0" -m textrnn score "$1" --text a {closed}'
    result = subprocess.run(["sh", "-c", command, sys.executable, str(tiny_int8)], capture_output=True, timeout=300)
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr == b"error: standard input or output is closed: give /dev/null instead\n"


def test_ctrl_c_is_one_word(tiny_int8: Path) -> None:
    with program("generate", tiny_int8, "-n", "100000", stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    assert stderr == b"interrupted\n"


def test_a_read_that_fails_is_not_laid_to_the_output(run: Run, tiny_int8: Path, tmp_path: Path) -> None:
    packed = gzip.compress(b"a line\n" * 99, mtime=0)[:-9]
    (tmp_path / "cut.gz").write_bytes(packed)
    line = refused(run("score", tiny_int8, tmp_path / "cut.gz", "--out", tmp_path / "out.tsv"), 1)
    assert "cut.gz is not a whole gzip file" in line
    assert not (tmp_path / "out.tsv").exists()
