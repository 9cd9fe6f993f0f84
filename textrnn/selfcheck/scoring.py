"""What a score may not depend on: the texts beside it, the file it came in, the calls it was computed in."""

import gzip
import math
import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from textrnn.batch import Ids, begun
from textrnn.engines.engine import State
from textrnn.selfcheck.check import Check, Figures, Subject, apart, scored, skipped
from textrnn.tasks.language_model import LanguageModel
from textrnn.text.records import read_lines
from textrnn.text.tokenizer import EOS, START

BATCH_SIZES = (1, 7, 64)
STEPS = 1500  # symbols read one by one
SUM = 1e-4  # of all probabilities: some of that is rounding, over thousands of symbols in float32


def batch_size(subject: Subject) -> Check:
    """Any number of texts at once."""
    ways = ((f"{size} at once", subject.score(subject.texts, batch_size=size)) for size in BATCH_SIZES)
    return subject.agreement("batch size", subject.usual, ways)


def totals(subject: Subject) -> Check:
    """The sums, which are computed without the figures of single tokens, against theirs; per token."""
    expected = [[math.fsum(row) / len(row)] for row in subject.usual]

    def means(size: int) -> Figures:
        scores = subject.model.score(subject.texts, eos=True, batch_size=size)
        return [[(score.logprob or 0.0) / len(score.tokens)] for score in scores]

    ways = ((f"the sum alone, {size} at once", means(size)) for size in BATCH_SIZES)
    return subject.agreement("sum = its tokens", expected, ways)


def order(subject: Subject) -> Check:
    """The same texts in other orders and with other neighbours."""
    places = list(range(len(subject.texts)))
    orders = {"reversed": places[::-1], "shuffled": random.Random(0).sample(places, len(places))}

    def ways() -> Iterator[tuple[str, Figures]]:
        for name, turned in orders.items():
            found = subject.score([subject.texts[place] for place in turned], batch_size=7)
            yield name, [row for _, row in sorted(zip(turned, found, strict=True))]
        halves = [subject.score(subject.texts[half::2]) for half in (0, 1)]
        yield "every second text alone", [halves[place % 2][place // 2] for place in places]

    return subject.agreement("order and neighbours", subject.usual, ways())


def padding(subject: Subject) -> Check:
    """Texts in a batch with the longest, up to which all are filled."""
    longest = max(subject.texts, key=len)
    beside: Figures = []
    for begin in range(0, len(subject.some), 7):
        beside += subject.score([longest, *subject.some[begin : begin + 7]])[1:]
    ways = [(f"beside a text of {len(longest):,} characters", beside)]
    return subject.agreement("padding", subject.score(subject.some), ways)


def line_ends(subject: Subject) -> Check:
    """The same lines in files of several kinds."""
    # Between two lines of its own: a mark before the first line, and nothing in the last, would not come back.
    lines = ["begin", *(text for text in subject.some if is_line(text)), "end"]
    content = "\n".join(lines).encode()
    files = {
        "LF": content + b"\n",
        "CRLF": content.replace(b"\n", b"\r\n") + b"\r\n",
        "no last newline": content,
        "byte-order mark": b"\xef\xbb\xbf" + content + b"\n",
        "gzip": gzip.compress(content + b"\n"),
    }
    ways = ((name, subject.score(lines_of(content))) for name, content in files.items())
    return subject.agreement("line ends", subject.score(lines), ways)


def is_line(text: str) -> bool:
    """Whether a text that is written as a line is read as one: a record may hold line ends."""
    return "\n" not in text and not text.endswith("\r")


def lines_of(content: bytes) -> list[str]:
    """The records of a file with this content."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "lines.gz" if content.startswith(b"\x1f\x8b") else "lines.txt")
        file.write_bytes(content)
        return list(read_lines(str(file)))


def step_by_step(subject: Subject) -> Check:
    """Texts in one call each, and a symbol at a time."""
    texts = first_steps(subject)
    rows = [np.append(subject.model.tokenizer.encode(text).astype(np.int64), EOS) for text in texts]
    ways = [("a symbol at a time, the state carried", [one_by_one(subject.model, row) for row in rows])]
    return subject.agreement("step by step", subject.score(texts), ways)


def running_text(subject: Subject) -> Check:
    """Texts that are read as one, and a symbol at a time."""
    scores = list(subject.model.score(first_steps(subject), running_text=True, per_token=True))
    targets = subject.model.tokenizer.ids(token for score in scores for token in score.tokens)
    whole = [value for row in scored(scores) for value in row]
    ways = [("the texts as one, a symbol at a time", [one_by_one(subject.model, targets)])]
    return subject.agreement("running text", [whole], ways)


def first_steps(subject: Subject) -> list[str]:
    """Some of the texts, with few enough symbols together that each may cost a call."""
    texts, left = [], STEPS
    for text in subject.some:
        count = len(subject.model.tokenizer.encode(text)) + 1
        if count <= left:
            texts.append(text)
            left -= count
    return texts


def one_by_one(model: LanguageModel, targets: Ids) -> list[float]:
    """The log-probability of each symbol, each read in a call of its own; after <eos> a text begins."""
    state: State | None = None
    figures = []
    inputs = begun(np.concatenate([[START], targets[:-1]]), start=START, end=EOS)
    for read, target in zip(inputs, targets, strict=True):
        logprobs, state = model.engine.run(np.array([[read]], np.int64), state)
        figures.append(float(logprobs[0, 0, target]))
    return figures


def sums(subject: Subject) -> Check:
    """The probabilities of all symbols together, after each symbol of some texts."""
    largest = 0.0
    for text in subject.some:
        ids = np.array([START, *subject.model.tokenizer.encode(text)], np.int64)[:, None]
        logprobs, _ = subject.model.engine.run(ids)
        total = np.exp(logprobs[:, 0].astype(np.float64)).sum(-1)
        largest = max(largest, apart(total.tolist(), [1.0] * len(ids)))
    detail = f"the difference is that of the sum over all next symbols; {len(subject.some)} texts"
    return Check("probabilities sum to 1", largest, SUM, largest <= SUM, detail)


def given_back(subject: Subject) -> Check:
    """Texts to symbols and back."""
    tokenizer = subject.model.tokenizer
    if not tokenizer.is_exact:
        why = "symbols of this kind give spaces or letters back readably, not exactly"
        return skipped("text given back", why, tolerance=0.0)
    read = [(text, tokenizer.encode(text)) for text in subject.texts]
    known = [(text, ids) for text, ids in read if tokenizer.knows(text, ids)]
    lost = [text for text, ids in known if tokenizer.decode(ids) != text]
    example = f"; such as {lost[0]!r}" if lost else ""
    detail = f"the difference is the number of texts that came back otherwise, of {len(known)} without <unk>{example}"
    return Check("text given back", len(lost), 0.0, not lost, detail)


CHECKS = (
    batch_size,
    totals,
    order,
    padding,
    line_ends,
    step_by_step,
    running_text,
    sums,
    given_back,
)
