"""Files of vectors: read as gensim reads them, row by row, and what is wrong with one is named."""

import gzip
import pickle
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from textrnn.errors import DataError
from textrnn.text.vectors import (
    BINARY,
    GLOVE,
    NUMBER,
    TEXT,
    VectorsFile,
    find_vectors,
    read_vectors,
    sniff,
    write_vectors,
)

ODD = [
    "\xa0",
    "a\xa0b",
    "\u3000",
    "\x85",
    "\u2028",
    "e\u0301",
    "Ünï",
    "🙂",
    "1",
    "3.14",
    "-",
    "nan",
    "x" * 5000,
    "\x0b",
]
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r\ufeff")
WORDS = st.one_of(st.sampled_from(ODD), st.text(CHARACTERS, min_size=1, max_size=8))
SPACED = st.lists(WORDS, min_size=2, max_size=3).map(" ".join)
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw, words=WORDS):
    """Words and a vector for each."""
    names = draw(st.lists(words, min_size=1, max_size=6, unique=True))
    size = draw(st.integers(3, 5))
    rows = draw(arrays.arrays(np.float32, (len(names), size), elements=FLOATS))
    rows[0, 0] = 1  # 00 00 80 3f: binary that is text in every byte is taken for text
    return names, rows


def as_gensim(names: list[str], rows: np.ndarray) -> KeyedVectors:
    vectors = KeyedVectors(rows.shape[1])
    vectors.add_vectors(names, rows)
    return vectors


def found(path: Path, words: list[str]) -> np.ndarray:
    return find_vectors(sniff(str(path)), [(word,) for word in words])


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # gensim's, of a file without a header
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("format", [TEXT, BINARY, GLOVE])
@settings(max_examples=40)
@given(table=tables())
def test_a_file_is_read_as_gensim_reads_it(tmp_path_factory, format, packed, table):
    names, rows = table
    path = tmp_path_factory.mktemp("vectors") / "vectors"
    as_gensim(names, rows).save_word2vec_format(path, binary=format == BINARY, write_header=format != GLOVE)
    oracle = KeyedVectors.load_word2vec_format(path, binary=format == BINARY, no_header=format == GLOVE)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    absent = "a word that is not there"
    result = found(path, [*reversed(names), absent])
    assert sniff(str(path)).format == format
    assert (result.total, result.repeated) == (len(names), 0)
    np.testing.assert_array_equal(result.rows[:-1], oracle[list(reversed(names))])
    assert result.is_found.tolist() == [True] * len(names) + [False]
    assert not result.rows[-1].any()


@pytest.mark.parametrize("format", [TEXT, BINARY])
@settings(max_examples=40)
@given(table=tables(st.text(CHARACTERS, min_size=1, max_size=8)))
def test_what_is_written_is_read_again(tmp_path_factory, format, table):
    names, rows = table
    path = tmp_path_factory.mktemp("vectors") / "vectors"
    with path.open("wb") as file:
        write_vectors(file, names, rows, format=format)
    assert sniff(str(path)).format == format
    words, read = read_vectors(sniff(str(path)))
    assert words == names
    np.testing.assert_array_equal(read, rows)
    oracle = KeyedVectors.load_word2vec_format(path, binary=format == BINARY)
    np.testing.assert_array_equal(oracle[names], rows)


@settings(max_examples=40)
@given(table=tables(SPACED | st.just(" ")), has_header=st.booleans(), end=st.sampled_from(["\n", "\r\n", " \n"]))
def test_a_word_of_a_text_may_hold_spaces(tmp_path_factory, table, has_header, end):
    names, rows = table
    lasts = [name.split(" ")[-1].encode() for name in names]
    kept = [index for index, last in enumerate(lasts) if last.isdigit() or not NUMBER.fullmatch(last)]
    if kept and lasts[kept[0]].isdigit() and not has_header:  # the first row says how many numbers there are
        return
    names, rows = [names[index] for index in kept], rows[kept]
    if not names:
        return
    lines = [" ".join([name, *map(repr, row.tolist())]) for name, row in zip(names, rows, strict=True)]
    header = [f"{len(names)} {rows.shape[1]}"] if has_header else []
    path = tmp_path_factory.mktemp("vectors") / "vectors"
    path.write_bytes("".join(line + end for line in [*header, *lines]).encode())
    np.testing.assert_array_equal(found(path, names).rows, rows)


