"""Translations as a page: under each a table of the attention that its words pay to those of the source."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textrnn.cli.page import marked, on_page, shown

if TYPE_CHECKING:
    from textrnn.cli.stream import Fields
    from textrnn.tasks.alignment import Alignment
    from textrnn.tasks.translation import Translation

SEEN, READ = 0.005, 0.1  # weights from which on a cell is shaded, and has its number in it

STYLE = """th { font-weight: normal; text-align: right; padding: .1rem .5rem; }
tbody bdi { display: block; max-width: 12rem; overflow-wrap: break-word; }
thead th { writing-mode: vertical-rl; text-align: right; padding: .5rem .1rem; }
thead bdi { display: block; max-height: 12rem; overflow-wrap: break-word; }
td { min-width: 1.8rem; font-size: .75rem; text-align: center; border: 1px solid rgb(128 128 128 / .3); }
thead td { border: none; }
.attention { background: rgb(128 128 128 / var(--shade)); }
"""
INTRODUCTION = """<p>Under each source stands its translation, and a table of attention: how much the network looked at
each word of the source, above, when it wrote each word of the translation, on the left; the more, the stronger the
shade. The weights of a row sum to 1; each is shown when the pointer rests on it.</p>
"""


def translated_on_page(
    translations: "Iterable[tuple[Fields, Translation]]", file: str
) -> "Iterator[tuple[Fields, Translation]]":
    """The same, each written to a page as it goes by."""
    return on_page(translations, file, section, title="Translations", style=STYLE, introduction=INTRODUCTION)


def section(translation: "Translation") -> str:
    """One text, its translation, and the table."""
    heading = f'<h2 dir="auto">{shown(translation.text)}</h2>\n<p dir="auto">{shown(translation.translation)}</p>\n'
    return heading + (table(translation.alignment) if translation.alignment else "")


def table(alignment: "Alignment") -> str:
    """A row for each word of the translation, a cell for each word of the source."""
    header = "".join(f"<th><bdi>{shown(word)}</bdi></th>" for word in alignment.source)
    rows = (
        f"<tr><th><bdi>{shown(word)}</bdi></th>{''.join(map(partial(cell, word), alignment.source, weights))}</tr>"
        for word, weights in zip(alignment.target, alignment.weights, strict=True)
    )
    body = "\n".join(rows)
    return f"<div><table>\n<thead><tr><td></td>{header}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>\n"


def cell(word: str, source: str, weight: float) -> str:
    """How much a word of the translation looked at a word of the source; empty where that is next to nothing."""
    if weight < SEEN:
        return "<td></td>"
    number = f"{weight:.2f}".removeprefix("0") if weight >= READ else ""
    return marked("td", number, name="attention", share=weight, numbers=f"{word} ← {source} {weight:.3f}")
