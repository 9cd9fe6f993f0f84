"""The levels above characters: what comes back, what is a symbol, and where it stands in the text."""

import json

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFaceTokenizer

from textrnn.config import Split
from textrnn.errors import UsageError
from textrnn.text.joiners import BYTE, SPECIAL
from textrnn.text.levels import LEVELS, PART, SPLITS, Vocabulary
from textrnn.text.tokenizer import EOS, PAD, START, UNK, OutOfVocabulary, Tokenizer

FIRST = len(SPECIAL)
LEARNT_FROM = [
    "The cat sat on the mat, and the cat's hat sat on the cat. The mat isn't the cat's; it's the hat's!\n" * 4,
    'Call "me" (Ishmael)… 3.14 or 5% of $10 — [sic] <b>bold</b> <eos> and <unk> and ▁\n' * 3,
    "!\ufffd  !\ufffd  \ufffd  \t\ttabs   and    runs \n\n\n <0x0A> é e\u0301 \U0001f600\n" * 3,
]
SPELLINGS = [
    *SPECIAL,
    "<0x0A>",
    "<0xE2>",
    "\u2581",
    "\n",
    "\r\n",
    "  ",
    "    ",
    " ",
    "\t",
    "\U0001f469\u200d\U0001f680",
]
PIECES = st.sampled_from(
    [*SPELLINGS, "e\u0301", "the", " cat", "The", "'s", "<", ">", "7", "é", "\x00", "\ufffd", "\u3000"]
)
ANY_TEXT = st.lists(PIECES | st.text(max_size=5), max_size=14).map("".join)  # st.text has no lone surrogates
HALVES = st.lists(PIECES | st.sampled_from(["\ud800", "\udcff", "!\udfff"]), max_size=8).map("".join)
LONG = [
    "no-space" * (PART // 3),
    "the cat " * PART,
    "x" * (PART - 1) + "  " + "y" * PART,
    "x" * PART + "\n the   cat\n\n" * (PART // 4),
    " " * (2 * PART) + "end" + " " * PART,
    "\U0001f469\u200d\U0001f680 " * PART,
    "<eos> <unk>\n<0x0A>" * PART,
]


def wanted(level: str) -> Vocabulary:
    return Vocabulary(size=420) if level == "bpe" else Vocabulary()


TOKENIZERS = {level: Tokenizer.learn(LEARNT_FROM, level, wanted(level)) for level in LEVELS}
LOADED = {level: Tokenizer.from_json(each.to_json(), level) for level, each in TOKENIZERS.items()}
LETTERS = {level: sorted({*"".join(LEARNT_FROM)} & {*TOKENIZERS[level].tokens}) for level in ("char", "ngram")}


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def merged(tokenizer: Tokenizer) -> list[str]:
    """The pieces that are more than one character or byte."""
    return [token for token in tokenizer.tokens[FIRST:] if len(token) > 1 and not BYTE.fullmatch(token)]


def chunked(tokenizer: Tokenizer, ids: list[int], cuts: list[int]) -> list[str]:
    """What each chunk of ids adds, and at last what was held back."""
    joiner = tokenizer.joiner()
    begins = sorted({0, *(cut % (len(ids) + 1) for cut in cuts)})
    chunks = [ids[begin:end] for begin, end in zip(begins, [*begins[1:], len(ids)], strict=True)]
    return [*(joiner.push(tokenizer.visible(chunk)) for chunk in chunks), joiner.finish()]


# every level


@given(text=ANY_TEXT)
@example(text="")
@settings(max_examples=60)
def test_no_text_becomes_a_special_symbol_and_saving_changes_nothing(text: str) -> None:
    for level, tokenizer in TOKENIZERS.items():
        ids = tokenizer.encode(text).tolist()
        assert not {PAD, START, EOS} & {*ids}
        assert level != "bpe" or UNK not in ids
        assert LOADED[level].encode(text).tolist() == ids
        assert LOADED[level].decode(ids) == tokenizer.decode(ids)


@given(text=ANY_TEXT, cuts=st.lists(st.integers(0, 1000), max_size=6))
@settings(max_examples=60)
def test_decoding_in_chunks_equals_decoding_at_once(text: str, cuts: list[int]) -> None:
    for tokenizer in TOKENIZERS.values():
        ids = tokenizer.encode(text).tolist()
        assert "".join(chunked(tokenizer, ids, cuts)) == tokenizer.decode(ids)


@given(text=HALVES | ANY_TEXT)
@example(text=" cat")
@settings(max_examples=80)
def test_spans_are_the_symbols_in_order_each_with_its_place(text: str) -> None:
    for level, tokenizer in TOKENIZERS.items():
        spans = list(tokenizer.spans(text))
        assert [span.id for span in spans] == tokenizer.encode(text).tolist()
        places = [(span.begin, span.end) for span in spans]
        assert places == sorted(places)
        assert all(0 <= begin < end <= len(text) for begin, end in places)
        ends = [0, *(end for _, end in places)]  # the dummy space has the place of the first character
        covered = "".join(text[max(begin, before) : end] for before, (begin, end) in zip(ends, places, strict=False))
        if level == "word":
            assert "".join(covered.split()) == "".join(text.split())
        else:
            assert covered == text
        for span in spans:
            token = tokenizer.tokens[span.id]
            if span.id != UNK and not BYTE.fullmatch(token) and "\ufffd" not in token:
                spelt = text[span.begin : span.end]
                assert token in (spelt, f" {spelt}" if span.begin == 0 else spelt, " " if not span.begin else spelt)


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_encoding_in_parts_equals_encoding_the_whole(level: str, text: str) -> None:
    tokenizer = TOKENIZERS[level]
    whole = tokenizer.inner.encode(text, add_special_tokens=False)
    assert len(text) > 2 * PART
    assert tokenizer.encode(text).tolist() == whole.ids
    assert [(span.begin, span.end) for span in tokenizer.spans(text)] == whole.offsets


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_a_long_text_is_cut_into_parts(text: str) -> None:
    cut = [len(part) for part in TOKENIZERS["char"]._parts(text)]
    assert max(cut) == PART
    assert "".join(TOKENIZERS["bpe"]._parts(text)) == text


@given(text=st.lists(st.sampled_from(["\ud800", "\udcff", "a", " ", "!", "\ufffd", "<unk>"]), max_size=8).map("".join))
@settings(max_examples=60)
def test_half_a_character_is_unknown_at_the_levels_of_characters(text: str) -> None:
    for level in ("char", "ngram"):
        found = TOKENIZERS[level].out_of_vocabulary(text)
        known = {*TOKENIZERS[level].tokens}
        assert found == [OutOfVocabulary(each, offset) for offset, each in enumerate(text) if each not in known]


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("\ud800", [0]),
        ("the\udcff", [3]),
        ("a !\ud800", [3]),
        ("a  \ud800", [3]),
    ],
)
def test_half_a_character_is_unknown_among_pieces(text: str, offsets: list[int]) -> None:
    tokenizer = TOKENIZERS["bpe"]
    assert not tokenizer.gives_back(text, tokenizer.encode(text))
    assert [place.offset for place in tokenizer.out_of_vocabulary(text)] == offsets
    assert all(place.text == text[place.offset] for place in tokenizer.out_of_vocabulary(text))


