"""Prepare the text of the bundled English model: an encyclopedia, everyday sentences and a novel, one sentence a line.

Usage: python scripts/models/english.py DATA OUT

DATA holds wikitext-2/{train,valid,test}.txt.gz, tatoeba-en-es/pairs.tsv.gz and mysterious-island/input.txt. OUT gets
train.txt and valid.txt, which mix the three kinds, and valid-KIND.txt and test-KIND.txt for each kind. The same DATA
gives the same bytes on every run.
"""

import argparse
import gzip
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

UNKNOWN = "<unk>"
BLOCK = 200  # consecutive sentences of Wikipedia in each block of train.txt
VALID_LINES = {"wikipedia": 1500, "sentences": 1500, "novel": 400}  # the share of each kind in valid.txt


@dataclass(frozen=True)
class Split:
    """The sentences of one kind of text."""

    train: list[str]
    valid: list[str]
    test: list[str]


# --- Ordinary spelling: where sentences end ---

STRAIGHT_QUOTES = str.maketrans("“”„‘’", '"""\'\'')
SENTENCE_END = re.compile(r"""(?<!\.\.)[.!?]["')\]]*\s+(?=["'(\[]*[A-Z0-9])""")
# An abbreviation, an initial (but "I" is a word), or letters with dots between them, as in "a.m." and "U.S."
NEVER_LAST = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Mt|Prof|Capt|Lt|Col|Gen|Rev|Jr|Sr|vs|\d+deg|[A-HJ-Z]|\w+\.\w)$")


def plain(text: str) -> str:
    """Straight quotes and single spaces."""
    return " ".join(text.translate(STRAIGHT_QUOTES).split())


def split_sentences(text: str) -> Iterator[str]:
    """The sentences of a text in ordinary spelling."""
    start = 0
    for end in SENTENCE_END.finditer(text):
        if text[end.start()] == "." and NEVER_LAST.search(text[start : end.start()]):
            continue
        yield text[start : end.end()].rstrip()
        start = end.end()
    if start < len(text):
        yield text[start:]


# --- WikiText: `It isn 't " big " ( population 1 @,@ 500 ) .` ---
# Opening and closing quotes look alike there. Each is first made “ or ”, ‘ or ’, which says to which side it sticks;
# at the very end they become straight again.

HEADING = re.compile(r" (= )+.* (= )+")
CLEANED = {
    "\ufeff": "",
    "<formula>": UNKNOWN,
    "„": "“",
    "‑": "@-@",  # the hyphen that forbids a line break
    "…": "...",
    " .. ": " . ",
    " ' ' ": ' " ',
    " ' n ' ": " ’n’ ",
}
CONTRACTED = {"s", "t", "re", "ve", "ll", "d", "m"}
CLIPPED = re.compile(r"\d0s|em|tis|til")  # an apostrophe before these stands for lost letters: the '80s
NO_PLURAL = {"is", "was", "as", "has", "this", "his", "its", "us", "plus", "means", "versus", "does"}
NO_PAUSE = {"a", "an", "the", "of", "as", "in", "into"}  # words that seldom end what is quoted
SINGLE_QUOTES = {"'", "’"}
OPENING = {"“", "‘", "(", "["}
CLOSING = {"”", "’", ")", "]"}
PAUSE = {"", ",", ".", ";", ":", "?", "!", ")", "]"}  # what stands after a closing quote and never after an opening one
BEFORE_NUMBER = {"Vol", "vol", "No", "no", "nos", "Fig", "Ch", "c", "ca", "r", "d", "b", "p", "op", "fl", "sp", "Ver"}


def tokens_of(paragraph: str) -> list[str]:
    """The tokens of a paragraph, where a word keeps an apostrophe that was cut off its front."""
    for old, new in CLEANED.items():
        paragraph = paragraph.replace(old, new)
    tokens: list[str] = []
    for token in paragraph.split():
        if len(tokens) > 1 and tokens[-1] in SINGLE_QUOTES and token in CONTRACTED:
            tokens[-1] = "'" + token
        elif tokens and tokens[-1] in SINGLE_QUOTES and CLIPPED.fullmatch(token):
            tokens[-1] = "’" + token
        else:
            tokens.append(token)
    return tokens


