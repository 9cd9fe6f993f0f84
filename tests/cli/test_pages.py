"""Every page that the program writes, in a browser: what it shows of hostile text, light and dark, wide and narrow."""

import html
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import Run

LONG_WORD = "Donaudampfschiff" * 20
HOSTILE = (
    '<script>alert(1)</script> <u onclick="alert(2)">the cat</u> مرحبا بالعالم 😀\u202e '
    f"{LONG_WORD}\tsat &amp; \x1b[31m {{}}"
)
SHOWN = ("<script>alert(1)</script>", 'onclick="alert(2)">the', "مرحبا", "😀\\u202e", LONG_WORD, "&amp;", "\\x1b[31m")
LENGTHY = "the cat sat on the mat and never came back " * 12
PAGES: dict[str, tuple[str, ...]] = {  # a command of each kind of page; `classifier`, `translator` and `lm` are models
    "classify": ("classify", "classifier", "--text", HOSTILE, "--text", LENGTHY, "--text", ""),
    "translate": ("translate", "translator", "--max-length", "0", "--text", HOSTILE, "--text", LENGTHY, "--text", ""),
    "attention to a text": ("explain", "attention", "classifier", "--text", HOSTILE, "--text", LENGTHY, "--text", ""),
    "states": ("explain", "states", "lm", "--units", "2", "--text", HOSTILE, "--text", LENGTHY),
    "attention to a source": ("explain", "attention", "translator", "--text", LENGTHY, "--translation", HOSTILE),
}
WIDTHS = (1000, 360)  # of a desk and of a telephone, in pixels
LEAST_CONTRAST = 4.5  # of letters (WCAG 2, level AA)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCHEMES = {"dark": "0", "light": "1"}  # as Chromium counts them

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium")

MEASURE = """
function numbers(colour) { return colour.match(/[\\d.]+/g).map(Number); }
function over(above, below) {
  const [red, green, blue, share = 1] = numbers(above);
  return [red, green, blue].map((part, place) => part * share + below[place] * (1 - share));
}
function luminance(colour) {
  const [red, green, blue] = colour.map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function background(element, view) {
  const below = element.parentElement ? background(element.parentElement, view) : numbers(view.canvas);
  return over(view.getComputedStyle(element).backgroundColor, below);
}
function contrast(element, view) {
  const behind = background(element, view), letters = over(view.getComputedStyle(element).color, behind);
  const [dark, light] = [luminance(behind), luminance(letters)].sort((one, other) => one - other);
  return (light + 0.05) / (dark + 0.05);
}
function is_in_lines(element, view) {
  const range = element.ownerDocument.createRange();
  range.selectNodeContents(element);
  const side = view.getComputedStyle(element).writingMode == "vertical-rl" ? "left" : "bottom";
  return new Set([...range.getClientRects()].map(each => Math.round(each[side]))).size > 1;
}
function measured(frame) {
  const view = frame.contentWindow, page = frame.contentDocument, root = page.documentElement;
  for (const folded of page.querySelectorAll("details")) folded.open = true;
  const probe = page.body.appendChild(page.createElement("i"));
  probe.style.background = "Canvas";
  view.canvas = view.getComputedStyle(probe).backgroundColor;
  probe.remove();
  const elements = [...page.body.querySelectorAll("*")];
  const lettered = elements.filter(each => [...each.childNodes].some(node => node.nodeType == 3 && node.data.trim()));
  return {
    text: page.body.innerText,
    tags: [...new Set(elements.map(each => each.localName))],
    attributes: [...new Set(elements.flatMap(each => each.getAttributeNames()))],
    requests: view.performance.getEntriesByType("resource").length,
    overflow: root.scrollWidth - root.clientWidth,
    contrast: Math.min(...lettered.map(each => contrast(each, view))),
    is_broken: elements.some(each => each.localName == "bdi" && each.innerText.length < 20 && is_in_lines(each, view)),
    is_dark: luminance(numbers(view.canvas)) < 0.2,
    is_printed: elements.every(each => view.getComputedStyle(each).printColorAdjust == "exact"),
  };
}
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => [frame.name, measured(frame)]);
  document.getElementById("found").textContent = JSON.stringify(Object.fromEntries(found));
});
"""


