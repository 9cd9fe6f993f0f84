"""What a symbol of a text is: a character, a run of n characters, a word, or a piece of one.

Each level learns its vocabulary from texts, as a tokenizer of the Hugging Face library, and puts symbols together
again. Whatever a text spells, it never becomes a special symbol by that: patterns cut such a spelling in two.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pydantic import Field
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as HuggingFaceTokenizer

from textrnn.config import Split, Unit
from textrnn.errors import UsageError
from textrnn.spec import Spec
from textrnn.text.joiners import DUMMY, SPECIAL, UNK, Concatenation, Joiner, PiecesAndBytes, Words

BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))

# Where the word <unk> means the symbol, a pattern's first choice: among words between spaces, among pieces in a text
# as people write it, where a comma may follow.
UNK_WORD = r"(?<!\S)<unk>(?!\S)"
UNK_PIECE = r"(?<![\p{L}\p{N}])<unk>(?![\p{L}\p{N}])"
PIECE = (
    r"\n"
    r"| ?\p{L}[\p{L}\p{M}]*"  # a word with the space before it
    r"| ?\p{N}"  # digits one by one
    r"| ?[^\s\p{L}\p{N}<]+| ?<"  # < alone, so that nothing spells a special symbol or a byte
    r"|[^\S\n]+(?=[^\S\n]\S)|\s"  # spaces but the last, which belongs to a word
)
SPELT = r"<(?=(?:pad|unk|start|eos)>)"  # the first half of a word that spells a special symbol
LETTER = r"[\p{L}\p{M}\p{N}_]"
MARKS = r"|\.{2,}|-{2,}|."
WORD = SPELT + r"|\n" + rf"|{LETTER}+(?:['’.,\-]{LETTER}+)*" + MARKS  # don't, well-known, 3.14
NOT = rf"[nN]['’][tT](?!{LETTER})"
HALF = rf"['’](?i:s|ll|re|ve|d|m)(?!{LETTER})"  # the second half of it's, we'll
ENGLISH = (  # as the Penn Treebank has them: do n't, it 's, well-known
    SPELT + r"|\n" + rf"|{NOT}|{HALF}|{LETTER}+?(?={NOT})|{LETTER}+(?:(?!{HALF})['’.,\-]{LETTER}+)*" + MARKS
)
SPLITS = {"punctuation": WORD, "spaces": SPELT + r"|\n", "english": ENGLISH}

PART = 2004  # characters, a multiple of every n of n-grams
COVERAGE = 0.9995  # of the characters that have a symbol of their own; SentencePiece's default
MOST_PIECES = 1_000_000  # where a size of 0 asks for all


class Vocabulary(Spec):
    """Which symbols a tokenizer learns from a text. size: at most so many; 0 is no limit."""

    size: int = Field(0, ge=0)
    min_count: int = Field(1, gt=0)
    ngram: int = Field(3, ge=2, le=4)  # no more: a longer run could spell a special symbol
    lower: bool = False
    literal_unk: bool = False  # the word <unk> means the symbol
    split: Split = "punctuation"  # where words end, see SPLITS


@dataclass(frozen=True)
class Learnt:
    """A tokenizer, and how many distinct symbols the texts had before the vocabulary was cut (None: no such number)."""

    tokenizer: HuggingFaceTokenizer
    distinct: int | None


@dataclass(frozen=True)
class Level:
    """One way to see a text as symbols."""

    name: str
    symbol: str  # what a symbol is called
    unit: Unit  # by default
    learn: Callable[[Iterable[str], Vocabulary], Learnt]
    joiner: Callable[[], Joiner]
    boundary: re.Pattern[str]  # where a long text may be cut and encoded in parts
    cut: Callable[[str], list[str]]  # into chunks that are encoded as well alone, and that texts have in common
    is_lossless: bool  # the symbols give the text back exactly where none is <unk>
    most_symbols: int = 0  # kept by default; 0 is all
    min_count: int = 1  # by default
    has_bytes: bool = False  # spells what it has no symbol for by bytes


def with_specials(tokenizer: HuggingFaceTokenizer) -> HuggingFaceTokenizer:
    """The tokenizer, its first four symbols declared special."""
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return tokenizer


def ranked(counts: Counter[str], *, size: int, min_count: int) -> list[str]:
    """The symbols to keep, the most frequent first and ties by code point. size: at most so many; 0 is no limit."""
    kept = [symbol for symbol, count in counts.items() if count >= min_count]
    return sorted(kept, key=lambda symbol: (-counts[symbol], symbol))[: size or None]


def of_characters(characters: Iterable[str]) -> HuggingFaceTokenizer:
    """One symbol for each of these characters (Unicode code points), in this order."""
    vocabulary = {token: index for index, token in enumerate((*SPECIAL, *characters))}
    tokenizer = HuggingFaceTokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL[UNK]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return with_specials(tokenizer)


def learn_characters(texts: Iterable[str], wanted: Vocabulary) -> Learnt:
    """Every character is a symbol."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    return Learnt(of_characters(ranked(counts, size=wanted.size, min_count=wanted.min_count)), len(counts))