@given(text=ANY_TEXT)
@settings(max_examples=60)
def test_a_text_that_is_said_to_come_back_does(text: str) -> None:
    for tokenizer in TOKENIZERS.values():
        ids = tokenizer.encode(text)
        assert tokenizer.gives_back(text, ids) == (UNK not in ids and tokenizer.decode(ids.tolist()) == text)


# n-grams


@given(
    text=st.text(st.sampled_from(LETTERS["ngram"]), max_size=40),
    others=st.text(st.sampled_from("ЖΩ\u4e2d"), max_size=3),
)
@settings(max_examples=60)
def test_ngrams_give_every_text_over_their_alphabet_back(text: str, others: str) -> None:
    tokenizer = TOKENIZERS["ngram"]
    ids = tokenizer.encode(text).tolist()
    assert tokenizer.decode(ids) == text
    assert tokenizer.out_of_vocabulary(text) == []
    assert all(len(tokenizer.tokens[index]) in (1, 3) for index in ids[:-2])
    longer = text + others
    assert tokenizer.decode(tokenizer.encode(longer).tolist()) == text + "\ufffd" * len(others)
    assert tokenizer.out_of_vocabulary(longer) == [
        OutOfVocabulary(other, len(text) + index) for index, other in enumerate(others)
    ]