class Seen(NamedTuple):
    """What a browser makes of pages: a report of each, by its name and width, and the lines of its console."""

    pages: dict[str, dict[str, Any]]
    console: list[str]


def look(pages: dict[str, str], scheme: str, folder: Path) -> Seen:
    """Open pages in one browser, each in frames of all widths."""
    frames = "".join(
        f'<iframe name="{name} {width}" style="width: {width}px; height: 600px" srcdoc="{html.escape(page)}"></iframe>'
        for name, page in pages.items()
        for width in WIDTHS
    )
    wrapper = folder / f"{scheme}.html"
    head = '<!doctype html><meta charset="utf-8"><style>:root { color-scheme: light dark; }</style>'
    wrapper.write_text(f'{head}<script>{MEASURE}</script>{frames}<pre id="found"></pre>', encoding="utf-8")
    options = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom"),
        *("--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"),
        *(f"--user-data-dir={folder / 'profile'}", f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}"),
    )
    command = [str(BROWSER), *options, wrapper.as_uri()]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    found = result.stdout.rpartition('<pre id="found">')[2].partition("</pre>")[0]
    return Seen(json.loads(html.unescape(found)), [line for line in result.stderr.splitlines() if "CONSOLE" in line])


@pytest.fixture
def written(run: Run, tmp_path: Path, tiny_classifier: Path, tiny_translator: Path, tiny_int8: Path) -> dict[str, str]:
    """Each page, as the program writes it."""
    models, pages = {"classifier": tiny_classifier, "translator": tiny_translator, "lm": tiny_int8}, {}
    for name, command in PAGES.items():
        result = run(*(models.get(word, word) for word in command), "--html", tmp_path / "page.html")
        assert result.code == 0, result.stderr
        pages[name] = (tmp_path / "page.html").read_text()
    return pages


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pages_show_hostile_text_as_text_and_keep_to_themselves(
    written: dict[str, str], scheme: str, tmp_path: Path
) -> None:
    seen = look(written, scheme, tmp_path)
    assert seen.console == []
    assert list(seen.pages) == [f"{name} {width}" for name in PAGES for width in WIDTHS]
    for name, page in seen.pages.items():
        assert not {"script", "link", "img", "iframe", "object", "style", "u"} & set(page["tags"]), name
        assert set(page["attributes"]) <= {"class", "style", "title", "dir", "open"}, name
        assert page["requests"] == 0
        assert page["overflow"] <= 0, name
        assert page["contrast"] >= LEAST_CONTRAST, name
        assert not page["is_broken"], name  # a word that would fit
        assert page["is_dark"] is (scheme == "dark")
        assert page["is_printed"], name
        for word in SHOWN:
            assert word in "".join(page["text"].split()), name  # symbols may stand in blocks of their own


def test_a_browser_tells_what_is_wrong_with_a_page(tmp_path: Path) -> None:
    """What the test above relies on."""
    faulty = {
        "noisy": "<script>console.error('here')</script>",
        "wide": f"<p>{'x' * 1000}</p>",
        "pale": "<p style='color: rgb(128 128 128 / .5)'>pale</p>",
        "greedy": "<img src='https://example.org/a.png'>",
    }
    seen = look(faulty, "light", tmp_path)
    assert any("here" in line for line in seen.console)
    of_telephone = {name: seen.pages[f"{name} {WIDTHS[-1]}"] for name in faulty}
    assert of_telephone["wide"]["overflow"] > 0
    assert of_telephone["pale"]["contrast"] < LEAST_CONTRAST
    assert of_telephone["greedy"]["requests"] > 0
    assert not of_telephone["wide"]["is_printed"]