def opens_double(before: str, after: str, beyond: str, inside: bool) -> bool:
    """Whether a straight double quote opens: its neighbours tell, or else opening and closing quotes alternate."""
    if after in PAUSE and not after == beyond == ".":
        return False
    if before in {"", "(", "["} or (before in NO_PAUSE and (after[:1].isupper() or after == UNKNOWN)):
        return True
    return not inside


def opens_single(before: str, after: str, ahead: list[str]) -> bool:
    """Whether a straight single quote outside quotes opens one; otherwise it is the apostrophe at the end of a word."""
    if after in PAUSE | {'"', "”"} or before == "N":  # Guns N' Roses
        return False
    if before.endswith("s") and before.lower() not in NO_PLURAL:
        return False
    if before.endswith("in") and len(before) > 4:  # Blowin' in the Wind
        return False
    return before != UNKNOWN or not SINGLE_QUOTES.isdisjoint(ahead)


def resolve_quotes(tokens: list[str]) -> list[str]:
    """Replace each straight quote that stands alone by its opening or closing form."""
    resolved: list[str] = []
    in_double = in_single = False
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else ""
        after, beyond = [*tokens[i + 1 : i + 3], "", ""][:2]
        ahead = tokens[i + 1 : i + 40]
        if token == '"':
            token = "“" if opens_double(before, after, beyond, in_double) else "”"
        elif token == "'":
            token = "‘" if not in_single and opens_single(before, after, ahead) else "’"
        if token in {"“", "”"}:
            in_double, in_single = token == "“", False
        elif token in {"‘", "’"}:
            in_single = token == "‘" and not SINGLE_QUOTES.isdisjoint(ahead)
        resolved.append(token)
    return resolved


def may_start(tokens: list[str]) -> bool:
    """Whether a sentence may start with these tokens."""
    word = next((token for token in tokens if token not in OPENING), "")
    return word in {UNKNOWN, "..."} or word[:1].isupper() or word[:1].isdigit() or word[:1] in {"$", "£"}


def cut_sentences(tokens: list[str]) -> Iterator[list[str]]:
    """Cut a paragraph after each full stop that stands alone and the quotes and brackets that close there.

    The dot of an abbreviation or an initial is part of its token in WikiText, and so does not stand alone.
    """
    start = end = 0
    for i, token in enumerate(tokens):
        if i < end or token not in {".", "!", "?"}:
            continue
        end = i + 1
        while end < len(tokens) and tokens[end] in CLOSING:
            end += 1
        before, after = tokens[i - 1] if i else "", tokens[end] if end < len(tokens) else ""
        is_volume = before in BEFORE_NUMBER and (after[:1].isdigit() or after == UNKNOWN)
        if before != "." and not is_volume and may_start(tokens[end : end + 4]):
            yield tokens[start:end]
            start = end
    if start < len(tokens):
        yield tokens[start:]


def is_whole(tokens: list[str]) -> bool:
    """Whether these tokens end as a sentence does, and are not an item of a list or a row of a table."""
    last = next((token for token in reversed(tokens) if token not in CLOSING), "")
    return len(tokens) > 2 and last[-1:] in {".", "!", "?", ":"}


def join_slash(match: re.Match[str]) -> str:
    """Close up a slash, but not between two lines of verse: "and slow / And you"."""
    before, after = match[1], match[2].lstrip("“‘’[")
    is_verse = after[:1].isupper() and (before[0].islower() or before[-1] in ",.;:!?’”—")
    return f"{before} / " if is_verse else f"{before}/"


