"""What a command printed, read back."""

import csv
import io
import json
from html.parser import HTMLParser

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


READERS = {
    "tsv": tsv,
    "jsonl": jsonl,
    "csv": lambda text: list(csv.DictReader(io.StringIO(text, newline=""))),
}


class Page(HTMLParser):
    """The elements of a page that are open at its end, and the text of its paragraphs."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.paragraphs: list[str] = []
        self.titles: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.titles += [value or "" for name, value in attributes if name == "title"]
        assert not {"src", "href", "onload"} & {name for name, _ in attributes}
        if tag != "meta":
            self.open.append(tag)
        if tag == "p":
            self.paragraphs.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "p" in self.open:
            self.paragraphs[-1] += data


def escaped(text: str) -> str:
    """Unprintable characters as Python writes them, which people can see."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
