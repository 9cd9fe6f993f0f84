"""Results as a page: one file, no scripts, nothing from a network, readable in light and dark."""

from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING, TypeVar

from textrnn.cli.output import open_output
from textrnn.text.signs import printable

if TYPE_CHECKING:
    from textrnn.cli.stream import Fields

DARKEST = 0.6  # opacity of a background, under which text is still read
Result = TypeVar("Result")

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.6 sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
p {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 0; border-top: 1px solid; overflow-wrap: anywhere; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
* {{ print-color-adjust: exact; }}
{style}</style>
</head>
<body>
<h1>{title}</h1>
{introduction}"""
FOOT = "</body>\n</html>\n"


def on_page(
    results: "Iterable[tuple[Fields, Result]]",
    file: str,
    section: Callable[[Result], str],
    *,
    title: str,
    style: str,
    introduction: str,
) -> "Iterator[tuple[Fields, Result]]":
    """The same, each written to a page as it goes by; the file appears whole when all have gone by.

    section: one result as HTML. style: rules for what is in it. introduction: what it means, as HTML.
    """
    with open_output(file) as page:
        page.write(HEAD.format(title=title, style=style, introduction=on_one_line(introduction)))
        for fields, result in results:
            page.write(section(result))
            yield fields, result
        page.write(FOOT)


def on_one_line(text: str) -> str:
    """The same without line ends, which a page would show."""
    return " ".join(text.split()) + "\n"


def marked(tag: str, text: str, *, name: str, share: float, numbers: str) -> str:
    """An element of a class with a background. share: how dark, from 0 to 1. numbers: what the pointer shows."""
    shade = f"--shade:{share * DARKEST:.2f}"
    return f'<{tag} class="{name}" style="{shade}" title="{shown(numbers)}">{shown(text)}</{tag}>'


def shown(text: str) -> str:
    """Text as HTML; what a browser would not show stands as an escape."""
    return escape(printable(text, keep="\n\t"))
