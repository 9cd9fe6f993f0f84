"""The classes of records: an order that does not depend on the records', and errors that name the class."""

import csv
import io
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.errors import DataError, UsageError
from textrnn.text.classes import MOST_CLASSES, class_names

STRIPPED = st.text(st.sampled_from('ab,"; é\n\U0001f600'), min_size=1).map(str.strip).filter(bool)
CLASSES = st.lists(STRIPPED, min_size=2, max_size=8, unique=True)


def counted(*names: str) -> Counter[str]:
    """Two records of each class."""
    return Counter([*names, *names])


@given(names=CLASSES, more=st.data())
def test_without_an_order_the_names_are_sorted_whatever_the_order_of_the_records(
    names: list[str], more: st.DataObject
) -> None:
    shuffled = more.draw(st.permutations(names))
    assert class_names(counted(*shuffled)) == tuple(sorted(names))


@given(numbers=st.lists(st.integers(-1000, 1000), min_size=2, max_size=9, unique=True))
def test_numbers_are_sorted_as_numbers(numbers: list[int]) -> None:
    names = [str(number) for number in numbers]
    in_order = tuple(map(str, sorted(numbers)))
    assert class_names(counted(*names)) == class_names(counted(*names), "numeric") == in_order


def test_numbers_beside_a_word_are_sorted_as_words() -> None:
    assert class_names(counted("10", "9", "none")) == ("10", "9", "none")
    assert class_names(counted("10", "9", "1e1", "9.5", "-1", "+3", ".5")) == (
        "-1",
        ".5",
        "+3",
        "9",
        "9.5",
        "10",
        "1e1",
    )
    assert class_names(counted("10", "9", "nan")) == ("10", "9", "nan")
    assert class_names(counted("10", "9", "\u0663")) == ("10", "9", "\u0663")  # three, in Arabic


@given(names=CLASSES, more=st.data())
def test_an_order_between_commas_is_read_as_csv(names: list[str], more: st.DataObject) -> None:
    row = io.StringIO(newline="")
    csv.writer(row, quoting=csv.QUOTE_ALL).writerow(names)
    assert class_names(counted(*more.draw(st.permutations(names))), row.getvalue().removesuffix("\r\n")) == tuple(names)


def test_an_order_may_have_spaces_behind_its_commas() -> None:
    assert class_names(counted("a", "b, c", "d"), ' d, "b, c" , a'.replace('" ,', '",')) == ("d", "b, c", "a")


@pytest.mark.parametrize(
    ("names", "ordinal", "says"),
    [
        ("abc", "c,a", "--ordinal leaves out the class 'b'"),
        ("abc", "", "--ordinal leaves out the class 'a'"),
        ("abc", "c,d,a", "--ordinal: there is no class 'd'; there are 'a', 'b', 'c'"),
        ("abc", "c,b,a,", "--ordinal: there is no class ''; there are 'a', 'b', 'c'"),
        ("abc", "c,b,a,b", "--ordinal names the class 'b' twice"),
        ("abc", 'c,b,"a', "--ordinal is no list of names between commas: a quote that is not closed"),
        (["1", "2", "many"], "numeric", "--ordinal numeric: the class 'many' is no number"),
        (["1", "2", "1_0"], "numeric", "--ordinal numeric: the class '1_0' is no number"),
        (["1", "2", "1.0"], "numeric", "--ordinal numeric: the classes '1' and '1.0' are the same number"),
        ([f"{place:03}" for place in range(99)], "x", "'018', '019', …"),
    ],
)
def test_an_order_that_is_not_that_of_the_classes_names_one(names: list[str], ordinal: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        class_names(counted(*names), ordinal)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        (Counter(), "there are no labelled records"),
        (Counter({"a": 3}), "there is only one class, 'a': is --label-column the right one?"),
        (Counter("abc"), "every one of 3 records has a class of its own: is --label-column the right one?"),
        (counted(*map(str, range(MOST_CLASSES + 1))), "there are 1,001 classes, more than 1,000: is --label-column"),
    ],
)
def test_classes_that_nothing_can_be_learnt_of_are_a_data_error(counts: Counter[str], says: str) -> None:
    with pytest.raises(DataError, match=re.escape(says)):
        class_names(counts)


def test_as_many_classes_as_there_may_be_are_taken() -> None:
    assert len(class_names(counted(*map(str, range(MOST_CLASSES))))) == MOST_CLASSES
