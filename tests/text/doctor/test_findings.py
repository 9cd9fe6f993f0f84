"""What is said of files made for it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
            for file, finding in check(files, encoding=encoding)
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
    rows = {finding.check: finding for _, finding in check([str(file)])}
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
    kept = all_but_end([Piece(str(number)) for number in range(records)], VALID_SHARE, "line")
    assert held_out(records) == records - kept


def test_standard_input_is_refused() -> None:
    with pytest.raises(UsageError, match="give a file"):
        list(check(["-"]))
