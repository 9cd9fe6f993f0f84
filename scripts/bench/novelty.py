"""The longest span that each sample has copied from a long text: ours against a suffix array and plain searches.

The text has the lines of a given one in random order, with a word in twelve exchanged for another; the samples are what
a model writes. A contender whose work on the whole text would take too long or too much memory has a part of it, and
all are compared by the character of their text.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from bench import Contender, Measure, alone, arguments, print_machine, print_race, print_ratio, race, seconds_per

from textrnn.metrics.novelty import longest_copies

CHARACTERS = 300  # of a sample
BLOCK = 2**20
NUMBERS_OF_SAMPLES = (1, 64)
Find = Callable[[Sequence[str], str], list[str]]


def ours(samples: Sequence[str], text: str) -> list[str]:
    """longest_copies, the text in blocks."""
    blocks = (text[begin : begin + BLOCK] for begin in range(0, len(text), BLOCK))
    return [copied.text for copied in longest_copies(samples, {"text": blocks})]


def by_suffix_array(samples: Sequence[str], text: str) -> list[str]:
    """pydivsufsort: sort all that the text can be cut to once, and search it for every span (of ASCII)."""
    from pydivsufsort import divsufsort, sa_search

    content = text.encode()
    order = divsufsort(content)
    return [longest(sample, lambda span: sa_search(content, order, span.encode())[0] > 0) for sample in samples]


def by_search(samples: Sequence[str], text: str) -> list[str]:
    """Python's own search, of the whole text for every span."""
    return [longest(sample, text.__contains__) for sample in samples]


def longest(sample: str, stands_in_text: Callable[[str], bool]) -> str:
    """The longest span: from each character on, one that is longer than the best so far, as long as there is one."""
    best = ""
    for begin in range(len(sample)):
        while begin + len(best) < len(sample) and stands_in_text(sample[begin : begin + len(best) + 1]):
            best = sample[begin : begin + len(best) + 1]
    return best


def by_automaton(samples: Sequence[str], text: str) -> list[str]:
    """A suffix automaton of each sample (Blumer et al., 1985), that reads the text character by character."""
    return [read_by_automaton(sample, text) for sample in samples]


def read_by_automaton(sample: str, text: str) -> str:
    """The longest span, by following the text from state to state."""
    edges: list[dict[str, int]] = [{}]
    links, lengths, last = [-1], [0], 0
    for character in sample:
        new, state, last = len(edges), last, len(edges)
        edges.append({})
        lengths.append(lengths[state] + 1)
        links.append(0)
        while state >= 0 and character not in edges[state]:
            edges[state][character] = new
            state = links[state]
        if state >= 0:
            links[new] = follower = edges[state][character]
            if lengths[follower] != lengths[state] + 1:
                copy = len(edges)
                edges.append(dict(edges[follower]))
                lengths.append(lengths[state] + 1)
                links.append(links[follower])
                links[follower] = links[new] = copy
                while state >= 0 and edges[state].get(character) == follower:
                    edges[state][character] = copy
                    state = links[state]
    state = length = best = end = 0
    for place, character in enumerate(text, start=1):
        while state and character not in edges[state]:
            state = links[state]
            length = lengths[state]
        if character in edges[state]:
            state = edges[state][character]
            length += 1
        if length > best:
            best, end = length, place
    return text[end - best : end]


def long_text(path: Path, characters: int) -> str:
    """So many characters of lines like those of a file, but changing all the time."""
    draw = random.Random(0)
    text = path.read_text(encoding="utf-8").encode("ascii", "replace").decode()
    words, lines = text.split(), text.splitlines()
    made: list[str] = []
    count = 0
    while count < characters:
        line = draw.choice(lines).split(" ")
        for _ in range(len(line) // 12 + 1):
            line[draw.randrange(len(line))] = draw.choice(words)
        made.append(" ".join(line) + "\n")
        count += len(made[-1])
    return "".join(made)[:characters]


def written(model: str, count: int) -> list[str]:
    """What a model writes, cut into samples."""
    import textrnn

    text, seed = "", 0
    while len(text) < CHARACTERS * count:
        text += "".join(sample.text for sample in textrnn.load(model).generate(n=64, seed=seed))
        seed += 1
    return [text[begin : begin + CHARACTERS] for begin in range(0, CHARACTERS * count, CHARACTERS)]


def timed(find: Find, samples: Sequence[str], path: Path, characters: int) -> Measure:
    """A turn of a contender: all samples, in a text that is ready."""
    text = long_text(path, characters)
    return lambda: seconds_per(characters, lambda: find(samples, text))


def main() -> None:
    """Race with one sample, then with many."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("text", type=Path, help="a text to make the long one of")
    parser.add_argument("--characters", type=int, default=100_000_000, help="of the long text (default: %(default)s)")
    parser.add_argument("--model", default="english", help="what writes the samples (default: %(default)s)")
    given = parser.parse_args()
    print_machine("numpy", *(["pydivsufsort"] if find_spec("pydivsufsort") else []))
    samples = alone(partial(written, given.model, max(NUMBERS_OF_SAMPLES)))
    for count in NUMBERS_OF_SAMPLES:
        contenders = [
            Contender(
                name,
                f"1/{part} of the text" if part > 1 else "the whole text",
                partial(timed, find, samples[:count], given.text, size),
                1,
            )
            for name, find, part in (
                ("longest_copies", ours, 1),
                ("pydivsufsort", by_suffix_array, 10),
                ("suffix automaton", by_automaton, 100),
                ("str in str", by_search, 100),
            )
            if (find is not by_suffix_array or find_spec("pydivsufsort")) and (size := given.characters // part)
        ]
        race(contenders, rounds=given.rounds)
        print(f"samples of {CHARACTERS} characters: {count}; a text of {given.characters:,}:\n")
        print_race(contenders, "characters/s", lambda seconds: 1 / seconds)
        for peer in contenders[1:]:
            print_ratio(contenders[0], peer)
        print()


if __name__ == "__main__":
    main()