def learn_ngrams(texts: Iterable[str], wanted: Vocabulary) -> Learnt:
    """A text is cut after every n characters. A run that the vocabulary lacks is spelt by its characters."""
    n = wanted.ngram
    runs: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for text in texts:
        runs.update(text[begin : begin + n] for begin in range(0, len(text), n))
        characters.update(text)
    distinct = len(runs.keys() | characters.keys())
    for character in characters:
        runs.pop(character, None)
    kept = ranked(characters, size=wanted.size, min_count=wanted.min_count)
    room = wanted.size - len(kept)
    if room > 0 or not wanted.size:
        kept += ranked(runs, size=max(0, room), min_count=wanted.min_count)
    vocabulary = {token: index for index, token in enumerate((*SPECIAL, *kept))}
    tokenizer = HuggingFaceTokenizer(models.BPE(vocabulary, [], unk_token=SPECIAL[UNK], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(rf"[\s\S]{{1,{n}}}"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return Learnt(with_specials(tokenizer), distinct)


def word_splitter(
    *, lower: bool = False, literal_unk: bool = False, split: Split = "punctuation"
) -> HuggingFaceTokenizer:
    """A tokenizer that tells words and punctuation marks apart, or what stands between two spaces, and knows none.

    Or English words and the halves of those drawn together, so that don't is read as the do n't of treebanks.
    """
    tokenizer = HuggingFaceTokenizer(models.WordLevel({SPECIAL[UNK]: UNK}, unk_token=SPECIAL[UNK]))
    pattern = SPLITS[split]
    if literal_unk:
        pattern = f"{UNK_WORD}|{pattern}"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"[^\S\n]+"), "removed"), pre_tokenizers.Split(Regex(pattern), "isolated")]
    )
    if lower:
        tokenizer.normalizer = normalizers.Lowercase()
    return tokenizer


def words_of(text: str, splitter: HuggingFaceTokenizer) -> Iterator[str]:
    """The words of a text, as a splitter sees them."""
    for part in parts(text, BETWEEN_WORDS):
        normal = part if splitter.normalizer is None else splitter.normalizer.normalize_str(part)
        yield from (word for word, _ in splitter.pre_tokenizer.pre_tokenize_str(normal))


def learn_words(texts: Iterable[str], wanted: Vocabulary) -> Learnt:
    """Words and punctuation marks, or what stands between two spaces."""
    tokenizer = word_splitter(lower=wanted.lower, literal_unk=wanted.literal_unk, split=wanted.split)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text, tokenizer))
    distinct = len(counts)
    counts.pop(SPECIAL[UNK], None)  # of the special symbols' names the only one that ever stands whole
    kept = ranked(counts, size=wanted.size, min_count=wanted.min_count)
    vocabulary = {token: index for index, token in enumerate((*SPECIAL, *kept))}
    tokenizer.model = models.WordLevel(vocabulary, unk_token=SPECIAL[UNK])
    return Learnt(with_specials(tokenizer), distinct)


