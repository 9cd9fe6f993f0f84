"""Translations drawn at random, of many sources at once."""

import numpy as np
from numpy.typing import NDArray

from textrnn.batch import Ids
from textrnn.decoding.hypotheses import Decoding, History, Hypothesis
from textrnn.decoding.sampling import GumbelNoise, Sampling
from textrnn.engines.engine import Floats
from textrnn.engines.labeller import Padded
from textrnn.engines.translating import TranslationEngine
from textrnn.text.tokenizer import EOS


def draw(
    engine: TranslationEngine,
    sources: Padded,
    sampling: Sampling,
    *,
    seed: int,
    longest: Ids,
    count: int = 1,
    attention: bool = False,
) -> list[list[Hypothesis]]:
    """`count` translations of each source, in order: number i depends on (seed, i, source) alone.

    longest: (batch,) how many symbols a translation may have before <eos>. attention: keep it.
    """
    noise = [GumbelNoise(seed, index) for index in range(count)]
    forbidden = sampling.forbidden(engine.classes)
    decoding, history = Decoding(engine, sources, beam=count), History(sources.lengths)
    logprobs: NDArray[np.float64] = np.zeros(decoding.last.shape)
    going: NDArray[np.bool_] = np.ones(decoding.last.shape, bool)
    seen = np.zeros((*going.shape, engine.classes), bool) if sampling.repetition_penalty != 1 else None
    slots = np.broadcast_to(np.arange(count), going.shape)
    step = 0
    while len(decoding.rows):
        read = decoding.read()
        if attention:
            history.attend(step, decoding.rows, read.attention)
        drawn = read.logprobs
        if seen is not None:
            drawn = np.where(seen, drawn * np.float32(sampling.repetition_penalty), drawn)
        symbols = chosen(drawn + forbidden, sampling, noise)
        is_cut = (symbols != EOS) & (longest <= step)[:, None]
        symbols[is_cut] = EOS
        logprobs += np.take_along_axis(read.logprobs, symbols[..., None], -1)[..., 0]
        at, which = np.nonzero(going & (symbols == EOS))
        if len(at):
            history.end(
                step,
                decoding.rows[at],
                which,
                logprobs=logprobs[at, which],
                rank_scores=0.0 - which.astype(np.float64),
                is_cut=is_cut[at, which],
            )
        going &= symbols != EOS
        decoding.done = np.logical_not(going.any(axis=1))
        if seen is not None:
            np.put_along_axis(seen, symbols[..., None], True, -1)
        history.add(decoding.rows, symbols, slots[: len(symbols)])
        decoding.go_on(symbols, read.state)
        stay = decoding.leave()
        if stay is not None:
            logprobs, going, longest = logprobs[stay], going[stay], longest[stay]
            seen = None if seen is None else seen[stay]
        step += 1
    return history.best(count)


def chosen(logprobs: Floats, sampling: Sampling, noise: list[GumbelNoise]) -> NDArray[np.int64]:
    """A symbol for each (batch, samples), of log-probabilities (batch, samples, classes); noise: of each sample."""
    classes = logprobs.shape[-1]
    if sampling.filters:
        logprobs = sampling.filter(logprobs.reshape(-1, classes)).reshape(logprobs.shape)
    if sampling.temperature:
        drawn = np.concatenate([each.draw(1, classes) for each in noise])
        logprobs = np.asarray(logprobs + drawn * np.float32(sampling.temperature), np.float32)
    return np.asarray(logprobs.argmax(-1), np.int64)