def test_a_text_is_cut_after_every_n_characters_and_a_strange_run_is_spelt() -> None:
    tokenizer = Tokenizer.learn(["abcabcabd"], "ngram", Vocabulary(ngram=3))
    assert tokenizer.tokens[FIRST:] == ["a", "b", "c", "d", "abc", "abd"]
    tokens = [tokenizer.tokens[index] for index in tokenizer.encode("abcabdbcaabZab")]
    assert tokens == ["abc", "abd", "b", "c", "a", "a", "b", "<unk>", "a", "b"]


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_parts_of_a_long_text_begin_with_a_run(n: int) -> None:
    assert PART % n == 0
    assert not {*"<pad>"} & {len(token) for token in SPECIAL if len(token) <= n}


# words

READABLE = [
    'He said, "I don\'t know."',
    "The dogs (all five of them) slept.",
    "It's 5% off: only $3.50!",
    "“Well-known,” she said; ‘yes’…",
    "Wait -- what? Really?!",
    "O'Brien's [sic] e-mail, e.g. this one.",
    'The "old" and the "new" parts.',
    "Call me Ishmael.\nSome years ago\n\nnever mind",
    "She’d {almost} won: 1,000 to 3.14.",
]
TOKENISED = [
    ("the game 's 1 @,@ 000 @-@ page book cost 3 @.@ 5 million", "the game's 1,000-page book cost 3.5 million"),
    ("he did n't say it 's over", "he didn't say it's over"),
    ("the company 's shares , which rose ( 5 % )", "the company's shares, which rose (5%)"),
    ('he said , " yes " . "', 'he said, "yes". "'),
]


@pytest.mark.parametrize("text", READABLE)
def test_words_and_marks_read_as_they_were_written(text: str) -> None:
    tokenizer = Tokenizer.learn(READABLE, "word", Vocabulary())
    assert tokenizer.decode(tokenizer.encode(text).tolist()) == text
    assert tokenizer.gives_back(text, tokenizer.encode(text))


@pytest.mark.parametrize(("text", "readable"), TOKENISED)
def test_words_that_were_split_before_read_as_prose(text: str, readable: str) -> None:
    tokenizer = Tokenizer.learn([text], "word", Vocabulary(split="spaces"))
    ids = tokenizer.encode(text).tolist()
    assert [tokenizer.tokens[index] for index in ids] == text.split()
    assert tokenizer.decode(ids) == readable
    assert not tokenizer.gives_back(text, ids)


def test_words_are_split_at_punctuation_or_at_spaces_alone() -> None:
    text = "Don't, it's well-known: 3.14_x (e.g. naïve)...\tOK--yes é e\u0301"
    found = {}
    for split in ("punctuation", "spaces"):
        tokenizer = Tokenizer.learn([text], "word", Vocabulary(split=split))
        found[split] = [tokenizer.tokens[index] for index in tokenizer.encode(text)]
    assert found["spaces"] == text.split()
    spaced = "Don't , it's well-known : 3.14_x ( e.g . naïve ) ... OK -- yes é e\u0301"
    assert found["punctuation"] == spaced.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's a film I don't like", "It 's a film I do n't like"),
        ("CAN'T, won’t; shouldn't've", "CA N'T , wo n’t ; should n't 've"),
        ("it 's what they 'll do n't", "it 's what they 'll do n't"),
        ("rock'n'roll o'neill's well-known 3.14 d'art '90s", "rock'n'roll o'neill 's well-known 3.14 d'art ' 90s"),
        ("n't isn't 'tis ' s 'd'", "n't is n't ' tis ' s 'd '"),
    ],
)
def test_english_words_are_split_as_treebanks_have_them(text: str, words: str) -> None:
    tokenizer = Tokenizer.learn([text], "word", Vocabulary(split="english"))
    found = [tokenizer.tokens[index] for index in tokenizer.encode(text)]
    assert found == words.split()
    again = Tokenizer.learn([words], "word", Vocabulary(split="english"))
    assert [again.tokens[index] for index in again.encode(words)] == found


