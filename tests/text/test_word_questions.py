"""Pairs and analogies: whole or one line that says what is wrong where."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.errors import DataError
from textrnn.text.word_questions import RatedPair, Section, read_analogies, read_pairs

WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5)
PAIRS = st.lists(st.builds(RatedPair, WORDS, WORDS, st.floats(allow_nan=False, allow_infinity=False)), min_size=1)


@given(PAIRS, st.sampled_from(["\n", "\r\n", "\n\n", "\n# a remark\n"]))
def test_every_pair_is_read(tmp_path_factory, pairs, between):
    lines = [f"{pair.first}\t{pair.second}\t{pair.rating!r}" for pair in pairs]
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    path.write_bytes(between.join(lines).encode())
    assert read_pairs(str(path)) == pairs


def test_another_encoding_is_read_where_it_is_named(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_bytes("café\tthé\t7\n".encode("latin-1"))
    with pytest.raises(DataError, match="--encoding"):
        read_pairs(str(path))
    assert read_pairs(str(path), encoding="latin-1") == [RatedPair("café", "thé", 7.0)]


def test_sections_are_read_packed_too_and_empty_ones_left_out(tmp_path):
    path = tmp_path / "analogies.txt.gz"
    path.write_bytes(gzip.compress(b": none\n: family\nman woman king queen\nboy girl  he she\n\n: a b\na b c d\n"))
    assert read_analogies(str(path)) == [
        Section("family", [("man", "woman", "king", "queen"), ("boy", "girl", "he", "she")]),
        Section("a b", [("a", "b", "c", "d")]),
    ]


@pytest.mark.parametrize(
    ("read", "content", "says"),
    [
        (read_pairs, "", " has no pairs"),
        (read_pairs, "# remarks alone\n", " has no pairs"),
        (read_pairs, "a\tb\t1\na\tb\n", ", line 2: a line is two words and a number, with tabs between; 2 fields here"),
        (read_pairs, "a b 1\n", ", line 1: a line is two words and a number"),
        (read_pairs, "\na\t\t1\n", ", line 2: a line is two words and a number"),
        (read_pairs, "word1\tword2\tscore\n", ", line 1: 'score' is not a number; a line of names is marked by a #"),
        (read_pairs, "a\tb\tnan\n", ", line 1: 'nan' is not a number"),
        (read_analogies, "", " has no questions"),
        (read_analogies, ": family\n", " has no questions"),
        (read_analogies, "a b c d\n", ", line 1: questions stand below the name of their section"),
        (read_analogies, ": family\na b c\n", ", line 2: a question is four words, and here are 3"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, read, content, says):
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(DataError) as error:
        read(str(path))
    assert str(error.value).startswith(f"{path}{says}")


def test_what_is_no_file_or_no_utf_8_is_named(tmp_path):
    (tmp_path / "latin").write_bytes(b"caf\xe9\tb\t1\n")
    for name in ("absent", "latin", ""):
        with pytest.raises(DataError):
            read_pairs(str(tmp_path / name))