def test_a_word_may_end_in_a_whole_number_where_no_number_of_its_row_is_one(tmp_path):
    path = tmp_path / "vectors"
    path.write_text("a 1.0 2.5\nroute 66 0.5 -1e-3\n1 2 3.5 4.\n")
    assert found(path, ["a", "route 66", "1 2"]).rows.tolist() == [[1, 2.5], [0.5, np.float32(-1e-3)], [3.5, 4]]
    path.write_text("2 2\nroute 66 0.5 -1.0\n\x1f 3.5 4.0\n")  # text, for all the odd byte
    assert found(path, ["route 66", "\x1f"]).rows.tolist() == [[0.5, -1], [3.5, 4]]
    for row in ("route 66 0.5 1", "pi 3.14 0.5 -1.0", "minus -7 0.5 1.0"):
        path.write_text(f"a 1.0 2.5\n{row}\n")
        with pytest.raises(DataError, match="line 2: 3 numbers behind the word, not 2"):
            found(path, ["a"])


def test_a_row_of_any_width_between_its_fields_and_a_mark_before_the_first(tmp_path):
    path = tmp_path / "vectors"
    path.write_bytes(b"\xef\xbb\xbfthe  0.5\t-1   2\n\nof\t1\t2\t3 \n")
    assert found(path, ["the", "of"]).rows.tolist() == [[0.5, -1, 2], [1, 2, 3]]


@pytest.mark.parametrize("binary", [False, True])
def test_the_first_row_of_a_word_counts_and_rows_are_counted_whatever_the_header_says(tmp_path, binary):
    path = tmp_path / "vectors"
    rows = [("a", [1.0, 2.0]), ("b", [3.0, 4.0]), ("a", [5.0, 6.0]), ("c", [7.0, 8.0])]
    for stated in (0, 2, 4, 9):
        if binary:
            body = b"".join(word.encode() + b" " + struct.pack("<2f", *numbers) for word, numbers in rows)
        else:
            body = "".join(f"{word} {x} {y}\n" for word, (x, y) in rows).encode()
        path.write_bytes(f"{stated} 2\n".encode() + body)
        result = found(path, ["a", "b"])
        assert result.rows.tolist() == [[1, 2], [3, 4]]
        assert (result.total, result.repeated) == (4, 1)
        assert sniff(str(path)) == VectorsFile(str(path), BINARY if binary else TEXT, 2, stated)


def test_a_token_takes_the_best_spelling_that_there_is_and_lower_case_last(tmp_path):
    path = tmp_path / "vectors"
    path.write_text("the 1 1\nThe 2 2\nhouse 3 3\n▁of 4 4\nof 5 5\nİ 6 6\n")
    wanted = [("The",), ("the",), ("House",), ("HOUSE",), ("▁of", "of"), ("of",), ("▁the", "the"), ("absent",), ()]
    result = find_vectors(sniff(str(path)), wanted)
    assert result.rows[:, 0].tolist() == [2, 1, 3, 3, 4, 5, 1, 0, 0]
    assert result.is_found.tolist() == [True] * 7 + [False] * 2
    assert result.lowered == 2


def test_words_that_are_no_utf_8_are_passed_over(tmp_path):
    path = tmp_path / "vectors"
    path.write_bytes(b"caf\xe9 1 2\nthe 3 4\n\xff\xfe 5 6\n")
    assert found(path, ["the", "caf\udce9"]).rows.tolist() == [[3, 4], [0, 0]]