@given(
    text=st.lists(
        st.sampled_from([*SPECIAL, "<UNK>", "<Eos>", "a", "b.", "(", " ", "  ", "\n", "x<eos>y", "<unk>,"])
    ).map("".join),
    split=st.sampled_from(sorted(SPLITS)),
    lower=st.booleans(),
    literal=st.booleans(),
)
@settings(max_examples=150)
def test_a_word_that_spells_a_special_symbol_is_ordinary_but_for_a_literal_unk(
    text: str, split: Split, lower: bool, literal: bool
) -> None:
    tokenizer = Tokenizer.learn([text], "word", Vocabulary(split=split, lower=lower, literal_unk=literal))
    for each in (tokenizer, Tokenizer.from_json(tokenizer.to_json(), "word")):
        ids = each.encode(text).tolist()
        assert not {PAD, START, EOS} & {*ids}
        words = (text.lower() if lower else text).split()
        assert ids.count(UNK) == (words.count("<unk>") if literal else 0)
        found = each.out_of_vocabulary(text)
        assert all(text[place.offset :][:5].lower() == "<unk>" == place.text.lower() for place in found)


def test_words_in_lower_case() -> None:
    tokenizer = Tokenizer.learn(["The the THE Cat"], "word", Vocabulary(lower=True))
    assert tokenizer.tokens[FIRST:] == ["the", "cat"]
    assert tokenizer.decode(tokenizer.encode("CAT the Dog").tolist()) == "cat the \ufffd"
    assert tokenizer.out_of_vocabulary("CAT the Dog") == [OutOfVocabulary("Dog", 8)]
    assert not tokenizer.gives_back("The cat", tokenizer.encode("The cat"))
    assert tokenizer.gives_back("the cat", tokenizer.encode("the cat"))


@pytest.mark.parametrize("split", SPLITS)
def test_newlines_are_symbols_of_a_text_of_words(split: Split) -> None:
    text = "the cat\nsat\n\non"
    tokenizer = Tokenizer.learn([text], "word", Vocabulary(split=split))
    tokens = [tokenizer.tokens[index] for index in tokenizer.encode(text)]
    assert tokens == ["the", "cat", "\n", "sat", "\n", "\n", "on"]
    assert tokenizer.decode(tokenizer.encode(text).tolist()) == text


@pytest.mark.parametrize(
    ("size", "min_count", "kept"),
    [
        (0, 1, "the cat mat a bat zoo"),
        (4, 1, "the cat mat a"),
        (0, 2, "the cat mat"),
        (2, 2, "the cat"),
        (1, 4, ""),
        (9, 1, "the cat mat a bat zoo"),
    ],
)
def test_words_are_cut_by_size_and_by_count_and_ties_are_by_code_point(size: int, min_count: int, kept: str) -> None:
    text = "zoo mat the cat bat cat the mat a the"
    tokenizer = Tokenizer.learn([text], "word", Vocabulary(size=size, min_count=min_count))
    assert tokenizer.tokens[FIRST:] == kept.split()
    learnt = LEVELS["word"].learn([text], Vocabulary(size=size, min_count=min_count))
    assert learnt.distinct == 6


