"""JSON that means one thing only: what the parser of the standard library lets pass is refused here."""

import json
import math
from typing import Any


def parse_json(content: bytes | str) -> Any:
    """The value of a document; ValueError for what is not UTF-8, NaN, an infinite number, a name given twice."""
    try:
        text = content.decode() if isinstance(content, bytes) else content
        if text.startswith("\ufeff"):
            raise ValueError("it begins with a byte-order mark")
        return DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, each of its names given once."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"{name!r} is given twice")
    return found


def finite_number(text: str) -> float:
    """The number, unless it is beyond all floats."""
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text[:20]} is no number")
    return value


def refuse_constant(name: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError(f"{name} is no number")


DECODER = json.JSONDecoder(object_pairs_hook=once_each, parse_constant=refuse_constant, parse_float=finite_number)
