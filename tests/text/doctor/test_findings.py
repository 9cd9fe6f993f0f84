"""What is said of files made for it."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from textrnn.errors import UsageError
from textrnn.text.corpora import Piece
from textrnn.text.doctor import VALID_SHARE, check, findings, held_out
from textrnn.text.doctor.findings import Finding
from textrnn.training.corpus import all_but_end

Check = Callable[..., dict[str, Finding]]


@pytest.fixture
def found(tmp_path: Path) -> Check:
    """The findings on the last of some files, by name: found(b"...", b"...")."""

    def found(*contents: bytes, encoding: str = "utf-8") -> dict[str, Finding]:
        files = [str(tmp_path / f"{number}.txt") for number in range(len(contents))]
        for file, content in zip(files, contents, strict=True):
            Path(file).write_bytes(content)
        return {
            finding.check.replace(f"{tmp_path}/", ""): finding
            for file, group in check(files, encoding=encoding)
            for finding in group
            if file == files[-1]
        }

    return found


def warnings(findings: dict[str, Finding]) -> set[str]:
    return {name for name, finding in findings.items() if finding.finding == "warn"}


def test_a_plain_text_is_without_warning(found: Check) -> None:
    rows = found(b"".join(b"ship %d %d is at sea\n" % divmod(number, 10) for number in range(100)))
    assert warnings(rows) == set()
    assert (rows["records"].value, rows["words"].value, rows["characters"].value) == (100, 600, 1900)
    assert (rows["encoding"].value, rows["line ends"].value) == ("utf-8", "LF")


def test_an_empty_file_is_a_finding_and_no_error(found: Check) -> None:
    assert warnings(found(b"")) == {"records"}
    assert warnings(found(b"\xef\xbb\xbf")) == {"records"}
    assert "records" in warnings(found(b"a\n", b""))


def test_one_line_without_an_end(found: Check) -> None:
    rows = found(b"a")
    assert (rows["records"].value, rows["last line"].value, rows["line ends"].value) == (1, "not ended", "none")
    assert not any("held out" in name for name in rows)  # nothing is left to hold out


def test_undecodable_bytes_do_not_stop_it(found: Check) -> None:
    rows = found(b"fine\nna\xefve\nfine\n")
    assert (rows["undecodable"].value, rows["undecodable"].line) == (1, 2)
    assert "cp1252" in rows["undecodable"].detail
    assert (rows["records"].value, rows["U+FFFD"].line) == (3, 2)
    assert not warnings(found(b"fine\nna\xefve\nthis\n", encoding="cp1252")) & {"undecodable", "U+FFFD"}


def test_mixed_line_ends_are_told_apart(found: Check) -> None:
    assert found(b"a\r\nb\r\n")["line ends"].value == "CRLF"
    rows = found(b"a\r\nb\nc\n")
    assert (rows["line ends"].value, rows["line ends"].finding) == ("mixed", "warn")
    assert "2 LF and 1 CRLF" in rows["line ends"].detail


def test_each_suspect_has_its_count_and_first_line(found: Check) -> None:
    rows = found("one\ntwo\ufeff\nthr\x0bee\ufeff\nfo\rur\n".encode())
    assert [(rows[name].value, rows[name].line) for name in ("U+FEFF", "U+000B", "U+000D")] == [(2, 2), (1, 3), (1, 4)]
    assert {"U+FEFF", "U+000B", "U+000D"} <= warnings(rows)
    assert "U+0009" not in found(b"a\tb\n")


def test_many_suspects_are_summed_up(found: Check) -> None:
    rows = found("".join(map(chr, range(0xE000, 0xE000 + findings.MOST_SUSPECTS + 5))).encode())
    assert len([name for name in rows if name.startswith("U+")]) == findings.MOST_SUSPECTS
    assert rows["more suspects"].value == 5


def test_copies_are_shown_and_warned_of(found: Check) -> None:
    rows = found(b"\n\n" + b"again\n" * 3 + b"Again \n" + b"other\n")
    assert (rows["repeated"].value, rows["repeated"].line, rows["repeated"].finding) == (2, 3, "warn")
    assert rows["repeated, folded"].value == 3
    assert (rows["repeated record"].value, rows["repeated record"].detail) == (3, "again")
    assert rows["blank records"].value == 2


def test_leaks_name_both_lines(found: Check) -> None:
    rows = found(b"a b\nc d\ne f\n", b"new\nc d\nE  F\n")
    assert (rows["also in 0.txt"].value, rows["also in 0.txt"].line) == (1, 2)
    assert "2 = 2" in rows["also in 0.txt"].detail
    assert rows["also in 0.txt, folded"].value == 2
    assert {"also in 0.txt", "also in 0.txt, folded"} <= warnings(rows)
    assert rows["OOV, min-count 1"].value == 3  # new, E, F


def test_every_earlier_file_is_looked_in(found: Check) -> None:
    rows = found(b"a\n", b"b\n", b"b\n")
    assert (rows["also in 0.txt"].value, rows["also in 1.txt"].value) == (0, 1)


def test_lengths_fall_into_classes_that_double(found: Check) -> None:
    rows = found(b"".join(b"x" * length + b"\n" for length in (0, 1, 2, 3, 4, 7, 8)))
    classes = {name: finding.value for name, finding in rows.items() if name.startswith("length ")}
    assert classes == {"length 0": 1, "length 1": 1, "length 2-3": 2, "length 4-7": 2, "length 8-15": 1}
    assert (rows["median length"].value, rows["longest"].value, rows["longest"].line) == (3.0, 8, 7)


@given(lengths=st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_lengths_are_counted_once_each(tmp_path_factory: pytest.TempPathFactory, lengths: list[int]) -> None:
    file = tmp_path_factory.getbasetemp() / "lengths.txt"
    file.write_text("".join("x" * length + "\n" for length in lengths))
    rows = {finding.check: finding for _, group in check([str(file)]) for finding in group}
    for name, finding in rows.items():
        if name.startswith("length "):
            low, _, high = name.removeprefix("length ").partition("-")
            assert finding.value == sum(int(low) <= length <= int(high or low) for length in lengths)
    share = [finding.share for name, finding in rows.items() if name.startswith("length ")]
    assert sum(filter(None, share)) == pytest.approx(1)
    enough = rows["95 % length"].value
    assert sum(length <= enough for length in lengths) >= 0.95 * len(lengths)


def test_unknown_words_of_the_end_are_counted(found: Check) -> None:
    rows = found(b"common words\n" * 38 + b"novel words\n" * 2)
    assert (rows["OOV, min-count 1"].value, rows["OOV, min-count 1"].share) == (2, 0.5)
    assert rows["<unk> held out, word"].finding == "warn"
    assert rows["vocabulary, min-count 1"].value == 2
    assert rows["<unk> in training, word"].value == 0


def test_a_literal_unk_is_noticed(found: Check) -> None:
    rows = found(b" the <unk> sat \n")
    assert (rows["<unk>"].value, rows["<unk>"].finding) == (1, "warn")
    assert "--literal-unk" in rows["<unk>"].detail


@given(records=st.integers(1, 500))
def test_as_many_records_are_held_out_as_in_training(records: int) -> None:
    assert held_out(records) == records - all_but_end([Piece("a")] * records, VALID_SHARE, "line")


def test_standard_input_is_refused() -> None:
    with pytest.raises(UsageError, match="give a file"):
        list(check(["-"]))


# records of other formats, and files that are one text

ROWS = [{"id": "1", "said": "the sea"}, {"id": "2", "said": "a\nship "}, {"id": "3", "said": "the sea"}]
CONTENTS = {
    "csv": b'id,said\r\n1,the sea\r\n2,"a\nship "\r\n3,the sea\r\n',
    "tsv": b"id\tsaid\n1\tthe sea\n2\ta\\nship \n3\tthe sea\n",
    "jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
    "parquet": b"",
}


def findings_of(*sources: Path | str, **options: str) -> dict[tuple[str, str], Finding]:
    """Every finding by the name of its file and its own."""
    groups = check([str(source) for source in sources], **options)
    return {(Path(file).name, finding.check): finding for file, group in groups for finding in group}


def summary(rows: dict[tuple[str, str], Finding]) -> dict[str, tuple[object, object]]:
    """What must not depend on the format."""
    formal = {"bytes", "encoding", "line ends", "last line", "known as"}
    return {name: (row.value, row.share) for (_, name), row in rows.items() if name not in formal}


@pytest.mark.parametrize("format", CONTENTS)
@pytest.mark.parametrize("says_so", [False, True])
def test_every_format_has_the_same_findings(tmp_path: Path, format: str, says_so: bool) -> None:
    file = tmp_path / ("rows" if says_so else f"rows.{format}")
    file.write_bytes(CONTENTS[format])
    if format == "parquet":
        parquet.write_table(pyarrow.Table.from_pylist(ROWS), file)
    (tmp_path / "alone.jsonl").write_text("".join(json.dumps(row["said"]) + "\n" for row in ROWS))
    found = findings_of(file, column="said", format=format if says_so else "auto")
    assert summary(found) == summary(findings_of(tmp_path / "alone.jsonl"))
    rows = {name: row for (_, name), row in found.items()}
    assert (rows["records"].value, rows["characters"].value, rows["characters"].detail) == (3, 7 + 7 + 7, "")
    assert rows["repeated"].line == {"csv": 2, "tsv": 2, "jsonl": 1, "parquet": 1}[format]
    assert (rows["padded records"].value, rows["bytes"].value) == (1, file.stat().st_size)
    assert ("encoding" in rows) == (format != "parquet")


def test_a_misspelt_column_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(CONTENTS["csv"])
    with pytest.raises(UsageError, match=r"there is no column 'sad' \(did you mean 'said'\?\); there are 'id', 'said'"):
        list(check([str(tmp_path / "rows.csv")], column="sad"))


def test_repairs_are_findings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,text\n1,a\n2\n3\n")
    (tmp_path / "b.jsonl").write_bytes(b'"a"\n\n"\xff\xff"\n')
    found = findings_of(tmp_path / "a.csv", tmp_path / "b.jsonl")
    rows = [found["a.csv", "repaired"], found["b.jsonl", "repaired"], found["b.jsonl", "undecodable"]]
    assert [(row.value, row.line, row.finding) for row in rows] == [(2, 3, "warn"), (1, 2, "warn"), (2, 3, "warn")]
    assert "fewer cells than the header" in rows[0].detail
    assert "blank lines" in rows[1].detail
    assert found["b.jsonl", "U+FFFD"].value == 2


def test_the_files_of_a_folder_or_a_pattern_are_one_text(tmp_path: Path) -> None:
    lines = [f"word{number % 7} end{number}" for number in range(40)]
    whole, folder = tmp_path / "whole.txt", tmp_path / "folder"
    folder.mkdir()
    whole.write_text("".join(line + "\n" for line in lines))
    for name, part in (("a.txt", lines[:39]), ("b.txt", lines[39:]), ("c.txt", [])):
        (folder / name).write_text("".join(line + "\n" for line in part))

    def of_training(rows: dict[tuple[str, str], Finding], name: str) -> dict[str, Finding]:
        wanted = ("vocabulary", "<unk>", "OOV")
        return {check: row for (file, check), row in rows.items() if file == name and check.startswith(wanted)}

    expected = of_training(findings_of(whole), "whole.txt")
    assert expected["OOV, min-count 1"].value == 2
    assert expected["vocabulary, min-count 1"].value == 45
    assert of_training(findings_of(folder), "folder") == expected
    assert of_training(findings_of(folder / "*.txt"), "*.txt") == expected
    rows = findings_of(whole, folder)
    assert (rows["a.txt", f"also in {whole}"].value, rows["b.txt", f"also in {whole}"].value) == (39, 1)
    assert rows["b.txt", f"also in {folder / 'a.txt'}"].value == 0


def test_how_much_of_a_held_out_text_is_read_in_training_is_said(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a b\n" * 30)
    (tmp_path / "small.txt").write_text("x" * findings.VALID_SYMBOLS)
    (tmp_path / "large.txt").write_text("x" * (findings.VALID_SYMBOLS + 1))
    found = findings_of(*(tmp_path / f"{name}.txt" for name in ("train", "small", "large")))
    assert ("small.txt", "validation reads") not in found
    row = found["large.txt", "validation reads"]
    assert row.value == 200_000
    assert "of 200,001 characters" in row.detail
    (tmp_path / "lone.txt").write_text("word " * 10 + "\n" + "x" * findings.VALID_SYMBOLS + "x\n")
    assert findings_of(tmp_path / "lone.txt")["lone.txt", "validation reads"].value == 200_000


def test_what_is_held_out_of_a_lone_text_is_said_for_characters_too(found: Check) -> None:
    rows = found(b"a word\n" * 40)
    assert "the last 5% of the records" in rows["<unk> held out, char"].detail
    assert "training holds out as large a share of the characters" in rows["<unk> held out, char"].detail


def test_a_newline_within_a_record_is_no_suspect(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text('text\n"Good.\nReally."\nFine.\n')
    found = [finding for _, findings in check([str(path)]) for finding in findings]
    assert not [finding for finding in found if "control" in finding.detail or "U+000A" in finding.check]
