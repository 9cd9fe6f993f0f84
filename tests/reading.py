"""What a command printed, read back."""

import json

from tests.conftest import Result


def refused(result: Result, code: int, *, after: int = 0) -> str:
    """The one line of an error. after: how many lines stand before it."""
    assert result.code == code
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()[after:]
    assert line.startswith("error: ")
    return line


def jsonl(text: str) -> list[dict]:
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


def tsv(text: str) -> list[dict[str, str]]:
    header, *rows = ([unescaped(cell) for cell in line.split("\t")] for line in text.removesuffix("\n").split("\n"))
    return [dict(zip(header, row, strict=True)) for row in rows]


def unescaped(cell: str) -> str:
    marks = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}
    text, rest = "", cell
    while rest:
        size = 2 if rest[0] == "\\" else 1
        text, rest = text + marks.get(rest[:size], rest[:size]), rest[size:]
    return text
