"""Explained predictions as a page: each text shaded by what its words change, and a table of them."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from textrnn.cli.explanation import cells, columns, heading
from textrnn.cli.page import marked, on_page, shown
from textrnn.tasks.explaining import ExplainedWord, Explanation

if TYPE_CHECKING:
    from textrnn.cli.stream import Fields

NOTICED = 0.02  # a change from which on a word is underlined

STYLE = """th, td { padding: 0 .7rem; text-align: left; border-bottom: 1px solid; }
td { white-space: nowrap; }
td:first-child bdi { display: block; max-width: 12rem; white-space: normal; overflow-wrap: break-word; }
.up { background: rgb(0 130 200 / var(--shade)); border-bottom: 2px solid; }
.down { background: rgb(230 120 0 / var(--shade)); border-bottom: 2px dotted; }
.attention { background: rgb(128 128 128 / var(--shade)); }
"""
INTRODUCTION = """<p>The text is read word by word. <span class="up" style="--shade:.4">Underlined</span>: the word
makes the label likelier, from one of so many labels before the first word;
<span class="down" style="--shade:.4">dotted</span>: it makes it less likely; the more, the stronger the shade.
<span class="attention" style="--shade:.4">Grey</span>, in a line of its own: the attention that the network pays to
each word, the strongest shade to the most. Each word's numbers are shown when the pointer rests on it, and in the table
below the text.</p>
"""
ATTENTION = """<p>How much the network attends to each word of a text when it makes up its mind about the label: the
more, the stronger the shade, the strongest of each text for the most. The weights of a text sum to 1; each is shown
when the pointer rests on its word, and in the table below the text.</p>
"""


def explained_on_page(
    explanations: "Iterable[tuple[Fields, Explanation]]", file: str
) -> "Iterator[tuple[Fields, Explanation]]":
    """The same, each written to a page as it goes by."""
    title = "Explained predictions"
    return on_page(explanations, file, section, title=title, style=STYLE, introduction=INTRODUCTION)


def attended_on_page(
    explanations: "Iterable[tuple[Fields, Explanation]]", file: str
) -> "Iterator[tuple[Fields, Explanation]]":
    """The same, the attention of each written to a page as it goes by."""
    return on_page(explanations, file, attention_section, title="Attention", style=STYLE, introduction=ATTENTION)


def section(explanation: Explanation) -> str:
    """One text: its label, itself shaded by change and by attention, and the table."""
    return in_lines(heading_line(explanation), shaded(explanation, change_mark), *attention_lines(explanation))


def attention_section(explanation: Explanation) -> str:
    """One text: its label, itself shaded by attention, and the table."""
    return in_lines(heading_line(explanation), *attention_lines(explanation))


def heading_line(explanation: Explanation) -> str:
    """The label and its probability."""
    return f"<h2>{shown(str(heading(explanation)))}</h2>"


def attention_lines(explanation: Explanation) -> Iterator[str]:
    """The text shaded by attention, where there is any; and the table, where there are words."""
    most = max((word.attention or 0.0 for word in explanation.words), default=0.0)
    if most:
        yield shaded(explanation, lambda word: ("attention", (word.attention or 0.0) / most))
    if explanation.words:
        yield table(explanation)


def in_lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def shaded(explanation: Explanation, mark: Callable[[ExplainedWord], tuple[str, float]]) -> str:
    """The text, each word with its numbers. mark: the class of a word, and how dark it is, from 0 to 1."""
    whole, parts, behind = explanation.prediction.text, [], 0
    for word in explanation.words:
        name, share = mark(word)
        parts.append(shown(whole[behind : word.begin]))
        text = whole[word.begin : word.end]
        parts.append(marked("span", text, name=name, share=share, numbers=numbers(explanation, word)))
        behind = word.end
    return f'<p dir="auto">{"".join(parts)}{shown(whole[behind:])}</p>'


def change_mark(word: ExplainedWord) -> tuple[str, float]:
    """Which way a word moves the label's probability, and how dark that is: small changes are to be seen too."""
    if abs(word.change) < NOTICED:
        return "", 0.0
    return "up" if word.change > 0 else "down", math.sqrt(abs(word.change))


def numbers(explanation: Explanation, word: ExplainedWord) -> str:
    """What is shown of a word when the pointer rests on it."""
    named = zip(columns(explanation), cells(explanation, word), strict=True)
    return "; ".join(f"{name} {value}" for name, value in islice(named, 1, None))


def table(explanation: Explanation) -> str:
    """All words with their numbers, folded up."""
    header = "".join(f"<th>{shown(name)}</th>" for name in columns(explanation))
    rows = (
        "".join(f"<td><bdi>{shown(cell)}</bdi></td>" for cell in cells(explanation, word)) for word in explanation.words
    )
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<details><summary>numbers</summary>\n<div><table>\n<tr>{header}</tr>\n{body}\n</table></div>\n</details>"