def learn_pieces(texts: Iterable[str], wanted: Vocabulary) -> Learnt:
    """Byte-pair encoding (Sennrich et al., 2016); a character without a symbol is spelt by its bytes in UTF-8.

    texts: read twice.
    """
    least = len(SPECIAL) + len(BYTES)
    if wanted.size and wanted.size <= least:
        raise UsageError(f"a vocabulary of pieces has {least} symbols for bytes and more: {wanted.size} are too few")
    tokenizer = HuggingFaceTokenizer(models.BPE(byte_fallback=True, ignore_merges=True, unk_token=SPECIAL[UNK]))
    tokenizer.normalizer = normalizers.Sequence(
        [
            *([normalizers.Lowercase()] if wanted.lower else []),
            normalizers.Prepend(DUMMY),
        ]
    )
    pattern = pre_tokenizers.Split(Regex(f"{UNK_PIECE}|{PIECE}" if wanted.literal_unk else PIECE), "isolated")
    space_of_unk = pre_tokenizers.Split(Regex(f" (?={UNK_PIECE})"), "removed")  # the symbol reads with it
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([space_of_unk, pattern] if wanted.literal_unk else [pattern])
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(DUMMY, 1, 0)])

    def as_read(texts: Iterable[str]) -> Iterator[str]:
        return (text.lower() for text in texts) if wanted.lower else iter(texts)

    size = wanted.size or MOST_PIECES
    alphabet = usual_characters(as_read(texts), most=max(1, (size - least) // 2))
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=wanted.min_count,
        special_tokens=[*SPECIAL, *BYTES],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator((part for text in as_read(texts) for part in parts(text, BETWEEN_WORDS)), trainer)
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = [token for token in content["added_tokens"] if token["id"] < len(SPECIAL)]
    return Learnt(HuggingFaceTokenizer.from_str(json.dumps(content)), None)


def usual_characters(texts: Iterable[str], *, most: int) -> list[str]:
    """The space, and the most frequent characters, as many as cover all but a small share of the text."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    wanted, covered = counts.total() * COVERAGE, counts.pop(DUMMY, 0)
    kept = [DUMMY]
    for character in ranked(counts, size=most, min_count=1):
        if covered >= wanted:
            break
        kept.append(character)
        covered += counts[character]
    return kept


def parts(text: str, boundary: re.Pattern[str]) -> Iterator[str]:
    """A long text in parts that are encoded as well alone: the library keeps some 100 bytes for each character."""
    begin = 0
    while begin < len(text):
        found = boundary.search(text, begin + PART) if begin + PART < len(text) else None
        end = found.start() if found else len(text)
        yield text[begin:end]
        begin = end


ANYWHERE = re.compile("")
BETWEEN_WORDS = re.compile(r"(?<=\n)|(?<=\S)(?= \S)")
WORD_WITH_SPACES = re.compile(r" *[^ \n]+(?:(?<=\s) +[^ \n]*)*|\n| +")  # a tab and a space after it stay together


def cut_at_spaces(text: str) -> list[str]:
    """What stands between spaces, and newlines."""
    return text.replace("\n", " \n ").split(" ")


def cut_into_parts(text: str) -> list[str]:
    """Parts of a long text: n-grams count from its beginning."""
    return list(parts(text, ANYWHERE))


LEVELS = {
    level.name: level
    for level in (
        Level(
            "char",
            symbol="character",
            unit="text",
            learn=learn_characters,
            joiner=Concatenation,
            boundary=ANYWHERE,
            cut=list,
            is_lossless=True,
        ),
        Level(
            "ngram",
            symbol="n-gram",
            unit="text",
            learn=learn_ngrams,
            joiner=Concatenation,
            boundary=ANYWHERE,
            cut=cut_into_parts,
            is_lossless=True,
            most_symbols=10_000,
            min_count=2,
        ),
        Level(
            "word",
            symbol="word",
            unit="line",
            learn=learn_words,
            joiner=Words,
            boundary=BETWEEN_WORDS,
            cut=cut_at_spaces,
            is_lossless=False,
            most_symbols=33_000,
            min_count=2,
        ),
        Level(
            "bpe",
            symbol="piece",
            unit="line",
            learn=learn_pieces,
            joiner=PiecesAndBytes,
            boundary=BETWEEN_WORDS,
            cut=WORD_WITH_SPACES.findall,
            is_lossless=True,
            most_symbols=8_000,
            min_count=2,
            has_bytes=True,
        ),
    )
}
