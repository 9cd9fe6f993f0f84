"""Records of all that a text can be."""

from hypothesis import strategies as st

HOSTILE = (
    "",
    " ",
    "The cat sat.",
    'the "cat"',
    "a,b;c",
    "line\nline\r\nline",
    "a\tb\\n",
    "\U0001f600 caf\u00e9",
    "\u05e9\u05dc\u05d5\u05dd \u202ereversed",
    "\ufeffa",
    "=1+1",
    "the mat isn't the cat's " * 50,
    "\x00\x1b[31m",
    "\u2028\x85",
)


@st.composite
def tables(draw: st.DrawFn, others: list[str]) -> list[dict[str, str]]:
    """Rows of like fields: the text and some of the others, such as names that a result has too."""
    more = draw(st.lists(st.sampled_from(others), unique=True, max_size=3))
    names = draw(st.permutations(["text", *more]))
    cells = st.sampled_from(HOSTILE)
    rows = draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), min_size=1, max_size=6))
    return [dict(zip(names, row, strict=True)) for row in rows]