# From tokens to ordinary spelling, one after another.
SPELLING: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r" ?@([-,.])@ ?", r"\1"),
    (r" \( \)", ""),  # what it held, often a foreign script, is lost
    (r"(?<!\S)(\d{1,3}) : (?=\d)", r"\1:"),  # times, scores
    (r" ([,.;:!?)\]”’%]|\.{3,})(?!\S)", r"\1"),
    (r"(?<!\S)([(\[“‘]) ", r"\1"),
    (r"(?<=\S) '(?=\w)", "'"),
    (r"(?<!\S)([OdlDL])’ (?=[\w<])", r"\1’"),
    (r"(?<=\w) \((s|es|ed)\)", r"(\1)"),
    (r"(?<=[a-z]) \[([dens])\](?!\w)", r"[\1]"),  # think[s]
    (r"(?<!\w)\[([bhimptwHTW])\] (?=[a-z<])|\[([AI])\] (?=[nt]\b)", r"[\1\2]"),  # [t]he
    (r" — ", "—"),
    (r"(?<=[\d>]) ([-–]) (?=[\d<]|present)", r"\1"),
    (r"(?<!\S)([“(]?[A-Z]\w*) – (?=[A-Z])", r"\1–"),  # Paris–London; elsewhere a dash with spaces divides clauses
    (r"(?<=north|south) – (?=east|west|south|north)|(?<=east|west) – (?=east|west|south|north)", "–"),
    (r"([$£€¥₹₤#~]) (?=[\d<])", r"\1"),
    (r"(?<=\S )(US|A|C|NZ|HK|R) \$(?=[\d<])", r"\1$"),
    (r" °( (?=[CFNSEW]\b))?", "°"),
    (r" ([′″²³])(?!\S)", r"\1"),
    (r" ⁄ ", "⁄"),
    (r"(?<=[A-G]) ([♯♭])", r"\1"),
    (r"(?<![\d>] )([+−±]) (?=[\d<])", r"\1"),
    (r"\b([A-F]) ([+−])(?! ?[\d<])", r"\1\2"),  # a grade
    (r"(?<=\d) \+ (?=[a-z])", "+ "),
    (r"\b([A-Z]{1,2}) & (?=[A-Z]\b)", r"\1&"),
    (r"(?<![\w>] )/ <unk> /", "/<unk>/"),  # a pronunciation
    (r"(\S+) / (?=(\S+))", join_slash),
]


def ordinary(tokens: Iterable[str]) -> str:
    """Undo the tokenisation of a sentence."""
    text = " ".join(tokens)
    for pattern, replacement in SPELLING:
        text = re.sub(pattern, replacement, text)
    return plain(text)


# --- The three kinds ---


def wikipedia_sentences(paragraph: str) -> Iterator[str]:
    """The sentences of a paragraph of WikiText, in ordinary spelling.

    Where a paragraph has an odd number of quotes, which of them form pairs is unknown, and sentences with quotes are
    left out.
    """
    tokens = tokens_of(paragraph)
    is_paired = tokens.count('"') % 2 == 0
    for sentence in cut_sentences(resolve_quotes(tokens)):
        if is_whole(sentence) and (is_paired or not {"“", "”"} & set(sentence)):
            yield ordinary(sentence)


def wikipedia_part(path: Path) -> list[str]:
    """The sentences of one part of WikiText, without headings, lists, tables and the books cited."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        paragraphs = [line for line in file if not HEADING.fullmatch(line.rstrip("\n")) and " ISBN " not in line]
    return [sentence for paragraph in paragraphs for sentence in wikipedia_sentences(paragraph)]


def read_wikipedia(data: Path) -> Split:
    """The published split; what is held out has no unknown word, whose text nobody can predict."""
    train, valid, test = (wikipedia_part(data / "wikitext-2" / f"{part}.txt.gz") for part in ("train", "valid", "test"))
    return Split(train, *([line for line in part if UNKNOWN not in line] for part in (valid, test)))


def digest(text: str) -> int:
    """A number that is the same on every machine, for shuffling and splitting."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def bucket(sentence: str) -> int:
    """One of 100 buckets; sentences that differ in case and punctuation only share theirs."""
    words = "".join(character for character in sentence.casefold() if character.isalnum() or character.isspace())
    return digest(" ".join(words.split())) % 100


