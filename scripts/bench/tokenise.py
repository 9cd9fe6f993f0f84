"""Sentences to ids, in memory: ours against the tokenizers library, which is called with as many at once."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import Contender, Measure, arguments, print_machine, print_race, print_ratio, race, seconds_per

from textrnn.text.levels import Vocabulary
from textrnn.text.records import read_records
from textrnn.text.tokenizer import Tokenizer

Work = Callable[[Tokenizer, list[str]], object]

AT_ONCE = 4096  # sentences, as `score` reads them
WAYS = {
    "word": ("word", Vocabulary(lower=True)),
    "word-at-spaces": ("word", Vocabulary(lower=True, split="spaces")),
    "bpe": ("bpe", Vocabulary(size=8000, min_count=2)),
    "char": ("char", Vocabulary()),
}


def sentences(file: Path) -> list[str]:
    """The texts of all records of a file."""
    return [record.text for record in read_records(str(file))]


def measure(train: Path, test: Path, way: str, count: int, work: Work) -> Measure:
    """Times some work on a number of sentences, those of a file over and over."""
    level, wanted = WAYS[way]
    tokenizer = Tokenizer.learn(sentences(train), level, wanted)
    found = sentences(test)
    texts = (found * (count // len(found) + 1))[:count]

    def run() -> None:
        for begin in range(0, count, AT_ONCE):
            work(tokenizer, texts[begin : begin + AT_ONCE])

    return lambda: seconds_per(count, run)


def by_library(tokenizer: Tokenizer, texts: list[str]) -> object:
    """The library's call, and its ids as lists."""
    return [encoding.ids for encoding in tokenizer.inner.encode_batch(texts, add_special_tokens=False)]


def by_library_fast(tokenizer: Tokenizer, texts: list[str]) -> object:
    """The library's call that leaves out the places of symbols, and its ids as lists."""
    return [encoding.ids for encoding in tokenizer.inner.encode_batch_fast(texts, add_special_tokens=False)]


def ours(tokenizer: Tokenizer, texts: list[str]) -> object:
    """An array for each text."""
    return tokenizer.encode_many(texts)


def ours_flat(tokenizer: Tokenizer, texts: list[str]) -> object:
    """One array for all texts."""
    return tokenizer.encode_flat(texts)


def ours_unknown(tokenizer: Tokenizer, texts: list[str]) -> object:
    """What the vocabulary lacks of each text."""
    return list(map(tokenizer.out_of_vocabulary, texts))


def sentences_per_second(seconds: float) -> float:
    """From the seconds of one sentence."""
    return 1 / seconds


def main() -> None:
    """A race for each way to see a text as symbols."""
    parser = arguments(__doc__)
    parser.add_argument("train", type=Path, metavar="TRAIN", help="records that vocabularies are learnt from")
    parser.add_argument("test", type=Path, metavar="TEST", help="records that are encoded, over and over")
    parser.add_argument("--sentences", type=int, default=50_000, help="in a turn (default: %(default)s)")
    given = parser.parse_args()
    print_machine("tokenizers", "numpy")
    print(f"{given.sentences:,} sentences, {AT_ONCE:,} at once; {given.rounds} rounds\n")
    for way in WAYS:
        print(way)
        contenders = {
            name: Contender(name, "ids", partial(measure, given.train, given.test, way, given.sentences, work))
            for name, work in {
                "encode_batch": by_library,
                "encode_batch_fast": by_library_fast,
                "encode_many": ours,
                "encode_flat": ours_flat,
                "out_of_vocabulary": ours_unknown,
            }.items()
        }
        race(list(contenders.values()), rounds=given.rounds)
        print_race(list(contenders.values()), "sentences/s", sentences_per_second)
        for name in ("encode_many", "encode_flat", "out_of_vocabulary"):
            print_ratio(contenders[name], contenders["encode_batch"])
        print_ratio(contenders["encode_many"], contenders["encode_batch_fast"])
        print()


if __name__ == "__main__":
    main()