@pytest.mark.parametrize(
    ("texts", "n", "distinct"),
    [
        (["abab"], 2, 3),  # ab, a, b
        (["ababa"], 2, 3),  # a stands as a run of its own at the end, and is counted once
        (["abc", "abd"], 2, 1 + 4),
        (["aaaa", "aa"], 2, 2),
        ([""], 3, 0),
    ],
)
def test_n_grams_and_characters_are_counted_together(texts: list[str], n: int, distinct: int) -> None:
    learnt = LEVELS["ngram"].learn(texts, Vocabulary(ngram=n))
    assert learnt.distinct == distinct
    assert learnt.tokenizer.get_vocab_size() == FIRST + distinct  # all are kept where there is no limit


@given(words=st.permutations([*["the"] * 3, *["cat", "mat"] * 2, "zoo", "bat", "a"]))
@settings(max_examples=30)
def test_a_vocabulary_does_not_depend_on_the_order_of_the_texts(words: list[str]) -> None:
    assert Tokenizer.learn(words, "word", Vocabulary()).tokens[FIRST:] == ["the", "cat", "mat", "a", "bat", "zoo"]
    ngrams = Tokenizer.learn([*map("{:4}".format, words)], "ngram", Vocabulary(ngram=4)).tokens[FIRST:]
    assert ngrams[-6:] == ["the ", "cat ", "mat ", "a   ", "bat ", "zoo "]


# pieces


@given(text=ANY_TEXT)
@example(text="")
@example(text="  two before and two behind  ")
@example(text="<unk> <eos>\n<0x0A> ▁the ▁")
@example(text=" \n \n  ")
@settings(max_examples=200)
def test_pieces_give_every_text_back(text: str) -> None:
    for tokenizer in (TOKENIZERS["bpe"], LOADED["bpe"]):
        ids = tokenizer.encode(text).tolist()
        assert tokenizer.decode(ids) == text
        assert min(ids, default=FIRST) >= FIRST
        assert tokenizer.out_of_vocabulary(text) == []


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_pieces_give_a_long_text_back(text: str) -> None:
    tokenizer = LOADED["bpe"]
    assert tokenizer.decode(tokenizer.encode(text).tolist()) == text


@given(before=ANY_TEXT, text=ANY_TEXT)
@settings(max_examples=60)
def test_what_follows_in_a_text_has_nothing_put_before_it(before: str, text: str) -> None:
    tokenizer = TOKENIZERS["bpe"]
    assume(not tokenizer.awaits_space(before))  # there a space belongs to what follows
    (ids,) = tokenizer.encode_many([text], continued=True)
    assert tokenizer.decode(ids.tolist(), after=before or "a") == text


@given(text=st.text(max_size=12), cuts=st.lists(st.integers(0, 1000), max_size=20))
@settings(max_examples=60)
def test_half_a_character_is_never_shown(text: str, cuts: list[int]) -> None:
    tokenizer = TOKENIZERS["bpe"]
    ids = tokenizer.encode(text).tolist()
    shown = chunked(tokenizer, ids, cuts)
    assert "\ufffd" not in "".join(shown).replace("\ufffd", "", text.count("\ufffd"))
    assert shown[-1] == ""  # nothing was held back, for the text is whole
    joiner = tokenizer.joiner()
    joiner.push(tokenizer.visible(tokenizer.encode("a\U0001f601").tolist()[:-1]))  # three bytes of four
    assert joiner.finish() == "\ufffd"


def test_pieces_are_learnt_and_merge_what_is_frequent() -> None:
    tokenizer = TOKENIZERS["bpe"]
    assert " the" in merged(tokenizer)
    assert tokenizer.tokens[:FIRST] == list(SPECIAL)
    assert [BYTE.fullmatch(token) is not None for token in tokenizer.tokens[FIRST:]].count(True) == 256
    assert len(tokenizer) <= 420
    assert [tokenizer.tokens[index] for index in tokenizer.encode("the cat the")] == [" the", " cat", " the"]
    for number in range(256):
        assert not any(f"<0x{number:02X}>" in token for token in merged(tokenizer))


def test_pieces_need_room_for_more_than_bytes() -> None:
    with pytest.raises(UsageError, match="260 symbols for bytes"):
        Tokenizer.learn(["text"], "bpe", Vocabulary(size=260))


