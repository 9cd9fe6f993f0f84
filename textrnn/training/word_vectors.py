"""Vectors that the symbols of a training text begin with: those of a file, or word2vec's (Mikolov et al., 2013)."""

import os
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrnn.errors import DataError, MissingExtra, UsageError
from textrnn.model_folder import sha256_of
from textrnn.settings import EMBEDDINGS, TrainingSettings
from textrnn.text.spelling import spellings
from textrnn.text.tokenizer import EOS, PAD, SPECIAL
from textrnn.text.vectors import Found, VectorsFile, find_vectors, sniff
from textrnn.training.corpus import Corpus, Origin
from textrnn.training.defaults import ChosenSettings
from textrnn.training.ids import StoredIds
from textrnn.training.word2vec import Say, Sentences, Word2VecSettings, word2vec

COUNTED_AT_ONCE = 2**24  # symbols
MISSES_NAMED = 10
ALONE = 0.1  # the deviation of random vectors around a single one


def named_file(settings: TrainingSettings, *, streaming: bool) -> VectorsFile | None:
    """The file of vectors that the settings name, if they name one; UsageError where they cannot be followed."""
    name = settings.embedding
    if name == "word2vec":
        if streaming:
            raise UsageError("word2vec reads the whole text before the training: without --streaming")
        if find_spec("gensim") is None:
            raise MissingExtra("--embedding word2vec", extra="train")
    if name in EMBEDDINGS:
        return None
    if not os.path.exists(name):
        hint = f"; --embedding-size {name} sets the size of the vectors" if name.isdecimal() else ""
        raise UsageError(f"--embedding is {', '.join(EMBEDDINGS)} or a file of vectors, and there is no {name!r}{hint}")
    file = sniff(name)
    if settings.embedding_size not in (None, file.size):
        raise UsageError(
            f"the vectors of {name} have {file.size} numbers, not --embedding-size {settings.embedding_size}"
        )
    return file


def with_vectors(corpus: Corpus, settings: ChosenSettings, file: VectorsFile | None, say: Say) -> Corpus:
    """The corpus with the vectors that its symbols begin with, where the settings name any.

    say: is told how far the work is, which can take minutes.
    """
    if file:
        say(f"reading the vectors of {file.path}")
        origin = f"{Path(file.path).name} ({file.format}, sha256 {sha256_of(file.path)})"
        found = find_vectors(file, [spellings(corpus.tokenizer, index) for index in range(len(corpus.tokenizer))])
    elif settings.embedding == "word2vec":
        further = " and further text" if corpus.unlabelled else ""
        origin = (
            f"word2vec on the training text{further} ({settings.word2vec_model}, window {settings.word2vec_window}, "
            f"negative {settings.word2vec_negative}, epochs {settings.word2vec_epochs}, seed {settings.word2vec_seed})"
        )
        found = learnt(corpus, settings, say)
    else:
        return corpus
    kept = "left as they are" if settings.freeze_embedding else "learnt further"
    lines = (f"vectors of {settings.embedding_size} numbers from {origin}, {kept}", *coverage(corpus, found, file))
    facts = corpus.facts.model_copy(update={"vectors": Origin(name=origin, lines=lines)})
    return replace(corpus, facts=facts, vectors=filled(scaled(found, settings.embedding_deviation), seed=settings.seed))


def scaled(found: Found, deviation: float) -> Found:
    """The vectors, all times one number, so that the entries of those found have this standard deviation; 0: as is."""
    now = float(found.rows[found.is_found].std(dtype=np.float64))
    return replace(found, rows=found.rows * np.float32(deviation / now)) if deviation and now else found


def filled(found: Found, *, seed: int) -> NDArray[np.float32]:
    """The vectors that were found, and random ones for the other symbols, like them in each entry's mean and deviation.

    Frozen vectors stay as they are here, the random ones too, that of <unk> among them: they tell their symbols apart
    and no more. <pad>, which is never read, is zeros.
    """
    known, missing = found.rows[found.is_found], ~found.is_found
    mean, deviation = known.mean(axis=0, dtype=np.float64), known.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = ALONE  # as where a single symbol was found
    vectors = found.rows.copy()
    vectors[missing] = np.random.default_rng(seed).normal(mean, deviation, (int(missing.sum()), len(mean)))
    vectors[PAD] = 0
    return vectors


def coverage(corpus: Corpus, found: Found, file: VectorsFile | None) -> Iterator[str]:
    """How many of the symbols have a vector, how much of the text that is, and what the most frequent others are.

    Of the text <unk> is a part too, without a vector where the file has none by that name. Of a stream nobody has
    counted how often a symbol occurs; there they come in the order of the vocabulary.
    """
    tokenizer, counts = corpus.tokenizer, occurrences(corpus)
    asked = np.array([index for index in range(len(SPECIAL), len(tokenizer)) if spellings(tokenizer, index)], np.int64)
    have = asked[found.is_found[asked]]
    missing = asked[~found.is_found[asked]]
    misses = missing if counts is None else missing[np.argsort(-counts[missing], kind="stable")]
    named = ", ".join(repr(tokenizer.tokens[index]) for index in misses[:MISSES_NAMED])
    if not len(have):
        raise DataError(f"{file.path if file else 'word2vec'} has no vector for any {tokenizer.level.symbol}: {named}")
    lowered = f", {found.lowered:,} of them by their lower case alone" if found.lowered else ""
    share = (
        "" if counts is None else f", {counts[found.is_found].sum() / max(1, counts.sum()):.1%} of the training text"
    )
    yield f"{len(have):,} of {len(asked):,} {tokenizer.level.symbol}s have a vector{lowered}{share}"
    if named:
        order = "the first" if counts is None else "the most frequent"
        yield f"{len(misses):,} begin with a random one, {order}: {named}"
    if file and file.stated not in (None, found.total):
        yield f"{file.path}: its header speaks of {file.stated:,} rows, and it has {found.total:,}"
    if file and found.repeated:
        yield f"{file.path}: rows that repeat a word of this text: {found.repeated:,}; the first of each counts"


def occurrences(corpus: Corpus) -> NDArray[np.int64] | None:
    """How often each symbol occurs in the training text, without <eos>; None of a stream."""
    if not isinstance(corpus.ids, StoredIds):
        return None
    ids, symbols = next(corpus.ids.shards(0)), len(corpus.tokenizer)
    counts = np.zeros(symbols, np.int64)
    for begin in range(0, len(ids), COUNTED_AT_ONCE):
        counts += np.bincount(ids[begin : begin + COUNTED_AT_ONCE], minlength=symbols)
    counts[EOS] = 0
    return counts


def learnt(corpus: Corpus, settings: ChosenSettings, say: Say) -> Found:
    """Vectors that word2vec learns from the training text alone; with one worker, so that they come again."""
    symbols, size = len(corpus.tokenizer), settings.embedding_size
    say(f"word2vec: learning {size} numbers for each {corpus.tokenizer.level.symbol} from the training text")
    stored = [next(ids.shards(0)) for ids in (corpus.ids, corpus.unlabelled) if ids is not None]
    wanted = Word2VecSettings(
        model=settings.word2vec_model,
        size=size,
        window=settings.word2vec_window,
        negative=settings.word2vec_negative,
        epochs=settings.word2vec_epochs,
        seed=settings.word2vec_seed,
    )
    return word2vec(Sentences(stored, symbols), wanted, say)
