"""What errors say of a wrong name."""

import pytest

from textrnn.errors import meant


@pytest.mark.parametrize(
    ("name", "like"),
    [("LSTM", "lstm"), ("clipvalue", "clip_value"), ("Clip-Value", "clip_value"), ("zebra", None), ("", None)],
)
def test_a_wrong_name_is_answered_with_the_one_that_is_like_it(name: str, like: str | None) -> None:
    assert meant(name, ["gru", "lstm", "clip_value"]) == (f" (did you mean {like!r}?)" if like else "")