WHOLE_BINARY = b"2 3\n" + b"the " + struct.pack("<3f", 1, 2, 3) + b"\nof " + struct.pack("<3f", 4, 5, 6) + b"\n"
INFINITE = b"1 2\n" + b"the " + struct.pack("<2f", 1, np.inf)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", " is empty"),
        (b"2 3\n", " has a header and no rows"),
        (b"2 0\nthe\n", ", line 1: neither a header nor a word and up to 65,536 numbers"),
        (b"2 99999\nthe 1\n", ", line 1: neither a header nor"),
        (b"Call me Ishmael.\n", ", line 1: neither a header nor"),
        (b"Chapter 1\nCall me Ishmael.\n", ", line 2: 0 numbers behind the word, not 1"),
        (b"the 1 2 3\nof 1 2\n", ", line 2: 2 numbers behind the word, not 3"),
        (b"the 1 2 3\n\nof 1 2 3 4\n", ", line 3: 4 numbers behind the word, not 3"),
        (b"the\t1\t2\nof\t1\t2\t3\n", ", line 2: 3 numbers behind the word, not 2"),
        (b"2 3\nthe 1 2\nof 1 2 3\n", ", line 2: 2 numbers behind the word, not 3"),
        (b"2 3\nthe 1 2 3\nof 1 2 3 4\n", ", line 3: 4 numbers behind the word, not 3"),
        (b"a 1 2 3\nnew york 1 2\n", ", line 2: 2 numbers behind the word, not 3"),
        (b"a 1 2 3\nthe 1 x 3\n", ", line 2: 'x' is not a finite number"),
        (b"a 1 2 3\nthe 1 2 nan\n", ", line 2: 'nan' is not a finite number"),
        (b"a 1 2 3\nthe 1 1_0 2\n", ", line 2: '1_0' is not a finite number"),
        (b"a 1 2 3\nthe 1 2 1e39\n", ", line 2: a number that is not finite, or too large"),
        (WHOLE_BINARY[:-3], ", word 2: the file ends in the midst of it"),
        (WHOLE_BINARY[:10], ", word 1: the file ends in the midst of it"),
        (WHOLE_BINARY + b"mo", ", word 3: the file ends in the midst of it"),
        (INFINITE, ", word 1: a number that is not finite"),
        (gzip.compress(b"the 1 2\n" * 99, mtime=0)[:-9], " is not a whole gzip file"),
        (b"PK\x03\x04\n", " is a zip archive"),
        (pickle.dumps({"the": [1.0]}), " is a Python pickle"),
        (struct.pack("<2i", 793712314, 12), " is a whole fastText model"),
        (b"the 1 2\n" + b"x" * 2**22, ", line 2: longer than any row"),
        (b"1 2\n\x00" + b"x" * 2**23, ", word 1: longer than any row"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_or_word(tmp_path, content, says):
    path = tmp_path / "vectors"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        found(path, ["the"])
    assert str(error.value).startswith(f"{path}{says}")
    assert "\n" not in str(error.value)


def test_all_of_a_file_is_read_each_word_once_and_odd_bytes_are_kept_apart(tmp_path):
    path = tmp_path / "vectors"
    path.write_bytes(b"caf\xe9 1 2\nthe 3 4\nthe 5 6\ncaf\xe8 7 8\n")
    words, rows = read_vectors(sniff(str(path)))
    assert words == ["caf\\xe9", "the", "caf\\xe8"]
    assert rows.tolist() == [[1, 2], [3, 4], [7, 8]]
    path.write_text("2 3\n")
    with pytest.raises(DataError, match="has a header and no rows"):
        read_vectors(sniff(str(path)))


def test_what_is_no_file_is_named(tmp_path):
    for path, says in ((tmp_path / "absent", "there is no file "), (tmp_path, "is a folder or a pipe")):
        with pytest.raises(DataError, match=says):
            sniff(str(path))


@pytest.mark.parametrize("format", [TEXT, BINARY])
def test_memory_does_not_grow_with_the_file(tmp_path, format):
    def peak(count: int) -> int:
        path = tmp_path / f"{count}"
        names = [f"word{number}" for number in range(count)]
        as_gensim(names, np.ones((count, 50), np.float32)).save_word2vec_format(path, binary=format == BINARY)
        tracemalloc.start()
        assert found(path, names[:9]).total == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(40_000) < 1.2 * peak(20_000)