def read_sentences(data: Path) -> Split:
    """Distinct English sentences of Tatoeba, shuffled, as the file runs from short to long."""
    with gzip.open(data / "tatoeba-en-es" / "pairs.tsv.gz", "rt", encoding="utf-8") as file:
        entries = [plain(line.split("\t")[0]) for line in file]
    shuffled = sorted({sentence for entry in entries for sentence in split_sentences(entry)}, key=digest)
    split = Split([], [], [])
    for sentence in shuffled:
        share = bucket(sentence)
        (split.valid if share < 2 else split.test if share < 4 else split.train).append(sentence)
    return split


def is_prose(paragraph: str) -> bool:
    """Whether a paragraph of the novel is no heading, inscription or sum."""
    is_heading = re.match(r"Chapter \d+$|PART \d", paragraph) or (paragraph.isupper() and paragraph[-1].isalpha())
    return not is_heading and not re.match(" {6}", paragraph)


def read_novel(data: Path) -> Split:
    """The novel in its order: its last twentieth is test, the twentieth before is valid."""
    text = (data / "mysterious-island" / "input.txt").read_text(encoding="utf-8")
    body = text[text.index("\nChapter 1\n") :]
    paragraphs = [plain(p) for p in re.split(r"\n(?:[ \t]*\n)+", body.strip("\n")) if is_prose(p)]
    sentences = [sentence for paragraph in paragraphs for sentence in split_sentences(paragraph)]
    valid, test = len(sentences) * 90 // 100, len(sentences) * 95 // 100
    return Split(sentences[:valid], sentences[valid:test], sentences[test:])


# --- Together ---

CHOICES = Path(__file__).parents[2] / "corpora" / "choices.txt"  # which the model is asked and must not have read


def choices() -> set[str]:
    """The lines to choose on, each with the word that is right: the first in the braces."""
    return {re.sub(r"\{([^|]*)\|[^}]*\}", r"\1", line) for line in CHOICES.read_text(encoding="utf-8").splitlines()}


def interleave(leader: list[str], *others: list[str]) -> list[str]:
    """Blocks of the leader, each followed by a share of each of the others, so that all end together."""
    blocks = -(-len(leader) // BLOCK)
    mixed: list[str] = []
    for block in range(blocks):
        mixed += leader[block * BLOCK : (block + 1) * BLOCK]
        for other in others:
            mixed += other[len(other) * block // blocks : len(other) * (block + 1) // blocks]
    return mixed


def build(data: Path) -> tuple[dict[str, list[str]], int]:
    """The lines of each file by name, and how many lines train lost because they are asked for later."""
    kinds = {"wikipedia": read_wikipedia(data), "sentences": read_sentences(data), "novel": read_novel(data)}
    held_out = choices() | {line for split in kinds.values() for line in split.valid + split.test}
    trains = [[line for line in split.train if line not in held_out] for split in kinds.values()]
    removed = sum(len(split.train) for split in kinds.values()) - sum(map(len, trains))
    files = {
        "train.txt": interleave(*trains),
        "valid.txt": [line for kind, split in kinds.items() for line in split.valid[: VALID_LINES[kind]]],
    }
    files |= {f"valid-{kind}.txt": split.valid for kind, split in kinds.items()}
    files |= {f"test-{kind}.txt": split.test for kind, split in kinds.items()}
    return files, removed


def main() -> None:
    """Write the files and print what is in them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of the data sets")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write to")
    given = parser.parse_args()
    files, removed = build(given.data)
    given.out.mkdir(parents=True, exist_ok=True)
    print(f"{'file':<20} {'lines':>7} {'words':>9} {'characters':>10}  sha256")
    for name, lines in files.items():
        text = "".join(line + "\n" for line in lines)
        (given.out / name).write_bytes(text.encode())
        checksum = hashlib.sha256(text.encode()).hexdigest()
        print(f"{name:<20} {len(lines):>7} {len(text.split()):>9} {len(text):>10}  {checksum}")
    print(f"\n{removed} lines of train that also stand in a valid or test file or among the choices were removed")


if __name__ == "__main__":
    main()