def test_learning_pieces_again_gives_the_same() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 60)))  # more characters than are kept, each once
    first, *others = (Tokenizer.learn([text], "bpe", Vocabulary(size=300)).to_json() for _ in range(8))
    assert others == [first] * 7


def test_learning_pieces_again_gives_the_same_where_all_characters_are_kept() -> None:
    first, *others = (Tokenizer.learn(LEARNT_FROM, "bpe", Vocabulary(size=600)).to_json() for _ in range(4))
    assert others == [first] * 3


def test_a_saved_tokenizer_is_a_file_of_the_library() -> None:
    for tokenizer in TOKENIZERS.values():
        content = json.loads(tokenizer.to_json())
        assert [token["content"] for token in content["added_tokens"]] == list(SPECIAL)
        inner = HuggingFaceTokenizer.from_str(tokenizer.to_json().decode())
        inner.encode_special_tokens = True
        text = "The cat sat on the mat.\n<eos>"
        assert inner.encode(text, add_special_tokens=False).ids == tokenizer.encode(text).tolist()
        if tokenizer.level.name == "bpe":
            assert inner.decode(tokenizer.encode(text).tolist()) == text


def test_pieces_in_lower_case_do_not_give_capitals_back() -> None:
    tokenizer = Tokenizer.learn(["the cat the cat"], "bpe", Vocabulary(lower=True, size=300))
    assert tokenizer.decode(tokenizer.encode("The CAT").tolist()) == "the cat"
    assert tokenizer.gives_back("the cat", tokenizer.encode("the cat"))
    assert not tokenizer.gives_back("The CAT", tokenizer.encode("The CAT"))


LITERAL = Tokenizer.learn(
    ["the cat and the <unk> cat <unk>\n <eos>, \t"] * 3, "bpe", Vocabulary(literal_unk=True, size=400)
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("<unk>", ["<unk>"]),
        ("the <unk> cat", [" the", "<unk>", " cat"]),
        ("<unk>, <unk>", ["<unk>", ",", "<unk>"]),
        ("<unk> <unk>\n<unk>", ["<unk>", "<unk>", "\n", "<unk>"]),
        ("the <eos>", [" the", " <", "eos", ">"]),
        ("the \t <unk>", [" the", " ", "\t", "<unk>"]),
    ],
)
def test_a_literal_unk_is_the_symbol_among_pieces(text: str, tokens: list[str]) -> None:
    ids = LITERAL.encode(text).tolist()
    assert [LITERAL.tokens[index] for index in ids] == tokens
    assert LITERAL.decode(ids) == text.replace("<unk>", "\ufffd").replace("\n\ufffd", "\n \ufffd")


def test_a_literal_unk_has_its_place() -> None:
    assert LITERAL.out_of_vocabulary("<unk> the <unk>") == [OutOfVocabulary("<unk>", 0), OutOfVocabulary("<unk>", 10)]


@pytest.mark.parametrize("text", [" <unk>", "the  <unk> cat"])
def test_a_literal_unk_behind_several_spaces_is_the_symbol_and_no_space_is_lost(text: str) -> None:
    ids = LITERAL.encode(text).tolist()
    assert ids.count(UNK) == 1
    assert LITERAL.decode(ids) == text.replace("<unk>", "\ufffd")


@pytest.mark.parametrize("text", ["the<unk>cat", "<unk>s", "x<unk>"])
def test_unk_within_a_word_is_no_literal_unk(text: str) -> None:
    assert UNK not in LITERAL.encode(text)
    assert LITERAL.decode(LITERAL.encode(text).tolist()) == text


def test_the_space_is_a_piece_even_where_it_is_rare() -> None:
    tokenizer = Tokenizer.learn(["天地玄黃" * 2000 + " "], "bpe", Vocabulary(size=262))
    allowed = set(range(len(tokenizer))) - set(tokenizer.cannot_follow("天 ").tolist())
    assert [tokenizer.tokens[index] for index in allowed] == [" "]
    assert tokenizer.cannot_follow("天").tolist() == []
