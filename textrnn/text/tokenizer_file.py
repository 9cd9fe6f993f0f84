"""What tokenizer.json may hold: what textrnn/text/levels.py writes, and a vocabulary.

The file can ask the library for patterns that take for ever or end the process, for padding, truncation and random
merges. So everything in it but the vocabulary must be equal to what some version of this program wrote.
"""

from typing import Any

from textrnn.errors import ModelError
from textrnn.strict_json import parse_json
from textrnn.text.joiners import DUMMY, SPECIAL, UNK
from textrnn.text.levels import PIECE, SPLITS, UNK_PIECE, UNK_WORD

Json = dict[str, Any]


def check_tokenizer(content: bytes, level: str, *, name: str) -> None:
    """Raise ModelError for a file, of this name, that this program cannot have written for a level."""
    try:
        document = parse_json(content)
    except ValueError as error:
        raise ModelError(f"{name} is not a tokenizer: {error}") from None
    model = document.get("model") if isinstance(document, dict) else None
    if not isinstance(model, dict):
        raise ModelError(f"{name} is not a tokenizer: it has no model")
    vocabulary, merges = model.pop("vocab", None), model.pop("merges", [])
    check_vocabulary(vocabulary, name)
    check_merges(merges, vocabulary, name)
    allowed = FORMS[level]
    for part in sorted({*document, *allowed} - {"version"}):
        found = without_defaults(document.get(part))
        if found not in [without_defaults(form) for form in allowed.get(part, [None])]:
            raise ModelError(f"{name}: {part} is not one that this program writes for level {level}")


def check_vocabulary(vocabulary: Any, name: str) -> None:
    """The special symbols and others, numbered from 0."""
    if not isinstance(vocabulary, dict) or any(type(index) is not int for index in vocabulary.values()):
        raise ModelError(f"{name} has no vocabulary")
    tokens = dict(sorted((index, token) for token, index in vocabulary.items()))
    if tuple(tokens.get(index) for index in range(4)) != SPECIAL:
        raise ModelError(f"{name} does not begin with {' '.join(SPECIAL)}")
    if "" in vocabulary or list(tokens) != list(range(len(vocabulary))):
        raise ModelError(f"{name}: its symbols are not numbered one by one")


def check_merges(merges: Any, vocabulary: Json, name: str) -> None:
    """Pairs of symbols that make a symbol."""
    if not isinstance(merges, list):
        raise ModelError(f"{name}: its merges are no list")
    for pair in merges:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(token, str) for token in pair)):
            raise ModelError(f"{name}: a merge is not a pair of symbols")
        if not {*pair, "".join(pair)} <= vocabulary.keys():
            raise ModelError(f"{name}: a merge is not of symbols of the vocabulary")


def without_defaults(value: Any) -> Any:
    """The value without what is null or false: a version of the library may write that out or leave it out."""
    if isinstance(value, dict):
        return {name: without_defaults(part) for name, part in value.items() if part is not None and part is not False}
    return [without_defaults(part) for part in value] if isinstance(value, list) else value


def split(pattern: str, behavior: str = "Isolated") -> Json:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior}


def steps(kind: str, *parts: Json) -> Json:
    return {"type": "Sequence", kind: list(parts)}


SPELT_PIECE = r"<(?=(?:pad|unk|start|eos|0x[0-9A-F]{2})>)"  # begins the pattern of pieces in the first models
SPACES = split(r"[^\S\n]+", "Removed")
SPACE_OF_UNK = split(f" (?={UNK_PIECE})", "Removed")
LOWERCASE, PREPEND = {"type": "Lowercase"}, {"type": "Prepend", "prepend": DUMMY}
PIECES = [PIECE, rf"{SPELT_PIECE}|{PIECE}"]
WORDS = list(SPLITS.values())

SPECIAL_TOKENS = [
    {"id": index, "content": token, "special": True, "normalized": False} for index, token in enumerate(SPECIAL)
]
WHOLE = {"type": "WordLevel", "unk_token": SPECIAL[UNK]}
MERGED = {"type": "BPE", "unk_token": SPECIAL[UNK], "ignore_merges": True}
FUSE = {"type": "Fuse"}

# Level → part of the file → what it can be; a part that is not listed is null.
FORMS: dict[str, dict[str, list[Any]]] = {
    "char": {"pre_tokenizer": [split(r"[\s\S]")], "decoder": [FUSE], "model": [WHOLE]},
    "ngram": {
        "pre_tokenizer": [split(rf"[\s\S]{{1,{n}}}") for n in (2, 3, 4)],
        "decoder": [FUSE],
        "model": [MERGED],
    },
    "word": {
        "normalizer": [None, LOWERCASE],
        "pre_tokenizer": [
            steps("pretokenizers", SPACES, split(pattern))
            for words in WORDS
            for pattern in (words, f"{UNK_WORD}|{words}")
        ],
        "model": [WHOLE],
    },
    "bpe": {
        "normalizer": [steps("normalizers", PREPEND), steps("normalizers", LOWERCASE, PREPEND)],
        "pre_tokenizer": [
            form
            for pieces in PIECES
            for form in (
                steps("pretokenizers", split(pieces)),
                steps("pretokenizers", SPACE_OF_UNK, split(f"{UNK_PIECE}|{pieces}")),
            )
        ],
        "decoder": [
            steps(
                "decoders",
                {"type": "ByteFallback"},
                FUSE,
                {"type": "Strip", "content": DUMMY, "start": 1, "stop": 0},
            )
        ],
        "model": [MERGED | {"byte_fallback": True}],
    },
}
for forms in FORMS.values():
    forms["added_tokens"] = [SPECIAL_TOKENS]
